package import Domain
package import Ledger

/// How far a conversion came. Its raw value is what the database keeps.
package enum ConversionStatus: String, Hashable, Sendable, CaseIterable {
    /// The ledger is asked to take what is sold.
    case selling
    /// That is done; it is asked to give what is bought.
    case buying
    case completed
    /// Nothing was sold.
    case refused
    /// Nothing could be bought: it is asked to give back what was sold.
    case undoing
    case undone

    /// It never changes again.
    package var isFinal: Bool {
        switch self {
        case .selling, .buying, .undoing: false
        case .completed, .refused, .undone: true
        }
    }
}

/// A conversion between two wallets of one owner (WAL-15): two transfers in two lanes, one after the other, and where the second cannot
/// be made the first is undone.
///
/// Whoever is interrupted sends what is next once more: each step has a key of its own in the ledger, so that it is done once.
package struct ConversionState: Hashable, Sendable {
    package private(set) var status: ConversionStatus
    /// Why nothing was converted: a stable word.
    package private(set) var failure: String?

    /// A conversion that somebody begins.
    package init() { self.init(status: .selling, failure: nil) }

    /// One that was kept.
    package init(status: ConversionStatus, failure: String?) {
        self.status = status
        self.failure = failure
    }

    /// What the ledger said of the step that is next: nil where it did it, else why not. False where that changes nothing: a final
    /// state stays, and what was sold is tried to be given back until it is.
    @discardableResult
    package mutating func hear(_ refusal: String?) -> Bool {
        switch (status, refusal) {
        case (.selling, nil): status = .buying
        case (.selling, let word?): (status, failure) = (.refused, word)
        case (.buying, nil): status = .completed
        case (.buying, let word?): (status, failure) = (.undoing, word)
        case (.undoing, nil): status = .undone
        case (.undoing, _), (.completed, _), (.refused, _), (.undone, _): return false
        }
        return true
    }
}

/// What is converted, and under which keys the ledger is asked.
package struct Conversion: Hashable, Sendable {
    package let tenantID: TenantID
    package let id: ConversionID
    package let owner: AccountOwner
    package let sold: Money
    package let bought: Money
    package let rate: ExchangeRate
    package let saleID: TransferID
    package let purchaseID: TransferID

    /// What is bought follows from what is sold and the rate. Nil where that would be nothing or more than an account holds, and for
    /// one currency.
    package init?(
        tenantID: TenantID,
        id: ConversionID,
        owner: AccountOwner,
        sold: Money,
        into currency: Currency,
        at rate: ExchangeRate,
        saleID: TransferID,
        purchaseID: TransferID
    ) {
        guard sold.isPositive, sold.currency != currency, let bought = try? rate.convert(sold, to: currency),
            bought.isPositive
        else { return nil }
        self.tenantID = tenantID
        self.id = id
        self.owner = owner
        self.sold = sold
        self.bought = bought
        self.rate = rate
        self.saleID = saleID
        self.purchaseID = purchaseID
    }

    /// What the ledger is asked next, of the operator above; nil once the conversion has ended. `fresh` is an id that nothing has: the
    /// sale's undoing gets it.
    package func command(
        _ status: ConversionStatus,
        below root: TenantID,
        _ details: TransferDetails,
        fresh: TransferID
    ) -> MoneyCommand? {
        let sale = ExchangeRecord(rate: rate, sold: sold, bought: bought, sale: nil)
        return switch status {
        case .selling: command(saleID, "sale", sold, .exchange(owner, sale), below: root, details)
        case .buying:
            command(
                purchaseID,
                "purchase",
                bought,
                .exchange(owner, ExchangeRecord(rate: rate, sold: sold, bought: bought, sale: saleID)),
                below: root,
                details
            )
        case .undoing: command(fresh, "undo", sold, .reverse(saleID), below: root, details)
        case .completed, .refused, .undone: nil
        }
    }

    private func command(
        _ id: TransferID,
        _ step: String,
        _ moved: Money,
        _ action: MoneyCommand.Action,
        below root: TenantID,
        _ details: TransferDetails
    ) -> MoneyCommand? {
        guard let key = IdempotencyKey("conversion:\(self.id):\(step)") else { return nil }
        return MoneyCommand(
            id: id,
            tenantID: tenantID,
            lane: Lane(rootID: root, currency: moved.currency),
            key: key,
            action: action,
            details: details
        )
    }
}
