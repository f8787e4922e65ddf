package import Domain
package import Events
package import Postgres

/// Keeps what the log in Redis tells of addresses and devices, as the pipelines' role, over all tenants. One process at a
/// time does: see ``lead()``.
package final class AllocationStore: Sendable {
    let session: PostgresSession
    private let random: @Sendable () -> UInt64

    /// `session` serves this store alone: the leader's lock belongs to its connection.
    package init(
        _ session: PostgresSession,
        random: @escaping @Sendable () -> UInt64 = { .random(in: .min ... .max) }
    ) {
        self.session = session
        self.random = random
    }

    /// Whether this connection leads now: the lock is had at once or another process has it.
    package func lead() async throws(StorageFault) -> Bool {
        try await guarded { try await self.session.leads(AllocationSQL.lockClass) }
    }

    /// Every pool of every tenant, active or not.
    package func pools() async throws(StorageFault) -> [IPPool] {
        try await guarded {
            try await self.session.query("SELECT \(PoolRepository.columns) FROM ip_pools ORDER BY id")
                .map(PoolRepository.pool)
        }
    }

    /// Stores what the entries tell, in one transaction: allocations, bindings, and an event for each new binding. The same
    /// entries again, in whatever company, change nothing. Entries of pools that are not among `pools` are passed over.
    package func store(_ entries: [AllocationEntry], pools: PoolCatalogue) async throws(StorageFault) -> StoredEntries {
        try await guarded {
            try await self.session.transaction(settings: AccountingSQL.settings) { transaction in
                var stored = StoredEntries()
                let leases = entries.filter { $0.kind != .bound && pools.pool($0) != nil }
                stored.unknown = entries.count { $0.kind != .bound && pools.pool($0) == nil }
                if !leases.isEmpty {
                    let outcome = try await self.fold(leases, pools, transaction)
                    stored.opened = outcome.opened.count
                    stored.closed = outcome.changed.count
                }
                let bindings = entries.filter { $0.kind == .bound }
                if !bindings.isEmpty { stored.bound = try await self.bind(bindings, transaction) }
                return stored
            }
        }
    }

    private func fold(
        _ leases: [AllocationEntry],
        _ pools: PoolCatalogue,
        _ transaction: PostgresSessionTransaction
    ) async throws -> AllocationLedger.Outcome {
        var units: Set<AllocationLedger.Unit> = []
        for entry in leases { units.insert(AllocationLedger.Unit(pool: entry.pool, offset: entry.offset)) }
        let named = units.compactMap { pools.name($0) }
        let ids = leases.filter { $0.kind == .leased }.map {
            (pools.tenant($0.pool)?.value ?? .zero, Allocation.id(of: $0))
        }
        let results = try await transaction.pipeline([
            PGStatement(
                AllocationSQL.openUnits,
                [
                    .uuids(named.map(\.tenant.value)), .uuids(named.map(\.pool.value)),
                    .textArray(named.map(\.unit.description)),
                ]
            ),
            PGStatement(AllocationSQL.known, [.uuids(ids.map(\.0)), .uuids(ids.map(\.1))]),
        ])
        let outcome = AllocationLedger.fold(
            leases,
            open: results[0].compactMap { pools.allocation($0) },
            known: Set(results[1].map { UUID128($0[0]) }),
            sticky: { pools.stickySeconds($0) }
        )
        let writes = pools.statements(outcome)
        if !writes.isEmpty { try await transaction.pipeline(writes) }
        return outcome
    }

    private func bind(_ entries: [AllocationEntry], _ transaction: PostgresSessionTransaction) async throws -> Int {
        let results = try await transaction.pipeline([
            PGStatement(AllocationSQL.walking),
            PGStatement(
                AllocationSQL.bind,
                [
                    .uuids(entries.map(\.service.value)),
                    .textArray(entries.map { MACAddress(bits: $0.hardwareAddress).description }),
                    .int8Array(entries.map { Int64(clamping: $0.offset) }),
                    .timestamptzArray(entries.map(\.at.microseconds)), .uuids(entries.map { $0.nas?.value }),
                ]
            ),
            PGStatement(AccountingSQL.clock),
        ])
        var ids = EventIDs(from: Timestamp(microseconds: results[2].first?[0].timestamptz ?? 0), random: random)
        let events = results[1].map { row in
            let id = ids.next()
            let service = ServiceID(UUID128(row[1]))
            return OutboxRow(
                id: id.id,
                tenantID: TenantID(UUID128(row[0])),
                aggregateID: service.value,
                payload: DeviceBound(
                    serviceID: service,
                    username: row[2].text ?? "",
                    hardwareAddress: row[3].text ?? "",
                    bindingGeneration: UInt32(clamping: row[4].int64 ?? 0),
                    nasID: row[5].id()
                ),
                createdAt: id.time
            )
        }
        if !events.isEmpty { try await transaction.pipeline([OutboxRow.insert(events)]) }
        return events.count
    }

    /// Tells of something in the outbox.
    package func announce<Payload: EventPayload>(_ payload: Payload, of pool: IPPool) async throws(StorageFault) {
        try await guarded {
            try await self.session.transaction { transaction in
                let clock = try await transaction.query(AccountingSQL.clock)
                var ids = EventIDs(from: Timestamp(microseconds: clock.first?[0].timestamptz ?? 0), random: self.random)
                let id = ids.next()
                let row = OutboxRow(
                    id: id.id,
                    tenantID: pool.tenantID,
                    aggregateID: pool.id.value,
                    payload: payload,
                    createdAt: id.time
                )
                try await transaction.pipeline([OutboxRow.insert([row])])
            }
        }
    }
}

/// What a batch of the log's entries changed.
package struct StoredEntries: Sendable, Equatable {
    package var opened = 0
    package var closed = 0
    package var bound = 0
    /// Of pools that are not there.
    package var unknown = 0

    package init() {}
}
