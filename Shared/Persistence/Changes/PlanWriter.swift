package import Domain

/// Changes plans of one scope.
package struct PlanWriter {
    private let plans: PlanRepository
    private let profiles: BandwidthProfileRepository
    private let ids: IDGenerator

    /// Writes in that transaction.
    package init(_ transaction: ScopedTransaction, ids: IDGenerator) {
        plans = PlanRepository(transaction)
        profiles = BandwidthProfileRepository(transaction)
        self.ids = ids
    }

    /// Stores a new plan of the tenant. Speeds and price have to be given by `edit`. Throws `ValidationError` of
    /// `bandwidth_profile_id` for a profile that is not the tenant's.
    package func create(
        tenant: TenantID,
        currency: Currency,
        _ edit: (inout Plan) throws -> Void
    ) async throws -> Change<Plan> {
        let id: PlanID = ids.next()
        var plan = Plan(
            tenantID: tenant,
            id: id,
            name: "",
            downloadBitsPerSecond: 0,
            uploadBitsPerSecond: 0,
            price: .zero(currency)
        )
        try edit(&plan)
        plan.tenantID = tenant
        plan.id = id
        try await check(plan)
        try await plans.insert(plan)
        return Change(before: nil, after: try await plans.find(id).found())
    }

    /// Changes what `edit` changes. Throws `VersionConflict` where the plan has another version than expected.
    package func update(
        _ id: PlanID,
        expecting version: Int64? = nil,
        _ edit: (inout Plan) throws -> Void
    ) async throws -> Change<Plan> {
        let before = try await plans.find(id, forUpdate: true).found()
        try VersionConflict.check(version, before.stamp?.version)
        var plan = before
        try edit(&plan)
        plan.tenantID = before.tenantID
        plan.id = id
        if plan.bandwidthProfileID != before.bandwidthProfileID { try await check(plan) }
        try await plans.update(plan)
        return Change(before: before, after: try await plans.find(id).found())
    }

    private func check(_ plan: Plan) async throws {
        guard let id = plan.bandwidthProfileID else { return }
        guard let profile = try await profiles.find(id), profile.tenantID == plan.tenantID else {
            throw ValidationError.single(
                "bandwidth_profile_id",
                .conflicts(reason: "is no profile of the plan's tenant")
            )
        }
    }

    /// Removes a plan; throws `stillReferenced` while a service uses it (PLN-03).
    package func delete(_ id: PlanID, expecting version: Int64? = nil) async throws -> Change<Plan> {
        let before = try await plans.find(id, forUpdate: true).found()
        try VersionConflict.check(version, before.stamp?.version)
        try await plans.remove(before)
        return Change(before: before, after: nil)
    }

    /// The advanced settings of a plan; nil while it has none (PLN-05).
    package func advancedSettings(_ id: PlanID) async throws -> PlanAdvancedSettings? {
        try await plans.advanced(of: try await plans.find(id).found())
    }

    /// Changes a plan's advanced settings, from the defaults where it has none. The version is that of the settings: 0 where
    /// there are none yet.
    package func updateAdvancedSettings(
        _ id: PlanID,
        expecting version: Int64? = nil,
        _ edit: (inout PlanAdvancedSettings) throws -> Void
    ) async throws -> Change<PlanAdvancedSettings> {
        // The plan's lock keeps others from its settings, whether they are there or not.
        let plan = try await plans.find(id, forUpdate: true).found()
        let before = try await plans.advanced(of: plan)
        try VersionConflict.check(version, before?.rowVersion ?? 0)
        var settings = before ?? PlanAdvancedSettings(tenantID: plan.tenantID, planID: id)
        try edit(&settings)
        settings.tenantID = plan.tenantID
        settings.planID = id
        try await plans.setAdvanced(settings)
        return Change(before: before, after: try await plans.advanced(of: plan).found())
    }
}
