package import Domain
package import Postgres

/// What a notice's words are made with, as it is in this moment.
package struct NoticeBackground: Hashable, Sendable {
    package var tenantName: String
    package var settings: TenantSettings
    package var recipientName: String?
    /// The recipient's own zone; nil for the tenant's.
    package var timeZone: String?

    package init(tenantName: String, settings: TenantSettings, recipientName: String?, timeZone: String?) {
        self.tenantName = tenantName
        self.settings = settings
        self.recipientName = recipientName
        self.timeZone = timeZone
    }
}

/// Words that a tenant has in place of the product's.
package struct NoticeWords: Hashable, Sendable {
    package var language: String
    package var subject: String?
    package var text: String
    package var html: String?

    package init(language: String, subject: String?, text: String, html: String?) {
        self.language = language
        self.subject = subject
        self.text = text
        self.html = html
    }
}

/// A link that a notice carries.
package struct NoticeLink: Hashable, Sendable {
    package var purpose: LinkPurpose
    package var userID: UserID
    package var email: String
    package var expiresAt: Timestamp
    /// Nobody followed it, and no newer one took its place.
    package var isOpen: Bool
    /// Gone once it was sent.
    package var sealedToken: [UInt8]?

    package init(
        purpose: LinkPurpose,
        userID: UserID,
        email: String,
        expiresAt: Timestamp,
        isOpen: Bool,
        sealedToken: [UInt8]?
    ) {
        self.purpose = purpose
        self.userID = userID
        self.email = email
        self.expiresAt = expiresAt
        self.isOpen = isOpen
        self.sealedToken = sealedToken
    }
}

/// Reads, as the notifier's role, what stands behind notices just before they are sent.
package struct NoticeSources: Sendable {
    let executor: any PGExecutor

    package init(_ executor: any PGExecutor) {
        self.executor = executor
    }

    /// Nil where there is no such recipient any more, or the user may not sign in any more.
    package func background(of notice: ClaimedNotice) async throws(StorageFault) -> NoticeBackground? {
        try await guardedRows {
            try await executor.query(
                """
                SELECT t.name, t.settings::text AS settings, coalesce(u.name, c.name) AS recipient, p.time_zone
                FROM tenants t
                LEFT JOIN users u ON $2 = 'user' AND u.tenant_id = t.id AND u.id = $3 AND u.is_active AND u.deleted_at IS NULL
                LEFT JOIN customers c ON $2 = 'customer' AND c.tenant_id = t.id AND c.id = $3 AND c.deleted_at IS NULL
                    AND c.erased_at IS NULL
                LEFT JOIN notice_preferences p ON p.tenant_id = t.id AND p.recipient_kind = $2 AND p.recipient_id = $3
                WHERE t.id = $1 AND ($2 = 'team' OR u.id IS NOT NULL OR c.id IS NOT NULL)
                """,
                [.id(notice.tenantID), .text(notice.recipientKind), Self.uuid(notice.recipientID)]
            ).first.map { row in
                NoticeBackground(
                    tenantName: try row.need("name", \.text),
                    settings: TenantSettingsJSON.read(try row.need("settings", \.text)),
                    recipientName: row["recipient"].text,
                    timeZone: row["time_zone"].text
                )
            }
        }
    }

    /// The words that the tenant or, where it has none in that language, its nearest ancestor uses, at most one set for each language.
    package func words(
        of tenant: TenantID,
        kind: String,
        channel: String,
        languages: [String]
    ) async throws(StorageFault) -> [NoticeWords] {
        try await guardedRows {
            try await executor.query(
                """
                WITH RECURSIVE \(NoticeSQL.line)
                SELECT DISTINCT ON (w.language) w.language, w.subject, w.text, w.html
                FROM line JOIN notice_templates w ON w.tenant_id = line.id AND w.kind = $2 AND w.channel = $3 AND w.is_current
                    AND w.language = ANY ($4::text[])
                ORDER BY w.language, line.distance
                """,
                [.id(tenant), .text(kind), .text(channel), .textArray(languages)]
            ).map { row in
                NoticeWords(
                    language: try row.need("language", \.text),
                    subject: row["subject"].text,
                    text: try row.need("text", \.text),
                    html: row["html"].text
                )
            }
        }
    }

    /// Whether an address is not written to: what of that category is told, or all of it. Who only unsubscribed is still told what nobody
    /// may refuse; who complained, or cannot be reached, is not.
    package func isSuppressed(
        _ digest: [UInt8],
        channel: String,
        category: String,
        mayBeRefused: Bool,
        in tenant: TenantID
    ) async throws(StorageFault) -> Bool {
        try await guardedRows {
            try await executor.query(
                """
                WITH RECURSIVE \(NoticeSQL.line)
                SELECT FROM line JOIN notice_suppressions s ON s.tenant_id = line.id AND s.channel = $2 AND s.digest = $3
                WHERE CASE line.distance WHEN 0 THEN s.category = $4 OR s.category IS NULL AND ($5 OR s.reason <> 'unsubscribed')
                    ELSE s.reason = 'stopped' END LIMIT 1
                """,
                [.id(tenant), .text(channel), .bytea(digest), .text(category), .bool(mayBeRefused)]
            ).first != nil
        }
    }

    /// Nil where there is none any more.
    package func link(_ id: OneTimeLinkID, in tenant: TenantID) async throws(StorageFault) -> NoticeLink? {
        try await guardedRows {
            try await executor.query(
                """
                SELECT purpose, user_id, email, expires_at, used_at IS NULL AND replaced_at IS NULL AS is_open, sealed_token
                FROM one_time_links WHERE tenant_id = $1 AND id = $2
                """,
                [.id(tenant), .id(id)]
            ).first.map { row in
                NoticeLink(
                    purpose: try row.choice("purpose"),
                    userID: try row.need("user_id") { $0.id() },
                    email: try row.need("email", \.text),
                    expiresAt: try row.need("expires_at", \.time),
                    isOpen: try row.need("is_open", \.bool),
                    sealedToken: row["sealed_token"].bytes
                )
            }
        }
    }

    static func uuid(_ id: UUID128) -> PGValue { .uuid(high: id.high, low: id.low) }
}
