/// What a subscriber buys: speeds, price and the limits of its sessions (table plans).
package struct Plan: Hashable, Sendable {
    package var tenantID: TenantID
    package var id: PlanID
    package var name: String
    package var description: String
    /// Bit/s to the subscriber.
    package var downloadBitsPerSecond: Int64
    /// Bit/s from the subscriber.
    package var uploadBitsPerSecond: Int64
    package var price: Money
    package var isActive: Bool
    package var features: [String]
    /// Sessions of one service at a time.
    package var sessionLimit: Int
    package var sessionTimeoutSeconds: Int?
    package var idleTimeoutSeconds: Int?
    package var interimIntervalSeconds: Int
    /// Whose speeds, shaping and windows count in place of the plan's own.
    package var bandwidthProfileID: BandwidthProfileID?
    /// Nil until stored.
    package var stamp: RowStamp?

    package init(
        tenantID: TenantID,
        id: PlanID,
        name: String,
        description: String = "",
        downloadBitsPerSecond: Int64,
        uploadBitsPerSecond: Int64,
        price: Money,
        isActive: Bool = true,
        features: [String] = [],
        sessionLimit: Int = 1,
        sessionTimeoutSeconds: Int? = nil,
        idleTimeoutSeconds: Int? = nil,
        interimIntervalSeconds: Int = 300,
        bandwidthProfileID: BandwidthProfileID? = nil,
        stamp: RowStamp? = nil
    ) {
        self.tenantID = tenantID
        self.id = id
        self.name = name
        self.description = description
        self.downloadBitsPerSecond = downloadBitsPerSecond
        self.uploadBitsPerSecond = uploadBitsPerSecond
        self.price = price
        self.isActive = isActive
        self.features = features
        self.sessionLimit = sessionLimit
        self.sessionTimeoutSeconds = sessionTimeoutSeconds
        self.idleTimeoutSeconds = idleTimeoutSeconds
        self.interimIntervalSeconds = interimIntervalSeconds
        self.bandwidthProfileID = bandwidthProfileID
        self.stamp = stamp
    }
}

extension Plan: Validated {
    package func check(_ checks: inout FieldChecks) {
        checks.text("name", name, maximum: 100)
        checks.optional("description", description, maximum: .max)
        checks.positive("download_bps", downloadBitsPerSecond)
        checks.positive("upload_bps", uploadBitsPerSecond)
        if !price.isPositive { checks.refuse("price", .malformed(expected: "more than 0")) }
        for feature in features { checks.text("features", feature, maximum: 1000) }
        checks.number("session_limit", sessionLimit, in: 1...5)
        checks.positive32("session_timeout_seconds", sessionTimeoutSeconds)
        checks.positive32("idle_timeout_seconds", idleTimeoutSeconds)
        checks.number("interim_interval_seconds", interimIntervalSeconds, in: 60...86_400)
    }
}
