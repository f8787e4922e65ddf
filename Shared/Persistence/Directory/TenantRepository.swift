package import Domain
import Postgres

/// The tenants of one scope: its root and everything below.
package struct TenantRepository {
    let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    private static let columns = """
        id, parent_id, kind, name, subdomain, is_active, settings, row_version, created_at, updated_at
        """

    /// Every tenant of the scope, parents before children.
    package func all() async throws -> [Tenant] {
        try await transaction.query("SELECT \(Self.columns) FROM tenants ORDER BY id").map(Self.tenant)
    }

    /// Up to `limit` tenants of the scope by id, which is the order they were made in, after the one named; `only` one of them.
    package func page(after: TenantID?, limit: Int, only: TenantID? = nil) async throws -> [Tenant] {
        try await transaction.query(
            """
            SELECT \(Self.columns) FROM tenants WHERE ($1::uuid IS NULL OR id > $1) AND ($2::uuid IS NULL OR id = $2)
            ORDER BY id LIMIT $3
            """,
            [.id(after), .id(only), .int8(Int64(limit))]
        ).map(Self.tenant)
    }

    /// The tenant of that id, nil when the scope has none; locked against other writers when asked for.
    package func find(_ id: TenantID, forUpdate: Bool = false) async throws -> Tenant? {
        try await transaction.query(
            "SELECT \(Self.columns) FROM tenants WHERE id = $1" + (forUpdate ? " FOR UPDATE" : ""),
            [.id(id)]
        ).first.map(Self.tenant)
    }

    /// The tenant of that subdomain, nil when the scope has none.
    package func find(subdomain: String) async throws -> Tenant? {
        try await transaction.query(
            "SELECT \(Self.columns) FROM tenants WHERE subdomain = $1",
            [.text(subdomain)]
        ).first.map(Self.tenant)
    }

    /// Stores a new tenant. The scope must have been opened with its id beside its root.
    package func insert(_ tenant: Tenant) async throws {
        try tenant.validate()
        _ = try await transaction.query(
            """
            INSERT INTO tenants (id, parent_id, kind, name, subdomain, is_active, settings)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            [
                .id(tenant.id), .id(tenant.parentID), .text(tenant.kind.rawValue), .text(tenant.name),
                .text(tenant.subdomain), .bool(tenant.isActive), .jsonb(tenant.settings),
            ]
        )
    }

    /// Stores a changed tenant; its place in the tree stays. Throws `notFound` when the scope has none of that id.
    package func update(_ tenant: Tenant) async throws {
        try tenant.validate()
        let rows = try await transaction.query(
            "UPDATE tenants SET name = $2, subdomain = $3, is_active = $4, settings = $5 WHERE id = $1",
            [
                .id(tenant.id), .text(tenant.name), .text(tenant.subdomain), .bool(tenant.isActive),
                .jsonb(tenant.settings),
            ]
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }

    /// Names the plan of the tenant's walled garden, or none; its other settings stay as they are.
    package func setWalledGarden(of id: TenantID, to plan: PlanID?) async throws {
        let rows = try await transaction.query(
            """
            UPDATE tenants SET settings = CASE WHEN $2::uuid IS NULL THEN settings - 'walled_garden_plan'
                ELSE settings || jsonb_build_object('walled_garden_plan', $2::uuid) END
            WHERE id = $1
            """,
            [.id(id), .id(plan)]
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }

    /// Removes a tenant that nothing refers to any more.
    package func remove(_ id: TenantID) async throws {
        let rows = try await transaction.query("DELETE FROM tenants WHERE id = $1", [.id(id)])
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }

    private static func tenant(_ row: PGRow) throws -> Tenant {
        Tenant(
            id: try row.need("id") { $0.id() },
            parentID: row["parent_id"].id(),
            kind: try row.choice("kind"),
            name: try row.need("name", \.text),
            subdomain: try row.need("subdomain", \.text),
            isActive: try row.need("is_active", \.bool),
            settings: try row.need("settings", \.text),
            stamp: try row.stamp()
        )
    }
}
