package import Domain
package import Ledger
package import Postgres

/// An entry of an account, with what its transfer says of itself.
package struct HistoryItem: Hashable, Sendable {
    /// What is known of a transfer by who may see it.
    package struct Transfer: Hashable, Sendable {
        package let kind: TransferKind
        package let effectiveAt: Timestamp
        package let details: TransferDetails
        /// The hold or transfer that it is about.
        package let target: TransferID?
        package let exchange: ExchangeRecord?
    }

    /// The entry's number in its account.
    package let sequence: Int64
    package let amount: Money
    package let balanceAfter: Money
    package let recordedAt: Timestamp
    package let transferID: TransferID
    /// Nil where the transfer is of a tenant that the reader does not see: a commission from elsewhere in the tree.
    package let transfer: Transfer?
}

/// Reads the ledger within a scope: a tenant's through nexora_gateway, or everything as nexora_billing.
package struct LedgerReader {
    private let transaction: ScopedTransaction

    /// Reads in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// Reads through that executor, with its rights.
    package init(_ executor: any PGExecutor) {
        transaction = ScopedTransaction(executor)
    }

    /// The accounts of an owner in a tenant, by kind and currency.
    package func accounts(of owner: AccountOwner, in tenant: TenantID) async throws -> [LedgerAccount] {
        try await transaction.query(
            """
            SELECT \(LedgerColumns.account) FROM ledger_accounts a
            WHERE a.tenant_id = $1 AND a.owner_id = $2 AND a.owner_kind = $3 ORDER BY a.kind, a.gateway, a.currency
            """,
            [.id(tenant), .uuid(high: owner.id.high, low: owner.id.low), .text(owner.kind.rawValue)]
        ).map(LedgerColumns.account)
    }

    /// The account with its balance, nil where the scope has none.
    package func account(_ ref: AccountRef) async throws -> LedgerAccount? {
        try await transaction.query(
            "SELECT \(LedgerColumns.account) FROM ledger_accounts a WHERE a.tenant_id = $1 AND a.id = $2",
            [.id(ref.tenantID), .id(ref.id)]
        ).first.map(LedgerColumns.account)
    }

    /// Up to `limit` entries of an account, the newest first, those before entry `before` where it is given (WAL-10). A page's last
    /// `sequence` is where the next begins, however much is posted meanwhile.
    package func history(of account: AccountRef, before: Int64?, limit: Int) async throws -> [HistoryItem] {
        try await transaction.query(
            """
            SELECT e.sequence, e.amount, e.balance_after, e.recorded_at, e.transfer_id, a.currency, t.kind, t.effective_at,
                t.target_id, \(LedgerColumns.details), \(LedgerColumns.exchange)
            FROM ledger_entries e
            JOIN ledger_accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
            LEFT JOIN ledger_transfers t ON t.tenant_id = e.transfer_tenant_id AND t.id = e.transfer_id
            WHERE e.tenant_id = $1 AND e.account_id = $2 AND e.sequence < $3
            ORDER BY e.sequence DESC LIMIT $4
            """,
            [.id(account.tenantID), .id(account.id), .int8(before ?? .max), .int8(Int64(limit))]
        ).map(Self.item)
    }

    /// What was decided under a key, nil where nothing was.
    package func decision(under key: ScopedKey) async throws -> TransferDecision? {
        try await transaction.query(
            "SELECT k.transfer_id, k.outcome, k.batch, k.place FROM ledger_keys k WHERE k.tenant_id = $1 AND k.key = $2",
            [.id(key.tenantID), .text(key.key.text)]
        ).first.map(LedgerColumns.decision)
    }

    /// The entries of a transfer that the scope sees, in the order of its legs.
    package func entries(of transfer: TransferRef) async throws -> [EntryRow] {
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

    /// The hold, nil where the scope has none.
    package func hold(_ ref: TransferRef) async throws -> Hold? {
        try await transaction.query(
            "SELECT \(LedgerColumns.hold) FROM ledger_holds h WHERE h.tenant_id = $1 AND h.id = $2",
            [.id(ref.tenantID), .id(ref.id)]
        ).first.map(LedgerColumns.hold)
    }

    /// Up to `limit` holds of a lane whose time is over and of which something is left, the longest over first.
    package func dueHolds(of lane: Lane, at now: Timestamp, limit: Int) async throws -> [Hold] {
        try await transaction.query(
            """
            SELECT \(LedgerColumns.hold) FROM ledger_lanes l JOIN ledger_holds h ON h.lane = l.lane
            WHERE l.tenant_id = $1 AND l.currency = $2 AND h.captured + h.released < h.amount AND h.expires_at IS NOT NULL
                AND h.expires_at <= $3
            ORDER BY h.expires_at, h.id LIMIT $4
            """,
            [.id(lane.rootID), .text(lane.currency.code), .timestamptz(now.microseconds), .int8(Int64(limit))]
        ).map(LedgerColumns.hold)
    }

    private static func item(_ row: PGRow) throws -> HistoryItem {
        let currency = try LedgerColumns.currency(row, "currency")
        var transfer: HistoryItem.Transfer?
        if !row["kind"].isNull {
            transfer = HistoryItem.Transfer(
                kind: try row.choice("kind"),
                effectiveAt: try row.need("effective_at", \.time),
                details: try LedgerColumns.details(row),
                target: row["target_id"].id(),
                exchange: try LedgerColumns.exchange(row)
            )
        }
        return HistoryItem(
            sequence: try row.need("sequence", \.int64),
            amount: try LedgerColumns.money(row, "amount", currency),
            balanceAfter: try LedgerColumns.money(row, "balance_after", currency),
            recordedAt: try row.need("recorded_at", \.time),
            transferID: try row.need("transfer_id") { $0.id() },
            transfer: transfer
        )
    }
}
