/// A 128-bit identifier in RFC 9562 text and byte order.
///
/// Comparison is that of the 16 bytes, which for version 7 is the order of creation to the microsecond.
package struct UUID128: Hashable, Sendable, Comparable {
    /// The first eight bytes, the first of them most significant.
    package let high: UInt64
    /// The last eight bytes, the first of them most significant.
    package let low: UInt64

    /// 00000000-0000-0000-0000-000000000000, which names nothing.
    package static let zero = UUID128(high: 0, low: 0)

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads exactly 8-4-4-4-12 hexadecimal digits of either case; nil for anything else (no braces, no "urn:uuid:").
    package init?(_ text: String) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        var position = 0
        for byte in text.utf8 {
            if position == 8 || position == 13 || position == 18 || position == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
            } else {
                guard position < 36, let digit = Self.hexadecimalValue(of: byte) else { return nil }
                if position < 18 { high = high << 4 | digit } else { low = low << 4 | digit }
            }
            position += 1
        }
        guard position == 36 else { return nil }
        self.init(high: high, low: low)
    }

    /// Nil unless there are exactly 16 bytes.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for (index, byte) in bytes.enumerated() {
            if index < 8 { high = high << 8 | UInt64(byte) } else { low = low << 8 | UInt64(byte) }
        }
        self.init(high: high, low: low)
    }

    /// The 16 bytes in network order.
    package var bytes: [UInt8] {
        // SAFETY: the closure writes exactly the 16 bytes it reports.
        unsafe [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
            for index in 0..<8 {
                unsafe buffer[index] = UInt8(truncatingIfNeeded: high >> UInt64(56 - index * 8))
                unsafe buffer[index + 8] = UInt8(truncatingIfNeeded: low >> UInt64(56 - index * 8))
            }
            count = 16
        }
    }

    /// A version 7 id (RFC 9562 §5.7, method 3): milliseconds since 1970 in 48 bits, the fraction of the millisecond in
    /// the next 12, then 62 random bits.
    ///
    /// The first random number fills what the clock leaves below a microsecond. A time before 1970 counts as 1970.
    package static func v7(at time: Timestamp, random: (UInt64, UInt64)) -> UUID128 {
        let microseconds = UInt64(max(0, time.microseconds))
        let milliseconds = (microseconds / 1000) & 0xffff_ffff_ffff
        // 12 bits hold 4096 steps of 0.244 us; the two lowest are random within the microsecond.
        let fraction = min(((microseconds % 1000) * 4096 / 1000) + (random.0 & 3), 4095)
        let high = milliseconds << 16 | 0x7000 | fraction
        let low = (random.1 & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000
        return UUID128(high: high, low: low)
    }

    package static func < (left: UUID128, right: UUID128) -> Bool {
        left.high == right.high ? left.low < right.low : left.high < right.high
    }

    private static func hexadecimalValue(of byte: UInt8) -> UInt64? {
        switch byte {
        case 0x30...0x39: UInt64(byte - 0x30)
        case 0x61...0x66: UInt64(byte - 0x61 + 10)
        case 0x41...0x46: UInt64(byte - 0x41 + 10)
        default: nil
        }
    }
}

extension UUID128: CustomStringConvertible {
    /// Lower case, 8-4-4-4-12.
    package var description: String {
        // SAFETY: the closure writes exactly the 36 ASCII bytes it reports.
        unsafe String(unsafeUninitializedCapacity: 36) { buffer in
            var position = 0
            for nibble in 0..<32 {
                if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 {
                    unsafe buffer[position] = UInt8(ascii: "-")
                    position += 1
                }
                let half = nibble < 16 ? high : low
                let digit = UInt8(truncatingIfNeeded: half >> UInt64((15 - nibble & 15) * 4)) & 15
                unsafe buffer[position] = digit < 10 ? 0x30 + digit : 0x61 + digit - 10
                position += 1
            }
            return position
        }
    }
}
