package import Domain

/// A transfer that can be refunded in parts: one leg debits, and its account is the payer's; all others credit.
///
/// What was taken back in all says alone how much of it each credit has given back, so that refunds come to the same in
/// whatever parts and order they are made. Each ten-thousandth is taken from the credit whose amount is the largest multiple of
/// what it would then have given back, among equals from the last of them (D'Hondt's apportionment). From that follows: a credit
/// never gets back what it once gave back, never gives back more than it got, is never more than the number of credits away from
/// its exact part, and once all is refunded each has given back just what it got. Rounding each part for itself promises none of
/// these.
package struct RefundableTransfer: Hashable, Sendable {
    package let payer: AccountRef
    /// What the payer paid: more than zero.
    package let total: Money
    /// What was given to whom, in the order of the transfer's legs.
    package let credits: [Leg]

    /// Nil unless exactly one of the legs debits, and the others give what it takes.
    package init?(legs: [Leg]) {
        let debits = legs.filter { !$0.amount.isPositive }
        let credits = legs.filter(\.amount.isPositive)
        guard debits.count == 1, let debit = debits.first, debit.amount.tenThousandths < 0,
            credits.allSatisfy({ $0.amount.currency == debit.amount.currency }),
            legs.reduce(Int128(0), { $0 + Int128($1.amount.tenThousandths) }) == 0
        else { return nil }
        payer = debit.account
        total = debit.amount.negated
        self.credits = credits
    }

    /// What each credit has given back once `refunded` ten-thousandths of the total, at most all of it, were taken back.
    package func shares(of refunded: Int64) -> [Int64] {
        precondition((0...total.tenThousandths).contains(refunded), "more than was paid")
        // Nobody gives back less than his exact part rounded down, so that fewer than one for each credit are left to place.
        var shares = credits.map {
            Int64(Int128(refunded) * Int128($0.amount.tenThousandths) / Int128(total.tenThousandths))
        }
        for _ in 0..<(refunded - shares.reduce(0, +)) {
            var next = 0
            for index in credits.indices.dropFirst() where !isSmaller(index, than: next, shares) { next = index }
            shares[next] += 1
        }
        return shares
    }

    /// The legs of a refund of `amount` after `before` were refunded, both in ten-thousandths: first the payer's, then of each credit
    /// what it gives back now, if anything.
    package func legs(taking amount: Int64, after before: Int64) -> [Leg] {
        let (old, new) = (shares(of: before), shares(of: before + amount))
        var legs = [leg(payer, amount)]
        for (credit, (old, new)) in zip(credits, zip(old, new)) where new > old {
            legs.append(leg(credit.account, old - new))
        }
        return legs.compactMap { $0 }
    }

    /// Whether that credit's amount is a smaller multiple of its next share than the other's is. 36 digits fit into 128 bits.
    private func isSmaller(_ index: Int, than other: Int, _ shares: [Int64]) -> Bool {
        Int128(credits[index].amount.tenThousandths) * Int128(shares[other] + 1)
            < Int128(credits[other].amount.tenThousandths) * Int128(shares[index] + 1)
    }

    /// Never nil: no part is larger than the whole.
    private func leg(_ account: AccountRef, _ tenThousandths: Int64) -> Leg? {
        (try? Money(tenThousandths: tenThousandths, currency: total.currency)).map { Leg(account, $0) }
    }
}

extension RefundableTransfer {
    /// Whether these are refunds of the transfer, in the order in which they were made, each the legs of one: no more than all of
    /// it, and from each credit its share.
    package func allows(_ refunds: [[Leg]]) -> Bool {
        var refunded: Int64 = 0
        for legs in refunds {
            guard let payment = legs.first, payment.amount.isPositive,
                payment.amount.tenThousandths <= total.tenThousandths - refunded,
                legs == self.legs(taking: payment.amount.tenThousandths, after: refunded)
            else { return false }
            refunded += payment.amount.tenThousandths
        }
        return true
    }
}
