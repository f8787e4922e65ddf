import Domain

/// One service as the packet path needs it: fixed size, its texts in the table's arena.
struct SubscriberRecord {
    var serviceID: UUID128
    var customerID: UUID128
    var expiresAt: Int64
    var version: Int64
    var tenant: UInt32
    var plan: UInt32
    var textOffset: UInt32
    var staticIPv4: UInt32
    /// Place of the IPv6 prefixes in the table's side list; UInt32.max where there is none.
    var prefixes: UInt32
    var usernameLength: UInt8
    /// UInt8.max: no credential.
    var passwordLength: UInt8
    var serviceStatus: AccessStatus
    var customerStatus: AccessStatus
    var kind: ServiceKind
    var isLive: Bool
    /// In place of the plan's; 0 where it is the plan's.
    var sessionLimit: UInt8 = 0
    /// How often the binding to a device was reset.
    var bindingGeneration: UInt32 = 0
    /// The device the service is bound to, 48 bits; 0 for none.
    var boundMAC: UInt64 = 0
    /// Whether its replies get or lose attributes.
    var hasExtras = false
    /// Whether it is known what it has used of its quotas.
    var hasMarks = false
    /// Whether the directory knows of a boost, over or not.
    var isBoosted = false
    /// What its quotas left of its access.
    var restriction = StoredRestriction()

    static let never = Int64.max
    static let noPrefixes = UInt32.max
    static let noPassword = UInt8.max
    /// The longest password the table holds; RADIUS carries at most 128 octets (RFC 2865 §5.2).
    static let longestPassword = 128
}

/// What a service's quotas left of its access, in eight octets.
struct StoredRestriction: Sendable, Equatable {
    /// 0 for nothing, ``blocked``, or the position of the plan's quota whose speeds it has.
    var kind: UInt8 = 0
    /// Seconds since 1970; from then on it holds no longer.
    var until: UInt32 = 0

    static let blocked = UInt8.max

    var access: AccessRestriction {
        let end = Timestamp(secondsSince1970: Int64(until))
        return switch kind {
        case 0: .none
        case Self.blocked: .blocked(until: end)
        default: .throttled(position: kind, until: end)
        }
    }

    /// The position of the quota whose speeds hold at that time, microseconds since 1970; 0 for the plan's own.
    func throttle(at wallTime: Int64) -> UInt8 {
        guard kind != 0, kind != Self.blocked, wallTime < Int64(until) * 1_000_000 else { return 0 }
        return kind
    }
}

/// IPv6 prefixes of one service as RFC 3162 encodes them: reserved octet, length, prefix.
struct DelegatedPrefixes {
    var framed: [UInt8]?
    var delegated: [UInt8]?
}

/// All services in RAM: records in one block, texts in an arena, two open-addressed indexes (tenant and user name;
/// service id). About 150 octets a subscriber. Looking up allocates nothing. Not Sendable by itself: the directory's lock
/// guards it.
@safe final class SubscriberTable {
    private(set) var records: ContiguousArray<SubscriberRecord> = []
    private var arena: ContiguousArray<UInt8> = []
    private var prefixes: [DelegatedPrefixes] = []
    private var byName: ContiguousArray<UInt32>
    private var byID: ContiguousArray<UInt32>
    private var free: [UInt32] = []
    private(set) var liveCount = 0
    private static let empty = UInt32.max

    /// Sized for `expected` services; grows by itself.
    init(expected: Int) {
        let slots = Self.slots(for: expected)
        byName = ContiguousArray(repeating: Self.empty, count: slots)
        byID = ContiguousArray(repeating: Self.empty, count: slots)
        records.reserveCapacity(expected)
        arena.reserveCapacity(expected * 24)
    }

    private static func slots(for expected: Int) -> Int {
        var slots = 64
        while slots * 5 < expected * 8 { slots *= 2 }
        return slots
    }

    /// The record's index for a user name in a tenant; nil when unknown.
    func find(tenant: UInt32, username: UnsafeRawBufferPointer) -> Int? {
        let mask = byName.count - 1
        var at = unsafe nameHash(tenant, username) & mask
        while byName[at] != Self.empty {
            let index = Int(byName[at])
            if records[index].isLive, records[index].tenant == tenant, unsafe isNamed(index, username) { return index }
            at = (at + 1) & mask
        }
        return nil
    }

    /// The record's index for a service id; nil when unknown.
    func find(service: UUID128) -> Int? {
        let mask = byID.count - 1
        var at = Self.idHash(service) & mask
        while byID[at] != Self.empty {
            let index = Int(byID[at])
            if records[index].isLive, records[index].serviceID == service { return index }
            at = (at + 1) & mask
        }
        return nil
    }

    /// The user name's octets inside the arena; valid during `body`.
    func withUsername<R>(_ index: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        unsafe withText(records[index].textOffset, Int(records[index].usernameLength), body)
    }

    /// The clear password's octets; nil where the service has none. Valid during `body`.
    func withPassword<R>(_ index: Int, _ body: (UnsafeRawBufferPointer?) -> R) -> R {
        let record = records[index]
        guard record.passwordLength != SubscriberRecord.noPassword else { return body(nil) }
        return unsafe withText(record.textOffset + UInt32(record.usernameLength), Int(record.passwordLength)) {
            unsafe body($0)
        }
    }

    /// The IPv6 prefixes of the record.
    func prefixes(_ index: Int) -> DelegatedPrefixes? {
        let place = records[index].prefixes
        return place == SubscriberRecord.noPrefixes ? nil : prefixes[Int(place)]
    }

