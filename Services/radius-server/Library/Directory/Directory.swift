import Domain
import Profiles
import Sockets
import Synchronization

/// Everything an answer is made from, in RAM: tenants, pools, NASes, plans with their encoded replies, services.
///
/// Not Sendable by itself: `DirectoryStore` guards it. Readers allocate nothing.
final class Directory {
    struct Tenant {
        var id: UUID128
        var isActive: Bool
        var policy: TenantPolicy
        var timeZone: String?
        var zone: TimeZoneRules? = .utc
        var version: Int64
    }

    private(set) var tenants: [Tenant] = []
    private var tenantIndex: [UUID128: UInt32] = [:]
    private(set) var plans: [Plan] = []
    private var planIndex: [UUID128: UInt32] = [:]
    private var planIDs: [UUID128] = []
    private(set) var nases: [UUID128: NASEntry] = [:]
    private(set) var subscribers: SubscriberTable
    private(set) var pools = PoolTable()
    /// Attributes that replies to few services get or lose.
    private var serviceExtras: [UUID128: [ReplyOperation]] = [:]
    /// What services have used of the windows of their quotas.
    private var serviceMarks: [UUID128: [QuotaMark]] = [:]
    /// Plans that few services have for a time.
    private var serviceBoosts: [UUID128: ServiceBoost] = [:]
    private(set) var reserved = ReservedAddresses()
    /// NASes by range; within a range those that name an identifier come first.
    private var byRange: [AddressRange: [NASEntry]] = [:]
    /// Changes whenever a NAS may have come: what was said about unknown clients holds no longer. Unlike any other directory's.
    private(set) var clientsEpoch: UInt64 = 0
    private static let epochs = Atomic<UInt64>(0)
    private let lives: NASLives
    /// Prefix lengths in use, longest first.
    private var lengths: [UInt8] = []
    /// The newest row version applied.
    private(set) var version: Int64 = 0
    /// Sum of all live rows' versions, by table, for the checksum against Postgres.
    private(set) var checksum = DirectoryChecksum()

    /// An empty directory, whose NASes go on with the lives that they have.
    init(expectedServices: Int, lives: NASLives = NASLives()) {
        self.lives = lives
        subscribers = SubscriberTable(expected: expectedServices)
    }

    /// The same as `other`, to try changes of tenants and plans on: it holds everything in common with `other`, services too,
    /// so that it costs next to nothing, only holds as long as `other` is held still, and must not change services.
    init(sharing other: Directory) {
        lives = other.lives
        clientsEpoch = other.clientsEpoch
        tenants = other.tenants
        tenantIndex = other.tenantIndex
        plans = other.plans
        planIndex = other.planIndex
        planIDs = other.planIDs
        nases = other.nases
        subscribers = other.subscribers
        serviceExtras = other.serviceExtras
        serviceMarks = other.serviceMarks
        pools = other.pools
        serviceBoosts = other.serviceBoosts
        reserved = other.reserved
        byRange = other.byRange
        lengths = other.lengths
        version = other.version
        checksum = other.checksum
    }

    // MARK: - Reading

    /// The NASes a packet from this source may be of, most likely first. Empty: unknown, drop it (RAD-02).
    /// The longest range wins; several tenants may use one address behind NAT, told apart by identifier and secret.
    func candidates(for source: SourceAddress) -> [NASEntry] {
        for length in lengths {
            if let found = byRange[AddressRange(around: source, length: length)] { return found }
        }
        return []
    }

    func tenantNumber(_ id: UUID128) -> UInt32? { tenantIndex[id] }

    func plan(_ number: UInt32) -> Plan? {
        Int(number) < plans.count && plans[Int(number)].isLive ? plans[Int(number)] : nil
    }

    func planNumber(_ id: UUID128) -> UInt32? { planIndex[id] }

    /// Attributes that replies to the service get or lose.
    func extras(_ subscriber: Int) -> [ReplyOperation] {
        let record = subscribers.records[subscriber]
        return record.hasExtras ? serviceExtras[record.serviceID] ?? [] : []
    }

    /// What the service has used of the windows of its quotas.
    func marks(_ subscriber: Int) -> [QuotaMark] {
        let record = subscribers.records[subscriber]
        return record.hasMarks ? serviceMarks[record.serviceID] ?? [] : []
    }

    /// The boost that the service's row names, over or not.
    func boost(_ subscriber: Int) -> ServiceBoost? {
        let record = subscribers.records[subscriber]
        return record.isBoosted ? serviceBoosts[record.serviceID] : nil
    }

