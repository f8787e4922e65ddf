package import Domain
package import WireFormat

/// An account was made: nexora.identity.v1.UserCreated on `identity.user_created.<tenant>`.
package struct UserCreated: EventPayload, Hashable {
    package static let type = "nexora.identity.v1.UserCreated"
    package static let subject = "identity.user_created"

    package var userID: UserID
    package var role: String
    package var actorID: UserID?

    package init(userID: UserID, role: String, actorID: UserID? = nil) {
        self.userID = userID
        self.role = role
        self.actorID = actorID
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("userId", userID)
        writer.member("role", role)
        writer.member("actorId", present: actorID)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var userID: UserID?
        var role = ""
        var actorID: UserID?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "userId": userID = try reader.identifier(key)
            case "role": role = try reader.text() ?? ""
            case "actorId": actorID = try reader.identifier(key)
            default: try reader.skipValue()
            }
        }
        guard !role.isEmpty else { throw .missingMember("role") }
        self.init(userID: try required(userID, "userId"), role: role, actorID: actorID)
    }
}
