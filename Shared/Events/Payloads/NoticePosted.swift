package import Domain
package import WireFormat

/// A user has something new to read in the pages: nexora.notice.v1.NoticePosted on `notice.posted.<tenant>`. Carries its id alone: the
/// page fetches it.
package struct NoticePosted: EventPayload, Hashable {
    package static let type = "nexora.notice.v1.NoticePosted"
    package static let subject = "notice.posted"

    package var noticeID: NoticeID
    package var userID: UserID
    /// What is told, such as `bill_due`.
    package var kind: String

    package init(noticeID: NoticeID, userID: UserID, kind: String) {
        self.noticeID = noticeID
        self.userID = userID
        self.kind = kind
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("noticeId", noticeID)
        writer.member("userId", userID)
        writer.member("kind", kind)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var id: NoticeID?
        var user: UserID?
        var kind = ""
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "noticeId": id = try reader.identifier(key)
            case "userId": user = try reader.identifier(key)
            case "kind": kind = try reader.text() ?? ""
            default: try reader.skipValue()
            }
        }
        self.init(noticeID: try required(id, "noticeId"), userID: try required(user, "userId"), kind: kind)
    }
}
