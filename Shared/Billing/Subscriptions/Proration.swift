package import Domain

/// Shares of an amount.
package enum Proration {
    /// Parts of the amount in the ratio of the weights, each a whole number of the currency's minor units but for at most one. The
    /// parts sum to the amount exactly: each gets what it is due rounded down, and what is left goes, a minor unit each, to those
    /// that lost the most by that, the earlier of two that lost the same. Amount and weights are at least zero. Without any weight
    /// the first part is all of it.
    package static func split(_ amount: Money, by weights: [Int64]) -> [Money] {
        guard !weights.isEmpty else { return [] }
        precondition(amount.tenThousandths >= 0 && weights.allSatisfy { $0 >= 0 }, "nothing is shared below zero")
        let unit = Int128(amount.currency.minorUnit)
        let total = weights.reduce(Int128(0)) { $0 + Int128($1) }
        let whole = Int128(amount.tenThousandths)
        guard total > 0 else { return parts([whole] + weights.dropFirst().map { _ in 0 }, amount.currency) }
        var shares: [Int128] = []
        var lost: [(index: Int, remainder: Int128)] = []
        for (index, weight) in weights.enumerated() {
            let exact = whole * Int128(weight)
            let share = exact / (total * unit) * unit
            shares.append(share)
            lost.append((index, exact - share * total))
        }
        lost.sort { $0.remainder != $1.remainder ? $0.remainder > $1.remainder : $0.index < $1.index }
        var left = whole - shares.reduce(0, +)
        var place = 0
        while left > 0 {
            let more = min(unit, left)
            shares[lost[place % lost.count].index] += more
            left -= more
            place += 1
        }
        return parts(shares, amount.currency)
    }

    private static func parts(_ shares: [Int128], _ currency: Currency) -> [Money] {
        shares.map { share in
            // No part is more than the amount, which fits.
            (try? Money(tenThousandths: Int64(share), currency: currency)) ?? .zero(currency)
        }
    }
}
