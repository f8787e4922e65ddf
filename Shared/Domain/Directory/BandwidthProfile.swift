/// A tenant's named set of speeds, for any number of its plans (table bandwidth_profiles). Where a plan has one, what its
/// subscribers get is the profile's: the plan's own speeds, shaping and windows count no more.
package struct BandwidthProfile: Hashable, Sendable {
    package var tenantID: TenantID
    package var id: BandwidthProfileID
    /// Unique within the tenant.
    package var name: String
    package var description: String
    /// What holds outside of all windows.
    package var speed: SpeedProfile
    package var queueType: String
    package var parentQueue: String?
    /// Hours of the week with another speed; no two have a minute in common.
    package var windows: [SpeedWindow]
    /// Nil until stored.
    package var stamp: RowStamp?

    package init(
        tenantID: TenantID,
        id: BandwidthProfileID,
        name: String,
        description: String = "",
        speed: SpeedProfile,
        queueType: String = "pcq",
        parentQueue: String? = nil,
        windows: [SpeedWindow] = [],
        stamp: RowStamp? = nil
    ) {
        self.tenantID = tenantID
        self.id = id
        self.name = name
        self.description = description
        self.speed = speed
        self.queueType = queueType
        self.parentQueue = parentQueue
        self.windows = windows
        self.stamp = stamp
    }
}

extension BandwidthProfile: Validated {
    package func check(_ checks: inout FieldChecks) {
        checks.text("name", name, maximum: 100)
        checks.optional("description", description, maximum: .max)
        speed.check(&checks)
        checks.text("queue_type", queueType, maximum: 200)
        checks.optional("parent_queue", parentQueue, maximum: 200, emptyAllowed: false)
        guard windows.count <= SpeedWindow.most else {
            return checks.refuse("windows", .conflicts(reason: "are more than \(SpeedWindow.most)"))
        }
        for window in windows { window.check(&checks) }
        if checks.fields.isEmpty, let pair = SpeedWindow.overlap(in: windows) {
            let reason = "overlap: numbers \(pair.first + 1) and \(pair.second + 1) share an hour of the week"
            checks.refuse("windows", .conflicts(reason: reason))
        }
    }
}
