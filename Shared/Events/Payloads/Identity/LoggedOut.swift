package import Domain
package import WireFormat

/// Sessions of somebody ended: nexora.identity.v1.LoggedOut on `identity.logged_out.<tenant>`.
package struct LoggedOut: EventPayload, Hashable {
    package static let type = "nexora.identity.v1.LoggedOut"
    package static let subject = "identity.logged_out"

    package var userID: UserID
    package var sessionIDs: [LoginSessionID]
    /// A `LogoutReason`'s word.
    package var reason: String
    /// Where it was not the user himself.
    package var actorID: UserID?

    package init(userID: UserID, sessionIDs: [LoginSessionID], reason: String, actorID: UserID? = nil) {
        self.userID = userID
        self.sessionIDs = sessionIDs
        self.reason = reason
        self.actorID = actorID
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("userId", userID)
        writer.member("sessionIds", sessionIDs)
        writer.member("reason", reason)
        writer.member("actorId", present: actorID)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var userID: UserID?
        var sessionIDs = [LoginSessionID]()
        var reason = ""
        var actorID: UserID?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "userId": userID = try reader.identifier(key)
            case "sessionIds": sessionIDs = try reader.identifiers(key)
            case "reason": reason = try reader.text() ?? ""
            case "actorId": actorID = try reader.identifier(key)
            default: try reader.skipValue()
            }
        }
        guard !reason.isEmpty else { throw .missingMember("reason") }
        self.init(userID: try required(userID, "userId"), sessionIDs: sessionIDs, reason: reason, actorID: actorID)
    }
}
