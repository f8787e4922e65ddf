package import Billing
package import Domain
package import WireFormat

/// A payment has ended: nexora.billing.v1.PaymentChanged on `billing.payment_changed.<tenant>`, once, in the commit that ends it.
package struct PaymentChanged: EventPayload, Hashable {
    package static let type = "nexora.billing.v1.PaymentChanged"
    package static let subject = "billing.payment_changed"

    package var paymentID: PaymentID
    /// Nil where it is for the tenant's own wallet.
    package var customerID: CustomerID?
    /// `completed`, `failed` or `cancelled`.
    package var state: String
    package var amount: Money
    /// The raw value of ``PaymentMethod``.
    package var method: String
    package var gateway: String
    /// The payment of which this one gives something back: then the money goes the other way.
    package var refundOf: PaymentID?
    package var endedAt: Timestamp
    /// Why it failed: a word of the ledger's, or what somebody wrote; empty otherwise.
    package var note: String
    /// The row's version.
    package var version: UInt64

    package init(
        paymentID: PaymentID,
        customerID: CustomerID?,
        state: String,
        amount: Money,
        method: String,
        gateway: String,
        refundOf: PaymentID? = nil,
        endedAt: Timestamp,
        note: String = "",
        version: UInt64 = 0
    ) {
        self.paymentID = paymentID
        self.customerID = customerID
        self.state = state
        self.amount = amount
        self.method = method
        self.gateway = gateway
        self.refundOf = refundOf
        self.endedAt = endedAt
        self.note = note
        self.version = version
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("paymentId", paymentID)
        writer.member("customerId", present: customerID)
        writer.member("state", state)
        writer.member("amount", amount.tenThousandths)
        writer.member("currency", amount.currency.code)
        writer.member("method", method)
        writer.member("gateway", gateway)
        writer.member("refundOf", present: refundOf)
        writer.member("endedAt", endedAt)
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
            paymentID: try required(members.paymentID, "paymentId"),
            customerID: members.customerID,
            state: members.state,
            amount: amount,
            method: members.method,
            gateway: members.gateway,
            refundOf: members.refundOf,
            endedAt: try required(members.endedAt, "endedAt"),
            note: members.note,
            version: members.version
        )
    }

    private struct Members {
        var paymentID: PaymentID?
        var customerID: CustomerID?
        var state = ""
        var amount: Int64 = 0
        var currency = ""
        var method = ""
        var gateway = ""
        var refundOf: PaymentID?
        var endedAt: Timestamp?
        var note = ""
        var version: UInt64 = 0

        mutating func read(_ key: JSONKey, from reader: inout JSONReader) throws(JSONError) {
            switch key {
            case "paymentId": paymentID = try reader.identifier(key)
            case "customerId": customerID = try reader.identifier(key)
            case "state": state = try reader.text() ?? ""
            case "amount": amount = try reader.readNull() ? 0 : try reader.readInt64()
            case "currency": currency = try reader.text() ?? ""
            case "method": method = try reader.text() ?? ""
            case "gateway": gateway = try reader.text() ?? ""
            case "refundOf": refundOf = try reader.identifier(key)
            case "endedAt": endedAt = try reader.timestamp(key)
            case "note": note = try reader.text() ?? ""
            case "version": version = try reader.unsigned64() ?? 0
            default: try reader.skipValue()
            }
        }
    }
}
