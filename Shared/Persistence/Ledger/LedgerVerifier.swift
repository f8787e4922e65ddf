package import Crypto
import Domain
package import Ledger
package import Postgres

/// What verifying one lane found.
package struct LaneVerdict: Hashable, Sendable {
    package let lane: Lane
    /// How many batches and rows were followed, and accounts compared, until the end or the discrepancy.
    package let batches: Int64
    package let rows: Int64
    package let accounts: Int64
    /// How many signed checkpoints fitted, and the last batch that one vouches for.
    package let checkpoints: Int
    package let vouchedThrough: Int64
    /// Checkpoints whose key is not in the keyring, or all where there is none: nothing is known of them.
    package let unknownCheckpoints: Int
    /// The first thing that is wrong; nil when nothing is.
    package let discrepancy: LedgerDiscrepancy?
}

/// How far verifying a lane has come.
package enum LaneProgress: Hashable, Sendable {
    /// So many of the lane's batches.
    case batches(Int64, of: Int64)
    /// So many accounts.
    case accounts(Int64)
}

/// Proves a ledger, or finds the first thing that is wrong with it: the chain of each lane with every row, signed checkpoints,
/// each account's balance and entries, holds, refunds, and sums (WAL-13). Memory does not grow with the ledger.
package struct LedgerVerifier {
    let transaction: ScopedTransaction
    let checkpoints: LedgerCheckpoints
    let reader: LedgerChainReader
    /// How many batches or accounts are read at once.
    let stretch: Int64

    /// Reads through that executor as nexora_billing; for a ledger that is being written, a transaction of repeatable read.
    package init(_ executor: any PGExecutor, stretch: Int = 200) {
        transaction = ScopedTransaction(executor)
        checkpoints = LedgerCheckpoints(executor)
        reader = LedgerChainReader(transaction: transaction)
        self.stretch = Int64(stretch)
    }

    /// Verifies every lane, each in a transaction that sees one moment, and tells each verdict as soon as it is known.
    package static func run(
        on session: PostgresSession,
        keyring: Keyring?,
        kept: [SignedLedgerCheckpoint] = [],
        _ tell: (LaneVerdict) throws -> Void
    ) async throws {
        let lanes = try await LedgerVerifier(session).lanes()
        for lane in lanes {
            let verdict = try await session.transaction(isolation: .repeatableRead) {
                try await LedgerVerifier($0).verify(lane.lane, keyring: keyring, kept: kept)
            }
            try tell(verdict)
        }
        // A copy of a checkpoint proves that there was a lane.
        for lost in Set(kept.map(\.checkpoint.lane)).subtracting(lanes.map(\.lane)) {
            try tell(Self.verdict(lost, .checkpointBeyondEnd(number: 1)))
        }
    }

    /// Every lane that there is.
    package func lanes() async throws -> [LaneHead] {
        try await reader.lanes()
    }

    /// Verifies one lane. `kept` are copies of checkpoints that were kept outside the database; those of other lanes are passed
    /// over.
    package func verify(
        _ lane: Lane,
        keyring: Keyring?,
        kept: [SignedLedgerCheckpoint] = [],
        progress: (LaneProgress) -> Void = { _ in }
    ) async throws -> LaneVerdict {
        guard let head = try await reader.lane(lane) else {
            return Self.verdict(lane, kept.contains { $0.checkpoint.lane == lane } ? .headDiffers(number: 0) : nil)
        }
        let signed = try await checkpoints.list(of: head) + kept.filter { $0.checkpoint.lane == lane }
        let (vouched, unknown, forged) = try signed.judged(by: keyring)
        var walk = LaneWalk(lane, checkpoints: vouched)
        var accounts: Int64 = 0
        var found = forged.map { LedgerDiscrepancy.checkpointForged(number: $0) }
        if found == nil {
            try await follow(head, &walk, progress)
            found = walk.discrepancy
        }
        if found == nil { found = try await stray(head) }
        if found == nil { (accounts, found) = try await compareAccounts(head, progress) }
        if found == nil { found = try await compareHolds(head) }
        if found == nil { found = try await compareRefunds(head) }
        if found == nil { found = try await sum(head) }
        return LaneVerdict(
            lane: lane,
            batches: walk.lastNumber,
            rows: walk.rows,
            accounts: accounts,
            checkpoints: walk.checkpoints,
            vouchedThrough: walk.vouchedThrough,
            unknownCheckpoints: unknown,
            discrepancy: found
        )
    }

    private static func verdict(_ lane: Lane, _ discrepancy: LedgerDiscrepancy?) -> LaneVerdict {
        LaneVerdict(
            lane: lane,
            batches: 0,
            rows: 0,
            accounts: 0,
            checkpoints: 0,
            vouchedThrough: 0,
            unknownCheckpoints: 0,
            discrepancy: discrepancy
        )
    }

    // MARK: - The chain

    private func follow(_ head: LaneHead, _ walk: inout LaneWalk, _ progress: (LaneProgress) -> Void) async throws {
        while walk.discrepancy == nil {
            let from = walk.lastNumber + 1
            let batches = try await reader.batches(of: head, from: from, through: from + stretch - 1)
            for batch in batches {
                if let rows = batch.rows {
                    walk.follow(batch.header, digest: batch.digest, rows: rows)
                } else {
                    walk.refuse(number: batch.header.number)
                }
            }
            progress(.batches(walk.lastNumber, of: head.lastBatch))
            guard batches.isEmpty else { continue }
            // The end, or a gap as long as a stretch.
            if let next = try await reader.nextBatch(of: head, after: walk.lastNumber) { walk.miss(before: next) }
            break
        }
        walk.finish(number: head.lastBatch, digest: head.lastDigest)
    }

    private func stray(_ head: LaneHead) async throws -> LedgerDiscrepancy? {
        let results = try await transaction.pipeline([
            PGStatement(Self.beyond, [.int4(head.number), .int8(head.lastBatch), .id(head.lane.rootID)]),
            PGStatement(Self.strayTransfer, [.int4(head.number)]),
        ])
        if let number = results[0].first?["number"].int64 { return .beyondHead(number: number) }
        return results[1].first?["id"].id().map { .strayTransfer($0) }
    }

    // MARK: - Balances

    private func compareAccounts(
        _ head: LaneHead,
        _ progress: (LaneProgress) -> Void
    ) async throws -> (Int64, LedgerDiscrepancy?) {
        var compared: Int64 = 0
        var after = (TenantID(.zero), LedgerAccountID(.zero))
        while true {
            let rows = try await transaction.query(
                Self.accounts,
                [
                    .id(head.lane.rootID), .text(head.lane.currency.code), .id(after.0), .id(after.1), .int8(stretch),
                    .int4(head.number),
                ]
            )
            for row in rows {
                let id: LedgerAccountID = try row.need("id") { $0.id() }
                if let sequence = row["broken_at"].int64 { return (compared, .sequenceBroken(id, sequence: sequence)) }
                if try row.need("balance_differs", \.bool) { return (compared, .balanceDiffers(id)) }
                if try row.need("held_differs", \.bool) { return (compared, .heldDiffers(id)) }
                if try row.need("below_floor", \.bool) { return (compared, .belowFloor(id)) }
                compared += 1
                after = (try row.need("tenant_id") { $0.id() }, id)
            }
            progress(.accounts(compared))
            guard rows.count == Int(stretch) else { return (compared, nil) }
        }
    }

    private func compareHolds(_ head: LaneHead) async throws -> LedgerDiscrepancy? {
        try await transaction.query(Self.holds, [.int4(head.number)]).first?["id"].id().map { .holdDiffers($0) }
    }

    private func sum(_ head: LaneHead) async throws -> LedgerDiscrepancy? {
        let row = try await transaction.query(
            "SELECT coalesce(sum(balance), 0) = 0 AS is_zero FROM ledger_accounts WHERE root_id = $1 AND currency = $2",
            [.id(head.lane.rootID), .text(head.lane.currency.code)]
        ).first
        return row?["is_zero"].bool == true ? nil : .sumNotZero
    }
}

