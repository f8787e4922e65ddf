package import Concurrency
import Synchronization

/// Connections that many tasks share, on one epoll thread in pipeline mode, for short statements.
///
/// `query` and `pipeline` of different tasks travel together on shared connections; each is atomic by itself.
/// `withConnection` and `withTransaction` have a connection alone. The pool connects for ever with backoff; a call waits for the
/// attempt under way and throws `connectionFailed` (disposition retry) when that fails. A connection that breaks gives
/// `connectionLost` to what was under way on it: that may have taken effect and is not repeated.
/// Every call has a deadline, its wait for a connection included; passing it, or cancelling the task, cancels the statement.
package final class PostgresPool: PGExecutor {
    private let mailbox: PoolMailbox
    private let statementTimeout: Duration
    private let metrics: PostgresMetrics?
    private let tickets = Atomic<UInt64>(0)

    /// Starts the pool's thread, which connects. Traps when the process can have no further thread or descriptor.
    package init(
        _ configuration: PostgresConfiguration,
        name: String = "pg-pool",
        backoff: Backoff = Backoff(),
        metrics: PostgresMetrics? = nil
    ) {
        statementTimeout = configuration.statementTimeout
        self.metrics = metrics
        do throws(SystemError) {
            let mailbox = try PoolMailbox()
            self.mailbox = mailbox
            _ = try PlatformThread.start(name: name) {
                do throws(SystemError) {
                    try PoolLoop(configuration, mailbox: mailbox, backoff: backoff, metrics: metrics).run()
                } catch {
                    preconditionFailure("no epoll for \(name): \(error)")
                }
            }
        } catch {
            preconditionFailure("no thread for \(name): \(error)")
        }
    }

    deinit { _ = mailbox.post(.close(nil)) }

    /// Lives until its task is cancelled, then closes: the pool's place in a group of services.
    package func run() async {
        while !Task.isCancelled { try? await pause(for: .seconds(3600)) }
        await close()
    }

    /// Refuses new calls, waits for those under way, closes the connections. Not cancellable; bounded by the deadlines.
    package func close() async {
        _ = await withCheckedContinuation { (continuation: CheckedContinuation<Result<Void, PostgresError>, Never>) in
            let promise = PoolPromise(continuation)
            if !mailbox.post(.close(promise)) { promise.answer(.success(())) }
        }
    }

    package func pipeline(
        _ statements: [PGStatement],
        deadline: Duration?
    ) async throws(PostgresError) -> [PGRows] {
        try await group(statements, deadline, isCancellable: true) { .submit($0) }
    }

    /// Lends a connection to `body` alone. Session state that `body` leaves behind stays with the connection; one that is
    /// given back inside a transaction is closed. `deadline` bounds the wait for the connection.
    @discardableResult
    package func withConnection<Success>(
        deadline: Duration? = nil,
        _ body: (PostgresConnection) async throws -> Success
    ) async throws -> Success {
        let lease = try await lease(deadline)
        defer { _ = mailbox.post(.release(lease)) }
        return try await body(PostgresConnection(pool: self, lease: lease))
    }

    /// BEGIN … COMMIT around `body` on a connection of its own. Whatever `body` throws rolls back and is thrown on.
    /// `settings` hold for this transaction only (set_config). BEGIN and settings travel with the first statement.
    @discardableResult
    package func withTransaction<Success: Sendable>(
        isolation: PGIsolation = .readCommitted,
        settings: [(String, String)] = [],
        deadline: Duration? = nil,
        _ body: (PostgresTransaction) async throws -> Success
    ) async throws -> Success {
        try await withConnection(deadline: deadline) { connection in
            let scope = TransactionScope(isolation: isolation, settings: settings)
            let transaction = PostgresTransaction(scope) { group, deadline, isCancellable throws(PostgresError) in
                try await connection.run(group, deadline, isCancellable: isCancellable)
            } rollBack: {
                // Where this fails the connection is given back inside its transaction, and closed.
                _ = try? await connection.run([PGStatement("ROLLBACK")], .seconds(5), isCancellable: false)
            }
            return try await transaction.run { try await body(transaction) }
        }
    }

    private func lease(_ deadline: Duration?) async throws(PostgresError) -> PoolLease {
        let result: Result<PoolLease, PostgresError> = await submit(deadline, isCancellable: true) {
            ticket,
            deadline,
            promise in
            .submit(PoolRequest(ticket: ticket, deadline: deadline, work: .lease(promise)))
        }
        return try result.get()
    }

    func group(
        _ statements: [PGStatement],
        _ deadline: Duration?,
        isCancellable: Bool,
        _ command: @Sendable (PoolRequest) -> PoolCommand
    ) async throws(PostgresError) -> [PGRows] {
        let started = SystemClock.monotonicNanoseconds()
        let result: Result<[PGRows], PostgresError> = await submit(deadline, isCancellable: isCancellable) {
            ticket,
            deadline,
            promise in
            command(PoolRequest(ticket: ticket, deadline: deadline, work: .group(statements, promise)))
        }
        metrics?.observe(since: started)
        return try result.get()
    }

    private func submit<Value: Sendable>(
        _ deadline: Duration?,
        isCancellable: Bool,
        _ command: (UInt64, Deadline, PoolPromise<Value>) -> PoolCommand
    ) async -> Result<Value, PostgresError> {
        let ticket = tickets.wrappingAdd(1, ordering: .relaxed).newValue
        let limit = Deadline.after(deadline ?? statementTimeout)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let promise = PoolPromise<Value>(continuation)
                guard !isCancellable || !Task.isCancelled else {
                    return promise.answer(.failure(PostgresError(.cancelled, "the task was cancelled")))
                }
                if !mailbox.post(command(ticket, limit, promise)) {
                    promise.answer(.failure(PostgresError(.closed, "the pool is closed")))
                }
                // Cancelled between the look above and the post: the handler's word came too early to be understood.
                if isCancellable, Task.isCancelled { _ = mailbox.post(.withdraw(ticket: ticket)) }
            }
        } onCancel: {
            if isCancellable { _ = mailbox.post(.withdraw(ticket: ticket)) }
        }
    }
}

/// A connection that `PostgresPool.withConnection` lends; useless after its body has returned.
package final class PostgresConnection: PGExecutor {
    private let pool: PostgresPool
    private let lease: PoolLease

    init(pool: PostgresPool, lease: PoolLease) {
        self.pool = pool
        self.lease = lease
    }

    package func pipeline(
        _ statements: [PGStatement],
        deadline: Duration?
    ) async throws(PostgresError) -> [PGRows] {
        try await run(statements, deadline, isCancellable: true)
    }

    func run(
        _ statements: [PGStatement],
        _ deadline: Duration?,
        isCancellable: Bool
    ) async throws(PostgresError) -> [PGRows] {
        try await pool.group(statements, deadline, isCancellable: isCancellable) { [lease] in .run(lease, $0) }
    }
}
