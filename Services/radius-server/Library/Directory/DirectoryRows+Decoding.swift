import Crypto
import Domain
import Postgres

/// A row that cannot be used as it stands; the rest of the directory is loaded all the same.
struct DirectoryRowError: Error, CustomStringConvertible {
    let table: StaticString
    let id: UUID128
    let reason: String
    var description: String { "\(table) \(id): \(reason)" }
}

extension UUID128 {
    init(_ bytes: PGBytes?) {
        let words = bytes?.uuid ?? (high: 0, low: 0)
        self.init(high: words.high, low: words.low)
    }
}

extension TenantRow {
    init(_ row: inout PGCopyRow, tools: RowTools) {
        id = UUID128(row.next())
        isActive = row.next()?.bool ?? false
        policy.sessionPolicy =
            row.next().flatMap { TenantPolicy.SessionPolicy(rawValue: $0.string) } ?? policy.sessionPolicy
        policy.bindsDevice = row.next()?.bool ?? policy.bindsDevice
        policy.walledGardenPlan = row.next().map { PlanID(UUID128($0)) }
        timeZone = row.next()?.string
        zone = tools.zone(timeZone, tenant: id)
        version = row.next()?.int64 ?? 0
    }
}

extension PoolRow {
    init(_ row: inout PGCopyRow) throws(DirectoryRowError) {
        let id = UUID128(row.next())
        let tenantID = UUID128(row.next())
        let name = row.next()?.string ?? ""
        let range = row.next().flatMap(NetworkAddress.init)?.prefix
        let use = row.next().flatMap { AddressPool.Use(name: $0.string) }
        let unitLength = row.next()?.int64 ?? 0
        let gateway = row.next().flatMap(NetworkAddress.init)?.prefix?.address
        let sticky = row.next()?.int64 ?? 0
        let active = row.next()?.bool ?? false
        let servers = row.next()?.string ?? ""
        let exclusions = row.next()?.string ?? ""
        let version = row.next()?.int64 ?? 0
        guard let range, let use else {
            throw DirectoryRowError(table: "ip_pools", id: id, reason: "range or use is unreadable")
        }
        let pool = IPPool(
            tenantID: TenantID(tenantID),
            id: PoolID(id),
            name: name,
            range: range,
            use: use,
            unitLength: Int(unitLength),
            gateway: gateway,
            dnsServers: servers.split(separator: ",").compactMap { IPAddress(String($0)) },
            exclusions: exclusions.split(separator: ",").compactMap { IPPrefix(String($0)) },
            stickySeconds: Int(sticky),
            isActive: active
        )
        guard pool.pool != nil else {
            throw DirectoryRowError(table: "ip_pools", id: id, reason: "the range holds no unit")
        }
        self.init(pool: pool, version: version)
    }
}

extension NASRow {
    init(_ row: inout PGCopyRow, tools: RowTools) throws(DirectoryRowError) {
        let id = UUID128(row.next())
        let tenantID = UUID128(row.next())
        let name = row.next()?.string ?? ""
        let range = row.next().flatMap(NetworkAddress.init)?.range
        let identifier = row.next()?.string
        let vendor = row.next().flatMap { NASVendor(rawValue: $0.string) } ?? .generic
        let sealed = row.next()?.array ?? []
        let requires = row.next()?.bool ?? true
        let limits = row.next()?.bool ?? true
        let swaps = row.next()?.bool ?? false
        let rate = row.next()?.int64.map { UInt32(clamping: $0) }
        let burst = row.next()?.int64.map { UInt32(clamping: $0) }
        let active = row.next()?.bool ?? false
        let pools = PoolNames(ipv4: row.next()?.string, ipv6: row.next()?.string, delegated: row.next()?.string)
        let extras = tools.operations(row.next()?.string, table: "nas_reply_attributes", id: id)
        let version = row.next()?.int64 ?? 0
        guard let range else { throw DirectoryRowError(table: "nas_devices", id: id, reason: "address is unreadable") }
        let secret: [UInt8]
        do throws(KeyringError) {
            secret = try tools.keyring.open(
                sealed,
                for: SealedPlace(table: "nas_devices", column: "secret", row: id.bytes, tenant: tenantID.bytes)
            )
        } catch {
            throw DirectoryRowError(table: "nas_devices", id: id, reason: "secret: \(error)")
        }
        self.init(
            id: id,
            tenantID: tenantID,
            name: name,
            range: range,
            identifier: identifier,
            vendor: vendor,
            secret: secret,
            requiresMessageAuthenticator: requires,
            limitsProxyState: limits,
            swapsOctets: swaps,
            authRate: rate,
            authBurst: burst,
            isActive: active,
            pools: pools,
            extras: extras,
            version: version
        )
    }
}

