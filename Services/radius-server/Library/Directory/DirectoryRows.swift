import Domain
import Profiles

/// A row of `tenants`, as far as access needs it.
struct TenantRow: Sendable, Equatable {
    var id: UUID128
    var isActive: Bool
    var policy = TenantPolicy()
    /// Its clocks, by name: UTC where it names none.
    var timeZone: String?
    /// What that name means; nil where nobody knows.
    var zone: TimeZoneRules? = .utc
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
    /// Attributes that its replies get or lose.
    var extras: [ReplyOperation] = []
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
    /// Attributes that its replies get or lose.
    var extras: [ReplyOperation] = []
    /// Hours with another speed.
    var windows: [SpeedWindow] = []
    /// The speeds of quotas that throttle.
    var throttles: [QuotaThrottle] = []
    /// The quotas that slow down or keep out whoever uses them up.
    var caps: [QuotaCap] = []
    var version: Int64

    var pools: PoolNames { PoolNames(ipv4: addressPool, ipv6: ipv6Pool, delegated: delegatedIPv6Pool) }

    /// The speed outside of all windows.
    var speed: SpeedProfile {
        SpeedProfile(
            rate: SpeedPair(download: Int64(clamping: downloadBPS), upload: Int64(clamping: uploadBPS)),
            burst: burst.map { burst in
                SpeedProfile.Burst(
                    rate: SpeedPair(
                        download: Int64(clamping: burst.downloadBPS),
                        upload: Int64(clamping: burst.uploadBPS)
                    ),
                    threshold: SpeedPair(
                        download: Int64(clamping: burst.thresholdDownloadBPS),
                        upload: Int64(clamping: burst.thresholdUploadBPS)
                    ),
                    seconds: Int(burst.seconds)
                )
            },
            priority: Int(priority),
            guaranteed: SpeedPair(
                download: Int64(clamping: guaranteedDownloadBPS ?? 0),
                upload: Int64(clamping: guaranteedUploadBPS ?? 0)
            )
        )
    }
}

/// The speeds that a plan's quota leaves where it is used up.
struct QuotaThrottle: Sendable, Equatable {
    var position: UInt8
    var rate: SpeedPair
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

/// A plan that a service's replies are made of for a time, in place of its own.
struct ServiceBoost: Sendable, Equatable {
    var planID: UUID128
    /// Microseconds since 1970; from then on it holds no longer.
    var until: Int64
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
    /// Attributes that its replies get or lose.
    var extras: [ReplyOperation] = []
    /// What its quotas left of its access.
    var restriction = StoredRestriction()
    /// What it has used of the windows of its quotas.
    var marks: [QuotaMark] = []
    var boost: ServiceBoost?
    /// The latest of the four rows' versions.
    var version: Int64
}
