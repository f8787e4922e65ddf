/// Addresses as text, as Postgres reads them.
enum AddressText {
    /// Dotted quad of an address in host order.
    static func ipv4(_ address: UInt32) -> String {
        // SAFETY: at most 15 ASCII octets are written, four numbers of up to three digits and the dots between them.
        unsafe String(unsafeUninitializedCapacity: 15) { buffer in
            var count = 0
            func put(_ octet: UInt32) {
                unsafe buffer[count] = UInt8(truncatingIfNeeded: octet)
                count += 1
            }
            for shift in stride(from: UInt32(24), through: 0, by: -8) {
                let number = address >> shift & 255
                if number >= 100 { put(0x30 + number / 100) }
                if number >= 10 { put(0x30 + number / 10 % 10) }
                put(0x30 + number % 10)
                if shift > 0 { put(UInt32(UInt8(ascii: "."))) }
            }
            return count
        }
    }

    /// Where a packet came from: an address of 128 bits, in which IPv4's are mapped (RFC 4291 §2.5.5.2).
    static func source(high: UInt64, low: UInt64) -> String {
        if high == 0, low >> 32 == 0xffff { return ipv4(UInt32(truncatingIfNeeded: low)) }
        return groups { index in
            let word = index < 8 ? high : low
            return UInt8(truncatingIfNeeded: word >> UInt64(56 - index % 8 * 8))
        }
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
