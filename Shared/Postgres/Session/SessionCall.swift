import Concurrency
import Synchronization

/// One call's limits, shared between the task that waits for it and the thread that runs it.
final class SessionCall: Sendable {
    let deadline: Deadline
    private let isCancelledFlag = Atomic<Bool>(false)

    init(deadline: Deadline) { self.deadline = deadline }

    var isCancelled: Bool { isCancelledFlag.load(ordering: .acquiring) }

    func cancel() { isCancelledFlag.store(true, ordering: .releasing) }

    /// Why the call has to end now; nil while it may go on.
    var interruption: PostgresError.Code? {
        if isCancelled { return .cancelled }
        return deadline.hasPassed ? .deadlineExceeded : nil
    }
}
