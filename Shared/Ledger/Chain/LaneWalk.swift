import Domain

/// The first thing that is wrong with a ledger.
package enum LedgerDiscrepancy: Hashable, Sendable, CustomStringConvertible {
    /// A batch is missing before that one.
    case batchMissing(number: Int64)
    /// The batch's rows or header are not what its digest was made of.
    case batchAltered(number: Int64)
    /// The batch does not follow from the one before.
    case linkBroken(number: Int64)
    /// The lane's head is not its last batch.
    case headDiffers(number: Int64)
    /// Rows of a batch that was never written.
    case beyondHead(number: Int64)
    /// A transfer that no decision made.
    case strayTransfer(TransferID)
    case unbalanced(TransferID)
    /// A checkpoint that the installation's key did not sign.
    case checkpointForged(number: Int64)
    /// A checkpoint vouches for another batch of that number.
    case checkpointContradicts(number: Int64)
    /// A checkpoint vouches for a batch behind the end: the last were taken away.
    case checkpointBeyondEnd(number: Int64)
    /// From that entry on the account's numbers have a gap, or a balance does not follow from the one before.
    case sequenceBroken(LedgerAccountID, sequence: Int64)
    /// The stored balance is not the sum of the account's entries, or their number is not stored.
    case balanceDiffers(LedgerAccountID)
    /// What is held of the account is not what its holds lock.
    case heldDiffers(LedgerAccountID)
    case belowFloor(LedgerAccountID)
    /// What was captured or released of a hold is not what its transfers did.
    case holdDiffers(TransferID)
    /// What refunds took back of a transfer is not what it can give: more than its total, from others, or of a reversed one.
    case refundDiffers(TransferID)
    /// The balances of the lane do not sum to zero.
    case sumNotZero

    /// One sentence for people.
    package var description: String {
        switch self {
        case .batchMissing(let number): "a batch is missing before batch \(number)"
        case .batchAltered(let number): "batch \(number) is not as it was written"
        case .linkBroken(let number): "batch \(number) does not follow from the one before it"
        case .headDiffers(let number): "the lane's head is not its last batch, \(number)"
        case .beyondHead(let number): "there are rows of batch \(number), which was never written"
        case .strayTransfer(let id): "nothing decided transfer \(id)"
        case .unbalanced(let id): "transfer \(id) does not sum to zero"
        case .checkpointForged(let number): "the checkpoint of batch \(number) was not signed by this installation"
        case .checkpointContradicts(let number): "a signed checkpoint saw another batch \(number)"
        case .checkpointBeyondEnd(let number): "a signed checkpoint saw batch \(number), which is gone"
        case .sequenceBroken(let id, let sequence):
            "entry \(sequence) of account \(id) does not follow from the ones before"
        case .balanceDiffers(let id): "the balance of account \(id) is not the sum of its entries"
        case .heldDiffers(let id): "what is held of account \(id) is not what its holds lock"
        case .belowFloor(let id): "account \(id) is below its floor"
        case .holdDiffers(let id): "hold \(id) is not what its transfers made of it"
        case .refundDiffers(let id): "what was refunded of transfer \(id) is not what it can give back"
        case .sumNotZero: "the lane's balances do not sum to zero"
        }
    }
}

/// A place of a lane up to which its chain is known to be whole.
package struct VerifiedHead: Hashable, Sendable {
    package let lane: Lane
    package let number: Int64
    package let digest: [UInt8]

    package init(lane: Lane, number: Int64, digest: [UInt8]) {
        self.lane = lane
        self.number = number
        self.digest = digest
    }

    /// Before a lane's first batch: there is nothing to doubt.
    package static func beginning(of lane: Lane) -> VerifiedHead {
        VerifiedHead(lane: lane, number: 0, digest: BatchHeader.genesis)
    }
}

