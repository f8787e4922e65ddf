package import Crypto
package import Domain
import Events
package import Postgres

/// Carries out deletions whose waiting time is over: first the legal archive, then every row of the tenant, in one
/// transaction (TEN-06, F-20). Nothing undoes it.
package struct TenantPurge: Sendable {
    private let session: PostgresSession
    private let keyring: Keyring
    private let ids: IDGenerator
    private let time: TimeSource
    /// Rows of one archived part.
    private let partRows: Int

    /// `session` logs in as the tables' owner.
    package init(
        _ session: PostgresSession,
        keyring: Keyring,
        ids: IDGenerator,
        time: TimeSource,
        partRows: Int = 2_000
    ) {
        self.session = session
        self.keyring = keyring
        self.ids = ids
        self.time = time
        self.partRows = partRows
    }

    /// What became of a tenant.
    package struct Outcome: Hashable, Sendable {
        /// Rows that were removed, those that went with others not counted.
        package let removed: Int64
        /// The archives that were made.
        package let archives: [UUID128]
    }

    /// Archives and purges a tenant. Throws `TenancyError.deletionNotDue`, `stillReferenced` while tenants stand below
    /// it, and `MoneyLeft` where money came into a wallet, or a bill was issued, since the deletion was asked for. The tenant above is told by event and in its audit trail, in the same transaction.
    package func purge(_ tenant: TenantID, origin: AuditOrigin = .system()) async throws -> Outcome {
        do {
            return try await session.transaction { transaction in
                try await purge(tenant, origin, in: transaction)
            }
        } catch let error as PostgresError {
            if error.constraint == "tenant_deletion_due" { throw TenancyError.deletionNotDue }
            throw PersistenceError(error) ?? error
        }
    }

    private func purge(
        _ tenant: TenantID,
        _ origin: AuditOrigin,
        in transaction: PostgresSessionTransaction
    ) async throws -> Outcome {
        // Before the long work, under the lock that keeps the undoing out.
        let row = try await transaction.query(
            """
            SELECT t.name, t.subdomain, t.parent_id FROM tenants t JOIN tenant_deletions d ON d.tenant_id = t.id
            WHERE t.id = $1 AND d.due_at <= clock_timestamp() FOR UPDATE
            """,
            [.id(tenant)]
        ).first
        guard let row, let parent = row["parent_id"].id(TenantID.self) else { throw TenancyError.deletionNotDue }
        try await transaction.query(
            "SELECT set_config('nexora.tenants', ARRAY[$1::uuid]::text, true)",
            [.id(tenant)]
        )
        try await MoneyLeft.check(tenant, in: ScopedTransaction(transaction))
        let former = Former(
            id: tenant,
            name: try row.need("name", \.text),
            subdomain: try row.need("subdomain", \.text)
        )
        var archives: [UUID128] = []
        for purpose in ArchivePurpose.allCases {
            archives.append(try await archive(former, purpose, transaction))
        }
        let removed = try await transaction.query("SELECT purge_tenant($1) AS removed", [.id(tenant)]).first
        try await tell(former, above: parent, origin, transaction)
        return Outcome(removed: removed?["removed"].int64 ?? 0, archives: archives)
    }

    private struct Former {
        let id: TenantID
        let name: String
        let subdomain: String
    }

    private func archive(
        _ former: Former,
        _ purpose: ArchivePurpose,
        _ transaction: PostgresSessionTransaction
    ) async throws -> UUID128 {
        let id = ids.uuid()
        let key = DataKey()
        let now = time.now()
        try await transaction.query(
            """
            INSERT INTO legal_archives (id, former_tenant_id, name, subdomain, purged_at, purpose, keep_until, sealed_key,
                rows, digest)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9)
            """,
            [
                .uuid(high: id.high, low: id.low), .id(former.id), .text(former.name), .text(former.subdomain),
                .time(now), .text(purpose.rawValue), .time(now + purpose.kept),
                .bytea(try key.sealed(by: keyring, for: LegalArchiveStore.keyPlace(id))),
                .bytea([UInt8](repeating: 0, count: 32)),
            ]
        )
        var part: Int32 = 0
        var rows: Int64 = 0
        var digests: [UInt8] = []
        for source in purpose.sources {
            // A cursor takes no parameter by the extended protocol; the id is one of ours.
            let sql = source.sql.replacing("$1", with: "'\(former.id)'::uuid")
            try await transaction.query(
                "DECLARE archived NO SCROLL CURSOR FOR SELECT row_to_json(s)::text AS line FROM (\(sql)) AS s"
            )
            while true {
                let found = try await transaction.query("FETCH \(partRows) FROM archived")
                guard !found.isEmpty else { break }
                part += 1
                rows += Int64(found.count)
                var clear: [UInt8] = []
                for row in found { clear += Array((row["line"].text ?? "").utf8) + [UInt8(ascii: "\n")] }
                let digest = Digest.sha256(clear)
                digests += digest
                try await transaction.query(
                    """
                    INSERT INTO legal_archive_parts (archive_id, part, source, rows, digest, sealed)
                    VALUES ($1, $2, $3, $4, $5, $6)
                    """,
                    [
                        .uuid(high: id.high, low: id.low), .int4(part), .text(source.name),
                        .int4(Int32(clamping: found.count)), .bytea(digest),
                        .bytea(try key.seal(clear, for: LegalArchiveStore.partPlace(id, part))),
                    ]
                )
            }
            try await transaction.query("CLOSE archived")
        }
        try await transaction.query(
            "UPDATE legal_archives SET rows = $2, digest = $3 WHERE id = $1",
            [.uuid(high: id.high, low: id.low), .int8(rows), .bytea(Digest.sha256(digests))]
        )
        return id
    }

    /// To the tenant above: the event, and the entry in its trail.
    private func tell(
        _ former: Former,
        above parent: TenantID,
        _ origin: AuditOrigin,
        _ transaction: PostgresSessionTransaction
    ) async throws {
        let now = time.now()
        let event = OutboxRow(
            id: ids.next(),
            tenantID: parent,
            aggregateID: former.id.value,
            payload: TenantDeletionChanged(phase: .purged, tenantID: former.id, dueAt: nil),
            createdAt: now
        )
        let entry = AuditEntry(
            id: ids.next(),
            tenantID: parent,
            origin: origin,
            action: .delete,
            resource: AuditResource("tenant", former.id),
            change: .deleted(["name": .text(former.name), "subdomain": .text(former.subdomain)]),
            time: now
        )
        try await transaction.pipeline([
            PGStatement("SET LOCAL ROLE nexora_pipeline"), OutboxRow.insert([event]),
            AuditLog.statement([entry], as: .pipeline),
        ])
    }
}
