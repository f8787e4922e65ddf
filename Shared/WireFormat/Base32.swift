/// Base 32 (RFC 4648 §6), without padding: what authenticator applications take keys in, and what people type from paper.
package enum Base32 {
    private static let alphabet = [UInt8]("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

    /// The octets in upper case, without padding.
    package static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        var group: UInt32 = 0
        var bits = 0
        for byte in bytes {
            group = (group << 8 | UInt32(byte)) & 0xFFFF
            bits += 8
            while bits >= 5 {
                bits -= 5
                text.append(alphabet[Int(group >> UInt32(bits) & 31)])
            }
        }
        if bits > 0 { text.append(alphabet[Int(group << UInt32(5 - bits) & 31)]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// The octets that `text` holds in letters of either case, or nil: foreign characters, padding, an impossible length, or
    /// unused bits that are not zero.
    package static func decode(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var group: UInt32 = 0
        var bits = 0
        for character in text.utf8 {
            let upper = character >= UInt8(ascii: "a") && character <= UInt8(ascii: "z") ? character & 0xDF : character
            let value: UInt8
            switch upper {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = upper - UInt8(ascii: "A")
            case UInt8(ascii: "2")...UInt8(ascii: "7"): value = upper - UInt8(ascii: "2") + 26
            default: return nil
            }
            group = (group << 5 | UInt32(value)) & 0xFFFF
            bits += 5
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: group >> UInt32(bits)))
            }
        }
        guard bits < 5, group & (1 << UInt32(bits) - 1) == 0 else { return nil }
        return bytes
    }
}
