package import Domain
package import WireFormat

/// A link that sets a new password is to be delivered: nexora.identity.v1.PasswordResetRequested on
/// `identity.password_reset_requested.<tenant>`. Its token lies sealed in table one_time_links.
package struct PasswordResetRequested: EventPayload, Hashable {
    package static let type = "nexora.identity.v1.PasswordResetRequested"
    package static let subject = "identity.password_reset_requested"

    package var userID: UserID
    package var linkID: OneTimeLinkID
    package var expiresAt: Timestamp

    package init(userID: UserID, linkID: OneTimeLinkID, expiresAt: Timestamp) {
        self.userID = userID
        self.linkID = linkID
        self.expiresAt = expiresAt
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("userId", userID)
        writer.member("linkId", linkID)
        writer.member("expiresAt", expiresAt)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var userID: UserID?
        var linkID: OneTimeLinkID?
        var expiresAt: Timestamp?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "userId": userID = try reader.identifier(key)
            case "linkId": linkID = try reader.identifier(key)
            case "expiresAt": expiresAt = try reader.timestamp(key)
            default: try reader.skipValue()
            }
        }
        self.init(
            userID: try required(userID, "userId"),
            linkID: try required(linkID, "linkId"),
            expiresAt: try required(expiresAt, "expiresAt")
        )
    }
}
