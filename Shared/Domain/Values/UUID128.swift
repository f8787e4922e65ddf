/// A 128-bit identifier in RFC 9562 text and byte order.
///
/// Comparison is that of the 16 bytes, which for version 7 is the order of creation to the microsecond.
///
/// Public and inlinable, with ``ID``, because the compiler inlines no `package` code in other modules.
@frozen public struct UUID128: Hashable, Sendable, Comparable {
    /// The first eight bytes, the first of them most significant.
    public let high: UInt64
    /// The last eight bytes, the first of them most significant.
    public let low: UInt64

    /// 00000000-0000-0000-0000-000000000000, which names nothing.
    package static let zero = UUID128(high: 0, low: 0)

    @inlinable
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
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

    @inlinable
    public static func == (left: UUID128, right: UUID128) -> Bool { left.high == right.high && left.low == right.low }

    @inlinable
    public func hash(into hasher: inout Hasher) {
        hasher.combine(high)
        hasher.combine(low)
    }

    @inlinable
    public static func < (left: UUID128, right: UUID128) -> Bool {
        left.high == right.high ? left.low < right.low : left.high < right.high
    }
}
