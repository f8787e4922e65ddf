import Domain
import Events
import Notices
import Persistence

/// Who has a new service is told that it is ready and what he is called there. Its password is told by whoever reveals it, which is
/// done once and put on record: mail is kept by others.
enum WelcomePlanning {
    /// Once for each service, however often it is activated.
    static func intent(_ told: LifecycleChanged, _ event: EventEnvelope) -> NoticeIntent? {
        guard told.kind == "activate", told.state == "completed" else { return nil }
        return NoticeIntent(
            tenantID: event.tenantID,
            cause: "welcome:\(told.serviceID)",
            kind: .welcome,
            recipient: .customer(told.customerID),
            facts: [:],
            service: told.serviceID,
            subject: .activation(told.serviceID),
            expiresAt: event.time + NoticeKind.welcome.terms.validity
        )
    }
}
