import Glibc

/// A reproducible random source (SplitMix64) that says its seed on standard error when it is made.
/// `NEXORA_TEST_SEED` repeats an earlier run.
package struct SeededRandom: RandomNumberGenerator, Sendable {
    /// Where this sequence began.
    package let seed: UInt64
    private var state: UInt64

    /// A sequence from `NEXORA_TEST_SEED`, else from the system's randomness; `label` stands beside the printed seed.
    package init(_ label: String = #function) {
        let asked = unsafe getenv("NEXORA_TEST_SEED").flatMap { unsafe UInt64(String(cString: $0)) }
        self.init(seed: asked ?? UInt64.random(in: 0 ... .max))
        let line = Array("\(label): NEXORA_TEST_SEED=\(seed)\n".utf8)
        _ = unsafe line.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// The sequence of a known seed; prints nothing.
    package init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// That many random bytes.
    package mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
}