extension PlanRow {
    init(_ row: inout PGCopyRow, tools: RowTools) {
        let id = UUID128(row.next())
        let tenantID = UUID128(row.next())
        let active = row.next()?.bool ?? false
        let download = UInt64(clamping: row.next()?.int64 ?? 0)
        let upload = UInt64(clamping: row.next()?.int64 ?? 0)
        let timeout = row.next()?.int64.map { UInt32(clamping: $0) }
        let idle = row.next()?.int64.map { UInt32(clamping: $0) }
        let interim = UInt32(clamping: row.next()?.int64 ?? 300)
        let bursts = row.next()?.bool ?? false
        var rates: [UInt64?] = []
        for _ in 0..<4 { rates.append(row.next()?.int64.map { UInt64(clamping: $0) }) }
        let seconds = row.next()?.int64.map { UInt32(clamping: $0) }
        let priority = UInt8(clamping: row.next()?.int64 ?? 8)
        let guaranteedDownload = row.next()?.int64.map { UInt64(clamping: $0) }
        let guaranteedUpload = row.next()?.int64.map { UInt64(clamping: $0) }
        let pool = row.next()?.string
        let ipv6Pool = row.next()?.string
        let list = row.next()?.string
        var servers: [UInt32] = []
        for _ in 0..<2 { if let server = row.next().flatMap(NetworkAddress.init)?.ipv4 { servers.append(server) } }
        let linkPool = row.next()?.string
        let limit = UInt8(clamping: row.next()?.int64 ?? 1)
        let extras = tools.operations(row.next()?.string, table: "plan_reply_attributes", id: id)
        let windows = tools.windows(row.next()?.string, plan: id)
        let throttles = tools.throttles(row.next()?.string, plan: id)
        let caps = tools.caps(row.next()?.string, plan: id)
        let version = row.next()?.int64 ?? 0
        var burst: PlanBurst?
        if bursts, let burstDownload = rates[0], let burstUpload = rates[1] {
            burst = PlanBurst(
                downloadBPS: burstDownload,
                uploadBPS: burstUpload,
                thresholdDownloadBPS: rates[2] ?? download,
                thresholdUploadBPS: rates[3] ?? upload,
                seconds: seconds ?? 1
            )
        }
        self.init(
            id: id,
            tenantID: tenantID,
            isActive: active,
            downloadBPS: download,
            uploadBPS: upload,
            sessionTimeout: timeout,
            idleTimeout: idle,
            interimInterval: interim,
            burst: burst,
            priority: priority,
            guaranteedDownloadBPS: guaranteedDownload,
            guaranteedUploadBPS: guaranteedUpload,
            addressPool: pool,
            ipv6Pool: linkPool,
            delegatedIPv6Pool: ipv6Pool,
            dnsServers: servers,
            addressList: list,
            sessionLimit: limit,
            extras: extras,
            windows: windows,
            throttles: throttles,
            caps: caps,
            version: version
        )
    }
}

