package import Domain
package import WireFormat

/// What a service may do on the network changed: nexora.access.v1.AccessChanged on `access.changed.<tenant>`. The rows that
/// decide about logins were changed in the same commit; this says why.
package struct AccessChanged: EventPayload, Hashable {
    package static let type = "nexora.access.v1.AccessChanged"
    package static let subject = "access.changed"

    package enum Effect: Hashable, Sendable, CaseIterable {
        /// Logins are refused.
        case blocked
        /// Slower than its plan says.
        case throttled
        /// Faster than its plan says.
        case boosted
        /// As its plan says, again.
        case restored
    }

    package enum Cause: Hashable, Sendable, CaseIterable {
        /// A bill is overdue beyond its grace, or was paid.
        case unpaid
        /// A quota of its plan is used up, or its window is over.
        case quota
        /// A boost began or ended.
        case boost
        /// A pause began or ended.
        case pause
        /// Somebody decided so.
        case manual
    }

    package var serviceID: ServiceID
    package var customerID: CustomerID
    package var effect: Effect
    package var cause: Cause
    /// When it ends by itself, where that is known.
    package var until: Timestamp?
    /// The service's version with this change, where it was changed: what directory.changed says for the same.
    package var version: UInt64

    package init(
        serviceID: ServiceID,
        customerID: CustomerID,
        effect: Effect,
        cause: Cause,
        until: Timestamp? = nil,
        version: UInt64 = 0
    ) {
        self.serviceID = serviceID
        self.customerID = customerID
        self.effect = effect
        self.cause = cause
        self.until = until
        self.version = version
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("serviceId", serviceID)
        writer.member("customerId", customerID)
        writer.member("effect", effect)
        writer.member("cause", cause)
        writer.member("until", present: until)
        writer.member("version", version)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var serviceID: ServiceID?
        var customerID: CustomerID?
        var effect: Effect?
        var cause: Cause?
        var until: Timestamp?
        var version: UInt64 = 0
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "serviceId": serviceID = try reader.identifier(key)
            case "customerId": customerID = try reader.identifier(key)
            case "effect": effect = try reader.choice(key)
            case "cause": cause = try reader.choice(key)
            case "until": until = try reader.timestamp(key)
            case "version": version = try reader.unsigned64() ?? 0
            default: try reader.skipValue()
            }
        }
        self.init(
            serviceID: try required(serviceID, "serviceId"),
            customerID: try required(customerID, "customerId"),
            effect: try required(effect, "effect"),
            cause: try required(cause, "cause"),
            until: until,
            version: version
        )
    }
}

extension AccessChanged.Effect: ProtoEnum {
    var protoName: StaticString {
        switch self {
        case .blocked: "EFFECT_BLOCKED"
        case .throttled: "EFFECT_THROTTLED"
        case .boosted: "EFFECT_BOOSTED"
        case .restored: "EFFECT_RESTORED"
        }
    }

    var protoNumber: UInt64 {
        switch self {
        case .blocked: 1
        case .throttled: 2
        case .boosted: 3
        case .restored: 4
        }
    }
}

extension AccessChanged.Cause: ProtoEnum {
    var protoName: StaticString {
        switch self {
        case .unpaid: "CAUSE_UNPAID"
        case .quota: "CAUSE_QUOTA"
        case .boost: "CAUSE_BOOST"
        case .pause: "CAUSE_PAUSE"
        case .manual: "CAUSE_MANUAL"
        }
    }

    var protoNumber: UInt64 {
        switch self {
        case .unpaid: 1
        case .quota: 2
        case .boost: 3
        case .pause: 4
        case .manual: 5
        }
    }
}
