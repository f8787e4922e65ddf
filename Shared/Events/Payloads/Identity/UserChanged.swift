package import Domain
package import WireFormat

/// An account was changed: nexora.identity.v1.UserChanged on `identity.user_changed.<tenant>`.
package struct UserChanged: EventPayload, Hashable {
    package static let type = "nexora.identity.v1.UserChanged"
    package static let subject = "identity.user_changed"

    package var userID: UserID
    /// The row's version; a smaller one is older news.
    package var version: Int64
    /// The columns that changed, such as `role`, `is_active`, `password`.
    package var changed: [String]
    package var actorID: UserID?

    package init(userID: UserID, version: Int64, changed: [String], actorID: UserID? = nil) {
        self.userID = userID
        self.version = version
        self.changed = changed
        self.actorID = actorID
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("userId", userID)
        writer.member("version", version)
        writer.member("changed", changed)
        writer.member("actorId", present: actorID)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var userID: UserID?
        var version = Int64(0)
        var changed = [String]()
        var actorID: UserID?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "userId": userID = try reader.identifier(key)
            case "version": version = try reader.count(key) ?? 0
            case "changed": changed = try reader.texts()
            case "actorId": actorID = try reader.identifier(key)
            default: try reader.skipValue()
            }
        }
        self.init(userID: try required(userID, "userId"), version: version, changed: changed, actorID: actorID)
    }
}