extension LedgerVerifier {
    /// The first batch behind the head that any row belongs to.
    fileprivate static let beyond = """
        SELECT min(number) AS number FROM (
            SELECT min(batch) AS number FROM ledger_keys WHERE lane = $1 AND (batch > $2 OR batch < 1)
            UNION ALL SELECT min(batch) FROM ledger_transfers WHERE lane = $1 AND (batch > $2 OR batch < 1)
            UNION ALL SELECT min(batch) FROM ledger_entries WHERE lane = $1 AND (batch > $2 OR batch < 1)
            UNION ALL SELECT min(number) FROM ledger_batches WHERE tenant_id = $3 AND lane = $1 AND number > $2
        ) AS n
        """

    fileprivate static let strayTransfer = """
        SELECT t.id FROM ledger_transfers t WHERE t.lane = $1 AND NOT EXISTS (
            SELECT FROM ledger_keys k WHERE k.lane = t.lane AND k.batch = t.batch AND k.place = t.place
                AND k.tenant_id = t.tenant_id AND k.transfer_id = t.id AND k.outcome = 'posted')
        ORDER BY t.batch, t.place, t.id LIMIT 1
        """

    /// The next accounts of a lane, each with what its entries and holds add up to. Sums are numeric: nothing overflows, however
    /// wrong the rows are.
    fileprivate static let accounts = """
        SELECT a.tenant_id, a.id, e.broken_at, a.balance <> e.total OR a.sequence <> e.entries AS balance_differs,
            a.held <> h.total AS held_differs, a.floor IS NOT NULL AND a.balance - a.held < a.floor AS below_floor
        FROM (
            SELECT tenant_id, id, balance, held, floor, sequence FROM ledger_accounts
            WHERE root_id = $1 AND currency = $2 AND (tenant_id, id) > ($3, $4) ORDER BY tenant_id, id LIMIT $5
        ) AS a
        CROSS JOIN LATERAL (
            SELECT count(*) AS entries, coalesce(sum(w.amount), 0) AS total,
                min(w.sequence) FILTER (WHERE w.sequence <> w.number OR w.balance_after <> w.running OR w.lane <> $6) AS broken_at
            FROM (
                SELECT n.sequence, n.amount, n.balance_after, n.lane, row_number() OVER o AS number, sum(n.amount) OVER o AS running
                FROM ledger_entries n WHERE n.tenant_id = a.tenant_id AND n.account_id = a.id
                WINDOW o AS (ORDER BY n.sequence)
            ) AS w
        ) AS e
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(l.amount - l.captured - l.released), 0) AS total FROM ledger_holds l
            WHERE l.tenant_id = a.tenant_id AND l.account_id = a.id
        ) AS h
        ORDER BY a.tenant_id, a.id
        """

