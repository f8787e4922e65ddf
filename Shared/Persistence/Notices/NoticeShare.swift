package import Domain

/// How many notices one look may claim.
package struct NoticeShare: Sendable, Hashable {
    /// For each priority, 0 first: as many with those of the priorities before it.
    package var limits: [Int]
    /// Tenants that have as many under way as they may.
    package var without: [TenantID]

    package init(limits: [Int], without: [TenantID] = []) {
        (self.limits, self.without) = (limits, without)
    }

    /// Of any priority and tenant.
    package init(_ limit: Int) { self.init(limits: [limit, limit, limit, limit]) }

    package var isEmpty: Bool { limits.allSatisfy { $0 <= 0 } }
}
