import Admission
import Domain
import Events
import Observability
import Persistence

/// How full the pools are: the gauge, and an event when one gets nearly exhausted.
struct PoolWatch: Sendable {
    let keeper: AdmissionKeeper
    let store: AllocationStore
    let metrics: AddressMetrics
    let logger: Logger

    /// Told when more than this part is out, and again only after it was below ``relief``.
    static let alarm = 0.9
    static let relief = 0.85

    func look(_ pools: PoolCatalogue) async throws {
        let active = pools.all.filter(\.row.isActive)
        let counts = try await keeper.counts(active.map(\.pool.id))
        var usages: [PoolGauge.Usage] = []
        for (entry, count) in zip(active, counts) {
            let used = max(0, count.leased - count.kept)
            let usable = Int64(clamping: entry.pool.usableCount)
            usages.append(
                PoolGauge.Usage(
                    tenant: entry.row.tenantID.description,
                    pool: entry.row.name,
                    used: Double(used),
                    usable: Double(usable)
                )
            )
            try await judge(entry.row, used: Int64(used), usable: usable)
        }
        metrics.pools.set(usages)
    }

    private func judge(_ pool: IPPool, used: Int64, usable: Int64) async throws {
        let part = usable > 0 ? Double(used) / Double(usable) : 0
        guard part > Self.alarm || part < Self.relief else { return }
        let isTold = try await keeper.isTold(pool.id)
        if part < Self.relief {
            if isTold { try await keeper.setTold(pool.id, false) }
        } else if !isTold {
            logger.warn(
                "an address pool is nearly exhausted",
                [
                    "pool.id": .string(pool.id.description), "pool.used": .int(Int(used)),
                    "pool.usable": .int(Int(usable)),
                ]
            )
            // The mark after the event: what is told twice is better than not at all.
            try await store.announce(
                PoolUtilisationHigh(poolID: pool.id, poolName: pool.name, used: used, usable: usable),
                of: pool
            )
            try await keeper.setTold(pool.id, true)
        }
    }
}
