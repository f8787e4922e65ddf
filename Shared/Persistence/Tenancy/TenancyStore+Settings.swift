package import Domain
import Postgres

/// Settings as they once were.
package struct PastTenantSettings: Hashable, Sendable {
    package let version: Int64
    package let settings: TenantSettings
    package let replacedAt: Timestamp
    /// Nil when whoever replaced them told nobody's name.
    package let replacedBy: UUID128?
}

extension TenancyStore {
    /// A tenant's settings and their version. Throws `notFound` outside the scope.
    package func settings(of tenant: TenantID) async throws -> (settings: TenantSettings, version: Int64) {
        try await settings(of: tenant, lock: "")
    }

    /// Replaces a tenant's settings; members of other makers are left alone. `ifVersion` is the version that the change was
    /// made from. Returns the new version; the same when nothing changed. Throws `versionConflict`, or `ValidationError`.
    @discardableResult
    package func setSettings(
        _ settings: TenantSettings,
        of tenant: TenantID,
        ifVersion: Int64?,
        by actor: UUID128
    ) async throws -> Int64 {
        try settings.validate()
        let current = try await self.settings(of: tenant, lock: " FOR UPDATE").version
        if let ifVersion, ifVersion != current { throw TenancyError.versionConflict(current: current) }
        if let plan = settings.policy.walledGardenPlan {
            let found = try await transaction.query(
                "SELECT FROM plans WHERE tenant_id = $1 AND id = $2",
                [.id(tenant), .id(plan)]
            )
            guard !found.isEmpty else {
                throw ValidationError.single(
                    "walled_garden_plan",
                    .conflicts(reason: "must be a plan of the tenant's own")
                )
            }
        }
        _ = try await transaction.query(
            "SELECT set_config('nexora.actor', $1, true)",
            [.text(actor.description)]
        )
        let version = try await transaction.query(
            "UPDATE tenants SET settings = (settings - $2::text[]) || $3 WHERE id = $1 RETURNING settings_version",
            [.id(tenant), .textArray(TenantSettingsJSON.members), .jsonb(TenantSettingsJSON.write(settings))]
        ).first?["settings_version"].int64
        guard let version else { throw PersistenceError.notFound }
        return version
    }

    /// What the settings were before, the newest first.
    package func settingsHistory(of tenant: TenantID, limit: Int) async throws -> [PastTenantSettings] {
        try await transaction.query(
            """
            SELECT version, settings::text AS settings, replaced_at, replaced_by FROM tenant_settings_history
            WHERE tenant_id = $1 ORDER BY version DESC LIMIT $2
            """,
            [.id(tenant), .int8(Int64(limit))]
        ).map { row in
            PastTenantSettings(
                version: try row.need("version", \.int64),
                settings: TenantSettingsJSON.read(try row.need("settings", \.text)),
                replacedAt: try row.need("replaced_at", \.time),
                replacedBy: row["replaced_by"].uuid.map { UUID128(high: $0.high, low: $0.low) }
            )
        }
    }

    private func settings(
        of tenant: TenantID,
        lock: String
    ) async throws -> (settings: TenantSettings, version: Int64) {
        let row = try await transaction.query(
            "SELECT settings::text AS settings, settings_version FROM tenants WHERE id = $1" + lock,
            [.id(tenant)]
        ).first
        guard let row else { throw PersistenceError.notFound }
        return (
            TenantSettingsJSON.read(try row.need("settings", \.text)),
            try row.need("settings_version", \.int64)
        )
    }
}

extension TenantRepository {
    /// What a tenant decided about its own requests; none for one outside of the scope.
    package func requestLimits(of tenant: TenantID) async throws -> TenantRequestLimits {
        let row = try await transaction.query(
            "SELECT settings::text AS settings FROM tenants WHERE id = $1",
            [.id(tenant)]
        )
        .first
        return row?["settings"].text.map { TenantSettingsJSON.read($0).requestLimits } ?? TenantRequestLimits()
    }
}
