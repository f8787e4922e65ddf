import Domain
import Events
import Notices
import Persistence

/// A code that stands in for an authenticator: by the way that was asked for, whatever else somebody likes, at any hour, and to where the
/// code itself says.
enum LoginCodePlanning {
    static func intent(_ told: LoginCodeRequested, _ event: EventEnvelope) -> NoticeIntent? {
        guard let channel = NoticeChannel(rawValue: told.channel), channel == .email || channel == .sms else {
            return nil
        }
        let seconds = max(1, (told.expiresAt.microseconds - event.time.microseconds) / 1_000_000)
        return NoticeIntent(
            tenantID: event.tenantID,
            cause: "code:\(told.codeID)",
            kind: .loginCode,
            recipient: .user(told.userID),
            facts: ["valid_for": .duration(seconds: Int(seconds))],
            code: told.codeID,
            channel: channel,
            expiresAt: told.expiresAt
        )
    }

    /// The one row. Its address stays where the code is: a telephone number is in no notice.
    static func row(_ intent: NoticeIntent, _ channel: NoticeChannel, to addressee: NoticeAddressee) -> PlannedNotice {
        var row = PlannedNotice(
            tenantID: intent.tenantID,
            cause: intent.cause,
            kind: intent.kind.rawValue,
            channel: channel.rawValue,
            recipient: intent.recipient,
            expiresAt: intent.expiresAt
        )
        row.language = addressee.language ?? "en"
        row.priority = intent.kind.terms.priority
        row.facts = intent.facts.json()
        row.about = NoticeAbout(code: intent.code).json()
        return row
    }
}
