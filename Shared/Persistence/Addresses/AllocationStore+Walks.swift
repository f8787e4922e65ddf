package import Domain
import Postgres

/// Walks over what must stand in Redis, page by page, and what is mended where it does not.
extension AllocationStore {
    /// Allocations that are not released, with their sessions, and where the next page begins; nil after the last.
    package func openAllocations(
        after place: WalkPlace,
        limit: Int,
        pools: PoolCatalogue
    ) async throws(StorageFault) -> (page: [OpenAllocation], next: WalkPlace?) {
        try await guarded {
            let rows = try await self.session.query(
                AllocationSQL.walkAllocations,
                [
                    .uuid(high: place.tenant.high, low: place.tenant.low),
                    .uuid(high: place.id.high, low: place.id.low),
                    .text(place.unit), .int8(Int64(limit)),
                ]
            )
            let page = rows.compactMap { row in
                pools.allocation(row).map { OpenAllocation(allocation: $0, session: KnownSession(row, from: 11)) }
            }
            guard rows.count == limit, let last = Array(rows).last else { return (page, nil) }
            return (
                page,
                WalkPlace(tenant: UUID128(last[10]), id: UUID128(last[1]), unit: last[2].text ?? WalkPlace.start.unit)
            )
        }
    }

    /// Open sessions of services, and where the next page begins; nil after the last.
    package func openSessions(
        after place: WalkPlace,
        limit: Int
    ) async throws(StorageFault) -> (page: [KnownSession], next: WalkPlace?) {
        try await guarded {
            let rows = try await self.session.query(
                AllocationSQL.walkSessions,
                [
                    .uuid(high: place.tenant.high, low: place.tenant.low),
                    .uuid(high: place.id.high, low: place.id.low),
                    .int8(Int64(limit)),
                ]
            )
            guard rows.count == limit, let last = Array(rows).last else {
                return (rows.compactMap { KnownSession($0) }, nil)
            }
            return (
                rows.compactMap { KnownSession($0) },
                WalkPlace(tenant: UUID128(last[0]), id: UUID128(last[1]), unit: WalkPlace.start.unit)
            )
        }
    }

    /// The device that a service is bound to, and the binding's generation.
    package struct Binding: Sendable, Equatable {
        package let serviceID: ServiceID
        package let generation: UInt32
        /// 0 where it is bound to none.
        package let hardwareAddress: UInt64
    }

    /// Bindings to devices, and where the next page begins; nil after the last.
    package func bindings(
        after place: WalkPlace,
        limit: Int
    ) async throws(StorageFault) -> (page: [Binding], next: WalkPlace?) {
        try await guarded {
            let rows = try await self.session.query(
                AllocationSQL.walkBindings,
                [
                    .uuid(high: place.tenant.high, low: place.tenant.low),
                    .uuid(high: place.id.high, low: place.id.low),
                    .int8(Int64(limit)),
                ]
            )
            let page = rows.map(Self.binding)
            guard rows.count == limit, let last = Array(rows).last else { return (page, nil) }
            return (page, WalkPlace(tenant: UUID128(last[0]), id: UUID128(last[1]), unit: WalkPlace.start.unit))
        }
    }

    /// The bindings of these services, of those that are there.
    package func bindings(of services: [ServiceID]) async throws(StorageFault) -> [Binding] {
        guard !services.isEmpty else { return [] }
        return try await guarded {
            try await self.session.query(AllocationSQL.bindings, [.uuids(services.map(\.value))]).map(Self.binding)
        }
    }

    private static func binding(_ row: PGRow) -> Binding {
        Binding(
            serviceID: ServiceID(UUID128(row[1])),
            generation: UInt32(clamping: row[2].int64 ?? 0),
            hardwareAddress: row[3].text.flatMap { MACAddress($0) }?.bits ?? 0
        )
    }

    /// The newest sessions of each of these services, at most 32: open ones and those that ended lately.
    package func sessions(of services: [ServiceID]) async throws(StorageFault) -> [KnownSession] {
        guard !services.isEmpty else { return [] }
        return try await guarded {
            try await self.session.query(AllocationSQL.sessionsOfServices, [.uuids(services.map(\.value))])
                .compactMap { KnownSession($0) }
        }
    }

    /// The allocations of these units that are not released.
    package func open(
        _ units: [AllocationLedger.Unit],
        pools: PoolCatalogue
    ) async throws(StorageFault) -> [Allocation] {
        let named = units.compactMap { pools.name($0) }
        guard !named.isEmpty else { return [] }
        return try await guarded {
            try await self.session.query(
                AllocationSQL.openUnits,
                [
                    .uuids(named.map(\.tenant.value)), .uuids(named.map(\.pool.value)),
                    .textArray(named.map(\.unit.description)),
                ]
            ).compactMap { pools.allocation($0) }
        }
    }

    /// Closes those of the allocations that are still as they are given; returns how many.
    package func close(_ allocations: [Allocation], pools: PoolCatalogue) async throws(StorageFault) -> Int {
        guard !allocations.isEmpty else { return 0 }
        return try await guarded {
            try await self.session.query(
                AllocationSQL.closeGone,
                [
                    .uuids(allocations.map { pools.tenant($0.pool)?.value ?? .zero }), .uuids(allocations.map(\.id)),
                    .textArray(allocations.map(\.status.rawValue)),
                ]
            ).affectedRows
        }
    }

    /// Units that services have for good, or part of one, or that are part of what one has.
    package func staticUnits(_ pools: PoolCatalogue) async throws(StorageFault) -> StaticUnits {
        try await guarded {
            var units = StaticUnits()
            for row in try await self.session.query(AllocationSQL.statics) {
                guard let pool = pools.pool(PoolID(UUID128(row[0]))), let prefix = row[1].text.flatMap({ IPPrefix($0) })
                else { continue }
                units.insert(prefix, pool)
            }
            return units
        }
    }

    /// Forgets at most `limit` allocations of each tenant that ended before that time (retention, ACC-09); returns how many.
    package func forget(endedBefore time: Timestamp, limit: Int) async throws(StorageFault) -> Int {
        // Ids are made of the time of allocation: what is older is found by them.
        let last = UUID128.v7(at: time, random: (0, 0))
        return try await guarded {
            try await self.session.query(
                AllocationSQL.forget,
                [.uuid(high: last.high, low: last.low), .timestamptz(time.microseconds), .int8(Int64(limit))]
            ).affectedRows
        }
    }

    /// Lets go of units that were kept for their owners for as long as their pool says; at most `limit`; returns how many.
    package func releaseKept(limit: Int) async throws(StorageFault) -> Int {
        try await guarded {
            try await self.session.query(AllocationSQL.releaseKept, [.int8(Int64(limit))]).affectedRows
        }
    }
}
