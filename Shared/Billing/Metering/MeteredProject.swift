package import Domain

/// Something of a tenant of which it is measured what it moves and keeps.
package struct MeteredProject: Hashable, Sendable {
    package let tenantID: TenantID
    package let id: ProjectID
    package var name: String
    /// What it keeps outside of this installation, as it was told last.
    package var storageOctets: Int64
    package let createdAt: Timestamp
    /// 0 until stored.
    package var version: Int64

    package init(
        tenantID: TenantID,
        id: ProjectID,
        name: String,
        storageOctets: Int64 = 0,
        createdAt: Timestamp,
        version: Int64 = 0
    ) {
        self.tenantID = tenantID
        self.id = id
        self.name = name
        self.storageOctets = storageOctets
        self.createdAt = createdAt
        self.version = version
    }
}

/// What a project used in a month (FUP-05).
package struct ProjectUsage: Hashable, Sendable {
    package let projectID: ProjectID
    package let month: MeteredMonth
    package var trafficOctets: Int64
    /// Of a month that is over what was told last in it.
    package var storageOctets: Int64

    package init(projectID: ProjectID, month: MeteredMonth, trafficOctets: Int64, storageOctets: Int64) {
        self.projectID = projectID
        self.month = month
        self.trafficOctets = trafficOctets
        self.storageOctets = storageOctets
    }
}

/// Octets that a project moved in a month and that are not kept yet.
package struct ProjectTraffic: Hashable, Sendable {
    package let tenantID: TenantID
    package let projectID: ProjectID
    package let month: MeteredMonth
    package var octets: Int64

    package init(tenantID: TenantID, projectID: ProjectID, month: MeteredMonth, octets: Int64) {
        self.tenantID = tenantID
        self.projectID = projectID
        self.month = month
        self.octets = octets
    }
}

/// The plan in force of a tenant, and whence it is (FUP-16).
package struct MeteredSubscription: Hashable, Sendable {
    package let plan: MeteredPlan
    /// When the payment that switched it was completed; nil where none did.
    package let completedAt: Timestamp?

    package init(plan: MeteredPlan, completedAt: Timestamp? = nil) {
        self.plan = plan
        self.completedAt = completedAt
    }
}
