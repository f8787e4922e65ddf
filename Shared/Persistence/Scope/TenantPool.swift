package import Domain
package import Postgres
import Synchronization

/// The database as a daemon with many tasks uses it: each transaction on a connection of the pool, stepped down into a
/// tenant scope. The pool's login must be able to become `nexora_gateway`.
package struct TenantPool: Sendable {
    private let pool: PostgresPool
    private let share: TenantShare?
    private let known = KnownOperator()

    /// Runs its transactions on that pool's connections. Those of a `scope` keep to the tenant's share of them; nil: there are as
    /// many as come.
    package init(_ pool: PostgresPool, share: TenantShare? = nil) {
        self.pool = pool
        self.share = share
    }

    /// Runs the body in one transaction that sees a tenant and those below it, and the ones it brings into being. What it
    /// throws undoes everything. The scope travels with BEGIN: it costs one round trip beside the body's own.
    package func transaction<Success: Sendable>(
        in root: TenantID,
        joining: [TenantID] = [],
        isolation: PGIsolation = .readCommitted,
        _ body: (ScopedTransaction) async throws -> Success
    ) async throws -> Success {
        let scope = TenantScope(root: root, joining: joining)
        return try await pool.withTransaction(isolation: isolation) { transaction in
            _ = try await transaction.pipeline(scope.prologue, deadline: nil)
            return try await body(ScopedTransaction(transaction))
        }
    }

    /// Runs the body in one transaction that sees that tenant's rows alone, at the cost of one row however large the tree is:
    /// for what anybody may ask who has proven nothing.
    package func transaction<Success: Sendable>(
        alone tenant: TenantID,
        _ body: (ScopedTransaction) async throws -> Success
    ) async throws -> Success {
        try await TenantScope(alone: tenant).transaction(on: pool, body)
    }

    /// The same scope as a value: its own statements travel with those of the transaction's body.
    package func scope(_ root: TenantID, joining: [TenantID] = []) -> ScopedDatabase {
        ScopedDatabase(root: root, joining: joining, on: pool, share: share)
    }

    /// The operator at the root of the tree, asked for once: he stays. Throws `notBootstrapped` before there is one.
    package func operatorTenant() async throws -> TenantID {
        guard let id = try await operatorIfPlanted() else { throw PersistenceError.notBootstrapped }
        return id
    }

    /// The same; nil before there is one: there is nothing to do yet.
    package func operatorIfPlanted() async throws -> TenantID? {
        if let id = known.id.withLock({ $0 }) { return id }
        guard let id = try await lookUp("SELECT operator_tenant() AS id") else { return nil }
        known.id.withLock { $0 = id }
        return id
    }

    /// The tenant that a host name's first label means, nil when none has it.
    package func tenant(ofSubdomain label: String) async throws -> TenantID? {
        try await lookUp("SELECT tenant_of_subdomain($1) AS id", [.text(label)])
    }

    /// The tenant that a function of the owner's names, asked before anybody is known.
    func lookUp(_ sql: String, _ parameters: [PGValue] = []) async throws -> TenantID? {
        try await pool.withTransaction { transaction in
            try await transaction.pipeline([PGStatement("SET LOCAL ROLE nexora_gateway"), PGStatement(sql, parameters)])
        }.last?.first?["id"].id()
    }
}

private final class KnownOperator: Sendable {
    let id = Mutex<TenantID?>(nil)
}
