import Domain
package import Ledger
import Postgres

/// Where a lane stands.
package struct LaneHead: Hashable, Sendable {
    package let lane: Lane
    /// What rows name the lane by.
    let number: Int32
    /// The last batch and its digest.
    package let lastBatch: Int64
    package let lastDigest: [UInt8]
}

/// Reads lanes, their batches and the rows of those, as nexora_billing.
struct LedgerChainReader {
    let transaction: ScopedTransaction

    /// A batch as it is stored. Rows that cannot be read are nil.
    struct StoredBatch {
        let header: BatchHeader
        let digest: [UInt8]
        let rows: BatchRows?
    }

    /// Every lane, by operator and currency.
    func lanes() async throws -> [LaneHead] {
        try await transaction.query("\(Self.lanes) ORDER BY l.tenant_id, l.currency").map(Self.head)
    }

    func lane(_ lane: Lane) async throws -> LaneHead? {
        try await transaction.query(
            "\(Self.lanes) WHERE l.tenant_id = $1 AND l.currency = $2",
            [.id(lane.rootID), .text(lane.currency.code)]
        ).first.map(Self.head)
    }

    func lane(_ number: Int32) async throws -> LaneHead? {
        try await transaction.query("\(Self.lanes) WHERE l.lane = $1", [.int4(number)]).first.map(Self.head)
    }

    func headers(of head: LaneHead, from: Int64, through: Int64) async throws -> [(
        header: BatchHeader, digest: [UInt8]
    )] {
        try await transaction.query(
            """
            SELECT number, epoch, recorded_at, leaves, root, previous, digest FROM ledger_batches
            WHERE tenant_id = $1 AND lane = $2 AND number BETWEEN $3 AND $4 ORDER BY number
            """,
            [.id(head.lane.rootID), .int4(head.number), .int8(from), .int8(through)]
        ).map { row in
            let header = BatchHeader(
                lane: head.lane,
                number: try row.need("number", \.int64),
                epoch: try row.need("epoch", \.int64),
                recordedAt: try row.need("recorded_at", \.time),
                leaves: try row.need("leaves", \.int32),
                root: try row.need("root", \.bytes),
                previous: try row.need("previous", \.bytes)
            )
            return (header, try row.need("digest", \.bytes))
        }
    }

    /// The number of the first batch behind that one, nil behind the last.
    func nextBatch(of head: LaneHead, after number: Int64) async throws -> Int64? {
        try await transaction.query(
            "SELECT min(number) AS number FROM ledger_batches WHERE tenant_id = $1 AND lane = $2 AND number > $3",
            [.id(head.lane.rootID), .int4(head.number), .int8(number)]
        ).first?["number"].int64
    }

    /// The stored batches of a stretch with their rows.
    func batches(of head: LaneHead, from: Int64, through: Int64) async throws -> [StoredBatch] {
        let headers = try await headers(of: head, from: from, through: through)
        let rows = try await rows(of: head, from: from, through: through)
        return headers.map {
            StoredBatch(header: $0.header, digest: $0.digest, rows: rows[$0.header.number].flatMap { $0.value })
        }
    }

    /// What was read of one batch.
    private struct Reading {
        var decisions: [DecisionRow] = []
        var entries: [EntryRow] = []
        var isWhole = true

        /// Nil where a row could not be read, or there is none.
        var value: BatchRows? {
            isWhole && !decisions.isEmpty ? BatchRows(decisions: decisions, entries: entries) : nil
        }
    }

    /// The rows of one batch, nil where they cannot be read.
    func rows(of head: LaneHead, batch: Int64) async throws -> BatchRows? {
        try await rows(of: head, from: batch, through: batch)[batch].flatMap { $0.value }
    }

    private func rows(of head: LaneHead, from: Int64, through: Int64) async throws -> [Int64: Reading] {
        let parameters: [PGValue] = [.int4(head.number), .int8(from), .int8(through)]
        let results = try await transaction.pipeline([
            PGStatement(Self.decisions, parameters), PGStatement(Self.entries, parameters),
        ])
        var found: [Int64: Reading] = [:]
        for row in results[0] {
            let batch = try row.need("batch", \.int64)
            // What cannot even be read is not what was written.
            if let decision = try? Self.decision(row) {
                found[batch, default: Reading()].decisions.append(decision)
            } else {
                found[batch, default: Reading()].isWhole = false
            }
        }
        for row in results[1] {
            let batch = try row.need("batch", \.int64)
            if let entry = try? LedgerColumns.entry(row) {
                found[batch, default: Reading()].entries.append(entry)
            } else {
                found[batch, default: Reading()].isWhole = false
            }
        }
        return found
    }

    private static func head(_ row: PGRow) throws -> LaneHead {
        LaneHead(
            lane: Lane(
                rootID: try row.need("tenant_id") { $0.id() },
                currency: try LedgerColumns.currency(row, "currency")
            ),
            number: try row.need("lane", \.int32),
            lastBatch: try row.need("last_batch", \.int64),
            lastDigest: try row.need("last_digest", \.bytes)
        )
    }

    private static func decision(_ row: PGRow) throws -> DecisionRow {
        DecisionRow(
            tenantID: try row.need("tenant_id") { $0.id() },
            key: try LedgerColumns.key(row),
            fingerprint: try row.need("fingerprint", \.bytes),
            decision: try LedgerColumns.decision(row),
            transfer: row["kind"].isNull ? nil : try LedgerColumns.transfer(row)
        )
    }

    private static let lanes =
        "SELECT l.tenant_id, l.currency, l.lane, l.last_batch, l.last_digest FROM ledger_lanes l"

    /// A refusal has no transfer, even where it names the id of one.
    private static let decisions = """
        SELECT k.batch, k.place, k.tenant_id, k.key, k.fingerprint, k.transfer_id, k.outcome, \(LedgerColumns.transfer)
        FROM ledger_keys k
        LEFT JOIN ledger_transfers t ON t.tenant_id = k.tenant_id AND t.id = k.transfer_id AND t.lane = k.lane
            AND t.batch = k.batch AND t.place = k.place
        \(LedgerColumns.holdOfTransfer)
        WHERE k.lane = $1 AND k.batch BETWEEN $2 AND $3 ORDER BY k.batch, k.place
        """

    private static let entries = """
        SELECT \(LedgerColumns.entry) FROM ledger_entries e
        LEFT JOIN ledger_accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
        WHERE e.lane = $1 AND e.batch BETWEEN $2 AND $3 ORDER BY e.batch, e.place, e.leg
        """
}
