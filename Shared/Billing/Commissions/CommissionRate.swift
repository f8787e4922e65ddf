/// A cumulative share of what a customer pays, exact to the millionth: what a tenant gets together with everybody below him on
/// the way to that customer (COM-01).
package struct CommissionRate: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// All of it, in the units that a rate is counted in.
    package static let whole = 1_000_000
    package static let all = CommissionRate(unchecked: whole)
    package static let zero = CommissionRate(unchecked: 0)
    private static let decimals = 4

    package let millionths: Int

    /// Nil for less than nothing and for more than all.
    package init?(millionths: Int) {
        guard (0...Self.whole).contains(millionths) else { return nil }
        self.millionths = millionths
    }

    private init(unchecked millionths: Int) {
        self.millionths = millionths
    }

    /// Reads percents such as `60` or `12.5`: up to three digits, at most one point with one to four digits after it.
    package init?(percent text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), (1...3).contains(parts[0].utf8.count) else { return nil }
        let fraction = parts.count == 2 ? parts[1] : "0"
        guard (1...Self.decimals).contains(fraction.utf8.count),
            (parts[0] + fraction).utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let value = Int(parts[0] + fraction + String(repeating: "0", count: Self.decimals - fraction.utf8.count))
        else { return nil }
        self.init(millionths: value)
    }

    /// In percent without zeros that say nothing: `60`, `12.5`.
    package var percent: String {
        let (whole, rest) = millionths.quotientAndRemainder(dividingBy: 10_000)
        guard rest > 0 else { return String(whole) }
        var digits = String(10_000 + rest).dropFirst()
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(whole).\(digits)"
    }

    /// `12.5 %`.
    package var description: String { "\(percent) %" }

    package static func < (left: CommissionRate, right: CommissionRate) -> Bool { left.millionths < right.millionths }

    /// The part of an amount between this rate and a lower one, rounded down to the unit. Neither may be negative.
    func part(of units: Int64, above lower: CommissionRate) -> Int64 {
        precondition(units >= 0 && lower <= self, "a part of something, above a lower rate")
        let product = Int128(units) * Int128(millionths - lower.millionths)
        // At most `units`, for the rates differ by one at most.
        return Int64(truncatingIfNeeded: product / Int128(Self.whole))
    }
}
