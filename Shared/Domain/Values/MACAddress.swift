/// A 48-bit hardware address, however the device that named it writes it.
package struct MACAddress: Hashable, Sendable, CustomStringConvertible {
    /// The 48 bits, the first octet most significant.
    package let bits: UInt64

    /// The address of the lowest 48 bits.
    package init(bits: UInt64) { self.bits = bits & 0xffff_ffff_ffff }

    /// Reads twelve hexadecimal digits with colons, hyphens or dots between octets or pairs of octets, or none at all:
    /// `00:1a:2B:..`, `00-1A-..`, `001a.2b3c.4d5e`, `001a2b3c4d5e`. Nil for anything else.
    package init?(_ text: String) {
        var bits: UInt64 = 0
        var digits = 0
        var separator: UInt8?
        for byte in text.utf8 {
            if byte == UInt8(ascii: ":") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") {
                guard digits > 0, digits % 2 == 0, separator ?? byte == byte else { return nil }
                separator = byte
            } else {
                guard digits < 12, let digit = UInt64(String(UnicodeScalar(byte)), radix: 16) else { return nil }
                bits = bits << 4 | digit
                digits += 1
            }
        }
        guard digits == 12, text.utf8.count <= 17, text.utf8.last.map({ $0 != separator }) == true else { return nil }
        self.bits = bits
    }

    /// Lower case with colons, as service user names of kind mac are kept.
    package var description: String {
        (0..<6).map { index in
            let octet = String(bits >> UInt64(40 - index * 8) & 0xff, radix: 16)
            return octet.count == 1 ? "0" + octet : octet
        }.joined(separator: ":")
    }
}
