/// Who gets which connection. Pure: it is told what happened and says what to do.
///
/// Two kinds of requests wait: groups, which share a connection with others of their kind (each is closed by its own
/// sync, so none can harm another), and leases, which want a connection alone. A lease that finds no idle connection makes
/// one drain: no more groups go there. Between the kinds the older request goes first where either could.
struct PoolStateMachine {
    typealias Ticket = UInt64

    enum Kind: Equatable { case group, lease }

    enum Action: Equatable {
        /// Open a connection for this slot.
        case connect(slot: Int)
        /// Wait out the backoff, then report `rested`.
        case rest(slot: Int)
        case send(Ticket, slot: Int)
        case grant(Ticket, slot: Int)
        /// The queue is full.
        case refuse(Ticket)
        /// Nothing is connected and an attempt has failed: do not let callers wait for the next.
        case fail([Ticket])
    }

    enum Slot: Equatable {
        case empty
        case connecting
        /// An attempt failed; the next comes after the backoff.
        case resting
        /// Shared by that many groups under way; idle at none.
        case shared(inFlight: Int)
        case leased
    }

    private(set) var slots: [Slot]
    private var queue = PoolQueue()
    /// Slots whose last statement is being cancelled: nothing new may go there, or the request could hit it.
    private var held: Set<Int> = []
    private let depth: Int
    private let maximumWaiting: Int

    init(maximumConnections: Int, depth: Int = 32, maximumWaiting: Int) {
        precondition(maximumConnections > 0 && depth > 0 && maximumWaiting > 0)
        slots = Array(repeating: .empty, count: maximumConnections)
        self.depth = depth
        self.maximumWaiting = maximumWaiting
    }

    /// Nothing waits, nothing is under way.
    var isQuiet: Bool {
        queue.count == 0
            && slots.allSatisfy { slot in
                switch slot {
                case .shared(let inFlight): inFlight == 0
                case .leased: false
                default: true
                }
            }
    }

    /// How many requests wait.
    var waiting: Int { queue.count }

    mutating func start() -> [Action] { grow() }

    mutating func submit(_ ticket: Ticket, _ kind: Kind) -> [Action] {
        queue.append(ticket, kind)
        let actions = dispatch()
        // What waits last is this request: others only leave the queue.
        guard queue.count > maximumWaiting else { return actions }
        queue.remove(at: queue.count - 1)
        return actions + [.refuse(ticket)]
    }

    /// Takes a waiting request out; false when it does not wait any more.
    mutating func withdraw(_ ticket: Ticket) -> Bool {
        guard let index = (0..<queue.count).first(where: { queue[$0].ticket == ticket }) else { return false }
        queue.remove(at: index)
        return true
    }

    mutating func connected(_ slot: Int) -> [Action] {
        precondition(slots[slot] == .connecting)
        slots[slot] = .shared(inFlight: 0)
        return dispatch()
    }

    mutating func connectFailed(_ slot: Int) -> [Action] {
        precondition(slots[slot] == .connecting)
        slots[slot] = .resting
        guard !isConnected else { return [.rest(slot: slot)] }
        defer { queue = PoolQueue() }
        return [.rest(slot: slot), .fail(queue.tickets)]
    }

    mutating func rested(_ slot: Int) -> [Action] {
        precondition(slots[slot] == .resting)
        slots[slot] = .empty
        return isConnected ? dispatch() : grow()
    }

    /// One group on the slot has its answer.
    mutating func finished(_ slot: Int) -> [Action] {
        guard case .shared(let inFlight) = slots[slot], inFlight > 0 else {
            preconditionFailure("no group was under way in slot \(slot)")
        }
        slots[slot] = .shared(inFlight: inFlight - 1)
        return dispatch()
    }

    mutating func released(_ slot: Int) -> [Action] {
        precondition(slots[slot] == .leased)
        slots[slot] = .shared(inFlight: 0)
        return dispatch()
    }

    /// The slot's connection is gone, with everything on it.
    mutating func lost(_ slot: Int) -> [Action] {
        held.remove(slot)
        slots[slot] = .empty
        return (isConnected ? [] : grow()) + dispatch()
    }

    mutating func hold(_ slot: Int) { held.insert(slot) }

    mutating func unhold(_ slot: Int) -> [Action] {
        held.remove(slot)
        return dispatch()
    }

    private var isConnected: Bool {
        slots.contains { slot in
            switch slot {
            case .shared, .leased: true
            default: false
            }
        }
    }

    /// One attempt at a time: a server that refuses is not stormed, and a burst does not open everything.
    private mutating func grow() -> [Action] {
        guard !slots.contains(.connecting), !slots.contains(.resting), let slot = slots.firstIndex(of: .empty) else {
            return []
        }
        slots[slot] = .connecting
        return [.connect(slot: slot)]
    }

    private mutating func dispatch() -> [Action] {
        var actions: [Action] = []
        var isCrowded = false
        var placeless: Set<Kind> = []
        var index = 0
        while index < queue.count, placeless.count < 2 {
            let (ticket, kind) = queue[index]
            guard !placeless.contains(kind), let slot = place(kind, reserved: placeless.contains(.lease)) else {
                placeless.insert(kind)
                index += 1
                continue
            }
            queue.remove(at: index)
            guard kind == .group, case .shared(let inFlight) = slots[slot] else {
                slots[slot] = .leased
                actions.append(.grant(ticket, slot: slot))
                continue
            }
            slots[slot] = .shared(inFlight: inFlight + 1)
            isCrowded = isCrowded || inFlight > 0
            actions.append(.send(ticket, slot: slot))
        }
        if isCrowded || queue.count > 0 { actions += grow() }
        return actions
    }

    /// The least busy slot for a request of that kind. `reserved`: an older lease waits, and the least busy slot drains
    /// for it.
    private func place(_ kind: Kind, reserved: Bool) -> Int? {
        var best: (slot: Int, inFlight: Int)?
        var second: (slot: Int, inFlight: Int)?
        for (slot, state) in slots.enumerated() where !held.contains(slot) {
            guard case .shared(let inFlight) = state else { continue }
            if inFlight < best?.inFlight ?? .max {
                second = best
                best = (slot, inFlight)
            } else if inFlight < second?.inFlight ?? .max {
                second = (slot, inFlight)
            }
        }
        guard let chosen = reserved ? second : best else { return nil }
        return chosen.inFlight < (kind == .lease ? 1 : depth) ? chosen.slot : nil
    }
}

/// Requests in their order; taking the first of many is cheap.
private struct PoolQueue {
    private var elements: [(ticket: UInt64, kind: PoolStateMachine.Kind)] = []
    private var head = 0

    var count: Int { elements.count - head }

    var tickets: [UInt64] { elements[head...].map(\.ticket) }

    subscript(index: Int) -> (ticket: UInt64, kind: PoolStateMachine.Kind) { elements[head + index] }

    mutating func append(_ ticket: UInt64, _ kind: PoolStateMachine.Kind) { elements.append((ticket, kind)) }

    mutating func remove(at index: Int) {
        guard index == 0 else {
            elements.remove(at: head + index)
            return
        }
        head += 1
        guard head == elements.count || head > 1024 else { return }
        elements.removeFirst(head)
        head = 0
    }
}
