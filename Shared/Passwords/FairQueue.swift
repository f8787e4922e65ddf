/// A bounded queue that gives each source its turn: first in, first out within a source, and the sources one after the
/// other. Pure; the owner locks.
package struct FairQueue<Element> {
    /// How many elements wait at most, altogether and of one source.
    package let capacity: Int
    package let share: Int
    /// How many wait.
    package private(set) var count = 0
    private var lines: [String: [Element]] = [:]
    /// The sources with something waiting, the next to be served first.
    private var turns: [String] = []

    package init(capacity: Int, share: Int) {
        precondition(capacity > 0 && share > 0, "a queue that holds nothing")
        self.capacity = capacity
        self.share = share
    }

    package var isEmpty: Bool { count == 0 }

    /// Adds an element at the end of its source's line; false when there is no room for it.
    package mutating func offer(_ element: Element, from source: String) -> Bool {
        guard count < capacity, lines[source]?.count ?? 0 < share else { return false }
        if lines[source] == nil { turns.append(source) }
        lines[source, default: []].append(element)
        count += 1
        return true
    }

    /// Takes the first element of the source whose turn it is; nil when nothing waits.
    package mutating func next() -> Element? {
        guard !turns.isEmpty else { return nil }
        let source = turns.removeFirst()
        guard var line = lines[source], !line.isEmpty else { return nil }
        let element = line.removeFirst()
        count -= 1
        if line.isEmpty {
            lines[source] = nil
        } else {
            lines[source] = line
            turns.append(source)
        }
        return element
    }

    /// Takes everything, in no order that means anything.
    package mutating func removeAll() -> [Element] {
        defer { (lines, turns, count) = ([:], [], 0) }
        return lines.values.flatMap { $0 }
    }
}

extension FairQueue: Sendable where Element: Sendable {}
