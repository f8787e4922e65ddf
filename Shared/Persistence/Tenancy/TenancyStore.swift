package import Domain
import Events
import Postgres

/// What a use case of tenancy refuses beyond what the database does.
package enum TenancyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Somebody changed the settings meanwhile; they have this version now.
    case versionConflict(current: Int64)
    /// The operator cannot be suspended, limited or deleted, nor anybody by himself: that is for those above.
    case notBelow
    /// A deletion that was asked for already.
    case deletionPending
    /// Tenants stand below it that are not being deleted.
    case hasTenantsBelow
    /// Fewer days than the law of the house asks for.
    case waitingTooShort(minimumDays: Int)
    /// Its time has not come, or nobody asked for it.
    case deletionNotDue

    /// One sentence for people.
    package var description: String {
        switch self {
        case .versionConflict(let current): "the settings were changed meanwhile: they are at version \(current)"
        case .notBelow: "only who stands above a tenant may do this to it"
        case .deletionPending: "its deletion was asked for already"
        case .hasTenantsBelow: "tenants stand below it"
        case .waitingTooShort(let days): "a deletion waits \(days) days at least"
        case .deletionNotDue: "no deletion of this tenant is due"
        }
    }
}

/// Tenancy within one scope: standing, settings, licences, partners and deletions of its root and of those below.
package struct TenancyStore {
    let transaction: ScopedTransaction
    let ids: IDGenerator
    let time: TimeSource

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction, ids: IDGenerator, time: TimeSource) {
        self.transaction = transaction
        self.ids = ids
        self.time = time
    }

    // MARK: - Standing

    /// Whether the tenant is served, and why not. Throws `notFound` outside the scope.
    package func standing(of tenant: TenantID) async throws -> TenantStanding {
        let row = try await transaction.query("SELECT is_active FROM tenants WHERE id = $1", [.id(tenant)]).first
        guard let row else { throw PersistenceError.notFound }
        let suspensions = try await transaction.query(
            """
            SELECT tenant_id, source_id, reason, note, actor_id, suspended_at FROM tenant_suspensions
            WHERE tenant_id = $1 ORDER BY suspended_at, source_id
            """,
            [.id(tenant)]
        ).map(Self.suspension)
        return TenantStanding(isActive: try row.need("is_active", \.bool), suspensions: suspensions)
    }

    /// Stops serving a tenant below the scope's root, and all below it: nobody of them logs in, no subscriber of theirs is
    /// let in. A second time only changes the reason. Returns the tenants that are served no longer.
    @discardableResult
    package func suspend(
        _ tenant: TenantID,
        reason: SuspensionReason,
        note: String = "",
        by actor: UUID128
    ) async throws -> [TenantID] {
        try await lockBelowRoot(tenant)
        // One that was switched off by itself stays so when this suspension ends: it gets no row.
        _ = try await transaction.query(
            """
            INSERT INTO tenant_suspensions (tenant_id, source_id, reason, note, actor_id)
            SELECT t.id, $1, $2, $3, $4 FROM tenants t
            WHERE t.id = ANY (tenant_subtree($1)) AND (t.id = $1 OR t.is_active
                OR EXISTS (SELECT FROM tenant_suspensions s WHERE s.tenant_id = t.id))
            ON CONFLICT (tenant_id, source_id)
                DO UPDATE SET reason = excluded.reason, note = excluded.note, actor_id = excluded.actor_id
            """,
            [.id(tenant), .text(reason.rawValue), .text(note), .uuid(high: actor.high, low: actor.low)]
        )
        let stopped: [TenantID] = try await transaction.query(
            """
            UPDATE tenants SET is_active = false WHERE id = ANY (tenant_subtree($1)) AND is_active RETURNING id
            """,
            [.id(tenant)]
        ).map { try $0.need("id") { $0.id() } }.sorted()
        try await announce(stopped.map { ($0, TenantSuspended(sourceID: tenant, reason: reason, note: note)) })
        return stopped
    }

    /// Ends the suspension that was put on a tenant below the scope's root. It and those below are served again unless
    /// another one holds. Returns those that are. Throws `deletionPending` while it is to be deleted.
    @discardableResult
    package func resume(_ tenant: TenantID, by actor: UUID128) async throws -> [TenantID] {
        try await lockBelowRoot(tenant)
        if try await deletion(of: tenant) != nil { throw TenancyError.deletionPending }
        let freed = try await transaction.query(
            "DELETE FROM tenant_suspensions WHERE source_id = $1 RETURNING tenant_id",
            [.id(tenant)]
        ).map { UUID128($0["tenant_id"]) }
        guard !freed.isEmpty else { return [] }
        let served: [TenantID] = try await transaction.query(
            """
            UPDATE tenants t SET is_active = true WHERE id = ANY ($1::uuid[]) AND NOT is_active
                AND NOT EXISTS (SELECT FROM tenant_suspensions s WHERE s.tenant_id = t.id)
            RETURNING id
            """,
            [.uuids(freed)]
        ).map { try $0.need("id") { $0.id() } }.sorted()
        try await announce(served.map { ($0, TenantResumed(sourceID: tenant, actorID: actor)) })
        return served
    }

    // MARK: - Internals

    /// Locks a tenant whose parent the scope sees: one below its root. Standing, licence and end are decided above.
    func lockBelowRoot(_ tenant: TenantID) async throws {
        let row = try await transaction.query(
            """
            SELECT parent_id = ANY (visible_tenants()) AS below FROM tenants WHERE id = $1 FOR UPDATE
            """,
            [.id(tenant)]
        ).first
        guard let row else { throw PersistenceError.notFound }
        guard row["below"].bool == true else { throw TenancyError.notBelow }
    }

    /// Puts an event of each tenant into the outbox.
    func announce<Payload: EventPayload>(_ events: [(tenant: TenantID, payload: Payload)]) async throws {
        guard !events.isEmpty else { return }
        let now = time.now()
        let statement = OutboxRow.insert(
            events.map { event in
                OutboxRow(
                    id: ids.next(),
                    tenantID: event.tenant,
                    aggregateID: event.tenant.value,
                    payload: event.payload,
                    createdAt: now
                )
            }
        )
        _ = try await transaction.query(statement.sql, statement.parameters)
    }

    private static func suspension(_ row: PGRow) throws -> TenantSuspension {
        TenantSuspension(
            tenantID: try row.need("tenant_id") { $0.id() },
            sourceID: try row.need("source_id") { $0.id() },
            reason: try row.choice("reason"),
            note: try row.need("note", \.text),
            actorID: UUID128(row["actor_id"]),
            suspendedAt: try row.need("suspended_at", \.time)
        )
    }
}
