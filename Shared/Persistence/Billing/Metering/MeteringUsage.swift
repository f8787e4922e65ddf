package import Billing
package import Domain
import Events
import Postgres

/// What metered projects use, within one scope: counting, summing, measuring, and telling that a limit is near.
package struct MeteringUsage {
    private let transaction: ScopedTransaction
    private let ids: IDGenerator

    /// Reads and writes in that transaction. `ids` makes those of events.
    package init(_ transaction: ScopedTransaction, ids: IDGenerator) {
        self.transaction = transaction
        self.ids = ids
    }

    /// The plan in force of tenants t with their metered_plans m.
    static let plan = "coalesce(m.plan, CASE WHEN t.parent_id IS NULL THEN 'pro' ELSE 'free' END)"

    /// Sums are told up to what an Int64 holds.
    private static func sum(_ column: StaticString) -> String {
        "least(coalesce(sum(\(column)), 0), 9223372036854775807)::bigint"
    }

    // MARK: - Counting

    /// Adds octets to the months of their projects, in one statement. What names no project of its tenant counts for nothing. No two
    /// of the same project and month. Returns the tenants for which something was counted.
    package func record(_ traffic: [ProjectTraffic]) async throws -> [TenantID] {
        guard !traffic.isEmpty else { return [] }
        let rows = try await transaction.query(
            // In one order, so that no two gateways wait for one another.
            """
            INSERT INTO project_usage AS u (tenant_id, project_id, year, month, traffic_octets, storage_octets)
            SELECT p.tenant_id, p.id, k.year, k.month, k.octets, p.storage_octets
            FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::integer[], $5::bigint[]) AS k (tenant_id, id, year, month, octets)
                JOIN metered_projects p ON p.tenant_id = k.tenant_id AND p.id = k.id AND p.deleted_at IS NULL
            ORDER BY p.tenant_id, p.id, k.year, k.month
            ON CONFLICT (tenant_id, project_id, year, month) DO UPDATE
                SET traffic_octets = least(u.traffic_octets::numeric + excluded.traffic_octets, 9223372036854775807)::bigint
            RETURNING u.tenant_id
            """,
            [
                .uuids(traffic.map(\.tenantID.value)), .uuids(traffic.map(\.projectID.value)),
                .int4Array(traffic.map { Int32($0.month.year) }), .int4Array(traffic.map { Int32($0.month.month) }),
                .int8Array(traffic.map { max(0, $0.octets) }),
            ]
        )
        return Set(try rows.map { row -> TenantID in try row.need("tenant_id") { $0.id() } }).sorted()
    }

    /// What a project used in a month; `isCurrent` where that is the month that it is now.
    package func usage(
        of project: MeteredProject,
        in month: MeteredMonth,
        isCurrent: Bool
    ) async throws -> ProjectUsage {
        let row = try await transaction.query(
            """
            SELECT traffic_octets, storage_octets FROM project_usage
            WHERE tenant_id = $1 AND project_id = $2 AND year = $3 AND month = $4
            """,
            [.id(project.tenantID), .id(project.id), .int4(Int32(month.year)), .int4(Int32(month.month))]
        ).first
        return ProjectUsage(
            projectID: project.id,
            month: month,
            trafficOctets: row?["traffic_octets"].int64 ?? 0,
            storageOctets: isCurrent ? project.storageOctets : row?["storage_octets"].int64 ?? 0
        )
    }

    // MARK: - Summing

    /// What tenants of the scope used in a month, in no order.
    package func summaries(
        of tenants: [TenantID],
        in month: MeteredMonth,
        now: Timestamp
    ) async throws -> [MeteringSummary] {
        guard !tenants.isEmpty, let first = CivilDate(year: month.year, month: month.month, day: 1) else { return [] }
        let last = first.adding(days: CivilDate.length(ofMonth: month.month, in: month.year) - 1)
        let rows = try await transaction.query(
            """
            SELECT t.id, \(Self.plan) AS plan,
                (SELECT count(*) FROM metered_projects p WHERE p.tenant_id = t.id AND p.deleted_at IS NULL) AS projects,
                (SELECT \(Self.sum("u.traffic_octets")) FROM project_usage u
                    WHERE u.tenant_id = t.id AND u.year = $2 AND u.month = $3) AS traffic,
                CASE WHEN $4 THEN (SELECT \(Self.sum("p.storage_octets")) FROM metered_projects p
                        WHERE p.tenant_id = t.id AND p.deleted_at IS NULL)
                    ELSE (SELECT \(Self.sum("u.storage_octets")) FROM project_usage u
                        WHERE u.tenant_id = t.id AND u.year = $2 AND u.month = $3) END AS storage,
                coalesce((SELECT d.octets FROM metered_storage_daily d WHERE d.tenant_id = t.id AND d.day <= $6 AND ($4 OR d.day >= $5)
                    ORDER BY d.day DESC LIMIT 1), 0) AS own
            FROM tenants t LEFT JOIN metered_plans m ON m.tenant_id = t.id WHERE t.id = ANY ($1::uuid[])
            """,
            [
                .uuids(tenants.map(\.value)), .int4(Int32(month.year)), .int4(Int32(month.month)),
                .bool(month == MeteredMonth(at: now)), .date(Int32(clamping: first.daysSince1970)),
                .date(Int32(clamping: last.daysSince1970)),
            ]
        )
        return try rows.map { row in
            MeteringSummary(
                tenantID: try row.need("id") { $0.id() },
                plan: try row.choice("plan"),
                month: month,
                projects: try row.need("projects", \.int64),
                trafficOctets: try row.need("traffic", \.int64),
                projectStorageOctets: try row.need("storage", \.int64),
                ownStorageOctets: try row.need("own", \.int64)
            )
        }
    }

    // MARK: - Telling

    /// Tells, in the same commit, the thresholds that tenants reached this month and that were not told yet. Returns how many.
    package func tell(_ tenants: [TenantID], now: Timestamp) async throws -> Int {
        let month = MeteredMonth(at: now)
        var reached: [Alert: MeteredPlan] = [:]
        for summary in try await summaries(of: tenants, in: month, now: now) {
            for use in summary.uses {
                for threshold in use.reached {
                    reached[Alert(tenantID: summary.tenantID, use: use, threshold: threshold)] = summary.plan
                }
            }
        }
        guard !reached.isEmpty else { return 0 }
        let alerts = reached.keys.sorted()
        let rows = try await transaction.query(
            """
            INSERT INTO metered_alerts (tenant_id, year, month, resource, threshold, told_at)
            SELECT k.tenant_id, $4, $5, k.resource, k.threshold, $6
            FROM unnest($1::uuid[], $2::text[], $3::integer[]) AS k (tenant_id, resource, threshold)
            ON CONFLICT DO NOTHING RETURNING tenant_id, resource, threshold
            """,
            [
                .uuids(alerts.map(\.tenantID.value)), .textArray(alerts.map(\.use.resource.rawValue)),
                .int4Array(alerts.map { Int32($0.threshold) }), .int4(Int32(month.year)), .int4(Int32(month.month)),
                .time(now),
            ]
        )
        let new = try Set(
            rows.map { row in
                "\(try row.need("tenant_id") { $0.id() } as TenantID) \(try row.need("resource", \.text)) "
                    + "\(try row.need("threshold", \.int))"
            }
        )
        let told = alerts.filter { new.contains("\($0.tenantID) \($0.use.resource.rawValue) \($0.threshold)") }
        guard !told.isEmpty else { return 0 }
        let ids = CommitIDs(ids)
        let events = told.map { event($0, reached[$0] ?? .free, month, ids.next(), now) }
        _ = try await transaction.pipeline([OutboxRow.insert(events)])
        return told.count
    }

    private struct Alert: Hashable, Comparable {
        let tenantID: TenantID
        let use: MeteredUse
        let threshold: Int

        static func < (one: Self, other: Self) -> Bool {
            (one.tenantID, one.use.resource.rawValue, one.threshold)
                < (other.tenantID, other.use.resource.rawValue, other.threshold)
        }
    }

    private func event(
        _ alert: Alert,
        _ plan: MeteredPlan,
        _ month: MeteredMonth,
        _ id: EventID,
        _ now: Timestamp
    ) -> OutboxRow {
        OutboxRow(
            id: id,
            tenantID: alert.tenantID,
            aggregateID: alert.tenantID.value,
            payload: UsageLimitReached(
                plan: plan.rawValue,
                resource: alert.use.resource.rawValue,
                year: UInt32(month.year),
                month: UInt32(month.month),
                threshold: UInt32(alert.threshold),
                used: alert.use.used,
                limit: alert.use.limit
            ),
            createdAt: now
        )
    }

    // MARK: - Daily

    /// The tenants of the scope that have projects.
    package func tenants() async throws -> [TenantID] {
        try await transaction.query(
            "SELECT DISTINCT tenant_id FROM metered_projects WHERE deleted_at IS NULL ORDER BY tenant_id"
        ).map { try $0.need("tenant_id") { $0.id() } }
    }

    /// Writes down what the installation keeps for each tenant of the scope on that day, and what projects keep as their month's: files
    /// of exports that are still there, and settings with their branding. Done once a day, whoever asks and however often: false where
    /// it was done for the scope's `root`, who is among them.
    package func measureStorage(on day: CivilDate, of root: TenantID, now: Timestamp) async throws -> Bool {
        _ = try await transaction.query("SELECT pg_advisory_xact_lock(hashtext('metered_storage'), 0)")
        let number = Int32(clamping: day.daysSince1970)
        let done = try await transaction.query(
            "SELECT FROM metered_storage_daily WHERE tenant_id = $1 AND day = $2",
            [.id(root), .date(number)]
        )
        guard done.isEmpty else { return false }
        let month = MeteredMonth(at: now)
        _ = try await transaction.pipeline([
            PGStatement(
                """
                INSERT INTO metered_storage_daily (tenant_id, day, octets, measured_at)
                SELECT t.id, $1, least(coalesce(e.octets, 0) + coalesce(pg_column_size(t.settings), 0), 9223372036854775807)::bigint, $2
                FROM tenants t LEFT JOIN (
                    SELECT tenant_id, sum(octets) AS octets FROM exports
                    WHERE state IN ('completed', 'expired') AND cleared_at IS NULL GROUP BY tenant_id) e ON e.tenant_id = t.id
                WHERE t.id = ANY ((SELECT visible_tenants())::uuid[])
                ON CONFLICT DO NOTHING
                """,
                [.date(number), .time(now)]
            ),
            PGStatement(
                """
                INSERT INTO project_usage AS u (tenant_id, project_id, year, month, storage_octets)
                SELECT p.tenant_id, p.id, $1, $2, p.storage_octets FROM metered_projects p
                WHERE p.tenant_id = ANY ((SELECT visible_tenants())::uuid[]) AND p.deleted_at IS NULL ORDER BY p.tenant_id, p.id
                ON CONFLICT (tenant_id, project_id, year, month) DO UPDATE SET storage_octets = excluded.storage_octets
                    WHERE u.storage_octets <> excluded.storage_octets
                """,
                [.int4(Int32(month.year)), .int4(Int32(month.month))]
            ),
        ])
        return true
    }
}
