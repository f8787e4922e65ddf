package import Domain
package import Postgres

/// The tenants that a piece of work sees: a root and everything below it in the tree.
///
/// Each transaction steps down into the gateway's role and names its tenants for itself alone, so that row-level
/// security holds whoever logged in; when it ends, both are gone.
package struct TenantScope: Sendable {
    private let root: TenantID
    private let joining: [TenantID]
    private let isAlone: Bool

    /// The scope of a tenant without those below: the tree, which may be large, is not looked at.
    package init(alone tenant: TenantID) {
        root = tenant
        joining = []
        isAlone = true
    }

    /// The scope of a tenant and those below. `joining` are tenants that the transaction itself brings into being.
    package init(root: TenantID, joining: [TenantID] = []) {
        self.root = root
        self.joining = joining
        isAlone = false
    }

    /// Runs the body in one transaction of that session, which may not write where it `isReading`; what it throws undoes
    /// everything.
    package func transaction<Success: Sendable>(
        on session: PostgresSession,
        isolation: PGIsolation = .readCommitted,
        isReading: Bool = false,
        _ body: (ScopedTransaction) async throws -> Success
    ) async throws -> Success {
        try await session.transaction(isolation: isolation) { transaction in
            _ = try await transaction.pipeline(isReading ? readingPrologue : prologue, deadline: nil)
            return try await body(ScopedTransaction(transaction, session: transaction))
        }
    }

    /// What steps down and names the tenants, to be sent ahead of a transaction's own statements.
    package var prologue: [PGStatement] {
        [PGStatement("SET LOCAL ROLE nexora_gateway"), naming]
    }

    /// The same for what may not write: where all tenants are read, by a role that needs not compare each row with each of
    /// them. Stands for itself ahead of a group without BEGIN.
    var readingPrologue: [PGStatement] { [PGStatement("SELECT begin_reading($1, $2)", parameters)] }

    private var naming: PGStatement {
        if isAlone {
            return PGStatement("SELECT set_config('nexora.tenants', ARRAY[$1::uuid]::text, true)", [.id(root)])
        }
        return PGStatement(
            "SELECT set_config('nexora.tenants', (tenant_subtree($1) || $2::uuid[])::text, true)",
            parameters
        )
    }

    private var parameters: [PGValue] {
        [.id(root), .uuidArray(joining.map { ($0.value.high, $0.value.low) })]
    }

    /// The operator at the root of the tree, nil before bootstrap. `session` logs in as the tables' owner.
    package static func operatorTenant(on session: PostgresSession) async throws -> TenantID? {
        try await session.query("SELECT operator_tenant() AS id").first?["id"].id()
    }
}

/// A transaction inside a tenant scope. Refusals of the database come out as `PersistenceError`, everything else as
/// `PostgresError`.
package struct ScopedTransaction {
    private let executor: any PGExecutor
    private let session: PostgresSessionTransaction?

    init(_ executor: any PGExecutor, session: PostgresSessionTransaction? = nil) {
        self.executor = executor
        self.session = session
    }

    /// Runs one statement.
    package func query(
        _ sql: String,
        _ parameters: [PGValue] = [],
        deadline: Duration? = nil
    ) async throws -> PGRows {
        do throws(PostgresError) {
            return try await executor.pipeline([PGStatement(sql, parameters)], deadline: deadline).first ?? .none
        } catch {
            throw PersistenceError(error) ?? error
        }
    }

    /// Runs statements in one round trip; nothing of them stays when one fails.
    package func pipeline(_ statements: [PGStatement], deadline: Duration? = nil) async throws -> [PGRows] {
        do throws(PostgresError) {
            return try await executor.pipeline(statements, deadline: deadline)
        } catch {
            throw PersistenceError(error) ?? error
        }
    }

    /// Runs a statement, whose rows nobody needs, as the transaction's last: on a connection of a pool along with COMMIT, in one round
    /// trip. What it is refused for may come out of the transaction itself.
    package func finish(with statement: PGStatement) async throws {
        guard let stepped = executor as? SteppedDown else {
            _ = try await pipeline([statement])
            return
        }
        do throws(PostgresError) { try await stepped.finish(with: statement) } catch {
            throw PersistenceError(error) ?? error
        }
    }

    /// Has events go out once the transaction is committed: their rows travel with COMMIT as well.
    package func finish(telling rows: [OutboxRow]) async throws {
        if !rows.isEmpty { try await finish(with: OutboxRow.insert(rows)) }
    }

    /// COPY … FROM STDIN; only where the transaction runs on a session of its own.
    func copyIn(_ sql: String, deadline: Duration?, _ source: @escaping @Sendable () throws -> [UInt8]?) async throws
        -> Int
    {
        guard let session else { throw PostgresError(.misuse, "COPY needs a session of its own") }
        do {
            return try await session.copyIn(sql, deadline: deadline, source)
        } catch let error as PostgresError {
            throw PersistenceError(error) ?? error
        }
    }
}
