import CPlatform
import Concurrency
import Domain
import Glibc
import Observability
import Sockets
import Synchronization

/// What answers the packets of one socket. One instance per receiver thread.
protocol PacketHandler: AnyObject {
    /// Whether a datagram is served before the others of a backlog. It is not proven yet: only its place depends on this.
    func goesBefore(_ bytes: UnsafeRawBufferPointer) -> Bool
    /// Works on one datagram; answers go into `replies`.
    func handle(_ datagram: Datagram, directory: Directory, replies: ReplyBatch)
    /// The batch was gone through; what was put off for the packets after it is worked on now, while the batch's
    /// datagrams are still valid.
    func handlePutOff(directory: Directory, replies: ReplyBatch)
    /// The batch is over: hand on what was gathered.
    func finishBatch()
    /// Moves on what waits for another server; its answers go into `replies`, which the caller flushes and which may be
    /// flushed on the way. Nanoseconds until it must be called again, nil when there is nothing of the kind.
    func advance(now: UInt64, directory: Directory, replies: ReplyBatch, socket: borrowing UDPSocket) -> UInt64?
    /// The connection to watch; -1 while there is none.
    var connection: WatchedConnection { get }
    /// Something may be due at `now`. Returns nanoseconds until the next time, nil when nothing waits.
    func expire(now: UInt64, replies: ReplyBatch, socket: borrowing UDPSocket) -> UInt64?
}

/// A descriptor that a handler wants watched.
struct WatchedConnection: Equatable {
    var descriptor: Int32 = -1
    var wantsWriting = false
    /// Changes with every new connection: a descriptor's number may come again.
    var generation: UInt64 = 0
}

/// One received datagram; valid until the next receive.
@safe struct Datagram {
    let bytes: UnsafeRawBufferPointer
    let endpoint: UnsafePointer<cp_endpoint>
    let local: UnsafePointer<cp_local>
    let source: SourceAddress
    /// Monotonic nanoseconds and wall-clock microseconds of its batch.
    let receivedAt: UInt64
    let wallTime: Int64
    /// Nanoseconds that it had waited in the kernel by then.
    var waited: UInt64 = 0
}

/// The loop of one receiver thread: waits, takes a batch, answers it, sends the answers together. A source address and
/// port stays on one thread (SO_REUSEPORT), so its state needs no lock; the directory is held for one batch at a time.
final class Receiver: Sendable {
    private let socket: UDPSocket
    private let directory: DirectoryStore
    private let metrics: PacketMetrics
    private let wakeup: EventFD
    private let isStopping = Atomic<Bool>(false)
    /// Datagrams that are worked on at once: the directory is held, and Redis and the journal are asked, for so many.
    static let batch = 64
    /// Datagrams taken from the kernel at once, so that what goes on with a login overtakes new ones (overload).
    private static let backlog = 512
    /// A wait beyond this is a clock that was set.
    private static let longestWait: Int64 = 60_000_000_000
    /// The longest packet (RFC 2865 §3) and one octet more, to tell what is longer.
    private static let capacity = 4097

    init(socket: UDPSocket, directory: DirectoryStore, metrics: PacketMetrics) throws {
        self.socket = socket
        self.directory = directory
        self.metrics = metrics
        wakeup = try EventFD()
    }

