package import Domain

/// Changes address pools of one scope.
package struct PoolWriter {
    private let pools: PoolRepository
    private let ids: IDGenerator

    /// Writes in that transaction.
    package init(_ transaction: ScopedTransaction, ids: IDGenerator) {
        pools = PoolRepository(transaction)
        self.ids = ids
    }

    /// Stores a new pool. Throws `refused` of `ip_pools_no_overlap` where another active pool of the tenant has an address in
    /// common with it.
    package func create(
        tenant: TenantID,
        name: String,
        range: IPPrefix,
        use: AddressPool.Use,
        unitLength: Int? = nil,
        _ edit: (inout IPPool) throws -> Void = { _ in }
    ) async throws -> Change<IPPool> {
        let id: PoolID = ids.next()
        var pool = IPPool(tenantID: tenant, id: id, name: name, range: range, use: use, unitLength: unitLength)
        try edit(&pool)
        pool = Self.fixed(pool, tenant, id, range, use, pool.unitLength)
        try await pools.insert(pool)
        return Change(before: nil, after: try await pools.find(id).found())
    }

    /// Changes what `edit` changes; range, use and unit length stay. Throws `VersionConflict` where the pool has another version
    /// than expected.
    package func update(
        _ id: PoolID,
        expecting version: Int64? = nil,
        _ edit: (inout IPPool) throws -> Void
    ) async throws -> Change<IPPool> {
        let before = try await pools.find(id, forUpdate: true).found()
        try VersionConflict.check(version, before.stamp?.version)
        var pool = before
        try edit(&pool)
        try await pools.update(
            Self.fixed(pool, before.tenantID, id, before.range, before.use, before.unitLength)
        )
        return Change(before: before, after: try await pools.find(id).found())
    }

    /// Removes a pool that never handed a unit out; `stillReferenced` for any other, which can be made inactive.
    package func delete(_ id: PoolID, expecting version: Int64? = nil) async throws -> Change<IPPool> {
        let before = try await pools.find(id, forUpdate: true).found()
        try VersionConflict.check(version, before.stamp?.version)
        try await pools.remove(before)
        return Change(before: before, after: nil)
    }

    private static func fixed(
        _ pool: IPPool,
        _ tenant: TenantID,
        _ id: PoolID,
        _ range: IPPrefix,
        _ use: AddressPool.Use,
        _ unitLength: Int
    ) -> IPPool {
        var pool = pool
        pool.tenantID = tenant
        pool.id = id
        pool.range = range
        pool.use = use
        pool.unitLength = unitLength
        return pool
    }
}
