/// What a licence limits. Subscribers are customers that are neither deleted nor terminated; sessions are live ones.
package enum LicensedResource: String, Hashable, Sendable, CaseIterable {
    case subscribers, nases, tenants, sessions

    /// Refused at creation. Sessions come from NASes and are counted, not refused by the database.
    package var isEnforcedAtCreation: Bool { self != .sessions }
}

/// What a tenant and all below it may have together (TEN-09, TEN-11). No limit where it says nothing.
package struct TenantLicence: Hashable, Sendable {
    package var tenantID: TenantID
    /// The subscription plan's name.
    package var plan: String
    package var limits: [LicensedResource: Int]
    /// Days between the first overage and the suspension (TEN-10); 0 suspends with the next look.
    package var graceDays: Int
    /// The first day on which it is over; nil while it does not end.
    package var endsAt: Timestamp?
    /// Since when more is there than it allows, or since when it ended; kept by the database.
    package internal(set) var exceededSince: Timestamp?

    package init(
        tenantID: TenantID,
        plan: String,
        limits: [LicensedResource: Int],
        graceDays: Int = 7,
        endsAt: Timestamp? = nil,
        exceededSince: Timestamp? = nil
    ) {
        self.tenantID = tenantID
        self.plan = plan
        self.limits = limits
        self.graceDays = graceDays
        self.endsAt = endsAt
        self.exceededSince = exceededSince
    }

    /// What is exceeded by that usage.
    package func exceeded(by usage: TenantUsage) -> [LicensedResource] {
        LicensedResource.allCases.filter { resource in
            limits[resource].map { usage.counts[resource, default: 0] > $0 } ?? false
        }
    }
}

extension TenantLicence: Validated {
    package func check(_ checks: inout FieldChecks) {
        checks.text("plan", plan, maximum: 100)
        checks.number("grace_days", graceDays, in: 0...365)
        for (resource, limit) in limits { checks.number("max_\(resource.rawValue)", limit, in: 0...Int64(Int32.max)) }
    }
}

/// What a tenant and all below it have.
package struct TenantUsage: Hashable, Sendable {
    package var counts: [LicensedResource: Int]

    package init(_ counts: [LicensedResource: Int]) {
        self.counts = counts
    }
}

/// What the database refused because of a licence, read from the constraint that the refusal names.
package struct LicenceLimit: Hashable, Sendable {
    package let resource: LicensedResource

    /// Nil when the constraint is none of a licence's.
    package init?(constraint: String) {
        let prefix = "licence_max_"
        guard constraint.hasPrefix(prefix),
            let resource = LicensedResource(rawValue: String(constraint.dropFirst(prefix.count)))
        else { return nil }
        self.resource = resource
    }
}
