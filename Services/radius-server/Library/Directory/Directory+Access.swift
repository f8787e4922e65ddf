import Domain

/// What a login needs of pools, policies and limits. Nothing here allocates.
extension Directory {
    /// The pools that a login on this NAS under this plan takes addresses from, in the order of `AddressPool.Use`. A name
    /// that the NAS gives for a use wins over the plan's, also when it means a pool of the NAS's own; but a walled garden's
    /// plan wins over the NAS (`confined`), or the garden would have holes.
    func pools(nas: NASEntry, plan: Plan, confined: Bool = false) -> (AddressPool?, AddressPool?, AddressPool?) {
        func wins(_ use: AddressPool.Use) -> Bool { namesPool(use, nas: nas, plan: plan, confined: confined) }
        return (
            wins(.ipv4) ? nas.pools.ipv4 : plan.pools.ipv4, wins(.ipv6) ? nas.pools.ipv6 : plan.pools.ipv6,
            wins(.delegated) ? nas.pools.delegated : plan.pools.delegated
        )
    }

    /// Whether the NAS says which pool serves a use, rather than the plan.
    private func namesPool(_ use: AddressPool.Use, nas: NASEntry, plan: Plan, confined: Bool) -> Bool {
        nas.poolNames[use] != nil && !(confined && plan.row?.pools[use] != nil)
    }

    /// The name of the NAS's own pool for this use, where the winning name means none of ours: Framed-Pool and the like.
    func localPoolName(_ use: AddressPool.Use, nas: NASEntry, plan: Plan, confined: Bool = false) -> String? {
        let isOfNAS = namesPool(use, nas: nas, plan: plan, confined: confined)
        guard let name = isOfNAS ? nas.poolNames[use] : plan.row?.pools[use] else { return nil }
        return isPool(name, tenant: nas.tenant) ? nil : name
    }

    /// Whether a pool of ours has that name in the tenant, active or not.
    func isPool(_ name: String, tenant: UInt32) -> Bool { pools.isKnown(name, tenant: tenant) }

    /// The pool's row, with gateway and DNS servers; nil when it is not known.
    func pool(_ id: PoolID) -> IPPool? { pools.row(id)?.pool }

    /// Whether a service of the tenant has the unit for good, or part of it, or it is part of what one has. A few probes of
    /// a hash table.
    func isReserved(tenant: UInt32, _ unit: IPPrefix) -> Bool { reserved.contains(AddressRange(unit), tenant: tenant) }

    func isReserved(tenant: UInt32, _ address: IPAddress) -> Bool { isReserved(tenant: tenant, IPPrefix(address)) }

    /// The same for a unit of a pool; of one that is no more, true: it is not handed out.
    func isReserved(poolOf pool: AddressPool, _ unit: IPPrefix) -> Bool {
        guard let tenant = pools.row(pool.id).flatMap({ tenantNumber($0.pool.tenantID.value) }) else { return true }
        return isReserved(tenant: tenant, unit)
    }

    /// What the tenant's settings say of its subscribers' sessions.
    func tenantPolicy(_ number: UInt32) -> TenantPolicy {
        tenants.indices.contains(Int(number)) ? tenants[Int(number)].policy : TenantPolicy()
    }

    /// The plan of the tenant's walled garden; nil where it has none, or a plan that is not there.
    func walledGardenPlan(_ tenant: UInt32) -> Plan? {
        guard let id = tenantPolicy(tenant).walledGardenPlan, let number = planNumber(id.value) else { return nil }
        return plan(number)
    }

    /// The plan under which a subscriber comes in: its own, or the walled garden's.
    func plan(of subscriber: Int?, confined: Bool, tenant: UInt32) -> Plan? {
        if confined { return walledGardenPlan(tenant) }
        return subscriber.flatMap { plan(subscribers.records[$0].plan) }
    }

    /// Sessions that the service may have at once: its own limit, else its plan's.
    func sessionLimit(_ subscriber: Int) -> UInt8 {
        let record = subscribers.records[subscriber]
        return record.sessionLimit != 0 ? record.sessionLimit : plan(record.plan)?.row?.sessionLimit ?? 1
    }

    /// The device that the service is bound to, 48 bits; 0 for none.
    func boundMAC(_ subscriber: Int) -> UInt64 { subscribers.records[subscriber].boundMAC }

    /// How often the service's binding was reset.
    func bindingGeneration(_ subscriber: Int) -> UInt32 { subscribers.records[subscriber].bindingGeneration }
}
