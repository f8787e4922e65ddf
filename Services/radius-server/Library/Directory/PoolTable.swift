import Domain

/// The pools of ours that a NAS or a plan names, in the order of `AddressPool.Use`.
struct NamedPools: Sendable {
    var ipv4: AddressPool?
    var ipv6: AddressPool?
    var delegated: AddressPool?
}

/// Every tenant's pools, by id and by the names that NASes and plans call them. Not Sendable by itself: the directory's
/// lock guards it.
struct PoolTable {
    private struct Name: Hashable {
        let tenant: UInt32
        let name: String
    }

    private(set) var rows: [PoolID: PoolRow] = [:]
    private var byName: [Name: PoolID] = [:]
    private var pools: [PoolID: AddressPool] = [:]
    /// How long units are, over all pools.
    private(set) var unitLengths: Set<UInt8> = []

    /// The pool's row; nil when it is not known.
    func row(_ id: PoolID) -> PoolRow? { rows[id] }

    /// The active pool of that name and use; nil where the name is the NAS's own, or means a pool for another use.
    func find(_ use: AddressPool.Use, named name: String?, tenant: UInt32) -> AddressPool? {
        guard let name, let id = byName[Name(tenant: tenant, name: name)], rows[id]?.pool.isActive == true else {
            return nil
        }
        return pools[id].flatMap { $0.use == use ? $0 : nil }
    }

    func isKnown(_ name: String, tenant: UInt32) -> Bool { byName[Name(tenant: tenant, name: name)] != nil }

    func named(_ names: PoolNames, tenant: UInt32) -> NamedPools {
        guard !names.isEmpty else { return NamedPools() }
        return NamedPools(
            ipv4: find(.ipv4, named: names.ipv4, tenant: tenant),
            ipv6: find(.ipv6, named: names.ipv6, tenant: tenant),
            delegated: find(.delegated, named: names.delegated, tenant: tenant)
        )
    }

    /// Returns the row that it replaces.
    mutating func put(_ row: PoolRow, tenant: UInt32) -> PoolRow? {
        let old = remove(row.pool.id, tenant: tenant)
        rows[row.pool.id] = row
        byName[Name(tenant: tenant, name: row.pool.name)] = row.pool.id
        pools[row.pool.id] = row.pool.pool
        measure()
        return old
    }

    mutating func remove(_ id: PoolID, tenant: UInt32) -> PoolRow? {
        guard let old = rows.removeValue(forKey: id) else { return nil }
        let name = Name(tenant: tenant, name: old.pool.name)
        // A pool that took the name over meanwhile keeps it.
        if byName[name] == id { byName[name] = nil }
        pools[id] = nil
        measure()
        return old
    }

    private mutating func measure() {
        unitLengths = Set(
            rows.values.map { UInt8(clamping: $0.pool.use == .ipv4 ? 128 : $0.pool.unitLength) }
        )
    }
}
