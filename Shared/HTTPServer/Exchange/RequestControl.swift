import Concurrency
import Synchronization

/// What routing decides about a request that has begun: its label in metrics and how long it may take.
final class RequestControl: Sendable {
    private let start: UInt64
    private let state = Mutex(State())

    private struct State {
        var route = "none"
        var deadline = Deadline.never
        var bodyDeadline = Deadline.never
    }

    /// `start` is the end of the head, by the monotonic clock.
    init(start: UInt64 = SystemClock.monotonicNanoseconds()) { self.start = start }

    var route: String { state.withLock { $0.route } }
    /// For the handler's answer.
    var deadline: Deadline { state.withLock { $0.deadline } }
    /// For the body's end.
    var bodyDeadline: Deadline { state.withLock { $0.bodyDeadline } }

    func name(_ route: String) { state.withLock { $0.route = route } }

    /// Allows so long from the end of the head; nil leaves what was allowed.
    func allow(handler: Duration?, body: Duration?) {
        state.withLock { state in
            if let handler { state.deadline = after(handler) }
            if let body { state.bodyDeadline = after(body) }
        }
    }

    private func after(_ time: Duration) -> Deadline {
        Deadline(nanoseconds: start &+ UInt64(max(0, time.wholeNanoseconds)))
    }
}
