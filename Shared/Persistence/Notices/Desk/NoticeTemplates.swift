package import Domain
package import Notices
import Postgres

/// Which words: a kind's, on a channel, in a language.
package struct NoticeTemplatePlace: Hashable, Sendable {
    package var kind: NoticeKind
    package var channel: NoticeChannel
    /// BCP 47, such as `fr` or `pt-BR`.
    package var language: String

    package init(kind: NoticeKind, channel: NoticeChannel, language: String) {
        (self.kind, self.channel, self.language) = (kind, channel, language)
    }
}

/// One version of a tenant's words.
package struct StoredNoticeTemplate: Sendable {
    package var tenantID: TenantID
    package var place: NoticeTemplatePlace
    package var version: Int
    package var template: NoticeTemplate
    package var isCurrent: Bool
    package var createdBy: UUID128
    package var createdAt: Timestamp
}

/// The templates of one scope. Versions are added and never changed; which is current is.
package struct NoticeTemplates {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) { self.transaction = transaction }

    private static let columns =
        "tenant_id, kind, channel, language, version, subject, text, html, is_current, created_by, created_at"

    /// What a tenant says in words of its own now.
    package func current(of tenant: TenantID) async throws -> [StoredNoticeTemplate] {
        try await transaction.query(
            """
            SELECT \(Self.columns) FROM notice_templates WHERE tenant_id = $1 AND is_current
            ORDER BY kind, channel, language LIMIT 5000
            """,
            [.id(tenant)]
        ).compactMap(Self.stored)
    }

    /// What is current of a place in each of those languages, in any order.
    package func current(
        _ place: NoticeTemplatePlace,
        languages: [String],
        of tenant: TenantID
    ) async throws -> [StoredNoticeTemplate] {
        try await transaction.query(
            """
            SELECT \(Self.columns) FROM notice_templates
            WHERE tenant_id = $1 AND kind = $2 AND channel = $3 AND language = ANY ($4) AND is_current
            """,
            [.id(tenant), .text(place.kind.rawValue), .text(place.channel.rawValue), .textArray(languages)]
        ).compactMap(Self.stored)
    }

    /// Every version of a place, the newest first.
    package func versions(_ place: NoticeTemplatePlace, of tenant: TenantID) async throws -> [StoredNoticeTemplate] {
        try await transaction.query(
            """
            SELECT \(Self.columns) FROM notice_templates
            WHERE tenant_id = $1 AND kind = $2 AND channel = $3 AND language = $4 ORDER BY version DESC LIMIT 100
            """,
            Self.key(place, tenant)
        ).compactMap(Self.stored)
    }

    /// Adds a version and makes it the current one. Two at once: `alreadyExists`.
    package func add(
        _ template: NoticeTemplate,
        at place: NoticeTemplatePlace,
        of tenant: TenantID,
        by actor: UUID128
    ) async throws -> StoredNoticeTemplate {
        try await retire(place, of: tenant)
        let rows = try await transaction.query(
            """
            INSERT INTO notice_templates (tenant_id, kind, channel, language, version, subject, text, html, created_by)
            SELECT $1, $2, $3, $4, coalesce(max(version), 0) + 1, $5, $6, $7, $8 FROM notice_templates
            WHERE tenant_id = $1 AND kind = $2 AND channel = $3 AND language = $4
            RETURNING \(Self.columns)
            """,
            Self.key(place, tenant) + [
                .text(template.subject), .text(template.text), .text(template.html),
                .uuid(high: actor.high, low: actor.low),
            ]
        )
        guard let stored = try rows.first.flatMap(Self.stored) else { throw PersistenceError.notFound }
        return stored
    }

    /// Makes an older version the current one; nil goes back to what parents or the product say. False where there is no such version.
    package func turn(
        _ place: NoticeTemplatePlace,
        to version: Int?,
        of tenant: TenantID
    ) async throws -> Bool {
        try await retire(place, of: tenant)
        guard let version else { return true }
        let rows = try await transaction.query(
            """
            UPDATE notice_templates SET is_current = true
            WHERE tenant_id = $1 AND kind = $2 AND channel = $3 AND language = $4 AND version = $5::integer RETURNING version
            """,
            Self.key(place, tenant) + [.int8(Int64(version))]
        )
        return !rows.isEmpty
    }

    private func retire(_ place: NoticeTemplatePlace, of tenant: TenantID) async throws {
        _ = try await transaction.query(
            """
            UPDATE notice_templates SET is_current = false
            WHERE tenant_id = $1 AND kind = $2 AND channel = $3 AND language = $4 AND is_current
            """,
            Self.key(place, tenant)
        )
    }

    private static func key(_ place: NoticeTemplatePlace, _ tenant: TenantID) -> [PGValue] {
        [.id(tenant), .text(place.kind.rawValue), .text(place.channel.rawValue), .text(place.language)]
    }

    private static func stored(_ row: PGRow) throws -> StoredNoticeTemplate? {
        guard let kind = NoticeKind(rawValue: try row.need("kind", \.text)) else { return nil }
        return StoredNoticeTemplate(
            tenantID: try row.need("tenant_id") { $0.id() },
            place: NoticeTemplatePlace(
                kind: kind,
                channel: try row.choice("channel"),
                language: try row.need("language", \.text)
            ),
            version: try row.need("version", \.int),
            template: NoticeTemplate(
                subject: row["subject"].text,
                text: try row.need("text", \.text),
                html: row["html"].text
            ),
            isCurrent: try row.need("is_current", \.bool),
            createdBy: try row.need("created_by") { $0.uuid.map { UUID128(high: $0.high, low: $0.low) } },
            createdAt: try row.need("created_at", \.time)
        )
    }
}
