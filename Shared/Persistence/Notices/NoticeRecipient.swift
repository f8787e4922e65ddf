package import Domain

/// Whose a notice is.
package enum NoticeRecipient: Hashable, Sendable {
    case user(UserID)
    case customer(CustomerID)
    /// Those of the tenant's users whose roles its rule names: in plans only, each becomes an addressee of his own.
    case staff
    /// The tenant's Slack.
    case team(TenantID)

    /// `notices.recipient_kind`.
    package var kind: String {
        switch self {
        case .user: "user"
        case .customer: "customer"
        case .staff: "staff"
        case .team: "team"
        }
    }

    package var id: UUID128 {
        switch self {
        case .user(let id): id.value
        case .customer(let id): id.value
        case .staff: .zero
        case .team(let id): id.value
        }
    }
}
