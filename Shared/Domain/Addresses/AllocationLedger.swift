/// Folds entries of the log into allocations. Pure: the same entries again, in whatever company, change nothing.
package enum AllocationLedger {
    /// A unit of a pool.
    package struct Unit: Hashable, Sendable {
        package let pool: PoolID
        package let offset: UInt64

        package init(pool: PoolID, offset: UInt64) {
            self.pool = pool
            self.offset = offset
        }
    }

    /// What a batch of entries changes.
    package struct Outcome: Equatable, Sendable {
        /// Allocations that were there, as they are to be now.
        package var changed: [Allocation] = []
        /// New ones. Of one unit at most one is not released, and then none of the unit's others is.
        package var opened: [Allocation] = []
    }

    /// `open` are the allocations of the entries' units that are not released; `known` the ids among the entries' own that
    /// are stored already; `sticky` says how long a pool keeps a unit for its owner, in seconds.
    package static func fold(
        _ entries: [AllocationEntry],
        open: [Allocation],
        known: Set<UUID128>,
        sticky: (PoolID) -> Int
    ) -> Outcome {
        var fold = Fold(open)
        for entry in entries {
            switch entry.kind {
            case .leased where !known.contains(Allocation.id(of: entry)): fold.lease(entry)
            case .freed: fold.free(entry, status: sticky(entry.pool) > 0 ? .reserved : .released)
            case .leased, .bound: break
            }
        }
        return fold.outcome
    }

    private struct Fold {
        private var allocations: [Allocation]
        private let stored: Int
        private var touched: Set<Int> = []
        /// The allocation of a unit that is not released.
        private var current: [Unit: Int] = [:]

        init(_ open: [Allocation]) {
            allocations = open
            stored = open.count
            for (index, allocation) in open.enumerated() {
                current[Unit(pool: allocation.pool, offset: allocation.offset)] = index
            }
        }

        mutating func lease(_ entry: AllocationEntry) {
            let unit = Unit(pool: entry.pool, offset: entry.offset)
            if let index = current[unit] {
                let before = allocations[index]
                // Told again by a server that replays its grants, or late: what is known is newer.
                guard before.allocatedAt < entry.at else { return }
                if before.status == .allocated, before.service == entry.service { return }
                close(index, at: min(before.releasedAt ?? entry.at, entry.at), status: .released)
            }
            current[unit] = allocations.count
            allocations.append(Allocation(opening: entry))
        }

        mutating func free(_ entry: AllocationEntry, status: Allocation.Status) {
            let unit = Unit(pool: entry.pool, offset: entry.offset)
            guard let index = current[unit], allocations[index].status == .allocated,
                allocations[index].service == entry.service, allocations[index].allocatedAt < entry.at
            else { return }
            close(index, at: entry.at, status: status)
            if status == .released { current[unit] = nil }
        }

        private mutating func close(_ index: Int, at time: Timestamp, status: Allocation.Status) {
            allocations[index].status = status
            allocations[index].releasedAt = time
            touched.insert(index)
        }

        var outcome: Outcome {
            Outcome(
                changed: touched.sorted().filter { $0 < stored }.map { allocations[$0] },
                opened: Array(allocations[stored...])
            )
        }
    }
}
