package import Domain
import Postgres

/// The address pools of one scope.
package struct PoolRepository {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    static let columns = """
        tenant_id, id, name, range::text AS range, use, unit_length, host(gateway) AS gateway, \
        ARRAY(SELECT host(d) FROM unnest(dns_servers) d) AS dns_servers, exclusions::text[] AS exclusions, \
        sticky_seconds, is_active, row_version, created_at, updated_at
        """

    /// Up to `limit` pools in the order they were made, after the one named.
    package func list(after: PoolID? = nil, limit: Int, onlyActive: Bool = false) async throws -> [IPPool] {
        try await transaction.query(
            """
            SELECT \(Self.columns) FROM ip_pools
            WHERE ($1::uuid IS NULL OR id > $1) AND (is_active OR NOT $3) ORDER BY id LIMIT $2
            """,
            [.id(after), .int8(Int64(limit)), .bool(onlyActive)]
        ).map(Self.pool)
    }

    /// The pools of that name: one at most in each tenant of the scope.
    package func find(name: String) async throws -> [IPPool] {
        try await transaction.query(
            "SELECT \(Self.columns) FROM ip_pools WHERE name = $1 ORDER BY id",
            [.text(name)]
        ).map(Self.pool)
    }

    /// The pool of that id, locked against other writers when asked for.
    package func find(_ id: PoolID, forUpdate: Bool = false) async throws -> IPPool? {
        try await transaction.query(
            "SELECT \(Self.columns) FROM ip_pools WHERE id = $1" + (forUpdate ? " FOR UPDATE" : ""),
            [.id(id)]
        ).first.map(Self.pool)
    }

    /// The tenant's other active pools that have an address in common with this one: while there is any, the database
    /// refuses it (`ip_pools_no_overlap`).
    package func overlapping(_ pool: IPPool) async throws -> [IPPool] {
        try await transaction.query(
            """
            SELECT \(Self.columns) FROM ip_pools
            WHERE tenant_id = $1 AND id <> $2 AND is_active AND range && $3::text::cidr ORDER BY id
            """,
            [.id(pool.tenantID), .id(pool.id), .text(pool.range.description)]
        ).map(Self.pool)
    }

    /// Stores a new pool. Throws `refused` when it overlaps another active pool of the tenant.
    package func insert(_ pool: IPPool) async throws {
        try pool.validate()
        _ = try await transaction.query(
            """
            INSERT INTO ip_pools (tenant_id, id, name, gateway, dns_servers, exclusions, sticky_seconds, is_active, range,
                use, unit_length)
            VALUES ($1, $2, $3, $4::text::inet, $5::text[]::inet[], $6::text[]::cidr[], $7, $8, $9::text::cidr, $10, $11)
            """,
            Self.values(pool) + [
                .text(pool.range.description), .text("\(pool.use.name)"), .int4(Int32(clamping: pool.unitLength)),
            ]
        )
    }

    /// Stores a changed pool; its range, use and unit length stay.
    package func update(_ pool: IPPool) async throws {
        try pool.validate()
        let rows = try await transaction.query(
            """
            UPDATE ip_pools SET name = $3, gateway = $4::text::inet, dns_servers = $5::text[]::inet[],
                exclusions = $6::text[]::cidr[], sticky_seconds = $7, is_active = $8
            WHERE tenant_id = $1 AND id = $2
            """,
            Self.values(pool)
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }

    /// Removes a pool that never handed a unit out; throws `stillReferenced` for any other, which can be made inactive.
    package func remove(_ pool: IPPool) async throws {
        let rows = try await transaction.query(
            "DELETE FROM ip_pools WHERE tenant_id = $1 AND id = $2",
            [.id(pool.tenantID), .id(pool.id)]
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }

    /// How many units of the pool are out, and how many of those are only kept for their owners.
    package func usage(of pool: IPPool) async throws -> (allocated: Int, reserved: Int) {
        let row = try await transaction.query(
            """
            SELECT count(*) FILTER (WHERE status = 'allocated') AS allocated,
                count(*) FILTER (WHERE status = 'reserved'
                    AND released_at > clock_timestamp() - make_interval(secs => $3)) AS reserved
            FROM ip_allocations WHERE tenant_id = $1 AND pool_id = $2 AND status <> 'released'
            """,
            [.id(pool.tenantID), .id(pool.id), .float8(Double(pool.stickySeconds))]
        ).first
        return (row?["allocated"].int ?? 0, row?["reserved"].int ?? 0)
    }

    private static func values(_ pool: IPPool) -> [PGValue] {
        [
            .id(pool.tenantID), .id(pool.id), .text(pool.name), .text(pool.gateway?.description),
            .textArray(pool.dnsServers.map(\.description)), .textArray(pool.exclusions.map(\.description)),
            .int4(Int32(clamping: pool.stickySeconds)), .bool(pool.isActive),
        ]
    }

    static func pool(_ row: PGRow) throws -> IPPool {
        IPPool(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            name: try row.need("name", \.text),
            range: try row.need("range") { $0.text.flatMap { IPPrefix($0) } },
            use: try row.need("use") { $0.text.flatMap { AddressPool.Use(name: $0) } },
            unitLength: try row.need("unit_length", \.int),
            gateway: row["gateway"].text.flatMap { IPAddress($0) },
            dnsServers: try row.need("dns_servers", \.textArray).compactMap { $0.flatMap { IPAddress($0) } },
            exclusions: try row.need("exclusions", \.textArray).compactMap { $0.flatMap { IPPrefix($0) } },
            stickySeconds: try row.need("sticky_seconds", \.int),
            isActive: try row.need("is_active", \.bool),
            stamp: try row.stamp()
        )
    }
}