    /// The first hold that is not what its transfers made of it.
    fileprivate static let holds = """
        SELECT h.id FROM ledger_holds h \(holdTransfers) WHERE h.lane = $1 AND \(holdDiffers)
        ORDER BY h.tenant_id, h.id LIMIT 1
        """

    /// What the transfers of a hold `h` made of it. A capture's first leg is what it took.
    static let holdTransfers = """
        LEFT JOIN ledger_transfers t ON t.tenant_id = h.tenant_id AND t.id = h.id AND t.lane = h.lane AND t.kind = 'hold'
        CROSS JOIN LATERAL (
            SELECT coalesce(-sum(e.amount), 0) AS captured, coalesce(bool_or(c.kind <> 'capture'), false) AS is_over
            FROM ledger_transfers c
            LEFT JOIN ledger_entries e ON c.kind = 'capture' AND e.lane = c.lane AND e.batch = c.batch AND e.place = c.place
                AND e.leg = 0
            WHERE c.tenant_id = h.tenant_id AND c.target_id = h.id AND c.kind IN ('capture', 'release', 'expire')
        ) AS x
        """

    static let holdDiffers = """
        (t.id IS NULL OR h.captured <> x.captured
            OR h.released <> CASE WHEN x.is_over THEN h.amount - x.captured ELSE 0 END)
        """
}

extension LedgerCheckpoint: ChainCheckpoint {}

extension SignedLedgerCheckpoint: SignedHead {
    static var purpose: Keyring.SigningPurpose { .ledgerCheckpoint }
}
