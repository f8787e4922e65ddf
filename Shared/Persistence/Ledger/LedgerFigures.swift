package import Domain
package import Ledger
package import Postgres

/// A lane in numbers, for gauges and for whoever watches over the ledger. Amounts are ten-thousandths of the lane's currency.
package struct LaneFigures: Hashable, Sendable {
    /// The wallets of a tenant: its customers' or its own (WAL-14).
    package struct Wallets: Hashable, Sendable {
        package let tenantID: TenantID
        package let owners: AccountOwner.Kind
        package let accounts: Int64
        package let balance: Int128
        package let held: Int128
    }

    /// A clearing account: what a gateway owes us, below zero, or we it.
    package struct Clearing: Hashable, Sendable {
        package let account: AccountRef
        package let gateway: String
        package let balance: Int64
        /// When the first entry after the balance was last zero was recorded: since then nothing settled it to the last unit. Nil at
        /// zero.
        package let unsettledSince: Timestamp?
    }

    /// Where a lane stands, and how far its signed checkpoints reach.
    package struct Progress: Hashable, Sendable {
        package let batch: Int64
        package let recordedAt: Timestamp
        /// The last batch that a checkpoint vouches for, 0 without any, and when that was signed.
        package let checkpoint: Int64
        package let signedAt: Timestamp?
        /// When the first batch behind the last checkpoint was recorded: how long the lane goes unsigned. Nil when it is not behind.
        package let unsignedSince: Timestamp?
    }

    package let lane: Lane
    package internal(set) var accounts: Int64 = 0
    /// The sum of all balances. Anything but zero is an error in the books.
    package internal(set) var sum: Int128 = 0
    package internal(set) var held: Int128 = 0
    /// By tenant, and its customers before itself.
    package internal(set) var wallets: [Wallets] = []
    /// By gateway.
    package internal(set) var clearing: [Clearing] = []
    /// Nil before the lane's first batch.
    package internal(set) var progress: Progress?
}

/// Reads the figures of every lane: one pass over the accounts, and some look-ups for each lane and clearing account. No entry is
/// read but those that it names.
package struct LedgerFigures {
    private let transaction: ScopedTransaction

    /// Reads through that executor as nexora_billing.
    package init(_ executor: any PGExecutor) {
        transaction = ScopedTransaction(executor)
    }

    /// Every lane that has accounts or was taken by a writer, by operator and currency. Each statement sees a moment of its own: a sum
    /// is never that of a half written batch.
    package func read() async throws -> [LaneFigures] {
        let results = try await transaction.pipeline([
            PGStatement(Self.accounts), PGStatement(Self.clearing), PGStatement(Self.lanes),
        ])
        var figures: [Lane: LaneFigures] = [:]
        for row in results[0] {
            let lane = try Self.lane(row)
            try Self.add(row, to: &figures[lane, default: LaneFigures(lane: lane)])
        }
        for row in results[1] {
            let lane = try Self.lane(row)
            figures[lane, default: LaneFigures(lane: lane)].clearing.append(try Self.clearing(row))
        }
        for row in results[2] {
            let lane = try Self.lane(row)
            figures[lane, default: LaneFigures(lane: lane)].progress = try Self.progress(row)
        }
        return figures.values.sorted {
            ($0.lane.rootID, $0.lane.currency.code) < ($1.lane.rootID, $1.lane.currency.code)
        }
    }

    private static func lane(_ row: PGRow) throws -> Lane {
        Lane(rootID: try row.need("root_id") { $0.id() }, currency: try LedgerColumns.currency(row, "currency"))
    }

    private static func add(_ row: PGRow, to figures: inout LaneFigures) throws {
        let accounts = try row.need("accounts", \.int64)
        let balance = try row.need("balance", number)
        let held = try row.need("held", number)
        figures.accounts += accounts
        figures.sum += balance
        figures.held += held
        guard try row.need("is_wallet", \.bool) else { return }
        figures.wallets.append(
            LaneFigures.Wallets(
                tenantID: try row.need("tenant_id") { $0.id() },
                owners: try row.choice("owner_kind"),
                accounts: accounts,
                balance: balance,
                held: held
            )
        )
    }

    private static func clearing(_ row: PGRow) throws -> LaneFigures.Clearing {
        LaneFigures.Clearing(
            account: AccountRef(tenantID: try row.need("tenant_id") { $0.id() }, id: try row.need("id") { $0.id() }),
            gateway: try row.need("gateway", \.text),
            balance: try row.need("balance", \.int64),
            unsettledSince: row["unsettled_since"].time
        )
    }

    private static func progress(_ row: PGRow) throws -> LaneFigures.Progress? {
        let batch = try row.need("last_batch", \.int64)
        guard batch > 0 else { return nil }
        return LaneFigures.Progress(
            batch: batch,
            recordedAt: try row.need("last_recorded_at", \.time),
            checkpoint: row["checkpoint"].int64 ?? 0,
            signedAt: row["signed_at"].time,
            unsignedSince: row["unsigned_since"].time
        )
    }

    /// A sum of any size.
    private static func number(_ cell: PGCell) -> Int128? { cell.text.flatMap { Int128($0) } }

    private static let accounts = """
        SELECT root_id, currency, tenant_id, owner_kind, kind = 'wallet' AS is_wallet, count(*) AS accounts,
            sum(balance) AS balance, sum(held) AS held
        FROM ledger_accounts GROUP BY root_id, currency, tenant_id, owner_kind, is_wallet
        ORDER BY tenant_id, owner_kind
        """

    private static let clearing = """
        SELECT a.root_id, a.currency, a.tenant_id, a.id, a.gateway, a.balance, e.recorded_at AS unsettled_since
        FROM ledger_accounts a
        LEFT JOIN LATERAL (
            SELECT max(z.sequence) AS sequence FROM ledger_entries z
            WHERE z.tenant_id = a.tenant_id AND z.account_id = a.id AND z.balance_after = 0
        ) AS s ON true
        -- One row, by all of its key: of a join the planner takes the account's alone, and reads all that it ever did.
        LEFT JOIN LATERAL (
            SELECT z.recorded_at FROM ledger_entries z
            WHERE z.tenant_id = a.tenant_id AND z.account_id = a.id AND z.sequence = coalesce(s.sequence, 0) + 1 LIMIT 1
        ) AS e ON true
        WHERE a.kind = 'clearing' ORDER BY a.gateway, a.tenant_id
        """

    private static let lanes = """
        SELECT l.tenant_id AS root_id, l.currency, l.last_batch, l.last_recorded_at, c.number AS checkpoint, c.signed_at,
            b.recorded_at AS unsigned_since
        FROM ledger_lanes l
        LEFT JOIN LATERAL (
            SELECT n.number, n.signed_at FROM ledger_checkpoints n WHERE n.tenant_id = l.tenant_id AND n.lane = l.lane
            ORDER BY n.number DESC, n.signed_at DESC LIMIT 1
        ) AS c ON true
        LEFT JOIN ledger_batches b ON b.tenant_id = l.tenant_id AND b.lane = l.lane AND b.number = coalesce(c.number, 0) + 1
        """
}
