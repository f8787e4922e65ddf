/// A speed in both directions.
package struct SpeedPair: Hashable, Sendable {
    /// Bit/s to the subscriber.
    package var download: Int64
    /// Bit/s from the subscriber.
    package var upload: Int64

    package init(download: Int64, upload: Int64) {
        self.download = download
        self.upload = upload
    }
}

/// How a plan is shaped on the NAS, at most one per plan (table plan_advanced_settings). Speeds in bit/s.
package struct PlanAdvancedSettings: Hashable, Sendable {
    package var tenantID: TenantID
    package var planID: PlanID
    package var burstEnabled: Bool
    package var burstDownload: Int64?
    package var burstUpload: Int64?
    /// The average above which a burst ends.
    package var thresholdDownload: Int64?
    package var thresholdUpload: Int64?
    package var burstSeconds: Int?
    /// 1 is served first, 8 last.
    package var priority: Int
    package var guaranteedDownload: Int64?
    package var guaranteedUpload: Int64?
    package var maxConnections: Int?
    /// Pools by name: of our own, else of the NAS's.
    package var addressPool: String?
    package var ipv6Pool: String?
    package var delegatedIPv6Pool: String?
    /// At most four.
    package var dnsServers: [IPAddress]
    package var addressList: String?
    package var transparentProxy: Bool
    package var queueType: String
    package var parentQueue: String?
    /// Its version alone: the row has no creation time of its own.
    package var rowVersion: Int64

    package init(
        tenantID: TenantID,
        planID: PlanID,
        burstEnabled: Bool = false,
        burstDownload: Int64? = nil,
        burstUpload: Int64? = nil,
        thresholdDownload: Int64? = nil,
        thresholdUpload: Int64? = nil,
        burstSeconds: Int? = nil,
        priority: Int = 8,
        guaranteedDownload: Int64? = nil,
        guaranteedUpload: Int64? = nil,
        maxConnections: Int? = nil,
        addressPool: String? = nil,
        ipv6Pool: String? = nil,
        delegatedIPv6Pool: String? = nil,
        dnsServers: [IPAddress] = [],
        addressList: String? = nil,
        transparentProxy: Bool = false,
        queueType: String = "pcq",
        parentQueue: String? = nil,
        rowVersion: Int64 = 0
    ) {
        self.tenantID = tenantID
        self.planID = planID
        self.burstEnabled = burstEnabled
        self.burstDownload = burstDownload
        self.burstUpload = burstUpload
        self.thresholdDownload = thresholdDownload
        self.thresholdUpload = thresholdUpload
        self.burstSeconds = burstSeconds
        self.priority = priority
        self.guaranteedDownload = guaranteedDownload
        self.guaranteedUpload = guaranteedUpload
        self.maxConnections = maxConnections
        self.addressPool = addressPool
        self.ipv6Pool = ipv6Pool
        self.delegatedIPv6Pool = delegatedIPv6Pool
        self.dnsServers = dnsServers
        self.addressList = addressList
        self.transparentProxy = transparentProxy
        self.queueType = queueType
        self.parentQueue = parentQueue
        self.rowVersion = rowVersion
    }

    /// The burst speeds, when a burst is allowed and both are known.
    package var burst: SpeedPair? {
        guard burstEnabled, let burstDownload, let burstUpload else { return nil }
        return SpeedPair(download: burstDownload, upload: burstUpload)
    }
}

extension PlanAdvancedSettings: Validated {
    package func check(_ checks: inout FieldChecks) {
        checks.positive("burst_download_bps", burstDownload)
        checks.positive("burst_upload_bps", burstUpload)
        if burstEnabled, burstDownload == nil { checks.refuse("burst_download_bps", .missing) }
        if burstEnabled, burstUpload == nil { checks.refuse("burst_upload_bps", .missing) }
        checks.positive("threshold_download_bps", thresholdDownload)
        checks.positive("threshold_upload_bps", thresholdUpload)
        checks.positive32("burst_seconds", burstSeconds)
        checks.number("priority", priority, in: 1...8)
        checks.positive("guaranteed_download_bps", guaranteedDownload)
        checks.positive("guaranteed_upload_bps", guaranteedUpload)
        checks.positive32("max_connections", maxConnections)
        checks.optional("address_pool", addressPool, maximum: 253, emptyAllowed: false)
        checks.optional("ipv6_pool", ipv6Pool, maximum: 253, emptyAllowed: false)
        checks.optional("delegated_ipv6_pool", delegatedIPv6Pool, maximum: 253, emptyAllowed: false)
        checks.number("dns_servers", dnsServers.count, in: 0...4)
        checks.optional("address_list", addressList, maximum: 200, emptyAllowed: false)
        checks.text("queue_type", queueType, maximum: 200)
        checks.optional("parent_queue", parentQueue, maximum: 200, emptyAllowed: false)
    }
}
