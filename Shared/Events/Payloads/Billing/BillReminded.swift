package import Billing
package import Domain
package import WireFormat

/// A customer is to be told of a bill that is not paid: nexora.billing.v1.BillReminded on `billing.bill_reminded.<tenant>`.
package struct BillReminded: EventPayload, Hashable {
    package static let type = "nexora.billing.v1.BillReminded"
    package static let subject = "billing.bill_reminded"

    package var billID: BillID
    package var subscriptionID: SubscriptionID
    package var customerID: CustomerID
    package var amount: Money
    package var dueAt: Timestamp
    /// Seconds since it was due, below zero before; by the plan's list of reminders.
    package var offsetSeconds: Int64

    package init(
        billID: BillID,
        subscriptionID: SubscriptionID,
        customerID: CustomerID,
        amount: Money,
        dueAt: Timestamp,
        offsetSeconds: Int64
    ) {
        self.billID = billID
        self.subscriptionID = subscriptionID
        self.customerID = customerID
        self.amount = amount
        self.dueAt = dueAt
        self.offsetSeconds = offsetSeconds
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("billId", billID)
        writer.member("subscriptionId", subscriptionID)
        writer.member("customerId", customerID)
        writer.member("amount", amount.tenThousandths)
        writer.member("currency", amount.currency.code)
        writer.member("dueAt", dueAt)
        writer.member("offsetSeconds", offsetSeconds)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var bill = BillMembers()
        var offset: Int64 = 0
        try reader.readMembers { reader, key throws(JSONError) in
            if case "offsetSeconds" = key {
                offset = try reader.readNull() ? 0 : try reader.readInt64()
            } else {
                try bill.read(key, from: &reader)
            }
        }
        self.init(
            billID: try required(bill.billID, "billId"),
            subscriptionID: try required(bill.subscriptionID, "subscriptionId"),
            customerID: try required(bill.customerID, "customerId"),
            amount: try bill.money(),
            dueAt: try required(bill.dueAt, "dueAt"),
            offsetSeconds: offset
        )
    }
}
