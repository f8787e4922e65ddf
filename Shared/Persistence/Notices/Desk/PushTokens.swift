package import Domain
import Postgres

/// A device that somebody lets us push to, without its token: that is sealed, and opened by the notifier alone.
package struct PushDevice: Hashable, Sendable {
    package enum Platform: String, Hashable, Sendable, CaseIterable { case android, ios, web }

    package var id: PushTokenID
    package var platform: Platform
    package var createdAt: Timestamp
    package var lastSeenAt: Timestamp
}

/// The devices of one scope.
package struct PushTokens {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) { self.transaction = transaction }

    /// Somebody's devices, the last seen first.
    package func list(of recipient: NoticePreference.Recipient, in tenant: TenantID) async throws -> [PushDevice] {
        try await transaction.query(
            """
            SELECT id, platform, created_at, last_seen_at FROM push_tokens
            WHERE tenant_id = $1 AND recipient_kind = $2 AND recipient_id = $3 ORDER BY last_seen_at DESC, id LIMIT 100
            """,
            Self.key(recipient, tenant)
        ).map(Self.device)
    }

    private static func device(_ row: PGRow) throws -> PushDevice {
        PushDevice(
            id: try row.need("id") { $0.id() },
            platform: try row.choice("platform"),
            createdAt: try row.need("created_at", \.time),
            lastSeenAt: try row.need("last_seen_at", \.time)
        )
    }

    /// What one may have; of more the one that was seen longest ago is forgotten.
    package static let most = 20

    /// Remembers a device as somebody's, whoever had it before: it is in his hands now. Its row is the one of its token.
    package func register(
        _ token: (digest: [UInt8], sealed: [UInt8]),
        on platform: PushDevice.Platform,
        of recipient: NoticePreference.Recipient,
        in tenant: TenantID,
        at now: Timestamp
    ) async throws -> PushDevice {
        let rows = try await transaction.query(
            """
            INSERT INTO push_tokens AS d (tenant_id, recipient_kind, recipient_id, digest, sealed_token, platform, created_at, last_seen_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
            ON CONFLICT (tenant_id, digest) DO UPDATE SET sealed_token = $5, recipient_kind = $2, recipient_id = $3, last_seen_at = $7
            RETURNING id, platform, created_at, last_seen_at
            """,
            Self.key(recipient, tenant) + [
                .bytea(token.digest), .bytea(token.sealed), .text(platform.rawValue), .time(now),
            ]
        )
        guard let row = rows.first else { throw PersistenceError.notFound }
        _ = try await transaction.query(
            """
            DELETE FROM push_tokens WHERE tenant_id = $1 AND id IN (
                SELECT id FROM push_tokens WHERE tenant_id = $1 AND recipient_kind = $2 AND recipient_id = $3
                ORDER BY last_seen_at DESC, id DESC OFFSET $4)
            """,
            Self.key(recipient, tenant) + [.int8(Int64(Self.most))]
        )
        return try Self.device(row)
    }

    /// Forgets one of somebody's devices. False where he has none of that id.
    package func remove(_ id: PushTokenID, of recipient: NoticePreference.Recipient, in tenant: TenantID) async throws
        -> Bool
    {
        try await transaction.query(
            "DELETE FROM push_tokens WHERE tenant_id = $1 AND recipient_kind = $2 AND recipient_id = $3 AND id = $4",
            Self.key(recipient, tenant) + [.id(id)]
        ).affectedRows == 1
    }

    /// The device that was seen last; nil where he has none.
    package func newest(of recipient: NoticePreference.Recipient, in tenant: TenantID) async throws -> PushTokenID? {
        try await list(of: recipient, in: tenant).first?.id
    }

    private static func key(_ recipient: NoticePreference.Recipient, _ tenant: TenantID) -> [PGValue] {
        [.id(tenant), .text(recipient.kind), .uuid(high: recipient.id.high, low: recipient.id.low)]
    }
}
