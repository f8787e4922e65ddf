package import Billing
package import Domain
package import WireFormat

/// A bill was issued or is not as it was: nexora.billing.v1.BillChanged on `billing.bill_changed.<tenant>`.
package struct BillChanged: EventPayload, Hashable {
    package static let type = "nexora.billing.v1.BillChanged"
    package static let subject = "billing.bill_changed"

    package var billID: BillID
    package var subscriptionID: SubscriptionID
    package var customerID: CustomerID
    /// The raw value of ``Bill/Status``.
    package var status: String
    package var amount: Money
    package var dueAt: Timestamp

    package init(
        billID: BillID,
        subscriptionID: SubscriptionID,
        customerID: CustomerID,
        status: String,
        amount: Money,
        dueAt: Timestamp
    ) {
        self.billID = billID
        self.subscriptionID = subscriptionID
        self.customerID = customerID
        self.status = status
        self.amount = amount
        self.dueAt = dueAt
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("billId", billID)
        writer.member("subscriptionId", subscriptionID)
        writer.member("customerId", customerID)
        writer.member("status", status)
        writer.member("amount", amount.tenThousandths)
        writer.member("currency", amount.currency.code)
        writer.member("dueAt", dueAt)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var bill = BillMembers()
        var status = ""
        try reader.readMembers { reader, key throws(JSONError) in
            if case "status" = key { status = try reader.text() ?? "" } else { try bill.read(key, from: &reader) }
        }
        self.init(
            billID: try required(bill.billID, "billId"),
            subscriptionID: try required(bill.subscriptionID, "subscriptionId"),
            customerID: try required(bill.customerID, "customerId"),
            status: status,
            amount: try bill.money(),
            dueAt: try required(bill.dueAt, "dueAt")
        )
    }
}

/// The members that events of bills share.
struct BillMembers {
    var billID: BillID?
    var subscriptionID: SubscriptionID?
    var customerID: CustomerID?
    var amount: Int64 = 0
    var currency = ""
    var dueAt: Timestamp?

    mutating func read(_ key: JSONKey, from reader: inout JSONReader) throws(JSONError) {
        switch key {
        case "billId": billID = try reader.identifier(key)
        case "subscriptionId": subscriptionID = try reader.identifier(key)
        case "customerId": customerID = try reader.identifier(key)
        case "amount": amount = try reader.readNull() ? 0 : try reader.readInt64()
        case "currency": currency = try reader.text() ?? ""
        case "dueAt": dueAt = try reader.timestamp(key)
        default: try reader.skipValue()
        }
    }

    func money() throws(JSONError) -> Money {
        guard let currency = try? Currency(currency) else { throw .invalidMember("currency") }
        guard let money = try? Money(tenThousandths: amount, currency: currency) else { throw .invalidMember("amount") }
        return money
    }
}
