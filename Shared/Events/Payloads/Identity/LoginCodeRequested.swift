package import Domain
package import WireFormat

/// A code that stands in for an authenticator is to be delivered: nexora.identity.v1.LoginCodeRequested on
/// `identity.login_code_requested.<tenant>`. Neither the code nor where it goes is in it: both lie in table login_codes, the code sealed.
package struct LoginCodeRequested: EventPayload, Hashable {
    package static let type = "nexora.identity.v1.LoginCodeRequested"
    package static let subject = "identity.login_code_requested"

    package var userID: UserID
    package var codeID: LoginCodeID
    /// `email` or `sms`.
    package var channel: String
    package var expiresAt: Timestamp

    package init(userID: UserID, codeID: LoginCodeID, channel: String, expiresAt: Timestamp) {
        self.userID = userID
        self.codeID = codeID
        self.channel = channel
        self.expiresAt = expiresAt
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("userId", userID)
        writer.member("codeId", codeID)
        writer.member("channel", channel)
        writer.member("expiresAt", expiresAt)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var userID: UserID?
        var codeID: LoginCodeID?
        var channel = ""
        var expiresAt: Timestamp?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "userId": userID = try reader.identifier(key)
            case "codeId": codeID = try reader.identifier(key)
            case "channel": channel = try reader.readString()
            case "expiresAt": expiresAt = try reader.timestamp(key)
            default: try reader.skipValue()
            }
        }
        self.init(
            userID: try required(userID, "userId"),
            codeID: try required(codeID, "codeId"),
            channel: channel,
            expiresAt: try required(expiresAt, "expiresAt")
        )
    }
}
