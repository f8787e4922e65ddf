import Domain
import Observability
import RADIUS
import Synchronization

/// One peer's conversation with what the server remembers of it.
struct EAPSession: Sendable {
    var conversation: EAPConversation
    /// The NAS it runs through; nobody else may go on with it.
    let nas: UUID128
    /// Why the rules refused the peer's claim, once they did.
    var refusal: RejectReason?
    /// The admission that the peer got, once it did: a repeated answer is no second one.
    var admission: UUID128?
    fileprivate var deadline: UInt64 = 0

    init(_ conversation: EAPConversation, nas: UUID128) {
        self.conversation = conversation
        self.nas = nas
    }
}

/// The conversations under way, bounded in number and in age.
///
/// A table per receiver thread, each behind a lock of its own: a conversation stays in the table of the thread that began
/// it, and State says which. Where the NAS goes on from another port, another thread finds it there; otherwise nobody
/// waits. One that is over is kept, so that its last answer can be repeated, but gives way first.
final class EAPSessions: Sendable {
    enum Lookup<Result: Sendable>: Sendable {
        case found(Result)
        /// Too old, or never there.
        case unknown
        case ofOtherNAS
        case ofOtherServer
    }

    private struct Table {
        var sessions: [UInt64: EAPSession] = [:]
        /// Every session in the order of its beginning, looked at when its first deadline comes.
        var order = Queue<(session: UInt64, deadline: UInt64)>()
        /// Those that are over, in that order.
        var over = Queue<UInt64>()
    }

    private final class Shard: Sendable {
        let table = Mutex(Table())
    }

    private let shards: [Shard]
    private let server: UInt64
    private let capacity: Int
    private let lifetime: UInt64
    private let gauge: GaugeCell

    /// Room for `capacity` conversations, shared evenly by `shards` tables. One that hears nothing for `lifetime`
    /// nanoseconds is forgotten.
    init(serverName: String, shards: Int, capacity: Int, lifetime: UInt64, gauge: GaugeCell) {
        precondition(shards > 0 && shards <= UInt16.max && capacity > 0)
        self.shards = (0..<shards).map { _ in Shard() }
        server = EAPState.server(named: serverName)
        self.capacity = (capacity + shards - 1) / shards
        self.lifetime = lifetime
        self.gauge = gauge
    }

    /// Takes a conversation into a shard's table; nil where it is full.
    func begin(_ session: EAPSession, shard: Int, now: UInt64) -> EAPState? {
        let (found, change) = shards[shard].table.withLock { table -> (UInt64?, Int) in
            let before = table.sessions.count
            expire(&table, now: now)
            while table.sessions.count >= capacity, let oldest = table.over.removeFirst() {
                table.sessions[oldest] = nil
            }
            guard table.sessions.count < capacity else { return (nil, table.sessions.count - before) }
            var session = session
            session.deadline = now + lifetime
            var id = UInt64.random(in: .min ... .max)
            while table.sessions[id] != nil { id = UInt64.random(in: .min ... .max) }
            table.sessions[id] = session
            table.order.append((id, session.deadline))
            return (id, table.sessions.count - before)
        }
        gauge.add(Double(change))
        return found.map { EAPState(server: server, shard: UInt16(shard), session: $0) }
    }

    /// Hands a session that this NAS may go on with to `body`, which runs under the table's lock, and gives it a new
    /// lease.
    func resume<Result: Sendable>(
        _ state: EAPState,
        nas: UUID128,
        now: UInt64,
        _ body: (inout EAPSession) -> Result
    ) -> Lookup<Result> {
        guard state.server == server else { return .ofOtherServer }
        guard Int(state.shard) < shards.count else { return .unknown }
        return shards[Int(state.shard)].table.withLock { table in
            guard var session = table.sessions[state.session], session.deadline > now else { return .unknown }
            guard session.nas == nas else { return .ofOtherNAS }
            let wasOver = session.conversation.isOver
            let result = body(&session)
            session.deadline = now + lifetime
            let isOver = session.conversation.isOver
            table.sessions[state.session] = session
            if isOver, !wasOver { table.over.append(state.session) }
            return .found(result)
        }
    }

    /// True where the NAS may go on with this session.
    func holds(_ state: EAPState, nas: UUID128, now: UInt64) -> Bool {
        guard state.server == server, Int(state.shard) < shards.count else { return false }
        return shards[Int(state.shard)].table.withLock { table in
            guard let session = table.sessions[state.session] else { return false }
            return session.deadline > now && session.nas == nas && !session.conversation.isExhausted
        }
    }

    /// Forgets what is too old in a shard's table.
    func expire(shard: Int, now: UInt64) {
        let change = shards[shard].table.withLock { table in
            let before = table.sessions.count
            expire(&table, now: now)
            return table.sessions.count - before
        }
        if change != 0 { gauge.add(Double(change)) }
    }

    /// How many sessions there are, those that are over included.
    var count: Int { shards.reduce(0) { sum, shard in sum + shard.table.withLock { $0.sessions.count } } }

    /// A session that was heard of meanwhile goes to the queue's end with its new deadline, so each stands there once.
    private func expire(_ table: inout Table, now: UInt64) {
        while let oldest = table.order.first, oldest.deadline <= now {
            _ = table.order.removeFirst()
            guard let session = table.sessions[oldest.session] else { continue }
            if session.deadline > now {
                table.order.append((oldest.session, session.deadline))
            } else {
                table.sessions[oldest.session] = nil
            }
        }
        while let oldest = table.over.first, table.sessions[oldest] == nil { _ = table.over.removeFirst() }
    }
}

/// First in, first out, over an array whose used front is cut off once it is half of it.
struct Queue<Element> {
    private var elements: [Element] = []
    private var head = 0

    var first: Element? { head < elements.count ? elements[head] : nil }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func removeFirst() -> Element? {
        guard let element = first else { return nil }
        head += 1
        if head >= 64, head * 2 >= elements.count {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }
}
