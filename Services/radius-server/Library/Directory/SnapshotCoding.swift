import Crypto
import Domain

/// The snapshot's clear content: a format number, then per table a count and its rows, little endian.
struct SnapshotWriter {
    static let format: UInt64 = 5
    private(set) var octets: [UInt8] = []

    mutating func add(_ directory: Directory) {
        add(Self.format)
        let tenants = directory.tenants.filter { $0.version != 0 }
        add(UInt64(tenants.count))
        for tenant in tenants {
            add(tenant.id)
            add(UInt64(tenant.isActive ? 1 : 0))
            add(tenant.policy)
            addOptional(tenant.timeZone.map { Array($0.utf8) })
            add(tenant.version)
        }
        add(UInt64(directory.pools.rows.count))
        for pool in directory.pools.rows.values { add(pool) }
        let nases = directory.nases.values.map { ($0, directory.tenants[Int($0.tenant)].id) }
        add(UInt64(nases.count))
        for (nas, tenant) in nases { add(nas, tenant) }
        let plans = directory.plans.compactMap(\.row)
        add(UInt64(plans.count))
        for plan in plans { add(plan) }
        add(UInt64(directory.subscribers.liveCount))
        for index in directory.subscribers.records.indices where directory.subscribers.records[index].isLive {
            add(serviceAt: index, directory)
        }
    }

    private mutating func add(_ nas: NASEntry, _ tenant: UUID128) {
        add(nas.id)
        add(tenant)
        add(Array(nas.name.utf8))
        add(nas.range.high)
        add(nas.range.low)
        add(UInt64(nas.range.length))
        addOptional(nas.identifier)
        add(Array(nas.vendor.rawValue.utf8))
        add(nas.secret.bytes)
        let flags: [Bool] = [
            nas.requiresMessageAuthenticator, nas.limitsProxyState, nas.swapsOctets, nas.isActive,
        ]
        add(flags.enumerated().reduce(UInt64(0)) { $0 | ($1.element ? 1 << UInt64($1.offset) : 0) })
        for rate in [nas.authRate, nas.authBurst] { add(rate.map { UInt64($0) } ?? .max) }
        add(nas.poolNames)
        add(nas.extras)
        add(nas.version)
    }

    private mutating func add(_ plan: PlanRow) {
        add(plan.id)
        add(plan.tenantID)
        add(UInt64(plan.isActive ? 1 : 0))
        add(plan.downloadBPS)
        add(plan.uploadBPS)
        for value in [plan.sessionTimeout, plan.idleTimeout] { add(UInt64(value ?? 0)) }
        add(UInt64(plan.interimInterval))
        let burst = plan.burst
        add(UInt64(burst == nil ? 0 : 1))
        for rate in [burst?.downloadBPS, burst?.uploadBPS, burst?.thresholdDownloadBPS, burst?.thresholdUploadBPS] {
            add(rate ?? 0)
        }
        add(UInt64(burst?.seconds ?? 0))
        add(UInt64(plan.priority))
        add(plan.guaranteedDownloadBPS ?? 0)
        add(plan.guaranteedUploadBPS ?? 0)
        add(plan.pools)
        addOptional(plan.addressList.map { Array($0.utf8) })
        add(UInt64(plan.sessionLimit))
        add(UInt64(plan.dnsServers.count))
        for server in plan.dnsServers { add(UInt64(server)) }
        add(plan.extras)
        add(plan.windows)
        add(plan.throttles)
        add(plan.caps)
        add(plan.version)
    }

