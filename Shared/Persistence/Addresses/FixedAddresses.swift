package import Domain
import Postgres

/// Why a service gets no fixed address, or keeps the one it has.
package enum FixedAddressRefusal: Error, Sendable, Equatable {
    case poolInactive
    /// It has another of that kind.
    case hasAnother(IPPrefix)
    /// No unit of the pool.
    case outside
    /// Network, broadcast, gateway, DNS server or an excluded range.
    case reserved
    case taken(by: Holder)
    case exhausted
    /// The service has no such address; or several, and none was named.
    case notNamed
    /// Sessions that are open with it.
    case inUse([SessionID])

    /// Who has a unit.
    package enum Holder: Sendable, Equatable {
        /// For good.
        case service(ServiceID, username: String)
        /// By a lease, or one that is kept for him.
        case lease(ServiceID)
        /// By a session that its NAS reports.
        case session(SessionID)
    }
}

/// Gives services addresses and prefixes of pools for good, and takes them back (IPAM-14).
///
/// Who gives from one pool waits for whoever gives from it before; whoever else writes a service meets the tables' unique
/// indexes, which throw `alreadyExists`. Units are given from the end of the range, where pools hand out dynamically last.
package struct FixedAddresses {
    private let transaction: ScopedTransaction
    private let services: ServiceRepository

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
        services = ServiceRepository(transaction)
    }

    /// What a service was given.
    package struct Assignment: Sendable {
        package let change: Change<Service>
        package let pool: IPPool
        package let unit: IPPrefix
    }

    /// Gives the service that unit of the pool, or the last that nobody has. `owners` tells who has units at this moment, as
    /// far as Redis knows. What the service has already, named again, changes nothing. Throws `FixedAddressRefusal`,
    /// `notFound`, and `ValidationError` of `pool_id` for a pool that is not of the service's tenant.
    package func assign(
        _ id: ServiceID,
        from poolID: PoolID,
        _ wanted: IPPrefix? = nil,
        owners: ([AllocationLedger.Unit]) async throws -> [UUID128?]
    ) async throws -> Assignment {
        let before = try await services.find(id, forUpdate: true).found()
        guard let row = try await PoolRepository(transaction).find(poolID), row.tenantID == before.tenantID,
            let pool = row.pool
        else { throw ValidationError.single("pool_id", .conflicts(reason: "is no pool of the service's tenant")) }
        guard row.isActive else { throw FixedAddressRefusal.poolInactive }
        _ = try await transaction.query(
            "SELECT pg_advisory_xact_lock(hashtext('fixed_addresses'), hashtext($1))",
            [.text(poolID.description)]
        )
        if let present = before.fixed(pool.use) {
            guard let wanted, let offset = pool.offset(named: wanted), pool.unit(offset) == present else {
                throw FixedAddressRefusal.hasAnother(present)
            }
            return Assignment(change: Change(before: before, after: before), pool: row, unit: present)
        }
        let offset =
            if let wanted {
                try await check(wanted, pool, before, owners)
            } else {
                try await choose(pool, before, owners)
            }
        var service = before
        service.setFixed(pool.unit(offset), pool.use)
        try await services.update(service)
        let change = Change(before: before, after: try await services.find(id).found())
        return Assignment(change: change, pool: row, unit: pool.unit(offset))
    }

    /// Takes a fixed address or prefix back; the one that the service has, where none is named. Sessions that stand on it keep it
    /// until they end: they are refused (`inUse`) unless `force`, and told.
    package func release(
        _ id: ServiceID,
        _ named: IPPrefix?,
        force: Bool
    ) async throws -> (change: Change<Service>, unit: IPPrefix, sessions: [SessionID]) {
        let before = try await services.find(id, forUpdate: true).found()
        let held = AddressPool.Use.allCases.compactMap { use in before.fixed(use).map { (use, $0) } }
        let matching = held.filter { _, unit in
            named.map {
                unit.address == $0.address && [unit.length, $0.address.family.bits].contains($0.length)
            } ?? true
        }
        guard matching.count == 1, let (use, unit) = matching.first else { throw FixedAddressRefusal.notNamed }
        let sessions = try await openSessions(of: before, use, unit)
        guard sessions.isEmpty || force else { throw FixedAddressRefusal.inUse(sessions) }
        var service = before
        service.setFixed(nil, use)
        try await services.update(service)
        return (Change(before: before, after: try await services.find(id).found()), unit, sessions)
    }

    // MARK: - Private

    private func check(
        _ wanted: IPPrefix,
        _ pool: AddressPool,
        _ service: Service,
        _ owners: ([AllocationLedger.Unit]) async throws -> [UUID128?]
    ) async throws -> UInt64 {
        guard let offset = pool.offset(named: wanted) else { throw FixedAddressRefusal.outside }
        guard pool.isUsable(offset) else { throw FixedAddressRefusal.reserved }
        let unit = pool.unit(offset)
        let other = try await transaction.query(
            """
            SELECT id, username FROM services WHERE tenant_id = $1 AND id <> $2
                AND (static_ipv4 && $3::text::inet OR framed_ipv6_prefix && $3::text::inet
                    OR delegated_ipv6_prefix && $3::text::inet)
            LIMIT 1
            """,
            [.id(service.tenantID), .id(service.id), .text(unit.description)]
        ).first
        if let other, let id = other["id"].id(ServiceID.self) {
            throw FixedAddressRefusal.taken(by: .service(id, username: other["username"].text ?? ""))
        }
        if let holder = try await holders(offset...offset, pool, service)[offset] {
            throw FixedAddressRefusal.taken(by: holder)
        }
        if let owner = try await owners([.init(pool: pool.id, offset: offset)]).first ?? nil,
            owner != .zero, owner != service.id.value
        {
            throw FixedAddressRefusal.taken(by: .lease(ServiceID(owner)))
        }
        return offset
    }

    private static let step = 256

    private func choose(
        _ pool: AddressPool,
        _ service: Service,
        _ owners: ([AllocationLedger.Unit]) async throws -> [UUID128?]
    ) async throws -> UInt64 {
        var statics = StaticUnits()
        let others = try await transaction.query(
            """
            SELECT x.address::text AS address FROM services v
            CROSS JOIN LATERAL unnest(ARRAY[v.static_ipv4, v.framed_ipv6_prefix::inet, v.delegated_ipv6_prefix::inet]) x (address)
            WHERE v.tenant_id = $1 AND num_nonnulls(v.static_ipv4, v.framed_ipv6_prefix, v.delegated_ipv6_prefix) > 0
                AND x.address && $2::text::inet
            """,
            [.id(service.tenantID), .text(pool.range.description)]
        )
        for row in others {
            if let prefix = row["address"].text.flatMap({ IPPrefix($0) }) { statics.insert(prefix, pool) }
        }
        var limit = pool.capacity
        while true {
            var offsets: [UInt64] = []
            while offsets.count < Self.step, let next = pool.usable(below: offsets.last ?? limit) {
                offsets.append(next)
            }
            guard let first = offsets.last, let last = offsets.first else { throw FixedAddressRefusal.exhausted }
            limit = first
            let free = offsets.filter { !statics.contains($0, of: pool.id) }
            guard !free.isEmpty else { continue }
            let held = try await holders(first...last, pool, service)
            let candidates = free.filter { held[$0] == nil }
            let owned = try await owners(candidates.map { .init(pool: pool.id, offset: $0) })
            for (offset, owner) in zip(candidates, owned)
            where owner == nil || owner == .zero || owner == service.id.value {
                return offset
            }
        }
    }

    /// Who but the service has units of that span by a lease, by one that is kept for him, or by a session's report.
    private func holders(
        _ span: ClosedRange<UInt64>,
        _ pool: AddressPool,
        _ service: Service
    ) async throws -> [UInt64: FixedAddressRefusal.Holder] {
        let (first, last) = (pool.unit(span.lowerBound), pool.unit(span.upperBound))
        var holders: [UInt64: FixedAddressRefusal.Holder] = [:]
        let leases = try await transaction.query(
            """
            SELECT unit::text AS unit, service_id FROM ip_allocations
            WHERE tenant_id = $1 AND pool_id = $2 AND unit BETWEEN $3::text::cidr AND $4::text::cidr AND service_id <> $5
                AND (status = 'allocated' OR status = 'reserved'
                    AND released_at > clock_timestamp() - make_interval(secs => $6))
            """,
            [
                .id(service.tenantID), .id(pool.id), .text(first.description), .text(last.description), .id(service.id),
                .float8(Double(pool.stickySeconds)),
            ]
        )
        for row in leases {
            guard let offset = row["unit"].text.flatMap({ IPPrefix($0) }).flatMap({ pool.offset(of: $0.address) }),
                let owner = row["service_id"].id(ServiceID.self)
            else { continue }
            holders[offset] = .lease(owner)
        }
        for column in Self.columns(pool.use) {
            let sessions = try await transaction.query(
                """
                SELECT id, \(column)::text AS address FROM sessions
                WHERE tenant_id = $1 AND ended_at IS NULL AND service_id IS DISTINCT FROM $2
                    AND \(column) BETWEEN $3::text::inet
                        AND set_masklen(broadcast($4::text::inet), CASE family($4::text::inet) WHEN 4 THEN 32 ELSE 128 END)
                """,
                [.id(service.tenantID), .id(service.id), .text(first.description), .text(last.description)]
            )
            for row in sessions {
                guard
                    let offset = row["address"].text.flatMap({ IPPrefix($0) }).flatMap({ pool.offset(of: $0.address) }),
                    let session = row["id"].id(SessionID.self)
                else { continue }
                holders[offset] = holders[offset] ?? .session(session)
            }
        }
        return holders
    }

    /// Open sessions of the service that have the unit, or whose NAS does not say what they have.
    private func openSessions(of service: Service, _ use: AddressPool.Use, _ unit: IPPrefix) async throws -> [SessionID]
    {
        let columns = Self.columns(use)
        let condition =
            columns.map { "\($0) && $3::text::inet" } + [columns.map { "\($0) IS NULL" }.joined(separator: " AND ")]
        return try await transaction.query(
            """
            SELECT id FROM sessions WHERE tenant_id = $1 AND service_id = $2 AND ended_at IS NULL
                AND (\(condition.map { "(\($0))" }.joined(separator: " OR "))) ORDER BY id LIMIT 32
            """,
            [.id(service.tenantID), .id(service.id), .text(unit.description)]
        ).compactMap { $0["id"].id() }
    }

    private static func columns(_ use: AddressPool.Use) -> [String] {
        switch use {
        case .ipv4: ["framed_ipv4"]
        case .ipv6: ["framed_ipv6_prefix", "framed_ipv6_address"]
        case .delegated: ["delegated_ipv6_prefix"]
        }
    }
}

extension Service {
    /// What it has for good of that kind.
    package func fixed(_ use: AddressPool.Use) -> IPPrefix? {
        switch use {
        case .ipv4: staticIPv4.map { IPPrefix($0) }
        case .ipv6: framedIPv6Prefix
        case .delegated: delegatedIPv6Prefix
        }
    }

    mutating func setFixed(_ unit: IPPrefix?, _ use: AddressPool.Use) {
        switch use {
        case .ipv4: staticIPv4 = unit?.address
        case .ipv6: framedIPv6Prefix = unit
        case .delegated: delegatedIPv6Prefix = unit
        }
    }
}
