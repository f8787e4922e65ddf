/// An IPv4 or IPv6 address.
package struct IPAddress: Hashable, Sendable {
    package enum Family: UInt8, Hashable, Sendable {
        case ipv4 = 4
        case ipv6 = 6

        /// 32 or 128.
        package var bits: Int { self == .ipv4 ? 32 : 128 }
    }

    package let family: Family
    /// The address's bits from the most significant one on; of IPv4 only the first 32 count, the rest are zero.
    package let bits: UUID128

    /// The IPv4 address with the given 32 bits, first octet most significant.
    package init(ipv4: UInt32) {
        family = .ipv4
        bits = UUID128(high: UInt64(ipv4) << 32, low: 0)
    }

    /// The IPv6 address with the given 128 bits.
    package init(ipv6: UUID128) {
        family = .ipv6
        bits = ipv6
    }

    /// Four or sixteen octets in network order, as RADIUS attributes and socket addresses carry them; nil otherwise.
    package init?(octets: some Collection<UInt8>) {
        if octets.count == 4 {
            self.init(ipv4: octets.reduce(0) { $0 << 8 | UInt32($1) })
        } else {
            guard let bits = UUID128(bytes: octets) else { return nil }
            self.init(ipv6: bits)
        }
    }

    /// Reads dotted decimal without leading zeros, or RFC 4291 §2.2 text (`::` once, an IPv4 tail allowed, no zone).
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count <= 45 else { return nil }
        if bytes.contains(UInt8(ascii: ":")) {
            guard let bits = Self.parseIPv6(bytes[...]) else { return nil }
            self.init(ipv6: bits)
        } else {
            guard let bits = Self.parseIPv4(bytes[...]) else { return nil }
            self.init(ipv4: bits)
        }
    }

    /// The 4 or 16 octets in network order.
    package var octets: [UInt8] { Array(bits.bytes.prefix(family.bits / 8)) }

    /// The 32 bits of an IPv4 address; nil for IPv6.
    package var ipv4: UInt32? { family == .ipv4 ? UInt32(truncatingIfNeeded: bits.high >> 32) : nil }

    /// An IPv4 address where the socket layer shows it as IPv6 (::ffff:a.b.c.d), itself otherwise.
    package var unmapped: IPAddress {
        guard family == .ipv6, bits.high == 0, bits.low >> 32 == 0xffff else { return self }
        return IPAddress(ipv4: UInt32(truncatingIfNeeded: bits.low))
    }

    /// What counts as one source where attempts and connections are counted: an IPv4 address, or the 64 bits of an IPv6 address
    /// that one household has to itself.
    package var source: String {
        let plain = unmapped
        guard plain.family == .ipv6 else { return plain.description }
        return IPAddress(ipv6: UUID128(high: plain.bits.high, low: 0)).description + "/64"
    }

    private static func parseIPv4(_ text: ArraySlice<UInt8>) -> UInt32? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bits: UInt32 = 0
        for part in parts {
            guard part.count <= 3, part.count == 1 || part.first != UInt8(ascii: "0"), let octet = decimal(part),
                octet <= 255
            else { return nil }
            bits = bits << 8 | UInt32(octet)
        }
        return bits
    }

    private static func parseIPv6(_ text: ArraySlice<UInt8>) -> UUID128? {
        let colon = UInt8(ascii: ":")
        var gap: Int?
        var groups: [UInt16] = []
        var rest = text
        if rest.starts(with: [colon, colon]) {
            gap = 0
            rest = rest.dropFirst(2)
        }
        while !rest.isEmpty {
            let part = rest.prefix { $0 != colon }
            rest = rest.dropFirst(part.count)
            if part.contains(UInt8(ascii: ".")) {
                guard rest.isEmpty, let tail = parseIPv4(part) else { return nil }
                groups += [UInt16(tail >> 16), UInt16(tail & 0xffff)]
                break
            }
            guard let group = group(part) else { return nil }
            groups.append(group)
            if rest.isEmpty { break }
            rest = rest.dropFirst()
            if rest.first == colon {
                guard gap == nil else { return nil }
                gap = groups.count
                rest = rest.dropFirst()
            } else if rest.isEmpty {
                return nil
            }
        }
        if let gap {
            guard groups.count < 8 else { return nil }
            groups.insert(contentsOf: [UInt16](repeating: 0, count: 8 - groups.count), at: gap)
        }
        guard groups.count == 8 else { return nil }
        let (high, low) = (groups[..<4], groups[4...])
        return UUID128(high: high.reduce(0) { $0 << 16 | UInt64($1) }, low: low.reduce(0) { $0 << 16 | UInt64($1) })
    }

    private static func group(_ text: ArraySlice<UInt8>) -> UInt16? {
        // A sign is no digit, though the standard library reads one.
        guard (1...4).contains(text.count), text.first != UInt8(ascii: "+"), text.first != UInt8(ascii: "-") else {
            return nil
        }
        return UInt16(String(decoding: text, as: UTF8.self), radix: 16)
    }
}