    /// The plan that the service's replies are made of in place of its own at that time, microseconds since 1970. Nil where no boost
    /// holds, where a quota slows the service down, which goes before, and where the boost's plan is not there.
    func boostPlan(_ subscriber: Int, at wallTime: Int64) -> Plan? {
        guard let boost = boost(subscriber), wallTime < boost.until,
            subscribers.records[subscriber].restriction.throttle(at: wallTime) == 0
        else { return nil }
        return planNumber(boost.planID).flatMap(plan)
    }

    func planID(_ number: UInt32) -> UUID128 { planIDs[Int(number)] }

    // MARK: - Applying rows

    func apply(_ row: PoolRow) {
        let tenant = number(ofTenant: row.pool.tenantID.value)
        let old = pools.put(row, tenant: tenant)
        checksum.pools.replace(old?.version ?? 0, by: row.version)
        version = max(version, row.version)
        reserveAgain()
        nameAgain(tenant)
    }

    func removePool(_ id: UUID128) {
        guard let row = pools.row(PoolID(id)) else { return }
        let tenant = number(ofTenant: row.pool.tenantID.value)
        checksum.pools.remove(row.version)
        _ = pools.remove(PoolID(id), tenant: tenant)
        nameAgain(tenant)
    }

    func apply(_ row: TenantRow) {
        let number = number(ofTenant: row.id)
        checksum.tenants.replace(tenants[Int(number)].version, by: row.version)
        let hadZone = tenants[Int(number)].zone
        tenants[Int(number)] = Tenant(
            id: row.id,
            isActive: row.isActive,
            policy: row.policy,
            timeZone: row.timeZone,
            zone: row.zone,
            version: row.version
        )
        if row.zone != hadZone { scheduleAgain(number) }
        version = max(version, row.version)
    }

    func apply(_ row: NASRow, now: UInt64) {
        let old = nases[row.id]
        checksum.nases.replace(old?.version ?? 0, by: row.version)
        let live = lives.life(of: row, now: now)
        if let old { unlist(old) }
        let tenant = number(ofTenant: row.tenantID)
        enlist(NASEntry(row: row, tenant: tenant, pools: pools.named(row.pools, tenant: tenant), live: live))
        version = max(version, row.version)
    }

    func apply(_ row: PlanRow) {
        let number = number(ofPlan: row.id)
        checksum.plans.replace(plans[Int(number)].row.map(\.version) ?? 0, by: row.version)
        let tenant = self.number(ofTenant: row.tenantID)
        plans[Int(number)] = Plan(
            row: row,
            pools: pools.named(row.pools, tenant: tenant),
            zone: tenants[Int(tenant)].zone
        )
        version = max(version, row.version)
    }

    func apply(_ row: ServiceRow) {
        let tenant = number(ofTenant: row.tenantID)
        let plan = number(ofPlan: row.planID)
        if let old = subscribers.find(service: row.id) {
            checksum.services.replace(subscribers.records[old].version, by: row.version)
            release(old)
        } else {
            checksum.services.replace(0, by: row.version)
        }
        let draft = SubscriberRecord(
            serviceID: row.id,
            customerID: row.customerID,
            expiresAt: row.expiresAt,
            version: row.version,
            tenant: tenant,
            plan: plan,
            textOffset: 0,
            staticIPv4: row.staticIPv4,
            prefixes: SubscriberRecord.noPrefixes,
            usernameLength: 0,
            passwordLength: 0,
            serviceStatus: row.serviceStatus,
            customerStatus: row.customerStatus,
            kind: row.kind,
            isLive: true,
            sessionLimit: row.sessionLimit,
            bindingGeneration: row.binding.generation,
            boundMAC: row.binding.hardwareAddress,
            hasExtras: !row.extras.isEmpty,
            hasMarks: !row.marks.isEmpty,
            isBoosted: row.boost != nil,
            restriction: row.restriction
        )
        serviceExtras[row.id] = row.extras.isEmpty ? nil : row.extras
        serviceMarks[row.id] = row.marks.isEmpty ? nil : row.marks
        serviceBoosts[row.id] = row.boost
        reserved.insert(StaticAddresses(ipv4: row.staticIPv4, prefixes: row.prefixes), tenant: tenant)
        subscribers.put(draft, username: row.username, password: row.password, prefixes: row.prefixes)
        version = max(version, row.version)
    }

