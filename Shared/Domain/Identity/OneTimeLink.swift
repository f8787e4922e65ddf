/// What a link that works once is for.
package enum LinkPurpose: String, Hashable, Sendable, CaseIterable {
    /// Shows that mail to the address arrives.
    case verifyEmail = "verify_email"
    /// Sets a new password without the old one.
    case resetPassword = "reset_password"
    /// Sets the first administrator's password; told once, by `nexora bootstrap`.
    case bootstrap
    /// Sets the first password of an account that somebody else made.
    case invite

    /// The links that choose a password.
    package static let choosingPassword: Set<LinkPurpose> = [.resetPassword, .bootstrap, .invite]

    /// How long such a link works.
    package var lifetime: Duration {
        switch self {
        case .verifyEmail: .seconds(3 * 86_400)
        case .resetPassword: .seconds(3600)
        case .bootstrap: .seconds(86_400)
        case .invite: .seconds(7 * 86_400)
        }
    }
}

/// A link that works once (table one_time_links; IAM-10). Only its digest, and until it is delivered its sealed text, are stored.
package struct OneTimeLink: Hashable, Sendable {
    package var tenantID: TenantID
    package var id: OneTimeLinkID
    package var userID: UserID
    package var purpose: LinkPurpose
    package var createdAt: Timestamp
    package var expiresAt: Timestamp
    /// The address it was made for: one for an address that is the user's no more proves nothing.
    package var email: String

    package init(
        tenantID: TenantID,
        id: OneTimeLinkID,
        userID: UserID,
        purpose: LinkPurpose,
        createdAt: Timestamp,
        expiresAt: Timestamp? = nil,
        email: String
    ) {
        self.tenantID = tenantID
        self.id = id
        self.userID = userID
        self.purpose = purpose
        self.createdAt = createdAt
        self.expiresAt = expiresAt ?? createdAt + purpose.lifetime
        self.email = email
    }
}
