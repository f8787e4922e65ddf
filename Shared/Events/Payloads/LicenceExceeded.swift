package import Domain
package import WireFormat

/// A tenant and those below it have more than its licence allows, or the licence is over: nexora.tenancy.v1.LicenceExceeded on
/// `tenancy.licence.<tenant>`, once, when it begins.
package struct LicenceExceeded: EventPayload, Hashable {
    package static let type = "nexora.tenancy.v1.LicenceExceeded"
    package static let subject = "tenancy.licence"

    package var plan: String
    /// `subscribers`, `nases`, `tenants` or `sessions`; nil when the licence is over.
    package var resource: String?
    package var used: UInt32
    package var limit: UInt32
    /// The tenant is suspended then, unless it is mended.
    package var suspendsAt: Timestamp

    package init(plan: String, resource: String?, used: Int, limit: Int, suspendsAt: Timestamp) {
        self.plan = plan
        self.resource = resource
        self.used = UInt32(clamping: used)
        self.limit = UInt32(clamping: limit)
        self.suspendsAt = suspendsAt
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("plan", plan)
        writer.member("resource", present: resource)
        writer.member("used", used)
        writer.member("limit", limit)
        writer.member("suspendsAt", suspendsAt)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var plan: String?
        var suspendsAt: Timestamp?
        var read = LicenceExceeded(plan: "", resource: nil, used: 0, limit: 0, suspendsAt: .epoch)
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "plan": plan = try reader.text()
            case "resource": read.resource = try reader.text()
            case "used": read.used = try reader.unsigned32(key) ?? 0
            case "limit": read.limit = try reader.unsigned32(key) ?? 0
            case "suspendsAt": suspendsAt = try reader.timestamp(key)
            default: try reader.skipValue()
            }
        }
        read.plan = try required(plan, "plan")
        read.suspendsAt = try required(suspendsAt, "suspendsAt")
        self = read
    }
}
