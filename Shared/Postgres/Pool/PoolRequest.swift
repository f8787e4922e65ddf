import Concurrency
import Synchronization

/// An answer that a task waits for. The first answer counts.
final class PoolPromise<Value: Sendable>: Sendable {
    private let continuation: Mutex<CheckedContinuation<Result<Value, PostgresError>, Never>?>

    init(_ continuation: CheckedContinuation<Result<Value, PostgresError>, Never>) {
        self.continuation = Mutex(continuation)
    }

    var isAnswered: Bool { continuation.withLock { $0 == nil } }

    func answer(_ result: Result<Value, PostgresError>) {
        continuation.withLock { $0.take() }?.resume(returning: result)
    }
}

/// A leased connection, as long as it holds the slot.
struct PoolLease: Sendable, Equatable {
    let slot: Int
    let ticket: UInt64
}

/// One call on its way through the pool.
struct PoolRequest: Sendable {
    enum Work: Sendable {
        case group([PGStatement], PoolPromise<[PGRows]>)
        case lease(PoolPromise<PoolLease>)
    }

    let ticket: UInt64
    let deadline: Deadline
    let work: Work
    /// Whether it has been sent a second time already.
    var isRepeated = false

    func fail(_ error: PostgresError) {
        switch work {
        case .group(_, let promise): promise.answer(.failure(error))
        case .lease(let promise): promise.answer(.failure(error))
        }
    }

    /// Whether nobody waits for it any more.
    var isAbandoned: Bool {
        switch work {
        case .group(_, let promise): promise.isAnswered
        case .lease(let promise): promise.isAnswered
        }
    }

    var statements: [PGStatement] {
        if case .group(let statements, _) = work { statements } else { [] }
    }
}

/// What the loop is told from other threads.
enum PoolCommand: Sendable {
    case submit(PoolRequest)
    /// Runs a group on a leased connection.
    case run(PoolLease, PoolRequest)
    case release(PoolLease)
    /// The request's task was cancelled.
    case withdraw(ticket: UInt64)
    case connected(slot: Int, Result<Wire, PostgresError>)
    /// A cancel request has reached the server, or never will.
    case cancelSent(slot: Int)
    /// Ends the loop once everything under way is done; the promise is answered then.
    case close(PoolPromise<Void>?)
}

/// Commands from any thread to the loop's.
final class PoolMailbox: Sendable {
    private struct State {
        var commands: [PoolCommand] = []
        var isClosed = false
    }

    /// Readable while commands wait.
    let wake: EventFD
    private let state = Mutex(State())

    init() throws(SystemError) { wake = try EventFD() }

    /// False when the loop has ended: nobody will look.
    func post(_ command: PoolCommand) -> Bool {
        let (isFirst, isAccepted) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            state.commands.append(command)
            return (state.commands.count == 1, true)
        }
        // Later ones find the loop already called.
        if isFirst { wake.signal() }
        return isAccepted
    }

    func take() -> [PoolCommand] {
        wake.drain()
        return state.withLock { state in
            defer { state.commands = [] }
            return state.commands
        }
    }

    /// Refuses what comes later and returns what came before.
    func close() -> [PoolCommand] {
        state.withLock { state in
            state.isClosed = true
            defer { state.commands = [] }
            return state.commands
        }
    }
}
