/// What is to be done later, earliest first: a binary heap.
struct Agenda {
    enum Entry {
        /// Looks whether a dispatch was answered since it was sent for the nth time.
        case look(dispatch: Int, sent: Int)
        /// Sends a dispatch that was held back.
        case submit(dispatch: Int)
        /// Sends a report again that was answered.
        case again(session: Int, index: Int)
        /// Sends what waits in an orderly session.
        case pump(session: Int)
        /// Sends an answer to a CoA or Disconnect.
        case reply(lane: Int, octets: [UInt8], source: SourceKey)
        /// Ends a session that was said to be ended before.
        case end(session: Int, cause: UInt32)
        /// A report of a session after the day.
        case live(session: Int)
        /// A NAS that fell over is back.
        case boot(nas: Int)
    }

    private var heap: [(at: UInt64, order: UInt64, entry: Entry)] = []
    private var added: UInt64 = 0

    var isEmpty: Bool { heap.isEmpty }
    var next: UInt64? { heap.first?.at }

    mutating func add(at: UInt64, _ entry: Entry) {
        added += 1
        heap.append((at, added, entry))
        var child = heap.count - 1
        while child > 0, precedes(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// The earliest entry whose time has come.
    mutating func take(now: UInt64) -> Entry? {
        guard let first = heap.first, first.at <= now else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [parent * 2 + 1, parent * 2 + 2] where child < heap.count && precedes(child, least) {
                least = child
            }
            if least == parent { return first.entry }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        (heap[left].at, heap[left].order) < (heap[right].at, heap[right].order)
    }
}

/// Where a datagram came from, as far as an answer needs it.
struct SourceKey: Sendable, Hashable {
    /// IPv4 in host order.
    let address: UInt32
    let port: UInt16

    var number: UInt64 { UInt64(address) << 16 | UInt64(port) }
}
