package import Domain
package import Ledger
import Postgres

/// A transfer with what the reader may see of it.
package struct LedgerTransaction: Hashable, Sendable {
    package let ref: TransferRef
    package let kind: TransferKind
    package let currency: Currency
    package let effectiveAt: Timestamp
    package let recordedAt: Timestamp
    package let details: TransferDetails
    /// The hold or transfer that it is about.
    package let target: TransferID?
    /// Its entries in the order of its legs, those that the scope sees.
    package let entries: [EntryRow]
    /// What is held, where it placed a hold.
    package let hold: Hold?
    /// Whose account is held.
    package let holder: AccountOwner?
}

/// Finds transfers of one scope by their ids alone.
package struct TransactionReader {
    private let transaction: ScopedTransaction

    /// Reads in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// The transfer; nil where the scope has none of that id.
    package func find(_ id: TransferID) async throws -> LedgerTransaction? {
        let row = try await transaction.query(
            """
            SELECT t.tenant_id, t.id, t.kind, t.currency, t.effective_at, t.recorded_at, t.target_id, \(LedgerColumns.details)
            FROM ledger_transfers t
            WHERE t.tenant_id = ANY ((SELECT visible_tenants())::uuid[]) AND t.id = $1
            """,
            [.id(id)]
        ).first
        guard let row else { return nil }
        let ref = TransferRef(tenantID: try row.need("tenant_id") { $0.id() }, id: id)
        let kind: TransferKind = try row.choice("kind")
        let reader = LedgerReader(transaction)
        let hold = kind == .hold ? try await reader.hold(ref) : nil
        var holder: AccountOwner?
        if let hold {
            let account = AccountRef(tenantID: ref.tenantID, id: hold.terms.accountID)
            holder = try await reader.account(account)?.owner
        }
        return LedgerTransaction(
            ref: ref,
            kind: kind,
            currency: try LedgerColumns.currency(row, "currency"),
            effectiveAt: try row.need("effective_at", \.time),
            recordedAt: try row.need("recorded_at", \.time),
            details: try LedgerColumns.details(row),
            target: row["target_id"].id(),
            entries: try await entries(of: ref),
            hold: hold,
            holder: holder
        )
    }

    private func entries(of transfer: TransferRef) async throws -> [EntryRow] {
        try await transaction.query(
            """
            SELECT \(LedgerColumns.entry) FROM ledger_transfers t
            JOIN ledger_entries e ON e.lane = t.lane AND e.batch = t.batch AND e.place = t.place
            JOIN ledger_accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
            WHERE t.tenant_id = $1 AND t.id = $2 ORDER BY e.leg
            """,
            [.id(transfer.tenantID), .id(transfer.id)]
        ).map(LedgerColumns.entry)
    }

    /// What was decided under a key in any tenant of the scope, refusals too; nil where nothing was.
    package func decision(under key: IdempotencyKey) async throws -> (tenantID: TenantID, decision: TransferDecision)? {
        let row = try await transaction.query(
            """
            SELECT k.tenant_id, k.transfer_id, k.outcome, k.batch, k.place FROM ledger_keys k
            WHERE k.tenant_id = ANY ((SELECT visible_tenants())::uuid[]) AND k.key = $1
            """,
            [.text(key.text)]
        ).first
        return try row.map { (try $0.need("tenant_id") { $0.id() }, try LedgerColumns.decision($0)) }
    }
}
