/// Addresses as text, as Postgres reads them.
enum AddressText {
    /// Dotted quad of an address in host order.
    static func ipv4(_ address: UInt32) -> String {
        "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)"
    }

    /// Sixteen octets as eight groups, without zero compression; nil for another length.
    static func ipv6(_ octets: UnsafeRawBufferPointer) -> String? {
        guard octets.count == 16 else { return nil }
        return groups { unsafe octets[$0] }
    }

    /// An IPv6 prefix attribute: reserved octet, prefix length, up to 16 octets (RFC 3162 §2.3). Octets beyond the prefix
    /// may be left out. Bits beyond it are cleared, as Postgres' cidr demands. nil when malformed.
    static func prefix(_ value: UnsafeRawBufferPointer) -> String? {
        guard value.count >= 2, value.count <= 18, unsafe value[1] <= 128 else { return nil }
        let length = Int(unsafe value[1])
        guard (value.count - 2) * 8 >= length else { return nil }
        let text = groups { index in
            guard index < value.count - 2, index * 8 < length else { return 0 }
            let octet = unsafe value[index + 2]
            let bits = length - index * 8
            return bits >= 8 ? octet : octet & (0xff << UInt8(8 - bits))
        }
        return "\(text)/\(length)"
    }

    private static func groups(_ octet: (Int) -> UInt8) -> String {
        var text = ""
        for group in 0..<8 {
            if group > 0 { text += ":" }
            text += String(UInt16(octet(group * 2)) << 8 | UInt16(octet(group * 2 + 1)), radix: 16)
        }
        return text
    }
}
