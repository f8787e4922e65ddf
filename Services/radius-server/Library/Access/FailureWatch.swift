import Domain
import Synchronization

/// Notices when refused logins spike (RAD-22): more than a threshold within a minute, of a tenant or of one NAS. Tells when
/// it begins, once a minute while it lasts, and when it is over. Only refused logins come here, so its lock costs an
/// accepted one nothing. Bounded: what has been calm for a minute is forgotten.
final class FailureWatch: Sendable {
    enum Phase: Sendable {
        case began, lasts, over
    }

    /// Where the refused logins come from.
    struct Place: Hashable, Sendable {
        let tenant: UUID128
        /// Nil for the tenant as a whole.
        var nas: UUID128?
    }

    /// What is to be told about a place.
    struct Spike: Sendable, Equatable {
        let place: Place
        let nasName: String?
        let phase: Phase
        /// Refused logins within the last minute.
        let failures: Int
        /// Since it began, the minute that led to it included.
        let total: Int
        /// The most frequent reason lately.
        let reason: RejectReason
        /// Nanoseconds since it began.
        let age: UInt64
    }

    fileprivate struct Window {
        let nasName: String?
        /// Twelve spans of five seconds, the newest at `span % 12`.
        var spans = InlineArray<12, UInt32>(repeating: 0)
        var span: UInt64
        var sum = 0
        /// By reason; what is older counts half with every minute.
        var reasons = [UInt32](repeating: 0, count: RejectReason.allCases.count)
        var beganAt: UInt64?
        /// Since the spike began, the minute before included.
        var total = 0
        var toldAt: UInt64?
    }

    private struct State {
        var windows: [Place: Window] = [:]
        var spikes: [Spike] = []
    }

    private static let span: UInt64 = 5_000_000_000
    private static let minute: UInt64 = 60_000_000_000
    /// Places watched at once; NASes beyond it are watched as part of their tenant only.
    private static let capacity = 8_192

    let threshold: Int
    private let state = Mutex(State())

    /// Tells of more than `threshold` refused logins a minute; 0 watches nothing.
    init(threshold: Int = 50) { self.threshold = threshold }

    /// Counts one refused login; `now` is in monotonic nanoseconds.
    func failed(tenant: UUID128, nas: UUID128, nasName: String, _ reason: RejectReason, now: UInt64) {
        guard threshold > 0 else { return }
        state.withLock { state in
            count(Place(tenant: tenant), nil, reason, now, &state)
            count(Place(tenant: tenant, nas: nas), nasName, reason, now, &state)
        }
    }

    /// What is to be told since the last call. Called about once a second.
    func turn(now: UInt64) -> [Spike] {
        state.withLock { state in
            for place in state.windows.keys { look(at: place, now, &state) }
            defer { state.spikes.removeAll() }
            return state.spikes
        }
    }

    /// Where refused logins spike at the moment.
    var spiking: [Place] { state.withLock { $0.windows.compactMap { $1.beganAt == nil ? nil : $0 } } }

    // MARK: - Private

    private func count(_ place: Place, _ name: String?, _ reason: RejectReason, _ now: UInt64, _ state: inout State) {
        if state.windows[place] == nil {
            guard place.nas == nil || state.windows.count < Self.capacity else { return }
            state.windows[place] = Window(nasName: name, span: now / Self.span)
        }
        let isBeginning = state.windows[place]?.add(reason, now: now, threshold: threshold) ?? false
        if isBeginning { tell(.began, place, now, &state) }
    }

    private func look(at place: Place, _ now: UInt64, _ state: inout State) {
        state.windows[place]?.advance(to: now / Self.span)
        guard let window = state.windows[place] else { return }
        if window.beganAt == nil {
            if window.sum == 0, now &- (window.toldAt ?? 0) >= Self.minute { state.windows[place] = nil }
        } else if window.sum <= threshold / 2 {
            tell(.over, place, now, &state)
            state.windows[place]?.end()
        } else if now &- (window.toldAt ?? 0) >= Self.minute {
            tell(.lasts, place, now, &state)
        }
    }

    private func tell(_ phase: Phase, _ place: Place, _ now: UInt64, _ state: inout State) {
        guard let window = state.windows[place] else { return }
        state.windows[place]?.toldAt = now
        state.spikes.append(
            Spike(
                place: place,
                nasName: window.nasName,
                phase: phase,
                failures: window.sum,
                total: window.total,
                reason: window.reason,
                age: now &- (window.beganAt ?? now)
            )
        )
    }
}

extension FailureWatch.Window {
    fileprivate var reason: RejectReason {
        let most = reasons.indices.max { reasons[$0] < reasons[$1] } ?? 0
        return RejectReason.allCases[most]
    }

    /// Counts one; true where a spike begins with it.
    fileprivate mutating func add(_ reason: RejectReason, now: UInt64, threshold: Int) -> Bool {
        advance(to: now / 5_000_000_000)
        spans[Int(span % 12)] += 1
        sum += 1
        total += 1
        reasons[Int(reason.rawValue)] &+= 1
        // Once a minute at most, also where it comes and goes.
        guard beganAt == nil, sum > threshold, toldAt.map({ now &- $0 >= 60_000_000_000 }) ?? true else { return false }
        beganAt = now
        total = sum
        return true
    }

    /// Leaves the spans behind that are a minute old. Threads tell the time apart by a little: an earlier one is now.
    fileprivate mutating func advance(to newest: UInt64) {
        guard newest > span else { return }
        for passed in 1...min(newest - span, 12) {
            let index = Int((span + passed) % 12)
            sum -= Int(spans[index])
            spans[index] = 0
            if index == 0 { for reason in reasons.indices { reasons[reason] /= 2 } }
        }
        span = newest
    }

    fileprivate mutating func end() { beganAt = nil }
}
