/// A range that is handed out in units of one size: IPv4 addresses, IPv6 prefixes for the link, or prefixes that are
/// delegated (IPAM-01, 02, 10, 18). Units are counted from the range's start; the count is an offset.
package struct AddressPool: Hashable, Sendable {
    /// What a unit is for: which attribute carries it.
    package enum Use: UInt8, Hashable, Sendable, CaseIterable {
        /// Framed-IP-Address (RFC 2865 §5.8).
        case ipv4
        /// Framed-IPv6-Prefix (RFC 3162 §2.3), or Framed-IPv6-Address (RFC 6911 §3.1) where a unit is one address.
        case ipv6
        /// Delegated-IPv6-Prefix (RFC 4818).
        case delegated

        package var name: StaticString {
            switch self {
            case .ipv4: "ipv4"
            case .ipv6: "ipv6"
            case .delegated: "delegated"
            }
        }

        package init?(name: String) {
            guard let found = Self.allCases.first(where: { "\($0.name)" == name }) else { return nil }
            self = found
        }
    }

    /// Units beyond this many are never handed out: offsets stay exact in Redis' numbers.
    package static let largestCapacity: UInt64 = 1 << 40
    /// No block is larger, and none smaller than 16 unless the pool is.
    package static let largestBlock: UInt64 = 1_024

    package let id: PoolID
    package let use: Use
    package let range: IPPrefix
    /// The length of a unit: 32 for IPv4, 1...128 for IPv6.
    package let unitLength: Int
    /// How long a unit is kept for who had it last, in seconds; 0 gives it back at once (IPAM-02).
    package let stickySeconds: UInt32
    /// Addresses that are never handed out beside network, broadcast and the first of an IPv4 range: gateway, DNS
    /// servers and excluded ranges (IPAM-03).
    package let exclusions: [IPPrefix]
    package let capacity: UInt64

    /// Nil when a unit is larger than the range, or range and use are of different families.
    package init?(
        id: PoolID,
        use: Use,
        range: IPPrefix,
        unitLength: Int,
        stickySeconds: UInt32 = 86_400,
        exclusions: [IPPrefix] = []
    ) {
        let family = range.address.family
        guard (use == .ipv4) == (family == .ipv4), range.length <= unitLength, unitLength <= family.bits,
            use != .ipv4 || unitLength == 32
        else { return nil }
        self.id = id
        self.use = use
        self.range = range
        self.unitLength = unitLength
        self.stickySeconds = stickySeconds
        self.exclusions = exclusions.filter { $0.address.family == family }
        let bits = unitLength - range.length
        capacity = bits >= 40 ? Self.largestCapacity : 1 << UInt64(bits)
    }

    /// Units that are loaded together: a sixteenth of the pool, within bounds, so that every server finds blocks of its own.
    package var blockSize: UInt64 { min(Self.largestBlock, max(16, capacity / 16)) }

    package var blockCount: UInt32 { UInt32(clamping: (capacity + blockSize - 1) / blockSize) }

    /// The unit at the offset, which must be below ``capacity``.
    package func unit(_ offset: UInt64) -> IPPrefix {
        let shift = UInt64(range.address.family == .ipv4 ? 32 - unitLength : 128 - unitLength)
        guard range.address.family == .ipv6 else {
            let address =
                UInt32(truncatingIfNeeded: range.address.bits.high >> 32) &+ UInt32(truncatingIfNeeded: offset)
            return IPPrefix(IPAddress(ipv4: address))
        }
        let base = range.address.bits
        let (low, carry) = shift >= 64 ? (base.low, false) : base.low.addingReportingOverflow(offset << shift)
        let above = shift >= 64 ? offset << (shift - 64) : shift == 0 ? 0 : offset >> (64 - shift)
        let address = IPAddress(ipv6: UUID128(high: base.high &+ above &+ (carry ? 1 : 0), low: low))
        return IPPrefix(address: address, length: unitLength) ?? IPPrefix(address)
    }

    /// The offset of the unit that holds the address; nil outside of the pool.
    package func offset(of address: IPAddress) -> UInt64? {
        guard range.contains(address) else { return nil }
        guard address.family == .ipv6 else {
            return (address.bits.high >> 32) &- (range.address.bits.high >> 32)
        }
        let shift = UInt64(128 - unitLength)
        let (low, borrow) = address.bits.low.subtractingReportingOverflow(range.address.bits.low)
        let high = address.bits.high &- range.address.bits.high &- (borrow ? 1 : 0)
        let offset = shift >= 64 ? high >> (shift - 64) : shift == 0 ? low : high << (64 - shift) | low >> shift
        guard shift >= 64 || high >> shift == 0, offset < capacity else { return nil }
        return offset
    }

    /// Whether the unit may be handed out to whoever comes.
    package func isUsable(_ offset: UInt64) -> Bool {
        guard offset < capacity else { return false }
        // A range of one or two addresses has neither network nor broadcast (RFC 3021).
        if use == .ipv4, capacity > 2, offset <= 1 || offset == capacity - 1 { return false }
        let unit = unit(offset)
        return !exclusions.contains { $0.contains(unit.address) || unit.contains($0.address) }
    }

    /// The usable offsets of a block; blocks are counted from 0.
    package func usable(inBlock block: UInt32) -> [UInt64] {
        let first = UInt64(block) * blockSize
        guard first < capacity else { return [] }
        return (first..<min(capacity, first + blockSize)).filter(isUsable)
    }
}