    /// Makes `run` return once the batch in hand is answered.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        wakeup.signal()
    }

    /// Receives until `stop`. Blocks the calling thread.
    func run(handler: some PacketHandler) {
        let epoll = cp_epoll_create()
        guard epoll >= 0, let batch = DatagramBatch(slots: Self.backlog, capacity: Self.capacity) else { return }
        var order: [Int] = []
        order.reserveCapacity(Self.backlog)
        cp_epoll_control(epoll, 1, socket.descriptor, 1, 0)
        cp_epoll_control(epoll, 1, wakeup.fileDescriptor, 1, 1)
        let replies = ReplyBatch(capacity: Self.batch)
        var drops: UInt32 = 0
        var watched = WatchedConnection()
        var tokens = [UInt64](repeating: 0, count: 4)
        var events = [UInt32](repeating: 0, count: 4)
        while !isStopping.load(ordering: .acquiring) {
            let now = SystemClock.monotonicNanoseconds()
            let next = handler.expire(now: now, replies: replies, socket: socket)
            let other = directory.read { handler.advance(now: now, directory: $0, replies: replies, socket: socket) }
            replies.flush(through: socket)
            watch(handler.connection, instead: &watched, epoll)
            let wait = min(next ?? .max, other ?? .max)
            let timeout = wait == .max ? 250 : Int32(clamping: wait / 1_000_000 + 1)
            _ = unsafe cp_epoll_wait(epoll, &tokens, &events, 4, min(timeout, 250))
            // Bounded, so that what is due is looked at under a flood too.
            for _ in 0..<2 {
                let count = batch.receive(from: socket)
                guard count > 0 else { break }
                sort(batch, count: count, handler: handler, into: &order)
                answer(batch, order, handler: handler, replies: replies)
                if count < Self.backlog { break }
            }
            let dropped = batch.kernelDrops
            if dropped != drops {
                metrics.kernelDrops.add(Int(dropped &- drops))
                drops = dropped
            }
        }
        close(epoll)
    }

    private func watch(_ wanted: WatchedConnection, instead watched: inout WatchedConnection, _ epoll: Int32) {
        guard wanted != watched else { return }
        // A closed descriptor left the set by itself.
        if wanted.descriptor >= 0 {
            let isKnown = wanted.descriptor == watched.descriptor && wanted.generation == watched.generation
            cp_epoll_control(epoll, isKnown ? 2 : 1, wanted.descriptor, wanted.wantsWriting ? 3 : 1, 2)
        }
        watched = wanted
    }

    /// In which order the datagrams are worked on: as they came, unless there are more than are worked on at once.
    private func sort(
        _ batch: borrowing DatagramBatch,
        count: Int,
        handler: some PacketHandler,
        into order: inout [Int]
    ) {
        metrics.requests.add(count)
        order.removeAll(keepingCapacity: true)
        guard count > Self.batch else { return order.append(contentsOf: 0..<count) }
        metrics.backlogs.add(1)
        for isFirst in [true, false] {
            for slot in 0..<count
            where unsafe handler.goesBefore(batch.bytes(slot, capacity: Self.capacity)) == isFirst {
                order.append(slot)
            }
        }
    }

    private func answer(
        _ batch: borrowing DatagramBatch,
        _ order: [Int],
        handler: some PacketHandler,
        replies: ReplyBatch
    ) {
        var start = 0
        while start < order.count {
            let end = min(start + Self.batch, order.count)
            let now = SystemClock.monotonicNanoseconds()
            let wall = SystemClock.microsecondsSince1970()
            if start == 0 { metrics.queue.observe(nanoseconds: Self.waited(batch.arrival(0), until: wall)) }
            directory.read { directory in
                for slot in order[start..<end] {
                    let endpoint = unsafe batch.source(slot)
                    let datagram = unsafe Datagram(
                        bytes: batch.bytes(slot, capacity: Self.capacity),
                        endpoint: endpoint,
                        local: batch.local(slot),
                        source: SourceAddress(endpoint),
                        receivedAt: now,
                        wallTime: wall,
                        waited: Self.waited(batch.arrival(slot), until: wall)
                    )
                    handler.handle(datagram, directory: directory, replies: replies)
                }
                handler.handlePutOff(directory: directory, replies: replies)
            }
            replies.flush(through: socket)
            handler.finishBatch()
            start = end
        }
    }

    /// Nanoseconds between an arrival and a wall-clock time in microseconds; 0 where they cannot be compared.
    private static func waited(_ arrival: Int64, until wallTime: Int64) -> UInt64 {
        let waited = wallTime &* 1_000 &- arrival
        return arrival > 0 && waited > 0 && waited <= longestWait ? UInt64(waited) : 0
    }
}
