package import Domain
package import WireFormat

/// A key for programs opens nothing any more: nexora.identity.v1.APIKeyRevoked on `identity.api_key_revoked.<tenant>`.
package struct APIKeyRevoked: EventPayload, Hashable {
    package static let type = "nexora.identity.v1.APIKeyRevoked"
    package static let subject = "identity.api_key_revoked"

    package var keyID: APIKeyID
    package var userID: UserID
    package var actorID: UserID?

    package init(keyID: APIKeyID, userID: UserID, actorID: UserID? = nil) {
        self.keyID = keyID
        self.userID = userID
        self.actorID = actorID
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("keyId", keyID)
        writer.member("userId", userID)
        writer.member("actorId", present: actorID)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var keyID: APIKeyID?
        var userID: UserID?
        var actorID: UserID?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "keyId": keyID = try reader.identifier(key)
            case "userId": userID = try reader.identifier(key)
            case "actorId": actorID = try reader.identifier(key)
            default: try reader.skipValue()
            }
        }
        self.init(keyID: try required(keyID, "keyId"), userID: try required(userID, "userId"), actorID: actorID)
    }
}
