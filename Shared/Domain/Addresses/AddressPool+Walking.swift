extension AddressPool {
    /// The greatest usable offset below that one; nil where there is none. Ranges that are excluded are stepped over as a whole.
    package func usable(below limit: UInt64) -> UInt64? {
        var offset = min(limit, capacity)
        while offset > 0 {
            offset -= 1
            if isUsable(offset) { return offset }
            let address = unit(offset).address
            guard let excluded = exclusions.first(where: { $0.contains(address) && $0.length < unitLength }) else {
                continue
            }
            guard let first = self.offset(of: excluded.address) else { return nil }
            offset = first
        }
        return nil
    }

    /// The offset of the unit that a text means: the unit itself, or its first address. Nil for anything else.
    package func offset(named prefix: IPPrefix) -> UInt64? {
        guard prefix.address.family == range.address.family, let offset = offset(of: prefix.address) else { return nil }
        let unit = unit(offset)
        let isWhole = prefix.length == unit.length || prefix.length == prefix.address.family.bits
        return unit.address == prefix.address && isWhole ? offset : nil
    }
}
