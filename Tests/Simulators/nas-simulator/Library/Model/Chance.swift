/// Reproducible randomness: the same seed gives the same sequence on every machine and with every toolchain.
///
/// SplitMix64 for the sequence; ranges are taken by multiplication, not by the standard library, whose way of taking them
/// may change between toolchains and would change a seed's day with it.
package struct Chance: Sendable {
    private var state: UInt64

    /// The sequence of a seed.
    package init(seed: UInt64) { state = seed }

    /// A sequence of its own for a part of the model, so that one part's draws do not move another's.
    package init(seed: UInt64, _ part: StaticString, _ number: Int = 0) {
        var mixed = seed
        for octet in part.description.utf8 { mixed = Self.mix(mixed ^ UInt64(octet)) }
        state = Self.mix(mixed ^ UInt64(number))
    }

    /// 64 random bits.
    package mutating func bits() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return Self.mix(state)
    }

    /// From 0 to `bound` - 1; `bound` must be positive.
    package mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "nothing is below \(bound)")
        return Int(bits().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// A number of the range.
    package mutating func within(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + below(range.upperBound - range.lowerBound + 1)
    }

    /// True so many times in ten thousand.
    package mutating func happens(_ perTenThousand: Int) -> Bool { below(10_000) < perTenThousand }

    /// That many letters and digits that need no quoting anywhere.
    package mutating func word(_ length: Int) -> String {
        let letters = Array("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789".utf8)
        return String(decoding: (0..<length).map { _ in letters[below(letters.count)] }, as: UTF8.self)
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
