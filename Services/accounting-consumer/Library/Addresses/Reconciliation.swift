import Admission
import Concurrency
import Domain
import Lifecycle
import Observability
import Persistence

/// Compares what Redis has with what Postgres has and mends either: see decision 0008. Works in batches, and the log is
/// stored between them, so that it never waits long.
///
/// A difference counts only when it stands after the log was drained: until then the entry that explains it may be on its
/// way.
struct Reconciliation: Sendable {
    let keeper: AdmissionKeeper
    let store: AllocationStore
    let persister: LogPersister
    let metrics: AddressMetrics
    let clock: TimeSource
    /// A slot counts for so long without being heard of.
    let leaseSeconds: UInt32
    let page = 500
    /// Blocks of units looked at in a round.
    let blocks = 256

    init(
        keeper: AdmissionKeeper,
        store: AllocationStore,
        persister: LogPersister,
        metrics: AddressMetrics,
        clock: TimeSource,
        leaseSeconds: UInt32
    ) {
        self.keeper = keeper
        self.store = store
        self.persister = persister
        self.metrics = metrics
        self.clock = clock
        self.leaseSeconds = leaseSeconds
    }

    /// One round. `cursor` says where the walk over the pools' blocks goes on, and is moved.
    func run(_ pools: PoolCatalogue, _ cursor: inout BlockCursor) async throws {
        try await walkSlots(pools)
        try await walkAllocations(pools)
        try await walkBlocks(pools, &cursor)
        while try await store.releaseKept(limit: page) == page {}
    }

    // MARK: - What Redis has

    private func walkSlots(_ pools: PoolCatalogue) async throws {
        var cursor: UInt64 = 0
        repeat {
            let (next, records) = try await keeper.records(from: cursor, count: page)
            try await check(records, pools)
            try await persister.step(pools)
            cursor = next
        } while cursor != 0 && !GracefulShutdown.isShuttingDown
    }

    private func check(_ records: [ServiceRecord], _ pools: PoolCatalogue) async throws {
        guard !records.isEmpty else { return }
        let services = records.map { ServiceID($0.service) }
        let sessions = Dictionary(grouping: try await store.sessions(of: services), by: \.serviceID)
        let now = clock.now()
        var reports: [SessionReport] = []
        for record in records {
            for slot in record.slots {
                let verdict = SlotJudge.judge(slot, sessions: sessions[ServiceID(record.service)] ?? [], now: now)
                switch verdict {
                case .fine: continue
                case .renew(let admission):
                    var report = slot.report(.isAlive, service: record.service, leaseSeconds: leaseSeconds)
                    report.admission = admission
                    reports.append(report)
                    metrics.repaired(.slotRenewed)
                case .end(let repair):
                    reports.append(slot.report(.ended, service: record.service, leaseSeconds: leaseSeconds))
                    metrics.repaired(repair)
                }
            }
        }
        _ = try await keeper.report(reports)
        try await checkBindings(records, pools)
        try await checkUnits(records, pools)
    }

    /// Postgres knows best which device a service is bound to, unless Redis bound one that Postgres never heard of.
    private func checkBindings(_ records: [ServiceRecord], _ pools: PoolCatalogue) async throws {
        let known = Dictionary(
            try await store.bindings(of: records.map { ServiceID($0.service) }).map { ($0.serviceID.value, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        var missing: [AllocationEntry] = []
        var wrong: [AdmissionKeeper.Binding] = []
        for record in records {
            guard let binding = known[record.service] else { continue }
            if binding.generation > record.bindingGeneration, binding.hardwareAddress != 0 || record.boundMAC != 0 {
                wrong.append(binding.asKept)
            } else if binding.generation == record.bindingGeneration, binding.hardwareAddress != record.boundMAC {
                if binding.hardwareAddress != 0 {
                    wrong.append(binding.asKept)
                } else {
                    missing.append(record.boundEntry(at: clock.now()))
                }
            }
        }
        metrics.repaired(.binding, try await keeper.bind(wrong))
        guard !missing.isEmpty else { return }
        try await persister.drain(pools)
        metrics.repaired(.binding, try await store.store(missing, pools: pools).bound)
    }

    /// Units that sessions have and Postgres does not know: entries that were lost with a server that failed.
    private func checkUnits(_ records: [ServiceRecord], _ pools: PoolCatalogue) async throws {
        let first = try await unknown(records, pools)
        guard !first.isEmpty else { return }
        // Read before the log is drained: a row that ran ahead of the log would hide what came before it.
        let standing = try await keeper.records(of: Array(Set(first.map(\.service.value))))
        try await persister.drain(pools)
        let again = try await unknown(standing, pools)
        metrics.repaired(.allocationStored, try await store.store(again, pools: pools).opened)
    }

    private func unknown(_ records: [ServiceRecord], _ pools: PoolCatalogue) async throws -> [AllocationEntry] {
        let held = records.flatMap(\.leases)
        guard !held.isEmpty else { return [] }
        let units = held.map { AllocationLedger.Unit(pool: $0.pool, offset: $0.offset) }
        let open = Dictionary(
            try await store.open(units, pools: pools).map {
                (AllocationLedger.Unit(pool: $0.pool, offset: $0.offset), $0)
            },
            uniquingKeysWith: { first, _ in first }
        )
        let owners = try await keeper.owners(units)
        return held.indices.compactMap { index in
            let (entry, found) = (held[index], open[units[index]])
            let isKnown = found?.status == .allocated && found?.service == entry.service
            return isKnown || owners[index] != entry.service.value ? nil : entry
        }
    }
}

extension ServiceRecord {
    /// The units that its sessions have, as entries of the log.
    fileprivate var leases: [AllocationEntry] {
        slots.filter { $0.state != .released }.flatMap { slot in
            slot.units.compactMap { unit in
                unit.map { unit in
                    AllocationEntry(
                        .leased,
                        at: slot.since,
                        service: ServiceID(service),
                        admission: slot.admission == .zero ? nil : AdmissionID(slot.admission),
                        nas: slot.nas == .zero ? nil : NASID(slot.nas),
                        pool: unit.pool,
                        offset: unit.offset
                    )
                }
            }
        }
    }

    fileprivate func boundEntry(at time: Timestamp) -> AllocationEntry {
        AllocationEntry(
            .bound,
            at: time,
            service: ServiceID(service),
            offset: UInt64(bindingGeneration),
            hardwareAddress: boundMAC
        )
    }
}

extension ServiceRecord.Slot {
    func report(_ kind: SessionReport.Kind, service: UUID128, leaseSeconds: UInt32) -> SessionReport {
        SessionReport(
            kind,
            service: service,
            device: device,
            admission: admission,
            nas: nas,
            leaseSeconds: leaseSeconds
        )
    }
}
