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

    /// Shares an amount out. Nil for an amount below zero: what is given back is ``taken(back:after:)``.
    package init?(_ amount: Money, along chain: CommissionChain) {
        let total = amount.tenThousandths
        guard total >= 0 else { return nil }
        var (shares, below, rest): ([Share], CommissionRate, Int64) = ([], .none, total)
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

    /// The split that was posted, as its legs tell it: the shares in their order, the operator's last. Nil without any, for
    /// currencies that differ, and for a share below zero.
    package init?(posted shares: [Share]) {
        guard let currency = shares.first?.amount.currency, shares.allSatisfy({ $0.amount.tenThousandths >= 0 }) else {
            return nil
        }
        var total = Money.zero(currency)
        for share in shares {
            guard let sum = try? total.adding(share.amount) else { return nil }
            total = sum
        }
        amount = total
        self.shares = shares
    }

    /// What is taken back from each, in the shares' order, when `part` of the amount is given back after `before` of it was
    /// (COM-06). The sum is `part` exactly. Counted together, a tenant never gives back more than his share of what was given
    /// back, rounded down, so that the whole amount given back in any steps takes each share back exactly; the operator's
    /// part of one step may be some ten-thousandths below zero or above his share, where rounding falls on him. Nil for parts
    /// that are not positive, beyond the amount or in another currency.
    package func taken(back part: Money, after before: Money) -> [Share]? {
        let (total, first, step) = (amount.tenThousandths, before.tenThousandths, part.tenThousandths)
        guard part.currency == amount.currency, before.currency == amount.currency, step > 0, first >= 0,
            first <= total, step <= total - first
        else { return nil }
        var (taken, rest): ([Share], Int64) = ([], step)
        for share in shares.dropLast() {
            func given(_ back: Int64) -> Int64 {
                Int64(truncatingIfNeeded: Int128(share.amount.tenThousandths) * Int128(back) / Int128(total))
            }
            let units = given(first + step) - given(first)
            guard let money = try? Money(tenThousandths: units, currency: amount.currency) else { return nil }
            taken.append(Share(tenantID: share.tenantID, amount: money))
            rest -= units
        }
        guard let last = shares.last, let money = try? Money(tenThousandths: rest, currency: amount.currency) else {
            return nil
        }
        return taken + [Share(tenantID: last.tenantID, amount: money)]
    }

    /// The legs of the charge (COM-03): the payer's account first, then the wallets of those who have a share, the operator's revenue
    /// last, so that it is there that rounding falls. Shares of zero have no leg. `wallet` gives a tenant's wallet in the
    /// currency; nil of it: no legs.
    package func legs(
        from payer: AccountRef,
        wallet: (TenantID) -> AccountRef?,
        revenue: AccountRef
    ) -> [Leg]? {
        guard amount.isPositive else { return nil }
        var legs = [Leg(payer, amount.negated)]
        for share in shares.dropLast() where share.amount.isPositive {
            guard let account = wallet(share.tenantID) else { return nil }
            legs.append(Leg(account, share.amount))
        }
        if let last = shares.last, last.amount.isPositive { legs.append(Leg(revenue, last.amount)) }
        return legs
    }

    /// The legs of giving back: the opposite of ``legs(from:wallet:revenue:)`` for these parts.
    package static func legs(
        back taken: [Share],
        to payer: AccountRef,
        wallet: (TenantID) -> AccountRef?,
        revenue: AccountRef
    ) -> [Leg]? {
        guard let currency = taken.first?.amount.currency else { return nil }
        var (legs, total): ([Leg], Money) = ([], .zero(currency))
        for (number, share) in taken.enumerated() {
            guard let sum = try? total.adding(share.amount) else { return nil }
            total = sum
            guard share.amount.tenThousandths != 0 else { continue }
            let isOperators = number == taken.count - 1
            guard let account = isOperators ? revenue : wallet(share.tenantID) else { return nil }
            legs.append(Leg(account, share.amount.negated))
        }
        return [Leg(payer, total)] + legs
    }
}
