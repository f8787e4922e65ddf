package import Domain
package import WireFormat

/// Somebody signed in: nexora.identity.v1.LoginSucceeded on `identity.login_succeeded.<tenant>`.
package struct LoginSucceeded: EventPayload, Hashable {
    package static let type = "nexora.identity.v1.LoginSucceeded"
    package static let subject = "identity.login_succeeded"

    package var userID: UserID
    package var sessionID: LoginSessionID
    /// `password`, `totp`, `recovery_code`, `email_code` or `sms_code`: the last that was asked for.
    package var method: String
    package var sourceAddress: String

    package init(userID: UserID, sessionID: LoginSessionID, method: String, sourceAddress: String = "") {
        self.userID = userID
        self.sessionID = sessionID
        self.method = method
        self.sourceAddress = sourceAddress
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("userId", userID)
        writer.member("sessionId", sessionID)
        writer.member("method", method)
        writer.member("sourceAddress", sourceAddress)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var userID: UserID?
        var sessionID: LoginSessionID?
        var method = ""
        var sourceAddress = ""
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "userId": userID = try reader.identifier(key)
            case "sessionId": sessionID = try reader.identifier(key)
            case "method": method = try reader.text() ?? ""
            case "sourceAddress": sourceAddress = try reader.text() ?? ""
            default: try reader.skipValue()
            }
        }
        guard !method.isEmpty else { throw .missingMember("method") }
        self.init(
            userID: try required(userID, "userId"),
            sessionID: try required(sessionID, "sessionId"),
            method: method,
            sourceAddress: sourceAddress
        )
    }
}
