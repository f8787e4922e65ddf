package import Domain
import Postgres

/// What a check of the server has to know.
package struct ServerFacts: Sendable, Equatable {
    /// As `server_version_num`: 150020 is 15.20.
    package let versionNumber: Int
    package let time: Timestamp
    package let login: String
    /// The login is a superuser or has BYPASSRLS.
    package let loginBypassesRowSecurity: Bool
    package let fsync: String
    package let fullPageWrites: String
    package let synchronousCommit: String
    package let connections: Int
    package let maximumConnections: Int
    /// Nexora's tables are there.
    package let hasSchema: Bool
    /// Of nexora_gateway, nexora_operator, nexora_pipeline, nexora_billing and nexora_notifier.
    package let missingRoles: [String]
    /// Those of them that could get round row-level security.
    package let strongRoles: [String]
    /// Tables with a tenant on which row-level security is not forced.
    package let openTables: [String]
    /// Partitions that someone but the owner may reach by name.
    package let grantedPartitions: [String]
    package let monthPartitions: Int
    /// 0 or 1: whether the default partition of the history holds anything.
    package let rowsInDefaultPartition: Int
}

extension Database {
    /// What there is to know about the server, in one round trip.
    package func facts() async throws -> ServerFacts {
        let row = try await session.query(Self.factsSQL).first
        guard let row else { throw PersistenceError.notFound }
        let hasSchema = row["has_schema"].bool ?? false
        return ServerFacts(
            versionNumber: try row.need("version", \.int),
            time: try row.need("now", \.time),
            login: try row.need("login", \.text),
            loginBypassesRowSecurity: try row.need("bypasses", \.bool),
            fsync: try row.need("fsync", \.text),
            fullPageWrites: try row.need("full_page_writes", \.text),
            synchronousCommit: try row.need("synchronous_commit", \.text),
            connections: try row.need("connections", \.int),
            maximumConnections: try row.need("max_connections", \.int),
            hasSchema: hasSchema,
            missingRoles: try row.need("missing_roles", \.textArray).compactMap { $0 },
            strongRoles: try row.need("strong_roles", \.textArray).compactMap { $0 },
            openTables: try row.need("open_tables", \.textArray).compactMap { $0 },
            grantedPartitions: try row.need("granted_partitions", \.textArray).compactMap { $0 },
            monthPartitions: try row.need("months", \.int),
            rowsInDefaultPartition: hasSchema ? try await rowsInDefaultPartition() : 0
        )
    }

    private func rowsInDefaultPartition() async throws -> Int {
        // The pipelines' role sees every tenant's sessions; the owner sees none.
        try await session.transaction { transaction in
            try await transaction.query("SET LOCAL ROLE nexora_pipeline")
            let found = try await transaction.query(
                """
                SELECT EXISTS (SELECT FROM sessions_history WHERE tableoid = 'sessions_history_default'::regclass) AS found
                """
            )
            return found.first?["found"].bool == true ? 1 : 0
        }
    }

    private static let factsSQL = """
        SELECT current_setting('server_version_num')::integer AS version, clock_timestamp() AS now,
            current_user::text AS login,
            (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) AS bypasses,
            current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes,
            current_setting('synchronous_commit') AS synchronous_commit,
            (SELECT count(*) FROM pg_stat_activity) AS connections,
            current_setting('max_connections')::integer AS max_connections,
            to_regclass('sessions_history') IS NOT NULL AS has_schema,
            ARRAY(SELECT r FROM unnest(ARRAY['nexora_gateway', 'nexora_operator', 'nexora_pipeline', 'nexora_billing',
                    'nexora_notifier']) r WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r)) AS missing_roles,
            ARRAY(SELECT rolname::text FROM pg_roles
                WHERE rolname IN ('nexora_gateway', 'nexora_operator', 'nexora_pipeline', 'nexora_billing', 'nexora_notifier')
                AND (rolsuper OR rolbypassrls)) AS strong_roles,
            ARRAY(SELECT c.relname::text FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
                WHERE s.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
                    AND (c.relname = 'tenants' OR EXISTS (
                        SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped))
                ORDER BY 1) AS open_tables,
            ARRAY(SELECT c.relname::text FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
                WHERE s.nspname = 'public' AND c.relispartition AND EXISTS (
                    SELECT FROM aclexplode(c.relacl) g WHERE g.grantee <> c.relowner)
                ORDER BY 1) AS granted_partitions,
            (SELECT count(*) FROM pg_class WHERE relname ~ '^radacct_[0-9]{4}_[0-9]{2}$' AND relkind = 'r') AS months
        """
}
