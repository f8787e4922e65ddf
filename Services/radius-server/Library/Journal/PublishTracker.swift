/// Which records are on their way to JetStream and how far everything has arrived: a pure state machine.
///
/// Records are handed over in journal order and acknowledged in any. `floor` is the place up to which all are
/// acknowledged. One unknown or refused answer makes it stop handing over; when nothing is outstanding any more it begins
/// again at the floor: repeats are harmless, gaps are not.
struct PublishTracker {
    private struct Entry {
        var after: JournalPosition
        var sequence: UInt64
        var acknowledged: Bool
    }

    /// Everything before this place is acknowledged.
    private(set) var floor: JournalPosition
    private(set) var outstanding = 0
    private(set) var mustRewind = false
    /// Part of every token, so that an answer to an earlier attempt is not taken for this one's.
    private(set) var epoch: UInt32 = 0
    private var entries: [Entry] = []
    private var head = 0
    private var base: UInt32 = 0
    /// Acknowledged since the last `takeAcknowledged`.
    private var acknowledged = 0

    init(floor: JournalPosition) { self.floor = floor }

    /// The token for the next record, which ends at `after`.
    mutating func handOver(_ sequence: UInt64, after: JournalPosition) -> UInt64 {
        let number = base &+ UInt32(entries.count)
        entries.append(Entry(after: after, sequence: sequence, acknowledged: false))
        outstanding += 1
        return UInt64(epoch) << 32 | UInt64(number)
    }

    /// The last token was not accepted after all.
    mutating func takeBack() {
        entries.removeLast()
        outstanding -= 1
    }

    /// An answer came; `arrived` is false when it is unknown whether the record did. Returns the record's sequence when
    /// it did.
    @discardableResult
    mutating func settle(_ token: UInt64, arrived: Bool) -> UInt64? {
        guard UInt32(truncatingIfNeeded: token >> 32) == epoch else { return nil }
        let index = Int(UInt32(truncatingIfNeeded: token) &- base)
        guard index >= head, index < entries.count, !entries[index].acknowledged else { return nil }
        outstanding -= 1
        guard arrived else {
            mustRewind = true
            return nil
        }
        let sequence = entries[index].sequence
        entries[index].acknowledged = true
        acknowledged += 1
        while head < entries.count, entries[head].acknowledged {
            floor = entries[head].after
            head += 1
        }
        if head >= 4_096 {
            entries.removeFirst(head)
            base &+= UInt32(head)
            head = 0
        }
        return sequence
    }

    /// Begins again at the floor or, if given, at an earlier place; answers still to come are ignored.
    mutating func rewind(to place: JournalPosition? = nil) {
        if let place { floor = min(floor, place) }
        epoch &+= 1
        entries.removeAll(keepingCapacity: true)
        head = 0
        base = 0
        outstanding = 0
        mustRewind = false
    }

    /// How many were acknowledged since the last call.
    mutating func takeAcknowledged() -> Int {
        defer { acknowledged = 0 }
        return acknowledged
    }
}
