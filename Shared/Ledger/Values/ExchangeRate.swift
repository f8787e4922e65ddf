package import Domain

/// How many units of one currency are given for one of another, exact to ten decimals and more than zero.
package struct ExchangeRate: Hashable, Sendable, CustomStringConvertible {
    /// One, in the units that a rate is counted in.
    package static let one: Int64 = 10_000_000_000
    private static let decimals = 10

    /// The rate in units of 0.0000000001.
    package let tenBillionths: Int64

    /// Nil for a rate that is not more than zero.
    package init?(tenBillionths: Int64) {
        guard tenBillionths > 0 else { return nil }
        self.tenBillionths = tenBillionths
    }

    /// Reads `655.957` or `0.0015244902`: digits, at most one point with one to ten digits after it. Nil for anything else, for
    /// zero, and for what is beyond nine digits before the point.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), (1...9).contains(parts[0].utf8.count) else { return nil }
        let fraction = parts.count == 2 ? parts[1] : "0"
        guard (1...Self.decimals).contains(fraction.utf8.count),
            (parts[0] + fraction).utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let value = Int64(parts[0] + fraction + String(repeating: "0", count: Self.decimals - fraction.utf8.count))
        else { return nil }
        self.init(tenBillionths: value)
    }

    /// With all ten decimals: `655.9570000000`.
    package var description: String {
        "\(tenBillionths / Self.one).\(String(Self.one + tenBillionths % Self.one).dropFirst())"
    }

    /// What `amount` is in the other currency, rounded to the nearest ten-thousandth, halves to the even one.
    package func convert(_ amount: Money, to currency: Currency) throws(MoneyError) -> Money {
        let product = Int128(amount.tenThousandths) * Int128(tenBillionths)
        let (quotient, remainder) = product.magnitude.quotientAndRemainder(dividingBy: UInt128(Self.one))
        let half = UInt128(Self.one / 2)
        let roundsUp = remainder > half || (remainder == half && quotient % 2 == 1)
        guard let magnitude = Int64(exactly: quotient + (roundsUp ? 1 : 0)) else { throw .overflow }
        return try Money(tenThousandths: product < 0 ? -magnitude : magnitude, currency: currency)
    }
}
