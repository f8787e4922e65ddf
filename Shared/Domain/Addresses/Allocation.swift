/// What happened to a unit, or to a service's device, as the log in Redis tells it.
package struct AllocationEntry: Hashable, Sendable {
    package enum Kind: UInt8, Hashable, Sendable {
        /// The service has the unit from now on.
        case leased = 1
        /// It has given the unit back.
        case freed = 2
        /// The service is bound to the device from now on.
        case bound = 3
    }

    package var kind: Kind
    /// Grows from entry to entry: it tells two entries apart that are alike in all else.
    package var at: Timestamp
    package var service: ServiceID
    package var admission: AdmissionID?
    package var nas: NASID?
    /// The zero id for ``Kind/bound``.
    package var pool: PoolID
    /// The unit's offset in the pool; of ``Kind/bound`` the binding's generation.
    package var offset: UInt64
    /// 48 bits; 0 where the NAS named no device.
    package var hardwareAddress: UInt64

    package init(
        _ kind: Kind,
        at: Timestamp,
        service: ServiceID,
        admission: AdmissionID? = nil,
        nas: NASID? = nil,
        pool: PoolID = PoolID(.zero),
        offset: UInt64,
        hardwareAddress: UInt64 = 0
    ) {
        self.kind = kind
        self.at = at
        self.service = service
        self.admission = admission
        self.nas = nas
        self.pool = pool
        self.offset = offset
        self.hardwareAddress = hardwareAddress
    }
}

/// Who has a unit of a pool, or had it (table ip_allocations).
package struct Allocation: Hashable, Sendable {
    package enum Status: String, Hashable, Sendable, CaseIterable {
        case allocated
        /// Given back, and kept for its owner.
        case reserved
        case released
    }

    /// Made of what the entry that opened it says: see ``id(of:)``.
    package var id: UUID128
    package var pool: PoolID
    package var offset: UInt64
    package var service: ServiceID
    package var admission: AdmissionID?
    package var nas: NASID?
    package var hardwareAddress: UInt64
    package var status: Status
    package var allocatedAt: Timestamp
    /// Nil while it is ``Status/allocated``.
    package var releasedAt: Timestamp?

    package init(
        id: UUID128,
        pool: PoolID,
        offset: UInt64,
        service: ServiceID,
        admission: AdmissionID?,
        nas: NASID?,
        hardwareAddress: UInt64,
        status: Status,
        allocatedAt: Timestamp,
        releasedAt: Timestamp?
    ) {
        self.id = id
        self.pool = pool
        self.offset = offset
        self.service = service
        self.admission = admission
        self.nas = nas
        self.hardwareAddress = hardwareAddress
        self.status = status
        self.allocatedAt = allocatedAt
        self.releasedAt = releasedAt
    }

    /// The allocation that an entry opens.
    init(opening entry: AllocationEntry) {
        self.init(
            id: Self.id(of: entry),
            pool: entry.pool,
            offset: entry.offset,
            service: entry.service,
            admission: entry.admission,
            nas: entry.nas,
            hardwareAddress: entry.hardwareAddress,
            status: .allocated,
            allocatedAt: entry.at,
            releasedAt: nil
        )
    }

    /// A version 7 UUID of the entry's time and a hash of all else, so that the same entry always opens the same
    /// allocation, however often it comes.
    package static func id(of entry: AllocationEntry) -> UUID128 {
        var first = FNV1a()
        for word in [
            UInt64(bitPattern: entry.at.microseconds), entry.pool.value.high, entry.pool.value.low, entry.offset,
            entry.service.value.high, entry.service.value.low,
        ] { first.add(word) }
        var second = first
        second.add(entry.admission?.value.high ?? 0)
        second.add(entry.admission?.value.low ?? 0)
        return UUID128.v7(at: entry.at, random: (first.value, second.value))
    }
}

/// A hash that is the same in every process and release.
private struct FNV1a {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ word: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            value = (value ^ (word >> shift & 0xff)) &* 0x100_0000_01b3
        }
    }
}
