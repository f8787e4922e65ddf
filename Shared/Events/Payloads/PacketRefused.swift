package import Domain
package import WireFormat

/// Packets were left without an answer: nexora.radius.v1.PacketRefused on `radius.refused.<tenant>`, with the zero UUID for
/// tenant when the sender is nobody's. Rate-limited: ``count`` packets stand behind one event.
package struct PacketRefused: EventPayload, Hashable {
    package static let type = "nexora.radius.v1.PacketRefused"
    package static let subject = "radius.refused"

    /// A stable word such as `unknown_nas`, the same as the metric's label.
    package var reason: String
    package var sourceAddress: String
    package var nasID: NASID?
    package var nasName: String?
    /// The RADIUS code of the packet; 0 when it was too short to have one.
    package var code: UInt32
    package var count: UInt64
    /// What an engineer can do about it.
    package var remedy: String
    /// Which socket it came to: `auth` or `acct`.
    package var socket: String

    package init(
        reason: String,
        sourceAddress: String,
        nasID: NASID? = nil,
        nasName: String? = nil,
        code: UInt32,
        count: UInt64,
        remedy: String,
        socket: String = ""
    ) {
        self.reason = reason
        self.sourceAddress = sourceAddress
        self.nasID = nasID
        self.nasName = nasName
        self.code = code
        self.count = count
        self.remedy = remedy
        self.socket = socket
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("reason", reason)
        writer.member("sourceAddress", sourceAddress)
        writer.member("nasId", present: nasID)
        writer.member("nasName", present: nasName)
        writer.member("code", code)
        writer.member("count", count)
        writer.member("remedy", remedy)
        writer.member("socket", socket)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var read = PacketRefused(reason: "", sourceAddress: "", code: 0, count: 0, remedy: "")
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "reason": read.reason = try reader.text() ?? ""
            case "sourceAddress": read.sourceAddress = try reader.text() ?? ""
            case "nasId": read.nasID = try reader.identifier(key)
            case "nasName": read.nasName = try reader.text()
            case "code": read.code = try reader.unsigned32(key) ?? 0
            case "count": read.count = try reader.unsigned64() ?? 0
            case "remedy": read.remedy = try reader.text() ?? ""
            case "socket": read.socket = try reader.text() ?? ""
            default: try reader.skipValue()
            }
        }
        guard !read.reason.isEmpty else { throw .missingMember("reason") }
        self = read
    }
}
