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
        ).map { row in
            PushDevice(
                id: try row.need("id") { $0.id() },
                platform: try row.choice("platform"),
                createdAt: try row.need("created_at", \.time),
                lastSeenAt: try row.need("last_seen_at", \.time)
            )
        }
    }

    /// The device that was seen last; nil where he has none.
    package func newest(of recipient: NoticePreference.Recipient, in tenant: TenantID) async throws -> PushTokenID? {
        try await list(of: recipient, in: tenant).first?.id
    }

    private static func key(_ recipient: NoticePreference.Recipient, _ tenant: TenantID) -> [PGValue] {
        [.id(tenant), .text(recipient.kind), .uuid(high: recipient.id.high, low: recipient.id.low)]
    }
}
