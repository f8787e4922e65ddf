/// The messages that were sent and not yet settled: a fixed number of slots, each with its owner's token.
/// An id names a slot and its generation, so that a late acknowledgement never settles a slot's next tenant.
struct PublishWindow {
    private struct Slot {
        var token: UInt64 = 0
        var generation: UInt64 = 0
        var deadline: UInt64 = 0
        var connection: UInt64 = 0
        var isOpen = false
    }

    private static let slotBits: UInt64 = 20
    private var slots: [Slot]
    private var free: [Int32]

    /// At most 2^20 slots.
    init(capacity: Int) {
        precondition(capacity > 0 && capacity <= 1 << Self.slotBits)
        slots = Array(repeating: Slot(), count: capacity)
        free = (0..<Int32(capacity)).reversed()
    }

    /// How many messages are not settled.
    var outstanding: Int { slots.count - free.count }

    /// Takes a slot; nil when all are taken.
    mutating func open(token: UInt64, deadline: UInt64, connection: UInt64) -> UInt64? {
        guard let index = free.popLast() else { return nil }
        let slot = Int(index)
        slots[slot].generation &+= 1
        slots[slot].token = token
        slots[slot].deadline = deadline
        slots[slot].connection = connection
        slots[slot].isOpen = true
        return slots[slot].generation << Self.slotBits | UInt64(slot)
    }

    /// Settles one message and gives its token back; nil when it was settled before.
    mutating func close(_ id: UInt64) -> UInt64? {
        let slot = Int(id & (1 << Self.slotBits - 1))
        guard slot < slots.count, slots[slot].isOpen, slots[slot].generation == id >> Self.slotBits else { return nil }
        slots[slot].isOpen = false
        free.append(Int32(slot))
        return slots[slot].token
    }

    /// Settles what is past its deadline or was sent on another connection than `connection` (nil: none is up).
    mutating func expire(now: UInt64, connection: UInt64?) -> [UInt64] {
        guard outstanding > 0 else { return [] }
        var tokens: [UInt64] = []
        for slot in slots.indices where slots[slot].isOpen {
            guard slots[slot].deadline <= now || slots[slot].connection != connection else { continue }
            slots[slot].isOpen = false
            free.append(Int32(slot))
            tokens.append(slots[slot].token)
        }
        return tokens
    }
}
