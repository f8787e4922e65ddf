import Crypto
package import Domain

/// A batch as its lane's chain knows it. Its digest covers every row of the batch, and through `previous` every batch before.
package struct BatchHeader: Hashable, Sendable {
    /// What stands before a lane's first batch.
    package static let genesis = [UInt8](repeating: 0, count: 32)

    package let lane: Lane
    /// Counts the lane's batches from 1 without gaps.
    package let number: Int64
    /// Of the writer that wrote it; never falls along the lane.
    package let epoch: Int64
    package let recordedAt: Timestamp
    /// How many rows the tree has: decisions and entries.
    package let leaves: Int32
    /// The root of the tree over the rows.
    package let root: [UInt8]
    /// The digest of the batch before.
    package let previous: [UInt8]

    package init(
        lane: Lane,
        number: Int64,
        epoch: Int64,
        recordedAt: Timestamp,
        leaves: Int32,
        root: [UInt8],
        previous: [UInt8]
    ) {
        self.lane = lane
        self.number = number
        self.epoch = epoch
        self.recordedAt = recordedAt
        self.leaves = leaves
        self.root = root
        self.previous = previous
    }

    /// SHA-256 of all of the above.
    package var digest: [UInt8] { Digest.sha256(LedgerEncoding.batch(self)) }
}

/// The rows of a batch in the order of their tree: each decision, then the entries of its transfer.
package struct BatchRows: Sendable {
    package let decisions: [DecisionRow]
    package let entries: [EntryRow]

    /// Rows in any order.
    package init(decisions: [DecisionRow], entries: [EntryRow]) {
        self.decisions = decisions.sorted { $0.decision.at < $1.decision.at }
        self.entries = entries.sorted { ($0.at.place, $0.leg) < ($1.at.place, $1.leg) }
    }

    /// The rows' octets in the tree's order. Entries of no decision come last: no batch is written with such.
    package var leaves: [[UInt8]] {
        var leaves: [[UInt8]] = []
        leaves.reserveCapacity(decisions.count + entries.count)
        var next = entries.startIndex
        for decision in decisions {
            leaves.append(LedgerEncoding.decision(decision))
            while next < entries.endIndex, entries[next].at.place == decision.decision.at.place {
                leaves.append(LedgerEncoding.entry(entries[next]))
                next += 1
            }
        }
        return leaves + entries[next...].map(LedgerEncoding.entry)
    }

    /// The place of an entry among the leaves; nil when it is none of the rows.
    package func leafIndex(place: Int32, leg: Int16) -> Int? {
        guard let entry = entries.firstIndex(where: { $0.at.place == place && $0.leg == leg }) else { return nil }
        return entry + decisions.count { $0.decision.at.place <= place }
    }
}

extension LedgerBatch {
    package var rows: BatchRows { BatchRows(decisions: decisions, entries: entries) }

    /// The batch's header behind the batch whose digest is `previous`. Only for a batch that decided something.
    package func header(_ lane: Lane, epoch: Int64, previous: [UInt8]) -> BatchHeader {
        let leaves = rows.leaves
        return BatchHeader(
            lane: lane,
            number: number,
            epoch: epoch,
            recordedAt: recordedAt,
            leaves: Int32(leaves.count),
            root: MerkleTree(leaves).root,
            previous: previous
        )
    }
}

extension TransferCommand {
    /// SHA-256 of what makes it the same command when it comes again: everything but its id and its key.
    package var fingerprint: [UInt8] { origin ?? Digest.sha256(LedgerEncoding.command(self)) }
}
