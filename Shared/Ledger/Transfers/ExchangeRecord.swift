package import Domain

/// What a conversion was made at, kept with each of its halves: two transfers, because each currency is a lane of its own and balances by
/// itself (WAL-15).
package struct ExchangeRecord: Hashable, Sendable {
    /// Units of what was bought for one unit of what was sold.
    package let rate: ExchangeRate
    package let sold: Money
    package let bought: Money
    /// The half that sold, in the half that buys; nil in the half that sells.
    package let sale: TransferID?

    package init(rate: ExchangeRate, sold: Money, bought: Money, sale: TransferID?) {
        self.rate = rate
        self.sold = sold
        self.bought = bought
        self.sale = sale
    }

    /// What this half moves, in its lane's currency.
    package var amount: Money { sale == nil ? sold : bought }
    /// What the other half moves.
    package var counterAmount: Money { sale == nil ? bought : sold }
}
