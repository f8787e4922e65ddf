/// Hexadecimal text.
package enum Hex {
    /// Lower-case hexadecimal digits, two for each octet.
    package static func encode(_ bytes: [UInt8]) -> String {
        encode(bytes, digits: "0123456789abcdef")
    }

    /// Upper-case hexadecimal digits, two for each octet, as MS-CHAP strings want them.
    package static func encodeUpperCase(_ bytes: [UInt8]) -> String {
        encode(bytes, digits: "0123456789ABCDEF")
    }

    /// The octets that `text` writes in digits of either case, or nil when a character is no digit or one is missing.
    package static func decode(_ text: String) -> [UInt8]? {
        let utf8 = text.utf8
        guard utf8.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(utf8.count / 2)
        var high: UInt8?
        for character in utf8 {
            guard let nibble = nibble(character) else { return nil }
            if let first = high {
                bytes.append(first << 4 | nibble)
                high = nil
            } else {
                high = nibble
            }
        }
        return bytes
    }

    static func nibble(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func encode(_ bytes: [UInt8], digits: StaticString) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            // SAFETY: both indices are nibbles, and there are sixteen digits.
            unsafe text.append(digits.utf8Start[Int(byte >> 4)])
            unsafe text.append(digits.utf8Start[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
