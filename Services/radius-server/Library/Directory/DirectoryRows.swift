import Domain

/// A row of `tenants`, as far as access needs it.
struct TenantRow: Sendable, Equatable {
    var id: UUID128
    var isActive: Bool
    var policy = TenantPolicy()
    var version: Int64
}

/// A row of `ip_pools`.
struct PoolRow: Sendable, Equatable {
    var pool: IPPool
    var version: Int64
}

/// The names of the pools that a NAS or a plan names: of ours, else of the NAS's own.
struct PoolNames: Sendable, Equatable {
    var ipv4: String?
    var ipv6: String?
    var delegated: String?

    subscript(use: AddressPool.Use) -> String? {
        switch use {
        case .ipv4: ipv4
        case .ipv6: ipv6
        case .delegated: delegated
        }
    }

    var isEmpty: Bool { ipv4 == nil && ipv6 == nil && delegated == nil }
}

/// A row of `nas_devices` with its secret opened.
struct NASRow: Sendable {
    var id: UUID128
    var tenantID: UUID128
    var name: String
    var range: AddressRange
    var identifier: String?
    var vendor: NASVendor
    var secret: [UInt8]
    var requiresMessageAuthenticator: Bool
    var limitsProxyState: Bool
    var swapsOctets: Bool
    /// Nil follows the server's setting.
    var authRate: UInt32?
    var authBurst: UInt32?
    var isActive: Bool
    var pools = PoolNames()
    var version: Int64
}

/// A row of `plans` joined with its advanced settings. Rates in bit/s.
struct PlanRow: Sendable, Equatable {
    var id: UUID128
    var tenantID: UUID128
    var isActive: Bool = true
    var downloadBPS: UInt64
    var uploadBPS: UInt64
    var sessionTimeout: UInt32?
    var idleTimeout: UInt32?
    var interimInterval: UInt32
    var burst: PlanBurst?
    var priority: UInt8 = 8
    var guaranteedDownloadBPS: UInt64?
    var guaranteedUploadBPS: UInt64?
    var addressPool: String?
    var ipv6Pool: String?
    var delegatedIPv6Pool: String?
    /// IPv4 DNS servers in host order.
    var dnsServers: [UInt32] = []
    var addressList: String?
    /// Sessions of one service at a time.
    var sessionLimit: UInt8 = 1
    var version: Int64

    var pools: PoolNames { PoolNames(ipv4: addressPool, ipv6: ipv6Pool, delegated: delegatedIPv6Pool) }
}

/// A plan's burst: rates in bit/s, time in seconds.
struct PlanBurst: Sendable, Equatable {
    var downloadBPS: UInt64
    var uploadBPS: UInt64
    var thresholdDownloadBPS: UInt64
    var thresholdUploadBPS: UInt64
    var seconds: UInt32
}

/// The device that a service is bound to.
struct DeviceBinding: Sendable, Equatable {
    /// 48 bits; 0 when it is bound to none.
    var hardwareAddress: UInt64 = 0
    /// How often the binding was reset.
    var generation: UInt32 = 0
}

/// A row of `services` joined with its customer and credential, the password opened.
struct ServiceRow: Sendable {
    var id: UUID128
    var tenantID: UUID128
    var customerID: UUID128
    var planID: UUID128
    var kind: ServiceKind
    var username: [UInt8]
    var password: [UInt8]?
    var serviceStatus: AccessStatus
    var customerStatus: AccessStatus
    /// Microseconds since 1970; Int64.max is never.
    var expiresAt: Int64
    var staticIPv4: UInt32
    var prefixes: DelegatedPrefixes?
    /// In place of the plan's; 0 where it is the plan's.
    var sessionLimit: UInt8 = 0
    var binding = DeviceBinding()
    /// The latest of the three rows' versions.
    var version: Int64
}
