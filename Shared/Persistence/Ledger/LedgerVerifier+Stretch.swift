package import Crypto
import Domain
package import Ledger
package import Postgres

/// How much one call verifies at most.
package struct StretchLimit: Hashable, Sendable {
    package let batches: Int64
    /// Decisions and entries; a first batch with more is verified nevertheless.
    package let rows: Int64

    package init(batches: Int64 = 200, rows: Int64 = 10_000) {
        precondition(batches > 0 && rows > 0, "nothing would be verified")
        self.batches = batches
        self.rows = rows
    }
}

/// What verifying a stretch of a lane found.
package struct StretchVerdict: Hashable, Sendable {
    /// Up to where the lane was found whole: where the next stretch begins. With a discrepancy where this one began.
    package let head: VerifiedHead
    /// How many batches and rows were followed, and accounts compared.
    package let batches: Int64
    package let rows: Int64
    package let accounts: Int
    /// How many signed checkpoints fitted.
    package let checkpoints: Int
    /// Checkpoints whose key is not in the keyring, or all where there is none: nothing is known of them.
    package let unknownCheckpoints: Int
    /// Whether the stretch ends where the lane does.
    package let isAtEnd: Bool
    /// The first thing that is wrong; nil when nothing is.
    package let discrepancy: LedgerDiscrepancy?
}

/// Verifying as the ledger grows: a stretch of batches at a time, from where the last one ended. Of each stretch the chain with every
/// row, the checkpoints, and of what its transfers touched the accounts with balance, number of entries, floor and what is held, the
/// holds and the refunds. What one call reads grows with the stretch and the open holds of the accounts that it touched, and not with
/// the ledger. What was verified and is changed later is found by ``sample(on:lane:keyring:limit:random:)``, in time, or by a full run.
extension LedgerVerifier {
    /// Verifies the stretch of a lane behind `head`, in a transaction that sees one moment.
    package static func verify(
        on session: PostgresSession,
        since head: VerifiedHead,
        keyring: Keyring?,
        limit: StretchLimit = StretchLimit()
    ) async throws -> StretchVerdict {
        try await session.transaction(isolation: .repeatableRead) {
            try await LedgerVerifier($0).verify(since: head, keyring: keyring, limit: limit)
        }
    }

    /// Verifies a stretch from anywhere in a lane, from the number that `random` draws on. What stands before it is taken as it is;
    /// both ends must fit to what is beside them.
    package static func sample(
        on session: PostgresSession,
        lane: Lane,
        keyring: Keyring?,
        limit: StretchLimit = StretchLimit(),
        random: (ClosedRange<Int64>) -> Int64
    ) async throws -> StretchVerdict {
        try await session.transaction(isolation: .repeatableRead) { transaction in
            let verifier = LedgerVerifier(transaction)
            let last = try await verifier.reader.lane(lane)?.lastBatch ?? 0
            let number = random(0...max(0, last - 1))
            guard let head = try await verifier.storedHead(of: lane, at: number) else {
                return Self.verdict(.beginning(of: lane), .batchMissing(number: number + 1))
            }
            return try await verifier.verify(since: head, keyring: keyring, limit: limit)
        }
    }

    /// The newest place of a lane that the keyring vouches for: where continuous verifying begins after a start. The lane's beginning
    /// where there is none.
    package func vouchedHead(of lane: Lane, keyring: Keyring) async throws -> VerifiedHead {
        guard let head = try await reader.lane(lane) else { return .beginning(of: lane) }
        let vouched = try await checkpoints.newest(of: head, limit: 20).judged(by: keyring).vouched
        return vouched.max { $0.number < $1.number }
            .map { VerifiedHead(lane: lane, number: $0.number, digest: $0.digest) } ?? .beginning(of: lane)
    }

    /// A place of a lane as it is stored, proven by nothing; nil where there is no such batch.
    func storedHead(of lane: Lane, at number: Int64) async throws -> VerifiedHead? {
        guard number > 0 else { return .beginning(of: lane) }
        guard let head = try await reader.lane(lane) else { return nil }
        return try await reader.headers(of: head, from: number, through: number).first
            .map { VerifiedHead(lane: lane, number: number, digest: $0.digest) }
    }

