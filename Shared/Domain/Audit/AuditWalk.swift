/// The first thing that is wrong with a chain.
package enum AuditFlaw: Hashable, Sendable, CustomStringConvertible {
    /// The entry is not what its hash was made of.
    case contentChanged(number: Int64)
    /// The entry's link does not follow from the one before: it, or its place or time, was changed.
    case linkBroken(number: Int64)
    /// Entries are missing in between.
    case missing(from: Int64, through: Int64)
    /// The number stands there twice, or behind a greater one.
    case repeated(number: Int64)
    /// The chain begins later than it may: entries were taken from its beginning.
    case beginningMissing(first: Int64)
    /// The chain ends before its head: the last entries were taken away.
    case endMissing(last: Int64, head: Int64)
    /// The head's hash is not that of the last entry, or entries stand behind it.
    case headDiffers(number: Int64)
    /// A checkpoint vouches for another entry than the one that stands there.
    case checkpointContradicts(number: Int64)
    /// A checkpoint's signature is not the installation's.
    case checkpointForged(number: Int64)
    /// A checkpoint vouches for an entry behind the end: the last entries were taken away.
    case checkpointBeyondEnd(number: Int64, last: Int64)

    /// The number of the first entry that cannot be trusted.
    package var number: Int64 {
        switch self {
        case .contentChanged(let number), .linkBroken(let number), .repeated(let number), .headDiffers(let number),
            .checkpointContradicts(let number), .checkpointForged(let number):
            number
        case .missing(let from, _): from
        case .beginningMissing: 1
        case .endMissing(let last, _), .checkpointBeyondEnd(_, let last): last + 1
        }
    }

    /// One sentence for people.
    package var description: String {
        switch self {
        case .contentChanged(let number): "entry \(number) was changed"
        case .linkBroken(let number):
            "entry \(number) does not follow from the one before it: it was changed, inserted or moved"
        case .missing(let from, let through): "entries \(from) to \(through) are missing"
        case .repeated(let number): "entry \(number) is there twice or out of its order"
        case .beginningMissing(let first): "the chain begins at entry \(first) and nothing vouches for what was before"
        case .endMissing(let last, let head):
            "the chain ends at entry \(last), its head is \(head): the last were removed"
        case .headDiffers(let number): "the chain's head does not fit its last entry \(number)"
        case .checkpointContradicts(let number): "a signed checkpoint saw another entry \(number)"
        case .checkpointForged(let number): "the checkpoint of entry \(number) was not signed by this installation"
        case .checkpointBeyondEnd(let number, let last):
            "a signed checkpoint saw entry \(number), the chain ends at \(last): the last were removed"
        }
    }
}

/// Follows one tenant's chain from its beginning, entry by entry, and stops at the first flaw. Memory: the checkpoints, and the
/// hashes of erased entries between them and their erasure.
package struct AuditWalk: Sendable {
    private let chain: AuditChain
    private var pending: ArraySlice<AuditCheckpoint>
    private let beginning: AuditHead
    private var last: AuditHead?
    /// What is left of entries whose values were erased, by number, until the entry that vouches for it comes by.
    private var erased: [Int64: [UInt8]] = [:]
    /// How many entries were followed.
    package private(set) var entries: Int64 = 0
    /// The number of the first of them.
    package private(set) var first: Int64?
    /// How many checkpoints fitted.
    package private(set) var checkpoints = 0
    /// The newest checkpoint that fitted.
    package private(set) var vouchedThrough: Int64 = 0
    package private(set) var flaw: AuditFlaw?

    /// A walk with the checkpoints whose signatures hold. `beginning` is what retention left of the chain's first part.
    package init(chain: AuditChain, checkpoints: [AuditCheckpoint], beginning: AuditHead = .empty) {
        self.chain = chain
        self.beginning = beginning
        // Those of what retention took away: whoever made `beginning` has looked at them.
        pending =
            checkpoints.filter { $0.number > beginning.number }
            .sorted { ($0.number, $0.signedAt) < ($1.number, $1.signedAt) }[...]
    }

    /// The number of the last entry that was followed.
    package var lastNumber: Int64 { (last ?? beginning).number }

    /// Takes the next entry of the chain. After a flaw nothing more is looked at.
    package mutating func follow(_ record: AuditRecord) {
        guard flaw == nil else { return }
        let before = last ?? beginning
        if record.number <= before.number {
            flaw = .repeated(number: record.number)
        } else if record.number > before.number + 1 {
            flaw =
                last == nil && beginning == .empty
                ? .beginningMissing(first: record.number)
                : .missing(from: before.number + 1, through: record.number - 1)
        } else if !record.isErased, chain.content(of: record.entry) != record.contentHash {
            flaw = .contentChanged(number: record.number)
        } else if chain.link(
            previous: before.hash,
            number: record.number,
            recordedAt: record.recordedAt,
            content: record.contentHash
        ) != record.hash {
            flaw = .linkBroken(number: record.number)
        } else {
            accept(record)
        }
    }

    /// Notes that the entry of that number cannot be read at all.
    package mutating func refuse(number: Int64) {
        flaw = flaw ?? .contentChanged(number: number)
    }

    /// Ends the walk: `head` is where the database says that the chain ends.
    package mutating func finish(head: AuditHead) {
        guard flaw == nil else { return }
        let end = last ?? beginning
        if let unvouched = erased.keys.min() {
            flaw = .contentChanged(number: unvouched)
        } else if let beyond = pending.first {
            flaw = .checkpointBeyondEnd(number: beyond.number, last: end.number)
        } else if end.number < head.number {
            flaw = .endMissing(last: end.number, head: head.number)
        } else if end != head {
            flaw = .headDiffers(number: end.number)
        }
    }

    private mutating func accept(_ record: AuditRecord) {
        first = first ?? record.number
        entries += 1
        last = AuditHead(number: record.number, hash: record.hash)
        if record.isErased {
            erased[record.number] = chain.content(of: record.entry)
        } else if let flaw = vouch(record.entry) {
            self.flaw = flaw
            return
        }
        while let checkpoint = pending.first, checkpoint.number <= record.number, flaw == nil {
            pending.removeFirst()
            guard checkpoint.number == record.number, checkpoint.hash == record.hash,
                checkpoint.recordedAt == record.recordedAt
            else {
                flaw = .checkpointContradicts(number: checkpoint.number)
                return
            }
            checkpoints += 1
            vouchedThrough = record.number
        }
    }

    /// Takes an erasure's word for what it left of earlier entries; those that retention took away, or that came back whole, need
    /// none. The first that is not what it left is the flaw.
    private mutating func vouch(_ entry: AuditEntry) -> AuditFlaw? {
        guard !erased.isEmpty else { return nil }
        for (number, left) in AuditErasure.vouched(by: entry).sorted(by: { $0.key < $1.key }) {
            guard let found = erased.removeValue(forKey: number) else { continue }
            if found != left { return .contentChanged(number: number) }
        }
        return nil
    }
}
