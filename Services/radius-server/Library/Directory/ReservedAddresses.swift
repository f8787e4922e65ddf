import Domain

/// The addresses and prefixes that services have for good, so that none of them is handed out of a pool. Not Sendable by
/// itself: the directory's lock guards it.
struct ReservedAddresses {
    private struct Key: Hashable {
        let high: UInt64
        let low: UInt64
        let tenant: UInt32
        let length: UInt8

        init(_ range: AddressRange, _ tenant: UInt32) {
            high = range.high
            low = range.low
            length = range.length
            self.tenant = tenant
        }
    }

    /// How many services have it, or something within it: of the lengths of the services' own and of pools' units.
    private var counts: [Key: UInt32] = [:]
    /// How many there are of each length of the services' own.
    private var lengths: [UInt8: Int] = [:]
    /// Lengths of pools' units: what a service has is found under them, too.
    private var unitLengths: Set<UInt8> = []

    /// True when units have a length that was unknown: what is in the index must be put in again.
    mutating func take(unitLengths new: Set<UInt8>) -> Bool {
        guard !new.isSubset(of: unitLengths) else { return false }
        unitLengths.formUnion(new)
        counts = [:]
        lengths = [:]
        return true
    }

    /// Whether the unit is a service's, holds one or lies in one. A handful of probes.
    func contains(_ unit: AddressRange, tenant: UInt32) -> Bool {
        guard !counts.isEmpty else { return false }
        if counts[Key(unit, tenant)] != nil { return true }
        for length in lengths.keys where length < unit.length {
            if counts[Key(AddressRange(high: unit.high, low: unit.low, length: length), tenant)] != nil { return true }
        }
        return false
    }

    mutating func insert(_ ranges: StaticAddresses, tenant: UInt32) {
        for range in ranges.all {
            lengths[range.length, default: 0] += 1
            forEachKey(range, tenant) { counts[$0, default: 0] += 1 }
        }
    }

    mutating func remove(_ ranges: StaticAddresses, tenant: UInt32) {
        for range in ranges.all {
            lengths[range.length, default: 1] -= 1
            if lengths[range.length] == 0 { lengths[range.length] = nil }
            forEachKey(range, tenant) { key in
                guard let count = counts[key] else { return }
                counts[key] = count > 1 ? count - 1 : nil
            }
        }
    }

    private func forEachKey(_ range: AddressRange, _ tenant: UInt32, _ body: (Key) -> Void) {
        body(Key(range, tenant))
        for length in unitLengths where length < range.length {
            body(Key(AddressRange(high: range.high, low: range.low, length: length), tenant))
        }
    }

    /// Memory held, about.
    var residentOctets: Int { counts.capacity * (MemoryLayout<Key>.stride + MemoryLayout<UInt32>.stride) * 4 / 3 }
}

/// What a service has for good.
struct StaticAddresses {
    let all: [AddressRange]

    init(ipv4: UInt32, prefixes: DelegatedPrefixes?) {
        var all: [AddressRange] = []
        if ipv4 != 0 { all.append(AddressRange(high: 0, low: 0xffff_0000_0000 | UInt64(ipv4), length: 128)) }
        for attribute in [prefixes?.framed, prefixes?.delegated] {
            guard let attribute, attribute.count >= 2, attribute[1] <= 128 else { continue }
            let octets = attribute.dropFirst(2) + [UInt8](repeating: 0, count: max(0, 18 - attribute.count))
            if let range = AddressRange(octets: octets, length: attribute[1]) { all.append(range) }
        }
        self.all = all
    }

    var isEmpty: Bool { all.isEmpty }
}

extension AddressRange {
    /// A unit of a pool in the 128-bit space, IPv4 as IPv4-mapped IPv6.
    init(_ prefix: IPPrefix) {
        let bits = prefix.address.bits
        if prefix.address.family == .ipv4 {
            self.init(high: 0, low: 0xffff_0000_0000 | bits.high >> 32, length: UInt8(clamping: prefix.length + 96))
        } else {
            self.init(high: bits.high, low: bits.low, length: UInt8(clamping: prefix.length))
        }
    }
}
