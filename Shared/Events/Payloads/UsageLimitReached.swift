package import WireFormat

/// A tenant's projects used so much of what its platform plan allows: nexora.usage.v1.UsageLimitReached on
/// `usage.limit_reached.<tenant>`, once for each resource, threshold and month.
package struct UsageLimitReached: EventPayload, Hashable {
    package static let type = "nexora.usage.v1.UsageLimitReached"
    package static let subject = "usage.limit_reached"

    /// `free` or `pro`.
    package var plan: String
    /// `traffic` or `storage`.
    package var resource: String
    /// The month of UTC: 1 to 12.
    package var year: UInt32
    package var month: UInt32
    /// In percent of the limit: 80 is a warning, 95 critical, at 100 it is reached.
    package var threshold: UInt32
    /// In octets, as is the limit.
    package var used: Int64
    package var limit: Int64

    package init(
        plan: String,
        resource: String,
        year: UInt32,
        month: UInt32,
        threshold: UInt32,
        used: Int64,
        limit: Int64
    ) {
        self.plan = plan
        self.resource = resource
        self.year = year
        self.month = month
        self.threshold = threshold
        self.used = used
        self.limit = limit
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("plan", plan)
        writer.member("resource", resource)
        writer.member("year", year)
        writer.member("month", month)
        writer.member("threshold", threshold)
        writer.member("used", used)
        writer.member("limit", limit)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var read = Self(plan: "", resource: "", year: 0, month: 0, threshold: 0, used: 0, limit: 0)
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "plan": read.plan = try reader.text() ?? ""
            case "resource": read.resource = try reader.text() ?? ""
            case "year": read.year = try reader.unsigned32(key) ?? 0
            case "month": read.month = try reader.unsigned32(key) ?? 0
            case "threshold": read.threshold = try reader.unsigned32(key) ?? 0
            case "used": read.used = try reader.count(key) ?? 0
            case "limit": read.limit = try reader.count(key) ?? 0
            default: try reader.skipValue()
            }
        }
        self = read
    }
}
