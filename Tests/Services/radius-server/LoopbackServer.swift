import Admission
import Concurrency
import Crypto
import Glibc
import Observability
import RADIUS
import Redis
import Sockets

@testable import RadiusServer

/// radius-server's two ports on 127.0.0.1 over a given directory and a real journal, without Postgres and NATS.
final class LoopbackServer {
    let authPort: UInt16
    let acctPort: UInt16
    let journal: Journal
    let store: DirectoryStore
    let refusals = RefusalLog()
    let registry = MetricsRegistry()
    let sessions: EAPSessions
    let feed = DecisionFeed()
    /// Nil where no Redis was given.
    let admission: AdmissionParts?
    private let receivers: [Receiver]
    private var threads: [PlatformThread] = []

    /// What the server does about EAP.
    struct EAP {
        var methods: [EAPMethodKind] = [.mschapv2, .md5]
        var capacity = 1_024
        var lifetime: UInt64 = 30_000_000_000
    }

    init(
        _ directory: Directory,
        journalPath: String,
        rejectDelay: UInt64 = 0,
        segmentOctets: Int = 1 << 20,
        eap: EAP = EAP(),
        redis: RedisLocator? = nil
    ) throws {
        let shard = Self.shard(eap, registry)
        let admission = redis.map { [registry] locator in
            AdmissionParts(AdmissionSettings(), name: "test", registry: registry) {
                AdmissionLink(locator: locator, settings: $0)
            }
        }
        self.admission = admission
        sessions = shard.sessions
        store = DirectoryStore(directory)
        let families = PacketMetricFamilies(registry)
        let access = AccessMetricFamilies(registry)
        let logger = Logger(service: "test", level: .fatal, sink: QuietSink())
        journal = try Journal(
            settings: .init(directory: journalPath, segmentOctets: segmentOctets),
            metrics: JournalMetrics(registry),
            logger: logger
        )
        let auth = PacketMetrics(families, socket: "auth")
        let acct = PacketMetrics(families, socket: "acct")
        let authSocket = try UDPSocket(address: "127.0.0.1", port: 0, receiveBuffer: 1 << 20)
        let acctSocket = try UDPSocket(address: "127.0.0.1", port: 0, receiveBuffer: 1 << 20)
        authPort = authSocket.port
        acctPort = acctSocket.port
        let authReceiver = try Receiver(socket: authSocket, directory: store, metrics: auth)
        let acctReceiver = try Receiver(socket: acctSocket, directory: store, metrics: acct)
        receivers = [authReceiver, acctReceiver]
        let (store, refusals, journal, feed) = (store, refusals, journal, feed)
        threads.append(
            try PlatformThread.start(name: "auth") {
                authReceiver.run(
                    handler: AccessHandler(
                        settings: .init(rejectDelay: rejectDelay),
                        store: store,
                        metrics: auth,
                        families: access,
                        refusals: refusals,
                        feed: feed,
                        cache: DuplicateCache(capacity: 1_024, lifetime: 10_000_000_000),
                        eap: shard,
                        desk: admission?.desk(),
                        now: SystemClock.monotonicNanoseconds()
                    )
                )
            }
        )
        threads.append(
            try PlatformThread.start(name: "acct") {
                acctReceiver.run(
                    handler: AccountingHandler(
                        journal: journal,
                        socket: acctSocket,
                        metrics: acct,
                        refusals: refusals,
                        cache: DuplicateCache(capacity: 1_024, lifetime: 10_000_000_000),
                        admission: admission
                    )
                )
            }
        )
        threads.append(try PlatformThread.start(name: "write") { journal.runWriter() })
        threads.append(try PlatformThread.start(name: "keep") { journal.runKeeper() })
    }

    private static func shard(_ eap: EAP, _ registry: MetricsRegistry) -> EAPShard {
        let metrics = EAPMetrics(registry)
        let sessions = EAPSessions(
            serverName: "test",
            shards: 1,
            capacity: eap.capacity,
            lifetime: eap.lifetime,
            gauge: metrics.sessions
        )
        let offer = EAPOffer(methods: eap.methods, serverName: "test") { Randomness.bytes($0) }
        return EAPShard(settings: .init(offer: offer, timeout: 30), sessions: sessions, number: 0, metrics: metrics)
    }

    func stop() {
        for receiver in receivers { receiver.stop() }
        journal.stop()
        for thread in threads { thread.join() }
        journal.releaseFolder()
    }

    /// Reasons of the packets left unanswered since the last call.
    func refused() -> [RefusalReason] { refusals.drain().map(\.reason) }
}

struct QuietSink: LogSink {
    func write(_ line: [UInt8]) {}
}

/// A UDP client that sends octets and waits for the answer to its port.
final class LoopbackClient {
    private let descriptor: Int32

    /// A client on 127.0.0.`host`.
    init(host: UInt8 = 1) {
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = (UInt32(0x7f00_0000) | UInt32(host)).bigEndian
        _ = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe bind(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        var wait = timeval(tv_sec: 3, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func send(_ octets: [UInt8], to port: UInt16) {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        _ = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe sendto(descriptor, octets, octets.count, 0, pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    /// The next answer; nil after 3 s, or at once where `waiting` is false.
    func receive(waiting: Bool = true) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let flags = waiting ? 0 : Int32(MSG_DONTWAIT)
        let got = unsafe recv(descriptor, &buffer, buffer.count, flags)
        return got > 0 ? Array(buffer[..<got]) : nil
    }

    func ask(_ octets: [UInt8], _ port: UInt16) -> [UInt8]? {
        send(octets, to: port)
        return receive()
    }
}
