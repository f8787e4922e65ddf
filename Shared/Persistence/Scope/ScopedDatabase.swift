package import Domain
package import Postgres
import Synchronization

/// A tenant scope on a pool or a session: where transactions are made that see that tenant and those below.
package struct ScopedDatabase: Sendable {
    /// The tenant at the scope's root.
    package let root: TenantID
    private let scope: TenantScope
    private let place: Place
    private let share: TenantShare?

    private enum Place: Sendable {
        case pool(PostgresPool)
        case session(PostgresSession)
    }

    /// The scope on connections that many tasks share; of which its root has no more than its share.
    package init(root: TenantID, joining: [TenantID] = [], on pool: PostgresPool, share: TenantShare? = nil) {
        self.root = root
        scope = TenantScope(root: root, joining: joining)
        place = .pool(pool)
        self.share = share
    }

    /// The scope on one connection.
    package init(root: TenantID, joining: [TenantID] = [], on session: PostgresSession) {
        self.root = root
        scope = TenantScope(root: root, joining: joining)
        place = .session(session)
        share = nil
    }

    /// Runs the body in one transaction, which may not write where it `isReading`; what it throws undoes everything. Throws
    /// `TenantBusy` where the root's share is used up.
    package func transaction<Success: Sendable>(
        isolation: PGIsolation = .readCommitted,
        isReading: Bool = false,
        _ body: (ScopedTransaction) async throws -> Success
    ) async throws -> Success {
        guard let share else { return try await begin(isolation, isReading, body) }
        return try await share.run(for: root) { try await begin(isolation, isReading, body) }
    }

    /// The same where every statement sees the database as it was at one moment.
    package func moment<Success: Sendable>(_ body: (ScopedTransaction) async throws -> Success) async throws -> Success
    {
        try await transaction(isolation: .repeatableRead, body)
    }

    private func begin<Success: Sendable>(
        _ isolation: PGIsolation,
        _ isReading: Bool,
        _ body: (ScopedTransaction) async throws -> Success
    ) async throws -> Success {
        switch place {
        case .pool(let pool):
            try await scope.transaction(on: pool, isolation: isolation, isReading: isReading, body)
        case .session(let session):
            try await scope.transaction(on: session, isolation: isolation, isReading: isReading, body)
        }
    }
}

extension ScopedDatabase {
    /// Runs the body, whose statements only read: each group of them in a transaction of its own, in one round trip on a connection
    /// that others use as well. For bodies of one group, or whose groups need no lock and no setting of an earlier one.
    package func reading<Success: Sendable>(_ body: (ScopedTransaction) async throws -> Success) async throws -> Success
    {
        guard case .pool(let pool) = place else { return try await transaction(isReading: true, body) }
        return try await body(ScopedTransaction(ReadingScope(pool: pool, prologue: scope.readingPrologue)))
    }
}

/// Each group of statements behind the scope's own.
private struct ReadingScope: PGExecutor {
    let pool: PostgresPool
    let prologue: [PGStatement]

    func pipeline(_ statements: [PGStatement], deadline: Duration?) async throws(PostgresError) -> [PGRows] {
        Array(try await pool.pipeline(prologue + statements, deadline: deadline).dropFirst(prologue.count))
    }
}

extension TenantScope {
    /// Runs the body in one transaction on a connection of the pool, which may not write where it `isReading`; what it throws
    /// undoes everything. BEGIN and the step down into the scope travel with the body's first statements.
    package func transaction<Success: Sendable>(
        on pool: PostgresPool,
        isolation: PGIsolation = .readCommitted,
        isReading: Bool = false,
        _ body: (ScopedTransaction) async throws -> Success
    ) async throws -> Success {
        do {
            return try await pool.withTransaction(isolation: isolation) { transaction in
                try await body(ScopedTransaction(SteppedDown(transaction, isReading ? readingPrologue : prologue)))
            }
        } catch let error as PostgresError {
            throw PersistenceError(error) ?? error
        }
    }
}

/// A transaction whose first group of statements has the scope's own ahead of it.
final class SteppedDown: PGExecutor {
    private let transaction: PostgresTransaction
    private let ahead: Mutex<[PGStatement]>

    init(_ transaction: PostgresTransaction, _ prologue: [PGStatement]) {
        self.transaction = transaction
        ahead = Mutex(prologue)
    }

    func pipeline(_ statements: [PGStatement], deadline: Duration?) async throws(PostgresError) -> [PGRows] {
        let prologue = ahead.withLock { ahead in
            defer { ahead = [] }
            return ahead
        }
        return Array(
            try await transaction.pipeline(prologue + statements, deadline: deadline).dropFirst(prologue.count)
        )
    }
    /// See ``PostgresTransaction/finish(with:)``; as the first statement it goes at once.
    func finish(with statement: PGStatement) async throws(PostgresError) {
        guard ahead.withLock({ $0.isEmpty }) else {
            _ = try await pipeline([statement], deadline: nil)
            return
        }
        transaction.finish(with: statement)
    }
}
