/// What the stream acknowledged, kept to notice that it does not hold it any more: a pure state machine.
///
/// An older store that was put back gives numbers out a second time. The stream's last number tells nothing then: by the
/// time it is asked, newer records may have carried it past what it was. Two things tell: a number that is given to one
/// record although it was given to another before, and a message that is not what was acknowledged under its number.
struct StreamMemory {
    /// A message as the stream acknowledged it.
    struct Mark: Equatable, Sendable {
        var sequence: UInt64
        /// Its Nats-Msg-Id.
        var id: String
    }

    /// The acknowledged message with the highest number.
    private(set) var newest: Mark?
    /// What the next look has to find in the stream.
    private var kept: ArraySlice<Mark> = []
    /// Of more the oldest go: what a store loses, it loses at its end.
    private static let capacity = 16

    /// The stream stored a record under this number, now or, where `duplicate`, earlier. False: the number was given
    /// away before, so what the stream held from there on is gone.
    mutating func acknowledged(_ mark: Mark, duplicate: Bool) -> Bool {
        guard let newest, mark.sequence <= newest.sequence else {
            newest = mark
            return true
        }
        return duplicate || mark == newest
    }

    /// Keeps the newest message for the next look: what comes behind it may be acknowledged by another store.
    mutating func keepNewest() {
        guard let newest, kept.last != newest else { return }
        kept = (kept + [newest]).suffix(Self.capacity)
    }

    /// Keeps marks that could not be looked for.
    mutating func keep(_ marks: some Sequence<Mark>) {
        kept = (Array(marks) + kept).suffix(Self.capacity)
    }

    /// What to look for now, and from then on the newest message.
    mutating func takeKept() -> [Mark] {
        let marks = Array(kept)
        kept = newest.map { [$0] } ?? []
        return marks
    }

    /// The stream is another one: nothing that it acknowledged counts.
    mutating func forget() {
        newest = nil
        kept = []
    }
}
