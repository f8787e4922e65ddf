package import CPlatform

/// The address and port a datagram came from, as two words that compare and hash without touching memory twice.
/// An IPv4-mapped IPv6 address is the IPv4 address it stands for.
package struct SourceAddress: Hashable, Sendable {
    /// The address: 16 octets as two big-endian words; IPv4 is ::ffff:a.b.c.d.
    package let high: UInt64
    package let low: UInt64
    package let port: UInt16

    package init(high: UInt64, low: UInt64, port: UInt16) {
        self.high = high
        self.low = low
        self.port = port
    }

    /// Reads what the kernel wrote. Another family than IPv4 and IPv6 gives the unspecified address.
    @unsafe package init(_ endpoint: UnsafePointer<cp_endpoint>) {
        let bytes = unsafe UnsafeRawPointer(endpoint)
        let family = unsafe bytes.load(as: UInt16.self)
        port = UInt16(bigEndian: unsafe bytes.load(fromByteOffset: 2, as: UInt16.self))
        switch Int32(family) {
        case 2:  // AF_INET
            high = 0
            low = 0xffff_0000_0000 | UInt64(UInt32(bigEndian: unsafe bytes.load(fromByteOffset: 4, as: UInt32.self)))
        case 10:  // AF_INET6
            high = UInt64(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            low = UInt64(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
        default:
            high = 0
            low = 0
        }
    }

    /// The IPv4 address in host order, where it is one.
    package var ipv4: UInt32? {
        high == 0 && low >> 32 == 0xffff ? UInt32(truncatingIfNeeded: low) : nil
    }
}

extension SourceAddress: CustomStringConvertible {
    /// The address alone, in text: dotted quad, or eight groups without zero compression.
    package var addressText: String {
        if let ipv4 {
            return "\(ipv4 >> 24).\(ipv4 >> 16 & 255).\(ipv4 >> 8 & 255).\(ipv4 & 255)"
        }
        let groups = (0..<8).map { index in
            String((index < 4 ? high : low) >> (48 - UInt64(index % 4) * 16) & 0xffff, radix: 16)
        }
        return groups.joined(separator: ":")
    }

    package var description: String { "\(addressText) port \(port)" }
}
