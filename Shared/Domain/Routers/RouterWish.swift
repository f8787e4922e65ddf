/// A plan as a router's own profile has it (MTK-07).
package struct RouterPlan: Hashable, Sendable {
    package var id: PlanID
    package var name: String
    package var speed: SpeedProfile
    /// One session of a name at a time.
    package var hasOneSession: Bool
    /// A pool of the router's.
    package var addressPool: String?
    package var dnsServers: [IPAddress]
    package var addressList: String?
    package var parentQueue: String?
    package var queueType: String

    /// What a plan's columns say, its advanced settings, and the bandwidth profile that counts in their place. Windows of the
    /// week are not the router's: it knows one speed of a profile.
    package init(_ plan: Plan, _ settings: PlanAdvancedSettings?, _ profile: BandwidthProfile?) {
        id = plan.id
        name = plan.name
        speed = profile?.speed ?? SpeedProfile(plan, settings)
        hasOneSession = plan.sessionLimit == 1
        addressPool = settings?.addressPool
        dnsServers = settings?.dnsServers ?? []
        addressList = settings?.addressList
        if let profile {
            parentQueue = profile.parentQueue
            queueType = profile.queueType
        } else {
            parentQueue = settings?.parentQueue
            queueType = settings?.queueType ?? "pcq"
        }
    }

    /// How the router calls it: by the plan's id, since plans are renamed.
    package var profileName: String { "nexora-\(id)" }
    /// The same without speeds, for services whose own queue has them.
    package var queuedProfileName: String { "nexora-\(id)-queued" }
}

/// What is known of a service that lives on a router.
package struct RouterService: Hashable, Sendable {
    package var id: ServiceID
    package var username: String
    package var status: ServiceStatus
    package var customerStatus: CustomerStatus
    package var isTenantActive: Bool
    package var hasPassword: Bool
    package var staticIPv4: IPAddress?
    package var expiresAt: Timestamp?
    /// Until when its quotas keep it out.
    package var blockedUntil: Timestamp?
    /// Whose speeds it has now: its own plan's, or a boost's.
    package var plan: RouterPlan

    package init(
        id: ServiceID,
        username: String,
        status: ServiceStatus,
        customerStatus: CustomerStatus = .active,
        isTenantActive: Bool = true,
        hasPassword: Bool = true,
        staticIPv4: IPAddress? = nil,
        expiresAt: Timestamp? = nil,
        blockedUntil: Timestamp? = nil,
        plan: RouterPlan
    ) {
        self.id = id
        self.username = username
        self.status = status
        self.customerStatus = customerStatus
        self.isTenantActive = isTenantActive
        self.hasPassword = hasPassword
        self.staticIPv4 = staticIPv4
        self.expiresAt = expiresAt
        self.blockedUntil = blockedUntil
        self.plan = plan
    }

    /// How the router calls its queue.
    package static func queueName(_ id: ServiceID) -> String { "nexora-\(id)" }
}

/// What a router shall have for a service (MTK-05, LCY-07, LCY-08).
package enum RouterWish: Hashable, Sendable {
    /// Neither secret nor queue.
    case absent
    case present(Secret)

    package struct Secret: Hashable, Sendable {
        /// One that is not lets nobody in, and no session of it is left up.
        package var isEnabled: Bool
        package var profile: String
        /// Nil leaves the address to the profile.
        package var address: IPAddress?
        /// The service has a queue of its own, and a profile without speeds: of two limits the router applies one.
        package var hasQueue: Bool
    }

    /// What follows from a service as it is now: nothing for one that is not active yet, not any more, or that has no password,
    /// since a secret without one lets everybody in. A queue of its own has a service with a fixed address whose plan shares a
    /// parent queue: its limits then change at once.
    package init(_ service: RouterService, at now: Timestamp) {
        let isGone = service.customerStatus == .terminated || !service.hasPassword
        guard !isGone, service.status == .active || service.status == .suspended else {
            self = .absent
            return
        }
        let hasQueue = service.staticIPv4 != nil && service.plan.parentQueue != nil
        self = .present(
            Secret(
                isEnabled: service.status == .active && service.customerStatus == .active && service.isTenantActive
                    && service.expiresAt.map { now < $0 } != false
                    && service.blockedUntil.map { now < $0 } != true,
                profile: hasQueue ? service.plan.queuedProfileName : service.plan.profileName,
                address: service.staticIPv4,
                hasQueue: hasQueue
            )
        )
    }
}
