package import Domain
package import Postgres

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
