package import Domain
import Events
import Postgres

/// The links of one scope that work once.
package struct OneTimeLinkRepository {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// Stores a new link in place of the user's open one for the same purpose. `sealedToken` is for whoever delivers it, nil
    /// where it was told already. Events name the link and never hold it.
    package func issue(
        _ link: OneTimeLink,
        hash: [UInt8],
        sealedToken: [UInt8]?,
        _ change: IdentityChange
    ) async throws {
        // Of two at once the later waits here, so that one open link is left.
        _ = try await transaction.query(
            "SELECT FROM users WHERE tenant_id = $1 AND id = $2 FOR UPDATE",
            [.id(link.tenantID), .id(link.userID)]
        )
        _ = try await transaction.query(
            """
            UPDATE one_time_links SET replaced_at = $4, sealed_token = NULL
            WHERE tenant_id = $1 AND user_id = $2 AND purpose = $3 AND used_at IS NULL AND replaced_at IS NULL
            """,
            [.id(link.tenantID), .id(link.userID), .text(link.purpose.rawValue), .time(change.now)]
        )
        _ = try await transaction.query(
            """
            INSERT INTO one_time_links (tenant_id, id, user_id, purpose, email, hash, sealed_token, created_at, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            [
                .id(link.tenantID), .id(link.id), .id(link.userID), .text(link.purpose.rawValue), .text(link.email),
                .bytea(hash), .optional(sealedToken) { .bytea($0) }, .time(link.createdAt), .time(link.expiresAt),
            ]
        )
        switch link.purpose {
        case .resetPassword:
            let event = PasswordResetRequested(userID: link.userID, linkID: link.id, expiresAt: link.expiresAt)
            try await transaction.announce(event, tenant: link.tenantID, about: link.userID.value, change)
        case .verifyEmail:
            let event = EmailVerificationRequested(userID: link.userID, linkID: link.id, expiresAt: link.expiresAt)
            try await transaction.announce(event, tenant: link.tenantID, about: link.userID.value, change)
        case .invite:
            let event = UserInvited(
                userID: link.userID,
                linkID: link.id,
                expiresAt: link.expiresAt,
                actorID: change.actorID
            )
            try await transaction.announce(event, tenant: link.tenantID, about: link.userID.value, change)
        case .bootstrap: break
        }
    }

    /// Uses a link up. Nil when there is none of that id and digest for the purpose in that very tenant, or it was used,
    /// replaced or is too old: of any number at once one gets it.
    package func consume(
        _ id: OneTimeLinkID,
        in tenant: TenantID,
        hash: [UInt8],
        for purposes: Set<LinkPurpose>,
        at now: Timestamp
    ) async throws -> OneTimeLink? {
        try await transaction.query(
            """
            UPDATE one_time_links SET used_at = $5, sealed_token = NULL
            WHERE tenant_id = $1 AND id = $2 AND hash = $3 AND purpose = ANY ($4::text[]) AND used_at IS NULL
                AND replaced_at IS NULL AND expires_at > $5
            RETURNING \(Self.columns)
            """,
            [.id(tenant), .id(id), .bytea(hash), .textArray(purposes.map(\.rawValue)), .time(now)]
        ).first.map(Self.link)
    }

    /// The link that ``consume(_:in:hash:for:at:)`` would use up, left as it is.
    package func find(
        _ id: OneTimeLinkID,
        in tenant: TenantID,
        hash: [UInt8],
        for purposes: Set<LinkPurpose>,
        at now: Timestamp
    ) async throws -> OneTimeLink? {
        try await transaction.query(
            """
            SELECT \(Self.columns) FROM one_time_links
            WHERE tenant_id = $1 AND id = $2 AND hash = $3 AND purpose = ANY ($4::text[]) AND used_at IS NULL
                AND replaced_at IS NULL AND expires_at > $5
            """,
            [.id(tenant), .id(id), .bytea(hash), .textArray(purposes.map(\.rawValue)), .time(now)]
        ).first.map(Self.link)
    }

    /// How many links for a purpose were made for somebody since, and when the last was.
    package func made(
        for user: User,
        _ purpose: LinkPurpose,
        since time: Timestamp
    ) async throws -> (count: Int, last: Timestamp?) {
        let row = try await transaction.query(
            """
            SELECT count(*)::integer AS count, max(created_at) AS last FROM one_time_links
            WHERE tenant_id = $1 AND user_id = $2 AND purpose = $3 AND created_at > $4
            """,
            [.id(user.tenantID), .id(user.id), .text(purpose.rawValue), .time(time)]
        ).first
        return (row?["count"].int ?? 0, row?["last"].time)
    }

    /// Somebody's open links for those purposes open nothing any more.
    package func void(of user: User, _ purposes: Set<LinkPurpose>, at now: Timestamp) async throws {
        _ = try await transaction.query(
            """
            UPDATE one_time_links SET replaced_at = $4, sealed_token = NULL
            WHERE tenant_id = $1 AND user_id = $2 AND purpose = ANY ($3::text[]) AND used_at IS NULL
                AND replaced_at IS NULL
            """,
            [.id(user.tenantID), .id(user.id), .textArray(purposes.map(\.rawValue)), .time(now)]
        )
    }

    private static let columns = "tenant_id, id, user_id, purpose, email, created_at, expires_at"

    private static func link(_ row: PGRow) throws -> OneTimeLink {
        OneTimeLink(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            userID: try row.need("user_id") { $0.id() },
            purpose: try row.choice("purpose"),
            createdAt: try row.need("created_at", \.time),
            expiresAt: try row.need("expires_at", \.time),
            email: try row.need("email", \.text)
        )
    }

    /// The sealed text of a link that is still to be delivered; nil when it was delivered, used or replaced.
    package func sealedToken(of id: OneTimeLinkID, in tenant: TenantID) async throws -> [UInt8]? {
        try await transaction.query(
            "SELECT sealed_token FROM one_time_links WHERE tenant_id = $1 AND id = $2",
            [.id(tenant), .id(id)]
        ).first?["sealed_token"].bytes
    }

    /// Forgets links that are too old to be of use.
    package func forget(before time: Timestamp) async throws -> Int {
        try await transaction.query("DELETE FROM one_time_links WHERE expires_at < $1", [.time(time)]).affectedRows
    }
}