    private mutating func add(serviceAt index: Int, _ directory: Directory) {
        let table = directory.subscribers
        let record = table.records[index]
        add(record.serviceID)
        add(directory.tenants[Int(record.tenant)].id)
        add(record.customerID)
        add(directory.planID(record.plan))
        add(Array(record.kind.rawValue.utf8))
        unsafe table.withUsername(index) { unsafe add(Array($0)) }
        unsafe table.withPassword(index) { unsafe addOptional($0.map { unsafe Array($0) }) }
        add(UInt64(record.serviceStatus.rawValue))
        add(UInt64(record.customerStatus.rawValue))
        add(record.expiresAt)
        add(UInt64(record.staticIPv4))
        let prefixes = table.prefixes(index)
        addOptional(prefixes?.framed)
        addOptional(prefixes?.delegated)
        add(UInt64(record.sessionLimit))
        add(record.boundMAC)
        add(UInt64(record.bindingGeneration))
        add(directory.extras(index))
        add(UInt64(record.restriction.kind))
        add(UInt64(record.restriction.until))
        add(directory.marks(index))
        let boost = directory.boost(index)
        add(boost?.planID ?? .zero)
        add(boost?.until ?? 0)
        add(record.version)
    }

    mutating func add(_ value: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { octets.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    mutating func add(_ value: Int64) { add(UInt64(bitPattern: value)) }

    mutating func add(_ id: UUID128) {
        add(id.high)
        add(id.low)
    }

    mutating func add(_ bytes: [UInt8]) {
        add(UInt64(bytes.count))
        octets.append(contentsOf: bytes)
    }

    /// Absent is told apart from empty.
    mutating func addOptional(_ bytes: [UInt8]?) {
        octets.append(bytes == nil ? 0 : 1)
        if let bytes { add(bytes) }
    }
}

/// The snapshot cannot be read: another format, or cut.
struct SnapshotFormatError: Error, CustomStringConvertible {
    var description: String { "the snapshot is of another format or incomplete" }
}

/// Reads what `SnapshotWriter` wrote.
struct SnapshotReader {
    private let octets: [UInt8]
    private var at = 0

    init(_ octets: [UInt8]) { self.octets = octets }

    /// The directory that was kept; its NASes go on with the lives that they have.
    mutating func directory(now: UInt64, lives: NASLives = NASLives()) throws(SnapshotFormatError) -> Directory {
        guard try number() == SnapshotWriter.format else { throw SnapshotFormatError() }
        let tenants = try count()
        let directory = Directory(expectedServices: max(octets.count / 120, 1_024), lives: lives)
        for _ in 0..<tenants {
            directory.apply(try tenant())
        }
        for _ in 0..<(try count()) { directory.apply(try pool()) }
        for _ in 0..<(try count()) { directory.apply(try nas(), now: now) }
        for _ in 0..<(try count()) { directory.apply(try plan()) }
        for _ in 0..<(try count()) { directory.apply(try service()) }
        return directory
    }

    private mutating func nas() throws(SnapshotFormatError) -> NASRow {
        let id = try id()
        let tenant = try identifier()
        let name = String(decoding: try bytes(), as: UTF8.self)
        let range = AddressRange(high: try number(), low: try number(), length: UInt8(clamping: try number()))
        let identifier = try optional().map { String(decoding: $0, as: UTF8.self) }
        let vendor = NASVendor(rawValue: String(decoding: try bytes(), as: UTF8.self)) ?? .generic
        let secret = try bytes()
        let flags = try number()
        return NASRow(
            id: id,
            tenantID: tenant,
            name: name,
            range: range,
            identifier: identifier,
            vendor: vendor,
            secret: secret,
            requiresMessageAuthenticator: flags & 1 != 0,
            limitsProxyState: flags & 2 != 0,
            swapsOctets: flags & 4 != 0,
            authRate: try rate(),
            authBurst: try rate(),
            isActive: flags & 8 != 0,
            pools: try poolNames(),
            extras: try operations(),
            version: try signed()
        )
    }

    private mutating func plan() throws(SnapshotFormatError) -> PlanRow {
        func some(_ value: UInt64) -> UInt64? { value == 0 ? nil : value }
        var row = PlanRow(
            id: try id(),
            tenantID: try identifier(),
            isActive: try number() == 1,
            downloadBPS: try number(),
            uploadBPS: try number(),
            sessionTimeout: some(try number()).map { UInt32(clamping: $0) },
            idleTimeout: some(try number()).map { UInt32(clamping: $0) },
            interimInterval: UInt32(clamping: try number()),
            version: 0
        )
        let bursts = try number() == 1
        let burst = PlanBurst(
            downloadBPS: try number(),
            uploadBPS: try number(),
            thresholdDownloadBPS: try number(),
            thresholdUploadBPS: try number(),
            seconds: UInt32(clamping: try number())
        )
        row.burst = bursts ? burst : nil
        row.priority = UInt8(clamping: try number())
        row.guaranteedDownloadBPS = some(try number())
        row.guaranteedUploadBPS = some(try number())
        let pools = try poolNames()
        row.addressPool = pools.ipv4
        row.ipv6Pool = pools.ipv6
        row.delegatedIPv6Pool = pools.delegated
        row.addressList = try text()
        row.sessionLimit = UInt8(clamping: try number())
        for _ in 0..<(try count()) { row.dnsServers.append(UInt32(clamping: try number())) }
        row.extras = try operations()
        row.windows = try windows()
        row.throttles = try throttles()
        row.caps = try caps()
        row.version = try signed()
        return row
    }

    private mutating func service() throws(SnapshotFormatError) -> ServiceRow {
        ServiceRow(
            id: try id(),
            tenantID: try identifier(),
            customerID: try identifier(),
            planID: try identifier(),
            kind: ServiceKind(rawValue: String(decoding: try bytes(), as: UTF8.self)) ?? .pppoe,
            username: try bytes(),
            password: try optional(),
            serviceStatus: AccessStatus(rawValue: UInt8(clamping: try number())) ?? .terminated,
            customerStatus: AccessStatus(rawValue: UInt8(clamping: try number())) ?? .terminated,
            expiresAt: try signed(),
            staticIPv4: UInt32(clamping: try number()),
            prefixes: DelegatedPrefixes(framed: try optional(), delegated: try optional()),
            sessionLimit: UInt8(clamping: try number()),
            binding: DeviceBinding(hardwareAddress: try number(), generation: UInt32(clamping: try number())),
            extras: try operations(),
            restriction: StoredRestriction(
                kind: UInt8(clamping: try number()),
                until: UInt32(clamping: try number())
            ),
            marks: try marks(),
            boost: try boost(),
            version: try signed()
        )
    }

    private mutating func boost() throws(SnapshotFormatError) -> ServiceBoost? {
        let boost = ServiceBoost(planID: try id(), until: try signed())
        return boost.planID == .zero ? nil : boost
    }

    mutating func id() throws(SnapshotFormatError) -> UUID128 {
        UUID128(high: try number(), low: try number())
    }

    /// Nil follows the server's setting.
    private mutating func rate() throws(SnapshotFormatError) -> UInt32? {
        let value = try number()
        return value == .max ? nil : UInt32(clamping: value)
    }

    private mutating func identifier() throws(SnapshotFormatError) -> UUID128 { try id() }

    mutating func number() throws(SnapshotFormatError) -> UInt64 {
        guard at + 8 <= octets.count else { throw SnapshotFormatError() }
        defer { at += 8 }
        return (0..<8).reduce(UInt64(0)) { $0 | UInt64(octets[at + $1]) << UInt64($1 * 8) }
    }

    mutating func signed() throws(SnapshotFormatError) -> Int64 { Int64(bitPattern: try number()) }

    /// A count that the rest of the file can hold.
    mutating func count() throws(SnapshotFormatError) -> Int {
        let value = try number()
        guard value <= UInt64(octets.count - at) else { throw SnapshotFormatError() }
        return Int(value)
    }

    mutating func bytes() throws(SnapshotFormatError) -> [UInt8] {
        let length = try count()
        defer { at += length }
        return Array(octets[at..<at + length])
    }

    mutating func optional() throws(SnapshotFormatError) -> [UInt8]? {
        guard at < octets.count else { throw SnapshotFormatError() }
        at += 1
        return octets[at - 1] == 0 ? nil : try bytes()
    }

    mutating func text() throws(SnapshotFormatError) -> String? {
        try optional().map { String(decoding: $0, as: UTF8.self) }
    }
}
