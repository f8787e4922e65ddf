import Admission
import Domain
import Lifecycle
import Persistence

/// Where the walk over the pools' blocks stands, for pools too large for one round, and which servers that keep blocks were
/// not heard of.
struct BlockCursor {
    private var next: [PoolID: UInt32] = [:]
    private var silentSince: [String: Timestamp] = [:]

    /// A server that keeps blocks is taken for dead when it stayed away for so long: after an outage of Redis all of them
    /// have to be heard of anew.
    static let patience = Duration.seconds(120)

    /// Notes whether a server lives; true when it has been dead for long enough.
    mutating func isDead(_ holder: String, alive: Bool, now: Timestamp) -> Bool {
        guard !alive else {
            silentSince[holder] = nil
            return false
        }
        let since = silentSince[holder] ?? now
        silentSince[holder] = since
        return now - since >= Self.patience
    }

    /// Begins anew: another server may have another memory.
    mutating func forgetSilence() { silentSince = [:] }

    /// The blocks of the pool to look at now, at most `limit` of the `loaded` ones.
    mutating func take(_ pool: PoolID, loaded: UInt32, limit: Int) -> [UInt32] {
        guard loaded > 0 else { return [] }
        let start = (next[pool] ?? 0) % loaded
        let count = min(UInt32(clamping: limit), loaded)
        next[pool] = (start + count) % loaded
        return (0..<count).map { (start + $0) % loaded }
    }
}

extension Reconciliation {
    // MARK: - What Postgres has

    func walkAllocations(_ pools: PoolCatalogue) async throws {
        var place = WalkPlace.start
        while !GracefulShutdown.isShuttingDown {
            let (page, next) = try await store.openAllocations(after: place, limit: page, pools: pools)
            try await check(try await astray(page), pools)
            try await persister.step(pools)
            guard let next else { return }
            place = next
        }
    }

    /// Those whose unit Redis does not have, or has for another.
    private func astray(_ allocations: [OpenAllocation]) async throws -> [OpenAllocation] {
        let owners = try await keeper.owners(
            allocations.map { AllocationLedger.Unit(pool: $0.allocation.pool, offset: $0.allocation.offset) }
        )
        return zip(allocations, owners).filter { $0.allocation.service.value != $1 }.map(\.0)
    }

    private func check(_ candidates: [OpenAllocation], _ pools: PoolCatalogue) async throws {
        guard !candidates.isEmpty else { return }
        // Whose unit is astray now and whose row is open once the log was drained.
        let lost = try await astray(candidates)
        try await persister.drain(pools)
        let units = lost.map { AllocationLedger.Unit(pool: $0.allocation.pool, offset: $0.allocation.offset) }
        let still = Set(try await store.open(units, pools: pools))
        let standing = lost.filter { still.contains($0.allocation) }
        var gone: [Allocation] = []
        var claimed: [OpenAllocation] = []
        var claims: [AdmissionClaim] = []
        for open in standing {
            // What nobody uses is given up; what somebody uses, or is kept for him, must stand.
            let isUsed = open.allocation.status == .reserved || open.session != nil
            if isUsed, let claim = open.claim(pools, leaseSeconds: leaseSeconds, now: clock.now()) {
                claimed.append(open)
                claims.append(claim)
            } else {
                gone.append(open.allocation)
            }
        }
        for (open, stands) in zip(claimed, try await keeper.claim(claims)) {
            if stands { metrics.repaired(.leaseClaimed) } else { gone.append(open.allocation) }
        }
        metrics.repaired(.allocationClosed, try await store.close(gone, pools: pools))
    }

    // MARK: - Units

    func walkBlocks(_ pools: PoolCatalogue, _ cursor: inout BlockCursor) async throws {
        let all = pools.all
        let statics = try await store.staticUnits(pools)
        let counts = try await keeper.counts(all.map(\.pool.id))
        for (entry, count) in zip(all, counts) {
            try await releaseBlocks(entry.pool.id, &cursor)
            var mended = AdmissionKeeper.Mended()
            for block in cursor.take(entry.pool.id, loaded: min(count.blocks, entry.pool.blockCount), limit: blocks) {
                mended += try await keeper.mend(entry.pool, block: block) { !statics.contains($0, of: entry.pool.id) }
                guard !GracefulShutdown.isShuttingDown else { return }
            }
            metrics.repaired(.unitLost, mended.lost)
            metrics.repaired(.unitOrphaned, mended.orphaned)
            metrics.repaired(.unitExcluded, mended.excluded)
        }
    }

    /// Blocks of servers that are gone are everybody's again.
    private func releaseBlocks(_ pool: PoolID, _ cursor: inout BlockCursor) async throws {
        for (block, holder) in try await keeper.reservedBlocks(pool) {
            let alive = try await keeper.isAlive(holder)
            guard cursor.isDead(holder, alive: alive, now: clock.now()) else { continue }
            try await keeper.release(block, of: pool)
            metrics.repaired(.blockReleased)
        }
    }
}
