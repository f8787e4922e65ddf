package import Domain
package import Ledger
import Postgres

/// A share that a tenant had of what a customer paid, or what was taken back of it (COM-08).
package struct CommissionLine: Hashable, Sendable {
    /// The entry's number in its account.
    package let sequence: Int64
    package let recordedAt: Timestamp
    package let effectiveAt: Timestamp
    /// Below zero: taken back.
    package let amount: Money
    /// What the customer paid altogether; below zero: what he was given back.
    package let paid: Money
    package let payerID: CustomerID
    package let payerTenantID: TenantID
    package let transferID: TransferID
    package let purpose: TransferPurpose
    /// The invoice or whatever it goes back to.
    package let reference: String?
}

/// Which lines of a statement are wanted.
package struct CommissionFilter: Hashable, Sendable {
    package var tenantID: TenantID
    package var currency: Currency
    /// Recorded at or after, and before.
    package var since: Timestamp?
    package var until: Timestamp?
    package var payerTenantID: TenantID?
    package var payerID: CustomerID?

    package init(tenantID: TenantID, currency: Currency) {
        self.tenantID = tenantID
        self.currency = currency
    }
}

/// What a tenant had in one month, in UTC, from customers of a child and everybody below it.
package struct CommissionTotal: Hashable, Sendable {
    /// The month's first day.
    package let month: CivilDate
    /// The tenant next below; the tenant itself for its own customers.
    package let childID: TenantID
    /// Nil for a tenant that is gone.
    package let childName: String?
    /// How many shares it had.
    package let payments: Int64
    package let earned: Money
    /// Zero or less.
    package let takenBack: Money

    package var currency: Currency { earned.currency }
    package var net: Money {
        get throws(MoneyError) { try earned.adding(takenBack) }
    }
}