    func removeNAS(_ id: UUID128) {
        guard let old = nases.removeValue(forKey: id) else { return }
        checksum.nases.remove(old.version)
        unlist(old)
        lives.forget(id)
    }

    /// Forgets the lives of NASes that are not in this directory.
    func keepLives() { lives.keep(only: nases.keys) }

    func removePlan(_ id: UUID128) {
        guard let number = planIndex[id], let row = plans[Int(number)].row else { return }
        checksum.plans.remove(row.version)
        plans[Int(number)] = Plan(row: nil)
    }

    func removeService(_ id: UUID128) {
        guard let index = subscribers.find(service: id) else { return }
        checksum.services.remove(subscribers.records[index].version)
        release(index)
        serviceExtras[id] = nil
        serviceMarks[id] = nil
        serviceBoosts[id] = nil
        subscribers.remove(service: id)
    }

    // MARK: - Private

    private func enlist(_ entry: NASEntry) {
        nases[entry.id] = entry
        clientsEpoch = Self.epochs.wrappingAdd(1, ordering: .relaxed).newValue
        guard entry.isActive else { return }
        byRange[entry.range, default: []].append(entry)
        byRange[entry.range]?.sort { ($0.identifier != nil ? 0 : 1, $0.id) < ($1.identifier != nil ? 0 : 1, $1.id) }
        relength()
    }

    /// Names of a tenant's NASes and plans may mean other pools now.
    private func nameAgain(_ tenant: UInt32) {
        for entry in nases.values where entry.tenant == tenant && !entry.poolNames.isEmpty {
            unlist(entry)
            enlist(entry.naming(pools.named(entry.poolNames, tenant: tenant)))
        }
        for index in plans.indices {
            guard let row = plans[index].row, !row.pools.isEmpty, tenantIndex[row.tenantID] == tenant else { continue }
            plans[index].pools = pools.named(row.pools, tenant: tenant)
        }
    }

    /// The tenant's clocks are others: so are the hours of its plans.
    private func scheduleAgain(_ tenant: UInt32) {
        for index in plans.indices {
            guard let row = plans[index].row, !row.windows.isEmpty, tenantIndex[row.tenantID] == tenant else {
                continue
            }
            plans[index] = Plan(row: row, pools: plans[index].pools, zone: tenants[Int(tenant)].zone)
        }
    }

    /// Puts what services have for good into the index anew, where pools' units have a length that it did not know.
    private func reserveAgain() {
        guard reserved.take(unitLengths: pools.unitLengths) else { return }
        for index in subscribers.records.indices where subscribers.records[index].isLive {
            reserved.insert(statics(index), tenant: subscribers.records[index].tenant)
        }
    }

    private func release(_ index: Int) {
        reserved.remove(statics(index), tenant: subscribers.records[index].tenant)
    }

    private func statics(_ index: Int) -> StaticAddresses {
        StaticAddresses(ipv4: subscribers.records[index].staticIPv4, prefixes: subscribers.prefixes(index))
    }

    private func number(ofTenant id: UUID128) -> UInt32 {
        if let known = tenantIndex[id] { return known }
        tenants.append(Tenant(id: id, isActive: false, policy: TenantPolicy(), version: 0))
        tenantIndex[id] = UInt32(tenants.count - 1)
        return UInt32(tenants.count - 1)
    }

    private func number(ofPlan id: UUID128) -> UInt32 {
        if let known = planIndex[id] { return known }
        plans.append(Plan(row: nil))
        planIDs.append(id)
        planIndex[id] = UInt32(plans.count - 1)
        return UInt32(plans.count - 1)
    }

    private func unlist(_ entry: NASEntry) {
        byRange[entry.range]?.removeAll { $0.id == entry.id }
        if byRange[entry.range]?.isEmpty == true { byRange[entry.range] = nil }
        relength()
    }

    private func relength() {
        lengths = Set(byRange.keys.map(\.length)).sorted(by: >)
    }
}

/// Counts and version sums by table: equal on both sides when the RAM holds what Postgres holds.
struct DirectoryChecksum: Equatable, Sendable {
    struct Table: Equatable, Sendable {
        var count = 0
        var sum: Int64 = 0

        /// `old` is 0 for a row that was not there.
        mutating func replace(_ old: Int64, by new: Int64) {
            if old == 0 { count += 1 }
            sum &+= new &- old
        }

        mutating func remove(_ old: Int64) {
            count -= 1
            sum &-= old
        }
    }

    var tenants = Table()
    var pools = Table()
    var nases = Table()
    var plans = Table()
    var services = Table()
}
