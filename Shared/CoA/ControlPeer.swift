import Concurrency
import Crypto
import RADIUS
import Sockets

/// What the engine keeps of one NAS.
struct ControlPeer: Sendable {
    /// Where a request's answer will be recognised.
    struct Slot: Hashable, Sendable {
        let socket: Int
        let identifier: UInt8
    }

    /// A request that is over: what comes for it now is a repeat, or late.
    struct Past: Sendable {
        let number: UInt64
        /// The request's header.
        let header: [UInt8]
        let kind: ControlKind
        let secret: SharedSecret
        let requiresMessageAuthenticator: Bool
        var wasAnswered: Bool
    }

    /// How many past requests are remembered: repeats come soon.
    private static let memory = 64

    let ticket: UInt64
    var breaker: CircuitBreaker
    /// Requests that may be begun.
    var bucket: TokenBucket
    /// Something waits for a token alone, and is looked at when there is one.
    var isPaced = false
    /// Those that wait.
    var urgent = TicketQueue()
    var usual = TicketQueue()
    /// How many really do: what was taken back still stands in its queue.
    var waiting = 0
    /// The requests under way.
    private(set) var outstanding: [Slot: UInt64] = [:]
    private(set) var past: [Slot: Past] = [:]
    private var pools: [IdentifierPool]
    private var busySessions: Set<String> = []
    private var pastSlots: [(slot: Slot, number: UInt64)] = []
    private var ended: UInt64 = 0

    /// `ticket` is its own among the deadlines.
    init(_ settings: ControlEngine.Settings, ticket: UInt64, now: UInt64) {
        self.ticket = ticket
        breaker = CircuitBreaker(settings.breaker)
        bucket = TokenBucket(rate: settings.ratePerNAS, burst: settings.ratePerNAS, now: now)
        pools = Array(repeating: IdentifierPool(), count: settings.sockets)
    }

    /// Whether a request of that session may go now, where so many may be under way.
    func hasRoom(for session: String, among most: Int) -> Bool {
        outstanding.count < most && !busySessions.contains(session)
    }

    /// A slot for a request of that session, on the socket that has most identifiers left; nil where none has any.
    mutating func take(_ ticket: UInt64, session: String) -> Slot? {
        guard let socket = pools.indices.max(by: { pools[$0].count < pools[$1].count }),
            let identifier = pools[socket].take()
        else { return nil }
        let slot = Slot(socket: socket, identifier: identifier)
        outstanding[slot] = ticket
        busySessions.insert(session)
        return slot
    }

    /// Gives a slot back that nothing was sent with.
    mutating func putBack(_ slot: Slot, session: String) {
        outstanding[slot] = nil
        busySessions.remove(session)
        pools[slot.socket].putBack(slot.identifier)
    }

    /// The request of that slot is over.
    mutating func end(_ exchange: Exchange, wasAnswered: Bool) {
        putBack(exchange.slot, session: exchange.order.session)
        ended += 1
        past[exchange.slot] = Past(
            number: ended,
            header: Array(exchange.octets.prefix(PacketView.headerLength)),
            kind: exchange.order.request.kind,
            secret: exchange.order.secret,
            requiresMessageAuthenticator: exchange.order.requiresMessageAuthenticator,
            wasAnswered: wasAnswered
        )
        pastSlots.append((exchange.slot, ended))
        guard pastSlots.count > Self.memory else { return }
        let oldest = pastSlots.removeFirst()
        if past[oldest.slot]?.number == oldest.number { past[oldest.slot] = nil }
    }

    /// The request of that slot, which is over, was answered after all.
    mutating func answeredLate(_ slot: Slot) {
        past[slot]?.wasAnswered = true
        breaker.answered()
    }
}

/// A request under way.
struct Exchange: Sendable {
    let order: ControlOrder
    let slot: ControlPeer.Slot
    let octets: [UInt8]
    let isProbe: Bool
    let sentAt: UInt64
    var retransmission: Retransmission
    var badAuthenticators = 0
}

/// A request that waits for its turn.
struct Pending: Sendable {
    let order: ControlOrder
    /// When it is overdue.
    let until: UInt64
}

/// Tickets in the order in which they came. What goes from the middle stays as a hole until the front reaches it.
struct TicketQueue: Sendable {
    private var tickets: [UInt64] = []
    private var head = 0

    mutating func append(_ ticket: UInt64) { tickets.append(ticket) }

    /// The first ticket that `isWanted` takes; those before it that are `isGone` are dropped on the way.
    mutating func first(isGone: (UInt64) -> Bool, where isWanted: (UInt64) -> Bool) -> UInt64? {
        while head < tickets.count, isGone(tickets[head]) { head += 1 }
        if head * 2 >= tickets.count {
            tickets.removeFirst(head)
            head = 0
        }
        return tickets[head...].first { !isGone($0) && isWanted($0) }
    }

    /// All that stand in it; it is empty then.
    mutating func removeAll() -> [UInt64] {
        defer { self = TicketQueue() }
        return Array(tickets[head...])
    }
}
