import Concurrency
import Observability
import Synchronization

/// What the parts of one running server share.
final class ServerCore: Sendable {
    let limits: HTTPLimits
    let proxies: TrustedProxies
    let isTLS: Bool
    let metrics: HTTPServerMetrics
    let logger: Logger
    let respond: @Sendable (Request) async -> Response
    /// Requests that wait for their task.
    let queue: BoundedQueue<Exchange>
    let table = ConnectionTable()
    let mailbox: LoopMailbox
    private let draining = Atomic<Bool>(false)
    private let aborting = Atomic<Bool>(false)
    private let running = Atomic<Int>(0)
    private let working = Atomic<Int>(0)
    private let sockets = Atomic<Int>(0)
    private let streams = Mutex<[ObjectIdentifier: EventStream]>([:])

    init(
        _ configuration: HTTPServerConfiguration,
        metrics: HTTPServerMetrics,
        logger: Logger,
        respond: @escaping @Sendable (Request) async -> Response
    ) throws(SystemError) {
        limits = configuration.limits
        proxies = configuration.proxies
        isTLS = configuration.tls != nil
        self.metrics = metrics
        self.logger = logger
        self.respond = respond
        queue = BoundedQueue(capacity: configuration.limits.requests)
        mailbox = try LoopMailbox()
    }

    /// No new connections; answers close theirs; streams of events and WebSockets end.
    var isDraining: Bool { draining.load(ordering: .acquiring) }
    /// What still runs is cut off.
    var isAborting: Bool { aborting.load(ordering: .acquiring) }

    func beginDrain() { draining.store(true, ordering: .releasing) }
    func beginAbort() { aborting.store(true, ordering: .releasing) }

    /// Requests whose handler has not returned.
    var runningRequests: Int { running.load(ordering: .relaxed) }

    /// Takes the right to begin one more handler; false where too many have not returned. Every true needs one
    /// `endWork`.
    func beginWork() -> Bool {
        let before = working.wrappingAdd(1, ordering: .relaxed).oldValue
        if before < limits.requests { return true }
        endWork()
        return false
    }

    /// A handler has returned its answer; what it streams from now on is not counted.
    func endWork() { working.wrappingSubtract(1, ordering: .relaxed) }

    /// One more or one less.
    func countRequest(_ change: Int) { running.wrappingAdd(change, ordering: .relaxed) }

    /// Open WebSockets, which the connection table does not know.
    var openSockets: Int { sockets.load(ordering: .relaxed) }

    func countSocket(_ change: Int) {
        sockets.wrappingAdd(change, ordering: .relaxed)
        metrics.webSockets.add(Double(change))
    }

    func add(_ stream: EventStream) {
        streams.withLock { $0[ObjectIdentifier(stream)] = stream }
        metrics.streams.add(1)
    }

    func remove(_ stream: EventStream) {
        let wasThere = streams.withLock { $0.removeValue(forKey: ObjectIdentifier(stream)) != nil }
        if wasThere { metrics.streams.add(-1) }
    }

    var eventStreams: [EventStream] { streams.withLock { Array($0.values) } }
}
