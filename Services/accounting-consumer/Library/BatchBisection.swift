/// Finds the records that fail for their own sake among a batch, as a pure machine: the driver commits the part that
/// ``next()`` names and says what became of it.
///
/// A part that its data made fail is halved until the record stands alone, so that all others commit; n bad records among
/// m cost about n log2 m extra transactions. An outage or a conflict blames nobody: the same part comes again.
struct BatchBisection {
    /// What became of a part.
    enum Outcome {
        /// In the database.
        case committed
        /// The servers or a rival, not the data: the same part again.
        case unlucky
        /// Too much for the server at once, though no record is at fault.
        case tooLarge
        /// The data.
        case refused
    }

    /// What the driver must do about a part that did not commit.
    enum Verdict: Equatable {
        /// Ask ``next()``; when `waiting`, after a pause.
        case proceed(waiting: Bool)
        /// This record alone was refused: the one at this index of the batch.
        case blame(Int)
    }

    /// Parts still to commit, the next one last, as index ranges of the batch.
    private var parts: [Range<Int>]

    /// Records 0 ..< `count` in parts of at most `limit`.
    init(count: Int, limit: Int = .max) {
        parts = stride(from: 0, to: count, by: limit).map { $0..<$0 + min(limit, count - $0) }.reversed()
    }

    /// The part to commit now; nil when everything is settled.
    func next() -> Range<Int>? { parts.last }

    /// Takes what became of the part that ``next()`` named.
    mutating func report(_ outcome: Outcome) -> Verdict {
        guard let part = parts.last else { return .proceed(waiting: false) }
        switch outcome {
        case .committed:
            parts.removeLast()
            return .proceed(waiting: false)
        case .unlucky:
            return .proceed(waiting: true)
        case .tooLarge:
            guard part.count > 1 else { return .proceed(waiting: true) }
            halve(part)
            return .proceed(waiting: false)
        case .refused:
            guard part.count > 1 else {
                parts.removeLast()
                return .blame(part.lowerBound)
            }
            halve(part)
            return .proceed(waiting: false)
        }
    }

    /// The earlier half first: records keep the order in which they came.
    private mutating func halve(_ part: Range<Int>) {
        let middle = part.lowerBound + part.count / 2
        parts.removeLast()
        parts.append(middle..<part.upperBound)
        parts.append(part.lowerBound..<middle)
    }
}
