package import Domain

/// Whose a notice is.
package enum NoticeRecipient: Hashable, Sendable {
    case user(UserID)
    case customer(CustomerID)

    /// `notices.recipient_kind`.
    package var kind: String {
        switch self {
        case .user: "user"
        case .customer: "customer"
        }
    }

    package var id: UUID128 {
        switch self {
        case .user(let id): id.value
        case .customer(let id): id.value
        }
    }
}
