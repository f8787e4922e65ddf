package import Domain
package import WireFormat

/// What became of something that somebody was to be told: nexora.notice.v1.NoticeEnded on `notice.ended.<tenant>`, once for each
/// notice, and once more where its provider tells later what became of it. Carries no address and no words.
package struct NoticeEnded: EventPayload, Hashable {
    package static let type = "nexora.notice.v1.NoticeEnded"
    package static let subject = "notice.ended"

    package var noticeID: NoticeID
    /// What was told, such as `bill_due`.
    package var kind: String
    package var channel: String
    /// `customer`, `user` or `team`.
    package var recipientKind: String
    package var recipientID: UUID128
    package var state: String
    /// A stable word; empty where it was sent.
    package var reason: String
    /// How often a provider would not take it for its own sake.
    package var attempts: UInt32

    package init(
        noticeID: NoticeID,
        kind: String,
        channel: String,
        recipientKind: String,
        recipientID: UUID128,
        state: String,
        reason: String = "",
        attempts: UInt32 = 0
    ) {
        self.noticeID = noticeID
        self.kind = kind
        self.channel = channel
        self.recipientKind = recipientKind
        self.recipientID = recipientID
        self.state = state
        self.reason = reason
        self.attempts = attempts
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("noticeId", noticeID)
        writer.member("kind", kind)
        writer.member("channel", channel)
        writer.member("recipientKind", recipientKind)
        writer.member("recipientId", ID<IDTag.Event>(recipientID))
        writer.member("state", state)
        writer.member("reason", reason)
        writer.member("attempts", attempts)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var id: NoticeID?
        var recipient: ID<IDTag.Event>?
        var read = NoticeEnded(
            noticeID: NoticeID(.zero),
            kind: "",
            channel: "",
            recipientKind: "",
            recipientID: .zero,
            state: ""
        )
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "noticeId": id = try reader.identifier(key)
            case "kind": read.kind = try reader.text() ?? ""
            case "channel": read.channel = try reader.text() ?? ""
            case "recipientKind": read.recipientKind = try reader.text() ?? ""
            case "recipientId": recipient = try reader.identifier(key)
            case "state": read.state = try reader.text() ?? ""
            case "reason": read.reason = try reader.text() ?? ""
            case "attempts": read.attempts = try reader.unsigned32(key) ?? 0
            default: try reader.skipValue()
            }
        }
        read.noticeID = try required(id, "noticeId")
        read.recipientID = try required(recipient, "recipientId").value
        self = read
    }
}
