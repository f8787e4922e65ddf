import CoA
import Concurrency
import Crypto
import Domain
import Persistence
import Sockets

/// Carries one order out: the requests that it takes, one after the other, until the NAS has done it or will not.
struct Conduct: Sendable {
    /// What came of it.
    struct Report: Sendable {
        /// Nil where the process ends or gives up leading: nothing is known, and whoever comes next looks again.
        var answer: EnforcementAnswer?
        var trials: [EnforcementTrial] = []
        var learned: [String: Int64] = [:]
        var unlearned: [String] = []
    }

    /// A lesson that is learned again is stored again after this many seconds: it is to be forgotten after a while.
    private static let refresh: Int64 = 86_400

    let sender: any ControlSending
    /// Opens the secret of a NAS; nil where the keyring does not.
    let secret: @Sendable (EnforcementTarget) -> SharedSecret?
    let time: TimeSource
    /// How long a request may wait for its turn.
    var patience = Duration.seconds(30)
    /// Nil where a session may be ended that nobody asked to end, else how long its order waits.
    var brake: @Sendable (SessionRef, NASID) -> Duration? = { _, _ in nil }

    /// Carries `order` out, which is the target's as it was given to be sent; `terms` are what a change is to bring about.
    func carryOut(
        _ target: EnforcementTarget,
        _ order: EnforcementOrder? = nil,
        _ terms: TermsSight? = nil
    ) async -> Report {
        let order = order ?? target.order
        guard let device = target.device else { return Report(answer: .impossible(.nasGone)) }
        guard let session = target.session else { return Report(answer: .impossible(.notIdentified)) }
        guard let destination = target.destination else { return Report(answer: .impossible(.noAddress)) }
        guard let secret = secret(target) else { return Report(answer: .impossible(.secretUnreadable)) }
        let known = target.lessons.compactMap { text, second in Lesson(text: text).map { ($0, second) } }
        var capabilities = NASCapabilities(
            vendor: device.vendor,
            lessons: Dictionary(known, uniquingKeysWith: max)
        )
        let before = capabilities
        var enforcement = Enforcement(
            intent(order, terms, capabilities),
            on: Self.identity(session, device, at: destination)
        )
        var step = enforcement.begin(capabilities)
        var wasGivenUp = false
        while case .send(let request) = step {
            if request.kind == .disconnect, let pause = pause(order, session) {
                return Report(
                    answer: .held(.braked, until: time.now() + pause),
                    trials: enforcement.trials.map(Self.trial),
                    learned: Self.news(capabilities, since: before),
                    unlearned: before.lessons.keys.filter { !capabilities.knows($0) }.map(\.text)
                )
            }
            let order = ControlOrder(
                destination: SourceAddress(destination, port: device.coaPort),
                vendor: device.vendor,
                secret: secret,
                request: request,
                session: "\(target.order.tenantID)/\(session.id)",
                isUrgent: order.kind == .disconnect,
                patience: patience
            )
            let outcome = await sender.send(order)
            wasGivenUp = outcome == .abandoned
            let second = time.now().microseconds / 1_000_000
            step = enforcement.next(after: outcome, &capabilities, at: second)
        }
        guard case .done(let result) = step else { return Report() }
        return Report(
            answer: wasGivenUp ? nil : answer(result, leavesEnd: enforcement.leavesEnd),
            trials: enforcement.trials.map(Self.trial),
            learned: Self.news(capabilities, since: before),
            unlearned: before.lessons.keys.filter { !capabilities.knows($0) }.map(\.text)
        )
    }

    /// What a person asked for, or a limit of sessions, is never held back; what comes of comparing is, whichever way it came to this.
    private func pause(_ order: EnforcementOrder, _ session: EnforcementTarget.Session) -> Duration? {
        guard order.cause.isByState else { return nil }
        return brake(SessionRef(tenantID: order.tenantID, id: session.id), order.nasID)
    }

