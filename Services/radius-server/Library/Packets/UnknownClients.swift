import Concurrency
import Domain
import Observability
import Sockets

/// Whose packet a datagram may be, and what becomes of those that are nobody's (RAD-02). Confined to one thread.
struct UnknownClients {
    private var table: UnknownClientTable
    private let metrics: PacketMetrics
    private let refusals: RefusalLog
    private let socket: RefusalLog.SocketKind
    /// How many unknown clients a second are told one by one, log line and event; of the others, how many there were.
    private var told: TokenBucket

    /// A source that no NAS has is dropped unseen for `memory` nanoseconds; 0 looks at each of its packets.
    init(memory: UInt64, metrics: PacketMetrics, refusals: RefusalLog, socket: RefusalLog.SocketKind) {
        table = UnknownClientTable(lifetime: memory)
        self.metrics = metrics
        self.refusals = refusals
        self.socket = socket
        told = TokenBucket(rate: 8, burst: 32, now: 0)
    }

    /// The NASes that the datagram may be of; none where it was counted and is done with.
    mutating func candidates(for datagram: Datagram, _ directory: Directory) -> [NASEntry] {
        let source = datagram.source
        if table.drops(source, clients: directory.clientsEpoch, now: datagram.receivedAt) {
            metrics.refuse(.unknownNAS)
            metrics.unknownClients.add(1)
            metrics.unknownClientDrops.add(1)
            return []
        }
        let found = directory.candidates(for: source)
        guard found.isEmpty else { return found }
        let unseen = table.remember(source, now: datagram.receivedAt)
        metrics.refuse(.unknownNAS)
        metrics.unknownClients.add(1)
        if told.take(now: datagram.receivedAt) {
            refusals.note(.unknownNAS, datagram, nas: nil, socket: socket, count: unseen + 1)
        } else {
            refusals.leaveUntold(1)
        }
        return []
    }
}

/// Source addresses that no NAS has, for a while: so many at most, found in constant time, whatever is sent. Only addresses
/// that were looked up in vain come in, so that no flood can push a NAS out; what it can push out are other strangers, whose
/// next packet is looked up once more. A new NAS empties it at once.
struct UnknownClientTable {
    private struct Entry {
        var high: UInt64 = 0
        var low: UInt64 = 0
        var until: UInt64 = 0
        var dropped: UInt32 = 0
        /// The time that the entry belongs to; of another time it is empty.
        var time: UInt32 = 0
    }

    private static let ways = 4
    /// Addresses that it holds at most; each takes 32 octets.
    static let capacity = 8_192

    private let lifetime: UInt64
    private var entries: [Entry]
    private var clients: UInt64 = 0
    private var time: UInt32 = 1

    /// Remembers an address for `lifetime` nanoseconds; 0 remembers none.
    init(lifetime: UInt64) {
        self.lifetime = lifetime
        entries = Array(repeating: Entry(), count: lifetime > 0 ? Self.capacity : 0)
    }

    /// Whether the packet is to be dropped unseen. `clients` changes whenever a NAS may have come.
    mutating func drops(_ source: SourceAddress, clients: UInt64, now: UInt64) -> Bool {
        guard lifetime > 0 else { return false }
        if clients != self.clients {
            self.clients = clients
            time &+= 1
            return false
        }
        let set = Self.set(of: source)
        for index in set..<set + Self.ways where isOf(source, index) && entries[index].until > now {
            entries[index].dropped &+= 1
            return true
        }
        return false
    }

    /// Remembers an address from now on; returns how many of its packets were dropped unseen before.
    mutating func remember(_ source: SourceAddress, now: UInt64) -> Int {
        guard lifetime > 0 else { return 0 }
        let set = Self.set(of: source)
        var victim = set
        for index in set..<set + Self.ways {
            if isOf(source, index) {
                victim = index
                break
            }
            if entries[index].time != time {
                if entries[victim].time == time { victim = index }
            } else if entries[victim].time == time, entries[index].until < entries[victim].until {
                victim = index
            }
        }
        let dropped = isOf(source, victim) ? entries[victim].dropped : 0
        entries[victim] = Entry(high: source.high, low: source.low, until: now + lifetime, time: time)
        return Int(dropped)
    }

    private func isOf(_ source: SourceAddress, _ index: Int) -> Bool {
        entries[index].low == source.low && entries[index].high == source.high && entries[index].time == time
    }

    private static func set(of source: SourceAddress) -> Int {
        var hash = source.low &* 0x9e37_79b9_7f4a_7c15 ^ source.high
        hash = (hash ^ hash >> 32) &* 0xd6e8_feb8_6659_fd93
        return Int(truncatingIfNeeded: hash >> 32) & (capacity / ways - 1) * ways
    }
}