extension ServiceRow {
    init(_ row: inout PGCopyRow, tools: RowTools) throws(DirectoryRowError) {
        let id = UUID128(row.next())
        let tenantID = UUID128(row.next())
        let customerID = UUID128(row.next())
        let planID = UUID128(row.next())
        let kind = row.next().flatMap { ServiceKind(rawValue: $0.string) } ?? .pppoe
        let username = row.next()?.array ?? []
        let status = row.next().map { AccessStatus(name: $0.string) } ?? .terminated
        let customerStatus = row.next().map { AccessStatus(name: $0.string) } ?? .terminated
        let expires = row.next()?.timestamptz ?? SubscriberRecord.never
        let address = row.next().flatMap(NetworkAddress.init)?.ipv4 ?? 0
        let framed = row.next().flatMap(NetworkAddress.init)?.prefixAttribute
        let delegated = row.next().flatMap(NetworkAddress.init)?.prefixAttribute
        let sealed = row.next()?.array
        let limit = UInt8(clamping: row.next()?.int64 ?? 0)
        let binding = DeviceBinding(
            hardwareAddress: row.next().map(\.bigEndian) ?? 0,
            generation: UInt32(clamping: row.next()?.int64 ?? 0)
        )
        let extras = tools.operations(row.next()?.string, table: "service_reply_attributes", id: id)
        let restriction = StoredRestriction(
            kind: UInt8(clamping: row.next()?.int64 ?? 0),
            until: UInt32(clamping: (row.next()?.timestamptz ?? 0) / 1_000_000)
        )
        let marks = tools.marks(row.next()?.string, service: id)
        let (boostPlan, boostEnd) = (row.next().map { UUID128($0) }, row.next()?.timestamptz)
        let version = row.next()?.int64 ?? 0
        var password: [UInt8]?
        if let sealed {
            do throws(KeyringError) {
                password = try tools.keyring.open(
                    sealed,
                    for: SealedPlace(
                        table: "service_credentials",
                        column: "password",
                        row: id.bytes,
                        tenant: tenantID.bytes
                    )
                )
            } catch {
                throw DirectoryRowError(table: "service_credentials", id: id, reason: "password: \(error)")
            }
        }
        guard username.count <= 253, password.map(\.count) ?? 0 <= SubscriberRecord.longestPassword else {
            throw DirectoryRowError(table: "services", id: id, reason: "longer than a RADIUS attribute")
        }
        self.init(
            id: id,
            tenantID: tenantID,
            customerID: customerID,
            planID: planID,
            kind: kind,
            username: username,
            password: password,
            serviceStatus: status,
            customerStatus: customerStatus,
            expiresAt: expires,
            staticIPv4: address,
            prefixes: DelegatedPrefixes(framed: framed, delegated: delegated),
            sessionLimit: limit,
            binding: binding,
            extras: extras,
            restriction: restriction,
            marks: marks,
            boost: boostPlan.flatMap { plan in boostEnd.map { ServiceBoost(planID: plan, until: $0) } },
            version: version
        )
    }
}

extension AccessStatus {
    /// As the tables spell it; what is unknown gives no access.
    init(name: String) {
        switch name {
        case "active": self = .active
        case "pending": self = .pending
        case "suspended": self = .suspended
        default: self = .terminated
        }
    }
}

/// Postgres' binary inet and cidr: family, prefix length, is-cidr flag, octet count, octets.
struct NetworkAddress {
    private let octets: [UInt8]
    private let length: UInt8

    init?(_ bytes: PGBytes) {
        guard bytes.count >= 4, bytes.count == 4 + Int(bytes[3]), bytes[3] == 4 || bytes[3] == 16 else { return nil }
        octets = bytes[4..<bytes.count].array
        length = bytes[1]
    }

    /// The address with its length.
    var prefix: IPPrefix? { IPAddress(octets: octets).flatMap { IPPrefix(address: $0, length: Int(length)) } }

    var range: AddressRange? { AddressRange(octets: octets, length: length) }

    /// Host order, where it is IPv4.
    var ipv4: UInt32? { octets.count == 4 ? octets.reduce(0) { $0 << 8 | UInt32($1) } : nil }

    /// The value of an IPv6 prefix attribute: a zero, the length, and as many octets as the prefix has.
    var prefixAttribute: [UInt8]? {
        octets.count == 16 ? [0, length] + octets.prefix((Int(length) + 7) / 8) : nil
    }
}
