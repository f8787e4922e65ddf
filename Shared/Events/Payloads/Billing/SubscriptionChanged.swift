package import Billing
package import Domain
package import WireFormat

/// A subscription is not as it was: nexora.billing.v1.SubscriptionChanged on `billing.subscription_changed.<tenant>`.
package struct SubscriptionChanged: EventPayload, Hashable {
    package static let type = "nexora.billing.v1.SubscriptionChanged"
    package static let subject = "billing.subscription_changed"

    package var subscriptionID: SubscriptionID
    package var customerID: CustomerID
    package var serviceID: ServiceID
    /// The raw value of ``Subscription/State``.
    package var state: String
    package var planID: PlanID
    /// The present period; nil before it is activated.
    package var periodStart: Timestamp?
    package var periodEnd: Timestamp?
    /// The row's version: of two events the one with the higher is the newer.
    package var version: UInt64

    package init(
        subscriptionID: SubscriptionID,
        customerID: CustomerID,
        serviceID: ServiceID,
        state: String,
        planID: PlanID,
        periodStart: Timestamp?,
        periodEnd: Timestamp?,
        version: UInt64
    ) {
        self.subscriptionID = subscriptionID
        self.customerID = customerID
        self.serviceID = serviceID
        self.state = state
        self.planID = planID
        self.periodStart = periodStart
        self.periodEnd = periodEnd
        self.version = version
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("subscriptionId", subscriptionID)
        writer.member("customerId", customerID)
        writer.member("serviceId", serviceID)
        writer.member("state", state)
        writer.member("planId", planID)
        writer.member("periodStart", present: periodStart)
        writer.member("periodEnd", present: periodEnd)
        writer.member("version", version)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var subscriptionID: SubscriptionID?
        var customerID: CustomerID?
        var serviceID: ServiceID?
        var planID: PlanID?
        var state = ""
        var (periodStart, periodEnd): (Timestamp?, Timestamp?) = (nil, nil)
        var version: UInt64 = 0
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "subscriptionId": subscriptionID = try reader.identifier(key)
            case "customerId": customerID = try reader.identifier(key)
            case "serviceId": serviceID = try reader.identifier(key)
            case "state": state = try reader.text() ?? ""
            case "planId": planID = try reader.identifier(key)
            case "periodStart": periodStart = try reader.timestamp(key)
            case "periodEnd": periodEnd = try reader.timestamp(key)
            case "version": version = try reader.unsigned64() ?? 0
            default: try reader.skipValue()
            }
        }
        self.init(
            subscriptionID: try required(subscriptionID, "subscriptionId"),
            customerID: try required(customerID, "customerId"),
            serviceID: try required(serviceID, "serviceId"),
            state: state,
            planID: try required(planID, "planId"),
            periodStart: periodStart,
            periodEnd: periodEnd,
            version: version
        )
    }
}
