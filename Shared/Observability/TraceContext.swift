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
        TraceContext(traceHigh: .random(in: 0 ... .max), traceLow: nonZero(), span: nonZero(), flags: 1)
    }

    /// The next step of the same trace.
    package func child() -> TraceContext {
        TraceContext(traceHigh: traceHigh, traceLow: traceLow, span: Self.nonZero(), flags: flags)
    }

    /// The trace's id as 32 lower-case hexadecimal digits.
    package var traceID: String { Self.hexadecimal(traceHigh, 16) + Self.hexadecimal(traceLow, 16) }

    /// As the value of the header `traceparent`.
    package var traceparent: String {
        "00-\(traceID)-\(Self.hexadecimal(span, 16))-\(Self.hexadecimal(UInt64(flags), 2))"
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

    private static func nonZero() -> UInt64 { .random(in: 1 ... .max) }

    private static func hexadecimal(_ number: UInt64, _ width: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: width - digits.utf8.count) + digits
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
