package import Domain

/// Changes bandwidth profiles of one scope.
package struct BandwidthProfileWriter {
    private let profiles: BandwidthProfileRepository
    private let ids: IDGenerator

    /// Writes in that transaction.
    package init(_ transaction: ScopedTransaction, ids: IDGenerator) {
        profiles = BandwidthProfileRepository(transaction)
        self.ids = ids
    }

    /// Stores a new profile of the tenant. The name has to be given by `edit`.
    package func create(
        tenant: TenantID,
        speed: SpeedProfile,
        _ edit: (inout BandwidthProfile) throws -> Void
    ) async throws -> Change<BandwidthProfile> {
        let id: BandwidthProfileID = ids.next()
        var profile = BandwidthProfile(tenantID: tenant, id: id, name: "", speed: speed)
        try edit(&profile)
        profile.tenantID = tenant
        profile.id = id
        try await profiles.insert(profile)
        return Change(before: nil, after: try await profiles.find(id).found())
    }

    /// Changes what `edit` changes; plans that refer to it follow in the same transaction. Throws `VersionConflict` where the
    /// profile has another version than expected.
    package func update(
        _ id: BandwidthProfileID,
        expecting version: Int64? = nil,
        _ edit: (inout BandwidthProfile) throws -> Void
    ) async throws -> Change<BandwidthProfile> {
        let before = try await profiles.find(id, forUpdate: true).found()
        try VersionConflict.check(version, before.stamp?.version)
        var profile = before
        try edit(&profile)
        profile.tenantID = before.tenantID
        profile.id = id
        try await profiles.update(profile, from: before)
        return Change(before: before, after: try await profiles.find(id).found())
    }

    /// Removes a profile; throws `stillReferenced` while a plan refers to it.
    package func delete(
        _ id: BandwidthProfileID,
        expecting version: Int64? = nil
    ) async throws -> Change<BandwidthProfile> {
        let before = try await profiles.find(id, forUpdate: true).found()
        try VersionConflict.check(version, before.stamp?.version)
        try await profiles.remove(before)
        return Change(before: before, after: nil)
    }
}
