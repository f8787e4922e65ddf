package import Billing
package import Domain
package import Postgres

/// Who shares what customers of these tenants pay, for whoever writes the ledger.
package struct CommissionBook: Sendable {
    private let executor: any PGExecutor

    /// `executor` works as nexora_billing.
    package init(_ executor: any PGExecutor) {
        self.executor = executor
    }

    /// The chains from these tenants up to the operator with the rates that hold at a moment, in one query. Who is no tenant is not
    /// among them.
    package func chains(of tenants: [TenantID], at moment: Timestamp) async throws -> [TenantID: CommissionChain] {
        guard !tenants.isEmpty else { return [:] }
        let rows = try await ScopedTransaction(executor).query(
            "SELECT payer_id, tenant_id, is_operator, rate FROM commission_chains($1, $2) ORDER BY payer_id, height",
            [.uuids(Set(tenants).map(\.value)), .time(moment)]
        )
        var levels: [TenantID: [CommissionChain.Level]] = [:]
        var chains: [TenantID: CommissionChain] = [:]
        for row in rows {
            let payer: TenantID = try row.need("payer_id") { $0.id() }
            let tenant: TenantID = try row.need("tenant_id") { $0.id() }
            if try row.need("is_operator", \.bool) {
                chains[payer] = CommissionChain(operatorID: tenant, levels: levels[payer] ?? [])
            } else {
                levels[payer, default: []].append(.init(tenant, try CommissionRates.rate(row)))
            }
        }
        return chains
    }
}
