package import Domain
package import WireFormat

/// Decisions that ``AccessDecided`` does not show, because more were made than `radius.feed_rate` lets through:
/// nexora.radius.v1.DecisionsSkipped on `radius.skipped.<zero UUID>`, as it is about every tenant's. The event's time is the
/// end of the span.
package struct DecisionsSkipped: EventPayload, Hashable {
    package static let type = "nexora.radius.v1.DecisionsSkipped"
    package static let subject = "radius.skipped"

    package var accepts: UInt64
    package var rejects: UInt64
    /// The span's beginning.
    package var since: Timestamp
    /// The server's name.
    package var server: String

    package init(accepts: UInt64, rejects: UInt64, since: Timestamp, server: String) {
        self.accepts = accepts
        self.rejects = rejects
        self.since = since
        self.server = server
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("accepts", accepts)
        writer.member("rejects", rejects)
        writer.member("since", since)
        writer.member("server", server)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var since: Timestamp?
        var read = DecisionsSkipped(accepts: 0, rejects: 0, since: Timestamp(microseconds: 0), server: "")
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "accepts": read.accepts = try reader.unsigned64() ?? 0
            case "rejects": read.rejects = try reader.unsigned64() ?? 0
            case "since": since = try reader.timestamp(key)
            case "server": read.server = try reader.text() ?? ""
            default: try reader.skipValue()
            }
        }
        read.since = try required(since, "since")
        self = read
    }
}
