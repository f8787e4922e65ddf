import CPlatform

/// Access-Rejects waiting for their moment: a refused login is answered late, so that guessing is slow (RFC 2865 §3,
/// draft-ietf-radext-deprecating-radius). A wheel of fixed slots, never a blocked thread. The answers themselves stay in
/// the duplicate cache. Confined to one thread.
struct RejectWheel {
    struct Waiting {
        let slot: DuplicateCache.Slot
        let destination: cp_endpoint
        let local: cp_local
    }

    /// The wheel's resolution in nanoseconds: 25 ms.
    static let tick: UInt64 = 25_000_000
    private static let turns = 512

    private var slots: [[Waiting]]
    private var position: UInt64
    private(set) var count = 0
    private let capacity: Int

    /// Holds up to `capacity` answers for at most 12 s.
    init(capacity: Int, now: UInt64) {
        slots = Array(repeating: [], count: Self.turns)
        position = now / Self.tick
        self.capacity = capacity
    }

    /// Puts an answer aside for `delay` nanoseconds; false when the wheel is full.
    mutating func add(_ waiting: Waiting, delay: UInt64, now: UInt64) -> Bool {
        guard count < capacity else { return false }
        let due = max(now / Self.tick + max(delay / Self.tick, 1), position + 1)
        let distance = min(due - position, UInt64(Self.turns - 1))
        slots[Int((position + distance) % UInt64(Self.turns))].append(waiting)
        count += 1
        return true
    }

    /// Hands over every answer that is due.
    mutating func expire(now: UInt64, _ send: (Waiting) -> Void) {
        let target = now / Self.tick
        while position < target {
            guard count > 0 else {
                position = target
                return
            }
            position += 1
            let index = Int(position % UInt64(Self.turns))
            for waiting in slots[index] { send(waiting) }
            count -= slots[index].count
            slots[index].removeAll(keepingCapacity: true)
        }
    }

    /// Nanoseconds until something may be due; nil when nothing waits.
    func wait(now: UInt64) -> UInt64? {
        count > 0 ? Self.tick - now % Self.tick : nil
    }
}
