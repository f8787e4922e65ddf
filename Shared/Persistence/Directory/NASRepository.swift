package import Domain
import Postgres

/// The NASes of one scope. Their secrets go in sealed and come out sealed: `DirectorySecrets` opens them.
package struct NASRepository {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    static let columns = """
        tenant_id, id, name, address::text AS address, identifier, vendor, coa_port, require_message_authenticator, \
        limit_proxy_state, octets_swapped, ratchets_message_authenticator, auth_rate, auth_burst, is_active, address_pool, ipv6_pool, \
        delegated_ipv6_pool, row_version, created_at, updated_at
        """

    /// Up to `limit` NASes in the order they were made, after the one named.
    package func list(after: NASID? = nil, limit: Int) async throws -> [NAS] {
        try await transaction.query(
            """
            SELECT \(Self.columns) FROM nas_devices WHERE ($1::uuid IS NULL OR id > $1) ORDER BY id LIMIT $2
            """,
            [.id(after), .int8(Int64(limit))]
        ).map(Self.nas)
    }

    /// The NASes of that name: one at most in each tenant of the scope.
    package func find(name: String) async throws -> [NAS] {
        try await transaction.query(
            "SELECT \(Self.columns) FROM nas_devices WHERE name = $1 ORDER BY id",
            [.text(name)]
        ).map(Self.nas)
    }

    /// The NAS of that id, locked against other writers when asked for.
    package func find(_ id: NASID, forUpdate: Bool = false) async throws -> NAS? {
        try await transaction.query(
            "SELECT \(Self.columns) FROM nas_devices WHERE id = $1" + (forUpdate ? " FOR UPDATE" : ""),
            [.id(id)]
        ).first.map(Self.nas)
    }

    /// The NASes that a packet could not be told apart from: the same address or range, the same identifier.
    package func indistinguishable(from nas: NAS) async throws -> [NAS] {
        try await transaction.query(
            """
            SELECT \(Self.columns) FROM nas_devices
            WHERE address = $1::text::cidr AND identifier IS NOT DISTINCT FROM $2 AND id <> $3
            """,
            [.text(nas.address.description), .text(nas.identifier), .id(nas.id)]
        ).map(Self.nas)
    }

    /// Stores a new NAS with its sealed secret.
    package func insert(_ nas: NAS, sealedSecret: [UInt8]) async throws {
        try nas.validate()
        _ = try await transaction.query(
            """
            INSERT INTO nas_devices (tenant_id, id, name, address, identifier, vendor, coa_port,
                require_message_authenticator, limit_proxy_state, octets_swapped, auth_rate, auth_burst, is_active,
                address_pool, ipv6_pool, delegated_ipv6_pool, ratchets_message_authenticator, secret)
            VALUES ($1, $2, $3, $4::text::cidr, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
            """,
            Self.values(nas) + [.bytea(sealedSecret)]
        )
    }

    /// Stores a changed NAS; its secret stays.
    package func update(_ nas: NAS) async throws {
        try nas.validate()
        let rows = try await transaction.query(
            """
            UPDATE nas_devices SET name = $3, address = $4::text::cidr, identifier = $5, vendor = $6, coa_port = $7,
                require_message_authenticator = $8, limit_proxy_state = $9, octets_swapped = $10, auth_rate = $11,
                auth_burst = $12, is_active = $13, address_pool = $14, ipv6_pool = $15, delegated_ipv6_pool = $16,
                ratchets_message_authenticator = $17
            WHERE tenant_id = $1 AND id = $2
            """,
            Self.values(nas)
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }

    /// The sealed secret of a NAS.
    package func sealedSecret(of nas: NAS) async throws -> [UInt8] {
        let rows = try await transaction.query(
            "SELECT secret FROM nas_devices WHERE tenant_id = $1 AND id = $2",
            [.id(nas.tenantID), .id(nas.id)]
        )
        guard let secret = rows.first?["secret"].bytes else { throw PersistenceError.notFound }
        return secret
    }

    /// Gives a NAS another secret.
    package func replaceSecret(of nas: NAS, sealed: [UInt8]) async throws {
        let rows = try await transaction.query(
            "UPDATE nas_devices SET secret = $3 WHERE tenant_id = $1 AND id = $2",
            [.id(nas.tenantID), .id(nas.id), .bytea(sealed)]
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }

    /// Removes a NAS. Its past sessions stay.
    package func remove(_ nas: NAS) async throws {
        let rows = try await transaction.query(
            "DELETE FROM nas_devices WHERE tenant_id = $1 AND id = $2",
            [.id(nas.tenantID), .id(nas.id)]
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }

    private static func values(_ nas: NAS) -> [PGValue] {
        [
            .id(nas.tenantID), .id(nas.id), .text(nas.name), .text(nas.address.description), .text(nas.identifier),
            .text(nas.vendor.rawValue), .int4(Int32(clamping: nas.coaPort)), .bool(nas.requireMessageAuthenticator),
            .bool(nas.limitProxyState), .bool(nas.octetsSwapped),
            nas.authRate.map { .int4(Int32(clamping: $0)) } ?? .null,
            nas.authBurst.map { .int4(Int32(clamping: $0)) } ?? .null, .bool(nas.isActive), .text(nas.addressPool),
            .text(nas.ipv6Pool),
            .text(nas.delegatedIPv6Pool), .bool(nas.ratchetsMessageAuthenticator),
        ]
    }

    static func nas(_ row: PGRow) throws -> NAS {
        NAS(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            name: try row.need("name", \.text),
            address: try row.need("address") { $0.text.flatMap { IPPrefix($0) } },
            identifier: row["identifier"].text,
            vendor: try row.choice("vendor"),
            coaPort: try row.need("coa_port", \.int),
            requireMessageAuthenticator: try row.need("require_message_authenticator", \.bool),
            limitProxyState: try row.need("limit_proxy_state", \.bool),
            octetsSwapped: try row.need("octets_swapped", \.bool),
            ratchetsMessageAuthenticator: try row.need("ratchets_message_authenticator", \.bool),
            authRate: row["auth_rate"].int,
            authBurst: row["auth_burst"].int,
            isActive: try row.need("is_active", \.bool),
            addressPool: row["address_pool"].text,
            ipv6Pool: row["ipv6_pool"].text,
            delegatedIPv6Pool: row["delegated_ipv6_pool"].text,
            stamp: try row.stamp()
        )
    }
}
