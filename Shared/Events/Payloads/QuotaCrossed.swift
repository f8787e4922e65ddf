package import Domain
package import WireFormat

/// A service used so much of a quota of its plan: nexora.quota.v1.QuotaCrossed on `quota.crossed.<tenant>`, once for each
/// threshold and window.
package struct QuotaCrossed: EventPayload, Hashable {
    package static let type = "nexora.quota.v1.QuotaCrossed"
    package static let subject = "quota.crossed"

    package var serviceID: ServiceID
    package var customerID: CustomerID
    package var quotaID: UUID128
    /// `octets` or `seconds`.
    package var resource: String
    package var windowStart: Timestamp
    package var windowEnd: Timestamp
    /// In percent of the allowance: 80, 95 or 100.
    package var threshold: UInt32
    package var used: Int64
    /// What the window holds, with what was bought on top.
    package var allowance: Int64
    /// What happens at 100 percent: `throttle`, `block`, `bill` or `tell`.
    package var policy: String

    package init(
        serviceID: ServiceID,
        customerID: CustomerID,
        quotaID: UUID128,
        resource: String,
        windowStart: Timestamp,
        windowEnd: Timestamp,
        threshold: UInt32,
        used: Int64,
        allowance: Int64,
        policy: String
    ) {
        self.serviceID = serviceID
        self.customerID = customerID
        self.quotaID = quotaID
        self.resource = resource
        self.windowStart = windowStart
        self.windowEnd = windowEnd
        self.threshold = threshold
        self.used = used
        self.allowance = allowance
        self.policy = policy
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("serviceId", serviceID)
        writer.member("customerId", customerID)
        writer.key("quotaId")
        writer.value(quotaID)
        writer.member("resource", resource)
        writer.member("windowStart", windowStart)
        writer.member("windowEnd", windowEnd)
        writer.member("threshold", threshold)
        writer.member("used", used)
        writer.member("allowance", allowance)
        writer.member("policy", policy)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var serviceID: ServiceID?
        var customerID: CustomerID?
        var quotaID: UUID128?
        var (resource, policy) = ("", "")
        var windowStart: Timestamp?
        var windowEnd: Timestamp?
        var threshold: UInt32 = 0
        var (used, allowance): (Int64, Int64) = (0, 0)
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "serviceId": serviceID = try reader.identifier(key)
            case "customerId": customerID = try reader.identifier(key)
            case "quotaId": quotaID = try reader.uuid(key)
            case "resource": resource = try reader.text() ?? ""
            case "windowStart": windowStart = try reader.timestamp(key)
            case "windowEnd": windowEnd = try reader.timestamp(key)
            case "threshold": threshold = try reader.unsigned32(key) ?? 0
            case "used": used = try reader.count(key) ?? 0
            case "allowance": allowance = try reader.count(key) ?? 0
            case "policy": policy = try reader.text() ?? ""
            default: try reader.skipValue()
            }
        }
        self.init(
            serviceID: try required(serviceID, "serviceId"),
            customerID: try required(customerID, "customerId"),
            quotaID: try required(quotaID, "quotaId"),
            resource: resource,
            windowStart: try required(windowStart, "windowStart"),
            windowEnd: try required(windowEnd, "windowEnd"),
            threshold: threshold,
            used: used,
            allowance: allowance,
            policy: policy
        )
    }
}
