package import Crypto
package import Domain
package import Postgres

/// Why something of a tenant that is gone is kept, and for how long.
package enum ArchivePurpose: String, Hashable, Sendable, CaseIterable {
    /// Who did what: 7 years (AUD-02).
    case audit
    /// Who had which address when: 2 years, as long as sessions are kept (ACC-09).
    case connections

    /// How long after the tenant's end.
    package var kept: Duration {
        switch self {
        case .audit: .seconds(7 * 366 * 86_400)
        case .connections: .seconds(2 * 366 * 86_400)
        }
    }

    /// The tables, and what of them, one JSON object a row.
    var sources: [(name: String, sql: String)] {
        switch self {
        case .audit:
            [
                ("tenants", "SELECT * FROM tenants WHERE id = $1"),
                ("audit_logs", "SELECT * FROM audit_logs WHERE tenant_id = $1 ORDER BY number"),
                ("audit_chains", "SELECT * FROM audit_chains WHERE tenant_id = $1"),
                ("audit_checkpoints", "SELECT * FROM audit_checkpoints WHERE tenant_id = $1 ORDER BY number"),
            ]
        case .connections:
            [
                ("customers", "SELECT id, code, name, email, phone, address FROM customers WHERE tenant_id = $1"),
                ("services", "SELECT id, customer_id, username, kind FROM services WHERE tenant_id = $1"),
                ("nas_devices", "SELECT id, name, address, identifier FROM nas_devices WHERE tenant_id = $1"),
                ("sessions", "SELECT * FROM sessions WHERE tenant_id = $1"),
                ("sessions_history", "SELECT * FROM sessions_history WHERE tenant_id = $1"),
                ("ip_allocations", "SELECT * FROM ip_allocations WHERE tenant_id = $1"),
            ]
        }
    }
}

/// What is known of an archive without opening it.
package struct LegalArchive: Hashable, Sendable {
    package let id: UUID128
    package let formerTenantID: TenantID
    package let name: String
    package let subdomain: String
    package let purpose: ArchivePurpose
    package let purgedAt: Timestamp
    package let keepUntil: Timestamp
    /// Nobody can open it any more since then.
    package let shreddedAt: Timestamp?
    package let rows: Int64
}

/// The archive of tenants that are gone (F-20). Works as the tables' owner, on whose session it runs: no other role reaches
/// these tables.
package struct LegalArchiveStore: Sendable {
    private let session: PostgresSession

    /// `session` logs in as the tables' owner.
    package init(_ session: PostgresSession) {
        self.session = session
    }

    /// Every archive, the newest first.
    package func list() async throws -> [LegalArchive] {
        try await session.query(
            """
            SELECT id, former_tenant_id, name, subdomain, purpose, purged_at, keep_until, shredded_at, rows
            FROM legal_archives ORDER BY purged_at DESC, former_tenant_id, purpose
            """
        ).map { row in
            LegalArchive(
                id: UUID128(row["id"]),
                formerTenantID: try row.need("former_tenant_id") { $0.id() },
                name: try row.need("name", \.text),
                subdomain: try row.need("subdomain", \.text),
                purpose: try row.choice("purpose"),
                purgedAt: try row.need("purged_at", \.time),
                keepUntil: try row.need("keep_until", \.time),
                shreddedAt: row["shredded_at"].time,
                rows: try row.need("rows", \.int64)
            )
        }
    }

    /// Opens an archive part by part: the name of the source and lines of JSON. Throws `notFound` when there is none, or its
    /// key was shredded, and `refused` when a part is not what was archived.
    package func read(
        _ id: UUID128,
        keyring: Keyring,
        _ part: (_ source: String, _ lines: [UInt8]) throws -> Void
    ) async throws {
        let header = try await session.query(
            "SELECT sealed_key, digest FROM legal_archives WHERE id = $1",
            [.uuid(high: id.high, low: id.low)]
        ).first
        guard let header, let sealed = header["sealed_key"].bytes else { throw PersistenceError.notFound }
        let key = try DataKey(sealed: sealed, by: keyring, for: Self.keyPlace(id))
        var digests: [UInt8] = []
        var number: Int32 = 0
        while true {
            let row = try await session.query(
                "SELECT source, digest, sealed FROM legal_archive_parts WHERE archive_id = $1 AND part = $2",
                [.uuid(high: id.high, low: id.low), .int4(number + 1)]
            ).first
            guard let row else { break }
            number += 1
            let clear = try key.open(try row.need("sealed", \.bytes), for: Self.partPlace(id, number))
            guard try row.need("digest", \.bytes) == Digest.sha256(clear) else {
                throw PersistenceError.refused(constraint: "legal_archive_parts_digest")
            }
            digests += Digest.sha256(clear)
            try part(try row.need("source", \.text), clear)
        }
        guard try header.need("digest", \.bytes) == Digest.sha256(digests) else {
            throw PersistenceError.refused(constraint: "legal_archives_digest")
        }
    }

    /// Destroys the keys of archives whose time is over, and with them their contents. Returns how many.
    package func shredExpired(now: Timestamp) async throws -> Int {
        try await shred("keep_until <= $1", [.time(now)])
    }

    /// Destroys one archive's key before its time, as erasure asks where no law keeps it.
    package func shred(_ id: UUID128) async throws {
        guard try await shred("id = $1", [.uuid(high: id.high, low: id.low)]) == 1 else {
            throw PersistenceError.notFound
        }
    }

    private func shred(_ condition: String, _ parameters: [PGValue]) async throws -> Int {
        try await session.transaction { transaction in
            let gone = try await transaction.query(
                """
                UPDATE legal_archives SET sealed_key = NULL, shredded_at = clock_timestamp()
                WHERE sealed_key IS NOT NULL AND \(condition) RETURNING id
                """,
                parameters
            )
            // Sealed or not, what nobody can read is not worth its room; its digest stays.
            try await transaction.query(
                "DELETE FROM legal_archive_parts WHERE archive_id = ANY ($1::uuid[])",
                [.uuids(gone.map { UUID128($0["id"]) })]
            )
            return gone.count
        }
    }

    static func keyPlace(_ id: UUID128) -> SealedPlace {
        SealedPlace(table: "legal_archives", column: "sealed_key", row: id.bytes, tenant: [])
    }

    static func partPlace(_ id: UUID128, _ part: Int32) -> SealedPlace {
        let number = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: part >> $0) }
        return SealedPlace(table: "legal_archive_parts", column: "sealed", row: id.bytes + number, tenant: [])
    }
}
