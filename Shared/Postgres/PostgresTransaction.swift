import Synchronization

/// What `withTransaction` opens; useless after its body has returned.
package final class PostgresTransaction: PGExecutor {
    /// Runs a group on the transaction's connection; the last argument says whether cancelling the task cancels it.
    typealias Execute = @Sendable ([PGStatement], Duration?, Bool) async throws(PostgresError) -> [PGRows]

    private struct State {
        var scope: TransactionScope
        /// What goes ahead of COMMIT, in one group with it.
        var closing: [PGStatement] = []
        var isEnded = false
    }

    private let state: Mutex<State>
    private let execute: Execute
    private let rollBack: @Sendable () async -> Void

    /// `rollBack` ends what the server has open, or the connection.
    init(_ scope: TransactionScope, execute: @escaping Execute, rollBack: @escaping @Sendable () async -> Void) {
        state = Mutex(State(scope: scope))
        self.execute = execute
        self.rollBack = rollBack
    }

    package func pipeline(
        _ statements: [PGStatement],
        deadline: Duration?
    ) async throws(PostgresError) -> [PGRows] {
        let taken = state.withLock { $0.isEnded ? nil : $0.scope.group(statements) }
        guard let (group, ahead) = taken else { throw PostgresError(.misuse, "the transaction has ended") }
        do throws(PostgresError) {
            return Array(try await execute(group, deadline, true).dropFirst(ahead))
        } catch {
            throw fail(error.shifted(by: ahead))
        }
    }

    /// Has a statement, whose rows nobody needs, sent along with COMMIT: as the transaction's last, without a round trip of its own.
    /// Where it is refused nothing is committed, and the transaction throws.
    package func finish(with statement: PGStatement) { state.withLock { $0.closing.append(statement) } }

    /// Sends BEGIN now where no statement has carried it yet.
    func open() async throws(PostgresError) {
        if !state.withLock({ $0.scope.isOpen }) { _ = try await pipeline([], deadline: nil) }
    }

    /// Notes that the transaction cannot be committed any more.
    @discardableResult
    func fail(_ error: PostgresError) -> PostgresError {
        state.withLock { $0.scope.fail(error) }
        return error
    }

    /// Runs `body`, then commits, or rolls back when it throws or has swallowed a refusal.
    func run<Success: Sendable>(_ body: () async throws -> Success) async throws -> Success {
        do {
            let success = try await body()
            try await commit()
            return success
        } catch {
            let isOpen = state.withLock { state in
                state.isEnded = true
                return state.scope.isOpen
            }
            if isOpen { await rollBack() }
            throw error
        }
    }

    private func commit() async throws {
        let (last, failure) = state.withLock { state -> ([PGStatement], PostgresError?) in
            guard state.scope.failure == nil, state.scope.isOpen || !state.closing.isEmpty else {
                return ([], state.scope.failure)
            }
            return (state.scope.group(state.closing + [PGStatement("COMMIT")]).group, nil)
        }
        // COMMIT after a refusal would quietly roll back.
        if let failure { throw failure }
        if !last.isEmpty {
            let tag = try await execute(last, nil, false).last?.commandTag
            guard tag == "COMMIT" else { throw PostgresError(.misuse, "the transaction was undone before its COMMIT") }
        }
        state.withLock { $0.isEnded = true }
    }
}
