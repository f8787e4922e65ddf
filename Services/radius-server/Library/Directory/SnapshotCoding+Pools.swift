import Domain

extension SnapshotWriter {
    mutating func add(_ policy: TenantPolicy) {
        add(UInt64(policy.sessionPolicy == .rejectNew ? 1 : 0))
        add(UInt64(policy.bindsDevice ? 1 : 0))
        add(policy.walledGardenPlan?.value ?? .zero)
    }

    mutating func add(_ names: PoolNames) {
        for use in AddressPool.Use.allCases { addOptional(names[use].map { Array($0.utf8) }) }
    }

    mutating func add(_ row: PoolRow) {
        let pool = row.pool
        add(pool.id.value)
        add(pool.tenantID.value)
        add(Array(pool.name.utf8))
        add(Array(pool.range.description.utf8))
        add(UInt64(pool.use.rawValue))
        add(UInt64(pool.unitLength))
        addOptional(pool.gateway.map { Array($0.description.utf8) })
        add(UInt64(pool.dnsServers.count))
        for server in pool.dnsServers { add(Array(server.description.utf8)) }
        add(UInt64(pool.exclusions.count))
        for exclusion in pool.exclusions { add(Array(exclusion.description.utf8)) }
        add(UInt64(pool.stickySeconds))
        add(UInt64(pool.isActive ? 1 : 0))
        add(row.version)
    }
}

extension SnapshotReader {
    mutating func policy() throws(SnapshotFormatError) -> TenantPolicy {
        let session: TenantPolicy.SessionPolicy = try number() == 1 ? .rejectNew : .disconnectOldest
        let binds = try number() == 1
        let plan = try id()
        return TenantPolicy(
            sessionPolicy: session,
            bindsDevice: binds,
            walledGardenPlan: plan == .zero ? nil : PlanID(plan)
        )
    }

    mutating func poolNames() throws(SnapshotFormatError) -> PoolNames {
        PoolNames(ipv4: try text(), ipv6: try text(), delegated: try text())
    }

    mutating func pool() throws(SnapshotFormatError) -> PoolRow {
        let id = try id()
        let tenant = try self.id()
        let name = try string()
        guard let range = IPPrefix(try string()), let use = AddressPool.Use(rawValue: UInt8(clamping: try number()))
        else {
            throw SnapshotFormatError()
        }
        var pool = IPPool(
            tenantID: TenantID(tenant),
            id: PoolID(id),
            name: name,
            range: range,
            use: use,
            unitLength: Int(clamping: try number())
        )
        pool.gateway = try text().flatMap { IPAddress($0) }
        for _ in 0..<(try count()) { if let server = IPAddress(try string()) { pool.dnsServers.append(server) } }
        for _ in 0..<(try count()) { if let range = IPPrefix(try string()) { pool.exclusions.append(range) } }
        pool.stickySeconds = Int(clamping: try number())
        pool.isActive = try number() == 1
        return PoolRow(pool: pool, version: try signed())
    }

    private mutating func string() throws(SnapshotFormatError) -> String {
        String(decoding: try bytes(), as: UTF8.self)
    }
}
