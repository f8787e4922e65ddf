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

    /// Up to `limit` entries of an account, the newest first, those before entry `before` where it is given (WAL-10), and of those
    /// the ones that were recorded from `from` on and before `until`. A page's last `sequence` is where the next begins, however
    /// much is posted meanwhile. Cost: the page, and some twenty look-ups for each end of the range.
    package func history(
        of account: AccountRef,
        before: Int64? = nil,
        from: Timestamp? = nil,
        until: Timestamp? = nil,
        limit: Int
    ) async throws -> [HistoryItem] {
        let first = try await entries(of: account, before: from) ?? 0
        let last = try await entries(of: account, before: until) ?? .max - 1
        return try await transaction.query(
            """
            SELECT e.sequence, e.amount, e.balance_after, e.recorded_at, e.transfer_id, a.currency, t.kind, t.effective_at,
                t.target_id, \(LedgerColumns.details), \(LedgerColumns.exchange)
            FROM ledger_entries e
            JOIN ledger_accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
            LEFT JOIN ledger_transfers t ON t.tenant_id = e.transfer_tenant_id AND t.id = e.transfer_id
            WHERE e.tenant_id = $1 AND e.account_id = $2 AND e.sequence < $3 AND e.sequence > $4
                -- What was posted since the range's beginning was looked for.
                AND ($5::timestamptz IS NULL OR e.recorded_at >= $5)
            ORDER BY e.sequence DESC LIMIT $6
            """,
            [
                .id(account.tenantID), .id(account.id), .int8(min(before ?? .max, last + 1)), .int8(first),
                .time(from), .int8(Int64(limit)),
            ]
        ).map(Self.item)
    }

    /// What an account's balance was at a moment: after all that was recorded before it. Nil where the scope has no such account.
    package func balance(of account: AccountRef, at time: Timestamp) async throws -> Money? {
        try await transaction.query(
            """
            \(Self.search)
            SELECT a.currency, coalesce(e.balance_after, 0) AS balance FROM search s
            JOIN ledger_accounts a ON a.tenant_id = $1 AND a.id = $2
            LEFT JOIN LATERAL (
                SELECT z.balance_after FROM ledger_entries z
                WHERE z.tenant_id = $1 AND z.account_id = $2 AND z.sequence = s.low LIMIT 1
            ) AS e ON true
            WHERE s.low = s.high
            """,
            [.id(account.tenantID), .id(account.id), .timestamptz(time.microseconds)]
        ).first.map { try LedgerColumns.money($0, "balance", LedgerColumns.currency($0, "currency")) }
    }

    /// How many entries of an account were recorded before a time; nil without a time, or an account.
    private func entries(of account: AccountRef, before time: Timestamp?) async throws -> Int64? {
        guard let time else { return nil }
        return try await transaction.query(
            "\(Self.search) SELECT s.low AS entries FROM search s WHERE s.low = s.high",
            [.id(account.tenantID), .id(account.id), .timestamptz(time.microseconds)]
        ).first?["entries"].int64
    }

    /// Halves an account's entries until it has the last that was recorded before a time: an account's entries are numbered without
    /// gaps, and their times never fall, so that no index over times is needed beside the one over numbers.
    private static let search = """
        WITH RECURSIVE search (low, high) AS (
            SELECT 0::bigint, a.sequence FROM ledger_accounts a WHERE a.tenant_id = $1 AND a.id = $2
            UNION ALL
            SELECT CASE WHEN m.recorded_at < $3 THEN m.sequence ELSE s.low END,
                CASE WHEN m.recorded_at < $3 THEN s.high ELSE m.sequence - 1 END
            FROM search s
            CROSS JOIN LATERAL (
                SELECT e.sequence, e.recorded_at FROM ledger_entries e
                WHERE e.tenant_id = $1 AND e.account_id = $2 AND e.sequence = (s.low + s.high + 1) / 2 LIMIT 1
            ) AS m
            WHERE s.low < s.high
        )
        """

    /// The hold, nil where the scope has none.
    package func hold(_ ref: TransferRef) async throws -> Hold? {
        try await transaction.query(
            "SELECT \(LedgerColumns.hold) FROM ledger_holds h WHERE h.tenant_id = $1 AND h.id = $2",
            [.id(ref.tenantID), .id(ref.id)]
        ).first.map(LedgerColumns.hold)
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
