/// Keeps a peer that does not answer (a NAS, a router) from holding up anything: after some timeouts in a row nothing is
/// sent to it for a while, then a single request probes. Pure: time comes from outside, in nanoseconds of a monotonic clock.
package struct CircuitBreaker: Hashable, Sendable {
    package struct Settings: Hashable, Sendable {
        /// Timeouts in a row that open it.
        package var threshold: Int
        /// How long it stays open the first time; each probe that fails doubles that.
        package var pause: Duration
        /// At most so long.
        package var longestPause: Duration

        package init(threshold: Int = 3, pause: Duration = .seconds(15), longestPause: Duration = .seconds(240)) {
            precondition(threshold > 0 && pause > .zero && longestPause >= pause)
            self.threshold = threshold
            self.pause = pause
            self.longestPause = longestPause
        }
    }

    package enum State: String, Hashable, Sendable, CaseIterable {
        /// Requests go out.
        case closed
        /// None does.
        case open
        /// One does, or may: what becomes of it decides.
        case halfOpen = "half_open"
    }

    package enum Admission: Hashable, Sendable {
        case go
        /// Go, and this one decides: it must be followed by `answered`, `timedOut` or `probeVanished`.
        case probe
        /// Do not go. Not worth asking again before that time; nil while a probe is under way.
        case refused(until: UInt64?)
    }

    private enum Phase: Hashable {
        case closed(failures: Int)
        case open(until: UInt64, pause: UInt64)
        case probing(pause: UInt64)
    }

    private let settings: Settings
    private var phase = Phase.closed(failures: 0)
    /// How often it opened.
    package private(set) var openings = 0

    /// Closed.
    package init(_ settings: Settings = Settings()) { self.settings = settings }

    /// Open until a time that has come is half open already: the next request may go.
    package func state(now: UInt64) -> State {
        switch phase {
        case .closed: .closed
        case .open(let until, _): now < until ? .open : .halfOpen
        case .probing: .halfOpen
        }
    }

    /// Whether a request may go.
    package mutating func admit(now: UInt64) -> Admission {
        switch phase {
        case .closed: return .go
        case .probing: return .refused(until: nil)
        case .open(let until, let pause):
            guard now >= until else { return .refused(until: until) }
            phase = .probing(pause: pause)
            return .probe
        }
    }

    /// Whether `admit` would let one go; changes nothing.
    package func wouldAdmit(now: UInt64) -> Bool {
        switch phase {
        case .closed: true
        case .open(let until, _): now >= until
        case .probing: false
        }
    }

    /// Timeouts in a row: of one that is not closed, as many as open it.
    package var failures: Int {
        if case .closed(let failures) = phase { failures } else { settings.threshold }
    }

    /// When an open one lets a request go; nil for one that is not.
    package var opensAgain: UInt64? {
        if case .open(let until, _) = phase { until } else { nil }
    }

    /// The peer answered something that is proven to be its own, a NAK or a late answer too: it is there.
    package mutating func answered() { phase = .closed(failures: 0) }

    /// A request was given up. True when that opened the breaker.
    package mutating func timedOut(now: UInt64, wasProbe: Bool) -> Bool {
        switch phase {
        case .closed(let failures):
            guard failures + 1 >= settings.threshold else {
                phase = .closed(failures: failures + 1)
                return false
            }
            return open(for: settings.pause.monotonic, now: now)
        // What went before it opened tells nothing new.
        case .open: return false
        case .probing(let pause):
            guard wasProbe else { return false }
            let (doubled, overflow) = pause.multipliedReportingOverflow(by: 2)
            let longest = settings.longestPause.monotonic
            return open(for: overflow ? longest : min(doubled, longest), now: now)
        }
    }

    /// The probe was taken back before it was answered or given up: the next request is one.
    package mutating func probeVanished(now: UInt64) {
        guard case .probing(let pause) = phase else { return }
        phase = .open(until: now, pause: pause)
    }

    /// Closes it, because somebody says so.
    package mutating func reset() { phase = .closed(failures: 0) }

    private mutating func open(for pause: UInt64, now: UInt64) -> Bool {
        openings += 1
        phase = .open(until: now.later(by: pause), pause: pause)
        return true
    }
}
