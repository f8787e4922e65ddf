extension UUID128 {
    /// How many octets its text has.
    package static let textLength = 36

    /// Reads exactly 8-4-4-4-12 hexadecimal digits of either case; nil for anything else (no braces, no "urn:uuid:").
    package init?(_ text: String) {
        var text = text
        guard let read = text.withUTF8({ unsafe Self(text: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = read
    }

    /// Reads the text at that place of a longer one; see ``init(_:)-swift.init``.
    package init?(_ octets: [UInt8], _ range: Range<Int>) {
        precondition(range.upperBound <= octets.count, "text outside the octets")
        let read = unsafe octets.withUnsafeBytes { unsafe Self(text: UnsafeRawBufferPointer(rebasing: $0[range])) }
        guard let read else { return nil }
        self = read
    }

    private init?(text: UnsafeRawBufferPointer) {
        guard text.count == Self.textLength, unsafe text[8] == UInt8(ascii: "-"), unsafe text[13] == UInt8(ascii: "-"),
            unsafe text[18] == UInt8(ascii: "-"), unsafe text[23] == UInt8(ascii: "-")
        else { return nil }
        // SAFETY: 36 octets stand there.
        func four(_ offset: Int) -> UInt64 {
            UInt64(UInt32(bigEndian: unsafe text.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
        }
        guard let first = HexadecimalWord.value(four(0) << 32 | four(4)),
            let second = HexadecimalWord.value(four(9) << 32 | four(14)),
            let third = HexadecimalWord.value(four(19) << 32 | four(24)),
            let fourth = HexadecimalWord.value(four(28) << 32 | four(32))
        else { return nil }
        self.init(high: first << 32 | second, low: third << 32 | fourth)
    }

    /// Writes the 36 octets of ``description``.
    package func writeText(to place: UnsafeMutableRawPointer) {
        func four(_ digits: UInt64, _ offset: Int) {
            unsafe place.storeBytes(
                of: UInt32(truncatingIfNeeded: digits).bigEndian,
                toByteOffset: offset,
                as: UInt32.self
            )
        }
        let first = HexadecimalWord.digits(high >> 32)
        let second = HexadecimalWord.digits(high)
        let third = HexadecimalWord.digits(low >> 32)
        let fourth = HexadecimalWord.digits(low)
        four(first >> 32, 0)
        four(first, 4)
        four(second >> 32, 9)
        four(second, 14)
        four(third >> 32, 19)
        four(third, 24)
        four(fourth >> 32, 28)
        four(fourth, 32)
        unsafe place.storeBytes(of: UInt8(ascii: "-"), toByteOffset: 8, as: UInt8.self)
        unsafe place.storeBytes(of: UInt8(ascii: "-"), toByteOffset: 13, as: UInt8.self)
        unsafe place.storeBytes(of: UInt8(ascii: "-"), toByteOffset: 18, as: UInt8.self)
        unsafe place.storeBytes(of: UInt8(ascii: "-"), toByteOffset: 23, as: UInt8.self)
    }
}

extension UUID128: CustomStringConvertible {
    /// Lower case, 8-4-4-4-12.
    public var description: String {
        // SAFETY: exactly the 36 ASCII octets are written that are reported.
        unsafe String(unsafeUninitializedCapacity: Self.textLength) { buffer in
            guard let base = buffer.baseAddress else { return 0 }
            unsafe writeText(to: base)
            return Self.textLength
        }
    }
}

/// Eight hexadecimal digits at once, one in each octet of a word, the first of them most significant.
enum HexadecimalWord {
    private static let ones: UInt64 = 0x0101_0101_0101_0101

    /// The 32 bits that the digits of either case write; nil when an octet is no digit.
    @inline(__always)
    static func value(_ digits: UInt64) -> UInt64? {
        // A letter has bit 6; its value is its lower half and nine.
        let nibbles = (digits & (ones &* 0x0f)) &+ ((digits >> 6) & ones) &* 9
        let lowered = digits | (digits & (ones &* 0x40)) >> 1
        // What is no digit has no nibble, or one that is written differently.
        guard nibbles & (ones &* 0xf0) == 0, written(nibbles) == lowered else { return nil }
        let pairs = (nibbles | nibbles >> 4) & 0x00ff_00ff_00ff_00ff
        let quads = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff
        return (quads | quads >> 16) & 0xffff_ffff
    }

    /// The digits, in lower case, of the lower 32 bits.
    @inline(__always)
    static func digits(_ value: UInt64) -> UInt64 {
        let low = value & 0xffff_ffff
        let quads = (low | low << 16) & 0x0000_ffff_0000_ffff
        let pairs = (quads | quads << 8) & 0x00ff_00ff_00ff_00ff
        return written((pairs | pairs << 4) & (ones &* 0x0f))
    }

    /// The digits of eight nibbles; from 10 on they are letters, 39 further.
    @inline(__always)
    private static func written(_ nibbles: UInt64) -> UInt64 {
        nibbles &+ ones &* 0x30 &+ (((nibbles &+ ones &* 6) >> 4) & ones) &* 39
    }
}
