package import Domain
package import Postgres

/// Customers' wallets in euros of which it was told that they are low, the lowest first: by what is available, relative to what their
/// tenant calls low (its setting `low_balance`).
package struct LowestWallets {
    package struct Wallet: Hashable, Sendable {
        package let tenantID: TenantID
        package let customerID: CustomerID
        /// In ten-thousandths; what is held is part of it.
        package let balance: Int64

        package init(tenantID: TenantID, customerID: CustomerID, balance: Int64) {
            self.tenantID = tenantID
            self.customerID = customerID
            self.balance = balance
        }
    }

    private let transaction: ScopedTransaction

    /// Reads through that executor as nexora_billing.
    package init(_ executor: any PGExecutor) {
        transaction = ScopedTransaction(executor)
    }

    /// At most `limit`, of all tenants; with 0 nothing is asked. It costs a look at each wallet that is low, and none at the others.
    package func read(limit: Int) async throws -> [Wallet] {
        guard limit > 0 else { return [] }
        return try await transaction.query(Self.sql, [.int8(Int64(limit))]).map { row in
            Wallet(
                tenantID: try row.need("tenant_id") { $0.id() },
                customerID: try row.need("customer_id") { $0.id() },
                balance: try row.need("balance", \.int64)
            )
        }
    }

    /// The setting counts as it is now: who asks no more, or for less, has no series, though his row goes only when the wallet moves.
    private static let sql = """
        SELECT l.tenant_id, a.owner_id AS customer_id, a.balance
        FROM wallet_lows l
        JOIN ledger_accounts a ON a.tenant_id = l.tenant_id AND a.id = l.account_id
        JOIN tenants t ON t.id = l.tenant_id
        CROSS JOIN LATERAL (SELECT (t.settings ->> 'low_balance')::bigint AS threshold) s
        WHERE a.currency = 'EUR' AND coalesce(t.settings ->> 'currency', 'EUR') = 'EUR' AND a.kind = 'wallet'
            AND a.owner_kind = 'customer' AND a.balance - a.held < s.threshold
        ORDER BY (a.balance - a.held)::float8 / s.threshold, l.tenant_id, l.account_id LIMIT $1
        """
}