extension IPAddress {
    /// The range of that length that holds the address; nil when the length is out of range.
    package func network(_ length: Int) -> IPPrefix? {
        guard (0...family.bits).contains(length) else { return nil }
        let bits = IPPrefix.masked(bits, length)
        let base =
            family == .ipv4 ? IPAddress(ipv4: UInt32(truncatingIfNeeded: bits.high >> 32)) : IPAddress(ipv6: bits)
        return IPPrefix(address: base, length: length)
    }
}

extension IPAddress: CustomStringConvertible {
    /// Dotted decimal, or RFC 5952: lower case, the longest run of two or more zero groups as `::`.
    package var description: String {
        guard family == .ipv6 else { return octets.map { String($0) }.joined(separator: ".") }
        let groups = (0..<8).map { index in
            UInt16(truncatingIfNeeded: (index < 4 ? bits.high : bits.low) >> UInt64((3 - index % 4) * 16))
        }
        var longest = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > max(longest.count, 1) { longest = start..<end }
            start = end + 1
        }
        let text = { (part: ArraySlice<UInt16>) in part.map { String($0, radix: 16) }.joined(separator: ":") }
        if longest.isEmpty { return text(groups[...]) }
        return text(groups[..<longest.lowerBound]) + "::" + text(groups[longest.upperBound...])
    }
}

/// An address range: the first bits of an address, as Postgres' cidr.
package struct IPPrefix: Hashable, Sendable {
    /// The lowest address of the range: no bit behind ``length`` is set.
    package let address: IPAddress
    /// How many bits are fixed: 0...32 or 0...128.
    package let length: Int

    /// Nil when the length is out of range or a bit behind it is set.
    package init?(address: IPAddress, length: Int) {
        guard (0...address.family.bits).contains(length) else { return nil }
        self.address = address
        self.length = length
        guard Self.masked(address.bits, length) == address.bits else { return nil }
    }

    /// The range of one address.
    package init(_ address: IPAddress) {
        self.address = address
        length = address.family.bits
    }

    /// Reads `192.0.2.0/24`, or an address alone for a range of one.
    package init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Array.init)
        guard parts.count <= 2, let address = IPAddress(String(decoding: parts[0], as: UTF8.self)) else { return nil }
        if parts.count == 1 {
            self.init(address)
        } else {
            guard parts[1].count <= 3, parts[1].count == 1 || parts[1].first != UInt8(ascii: "0"),
                let length = decimal(parts[1][...])
            else { return nil }
            self.init(address: address, length: length)
        }
    }

    package func contains(_ other: IPAddress) -> Bool {
        other.family == address.family && Self.masked(other.bits, length) == address.bits
    }

    fileprivate static func masked(_ bits: UUID128, _ length: Int) -> UUID128 {
        let high = length >= 64 ? bits.high : bits.high & ~(UInt64.max >> UInt64(length))
        let low = length >= 128 ? bits.low : length <= 64 ? 0 : bits.low & ~(UInt64.max >> UInt64(length - 64))
        return UUID128(high: high, low: low)
    }
}

extension IPPrefix: CustomStringConvertible {
    /// `192.0.2.0/24`, always with its length, as Postgres writes a cidr.
    package var description: String { "\(address)/\(length)" }
}
