import Synchronization

/// A place in a distributed trace: W3C Trace Context, level 1.
package struct TraceContext: Sendable, Hashable {
    /// The trace's id, 128 bits, never zero.
    package let traceHigh: UInt64
    package let traceLow: UInt64
    /// This step's id, never zero.
    package let span: UInt64
    /// The trace-flags octet; bit 0 is `sampled`.
    package let flags: UInt8

    /// The trace that the current task works for.
    @TaskLocal package static var current: TraceContext?

    /// The first step of a new trace.
    package static func root() -> TraceContext {
        TraceContext(traceHigh: RandomWord.next(), traceLow: nonZero(), span: nonZero(), flags: 1)
    }

    /// The next step of the same trace.
    package func child() -> TraceContext {
        TraceContext(traceHigh: traceHigh, traceLow: traceLow, span: Self.nonZero(), flags: flags)
    }

    /// The trace's id as 32 lower-case hexadecimal digits.
    package var traceID: String {
        // SAFETY: exactly the 32 octets are written that are reported.
        unsafe String(unsafeUninitializedCapacity: 32) { octets in
            unsafe Self.write(traceHigh, 16, at: 0, octets)
            unsafe Self.write(traceLow, 16, at: 16, octets)
            return 32
        }
    }

    /// As the value of the header `traceparent`.
    package var traceparent: String {
        // SAFETY: exactly the 55 octets are written that are reported.
        unsafe String(unsafeUninitializedCapacity: 55) { octets in
            unsafe Self.write(0, 2, at: 0, octets)
            unsafe Self.write(traceHigh, 16, at: 3, octets)
            unsafe Self.write(traceLow, 16, at: 19, octets)
            unsafe Self.write(span, 16, at: 36, octets)
            unsafe Self.write(UInt64(flags), 2, at: 53, octets)
            unsafe octets[2] = UInt8(ascii: "-")
            unsafe octets[35] = UInt8(ascii: "-")
            unsafe octets[52] = UInt8(ascii: "-")
            return 55
        }
    }

    /// Reads a `traceparent`; nil when the standard says to ignore it. Newer versions may have more parts behind.
    package init?(traceparent: String) {
        let parts = traceparent.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, let version = Self.number(parts[0], digits: 2), version != 0xFF,
            version != 0 || parts.count == 4, parts[1].utf8.count == 32,
            let high = Self.number(parts[1].prefix(16), digits: 16),
            let low = Self.number(parts[1].suffix(16), digits: 16), high != 0 || low != 0,
            let span = Self.number(parts[2], digits: 16), span != 0,
            let flags = Self.number(parts[3], digits: 2)
        else { return nil }
        self.init(traceHigh: high, traceLow: low, span: span, flags: UInt8(truncatingIfNeeded: flags))
    }

    private init(traceHigh: UInt64, traceLow: UInt64, span: UInt64, flags: UInt8) {
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.span = span
        self.flags = flags
    }

    private static func nonZero() -> UInt64 {
        while true {
            let word = RandomWord.next()
            if word != 0 { return word }
        }
    }

    /// Writes the last digits of a number, so many.
    @unsafe private static func write(
        _ number: UInt64,
        _ digits: Int,
        at place: Int,
        _ octets: UnsafeMutableBufferPointer<UInt8>
    ) {
        var rest = number
        for index in stride(from: place + digits - 1, through: place, by: -1) {
            let digit = UInt8(truncatingIfNeeded: rest & 15)
            unsafe octets[index] = digit < 10 ? 0x30 + digit : 0x57 + digit
            rest >>= 4
        }
    }

    /// Only lower-case digits, exactly as many as asked.
    private static func number(_ text: Substring, digits: Int) -> UInt64? {
        guard text.utf8.count == digits else { return nil }
        var number: UInt64 = 0
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): number = number << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return number
    }
}

/// Words for ids that must differ and need not be secret: SplitMix64 (Steele, Lea, Flood 2014) from a start that the system chose. No
/// word comes twice before 2^64 others, and none costs a call of the system.
private enum RandomWord {
    private static let start = UInt64.random(in: 0 ... .max)
    /// Tells two processes apart whose words would come in the same order.
    private static let salt = UInt64.random(in: 0 ... .max)
    private static let count = Atomic<UInt64>(0)

    static func next() -> UInt64 {
        var word = start &+ count.wrappingAdd(1, ordering: .relaxed).newValue &* 0x9e37_79b9_7f4a_7c15
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31 ^ salt
    }
}