    private func answer(_ result: Enforcement.Result, leavesEnd: Bool) -> EnforcementAnswer? {
        switch result {
        case .changed: leavesEnd ? .changedButEnd : .changed
        case .disconnected: .acknowledged
        case .sessionGone: .sessionGone
        case .failed(let refusal): .refused(refusal.number)
        case .unanswered(let bad): .silent(isForged: bad > 0)
        case .notSent(.breakerOpen(let until)): .held(.breakerOpen, until: until.map(wallTime))
        case .notSent(.queueFull): .held(.queueFull, until: nil)
        case .notSent(.overdue): .held(.overdue, until: nil)
        case .notSent(.tooLong): .impossible(.tooLong)
        case .notSent(.stopped): nil
        case .impossible(.notIdentified): .impossible(.notIdentified)
        case .impossible(.cannotChange): .impossible(.cannotChange)
        case .impossible(.cannotDisconnect): .impossible(.cannotDisconnect)
        }
    }

    /// That time of the monotonic clock by the wall's, and up to a second more: those who wait do not all come at once.
    private func wallTime(_ nanoseconds: UInt64) -> Timestamp {
        let now = SystemClock.monotonicNanoseconds()
        let wait = nanoseconds > now ? Int64(clamping: nanoseconds - now) : 0
        return time.now() + .nanoseconds(wait) + .milliseconds(Int64.random(in: 0..<1_000))
    }

    /// What an order asks for. A speed that the vendor has no words for is an empty change: the session is ended then, if it may be.
    /// A session's end that is not when it should be is told with the speed, or alone where that is what the order is for.
    private func intent(
        _ order: EnforcementOrder,
        _ terms: TermsSight?,
        _ capabilities: NASCapabilities
    ) -> Enforcement.Intent {
        guard order.kind == .change, order.way != .disconnect, case .admitted(let speed, _) = terms?.desired else {
            return .disconnect
        }
        var change = LiveChange()
        let isWhole =
            order.cause == .renewed
            || change.addSpeed(speed, from: terms?.observed?.speeds?.profile, for: capabilities.vendor)
        if isWhole, let end = terms?.end, order.cause == .renewed || capabilities.canChange([.timeout]) {
            let (remaining, elapsed) = Self.seconds(end, at: time.now())
            change.addTimeout(remaining: remaining, elapsed: elapsed, for: capabilities.vendor)
        }
        // Nobody is thrown out on the guess that he has another speed.
        let isGuess = terms?.observed == nil && order.cause != .quota && order.cause != .requested
        return .change(change, mayDisconnect: order.cause.mayDisconnect && !isGuess)
    }

    /// How long a session goes on, and has lasted. Together they are its whole time, rounded up.
    private static func seconds(_ end: EndShift, at now: Timestamp) -> (remaining: UInt32, elapsed: UInt32) {
        let elapsed = max(0, now.microseconds(since: end.startedAt)) / 1_000_000
        let whole = (max(0, end.to.microseconds(since: end.startedAt)) + 999_999) / 1_000_000
        return (UInt32(clamping: max(1, whole - elapsed)), UInt32(clamping: elapsed))
    }

    // MARK: - What is known, and what was learned

    private static func identity(
        _ session: EnforcementTarget.Session,
        _ device: EnforcementTarget.Device,
        at address: IPAddress
    ) -> LiveIdentity {
        func octets(_ text: String?) -> [UInt8]? { text.flatMap { $0.isEmpty ? nil : Array($0.utf8) } }
        return LiveIdentity(
            userName: octets(session.username),
            acctSessionID: octets(session.acctSessionID),
            framedIPAddress: session.framedIPv4,
            callingStationID: octets(session.callingStationID),
            nasPort: session.nasPort,
            nasPortID: octets(session.nasPortID),
            nasAddress: address,
            nasIdentifier: octets(device.identifier)
        )
    }

    private static func trial(_ trial: Enforcement.Trial) -> EnforcementTrial {
        var outcome = trial.outcome.label
        if case .refused(let refusal) = trial.outcome { outcome += "_\(refusal.label)" }
        return EnforcementTrial(
            kind: trial.kind == .change ? .change : .disconnect,
            set: trial.set.text,
            outcome: outcome
        )
    }

    private static func news(_ now: NASCapabilities, since before: NASCapabilities) -> [String: Int64] {
        let news = now.lessons.filter { lesson, second in
            before.lessons[lesson].map { second - $0 >= refresh } ?? true
        }
        return Dictionary(news.map { ($0.key.text, $0.value) }, uniquingKeysWith: max)
    }
}
