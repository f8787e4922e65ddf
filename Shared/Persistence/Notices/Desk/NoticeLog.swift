package import Domain
import Notices
import Postgres

/// The delivery log of one scope, and what people do about it.
package struct NoticeLog {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) { self.transaction = transaction }

    private static let columns = """
        n.tenant_id, n.id, n.kind, n.channel, n.recipient_kind, n.recipient_id, n.address, n.language, n.facts::text AS facts, n.state, \
        n.reason, n.detail, n.attempts, n.next_at, n.provider_id, n.segments, n.template_version, n.campaign_id, n.digest_id, \
        n.resend_of, n.created_at, n.expires_at, n.sent_at, n.ended_at, n.read_at
        """

    /// Up to `limit` rows, the newest first, behind the one named.
    package func list(_ filter: NoticeEntryFilter, after: NoticeEntryID?, limit: Int) async throws -> [NoticeEntry] {
        try await transaction.query(
            """
            SELECT \(Self.columns) FROM notices n
            WHERE ($1::uuid IS NULL OR n.tenant_id = $1) AND ($2::text IS NULL OR n.state = $2)
                AND ($3::text IS NULL OR n.kind = $3) AND ($4::text IS NULL OR n.channel = $4)
                AND ($5::uuid IS NULL OR n.recipient_id = $5)
                AND ($6::uuid IS NULL OR (n.recipient_id = $6 AND n.recipient_kind = 'customer'))
                AND ($7::uuid IS NULL OR n.campaign_id = $7)
                AND ($8::timestamptz IS NULL OR n.created_at >= $8) AND ($9::timestamptz IS NULL OR n.created_at < $9)
                AND ($10::uuid IS NULL OR n.id < $10)
            ORDER BY n.id DESC LIMIT $11
            """,
            [
                .id(filter.tenantID), .text(filter.state?.rawValue), .text(filter.kind?.rawValue),
                .text(filter.channel?.rawValue), Self.uuid(filter.recipientID), .id(filter.customerID),
                Self.uuid(filter.campaignID), .time(filter.since), .time(filter.until), .id(after), .int8(Int64(limit)),
            ]
        ).map(Self.entry)
    }

    /// The row of that id; nil where there is none in sight.
    package func find(_ id: NoticeEntryID, forUpdate: Bool = false) async throws -> NoticeEntry? {
        try await transaction.query(
            "SELECT \(Self.columns) FROM notices n WHERE n.id = $1" + (forUpdate ? " FOR UPDATE" : ""),
            [.id(id)]
        ).first.map(Self.entry)
    }

    /// Each time a provider was asked for it, in order.
    package func trials(of entry: NoticeEntry) async throws -> [NoticeTrial] {
        try await transaction.query(
            """
            SELECT number, provider_id, outcome, reason, detail, at FROM notice_attempts
            WHERE tenant_id = $1 AND notice_id = $2 ORDER BY number LIMIT 200
            """,
            [.id(entry.tenantID), .id(entry.id)]
        ).map { row in
            NoticeTrial(
                number: try row.need("number", \.int),
                providerID: row["provider_id"].id(),
                outcome: try row.need("outcome", \.text),
                reason: row["reason"].text,
                detail: row["detail"].text,
                at: try row.need("at", \.time)
            )
        }
    }

    /// Puts a notice of a person's into the queue: due at once, for the notifier.
    package func insert(_ notice: NewNotice) async throws -> NoticeEntry? {
        let about = notice.account.map { "{\"provider\": \"\($0)\"}" } ?? "{}"
        return try await transaction.query(
            """
            WITH made AS (
                INSERT INTO notices (tenant_id, id, cause, kind, channel, recipient_kind, recipient_id, address, language, priority,
                    facts, about, next_at, created_at, expires_at)
                VALUES ($1, $2, 'request:' || ($2::uuid)::text, $3, $4, $5, $6, $7, $8, $9::smallint, $10::jsonb, $11::jsonb, $12, $12, $13)
                RETURNING tenant_id, id, kind, channel, recipient_kind, recipient_id, address, language, facts, state, reason, detail,
                    attempts, next_at, provider_id, segments, template_version, campaign_id, digest_id, resend_of, created_at,
                    expires_at, sent_at, ended_at, read_at)
            SELECT \(Self.columns) FROM made n
            """,
            [
                .id(notice.tenantID), .id(notice.id), .text(notice.kind.rawValue), .text(notice.channel.rawValue),
                .text(notice.recipientKind.rawValue), Self.uuid(notice.recipientID), .text(notice.address),
                .text(notice.language), .int8(Int64(notice.priority)), .jsonb(notice.facts.json()), .jsonb(about),
                .time(notice.at), .time(notice.expiresAt),
            ]
        ).first.map(Self.entry)
    }

    /// Queues the same once more, as a row of its own that names the first. What stood sealed in that is gone: do not ask it of a kind
    /// with secrets.
    package func sendAgain(
        _ entry: NoticeEntry,
        as id: NoticeEntryID,
        at now: Timestamp,
        until expiry: Timestamp
    ) async throws -> NoticeEntry? {
        try await transaction.query(
            """
            WITH made AS (
                INSERT INTO notices (tenant_id, id, cause, kind, channel, recipient_kind, recipient_id, address, language, priority,
                    facts, about, next_at, campaign_id, resend_of, created_at, expires_at)
                SELECT tenant_id, $3::uuid, 'resend:' || ($3::uuid)::text, kind, channel, recipient_kind, recipient_id, address, language, priority,
                    facts, about, $4::timestamptz, campaign_id, id, $4::timestamptz, $5::timestamptz
                FROM notices WHERE tenant_id = $1 AND id = $2
                RETURNING tenant_id, id, kind, channel, recipient_kind, recipient_id, address, language, facts, state, reason, detail,
                    attempts, next_at, provider_id, segments, template_version, campaign_id, digest_id, resend_of, created_at,
                    expires_at, sent_at, ended_at, read_at)
            SELECT \(Self.columns) FROM made n
            """,
            [.id(entry.tenantID), .id(entry.id), .id(id), .time(now), .time(expiry)]
        ).first.map(Self.entry)
    }

    /// Takes back what has not left. False where it has.
    package func cancel(_ entry: NoticeEntry, at now: Timestamp) async throws -> Bool {
        let rows = try await transaction.query(
            """
            UPDATE notices SET state = 'cancelled', reason = 'by_hand', next_at = NULL, sealed_facts = NULL, ended_at = $3
            WHERE tenant_id = $1 AND id = $2 AND state IN ('queued', 'held') RETURNING id
            """,
            [.id(entry.tenantID), .id(entry.id), .time(now)]
        )
        return !rows.isEmpty
    }

    // MARK: - In the application

    private static let shown = """
        n.tenant_id = $1 AND n.recipient_id = ANY ($2) AND n.channel = 'in_app' AND n.state IN ('sent', 'delivered')
        """

    /// What somebody is told in the pages, the newest first.
    package func told(
        _ recipients: [UUID128],
        in tenant: TenantID,
        onlyUnread: Bool,
        after: NoticeEntryID?,
        limit: Int
    ) async throws -> [NoticeEntry] {
        try await transaction.query(
            """
            SELECT \(Self.columns) FROM notices n WHERE \(Self.shown) AND ($3::uuid IS NULL OR n.id < $3)
                AND (NOT $4 OR n.read_at IS NULL)
            ORDER BY n.id DESC LIMIT $5
            """,
            [.id(tenant), .uuids(recipients), .id(after), .bool(onlyUnread), .int8(Int64(limit))]
        ).map(Self.entry)
    }

    /// How much of that he has not read; no more than 1000 are counted.
    package func unread(_ recipients: [UUID128], in tenant: TenantID) async throws -> Int {
        try await transaction.query(
            "SELECT count(*) AS number FROM (SELECT FROM notices n WHERE \(Self.shown) AND n.read_at IS NULL LIMIT 1000) u",
            [.id(tenant), .uuids(recipients)]
        ).first.flatMap { $0["number"].int } ?? 0
    }

    /// Marks one, or all of them, as read. Returns how many that were.
    package func markRead(
        _ id: NoticeEntryID?,
        of recipients: [UUID128],
        in tenant: TenantID,
        at now: Timestamp
    ) async throws -> Int {
        try await transaction.query(
            """
            UPDATE notices n SET read_at = coalesce(n.read_at, $4) WHERE \(Self.shown) AND ($3::uuid IS NULL OR n.id = $3)
                AND ($3::uuid IS NOT NULL OR n.read_at IS NULL)
            RETURNING n.id
            """,
            [.id(tenant), .uuids(recipients), .id(id), .time(now)]
        ).count
    }

    // MARK: - Rows

    private static func uuid(_ value: UUID128?) -> PGValue {
        value.map { .uuid(high: $0.high, low: $0.low) } ?? .null
    }

    private static func entry(_ row: PGRow) throws -> NoticeEntry {
        func uuid(_ name: String) -> UUID128? { row[name].uuid.map { UUID128(high: $0.high, low: $0.low) } }
        return NoticeEntry(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            kind: try row.need("kind", \.text),
            channel: try row.choice("channel"),
            recipientKind: try row.choice("recipient_kind"),
            recipientID: try row.need("recipient_id") { _ in uuid("recipient_id") },
            address: row["address"].text,
            language: try row.need("language", \.text),
            facts: try row.need("facts", \.text),
            state: try row.choice("state"),
            reason: row["reason"].text,
            detail: row["detail"].text,
            attempts: try row.need("attempts", \.int),
            nextAt: row["next_at"].time,
            providerID: row["provider_id"].id(),
            segments: row["segments"].int,
            templateVersion: row["template_version"].int,
            campaignID: uuid("campaign_id"),
            digestID: row["digest_id"].id(),
            resendOf: row["resend_of"].id(),
            createdAt: try row.need("created_at", \.time),
            expiresAt: try row.need("expires_at", \.time),
            sentAt: row["sent_at"].time,
            endedAt: row["ended_at"].time,
            readAt: row["read_at"].time
        )
    }
}
