package import Domain

/// What a conversion was made at, kept with each of its halves.
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

/// A conversion between two currencies, in two halves, because each currency is a lane of its own and balances by itself
/// (WAL-15). The sale goes first; exchange accounts have no floor, so that the purchase can only be refused where the account it
/// goes to was closed meanwhile, and then the sale is reversed. Whoever is interrupted in between sends both again: the sale is
/// answered with its first decision, and the purchase's key follows from that.
package struct CurrencyExchange: Hashable, Sendable {
    package let tenantID: TenantID
    package let from: AccountRef
    package let to: AccountRef
    /// The exchange account of what is sold.
    package let soldTo: AccountRef
    /// The exchange account of what is bought.
    package let boughtFrom: AccountRef
    package let sold: Money
    package let bought: Money
    package let rate: ExchangeRate

    /// What is bought follows from what is sold and the rate. Nil where that would be nothing, or would fit no account: a sale
    /// without its purchase must not be made.
    package init?(
        tenantID: TenantID,
        from: AccountRef,
        soldTo: AccountRef,
        boughtFrom: AccountRef,
        to: AccountRef,
        sold: Money,
        into currency: Currency,
        at rate: ExchangeRate
    ) {
        guard sold.isPositive, let bought = try? rate.convert(sold, to: currency), bought.isPositive else { return nil }
        self.tenantID = tenantID
        self.from = from
        self.soldTo = soldTo
        self.boughtFrom = boughtFrom
        self.to = to
        self.sold = sold
        self.rate = rate
        self.bought = bought
    }

    /// The first half, for the lane of the currency that is sold.
    package func sale(id: TransferID, key: IdempotencyKey, details: TransferDetails) -> TransferCommand {
        TransferCommand(
            id: id,
            tenantID: tenantID,
            key: key,
            action: .transfer(from: from, to: soldTo, amount: sold),
            details: details,
            exchange: ExchangeRecord(rate: rate, sold: sold, bought: bought, sale: nil)
        )
    }

    /// The second half, for the lane of the currency that is bought. Nil unless the sale was posted.
    package func purchase(
        id: TransferID,
        after sale: TransferDecision,
        details: TransferDetails
    ) -> TransferCommand? {
        guard sale.verdict.isPosted, let key = IdempotencyKey("exchange/\(sale.transferID)") else { return nil }
        return TransferCommand(
            id: id,
            tenantID: tenantID,
            key: key,
            action: .transfer(from: boughtFrom, to: to, amount: bought),
            details: details,
            exchange: ExchangeRecord(rate: rate, sold: sold, bought: bought, sale: sale.transferID)
        )
    }
}
