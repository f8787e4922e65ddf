/// What a tenant's settings say of its subscribers' sessions; ``init()`` is what holds where they say nothing.
package struct TenantPolicy: Hashable, Sendable {
    /// What becomes of a login at the session limit (SES-06).
    package enum SessionPolicy: String, Hashable, Sendable, CaseIterable {
        case disconnectOldest = "disconnect_oldest"
        case rejectNew = "reject_new"
    }

    package var sessionPolicy = SessionPolicy.disconnectOldest
    /// The first device of a service is the only one that may use it (SES-01).
    package var bindsDevice = false
    /// The plan of services that may reach nothing but the tenant's own pages.
    package var walledGardenPlan: PlanID?

    package init() {}

    package init(sessionPolicy: SessionPolicy, bindsDevice: Bool, walledGardenPlan: PlanID?) {
        self.sessionPolicy = sessionPolicy
        self.bindsDevice = bindsDevice
        self.walledGardenPlan = walledGardenPlan
    }
}
