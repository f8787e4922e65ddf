package import Domain
import Events
import Postgres

extension TenancyStore {
    private static let columns = """
        tenant_id, plan, max_subscribers, max_nases, max_tenants, max_sessions, grace_days, ends_at, exceeded_since
        """

    /// A tenant's licence, nil when it has none and so no limit of its own.
    package func licence(of tenant: TenantID) async throws -> TenantLicence? {
        try await transaction.query(
            "SELECT \(Self.columns) FROM tenant_licences WHERE tenant_id = $1",
            [.id(tenant)]
        ).first.map(Self.licence)
    }

    /// Gives a tenant below the scope's root a licence in place of the one it had, or none. Limits below what is there
    /// remove nothing; they refuse what comes next, and the grace begins with the next `enforceLicences`.
    /// Throws `versionConflict` where `ifVersion` is not what `licenceVersion` tells.
    package func setLicence(
        _ licence: TenantLicence?,
        of tenant: TenantID,
        ifVersion: Int64? = nil,
        by actor: UUID128
    ) async throws {
        try licence?.validate()
        try await lockBelowRoot(tenant)
        let current = try await licenceVersion(of: tenant)
        if let ifVersion, ifVersion != current { throw TenancyError.versionConflict(current: current) }
        guard let licence else {
            _ = try await transaction.query("DELETE FROM tenant_licences WHERE tenant_id = $1", [.id(tenant)])
            return
        }
        func limit(_ resource: LicensedResource) -> PGValue {
            licence.limits[resource].map { .int4(Int32(clamping: $0)) } ?? .null
        }
        _ = try await transaction.query(
            """
            INSERT INTO tenant_licences (tenant_id, plan, max_subscribers, max_nases, max_tenants, max_sessions, grace_days, ends_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (tenant_id) DO UPDATE SET plan = excluded.plan, max_subscribers = excluded.max_subscribers,
                max_nases = excluded.max_nases, max_tenants = excluded.max_tenants, max_sessions = excluded.max_sessions,
                grace_days = excluded.grace_days, ends_at = excluded.ends_at, updated_at = clock_timestamp()
            """,
            [
                .id(tenant), .text(licence.plan), limit(.subscribers), limit(.nases), limit(.tenants), limit(.sessions),
                .int4(Int32(clamping: licence.graceDays)), .time(licence.endsAt),
            ]
        )
    }

    /// What tells a licence from the one before: when it was set, in microseconds; 0 where there is none.
    package func licenceVersion(of tenant: TenantID) async throws -> Int64 {
        try await changeTime(of: tenant, in: "tenant_licences")
    }

    /// The same of a partnership.
    package func partnerVersion(of tenant: TenantID) async throws -> Int64 {
        try await changeTime(of: tenant, in: "tenant_partners")
    }

    private func changeTime(of tenant: TenantID, in table: StaticString) async throws -> Int64 {
        try await transaction.query("SELECT updated_at FROM \(table) WHERE tenant_id = $1", [.id(tenant)])
            .first?["updated_at"].time?.microseconds ?? 0
    }

    /// What a tenant and all below it had on these days, as far as it was written down.
    package func usage(
        of tenant: TenantID,
        from first: CivilDate,
        through last: CivilDate
    ) async throws -> [TenantUsageDay] {
        try await transaction.query(
            "SELECT * FROM tenant_usage_daily WHERE tenant_id = $1 AND day BETWEEN $2 AND $3 ORDER BY day",
            [
                .id(tenant), .date(Int32(clamping: first.daysSince1970)), .date(Int32(clamping: last.daysSince1970)),
            ]
        ).map { row in
            TenantUsageDay(
                day: CivilDate(daysSince1970: Int(try row.need("day", \.date))),
                usage: TenantUsage(
                    Dictionary(
                        uniqueKeysWithValues: try LicensedResource.allCases.map {
                            ($0, try row.need($0.rawValue, \.int))
                        }
                    )
                )
            )
        }
    }

    /// What a tenant and all below it have now. Throws `notFound` outside the scope.
    package func usage(of tenant: TenantID) async throws -> TenantUsage {
        let row = try await transaction.query("SELECT * FROM licensed_usage($1)", [.id(tenant)]).first
        guard let row else { throw PersistenceError.notFound }
        return TenantUsage(
            Dictionary(
                uniqueKeysWithValues: try LicensedResource.allCases.map { ($0, try row.need($0.rawValue, \.int)) }
            )
        )
    }

