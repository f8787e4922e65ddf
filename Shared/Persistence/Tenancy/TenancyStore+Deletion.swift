package import Domain
import Events
import Postgres

extension TenancyStore {
    /// Days that a deletion waits at the least.
    package static let minimumWaitingDays = 7

    /// Asks for the end of a tenant below the scope's root that has nobody below it: suspends it at once; from the end of the
    /// waiting time on it can be purged. Until then nothing is lost. Throws `TenancyError`, and `MoneyLeft` while there is money in
    /// its wallets or its customers', or a bill of theirs is not paid.
    package func requestDeletion(
        of tenant: TenantID,
        waitingDays: Int,
        note: String = "",
        by actor: UUID128
    ) async throws -> TenantDeletion {
        guard waitingDays >= Self.minimumWaitingDays else {
            throw TenancyError.waitingTooShort(minimumDays: Self.minimumWaitingDays)
        }
        try await lockBelowRoot(tenant)
        let children = try await transaction.query("SELECT FROM tenants WHERE parent_id = $1 LIMIT 1", [.id(tenant)])
        guard children.isEmpty else { throw TenancyError.hasTenantsBelow }
        try await MoneyLeft.check(tenant, in: transaction)
        let row = try await transaction.query(
            """
            INSERT INTO tenant_deletions (tenant_id, requested_at, due_at, note, actor_id)
            SELECT $1, now, now + make_interval(days => $2), $3, $4 FROM clock_timestamp() AS now
            ON CONFLICT (tenant_id) DO NOTHING
            RETURNING tenant_id, requested_at, due_at, note, actor_id
            """,
            [.id(tenant), .int4(Int32(clamping: waitingDays)), .text(note), .uuid(high: actor.high, low: actor.low)]
        ).first
        guard let row else { throw TenancyError.deletionPending }
        let deletion = try Self.deletion(row)
        // One that is suspended already stays so when the deletion is taken back.
        if try await ownSuspension(of: tenant) == nil {
            try await suspend(tenant, reason: .deletion, note: note, by: actor)
        }
        try await announce([(tenant, TenantDeletionChanged(phase: .requested, tenantID: tenant, dueAt: deletion.dueAt))]
        )
        return deletion
    }

    /// Takes a deletion back before it was carried out; the tenant is served again unless it was suspended before, or
    /// something above it is.
    package func cancelDeletion(of tenant: TenantID, by actor: UUID128) async throws {
        try await lockBelowRoot(tenant)
        let removed = try await transaction.query("DELETE FROM tenant_deletions WHERE tenant_id = $1", [.id(tenant)])
        guard removed.affectedRows == 1 else { throw PersistenceError.notFound }
        if try await ownSuspension(of: tenant) == .deletion { try await resume(tenant, by: actor) }
        try await announce([(tenant, TenantDeletionChanged(phase: .cancelled, tenantID: tenant, dueAt: nil))])
    }

    /// A tenant's pending deletion, nil when there is none.
    package func deletion(of tenant: TenantID) async throws -> TenantDeletion? {
        try await deletions("tenant_id = $1", [.id(tenant)]).first
    }

    /// Every pending deletion of the scope, the next to come first.
    package func pendingDeletions() async throws -> [TenantDeletion] {
        try await deletions("true", [])
    }

    /// Those whose waiting time is over, by the database's clock.
    package func dueDeletions() async throws -> [TenantDeletion] {
        try await deletions("due_at <= clock_timestamp()", [])
    }

    /// Why the tenant itself, not one above it, is suspended.
    private func ownSuspension(of tenant: TenantID) async throws -> SuspensionReason? {
        try await standing(of: tenant).suspensions.first { $0.sourceID == tenant }?.reason
    }

    private func deletions(_ condition: String, _ parameters: [PGValue]) async throws -> [TenantDeletion] {
        try await transaction.query(
            """
            SELECT tenant_id, requested_at, due_at, note, actor_id FROM tenant_deletions
            WHERE \(condition) ORDER BY due_at, tenant_id
            """,
            parameters
        ).map(Self.deletion)
    }

    private static func deletion(_ row: PGRow) throws -> TenantDeletion {
        TenantDeletion(
            tenantID: try row.need("tenant_id") { $0.id() },
            requestedAt: try row.need("requested_at", \.time),
            dueAt: try row.need("due_at", \.time),
            note: try row.need("note", \.text),
            actorID: UUID128(row["actor_id"])
        )
    }

    // MARK: - Partners

    /// A tenant as a partner, nil when it is none.
    package func partner(of tenant: TenantID) async throws -> Partner? {
        try await transaction.query(
            "SELECT tenant_id, kind, contact, commission_basis_points FROM tenant_partners WHERE tenant_id = $1",
            [.id(tenant)]
        ).first.map { row in
            Partner(
                tenantID: try row.need("tenant_id") { $0.id() },
                kind: try row.choice("kind"),
                contact: try row.need("contact", \.text),
                commissionBasisPoints: try row.need("commission_basis_points", \.int)
            )
        }
    }

    /// Makes a tenant below the scope's root a partner, or changes what kind of one it is. Throws `versionConflict` where
    /// `ifVersion` is not what `partnerVersion` tells.
    package func setPartner(_ partner: Partner, ifVersion: Int64? = nil) async throws {
        try partner.validate()
        try await lockBelowRoot(partner.tenantID)
        let current = try await partnerVersion(of: partner.tenantID)
        if let ifVersion, ifVersion != current { throw TenancyError.versionConflict(current: current) }
        _ = try await transaction.query(
            """
            INSERT INTO tenant_partners (tenant_id, kind, contact, commission_basis_points) VALUES ($1, $2, $3, $4)
            ON CONFLICT (tenant_id) DO UPDATE SET kind = excluded.kind, contact = excluded.contact,
                commission_basis_points = excluded.commission_basis_points, updated_at = clock_timestamp()
            """,
            [
                .id(partner.tenantID), .text(partner.kind.rawValue), .text(partner.contact),
                .int4(Int32(clamping: partner.commissionBasisPoints)),
            ]
        )
    }
}
