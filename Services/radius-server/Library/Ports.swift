import Concurrency
import Crypto
import Lifecycle
import Observability
import RADIUS
import Sockets

/// The two RADIUS ports with their receiver threads.
struct Ports {
    private let settings: PacketSettings
    private let eap: EAPSettings
    private let serverName: String
    private let store: DirectoryStore
    private let journal: Journal
    private let refusals: RefusalLog
    private let feed: DecisionFeed
    private let admission: AdmissionParts?
    private let context: DaemonContext
    private static let duplicateLifetime: UInt64 = 10_000_000_000

    init(
        _ settings: Settings,
        store: DirectoryStore,
        journal: Journal,
        refusals: RefusalLog,
        feed: DecisionFeed,
        admission: AdmissionParts?,
        context: DaemonContext
    ) {
        self.settings = settings.packets
        eap = settings.eap
        serverName = settings.servers.name
        self.store = store
        self.journal = journal
        self.refusals = refusals
        self.feed = feed
        self.admission = admission
        self.context = context
    }

    /// Binds both ports; one service per receiver thread.
    func open() throws -> [NamedService] {
        let families = PacketMetricFamilies(context.metrics)
        return try authentication(families) + accounting(families)
    }

    private func authentication(_ families: PacketMetricFamilies) throws -> [NamedService] {
        let metrics = PacketMetrics(families, socket: RefusalLog.SocketKind.authentication.rawValue)
        let access = AccessMetricFamilies(context.metrics)
        let handling = AccessHandler.Settings(
            rejectDelay: UInt64(settings.rejectDelay.wholeNanoseconds),
            feedRate: UInt32(settings.feedRate),
            staleAfter: UInt64(settings.limits.staleAfter.wholeNanoseconds),
            unknownMemory: UInt64(settings.limits.unknownMemory.wholeNanoseconds),
            shortestInterim: UInt32(settings.limits.shortestInterim.components.seconds)
        )
        let (store, refusals, feed, duplicates) = (store, refusals, feed, settings.duplicates)
        let (shard, admission) = (eapShard(), admission)
        return try receivers(port: settings.authPort, name: "auth", metrics) { receiver, _, number in
            receiver.run(
                handler: AccessHandler(
                    settings: handling,
                    store: store,
                    metrics: metrics,
                    families: access,
                    refusals: refusals,
                    feed: feed,
                    cache: DuplicateCache(capacity: duplicates, lifetime: Self.duplicateLifetime),
                    eap: shard(number),
                    desk: admission?.desk(),
                    now: SystemClock.monotonicNanoseconds()
                )
            )
        }
    }

    /// The EAP part of the thread with that number.
    private func eapShard() -> @Sendable (Int) -> EAPShard {
        let metrics = EAPMetrics(context.metrics)
        let sessions = EAPSessions(
            serverName: serverName,
            shards: settings.threads,
            capacity: eap.sessions,
            lifetime: UInt64(eap.timeout.wholeNanoseconds),
            gauge: metrics.sessions
        )
        let offer = EAPOffer(methods: eap.methods.kinds, serverName: serverName) { Randomness.bytes($0) }
        let handling = EAPAnswerer.Settings(
            offer: offer,
            timeout: UInt32(eap.timeout.wholeNanoseconds / 1_000_000_000)
        )
        return { EAPShard(settings: handling, sessions: sessions, number: $0, metrics: metrics) }
    }

    private func accounting(_ families: PacketMetricFamilies) throws -> [NamedService] {
        let metrics = PacketMetrics(families, socket: RefusalLog.SocketKind.accounting.rawValue)
        let (journal, refusals, duplicates, admission) = (journal, refusals, settings.duplicates, admission)
        let unknownMemory = UInt64(settings.limits.unknownMemory.wholeNanoseconds)
        return try receivers(port: settings.acctPort, name: "acct", metrics) { receiver, socket, _ in
            receiver.run(
                handler: AccountingHandler(
                    journal: journal,
                    socket: socket,
                    metrics: metrics,
                    refusals: refusals,
                    cache: DuplicateCache(capacity: duplicates, lifetime: Self.duplicateLifetime),
                    admission: admission,
                    unknownMemory: unknownMemory
                )
            )
        }
    }

    /// The threads of one port: their sockets share it (SO_REUSEPORT).
    private func receivers(
        port: UInt16,
        name: String,
        _ metrics: PacketMetrics,
        _ body: @escaping @Sendable (Receiver, UDPSocket, _ number: Int) -> Void
    ) throws -> [NamedService] {
        var port = port
        return try (1...settings.threads).map { number in
            let socket = try UDPSocket(address: settings.address, port: port, receiveBuffer: settings.receiveBuffer)
            port = socket.port
            if number == 1 { tell(name, socket) }
            let receiver = try Receiver(socket: socket, directory: store, metrics: metrics)
            return NamedService(
                "\(name)-\(number)",
                ReceiverService(name: "radius-\(name)-\(number)", receiver: receiver) { body($0, socket, number - 1) }
            )
        }
    }

    private func tell(_ name: String, _ socket: UDPSocket) {
        context.logger.info(
            "listening",
            [
                "radius.socket": .string(name), "radius.port": .int(Int(socket.port)),
                "radius.receive_buffer": .int(socket.receiveBuffer),
            ]
        )
        guard socket.receiveBuffer < settings.receiveBuffer else { return }
        context.logger.warn(
            "the kernel granted a smaller receive buffer: raise net.core.rmem_max",
            ["asked": .int(settings.receiveBuffer), "granted": .int(socket.receiveBuffer)]
        )
    }
}
