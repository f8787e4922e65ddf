package import Domain

/// What a tenant's projects used in a month, under the plan in force (FUP-08).
package struct MeteringSummary: Hashable, Sendable {
    package let tenantID: TenantID
    package let plan: MeteredPlan
    package let month: MeteredMonth
    /// That there are now.
    package let projects: Int64
    /// Of all projects in the month, those that are gone since with them.
    package let trafficOctets: Int64
    /// What the projects keep now; of a month that is over, what they kept when that was told last in it.
    package let projectStorageOctets: Int64
    /// What the installation keeps for the tenant, as it was measured last within the month.
    package let ownStorageOctets: Int64

    package init(
        tenantID: TenantID,
        plan: MeteredPlan,
        month: MeteredMonth,
        projects: Int64,
        trafficOctets: Int64,
        projectStorageOctets: Int64,
        ownStorageOctets: Int64
    ) {
        self.tenantID = tenantID
        self.plan = plan
        self.month = month
        self.projects = projects
        self.trafficOctets = trafficOctets
        self.projectStorageOctets = projectStorageOctets
        self.ownStorageOctets = ownStorageOctets
    }

    package var storageOctets: Int64 {
        let (sum, isTooMuch) = projectStorageOctets.addingReportingOverflow(ownStorageOctets)
        return isTooMuch ? .max : sum
    }

    /// Of each resource in its order.
    package var uses: [MeteredUse] { MeteredResource.allCases.map { use(of: $0) } }

    package func use(of resource: MeteredResource) -> MeteredUse {
        let used =
            switch resource {
            case .traffic: trafficOctets
            case .storage: storageOctets
            }
        return MeteredUse(resource, used: used, limit: plan.limits.octets(of: resource))
    }

    /// A project's share of a sum, on average; 0 where there is none (FUP-14).
    package func mean(_ octets: Int64) -> Int64 { projects > 0 ? octets / projects : 0 }

    /// Whether nothing is used up.
    package var isOK: Bool { errors.isEmpty }

    /// One sentence for each limit that is reached.
    package var errors: [String] { uses.compactMap(\.error) }
}
