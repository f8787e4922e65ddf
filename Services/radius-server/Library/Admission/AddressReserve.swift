import Admission
import Domain
import Synchronization

/// Addresses that this server keeps back from each pool it gives from, for when Redis is away: whole blocks, which Redis
/// gives to nobody else. Safe from any thread.
final class AddressReserve: Sendable {
    private struct Part {
        var offsets: [UInt64] = []
        /// Where they are from.
        var block: UInt32?
        var isBeingFetched = false
        /// No block was to be had: not asked for again before this.
        var notBefore: UInt64 = 0
    }

    /// Nanoseconds.
    private static let pause: UInt64 = 60_000_000_000
    private let parts = Mutex<[PoolID: Part]>([:])

    /// True once, when the pool's reserve is empty: the caller fetches a block, then calls `put` or `giveUp`.
    func wants(_ pool: PoolID, now: UInt64) -> Bool {
        parts.withLock { parts in
            guard parts[pool]?.notBefore ?? 0 <= now else { return false }
            guard parts[pool]?.isBeingFetched != true, parts[pool]?.offsets.isEmpty != false else { return false }
            parts[pool, default: Part()].isBeingFetched = true
            return true
        }
    }

    func put(_ offsets: [UInt64], of pool: PoolID, block: UInt32) {
        parts.withLock { parts in
            parts[pool, default: Part()].offsets = offsets.reversed()
            parts[pool]?.block = block
            parts[pool]?.isBeingFetched = false
        }
    }

    /// No block was to be had. A minute later the next grant tries again.
    func giveUp(_ pool: PoolID, now: UInt64) {
        parts.withLock { parts in
            parts[pool, default: Part()].isBeingFetched = false
            parts[pool]?.notBefore = now + Self.pause
        }
    }

    /// Takes everything back out of the pool's reserve, for a pool that has nothing else left.
    func giveBack(_ pool: PoolID, now: UInt64) -> [UInt64] {
        parts.withLock { parts in
            guard let part = parts[pool], !part.offsets.isEmpty else { return [] }
            parts[pool]?.offsets = []
            parts[pool]?.notBefore = now + Self.pause
            return part.offsets
        }
    }

    /// What is kept back, by block.
    var blocks: [(pool: PoolID, block: UInt32)] {
        parts.withLock { parts in
            parts.compactMap { pool, part in part.offsets.isEmpty ? nil : part.block.map { (pool, $0) } }
        }
    }

    /// Redis no longer knows that the block is this server's: others may have its units.
    func forget(_ block: UInt32, of pool: PoolID) {
        parts.withLock { parts in
            guard parts[pool]?.block == block else { return }
            parts[pool]?.offsets = []
        }
    }

    /// A unit of each pool, which nobody has nor will get, in the order given; nil, and nothing taken, when one of them has
    /// none in reserve.
    func take(_ pools: [PoolID?]) -> [UInt64?]? {
        parts.withLock { parts in
            var units: [UInt64?] = []
            for pool in pools {
                let unit = pool.flatMap { parts[$0]?.offsets.popLast() }
                guard pool == nil || unit != nil else {
                    for case (let pool?, let unit?) in zip(pools, units) { parts[pool]?.offsets.append(unit) }
                    return nil
                }
                units.append(unit)
            }
            return units
        }
    }

    /// Units in reserve, of all pools.
    var count: Int { parts.withLock { $0.values.reduce(0) { $0 + $1.offsets.count } } }
}
