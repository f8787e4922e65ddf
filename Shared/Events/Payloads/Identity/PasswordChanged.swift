package import Domain
package import WireFormat

/// An account has another password than before: nexora.identity.v1.PasswordChanged on `identity.password_changed.<tenant>`. The first
/// password of an account is none. Never tells of a service's password.
package struct PasswordChanged: EventPayload, Hashable {
    package static let type = "nexora.identity.v1.PasswordChanged"
    package static let subject = "identity.password_changed"

    package var userID: UserID
    /// Where it was changed from; empty where that is not known.
    package var sourceAddress: String
    package var actorID: UserID?

    package init(userID: UserID, sourceAddress: String = "", actorID: UserID? = nil) {
        self.userID = userID
        self.sourceAddress = sourceAddress
        self.actorID = actorID
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("userId", userID)
        writer.member("sourceAddress", sourceAddress)
        writer.member("actorId", present: actorID)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var userID: UserID?
        var sourceAddress = ""
        var actorID: UserID?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "userId": userID = try reader.identifier(key)
            case "sourceAddress": sourceAddress = try reader.text() ?? ""
            case "actorId": actorID = try reader.identifier(key)
            default: try reader.skipValue()
            }
        }
        self.init(userID: try required(userID, "userId"), sourceAddress: sourceAddress, actorID: actorID)
    }
}
