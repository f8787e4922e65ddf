package import Domain

/// Amounts by currency, one each: what lies in a till.
package struct CashCount: Hashable, Sendable {
    /// Never holds an amount under another currency's code.
    package private(set) var amounts: [Currency: Money]

    package init() {
        amounts = [:]
    }

    /// Later amounts of a currency are added to earlier ones. Throws where the sum fits no account.
    package init(_ amounts: some Sequence<Money>) throws(MoneyError) {
        self.init()
        for amount in amounts { try add(amount) }
    }

    package subscript(currency: Currency) -> Money { amounts[currency] ?? .zero(currency) }

    package mutating func add(_ amount: Money) throws(MoneyError) {
        amounts[amount.currency] = try self[amount.currency].adding(amount)
    }

    /// In the order of the currencies' codes.
    package var sorted: [Money] { amounts.values.sorted { $0.currency.code < $1.currency.code } }

    /// What is here less what is there, in every currency that either has.
    package func less(_ other: CashCount) throws(MoneyError) -> CashCount {
        var difference = self
        for amount in other.amounts.values { try difference.add(amount.negated) }
        return difference
    }

    /// No currency has less than nothing.
    package var isNatural: Bool { amounts.values.allSatisfy { $0.tenThousandths >= 0 } }
}
