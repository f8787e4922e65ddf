package import Domain
package import WireFormat

/// A link that lets somebody choose his first password is to be delivered: nexora.identity.v1.UserInvited on
/// `identity.user_invited.<tenant>`. Its token lies sealed in table one_time_links.
package struct UserInvited: EventPayload, Hashable {
    package static let type = "nexora.identity.v1.UserInvited"
    package static let subject = "identity.user_invited"

    package var userID: UserID
    package var linkID: OneTimeLinkID
    package var expiresAt: Timestamp
    package var actorID: UserID?

    package init(userID: UserID, linkID: OneTimeLinkID, expiresAt: Timestamp, actorID: UserID? = nil) {
        self.userID = userID
        self.linkID = linkID
        self.expiresAt = expiresAt
        self.actorID = actorID
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("userId", userID)
        writer.member("linkId", linkID)
        writer.member("expiresAt", expiresAt)
        writer.member("actorId", present: actorID)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var userID: UserID?
        var linkID: OneTimeLinkID?
        var expiresAt: Timestamp?
        var actorID: UserID?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "userId": userID = try reader.identifier(key)
            case "linkId": linkID = try reader.identifier(key)
            case "expiresAt": expiresAt = try reader.timestamp(key)
            case "actorId": actorID = try reader.identifier(key)
            default: try reader.skipValue()
            }
        }
        self.init(
            userID: try required(userID, "userId"),
            linkID: try required(linkID, "linkId"),
            expiresAt: try required(expiresAt, "expiresAt"),
            actorID: actorID
        )
    }
}
