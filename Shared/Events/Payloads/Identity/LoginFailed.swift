package import Domain
package import WireFormat

/// A login was refused: nexora.identity.v1.LoginFailed on `identity.login_failed.<tenant>`.
package struct LoginFailed: EventPayload, Hashable {
    package static let type = "nexora.identity.v1.LoginFailed"
    package static let subject = "identity.login_failed"

    /// Nil where there is no such account.
    package var userID: UserID?
    /// A `LoginRefusal`'s word.
    package var reason: String
    package var sourceAddress: String

    package init(userID: UserID? = nil, reason: String, sourceAddress: String = "") {
        self.userID = userID
        self.reason = reason
        self.sourceAddress = sourceAddress
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("userId", present: userID)
        writer.member("reason", reason)
        writer.member("sourceAddress", sourceAddress)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var userID: UserID?
        var reason = ""
        var sourceAddress = ""
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "userId": userID = try reader.identifier(key)
            case "reason": reason = try reader.text() ?? ""
            case "sourceAddress": sourceAddress = try reader.text() ?? ""
            default: try reader.skipValue()
            }
        }
        guard !reason.isEmpty else { throw .missingMember("reason") }
        self.init(userID: userID, reason: reason, sourceAddress: sourceAddress)
    }
}
