package import Domain

/// Units of pools that services have for good.
package struct StaticUnits: Sendable {
    private var single: [PoolID: Set<UInt64>] = [:]
    /// Of prefixes that hold several units.
    private var ranges: [PoolID: [ClosedRange<UInt64>]] = [:]

    package init() {}

    package func contains(_ offset: UInt64, of pool: PoolID) -> Bool {
        single[pool]?.contains(offset) == true || ranges[pool]?.contains { $0.contains(offset) } == true
    }

    /// The pool's units that the prefix touches.
    mutating func insert(_ prefix: IPPrefix, _ pool: AddressPool) {
        guard let first = pool.offset(of: prefix.address) else {
            // The prefix holds the whole pool.
            if prefix.contains(pool.range.address) { ranges[pool.id, default: []].append(0...pool.capacity - 1) }
            return
        }
        guard prefix.length < pool.unitLength else {
            single[pool.id, default: []].insert(first)
            return
        }
        let units = UInt64(1) << UInt64(min(pool.unitLength - prefix.length, 40))
        ranges[pool.id, default: []].append(first...min(pool.capacity - 1, first + units - 1))
    }
}