    /// Writes down what every tenant of the scope has today, in place of what was written for this day before.
    package func recordUsage() async throws {
        _ = try await transaction.query(
            """
            INSERT INTO tenant_usage_daily (tenant_id, day, subscribers, nases, tenants, sessions)
            SELECT t.id, $1, u.subscribers, u.nases, u.tenants, u.sessions
            FROM unnest(visible_tenants()) AS t (id) CROSS JOIN LATERAL licensed_usage(t.id) u ORDER BY t.id
            ON CONFLICT (tenant_id, day) DO UPDATE SET subscribers = excluded.subscribers, nases = excluded.nases,
                tenants = excluded.tenants, sessions = excluded.sessions
            """,
            [.date(Int32(time.now().day.daysSince1970))]
        )
    }

    /// Looks at every licence below the scope's root: notes since when one is exceeded or over, tells it, and suspends the
    /// tenants whose grace has ended (TEN-10); whose licence fits again is served again. Returns whom that concerned.
    package func enforceLicences(by actor: UUID128 = AuditActor.system.id) async throws -> LicenceRound {
        let now = time.now()
        var round = LicenceRound()
        let licences = try await transaction.query(
            """
            SELECT \(Self.columns) FROM tenant_licences
            WHERE tenant_id IN (SELECT id FROM tenants WHERE parent_id = ANY (visible_tenants())) ORDER BY tenant_id FOR UPDATE
            """
        ).map(Self.licence)
        for licence in licences {
            let usage = try await usage(of: licence.tenantID)
            let exceeded = licence.exceeded(by: usage)
            let isOver = licence.endsAt.map { $0 <= now } ?? false
            guard !exceeded.isEmpty || isOver else {
                if try await forgive(licence, by: actor) { round.resumed.append(licence.tenantID) }
                continue
            }
            let since = licence.exceededSince ?? now
            if licence.exceededSince == nil {
                try await note(licence, since: now)
                try await announce([
                    (
                        licence.tenantID,
                        LicenceExceeded(
                            plan: licence.plan,
                            resource: exceeded.first?.rawValue,
                            used: exceeded.first.flatMap { usage.counts[$0] } ?? 0,
                            limit: exceeded.first.flatMap { licence.limits[$0] } ?? 0,
                            suspendsAt: now + .seconds(licence.graceDays * 86_400)
                        )
                    )
                ])
            }
            guard since + .seconds(licence.graceDays * 86_400) <= now,
                try await standing(of: licence.tenantID).suspensions.allSatisfy({ $0.sourceID != licence.tenantID })
            else { continue }
            try await suspend(licence.tenantID, reason: .licence, note: licence.plan, by: actor)
            round.suspended.append(licence.tenantID)
        }
        return round
    }

    /// The licence fits: its overage is over, and so is the suspension that came of it and of nothing else. Returns whether there
    /// was one.
    private func forgive(_ licence: TenantLicence, by actor: UUID128) async throws -> Bool {
        guard licence.exceededSince != nil else { return false }
        try await note(licence, since: nil)
        let standing = try await standing(of: licence.tenantID)
        guard standing.suspensions.contains(where: { $0.sourceID == licence.tenantID && $0.reason == .licence }) else {
            return false
        }
        try await resume(licence.tenantID, by: actor)
        return true
    }

    private func note(_ licence: TenantLicence, since: Timestamp?) async throws {
        _ = try await transaction.query(
            "UPDATE tenant_licences SET exceeded_since = $2 WHERE tenant_id = $1",
            [.id(licence.tenantID), .time(since)]
        )
    }

    private static func licence(_ row: PGRow) throws -> TenantLicence {
        var limits: [LicensedResource: Int] = [:]
        for resource in LicensedResource.allCases { limits[resource] = row["max_\(resource.rawValue)"].int }
        return TenantLicence(
            tenantID: try row.need("tenant_id") { $0.id() },
            plan: try row.need("plan", \.text),
            limits: limits,
            graceDays: try row.need("grace_days", \.int),
            endsAt: row["ends_at"].time,
            exceededSince: row["exceeded_since"].time
        )
    }
}

/// What a tenant and all below it had on a day.
package struct TenantUsageDay: Sendable, Equatable {
    package let day: CivilDate
    package let usage: TenantUsage
}

/// What came of looking at the licences.
package struct LicenceRound: Sendable, Equatable {
    /// Whose grace ended.
    package var suspended: [TenantID]
    /// Whose licence fits again.
    package var resumed: [TenantID]

    package init(suspended: [TenantID] = [], resumed: [TenantID] = []) {
        self.suspended = suspended
        self.resumed = resumed
    }
}
