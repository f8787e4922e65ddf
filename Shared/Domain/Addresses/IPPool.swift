/// A tenant's pool of addresses or prefixes (table ip_pools). What never changes is ``range``, ``use`` and
/// ``unitLength``: units are counted from the range's start.
package struct IPPool: Hashable, Sendable {
    /// How long a unit is kept for who had it last, unless the pool says otherwise: a day (IPAM-02).
    package static let usualStickySeconds = 86_400

    package var tenantID: TenantID
    package var id: PoolID
    /// Unique within the tenant; NASes and plans name a pool by it.
    package var name: String
    package var range: IPPrefix
    package var use: AddressPool.Use
    /// 32 for IPv4, 1...128 for IPv6.
    package var unitLength: Int
    package var gateway: IPAddress?
    /// At most four, of either family.
    package var dnsServers: [IPAddress]
    /// Never handed out.
    package var exclusions: [IPPrefix]
    /// 0 gives a unit back at once.
    package var stickySeconds: Int
    package var isActive: Bool
    /// Nil until stored.
    package var stamp: RowStamp?

    /// Exclusions that a pool may have.
    package static let mostExclusions = 256

    /// The unit's usual length where none is given: an IPv4 address, a /64 for the link, a /56 to delegate.
    package static func usualUnitLength(_ use: AddressPool.Use) -> Int {
        switch use {
        case .ipv4: 32
        case .ipv6: 64
        case .delegated: 56
        }
    }

    package init(
        tenantID: TenantID,
        id: PoolID,
        name: String,
        range: IPPrefix,
        use: AddressPool.Use,
        unitLength: Int? = nil,
        gateway: IPAddress? = nil,
        dnsServers: [IPAddress] = [],
        exclusions: [IPPrefix] = [],
        stickySeconds: Int = usualStickySeconds,
        isActive: Bool = true,
        stamp: RowStamp? = nil
    ) {
        self.tenantID = tenantID
        self.id = id
        self.name = name
        self.range = range
        self.use = use
        self.unitLength = unitLength ?? Self.usualUnitLength(use)
        self.gateway = gateway
        self.dnsServers = dnsServers
        self.exclusions = exclusions
        self.stickySeconds = stickySeconds
        self.isActive = isActive
        self.stamp = stamp
    }

    /// The pool as units are handed out of it; nil where its range holds no unit.
    package var pool: AddressPool? {
        AddressPool(
            id: id,
            use: use,
            range: range,
            unitLength: unitLength,
            stickySeconds: UInt32(clamping: stickySeconds),
            exclusions: exclusions + dnsServers.map { IPPrefix($0) } + (gateway.map { [IPPrefix($0)] } ?? [])
        )
    }
}

extension IPPool: Validated {
    package func check(_ checks: inout FieldChecks) {
        checks.text("name", name, maximum: 100)
        let family = range.address.family
        if (use == .ipv4) != (family == .ipv4) {
            checks.refuse("use", .conflicts(reason: "does not fit the range's family"))
        } else if unitLength < max(range.length, 1) || unitLength > family.bits || (use == .ipv4 && unitLength != 32) {
            let smallest = use == .ipv4 ? 32 : max(range.length, 1)
            checks.refuse("unit_length", .outOfRange(minimum: Int64(smallest), maximum: Int64(family.bits)))
        }
        if let gateway, gateway.family != family {
            checks.refuse("gateway", .conflicts(reason: "must be of the range's family"))
        }
        checks.number("dns_servers", dnsServers.count, in: 0...4)
        checks.number("exclusions", exclusions.count, in: 0...Int64(Self.mostExclusions))
        if exclusions.contains(where: { !range.contains($0.address) && !$0.contains(range.address) }) {
            checks.refuse("exclusions", .conflicts(reason: "must lie within the range"))
        }
        checks.number("sticky_seconds", stickySeconds, in: 0...31_536_000)
    }
}