    /// Verifies the stretch of a lane behind `head`.
    package func verify(
        since head: VerifiedHead,
        keyring: Keyring?,
        limit: StretchLimit = StretchLimit()
    ) async throws -> StretchVerdict {
        guard let lane = try await reader.lane(head.lane), lane.lastBatch >= head.number else {
            let isNew = head.number == 0
            return Self.verdict(head, isNew ? nil : .headDiffers(number: head.number), isAtEnd: isNew)
        }
        let end = try await end(of: lane, since: head, limit)
        let isAtEnd = end >= lane.lastBatch
        let signed = try await checkpoints.list(of: lane, after: head.number, through: isAtEnd ? .max : end)
        let (vouched, unknown, forged) = try signed.judged(by: keyring)
        var walk = LaneWalk(after: head, checkpoints: vouched)
        var touched = Touched()
        for batch in try await reader.batches(of: lane, from: head.number + 1, through: end) {
            guard let rows = batch.rows else {
                walk.refuse(number: batch.header.number)
                break
            }
            walk.follow(batch.header, digest: batch.digest, rows: rows)
            touched.note(rows)
        }
        var found = forged.map { LedgerDiscrepancy.checkpointForged(number: $0) }
        if found == nil { found = try await finish(&walk, lane) }
        if found == nil { found = try await stray(lane, from: head.number + 1, through: end) }
        if found == nil { found = touched.trail.discrepancy }
        if found == nil { found = try await compare(&touched, lane) }
        if found == nil { found = try await compareRefunds(of: Array(touched.takenBack), lane) }
        return StretchVerdict(
            head: found == nil ? walk.head : head,
            batches: walk.lastNumber - head.number,
            rows: walk.rows,
            accounts: touched.accounts.count,
            checkpoints: walk.checkpoints,
            unknownCheckpoints: unknown,
            isAtEnd: isAtEnd,
            discrepancy: found
        )
    }

    private static func verdict(
        _ head: VerifiedHead,
        _ discrepancy: LedgerDiscrepancy?,
        isAtEnd: Bool = false
    ) -> StretchVerdict {
        StretchVerdict(
            head: head,
            batches: 0,
            rows: 0,
            accounts: 0,
            checkpoints: 0,
            unknownCheckpoints: 0,
            isAtEnd: isAtEnd,
            discrepancy: discrepancy
        )
    }

    // MARK: - The chain

    /// The last batch of a stretch.
    private func end(of lane: LaneHead, since head: VerifiedHead, _ limit: StretchLimit) async throws -> Int64 {
        let last = head.number + limit.batches
        var rows: Int64 = 0
        for (header, _) in try await reader.headers(of: lane, from: head.number + 1, through: last) {
            rows += Int64(header.leaves)
            if rows > limit.rows { return max(header.number - 1, head.number + 1) }
        }
        return last
    }

    /// Ends the walk with the lane, or looks whether the next batch links to where it stands.
    private func finish(_ walk: inout LaneWalk, _ lane: LaneHead) async throws -> LedgerDiscrepancy? {
        let next = walk.lastNumber + 1
        if walk.discrepancy == nil, walk.lastNumber < lane.lastBatch {
            if let header = try await reader.headers(of: lane, from: next, through: next).first?.header {
                return header.previous == walk.head.digest ? nil : .linkBroken(number: next)
            }
            if let number = try await reader.nextBatch(of: lane, after: next) { walk.miss(before: number) }
        }
        walk.finish(number: lane.lastBatch, digest: lane.lastDigest)
        return walk.discrepancy
    }

    /// Rows of no batch, and transfers of the stretch that nothing decided.
    private func stray(_ lane: LaneHead, from: Int64, through: Int64) async throws -> LedgerDiscrepancy? {
        let results = try await transaction.pipeline([
            PGStatement(Self.newestRow, [.int4(lane.number), .id(lane.lane.rootID)]),
            PGStatement(Self.strayTransfer, [.int4(lane.number), .int8(from), .int8(through)]),
        ])
        if let number = results[0].first?["number"].int64, number > lane.lastBatch {
            return .beyondHead(number: number)
        }
        return results[1].first?["id"].id().map { .strayTransfer($0) }
    }

    // MARK: - What was touched

    /// What the rows of a stretch touched.
    private struct Touched {
        var trail = AccountTrail()
        var holds: Set<TransferRef> = []
        /// The transfers that were refunded or reversed.
        var takenBack: Set<TransferRef> = []
        var accounts: Set<AccountRef> = []

        mutating func note(_ rows: BatchRows) {
            for entry in rows.entries {
                trail.follow(entry)
                accounts.insert(entry.account)
            }
            for row in rows.decisions {
                guard let transfer = row.transfer else { continue }
                let id = transfer.target ?? row.decision.transferID
                let ref = TransferRef(tenantID: row.tenantID, id: id)
                switch transfer.kind {
                case .post: break
                case .hold, .capture, .release, .expire: holds.insert(ref)
                case .reverse, .refund: takenBack.insert(ref)
                }
            }
        }
    }

