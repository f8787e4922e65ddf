package import Domain
package import Notices
import Postgres

/// How somebody wants to be told; ``init(tenantID:recipient:)`` is what holds where he says nothing.
package struct NoticePreference: Hashable, Sendable {
    package enum Recipient: Hashable, Sendable {
        case customer(CustomerID)
        case user(UserID)

        package var kind: String { if case .customer = self { "customer" } else { "user" } }

        package var id: UUID128 {
            switch self {
            case .customer(let id): id.value
            case .user(let id): id.value
            }
        }
    }

    package var tenantID: TenantID
    package var recipient: Recipient
    package var language: String?
    package var timeZone: String?
    /// Minutes of the day; both or neither, and never the same.
    package var quietFrom: Int?
    package var quietUntil: Int?
    package var channels: [NoticeChannel]?
    package var refused: Set<NoticeKind.Category> = []
    package var version: Int64 = 0

    package init(tenantID: TenantID, recipient: Recipient) {
        (self.tenantID, self.recipient) = (tenantID, recipient)
    }
}

/// An address that is not written to.
package struct NoticeSuppression: Hashable, Sendable {
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        case bounced, complained, unsubscribed, stopped, manual
    }

    package var tenantID: TenantID
    package var channel: NoticeChannel
    package var digest: [UInt8]
    package var reason: Reason
    /// Nil for everything.
    package var category: NoticeKind.Category?
    package var createdAt: Timestamp?

    package init(
        tenantID: TenantID,
        channel: NoticeChannel,
        digest: [UInt8],
        reason: Reason,
        category: NoticeKind.Category?
    ) {
        (self.tenantID, self.channel, self.digest) = (tenantID, channel, digest)
        (self.reason, self.category) = (reason, category)
    }
}

/// Preferences, suppressions and devices of one scope.
package struct NoticeConsent {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) { self.transaction = transaction }

    // MARK: - Preferences

    private static let columns = "language, time_zone, quiet_from, quiet_until, channels, refused, row_version"

    /// What somebody said; the usual where he said nothing.
    package func preference(
        of recipient: NoticePreference.Recipient,
        in tenant: TenantID,
        forUpdate: Bool = false
    ) async throws -> NoticePreference {
        let empty = NoticePreference(tenantID: tenant, recipient: recipient)
        return try await transaction.query(
            """
            SELECT \(Self.columns) FROM notice_preferences WHERE tenant_id = $1 AND recipient_kind = $2 AND recipient_id = $3
            """ + (forUpdate ? " FOR UPDATE" : ""),
            Self.key(empty)
        ).first.map { try Self.preference($0, empty) } ?? empty
    }

    package func put(_ preference: NoticePreference) async throws -> NoticePreference {
        let rows = try await transaction.query(
            """
            INSERT INTO notice_preferences AS p (tenant_id, recipient_kind, recipient_id, language, time_zone, quiet_from, quiet_until,
                channels, refused)
            VALUES ($1, $2, $3, $4, $5, $6::integer, $7::integer, $8, $9)
            ON CONFLICT (tenant_id, recipient_kind, recipient_id) DO UPDATE SET language = EXCLUDED.language,
                time_zone = EXCLUDED.time_zone, quiet_from = EXCLUDED.quiet_from, quiet_until = EXCLUDED.quiet_until,
                channels = EXCLUDED.channels, refused = EXCLUDED.refused
            RETURNING \(Self.columns)
            """,
            Self.key(preference) + [
                .text(preference.language), .text(preference.timeZone), .number(preference.quietFrom),
                .number(preference.quietUntil),
                preference.channels.map { .textArray($0.map(\.rawValue)) } ?? .null,
                .textArray(preference.refused.map(\.rawValue).sorted()),
            ]
        )
        guard let row = rows.first else { throw PersistenceError.notFound }
        return try Self.preference(row, preference)
    }

    private static func key(_ preference: NoticePreference) -> [PGValue] {
        let id = preference.recipient.id
        return [.id(preference.tenantID), .text(preference.recipient.kind), .uuid(high: id.high, low: id.low)]
    }

    private static func preference(_ row: PGRow, _ empty: NoticePreference) throws -> NoticePreference {
        var preference = empty
        preference.language = row["language"].text
        preference.timeZone = row["time_zone"].text
        preference.quietFrom = row["quiet_from"].int
        preference.quietUntil = row["quiet_until"].int
        preference.channels = row["channels"].textArray?.compactMap { $0.flatMap(NoticeChannel.init(rawValue:)) }
        let refused = try row.need("refused", \.textArray)
        preference.refused = Set(refused.compactMap { $0.flatMap(NoticeKind.Category.init(rawValue:)) })
        preference.version = try row.need("row_version", \.int64)
        return preference
    }

    // MARK: - Suppressions

    /// Up to `limit` of a tenant's, the newest first, older than that moment.
    package func suppressions(
        of tenant: TenantID,
        digest: [UInt8]?,
        before: Timestamp?,
        limit: Int
    ) async throws -> [NoticeSuppression] {
        try await transaction.query(
            """
            SELECT tenant_id, channel, digest, reason, category, created_at FROM notice_suppressions
            WHERE tenant_id = $1 AND ($2::bytea IS NULL OR digest = $2) AND ($3::timestamptz IS NULL OR created_at < $3)
            ORDER BY created_at DESC, digest LIMIT $4
            """,
            [.id(tenant), digest.map { .bytea($0) } ?? .null, .time(before), .int8(Int64(limit))]
        ).map { row in
            var one = NoticeSuppression(
                tenantID: try row.need("tenant_id") { $0.id() },
                channel: try row.choice("channel"),
                digest: try row.need("digest", \.bytes),
                reason: try row.choice("reason"),
                category: row["category"].text.flatMap(NoticeKind.Category.init(rawValue:))
            )
            one.createdAt = row["created_at"].time
            return one
        }
    }

    /// Nothing is written there any more. False where the address stands there already: the older wish stays.
    package func suppress(_ one: NoticeSuppression) async throws -> Bool {
        let rows = try await transaction.query(
            """
            INSERT INTO notice_suppressions (tenant_id, channel, digest, reason, category) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT DO NOTHING RETURNING digest
            """,
            [
                .id(one.tenantID), .text(one.channel.rawValue), .bytea(one.digest), .text(one.reason.rawValue),
                .text(one.category?.rawValue),
            ]
        )
        return !rows.isEmpty
    }

    /// What is there of it is taken away. Returns what was.
    package func allow(
        _ channel: NoticeChannel,
        digest: [UInt8],
        in tenant: TenantID
    ) async throws -> [NoticeSuppression] {
        try await transaction.query(
            """
            DELETE FROM notice_suppressions WHERE tenant_id = $1 AND channel = $2 AND digest = $3
            RETURNING reason, category
            """,
            [.id(tenant), .text(channel.rawValue), .bytea(digest)]
        ).map { row in
            NoticeSuppression(
                tenantID: tenant,
                channel: channel,
                digest: digest,
                reason: try row.choice("reason"),
                category: row["category"].text.flatMap(NoticeKind.Category.init(rawValue:))
            )
        }
    }
}
