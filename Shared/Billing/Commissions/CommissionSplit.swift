package import Domain
package import Ledger

/// What becomes of an amount that a customer pays (COM-02, COM-04).
///
/// Each tenant below the operator has the difference of his rate and the next lower one, rounded **down** to the currency's
/// ten-thousandth; the operator has the rest. So the shares sum to the amount exactly, none is negative, and what rounding leaves
/// (less than a ten-thousandth for each tenant) is the operator's.
package struct CommissionSplit: Hashable, Sendable {
    /// What one tenant gets; zero where his rate is the next lower one's.
    package struct Share: Hashable, Sendable {
        package let tenantID: TenantID
        package let amount: Money
    }

    package let amount: Money
    /// Those of the tenants below the operator, the payer's own first, and the operator's last.
    package let shares: [Share]

    /// Shares an amount out. Nil for an amount below zero: what is given back, the ledger takes back by the legs of what was paid.
    package init?(_ amount: Money, along chain: CommissionChain) {
        let total = amount.tenThousandths
        guard total >= 0 else { return nil }
        var (shares, below, rest): ([Share], CommissionRate, Int64) = ([], .zero, total)
        for link in chain.links {
            let part = link.rate.part(of: total, above: below)
            guard let share = try? Money(tenThousandths: part, currency: amount.currency) else { return nil }
            shares.append(Share(tenantID: link.tenantID, amount: share))
            (below, rest) = (link.rate, rest - part)
        }
        // Parts of the amount: each lies within it, and so does what they leave.
        guard let last = try? Money(tenThousandths: rest, currency: amount.currency) else { return nil }
        shares.append(Share(tenantID: chain.operatorID, amount: last))
        self.amount = amount
        self.shares = shares
    }

    /// The legs of the charge (COM-03): the payer's account first, then what ``credits(wallet:revenue:)`` says.
    package func legs(
        from payer: AccountRef,
        wallet: (TenantID) -> AccountRef?,
        revenue: AccountRef
    ) -> [Leg]? {
        credits(wallet: wallet, revenue: revenue).map { [Leg(payer, amount.negated)] + $0 }
    }

    /// What is credited: the wallets of those who have a share, the operator's revenue last, so that a refund's rounding falls there as
    /// well (COM-06). Shares of zero have no leg. `wallet` gives a tenant's wallet in the currency; nil of it: no legs.
    package func credits(wallet: (TenantID) -> AccountRef?, revenue: AccountRef) -> [Leg]? {
        guard amount.isPositive else { return nil }
        var legs: [Leg] = []
        for share in shares.dropLast() where share.amount.isPositive {
            guard let account = wallet(share.tenantID) else { return nil }
            legs.append(Leg(account, share.amount))
        }
        if let last = shares.last, last.amount.isPositive { legs.append(Leg(revenue, last.amount)) }
        return legs
    }
}
