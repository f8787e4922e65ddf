import Admission
import Domain
import Observability
import Persistence

/// Carries the log in Redis to Postgres, oldest entry first. Entries are taken from the log after their commit: a kill in
/// between brings them again, and they change nothing. What waits in the log is what is pending.
struct LogPersister: Sendable {
    let keeper: AdmissionKeeper
    let store: AllocationStore
    let metrics: AddressMetrics
    let logger: Logger
    /// Entries in one transaction at most.
    var batch = 1_000

    init(keeper: AdmissionKeeper, store: AllocationStore, metrics: AddressMetrics, logger: Logger) {
        self.keeper = keeper
        self.store = store
        self.metrics = metrics
        self.logger = logger
    }

    /// What a step stored: how many entries, and when the oldest was made.
    struct Stored {
        var entries = 0
        var oldest: Timestamp?
    }

    /// Stores the oldest batch.
    @discardableResult
    func step(_ pools: PoolCatalogue) async throws -> Stored {
        let oldest = try await keeper.oldest(batch)
        let entries = oldest.entries
        guard !entries.isEmpty else {
            metrics.waiting.set(0)
            return Stored()
        }
        let readable = entries.compactMap { $0 }
        var pools = pools
        // A pool may be younger than the catalogue.
        if readable.contains(where: { $0.kind != .bound && pools.pool($0.pool) == nil }) {
            pools = PoolCatalogue(try await store.pools())
        }
        let stored = try await store.store(readable, pools: pools)
        let passedOver = entries.count - readable.count + stored.unknown
        if passedOver > 0 {
            metrics.unreadable.add(passedOver)
            logger.error("entries of the address log passed over", ["entries": .int(passedOver)])
        }
        metrics.waiting.set(Double(try await keeper.forget(oldest)))
        metrics.stored.add(entries.count - passedOver)
        return Stored(entries: entries.count, oldest: readable.first?.at)
    }

    /// Stores what waits now; no more, so that it ends under load.
    func drain(_ pools: PoolCatalogue) async throws {
        var left = try await keeper.waiting()
        while left > 0 {
            let stored = try await step(pools).entries
            guard stored > 0 else { return }
            left -= stored
        }
    }
}