    /// Inserts or replaces a service. The texts' lengths must fit a RADIUS attribute.
    func put(
        _ draft: SubscriberRecord,
        username: some Collection<UInt8>,
        password: (some Collection<UInt8>)?,
        prefixes newPrefixes: DelegatedPrefixes?
    ) {
        precondition(username.count <= 253 && (password?.count ?? 0) <= SubscriberRecord.longestPassword)
        if let old = find(service: draft.serviceID) { remove(at: old) }
        var record = draft
        record.textOffset = UInt32(arena.count)
        record.usernameLength = UInt8(username.count)
        arena.append(contentsOf: username)
        if let password {
            record.passwordLength = UInt8(password.count)
            arena.append(contentsOf: password)
        } else {
            record.passwordLength = SubscriberRecord.noPassword
        }
        record.prefixes = place(newPrefixes)
        record.isLive = true
        let index = free.popLast() ?? UInt32(records.count)
        if Int(index) == records.count { records.append(record) } else { records[Int(index)] = record }
        liveCount += 1
        if (indexed + 1) * 8 > byName.count * 5 { rebuildIndexes() } else { enter(Int(index)) }
    }

    /// Forgets a service; false when it was not there.
    @discardableResult
    func remove(service: UUID128) -> Bool {
        guard let index = find(service: service) else { return false }
        remove(at: index)
        return true
    }

    /// Octets held, indexes and arena included.
    var residentOctets: Int {
        records.capacity * MemoryLayout<SubscriberRecord>.stride + arena.capacity + (byName.count + byID.count) * 4
            + prefixes.count * MemoryLayout<DelegatedPrefixes>.stride
    }

    // MARK: - Private

    /// Filled index slots, dead ones included: they shorten no probe until the next rebuild.
    private var indexed = 0

    private func remove(at index: Int) {
        records[index].isLive = false
        liveCount -= 1
        // The record's place stays out of use until the indexes, which still name it, are rebuilt.
        retired.append(UInt32(index))
    }

    private var retired: [UInt32] = []

    private func place(_ value: DelegatedPrefixes?) -> UInt32 {
        guard let value, value.framed != nil || value.delegated != nil else { return SubscriberRecord.noPrefixes }
        prefixes.append(value)
        return UInt32(prefixes.count - 1)
    }

    private func enter(_ index: Int) {
        let mask = byName.count - 1
        var at = unsafe withUsername(index) { unsafe nameHash(records[index].tenant, $0) } & mask
        while byName[at] != Self.empty { at = (at + 1) & mask }
        byName[at] = UInt32(index)
        at = Self.idHash(records[index].serviceID) & mask
        while byID[at] != Self.empty { at = (at + 1) & mask }
        byID[at] = UInt32(index)
        indexed += 1
    }

    /// Drops dead entries, and the texts they held, and doubles where the table is really full.
    private func rebuildIndexes() {
        free.append(contentsOf: retired)
        retired.removeAll()
        let slots = max(byName.count, Self.slots(for: liveCount * 2))
        byName = ContiguousArray(repeating: Self.empty, count: slots)
        byID = ContiguousArray(repeating: Self.empty, count: slots)
        indexed = 0
        let old = arena
        arena.removeAll(keepingCapacity: true)
        for index in records.indices where records[index].isLive {
            let record = records[index]
            let secret = record.passwordLength == SubscriberRecord.noPassword ? 0 : Int(record.passwordLength)
            let start = Int(record.textOffset)
            records[index].textOffset = UInt32(arena.count)
            arena.append(contentsOf: old[start..<start + Int(record.usernameLength) + secret])
            enter(index)
        }
    }

    private func withText<R>(_ offset: UInt32, _ count: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        unsafe arena.withUnsafeBytes { bytes in
            unsafe body(unsafe UnsafeRawBufferPointer(rebasing: bytes[Int(offset)..<Int(offset) + count]))
        }
    }

    private func isNamed(_ index: Int, _ username: UnsafeRawBufferPointer) -> Bool {
        unsafe Int(records[index].usernameLength) == username.count
            && withUsername(index) { stored in unsafe stored.elementsEqual(username) }
    }

    private func nameHash(_ tenant: UInt32, _ name: UnsafeRawBufferPointer) -> Int {
        var hash = UInt64(tenant) &* 0x9e37_79b9_7f4a_7c15 ^ seed
        var at = 0
        while at + 8 <= name.count {
            hash = (hash ^ (unsafe name.loadUnaligned(fromByteOffset: at, as: UInt64.self))) &* 0xd6e8_feb8_6659_fd93
            hash ^= hash >> 32
            at += 8
        }
        var tail: UInt64 = UInt64(name.count) << 56
        while at < name.count {
            tail = tail << 8 | UInt64(unsafe name[at])
            at += 1
        }
        hash = (hash ^ tail) &* 0xd6e8_feb8_6659_fd93
        return Int(truncatingIfNeeded: (hash ^ hash >> 29) >> 2)
    }

    /// Random per process, so that nobody can choose user names that collide.
    private let seed = UInt64.random(in: .min ... .max)

    private static func idHash(_ id: UUID128) -> Int {
        let mixed = (id.low ^ id.high &* 0x9e37_79b9_7f4a_7c15) &* 0xd6e8_feb8_6659_fd93
        return Int(truncatingIfNeeded: (mixed ^ mixed >> 29) >> 2)
    }
}
