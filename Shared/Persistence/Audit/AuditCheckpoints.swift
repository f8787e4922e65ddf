package import Crypto
package import Domain
import Postgres

/// A checkpoint with the signature that makes it one.
package struct SignedCheckpoint: Hashable, Sendable {
    package let checkpoint: AuditCheckpoint
    package let signature: KeyringSignature

    package init(_ checkpoint: AuditCheckpoint, _ signature: KeyringSignature) {
        self.checkpoint = checkpoint
        self.signature = signature
    }
}

/// Signs places of the chains of one scope. Once a day is enough: what was added since the last one can be cut off by who
/// owns the database, nothing before it.
package struct AuditCheckpoints {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// Signs the end of every chain of the scope that moved since its last checkpoint, and the last entry of every month
    /// that ended and has none, which lets retention drop it one day. Returns what was signed.
    package func sign(with keyring: Keyring, now: Timestamp) async throws -> [SignedCheckpoint] {
        let rows = try await transaction.query(Self.due)
        var signed: [SignedCheckpoint] = []
        for row in rows {
            let checkpoint = AuditCheckpoint(
                tenantID: try row.need("tenant_id") { $0.id() },
                number: try row.need("number", \.int64),
                hash: try row.need("hash", \.bytes),
                recordedAt: try row.need("recorded_at", \.time),
                signedAt: now
            )
            signed.append(
                SignedCheckpoint(checkpoint, try keyring.sign(checkpoint.signedOctets, for: .auditCheckpoint))
            )
        }
        guard !signed.isEmpty else { return [] }
        _ = try await transaction.query(
            """
            INSERT INTO audit_checkpoints (tenant_id, number, hash, recorded_at, signed_at, key_id, signature)
            SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::timestamptz[], $5::timestamptz[], $6::bigint[],
                $7::bytea[])
            """,
            [
                .uuids(signed.map(\.checkpoint.tenantID.value)), .int8Array(signed.map(\.checkpoint.number)),
                .byteaArray(signed.map(\.checkpoint.hash)),
                .timestamptzArray(signed.map(\.checkpoint.recordedAt.microseconds)),
                .timestamptzArray(signed.map(\.checkpoint.signedAt.microseconds)),
                .int8Array(signed.map { Int64($0.signature.keyID) }), .byteaArray(signed.map(\.signature.octets)),
            ]
        )
        return signed
    }

    /// The checkpoints of one chain in its order.
    package func list(of tenant: TenantID) async throws -> [SignedCheckpoint] {
        try await transaction.query(
            "SELECT \(Self.columns) FROM audit_checkpoints WHERE tenant_id = $1 ORDER BY number, signed_at",
            [.id(tenant)]
        ).map(Self.checkpoint)
    }

    /// The newest checkpoint of every chain of the scope, whoever signed it.
    package func newest() async throws -> [SignedCheckpoint] {
        try await transaction.query(
            """
            SELECT DISTINCT ON (tenant_id) \(Self.columns) FROM audit_checkpoints
            ORDER BY tenant_id, number DESC, signed_at DESC
            """
        ).map(Self.checkpoint)
    }

    private static let columns = "tenant_id, number, hash, recorded_at, signed_at, key_id, signature"

    private static func checkpoint(_ row: PGRow) throws -> SignedCheckpoint {
        SignedCheckpoint(
            AuditCheckpoint(
                tenantID: try row.need("tenant_id") { $0.id() },
                number: try row.need("number", \.int64),
                hash: try row.need("hash", \.bytes),
                recordedAt: try row.need("recorded_at", \.time),
                signedAt: try row.need("signed_at", \.time)
            ),
            KeyringSignature(
                keyID: try row.need("key_id") { $0.int64.flatMap { UInt32(exactly: $0) } },
                octets: try row.need("signature", \.bytes)
            )
        )
    }

    /// The newest entry of every chain, and of every month behind its newest checkpoint, where no checkpoint is yet. The
    /// lateral part reads one entry a month from the end of the index.
    private static let due = """
        WITH ends AS (
            SELECT c.tenant_id, c.number, c.hash, c.recorded_at,
                coalesce((SELECT max(p.recorded_at) FROM audit_checkpoints p WHERE p.tenant_id = c.tenant_id),
                    (SELECT min(l.recorded_at) FROM audit_logs l WHERE l.tenant_id = c.tenant_id)) AS vouched_at
            FROM audit_chains c WHERE c.number > c.dropped_number
        ), months AS (
            SELECT e.tenant_id, l.number, l.hash, l.recorded_at
            FROM ends e CROSS JOIN LATERAL generate_series(date_trunc('month', e.vouched_at AT TIME ZONE 'UTC'),
                (date_trunc('month', e.recorded_at AT TIME ZONE 'UTC') - interval '1 month'), interval '1 month') AS m (first)
            CROSS JOIN LATERAL (
                SELECT number, hash, recorded_at FROM audit_logs
                WHERE tenant_id = e.tenant_id AND recorded_at >= m.first AT TIME ZONE 'UTC'
                    AND recorded_at < (m.first + interval '1 month') AT TIME ZONE 'UTC'
                ORDER BY recorded_at DESC, number DESC LIMIT 1
            ) AS l
        )
        SELECT d.tenant_id, d.number, d.hash, d.recorded_at
        FROM (SELECT tenant_id, number, hash, recorded_at FROM ends UNION SELECT * FROM months) AS d
        WHERE NOT EXISTS (SELECT FROM audit_checkpoints p WHERE p.tenant_id = d.tenant_id AND p.number = d.number)
        ORDER BY d.tenant_id, d.number
        """
}
