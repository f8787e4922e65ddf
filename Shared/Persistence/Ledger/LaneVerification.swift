package import Domain
package import Ledger
import Postgres

/// What is known of a lane: what stands in it, what was proved of that and when, how far signatures reach, and its figures.
package struct LaneVerification: Hashable, Sendable {
    /// One word for all of it.
    package enum State: String, Sendable, CaseIterable {
        /// Proved to its end when it was last looked at.
        case whole
        /// Nothing is wrong so far; its newest batches were not read again yet.
        case behind
        /// Something is wrong.
        case wrong
        /// Nobody has looked for a minute.
        case unknown
    }

    /// What signed checkpoints vouch for.
    package struct Signed: Hashable, Sendable {
        /// The last batch that one vouches for, 0 without any, and when that was signed.
        package let through: Int64
        package let at: Timestamp?
        /// Since when there are batches behind it; nil where there are none.
        package let missingSince: Timestamp?
    }

    /// What was read again and proved.
    package struct Proved: Hashable, Sendable {
        /// The last batch up to which the lane was found whole, whether it ended there, and when that was found; nil before.
        package let through: Int64
        package let isAtEnd: Bool
        package let checkedAt: Timestamp?
        /// In all, since the lane's first check.
        package let batches: Int64
        package let rows: Int64
        /// When a stretch from anywhere, and when all of it, was last found whole.
        package let sampledAt: Timestamp?
        package let provenAt: Timestamp?
        /// The first thing that is wrong, and when it was found.
        package let discrepancy: String?
        package let foundAt: Timestamp?

        package init(
            through: Int64,
            isAtEnd: Bool,
            checkedAt: Timestamp?,
            batches: Int64 = 0,
            rows: Int64 = 0,
            sampledAt: Timestamp? = nil,
            provenAt: Timestamp? = nil,
            discrepancy: String? = nil,
            foundAt: Timestamp? = nil
        ) {
            self.through = through
            self.isAtEnd = isAtEnd
            self.checkedAt = checkedAt
            self.batches = batches
            self.rows = rows
            self.sampledAt = sampledAt
            self.provenAt = provenAt
            self.discrepancy = discrepancy
            self.foundAt = foundAt
        }
    }

    /// Its accounts as last read, in ten-thousandths.
    package struct Figures: Hashable, Sendable {
        package let accounts: Int64
        /// Anything but zero is an error in the books.
        package let sum: Int128
        package let held: Int128
        package let at: Timestamp
    }

    /// After this without a check nothing is known.
    package static let patience = Duration.seconds(60)

    package let lane: Lane
    /// How many batches it has, and when the last was recorded; nil before the first.
    package let batches: Int64
    package let recordedAt: Timestamp?
    package let signed: Signed
    package let proved: Proved
    /// Nil before they were read once.
    package let figures: Figures?
    /// The clearing accounts: a JSON list of objects of gateway, balance and unsettled_since.
    package let clearing: String

    /// What all this comes to at an instant.
    package func state(at now: Timestamp) -> State {
        if proved.discrepancy != nil || (figures?.sum ?? 0) != 0 { return .wrong }
        guard let checked = proved.checkedAt, checked + Self.patience > now else { return .unknown }
        return proved.isAtEnd ? .whole : .behind
    }

    /// What is known of a lane that nothing signed; with the sum of its accounts where they were read.
    package init(lane: Lane, batches: Int64, proved: Proved, sum: Int128? = nil) {
        self.lane = lane
        self.batches = batches
        self.proved = proved
        recordedAt = proved.checkedAt
        signed = Signed(through: 0, at: nil, missingSince: nil)
        figures = sum.map { Figures(accounts: 0, sum: $0, held: 0, at: proved.checkedAt ?? .epoch) }
        clearing = "[]"
    }

    init(_ row: PGRow) throws {
        lane = Lane(
            rootID: try row.need("tenant_id") { $0.id() },
            currency: try LedgerColumns.currency(row, "currency")
        )
        batches = try row.need("last_batch", \.int64)
        recordedAt = batches > 0 ? try row.need("last_recorded_at", \.time) : nil
        signed = Signed(
            through: row["checkpoint"].int64 ?? 0,
            at: row["signed_at"].time,
            missingSince: row["unsigned_since"].time
        )
        proved = Proved(
            through: row["verified_through"].int64 ?? 0,
            isAtEnd: row["is_at_end"].bool ?? false,
            checkedAt: row["checked_at"].time,
            batches: row["batches"].int64 ?? 0,
            rows: row["rows"].int64 ?? 0,
            sampledAt: row["sampled_at"].time,
            provenAt: row["proven_at"].time,
            discrepancy: row["discrepancy"].text,
            foundAt: row["found_at"].time
        )
        if let at = row["figured_at"].time {
            func number(_ cell: PGCell) -> Int128? { cell.text.flatMap { Int128($0) } }
            figures = Figures(
                accounts: try row.need("accounts", \.int64),
                sum: try row.need("balance_sum", number),
                held: try row.need("held", number),
                at: at
            )
        } else {
            figures = nil
        }
        clearing = row["clearing"].text ?? "[]"
    }
}
