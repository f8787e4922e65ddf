/// The newest part of a stream in memory, bounded in number and octets. Sequences grow within it; every message from the one
/// behind ``start`` to ``last`` is in it, but for those that were told as gone.
struct EventRing<Element: Sendable>: Sendable {
    /// What a reader finds behind its place.
    enum Reading {
        /// The next ones, at most as many as were asked for; the reader stands at `through` with them.
        case elements([Element], through: UInt64)
        /// Nothing yet.
        case nothing
        /// The ring begins later: what lies between is in the stream, or nowhere.
        case behind
        /// The stream has not come so far: it was made anew, or the place was made up.
        case ahead
    }

    private struct Item {
        let sequence: UInt64
        let octets: Int
        let element: Element
    }

    private let maximumCount: Int
    private let maximumOctets: Int
    private var items: [Item] = []
    private var head = 0
    private(set) var octets = 0
    /// Everything behind this message is here.
    private(set) var start: UInt64 = 0
    /// The last message that was taken note of.
    private(set) var last: UInt64 = 0

    init(maximumCount: Int, maximumOctets: Int) {
        self.maximumCount = max(1, maximumCount)
        self.maximumOctets = maximumOctets
    }

    var count: Int { items.count - head }

    /// Empties it; what comes next stands behind `sequence`.
    mutating func begin(after sequence: UInt64) {
        items = []
        head = 0
        octets = 0
        start = sequence
        last = sequence
    }

    /// Adds what stands at that place of the stream. One that is not behind the last changes nothing.
    mutating func append(_ element: Element, at sequence: UInt64, octets size: Int) {
        guard sequence > last else { return }
        items.append(Item(sequence: sequence, octets: size, element: element))
        octets += size
        last = sequence
        while count > maximumCount || octets > maximumOctets && count > 1 { dropFirst() }
    }

    /// Notes that up to there is nothing for anybody.
    mutating func pass(through sequence: UInt64) { last = max(last, sequence) }

    /// What stands behind that place.
    func read(after sequence: UInt64, limit: Int) -> Reading {
        if sequence > last { return .ahead }
        if sequence < start { return .behind }
        let index = firstIndex(after: sequence)
        guard index < items.count else {
            // Nothing but what is for nobody.
            return sequence < last ? .elements([], through: last) : .nothing
        }
        let end = min(items.count, index + max(1, limit))
        return .elements(
            items[index..<end].map(\.element),
            through: end == items.count ? last : items[end - 1].sequence
        )
    }

    /// The place in front of the newest `count` elements that meet the condition, or of all that do.
    func place(before count: Int, where isWanted: (Element) -> Bool) -> UInt64 {
        var missing = count
        var index = items.count
        while index > head, missing > 0 {
            index -= 1
            if isWanted(items[index].element) { missing -= 1 }
        }
        guard missing <= 0 || index > head else { return start }
        return index == items.count ? last : items[index].sequence - 1
    }

    private func firstIndex(after sequence: UInt64) -> Int {
        var low = head
        var high = items.count
        while low < high {
            let middle = (low + high) / 2
            if items[middle].sequence > sequence { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private mutating func dropFirst() {
        start = items[head].sequence
        octets -= items[head].octets
        head += 1
        // What was dropped is let go of now and then, so that dropping costs little on average.
        guard head > 1_024 || head == items.count else { return }
        items.removeFirst(head)
        head = 0
    }
}
