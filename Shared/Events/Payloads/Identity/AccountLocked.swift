package import Domain
package import WireFormat

/// An account was locked after failed logins: nexora.identity.v1.AccountLocked on `identity.locked.<tenant>`.
package struct AccountLocked: EventPayload, Hashable {
    package static let type = "nexora.identity.v1.AccountLocked"
    package static let subject = "identity.locked"

    package var userID: UserID
    package var until: Timestamp
    /// In a row.
    package var failures: UInt32
    package var sourceAddress: String

    package init(userID: UserID, until: Timestamp, failures: UInt32, sourceAddress: String = "") {
        self.userID = userID
        self.until = until
        self.failures = failures
        self.sourceAddress = sourceAddress
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("userId", userID)
        writer.member("until", until)
        writer.member("failures", failures)
        writer.member("sourceAddress", sourceAddress)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var userID: UserID?
        var until: Timestamp?
        var failures = UInt32(0)
        var sourceAddress = ""
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "userId": userID = try reader.identifier(key)
            case "until": until = try reader.timestamp(key)
            case "failures": failures = try reader.unsigned32(key) ?? 0
            case "sourceAddress": sourceAddress = try reader.text() ?? ""
            default: try reader.skipValue()
            }
        }
        self.init(
            userID: try required(userID, "userId"),
            until: try required(until, "until"),
            failures: failures,
            sourceAddress: sourceAddress
        )
    }
}
