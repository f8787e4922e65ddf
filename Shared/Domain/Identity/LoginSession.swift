/// A login on one device: the family of refresh tokens that follow one another (tables login_sessions, refresh_tokens).
package struct LoginSession: Hashable, Sendable {
    package var tenantID: TenantID
    package var id: LoginSessionID
    package var userID: UserID
    package var createdAt: Timestamp
    package var lastUsedAt: Timestamp
    /// Beyond that no refresh prolongs it.
    package var expiresAt: Timestamp
    package var sourceAddress: String
    package var userAgent: String
    package var end: End?

    package init(
        tenantID: TenantID,
        id: LoginSessionID,
        userID: UserID,
        createdAt: Timestamp,
        lastUsedAt: Timestamp? = nil,
        expiresAt: Timestamp,
        sourceAddress: String,
        userAgent: String,
        end: End? = nil
    ) {
        self.tenantID = tenantID
        self.id = id
        self.userID = userID
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt ?? createdAt
        self.expiresAt = expiresAt
        self.sourceAddress = sourceAddress
        self.userAgent = userAgent
        self.end = end
    }

    /// When and why it ended.
    package struct End: Hashable, Sendable {
        package var at: Timestamp
        package var reason: LogoutReason

        package init(at: Timestamp, reason: LogoutReason) {
            self.at = at
            self.reason = reason
        }
    }

    package func isLive(at now: Timestamp) -> Bool { end == nil && now < expiresAt }
}

/// Why a login's session ended; a stable word.
package enum LogoutReason: String, Hashable, Sendable, CaseIterable {
    case logout
    /// "Log out everywhere."
    case everywhere
    /// A refresh token came a second time: it, or its successor, is in a stranger's hands (IAM-05).
    case tokenReused = "token_reused"
    case passwordChanged = "password_changed"
    /// The account was disabled, removed or given another role.
    case accountChanged = "account_changed"
    /// By somebody else.
    case revoked
}

/// How long tokens live (IAM-03).
package struct TokenLifetimes: Hashable, Sendable {
    package var access: Duration
    package var refresh: Duration
    /// The longest a session lives however often it is refreshed.
    package var session: Duration

    package init(
        access: Duration = .seconds(900),
        refresh: Duration = .seconds(7 * 86_400),
        session: Duration = .seconds(30 * 86_400)
    ) {
        self.access = access
        self.refresh = refresh
        self.session = session
    }
}
