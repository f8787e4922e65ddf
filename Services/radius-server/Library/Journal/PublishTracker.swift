/// Which messages are on their way to JetStream and how far everything has arrived: a pure state machine.
///
/// Records are handed over in rounds, in journal order; a round is a stretch of the journal as one or more messages, which
/// are acknowledged in any order. `floor` is the place up to which everything is acknowledged. One unknown or refused
/// answer makes it stop handing over; when nothing is outstanding any more it begins again at the floor: repeats are
/// harmless, gaps are not.
struct PublishTracker {
    private struct Round {
        var after: JournalPosition
        var remaining: Int
    }

    /// Everything before this place is acknowledged.
    private(set) var floor: JournalPosition
    /// Messages without an answer.
    private(set) var outstanding = 0
    private(set) var mustRewind = false
    private var rounds: [Round] = []
    private var head = 0
    /// Number of the first round kept; grows for ever, so that a token of an earlier attempt never means a later round.
    private var base: UInt64 = 0

    init(floor: JournalPosition) { self.floor = floor }

    /// Begins a round of so many messages, which ends at `after`. Returns the token that all its messages carry.
    mutating func begin(messages: Int, after: JournalPosition) -> UInt64 {
        rounds.append(Round(after: after, remaining: messages))
        outstanding += messages
        return base + UInt64(rounds.count - 1)
    }

    /// One message of the round was answered; `arrived` is false when it is unknown whether it did. Returns false for an
    /// answer to an attempt that was given up.
    @discardableResult
    mutating func settle(_ token: UInt64, arrived: Bool) -> Bool {
        guard token >= base + UInt64(head), token - base < UInt64(rounds.count) else { return false }
        let index = Int(token - base)
        outstanding -= 1
        guard arrived else {
            mustRewind = true
            return true
        }
        rounds[index].remaining -= 1
        while head < rounds.count, rounds[head].remaining == 0 {
            floor = rounds[head].after
            head += 1
        }
        if head >= 256 {
            rounds.removeFirst(head)
            base += UInt64(head)
            head = 0
        }
        return true
    }

    /// Begins again at the floor or, if given, at an earlier place; answers still to come are ignored.
    mutating func rewind(to place: JournalPosition? = nil) {
        if let place { floor = min(floor, place) }
        base += UInt64(rounds.count)
        rounds.removeAll(keepingCapacity: true)
        head = 0
        outstanding = 0
        mustRewind = false
    }
}
