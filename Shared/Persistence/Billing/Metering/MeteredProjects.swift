package import Billing
package import Domain
import Postgres

/// Metered projects within one scope (table metered_projects), and the plans of their tenants.
package struct MeteredProjects {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    private static let columns = "p.tenant_id, p.id, p.name, p.storage_octets, p.created_at, p.row_version"

    // MARK: - Projects

    /// Stores a new project. Throws `alreadyExists` with `metered_projects_name` where the tenant has one of that name, nil where its
    /// plan allows no more.
    package func create(_ project: MeteredProject) async throws -> MeteredProject? {
        // What counts them waits for who is about to add one.
        _ = try await transaction.query(
            "SELECT pg_advisory_xact_lock(hashtext('metered_projects'), hashtext($1))",
            [.text(project.tenantID.description)]
        )
        let limit = try await subscription(of: project.tenantID).plan.limits.projects
        let count = try await transaction.query(
            "SELECT count(*) AS count FROM metered_projects WHERE tenant_id = $1 AND deleted_at IS NULL",
            [.id(project.tenantID)]
        ).first?["count"].int64
        guard MeteredLimits.allowsOneMore(beside: count ?? 0, limit: limit) else { return nil }
        let row = try await transaction.query(
            """
            INSERT INTO metered_projects AS p (tenant_id, id, name, created_at) VALUES ($1, $2, $3, $4)
            RETURNING \(Self.columns)
            """,
            [.id(project.tenantID), .id(project.id), .text(project.name), .time(project.createdAt)]
        ).first
        return try Self.project(try row.found())
    }

    /// One of the scope that was not removed, locked until the transaction ends where it is about to change.
    package func find(_ id: ProjectID, forUpdate: Bool = false) async throws -> MeteredProject? {
        try await transaction.query(
            """
            SELECT \(Self.columns) FROM metered_projects p
            WHERE p.tenant_id = ANY ((SELECT visible_tenants())::uuid[]) AND p.id = $1 AND p.deleted_at IS NULL\
            \(forUpdate ? " FOR NO KEY UPDATE" : "")
            """,
            [.id(id)]
        ).first.map(Self.project)
    }

    /// Up to `limit` of a tenant, in the order they were made, behind the one named.
    package func list(of tenant: TenantID, after: ProjectID?, limit: Int) async throws -> [MeteredProject] {
        try await transaction.query(
            """
            SELECT \(Self.columns) FROM metered_projects p
            WHERE p.tenant_id = $1 AND p.deleted_at IS NULL AND ($2::uuid IS NULL OR p.id > $2::uuid) ORDER BY p.id LIMIT $3
            """,
            [.id(tenant), .id(after), .int8(Int64(limit))]
        ).map(Self.project)
    }

    /// Gives a project another name. Throws `alreadyExists` as ``create(_:)`` does, `notFound` where it is gone.
    package func rename(_ project: MeteredProject) async throws -> MeteredProject {
        let rows = try await transaction.query(
            """
            UPDATE metered_projects p SET name = $3 WHERE p.tenant_id = $1 AND p.id = $2 AND p.deleted_at IS NULL
            RETURNING \(Self.columns)
            """,
            [.id(project.tenantID), .id(project.id), .text(project.name)]
        )
        return try Self.project(try rows.first.found())
    }

    /// Removes a project: what it moved stays in its months, what it kept is not kept any more.
    package func remove(_ project: MeteredProject, at now: Timestamp) async throws {
        let month = MeteredMonth(at: now)
        _ = try await transaction.pipeline([
            PGStatement(
                "UPDATE metered_projects SET deleted_at = $3 WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL",
                [.id(project.tenantID), .id(project.id), .time(now)]
            ),
            PGStatement(
                """
                UPDATE project_usage SET storage_octets = 0
                WHERE tenant_id = $1 AND project_id = $2 AND year = $3 AND month = $4
                """,
                [.id(project.tenantID), .id(project.id), .int4(Int32(month.year)), .int4(Int32(month.month))]
            ),
        ])
    }

    /// Keeps what a project stores now, as its month's too.
    package func setStorage(_ octets: Int64, of project: MeteredProject, at now: Timestamp) async throws {
        let month = MeteredMonth(at: now)
        _ = try await transaction.pipeline([
            PGStatement(
                "UPDATE metered_projects SET storage_octets = $3 WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL",
                [.id(project.tenantID), .id(project.id), .int8(octets)]
            ),
            PGStatement(
                """
                INSERT INTO project_usage (tenant_id, project_id, year, month, storage_octets) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (tenant_id, project_id, year, month) DO UPDATE SET storage_octets = excluded.storage_octets
                """,
                [
                    .id(project.tenantID), .id(project.id), .int4(Int32(month.year)), .int4(Int32(month.month)),
                    .int8(octets),
                ]
            ),
        ])
    }

    private static func project(_ row: PGRow) throws -> MeteredProject {
        MeteredProject(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            name: try row.need("name", \.text),
            storageOctets: try row.need("storage_octets", \.int64),
            createdAt: try row.need("created_at", \.time),
            version: try row.need("row_version", \.int64)
        )
    }

    // MARK: - Plans

    /// The plan in force: what was set or bought, else pro for the operator and free for everybody else. Throws `notFound` outside
    /// the scope.
    package func subscription(of tenant: TenantID) async throws -> MeteredSubscription {
        let row = try await transaction.query(
            """
            SELECT \(MeteringUsage.plan) AS plan, m.completed_at
            FROM tenants t LEFT JOIN metered_plans m ON m.tenant_id = t.id WHERE t.id = $1
            """,
            [.id(tenant)]
        ).first
        guard let row else { throw PersistenceError.notFound }
        return MeteredSubscription(plan: try row.choice("plan"), completedAt: row["completed_at"].time)
    }

    /// Sets the plan of a tenant below the scope's root. Throws `notFound` for another.
    package func set(_ plan: MeteredPlan, of tenant: TenantID) async throws {
        let rows = try await transaction.query(
            """
            INSERT INTO metered_plans (tenant_id, plan)
            SELECT t.id, $2 FROM tenants t WHERE t.id = $1 AND t.parent_id = ANY ((SELECT visible_tenants())::uuid[])
            ON CONFLICT (tenant_id) DO UPDATE SET plan = excluded.plan, payment_id = NULL, completed_at = NULL,
                updated_at = clock_timestamp()
            RETURNING tenant_id
            """,
            [.id(tenant), .text(plan.rawValue)]
        )
        guard !rows.isEmpty else { throw PersistenceError.notFound }
    }
}