    /// Compares the holds, and then the accounts with those of the holds.
    private func compare(_ touched: inout Touched, _ lane: LaneHead) async throws -> LedgerDiscrepancy? {
        let holds = touched.holds
        for row in try await transaction.query(
            Self.touchedHolds,
            [.int4(lane.number), .uuids(holds.map(\.tenantID.value)), .uuids(holds.map(\.id.value))]
        ) {
            let id: TransferID = try row.need("id") { $0.id() }
            guard try !row.need("differs", \.bool) else { return .holdDiffers(id) }
            touched.accounts.insert(
                AccountRef(tenantID: try row.need("tenant_id") { $0.id() }, id: try row.need("account_id") { $0.id() })
            )
        }
        let accounts = Array(touched.accounts)
        let rows = try await transaction.query(
            Self.touchedAccounts,
            [
                .uuids(accounts.map(\.tenantID.value)), .uuids(accounts.map(\.id.value)),
                .int8Array(accounts.map { touched.trail.stretches[$0]?.first }),
            ]
        )
        for row in rows {
            if let found = try Self.discrepancy(row, touched.trail) { return found }
        }
        return nil
    }

    private static func discrepancy(_ row: PGRow, _ trail: AccountTrail) throws -> LedgerDiscrepancy? {
        let id: LedgerAccountID = try row.need("id") { $0.id() }
        let (sequence, balance) = (try row.need("sequence", \.int64), try row.need("balance", \.int64))
        let ref = AccountRef(tenantID: try row.need("tenant_id") { $0.id() }, id: id)
        if let stretch = trail.stretches[ref] {
            let before = stretch.first == 1 ? 0 : row["before"].int64
            if before != stretch.before { return .sequenceBroken(id, sequence: stretch.first) }
        }
        let after = sequence == 0 ? 0 : row["after"].int64
        if try after != balance || row.need("has_more", \.bool) { return .balanceDiffers(id) }
        if try row.need("held_differs", \.bool) { return .heldDiffers(id) }
        if try row.need("below_floor", \.bool) { return .belowFloor(id) }
        return nil
    }

    /// The highest batch that any row belongs to.
    private static let newestRow = """
        SELECT max(number) AS number FROM (
            SELECT max(batch) AS number FROM ledger_keys WHERE lane = $1
            UNION ALL SELECT max(batch) FROM ledger_transfers WHERE lane = $1
            UNION ALL SELECT max(batch) FROM ledger_entries WHERE lane = $1
            UNION ALL SELECT max(number) FROM ledger_batches WHERE tenant_id = $2 AND lane = $1
        ) AS n
        """

    private static let strayTransfer = """
        SELECT t.id FROM ledger_transfers t WHERE t.lane = $1 AND t.batch BETWEEN $2 AND $3 AND NOT EXISTS (
            SELECT FROM ledger_keys k WHERE k.lane = t.lane AND k.batch = t.batch AND k.place = t.place
                AND k.tenant_id = t.tenant_id AND k.transfer_id = t.id AND k.outcome = 'posted')
        ORDER BY t.batch, t.place, t.id LIMIT 1
        """

    private static let touchedHolds = """
        SELECT q.tenant_id, q.id, h.account_id, \(holdDiffers) IS NOT FALSE AS differs
        FROM unnest($2::uuid[], $3::uuid[]) AS q (tenant_id, id)
        LEFT JOIN ledger_holds h ON h.tenant_id = q.tenant_id AND h.id = q.id AND h.lane = $1
        \(holdTransfers)
        ORDER BY q.tenant_id, q.id
        """

    /// Accounts with the entry before a stretch and their last one, by the keys of both. The entry before is a subquery of one row: of a
    /// join the planner takes the account's key alone, and reads all that the account ever did.
    private static let touchedAccounts = """
        SELECT a.tenant_id, a.id, a.sequence, a.balance, b.balance_after AS before,
            CASE WHEN l.sequence = a.sequence THEN l.balance_after END AS after,
            coalesce(l.sequence > a.sequence, false) AS has_more,
            a.held <> h.total AS held_differs, a.floor IS NOT NULL AND a.balance - a.held < a.floor AS below_floor
        FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS q (tenant_id, id, first)
        JOIN ledger_accounts a ON a.tenant_id = q.tenant_id AND a.id = q.id
        LEFT JOIN LATERAL (
            SELECT m.balance_after FROM ledger_entries m
            WHERE m.tenant_id = a.tenant_id AND m.account_id = a.id AND m.sequence = q.first - 1 LIMIT 1
        ) AS b ON true
        LEFT JOIN LATERAL (
            SELECT m.sequence, m.balance_after FROM ledger_entries m
            WHERE m.tenant_id = a.tenant_id AND m.account_id = a.id ORDER BY m.sequence DESC LIMIT 1
        ) AS l ON true
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(o.amount - o.captured - o.released), 0) AS total FROM ledger_holds o
            WHERE o.tenant_id = a.tenant_id AND o.account_id = a.id AND o.captured + o.released < o.amount
        ) AS h
        ORDER BY a.tenant_id, a.id
        """
}
