package import Domain
import Events
package import Ledger
package import Postgres

/// Tells of customers' wallets that have less available than their tenant's setting `low_balance` asks for: once, and again only after
/// there was enough in between (`wallet.low`).
package struct WalletLows: Sendable {
    private let session: PostgresSession
    private let ids: IDGenerator

    /// `session` works as nexora_billing.
    package init(_ session: PostgresSession, ids: IDGenerator) {
        self.session = session
        self.ids = ids
    }

    /// Looks at those accounts as they stand now: those that are not customers' wallets are passed over, and the tenant's setting
    /// counts as it is now, for wallets in the tenant's currency. What is remembered and the events are one commit; told twice of
    /// the same account it tells nothing twice, and the order does not matter. Returns how many wallets it told of.
    package func look(at accounts: [AccountRef], now: Timestamp) async throws(StorageFault) -> Int {
        guard !accounts.isEmpty else { return 0 }
        return try await guardedRows {
            return try await session.transaction { transaction in
                // Of two who look at one wallet the second sees what the first left, and the balance as it is after that.
                try await transaction.query("SELECT pg_advisory_xact_lock($1, 0)", [.int4(Self.lockClass)])
                let rows = try await transaction.query(
                    Self.sql,
                    [.uuids(accounts.map(\.tenantID.value)), .uuids(accounts.map(\.id.value)), .time(now)]
                )
                guard !rows.isEmpty else { return 0 }
                let ids = CommitIDs(ids)
                let events = try rows.map { try event($0, ids.next(), now) }
                try await transaction.pipeline([OutboxRow.insert(events)])
                return events.count
            }
        }
    }

    private func event(_ row: PGRow, _ id: EventID, _ now: Timestamp) throws -> OutboxRow {
        let currency = try Currency(try row.need("currency", \.text))
        let wallet: UUID128 = try row.need("account_id") { UUID128($0) }
        func money(_ name: String) throws -> Money {
            try Money(tenThousandths: try row.need(name, \.int64), currency: currency)
        }
        return OutboxRow(
            id: id,
            tenantID: try row.need("tenant_id") { $0.id() },
            aggregateID: wallet,
            payload: WalletLow(
                walletID: wallet,
                customerID: try row.need("customer_id") { $0.id() },
                balance: try money("balance"),
                held: try money("held"),
                threshold: try money("threshold")
            ),
            createdAt: now
        )
    }

    private static let lockClass: Int32 = 0x574C

    /// A balance is compared as the statement sees it: what the event said of it may be long over.
    private static let sql = """
        WITH seen AS (
            SELECT a.tenant_id, a.id AS account_id, a.owner_id AS customer_id, a.currency, a.balance, a.held,
                CASE WHEN a.currency = coalesce(t.settings ->> 'currency', 'EUR')
                    THEN (t.settings ->> 'low_balance')::bigint END AS threshold
            FROM unnest($1::uuid[], $2::uuid[]) AS q (tenant_id, id)
            -- By the ids, whatever is known of the table: not through all of a tenant's wallets.
            CROSS JOIN LATERAL (
                SELECT * FROM ledger_accounts WHERE tenant_id = q.tenant_id AND id = q.id OFFSET 0) a
            JOIN tenants t ON t.id = a.tenant_id
            WHERE a.kind = 'wallet' AND a.owner_kind = 'customer'),
        risen AS (
            DELETE FROM wallet_lows l USING seen s
            WHERE l.tenant_id = s.tenant_id AND l.account_id = s.account_id
                AND (s.threshold IS NULL OR s.balance - s.held >= s.threshold)),
        fallen AS (
            INSERT INTO wallet_lows (tenant_id, account_id, customer_id, threshold, told_at)
            SELECT s.tenant_id, s.account_id, s.customer_id, s.threshold, $3 FROM seen s WHERE s.balance - s.held < s.threshold
            ON CONFLICT (tenant_id, account_id) DO NOTHING
            RETURNING tenant_id, account_id)
        SELECT s.tenant_id, s.account_id, s.customer_id, s.currency, s.balance, s.held, s.threshold
        FROM fallen f JOIN seen s USING (tenant_id, account_id) ORDER BY s.tenant_id, s.account_id
        """
}