/// Shares as the ledger has them, within one scope: entries in a tenant's wallet, or the operator's revenue, of transfers by which a
/// customer paid or was given back. Nothing is kept beside the ledger, so that a statement is never another sum than the wallet.
/// Of tenants that were purged, whose transfers nobody below the operator sees, nothing is told.
package struct CommissionStatements {
    private let transaction: ScopedTransaction

    /// Reads in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// What customers pay for.
    private static let charges = ["invoice", "subscription", "usage", "boost"]

    /// Of account `a` of tenant $1, in which his shares arrive, its entries `e` by which a customer's wallet `p` paid (its entry `q`) or
    /// was given back; $2 are the purposes that customers pay for. What is given back has the purpose of what was paid.
    private static let shares = """
        FROM ledger_accounts a
        JOIN ledger_entries e ON e.tenant_id = a.tenant_id AND e.account_id = a.id
        JOIN ledger_transfers t ON t.tenant_id = e.transfer_tenant_id AND t.id = e.transfer_id
        LEFT JOIN ledger_transfers o ON o.tenant_id = t.tenant_id AND o.id = t.target_id AND t.kind IN ('reverse', 'refund')
        JOIN ledger_entries q ON q.lane = e.lane AND q.batch = e.batch AND q.place = e.place AND q.leg <> e.leg
        JOIN ledger_accounts p ON p.tenant_id = q.tenant_id AND p.id = q.account_id AND p.owner_kind = 'customer'
            AND p.kind = 'wallet'
        WHERE a.tenant_id = $1 AND a.owner_id = $1 AND a.owner_kind = 'tenant' AND a.kind = \(kind)
            AND coalesce(o.purpose, t.purpose) = ANY ($2::text[])
        """

    private static let kind =
        "CASE WHEN (SELECT parent_id IS NULL FROM tenants WHERE id = $1) THEN 'revenue' ELSE 'wallet' END"

    /// Up to `limit` lines, the newest first, those before entry `before` where it is given.
    package func lines(_ filter: CommissionFilter, before: Int64?, limit: Int) async throws -> [CommissionLine] {
        try await transaction.query(
            """
            SELECT e.sequence, e.recorded_at, t.effective_at, e.amount, -q.amount AS paid, p.owner_id, p.tenant_id, e.transfer_id,
                t.purpose, coalesce(t.reference, o.reference) AS reference
            \(Self.shares)
                AND a.currency = $3 AND e.sequence < $4 AND ($5::timestamptz IS NULL OR e.recorded_at >= $5)
                AND ($6::timestamptz IS NULL OR e.recorded_at < $6) AND ($7::uuid IS NULL OR p.tenant_id = $7)
                AND ($8::uuid IS NULL OR p.owner_id = $8)
            ORDER BY e.sequence DESC LIMIT $9
            """,
            [
                .id(filter.tenantID), .textArray(Self.charges), .text(filter.currency.code), .int8(before ?? .max),
                .time(filter.since), .time(filter.until), .id(filter.payerTenantID), .id(filter.payerID),
                .int8(Int64(limit)),
            ]
        ).map { try Self.line($0, filter.currency) }
    }

    /// What a tenant had from one moment to before another: by month, the newest first, by child and by currency.
    package func totals(of tenant: TenantID, since: Timestamp, until: Timestamp) async throws -> [CommissionTotal] {
        try await transaction.query(
            """
            WITH RECURSIVE branch AS (
                SELECT t.id, t.id AS child FROM tenants t WHERE t.parent_id = $1
                UNION ALL SELECT t.id, b.child FROM branch b JOIN tenants t ON t.parent_id = b.id
            ), shares AS (
                SELECT date_trunc('month', e.recorded_at AT TIME ZONE 'UTC')::date AS month, p.tenant_id, a.currency, e.amount
                \(Self.shares) AND e.recorded_at >= $3 AND e.recorded_at < $4
            )
            SELECT s.month, coalesce(b.child, s.tenant_id) AS child, s.currency, min(c.name) AS name,
                count(*) FILTER (WHERE s.amount > 0) AS payments,
                coalesce(sum(s.amount) FILTER (WHERE s.amount > 0), 0)::bigint AS earned,
                coalesce(sum(s.amount) FILTER (WHERE s.amount < 0), 0)::bigint AS taken_back
            FROM shares s LEFT JOIN branch b ON b.id = s.tenant_id
            LEFT JOIN tenants c ON c.id = coalesce(b.child, s.tenant_id)
            GROUP BY 1, 2, 3 ORDER BY 1 DESC, 3, 2
            """,
            [.id(tenant), .textArray(Self.charges), .time(since), .time(until)]
        ).map(Self.total)
    }

    /// What a tenant has in the accounts in which shares arrive, by currency.
    package func accounts(of tenant: TenantID) async throws -> [LedgerAccount] {
        try await transaction.query(
            """
            SELECT \(LedgerColumns.account) FROM ledger_accounts a
            WHERE a.tenant_id = $1 AND a.owner_id = $1 AND a.owner_kind = 'tenant' AND a.kind = \(Self.kind)
            ORDER BY a.currency
            """,
            [.id(tenant)]
        ).map(LedgerColumns.account)
    }

    private static func line(_ row: PGRow, _ currency: Currency) throws -> CommissionLine {
        CommissionLine(
            sequence: try row.need("sequence", \.int64),
            recordedAt: try row.need("recorded_at", \.time),
            effectiveAt: try row.need("effective_at", \.time),
            amount: try LedgerColumns.money(row, "amount", currency),
            paid: try LedgerColumns.money(row, "paid", currency),
            payerID: try row.need("owner_id") { $0.id() },
            payerTenantID: try row.need("tenant_id") { $0.id() },
            transferID: try row.need("transfer_id") { $0.id() },
            purpose: try row.need("purpose") { cell in cell.text.flatMap { try? TransferPurpose($0) } },
            reference: row["reference"].text
        )
    }

    private static func total(_ row: PGRow) throws -> CommissionTotal {
        let currency = try LedgerColumns.currency(row, "currency")
        return CommissionTotal(
            month: CivilDate(daysSince1970: Int(try row.need("month", \.date))),
            childID: try row.need("child") { $0.id() },
            childName: row["name"].text,
            payments: try row.need("payments", \.int64),
            earned: try LedgerColumns.money(row, "earned", currency),
            takenBack: try LedgerColumns.money(row, "taken_back", currency)
        )
    }
}
