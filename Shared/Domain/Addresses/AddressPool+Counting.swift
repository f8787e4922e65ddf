extension AddressPool {
    /// How many units may be handed out: all but network, broadcast, the first of an IPv4 range, and what is excluded.
    package var usableCount: UInt64 {
        var taken: [ClosedRange<UInt64>] = []
        if use == .ipv4, capacity > 2 { taken += [0...1, capacity - 1...capacity - 1] }
        for exclusion in exclusions {
            if exclusion.contains(range.address), exclusion.length <= range.length { return 0 }
            guard let first = offset(of: exclusion.address) else { continue }
            let units = exclusion.length >= unitLength ? 1 : UInt64(1) << UInt64(min(unitLength - exclusion.length, 40))
            taken.append(first...min(capacity - 1, first + units - 1))
        }
        var usable = capacity
        var end: UInt64?
        for range in taken.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            let first = end.map { max(range.lowerBound, $0 + 1) } ?? range.lowerBound
            if first <= range.upperBound { usable -= range.upperBound - first + 1 }
            end = max(end ?? 0, range.upperBound)
        }
        return usable
    }
}
