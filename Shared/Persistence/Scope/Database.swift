package import Crypto
package import Domain
package import Postgres

/// The database as commands and tools use it: one connection, logged in as the tables' owner, that steps down into a
/// tenant scope for every transaction on tenants' rows.
package final class Database: Sendable {
    /// The connection itself, for what stands above all tenants: migrations, checks of the server.
    package let session: PostgresSession

    /// A database that connects with its first call.
    package init(url: String, applicationName: String) {
        session = PostgresSession(
            PostgresConfiguration(
                url: url,
                connectTimeout: .seconds(5),
                statementTimeout: .seconds(120),
                applicationName: applicationName
            )
        )
    }

    /// Runs the body in one transaction that sees a tenant and those below it, and the ones it brings into being.
    package func transaction<Success: Sendable>(
        in root: TenantID,
        joining: [TenantID] = [],
        _ body: (ScopedTransaction) async throws -> Success
    ) async throws -> Success {
        try await TenantScope(root: root, joining: joining).transaction(on: session, body)
    }

    /// The operator at the root of the tree. Throws `notBootstrapped` before there is one.
    package func operatorTenant() async throws -> TenantID {
        guard let id = try await TenantScope.operatorTenant(on: session) else { throw PersistenceError.notBootstrapped }
        return id
    }

    /// Plants the operator, whom nothing stands above, and returns him; the one there already when there is one. The only
    /// tenant that the owner writes without a scope.
    package func plantOperator(_ tenant: Tenant) async throws -> TenantID {
        try tenant.validate()
        return try await session.transaction { transaction in
            try await transaction.query("LOCK TABLE tenants IN SHARE ROW EXCLUSIVE MODE")
            if let existing: TenantID = try await transaction.query("SELECT operator_tenant() AS id").first?["id"].id()
            {
                return existing
            }
            try await transaction.query(
                """
                INSERT INTO tenants (id, parent_id, kind, name, subdomain, settings)
                VALUES ($1, NULL, 'operator', $2, $3, $4)
                """,
                [.id(tenant.id), .text(tenant.name), .text(tenant.subdomain), .jsonb(tenant.settings)]
            )
            return tenant.id
        }
    }

    /// Checks the keyring against the canary; plants one where there is none when secrets are about to be sealed.
    @discardableResult
    package func check(_ keyring: Keyring, planting: Bool) async throws -> KeyringCanary.Finding {
        try await session.transaction { transaction in
            try await transaction.query("SET LOCAL ROLE nexora_gateway")
            if planting { try await KeyringCanary.checkOrPlant(keyring, on: transaction) }
            return try await KeyringCanary.check(keyring, on: transaction)
        }
    }

    /// Ends the connection.
    package func close() async {
        await session.close()
    }
}
