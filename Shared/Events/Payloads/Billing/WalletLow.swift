package import Domain
package import WireFormat

/// A customer's wallet has less available than its tenant calls enough: nexora.wallet.v1.WalletLow on `wallet.low.<tenant>`, once until
/// it had enough again.
package struct WalletLow: EventPayload, Hashable {
    package static let type = "nexora.wallet.v1.WalletLow"
    package static let subject = "wallet.low"

    package var walletID: UUID128
    package var customerID: CustomerID
    /// As it was found then.
    package var balance: Money
    package var held: Money
    /// The tenant's setting `low_balance`.
    package var threshold: Money

    /// All three in one currency.
    package init(walletID: UUID128, customerID: CustomerID, balance: Money, held: Money, threshold: Money) {
        self.walletID = walletID
        self.customerID = customerID
        self.balance = balance
        self.held = held
        self.threshold = threshold
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("walletId")
        writer.value(walletID)
        writer.member("customerId", customerID)
        writer.member("balance", balance.tenThousandths)
        writer.member("held", held.tenThousandths)
        writer.member("threshold", threshold.tenThousandths)
        writer.member("currency", balance.currency.code)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var wallet: UUID128?
        var customer: CustomerID?
        var currency: Currency?
        var (balance, held, threshold): (Int64, Int64, Int64) = (0, 0, 0)
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "walletId": wallet = try reader.uuid(key)
            case "customerId": customer = try reader.identifier(key)
            case "balance": balance = try reader.readNull() ? 0 : try reader.readInt64()
            case "held": held = try reader.readNull() ? 0 : try reader.readInt64()
            case "threshold": threshold = try reader.readNull() ? 0 : try reader.readInt64()
            case "currency":
                guard let code = try reader.text() else { return }
                guard let read = try? Currency(code) else { throw .invalidMember("currency") }
                currency = read
            default: try reader.skipValue()
            }
        }
        let known = try required(currency, "currency")
        func money(_ amount: Int64, _ member: String) throws(JSONError) -> Money {
            guard let money = try? Money(tenThousandths: amount, currency: known) else { throw .invalidMember(member) }
            return money
        }
        self.init(
            walletID: try required(wallet, "walletId"),
            customerID: try required(customer, "customerId"),
            balance: try money(balance, "balance"),
            held: try money(held, "held"),
            threshold: try money(threshold, "threshold")
        )
    }
}
