package import Domain
package import WireFormat

/// A NAS's row was made stricter because of what the NAS sends: nexora.radius.v1.NASTightened on `radius.tightened.<tenant>`.
package struct NASTightened: EventPayload, Hashable {
    package static let type = "nexora.radius.v1.NASTightened"
    package static let subject = "radius.tightened"

    package var nasID: NASID
    package var nasName: String
    /// What is asked for from now on, such as `require-message-authenticator`.
    package var setting: String
    /// Who did it: `ratchet` or `operator`.
    package var actor: String
    /// How many requests of the NAS it rests on.
    package var requests: UInt64

    package init(nasID: NASID, nasName: String, setting: String, actor: String, requests: UInt64) {
        self.nasID = nasID
        self.nasName = nasName
        self.setting = setting
        self.actor = actor
        self.requests = requests
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("nasId", nasID)
        writer.member("nasName", nasName)
        writer.member("setting", setting)
        writer.member("actor", actor)
        writer.member("requests", requests)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var nasID: NASID?
        var read = NASTightened(nasID: NASID(.zero), nasName: "", setting: "", actor: "", requests: 0)
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "nasId": nasID = try reader.identifier(key)
            case "nasName": read.nasName = try reader.text() ?? ""
            case "setting": read.setting = try reader.text() ?? ""
            case "actor": read.actor = try reader.text() ?? ""
            case "requests": read.requests = try reader.unsigned64() ?? 0
            default: try reader.skipValue()
            }
        }
        read.nasID = try required(nasID, "nasId")
        guard !read.setting.isEmpty else { throw .missingMember("setting") }
        self = read
    }
}
