package import Domain
package import WireFormat

/// An account was removed: nexora.identity.v1.UserDeleted on `identity.user_deleted.<tenant>`.
package struct UserDeleted: EventPayload, Hashable {
    package static let type = "nexora.identity.v1.UserDeleted"
    package static let subject = "identity.user_deleted"

    package var userID: UserID
    package var actorID: UserID?

    package init(userID: UserID, actorID: UserID? = nil) {
        self.userID = userID
        self.actorID = actorID
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("userId", userID)
        writer.member("actorId", present: actorID)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var userID: UserID?
        var actorID: UserID?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "userId": userID = try reader.identifier(key)
            case "actorId": actorID = try reader.identifier(key)
            default: try reader.skipValue()
            }
        }
        self.init(userID: try required(userID, "userId"), actorID: actorID)
    }
}
