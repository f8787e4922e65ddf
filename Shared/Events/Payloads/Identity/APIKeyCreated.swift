package import Domain
package import WireFormat

/// A key for programs was made: nexora.identity.v1.APIKeyCreated on `identity.api_key_created.<tenant>`.
package struct APIKeyCreated: EventPayload, Hashable {
    package static let type = "nexora.identity.v1.APIKeyCreated"
    package static let subject = "identity.api_key_created"

    package var keyID: APIKeyID
    package var userID: UserID
    /// The eight characters that tell keys apart.
    package var prefix: String
    package var scopes: [String]
    package var expiresAt: Timestamp?
    package var actorID: UserID?
    /// The key in whose place it was made.
    package var replacesID: APIKeyID?

    package init(
        keyID: APIKeyID,
        userID: UserID,
        prefix: String,
        scopes: [String],
        expiresAt: Timestamp? = nil,
        actorID: UserID? = nil,
        replacesID: APIKeyID? = nil
    ) {
        self.keyID = keyID
        self.userID = userID
        self.prefix = prefix
        self.scopes = scopes
        self.expiresAt = expiresAt
        self.actorID = actorID
        self.replacesID = replacesID
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("keyId", keyID)
        writer.member("userId", userID)
        writer.member("prefix", prefix)
        writer.member("scopes", scopes)
        writer.member("expiresAt", present: expiresAt)
        writer.member("actorId", present: actorID)
        writer.member("replacesId", present: replacesID)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var keyID: APIKeyID?
        var userID: UserID?
        var prefix = ""
        var scopes = [String]()
        var expiresAt: Timestamp?
        var actorID: UserID?
        var replacesID: APIKeyID?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "keyId": keyID = try reader.identifier(key)
            case "userId": userID = try reader.identifier(key)
            case "prefix": prefix = try reader.text() ?? ""
            case "scopes": scopes = try reader.texts()
            case "expiresAt": expiresAt = try reader.timestamp(key)
            case "actorId": actorID = try reader.identifier(key)
            case "replacesId": replacesID = try reader.identifier(key)
            default: try reader.skipValue()
            }
        }
        guard !prefix.isEmpty else { throw .missingMember("prefix") }
        self.init(
            keyID: try required(keyID, "keyId"),
            userID: try required(userID, "userId"),
            prefix: prefix,
            scopes: scopes,
            expiresAt: expiresAt,
            actorID: actorID,
            replacesID: replacesID
        )
    }
}
