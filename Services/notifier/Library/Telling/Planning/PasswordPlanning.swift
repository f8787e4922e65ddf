import Domain
import Events
import Notices

/// Whose password is another one is told so, whoever changed it: it may not have been he.
enum PasswordPlanning {
    static func intent(_ told: PasswordChanged, _ event: EventEnvelope) -> NoticeIntent {
        var facts: NoticeFacts = ["at": .instant(event.time)]
        if !told.sourceAddress.isEmpty { facts["source"] = .text(told.sourceAddress) }
        return NoticePlanner.account(.passwordChanged, told.userID, facts, event)
    }
}
