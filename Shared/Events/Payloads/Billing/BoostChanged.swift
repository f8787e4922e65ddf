package import Billing
package import Domain
package import WireFormat

/// A boost was asked for or is not as it was: nexora.billing.v1.BoostChanged on `billing.boost_changed.<tenant>`.
package struct BoostChanged: EventPayload, Hashable {
    package static let type = "nexora.billing.v1.BoostChanged"
    package static let subject = "billing.boost_changed"

    package var boostID: BoostID
    package var subscriptionID: SubscriptionID
    package var customerID: CustomerID
    package var serviceID: ServiceID
    /// The raw value of ``Boost/State``.
    package var state: String
    /// The plan that it gives.
    package var planID: PlanID
    package var amount: Money
    /// The days it is for; nil before it is approved.
    package var periodStart: Timestamp?
    package var periodEnd: Timestamp?
    /// Why it was rejected, as somebody wrote it; empty otherwise.
    package var note: String
    /// The row's version: of two events the one with the higher is the newer.
    package var version: UInt64

    package init(
        boostID: BoostID,
        subscriptionID: SubscriptionID,
        customerID: CustomerID,
        serviceID: ServiceID,
        state: String,
        planID: PlanID,
        amount: Money,
        periodStart: Timestamp?,
        periodEnd: Timestamp?,
        note: String,
        version: UInt64
    ) {
        self.boostID = boostID
        self.subscriptionID = subscriptionID
        self.customerID = customerID
        self.serviceID = serviceID
        self.state = state
        self.planID = planID
        self.amount = amount
        self.periodStart = periodStart
        self.periodEnd = periodEnd
        self.note = note
        self.version = version
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("boostId", boostID)
        writer.member("subscriptionId", subscriptionID)
        writer.member("customerId", customerID)
        writer.member("serviceId", serviceID)
        writer.member("state", state)
        writer.member("planId", planID)
        writer.member("amount", amount.tenThousandths)
        writer.member("currency", amount.currency.code)
        writer.member("periodStart", present: periodStart)
        writer.member("periodEnd", present: periodEnd)
        writer.member("note", note)
        writer.member("version", version)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var members = Members()
        try reader.readMembers { reader, key throws(JSONError) in try members.read(key, from: &reader) }
        guard let currency = try? Currency(members.currency) else { throw .invalidMember("currency") }
        guard let amount = try? Money(tenThousandths: members.amount, currency: currency) else {
            throw .invalidMember("amount")
        }
        self.init(
            boostID: try required(members.boostID, "boostId"),
            subscriptionID: try required(members.subscriptionID, "subscriptionId"),
            customerID: try required(members.customerID, "customerId"),
            serviceID: try required(members.serviceID, "serviceId"),
            state: members.state,
            planID: try required(members.planID, "planId"),
            amount: amount,
            periodStart: members.periodStart,
            periodEnd: members.periodEnd,
            note: members.note,
            version: members.version
        )
    }

    private struct Members {
        var boostID: BoostID?
        var subscriptionID: SubscriptionID?
        var customerID: CustomerID?
        var serviceID: ServiceID?
        var state = ""
        var planID: PlanID?
        var amount: Int64 = 0
        var currency = ""
        var periodStart: Timestamp?
        var periodEnd: Timestamp?
        var note = ""
        var version: UInt64 = 0

        mutating func read(_ key: JSONKey, from reader: inout JSONReader) throws(JSONError) {
            switch key {
            case "boostId": boostID = try reader.identifier(key)
            case "subscriptionId": subscriptionID = try reader.identifier(key)
            case "customerId": customerID = try reader.identifier(key)
            case "serviceId": serviceID = try reader.identifier(key)
            case "state": state = try reader.text() ?? ""
            case "planId": planID = try reader.identifier(key)
            case "amount": amount = try reader.readNull() ? 0 : try reader.readInt64()
            case "currency": currency = try reader.text() ?? ""
            case "periodStart": periodStart = try reader.timestamp(key)
            case "periodEnd": periodEnd = try reader.timestamp(key)
            case "note": note = try reader.text() ?? ""
            case "version": version = try reader.unsigned64() ?? 0
            default: try reader.skipValue()
            }
        }
    }
}