/// Follows a lane's chain from its first batch, or from a verified place, batch by batch, and stops at the first discrepancy.
/// Memory: the checkpoints.
package struct LaneWalk: Sendable {
    private let lane: Lane
    private var pending: ArraySlice<LedgerCheckpoint>
    private var last: (number: Int64, digest: [UInt8])
    /// How many rows were followed.
    package private(set) var rows: Int64 = 0
    /// How many checkpoints fitted, and the newest batch that one vouches for.
    package private(set) var checkpoints = 0
    package private(set) var vouchedThrough: Int64 = 0
    package private(set) var discrepancy: LedgerDiscrepancy?

    /// A walk from the first batch, with the checkpoints whose signatures hold.
    package init(_ lane: Lane, checkpoints: [LedgerCheckpoint]) {
        self.init(after: .beginning(of: lane), checkpoints: checkpoints)
    }

    /// A walk from behind a place. Of the checkpoints those up to that place are passed over.
    package init(after head: VerifiedHead, checkpoints: [LedgerCheckpoint]) {
        lane = head.lane
        last = (head.number, head.digest)
        pending =
            checkpoints.filter { $0.lane == head.lane && $0.number > head.number }
            .sorted { ($0.number, $0.signedAt) < ($1.number, $1.signedAt) }[...]
    }

    /// The number of the last batch that was followed.
    package var lastNumber: Int64 { last.number }

    /// Where the walk stands; with no discrepancy so far, all before it is whole.
    package var head: VerifiedHead { VerifiedHead(lane: lane, number: last.number, digest: last.digest) }

    /// Takes the next batch, as it is stored: its rows, its header and the digest that stands with it. After a discrepancy nothing
    /// more is looked at.
    package mutating func follow(_ header: BatchHeader, digest: [UInt8], rows: BatchRows) {
        guard discrepancy == nil else { return }
        let leaves = rows.leaves
        if header.number != last.number + 1 {
            discrepancy =
                header.number > last.number
                ? .batchMissing(number: header.number) : .linkBroken(number: header.number)
        } else if leaves.isEmpty || leaves.count != Int(header.leaves) || MerkleTree(leaves).root != header.root
            || header.digest != digest || !Self.isWhole(rows, header)
        {
            discrepancy = .batchAltered(number: header.number)
        } else if header.previous != last.digest || header.lane != lane {
            discrepancy = .linkBroken(number: header.number)
        } else if let transfer = Self.unbalanced(rows) {
            discrepancy = .unbalanced(transfer)
        } else {
            accept(header.number, digest, rows: leaves.count)
        }
    }

    /// Notes that the next batch that there is has that number.
    package mutating func miss(before number: Int64) {
        discrepancy = discrepancy ?? .batchMissing(number: number)
    }

    /// Notes that a batch's rows cannot be read at all.
    package mutating func refuse(number: Int64) {
        discrepancy = discrepancy ?? .batchAltered(number: number)
    }

    /// Ends the walk: `number` and `digest` are where the lane says that its chain ends.
    package mutating func finish(number: Int64, digest: [UInt8]) {
        guard discrepancy == nil else { return }
        if let beyond = pending.first {
            discrepancy = .checkpointBeyondEnd(number: beyond.number)
        } else if last.number != number || last.digest != digest {
            discrepancy = .headDiffers(number: last.number)
        }
    }

    /// Decisions from place 0 without gaps, and rows of this batch and time alone.
    private static func isWhole(_ rows: BatchRows, _ header: BatchHeader) -> Bool {
        rows.decisions.enumerated().allSatisfy { place, row in
            row.decision.at == LanePlace(batch: header.number, place: Int32(place))
                && row.transfer.map { $0.recordedAt == header.recordedAt } ?? !row.decision.verdict.isPosted
        }
            && rows.entries.allSatisfy {
                $0.at.batch == header.number && $0.recordedAt == header.recordedAt
                    && $0.amount.currency == header.lane.currency
            }
    }

    private static func unbalanced(_ rows: BatchRows) -> TransferID? {
        var sums: [TransferRef: Int128] = [:]
        for entry in rows.entries { sums[entry.transfer, default: 0] += Int128(entry.amount.tenThousandths) }
        return sums.filter { $0.value != 0 }.keys.map(\.id).min()
    }

    private mutating func accept(_ number: Int64, _ digest: [UInt8], rows: Int) {
        last = (number, digest)
        self.rows += Int64(rows)
        while let checkpoint = pending.first, checkpoint.number <= number {
            pending.removeFirst()
            guard checkpoint.number == number, checkpoint.digest == digest else {
                discrepancy = .checkpointContradicts(number: checkpoint.number)
                return
            }
            checkpoints += 1
            vouchedThrough = number
        }
    }
}
