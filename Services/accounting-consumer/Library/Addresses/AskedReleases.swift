import Admission
import Domain
import Persistence

/// Ends leases that somebody asked to be ended (IPAM-14). The leader alone does, as it mends: by the report that a session's end
/// makes, so that log, record and everybody's view follow as ever. What finds Redis away is asked again.
struct AskedReleases: Sendable {
    let keeper: AdmissionKeeper
    let store: AllocationStore
    /// A slot counts for so long without being heard of.
    let leaseSeconds: UInt32
    private let page = 100

    init(keeper: AdmissionKeeper, store: AllocationStore, leaseSeconds: UInt32) {
        self.keeper = keeper
        self.store = store
        self.leaseSeconds = leaseSeconds
    }

    /// Carries out what waits.
    func run(_ pools: PoolCatalogue) async throws {
        for asked in try await store.askedReleases(limit: page, pools: pools) {
            try await store.conclude(asked, try await end(asked.allocation, pools))
        }
    }

    private func end(_ allocation: Allocation?, _ pools: PoolCatalogue) async throws -> String {
        guard let allocation else { return "The lease had ended." }
        let unit = AllocationLedger.Unit(pool: allocation.pool, offset: allocation.offset)
        let service = allocation.service.value
        let slot = try await keeper.records(of: [service]).first?.slots
            .first { $0.state != .released && $0.units.contains(unit) }
        guard let slot else { return "No session has it; the next reconciliation closes what the table says." }
        _ = try await keeper.report([slot.report(.ended, service: service, leaseSeconds: leaseSeconds)])
        let kept = pools.stickySeconds(allocation.pool)
        return kept > 0 ? "Ended; the pool keeps it for its owner for \(kept) s." : "Ended; it is free."
    }
}
