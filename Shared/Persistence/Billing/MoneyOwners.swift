package import Domain
package import Ledger
package import Postgres

/// Who may have money, and under which operator: what a command is checked against before it becomes a transfer.
package struct MoneyOwners: Sendable {
    private let executor: any PGExecutor

    /// `executor` works as nexora_billing.
    package init(_ executor: any PGExecutor) {
        self.executor = executor
    }

    /// Somebody, and the tenant that a command says he is of.
    package struct Claim: Hashable, Sendable {
        package let tenantID: TenantID
        package let owner: AccountOwner

        package init(_ owner: AccountOwner, of tenantID: TenantID) {
            self.tenantID = tenantID
            self.owner = owner
        }
    }

    /// Of those claims that are true, the operator at the top; nothing of the others.
    package func operators(of claims: [Claim]) async throws -> [Claim: TenantID] {
        guard !claims.isEmpty else { return [:] }
        let rows = try await executor.pipeline([
            PGStatement(
                """
                SELECT q.place, (SELECT l.id FROM tenant_line(q.tenant_id) l ORDER BY l.height DESC LIMIT 1) AS root
                FROM unnest($1::uuid[], $2::text[], $3::uuid[]) WITH ORDINALITY AS q (tenant_id, kind, owner_id, place)
                WHERE CASE q.kind
                    WHEN 'tenant' THEN q.owner_id = q.tenant_id
                    ELSE EXISTS (SELECT FROM customers c WHERE c.tenant_id = q.tenant_id AND c.id = q.owner_id)
                END
                """,
                [
                    .uuids(claims.map(\.tenantID.value)), .textArray(claims.map(\.owner.kind.rawValue)),
                    .uuids(claims.map(\.owner.id)),
                ]
            )
        ])[0]
        var found: [Claim: TenantID] = [:]
        for row in rows {
            let place = try row.need("place", \.int64)
            if let root: TenantID = row["root"].id() { found[claims[Int(place) - 1]] = root }
        }
        return found
    }

    /// The lanes that anything was ever written to.
    package func lanes() async throws -> [Lane] {
        try await executor.pipeline([
            PGStatement("SELECT tenant_id, currency FROM ledger_lanes ORDER BY lane", [])
        ])[0].map { row in
            Lane(rootID: try row.need("tenant_id") { $0.id() }, currency: try LedgerColumns.currency(row, "currency"))
        }
    }

    /// Whether that is an operator: only those have lanes.
    package func isOperator(_ id: TenantID) async throws -> Bool {
        try await executor.pipeline([
            PGStatement("SELECT FROM tenants WHERE id = $1 AND kind = 'operator'", [.id(id)])
        ])[0].first != nil
    }
}
