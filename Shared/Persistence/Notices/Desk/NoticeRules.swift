package import Domain
package import Notices
import Postgres

/// What a tenant wants told otherwise than by default.
package struct NoticeRule: Hashable, Sendable {
    package var tenantID: TenantID
    package var kind: NoticeKind
    package var isEnabled = true
    /// Nil for the default.
    package var channels: [NoticeChannel]?
    /// Nil for the default.
    package var roles: [Role]?
    package var version: Int64 = 0

    package init(tenantID: TenantID, kind: NoticeKind) { (self.tenantID, self.kind) = (tenantID, kind) }
}

/// The rules of one scope.
package struct NoticeRules {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) { self.transaction = transaction }

    private static let columns = "tenant_id, kind, is_enabled, channels, roles, row_version"

    /// What a tenant has of its own. A kind that this version does not know is left out.
    package func list(of tenant: TenantID) async throws -> [NoticeRule] {
        try await transaction.query(
            "SELECT \(Self.columns) FROM notice_rules WHERE tenant_id = $1 ORDER BY kind",
            [.id(tenant)]
        ).compactMap(Self.rule)
    }

    /// A tenant's own rule for a kind, locked where it is to be changed.
    package func find(_ kind: NoticeKind, of tenant: TenantID, forUpdate: Bool = false) async throws -> NoticeRule? {
        try await transaction.query(
            "SELECT \(Self.columns) FROM notice_rules WHERE tenant_id = $1 AND kind = $2"
                + (forUpdate ? " FOR UPDATE" : ""),
            [.id(tenant), .text(kind.rawValue)]
        ).first.flatMap(Self.rule)
    }

    package func put(_ rule: NoticeRule) async throws -> NoticeRule {
        let rows = try await transaction.query(
            """
            INSERT INTO notice_rules (tenant_id, kind, is_enabled, channels, roles) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (tenant_id, kind) DO UPDATE SET is_enabled = EXCLUDED.is_enabled, channels = EXCLUDED.channels,
                roles = EXCLUDED.roles
            RETURNING \(Self.columns)
            """,
            [
                .id(rule.tenantID), .text(rule.kind.rawValue), .bool(rule.isEnabled),
                rule.channels.map { .textArray($0.map(\.rawValue)) } ?? .null,
                rule.roles.map { .textArray($0.map(\.rawValue)) } ?? .null,
            ]
        )
        return try rows.first.flatMap(Self.rule) ?? rule
    }

    package func remove(_ kind: NoticeKind, of tenant: TenantID) async throws {
        _ = try await transaction.query(
            "DELETE FROM notice_rules WHERE tenant_id = $1 AND kind = $2",
            [.id(tenant), .text(kind.rawValue)]
        )
    }

    private static func rule(_ row: PGRow) throws -> NoticeRule? {
        guard let kind = NoticeKind(rawValue: try row.need("kind", \.text)) else { return nil }
        var rule = NoticeRule(tenantID: try row.need("tenant_id") { $0.id() }, kind: kind)
        rule.isEnabled = try row.need("is_enabled", \.bool)
        rule.channels = row["channels"].textArray?.compactMap { $0.flatMap(NoticeChannel.init(rawValue:)) }
        rule.roles = row["roles"].textArray?.compactMap { $0.flatMap(Role.init(rawValue:)) }
        rule.version = try row.need("row_version", \.int64)
        return rule
    }
}
