import Synchronization

/// The transaction that `PostgresSession.transaction` opens; useless after its body has returned.
package final class PostgresSessionTransaction: PGExecutor {
    private struct State {
        var scope: TransactionScope
        /// The connection that the transaction lives in.
        var generation: UInt64?
        var isEnded = false
    }

    private let session: PostgresSession
    private let state: Mutex<State>

    init(_ session: PostgresSession, _ scope: TransactionScope) {
        self.session = session
        state = Mutex(State(scope: scope))
    }

    package func pipeline(
        _ statements: [PGStatement],
        deadline: Duration?
    ) async throws(PostgresError) -> [PGRows] {
        let (group, ahead) = try take(statements)
        do throws(PostgresError) {
            let rows = try await perform(deadline) { link, call throws(PostgresError) in try link.run(group, call) }
            return Array(rows.dropFirst(ahead))
        } catch {
            throw fail(error.shifted(by: ahead))
        }
    }

    /// As `PostgresSession.script`, inside the transaction.
    package func script(_ sql: String, deadline: Duration? = nil) async throws(PostgresError) {
        try await open()
        do throws(PostgresError) {
            try await perform(deadline) { link, call throws(PostgresError) in try link.script(sql, call) }
        } catch {
            throw fail(error)
        }
    }

    /// As `PostgresSession.copyIn`, inside the transaction.
    @discardableResult
    package func copyIn(
        _ sql: String,
        deadline: Duration? = nil,
        _ source: @escaping @Sendable () throws -> [UInt8]?
    ) async throws -> Int {
        try await open()
        return try await noting { [self] in
            try await perform(deadline) { link, call throws(PostgresError) in try link.copyIn(sql, call, source) }.get()
        }
    }

    /// As `PostgresSession.copyIn`, inside the transaction.
    @discardableResult
    package func copyIn(_ sql: String, _ chunks: [[UInt8]], deadline: Duration? = nil) async throws -> Int {
        let source = ChunkSource(chunks)
        return try await copyIn(sql, deadline: deadline) { source.next() }
    }

    /// As `PostgresSession.copyOut`, inside the transaction.
    package func copyOut<State: Sendable>(
        _ sql: String,
        into state: State,
        deadline: Duration? = nil,
        _ row: @escaping @Sendable (inout State, inout PGCopyRow) throws -> Void
    ) async throws -> State {
        try await open()
        return try await noting { [self] in
            try await perform(deadline) { link, call throws(PostgresError) in
                try PostgresSession.copyOut(sql, into: state, link, call, row)
            }.get()
        }
    }

    func run<Success: Sendable>(
        _ body: (PostgresSessionTransaction) async throws -> Success
    ) async throws -> Success {
        let success: Success
        do {
            success = try await body(self)
        } catch {
            await rollBack()
            throw error
        }
        let (isOpen, failure) = state.withLock { ($0.scope.isOpen, $0.scope.failure) }
        if let failure {
            // The body swallowed a refusal; COMMIT would quietly roll back.
            await rollBack()
            throw failure
        }
        if isOpen { try await commit() }
        state.withLock { $0.isEnded = true }
        return success
    }

    private func commit() async throws {
        let tag: String
        do throws(PostgresError) {
            tag = try await perform(nil, isCancellable: false) { link, call throws(PostgresError) in
                try link.run([PGStatement("COMMIT")], call).first?.commandTag ?? ""
            }
        } catch {
            await rollBack()
            throw error
        }
        guard tag == "COMMIT" else { throw PostgresError(.misuse, "the transaction had been undone before its COMMIT") }
    }

    /// Cancelled or not, a task has to end its transaction.
    private func rollBack() async {
        let generation = state.withLock { state in
            state.isEnded = true
            return state.scope.isOpen ? state.generation : nil
        }
        guard let generation else { return }
        await session.rollBack(generation)
    }

    private func open() async throws(PostgresError) {
        if !state.withLock({ $0.scope.isOpen }) { _ = try await pipeline([], deadline: nil) }
    }

    private func take(_ statements: [PGStatement]) throws(PostgresError) -> (group: [PGStatement], ahead: Int) {
        let taken = state.withLock { $0.isEnded ? nil : $0.scope.group(statements) }
        guard let taken else { throw PostgresError(.misuse, "the transaction has ended") }
        return taken
    }

    private func fail(_ error: PostgresError) -> PostgresError {
        state.withLock { $0.scope.fail(error) }
        return error
    }

    private func noting<Success>(_ body: () async throws -> Success) async throws -> Success {
        do {
            return try await body()
        } catch {
            _ = fail(error as? PostgresError ?? PostgresError(.misuse, "a COPY was given up"))
            throw error
        }
    }

    /// Connects for the first call, then insists on the same connection.
    private func perform<Result: Sendable>(
        _ deadline: Duration?,
        isCancellable: Bool = true,
        _ body: @escaping @Sendable (SessionLink, SessionCall) throws(PostgresError) -> Result
    ) async throws(PostgresError) -> Result {
        let generation = state.withLock { $0.generation }
        let (used, result) = try await session.perform(deadline, isCancellable: isCancellable) {
            link,
            call throws(PostgresError) in
            if let generation {
                guard link.wire != nil, link.generation == generation else {
                    throw PostgresError(.connectionLost, "the transaction's connection broke")
                }
            } else {
                try link.connect(call)
            }
            let used = link.generation
            return (used, Swift.Result { () throws(PostgresError) in try body(link, call) })
        }
        state.withLock { $0.generation = used }
        return try result.get()
    }
}

extension PostgresSession {
    /// Ends the transaction of that connection, or the connection where that fails.
    func rollBack(_ generation: UInt64) async {
        _ = try? await perform(.seconds(5), isCancellable: false) { link, call throws(PostgresError) in
            guard link.wire != nil, link.generation == generation else { return }
            do throws(PostgresError) { _ = try link.run([PGStatement("ROLLBACK")], call) } catch { link.drop() }
        }
    }
}
