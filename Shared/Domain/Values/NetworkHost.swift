/// What a device is reached by: an IP address, or a host name (RFC 1123 §2.1).
package enum NetworkHost: Hashable, Sendable {
    case address(IPAddress)
    /// In small letters, without a dot at the end.
    case name(String)

    /// Reads an address, or a name of labels of letters, digits and hyphens whose last one begins with a letter: what looks like an
    /// address and is none is no name either. Nil for anything else.
    package init?(_ text: String) {
        if let address = IPAddress(text) {
            self = .address(address.unmapped)
            return
        }
        // Before it is made small: there are capitals elsewhere whose small letters are ours.
        guard (1...253).contains(text.utf8.count), text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        let name = text.lowercased()
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard labels.allSatisfy({ Self.isLabel(Array($0)) }), let first = labels.last?.first,
            Self.letters.contains(first)
        else { return nil }
        self = .name(name)
    }

    private static let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
    private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    private static let hyphen = UInt8(ascii: "-")

    private static func isLabel(_ label: [UInt8]) -> Bool {
        (1...63).contains(label.count) && label.first != hyphen && label.last != hyphen
            && label.allSatisfy { letters.contains($0) || digits.contains($0) || $0 == hyphen }
    }
}

extension NetworkHost: CustomStringConvertible {
    /// As it is stored, and read back to the same.
    package var description: String {
        switch self {
        case .address(let address): address.description
        case .name(let name): name
        }
    }
}

extension IPAddress {
    /// Whether it can be somebody's own: neither unspecified (0.0.0.0/8, ::) nor multicast nor IPv4's reserved and broadcast ones
    /// (RFC 6890).
    package var isUnicast: Bool {
        let plain = unmapped
        if let ipv4 = plain.ipv4 { return ipv4 >> 24 != 0 && ipv4 >> 28 < 0xe }
        return plain.bits != UUID128(high: 0, low: 0) && plain.bits.high >> 56 != 0xff
    }

    /// Whether it leads to the machine itself or no farther than its own link: unspecified, loopback and link-local addresses, among which
    /// clouds keep their machines' credentials (RFC 1122 §3.2.1.3, RFC 3927, RFC 4291 §2.5).
    package var isLocal: Bool {
        let plain = unmapped
        if let ipv4 = plain.ipv4 { return ipv4 >> 24 == 127 || ipv4 >> 24 == 0 || ipv4 >> 16 == 0xa9fe }
        return plain.bits.high == 0 && plain.bits.low <= 1 || plain.bits.high >> 54 == 0x3fa
    }
}
