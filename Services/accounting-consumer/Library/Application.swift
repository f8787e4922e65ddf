import Admission
import Concurrency
import Configuration
import Domain
import Events
package import Lifecycle
import Messaging
import NATS
import Observability
import Persistence
import Postgres
import Redis
import Synchronization
import WireFormat

/// accounting-consumer, put together.
package enum Application {
    package static let name = "accounting-consumer"
    /// The port of /health, /ready and /metrics unless configured.
    package static let adminPort: UInt16 = 9_102
    /// The durable consumer that every worker of every process shares.
    static let durable = "accounting-writers"

    /// Runs the daemon from its command line to its exit code.
    package static func run() async -> Int32 {
        await runDaemon(
            name: name,
            version: Build.version,
            adminPort: adminPort,
            configure: Settings.init,
            build: build
        )
    }

    /// The services of one process, in the order of their dependence.
    package static func build(_ settings: Settings, _ context: DaemonContext) async throws -> [NamedService] {
        let nats = try NATSClient(
            NATSConfiguration(url: settings.natsURL.revealed, name: name),
            logger: context.logger
        )
        return try build(settings, context, nats)
    }

    private static func build(
        _ settings: Settings,
        _ context: DaemonContext,
        _ nats: NATSClient
    ) throws -> [NamedService] {
        let metrics = ConsumerMetrics(context.metrics, stream: Streams.accounting.name, consumer: durable)
        let sessions = Sessions(settings, context)
        let progress = StreamProgress()
        let addresses = try Addresses(settings, context, sessions.make("addresses"))
        let judge = CounterJudge(
            register: CounterAlarms(sessions.make("counters")),
            metrics: CounterJudge.Metrics(context.metrics),
            clock: clock,
            logger: context.logger
        )
        let monitor = StreamMonitor(
            observer: try JetStreamObserver(nats),
            progress: progress,
            metrics: metrics,
            health: context.health.component("stream"),
            clock: clock,
            gate: ReaperGate(
                settling: settings.reaper.settling,
                maximumLag: settings.reaper.maximumLag,
                margin: settings.consumer.acknowledgementWait
            )
        )
        let relay = OutboxRelay(
            store: OutboxStore(sessions.make("outbox")),
            stream: try JetStreamOutbox(nats),
            streamName: Streams.domain.name,
            metrics: metrics,
            health: context.health.component("outbox"),
            logger: context.logger,
            backoff: waits(),
            idle: settings.relayIdle
        )
        return [
            // Ends last: the workers' last acknowledgements leave before the process does.
            NamedService("nats") {
                await waitForShutdown()
                try? await nats.flush(within: .seconds(1))
            },
            NamedService("database", probe(sessions.make("probe"), context)),
            NamedService("streams", setup(settings, context, nats)),
            NamedService("monitor", monitor),
            NamedService("outbox", relay),
            NamedService("counters", judge),
        ] + addresses.services(clock: clock)
            + (try posture(settings, context, nats, sessions.make("posture")))
            + (try trail(settings, context, nats, sessions))
            + upkeep(settings, context, sessions.make("upkeep"), metrics, monitor, addresses.release)
            + (try workers(settings, context, nats, sessions, metrics, progress, addresses.release, judge))
    }

    /// What NASes send, and what is asked of them because of it.
    private static func posture(
        _ settings: Settings,
        _ context: DaemonContext,
        _ nats: NATSClient,
        _ session: PostgresSession
    ) throws -> [NamedService] {
        let metrics = PostureMetrics(context.metrics)
        let store = PostureStore(session)
        let consumer = try EventConsumer(
            nats,
            stream: .domain,
            durable: "nas-posture",
            filter: Subjects.all(NASPostureSeen.self),
            deadLetters: try DeadLetterQueue(nats, publisher: try EventPublisher(nats, limit: .seconds(10))),
            logger: context.logger,
            classify: { HandlingFailure(storing: $0) }
        )
        let upkeep = PostureUpkeep(
            store: store,
            metrics: metrics,
            logger: context.logger,
            clock: clock,
            settings: settings.posture
        )
        return [
            NamedService("posture", PostureFolder(consumer: consumer, store: store, metrics: metrics)),
            NamedService("ratchet", upkeep),
        ]
    }

    /// Sessions in the audit trail, where they are wanted there.
    private static func trail(
        _ settings: Settings,
        _ context: DaemonContext,
        _ nats: NATSClient,
        _ sessions: Sessions
    ) throws -> [NamedService] {
        guard settings.auditsSessions else { return [] }
        var options = EventConsumerOptions()
        options.batch = 200
        let consumer = try EventConsumer(
            nats,
            stream: .domain,
            durable: "session-trail",
            filter: "session.*.>",
            options: options,
            deadLetters: try DeadLetterQueue(nats, publisher: try EventPublisher(nats, limit: .seconds(10))),
            logger: context.logger,
            classify: SessionTrail.failure
        )
        let pipeline = AuditPipeline(sessions.make("audit"))
        return [
            NamedService("trail", SessionTrail(consumer: consumer, pipeline: pipeline, metrics: context.metrics))
        ]
    }

    /// What keeps the tables small and true, on one session.
    private static func upkeep(
        _ settings: Settings,
        _ context: DaemonContext,
        _ session: PostgresSession,
        _ metrics: ConsumerMetrics,
        _ monitor: StreamMonitor,
        _ release: SlotRelease
    ) -> [NamedService] {
        let history = SessionHistory(session)
        let reaper = Reaper(
            sessions: StaleSessions(session),
            monitor: monitor,
            metrics: metrics,
            logger: context.logger,
            release: release,
            after: settings.reaper.after,
            interval: settings.reaper.interval
        )
        let mover = HistoryMover(
            history: history,
            metrics: metrics,
            logger: context.logger,
            clock: clock,
            after: settings.history.after,
            retentionMonths: settings.history.retentionMonths > 0 ? settings.history.retentionMonths : nil,
            interval: settings.history.interval
        )
        let live = LiveCounter(
            history: history,
            gauge: metrics.live,
            logger: context.logger,
            interval: settings.liveInterval
        )
        let folder = UsageFolder(
            usage: PendingUsage(session),
            metrics: metrics,
            logger: context.logger,
            interval: settings.usageInterval
        )
        return [
            NamedService("reaper", reaper), NamedService("history", mover), NamedService("usage", folder),
            NamedService("live", live),
        ]
    }

    private static func workers(
        _ settings: Settings,
        _ context: DaemonContext,
        _ nats: NATSClient,
        _ sessions: Sessions,
        _ metrics: ConsumerMetrics,
        _ progress: StreamProgress,
        _ release: SlotRelease,
        _ judge: CounterJudge
    ) throws -> [NamedService] {
        let consumer = try PullConsumer(
            nats,
            ConsumerConfiguration(
                stream: Streams.accounting.name,
                durable: durable,
                acknowledgementWait: settings.consumer.acknowledgementWait,
                maximumAcknowledgementsPending: settings.consumer.batch * settings.consumer.batchesInFlight
            ),
            batch: max(1, settings.consumer.batch / 2),
            requests: 2 * settings.consumer.workers
        )
        let letters = DeadLetters(
            queue: try DeadLetterQueue(nats, publisher: try EventPublisher(nats, limit: .seconds(10)))
        )
        let failures = SharedFailures()
        return (1...settings.consumer.workers).map { number in
            let writer = AccountingWriter(sessions.make("writer-\(number)"))
            let processor = BatchProcessor(
                store: WriterStore(writer: writer, gauge: sessions.gauge, release: release, judge: judge),
                deadLetters: letters,
                failures: failures,
                progress: progress,
                metrics: metrics,
                logger: context.logger,
                stream: Streams.accounting.name,
                consumer: durable,
                backoff: waits()
            )
            return NamedService(
                "worker-\(number)",
                AccountingWorker(
                    source: JetStreamSource(consumer: consumer),
                    processor: processor,
                    batch: settings.consumer.batch,
                    wait: settings.consumer.wait,
                    logger: context.logger
                )
            )
        }
    }

    private static func probe(_ session: PostgresSession, _ context: DaemonContext) -> DatabaseProbe {
        DatabaseProbe(
            ask: { _ = try await session.query("SELECT 1", deadline: .seconds(2)) },
            health: context.health.component("database")
        )
    }

    private static func setup(_ settings: Settings, _ context: DaemonContext, _ nats: NATSClient) -> StreamSetup {
        StreamSetup(
            ensure: { try await Streams.ensure(on: nats, replicas: settings.replicas) },
            health: context.health.component("streams"),
            logger: context.logger
        )
    }

    private static let clock = TimeSource { Timestamp(microseconds: SystemClock.microsecondsSince1970()) }

    private static func waits() -> Backoff { Backoff(initial: .milliseconds(50), maximum: .seconds(2)) }
}

/// Makes the daemon's sessions and counts their connections.
private struct Sessions {
    let settings: Settings
    let gauge: ConnectionGauge

    init(_ settings: Settings, _ context: DaemonContext) {
        self.settings = settings
        gauge = ConnectionGauge(context.metrics, total: settings.consumer.workers + (settings.auditsSessions ? 7 : 6))
    }

    func make(_ purpose: String) -> PostgresSession {
        PostgresSession(
            PostgresConfiguration(
                url: settings.databaseURL.revealed,
                role: settings.databaseRole,
                applicationName: "\(Application.name) \(purpose)"
            ),
            name: "pg-\(purpose)",
            backoff: Backoff(initial: .milliseconds(50), maximum: .seconds(2)),
            onState: { [gauge] in gauge.connected($0) }
        )
    }
}

/// What keeps addresses and slots, on one session and two connections to Redis: ended sessions' slots do not wait for a
/// reconciliation.
private struct Addresses {
    let settings: Settings
    let context: DaemonContext
    let keeper: AdmissionKeeper
    let store: AllocationStore
    let metrics: AddressMetrics
    let release: SlotRelease

    init(_ settings: Settings, _ context: DaemonContext, _ session: PostgresSession) throws {
        self.settings = settings
        self.context = context
        let place = try RedisPlace(settings.redisURL.revealed)
        keeper = AdmissionKeeper(place)
        store = AllocationStore(session)
        metrics = AddressMetrics(context.metrics)
        release = SlotRelease(keeper: AdmissionKeeper(place), metrics: metrics, logger: context.logger)
    }

    func services(clock: TimeSource) -> [NamedService] {
        let leaseSeconds = UInt32(clamping: settings.addresses.lease.wholeNanoseconds / 1_000_000_000)
        let persister = LogPersister(keeper: keeper, store: store, metrics: metrics, logger: context.logger)
        let service = AddressService(
            keeper: keeper,
            store: store,
            persister: persister,
            warmUp: WarmUp(
                keeper: keeper,
                store: store,
                logger: context.logger,
                clock: clock,
                replay: settings.addresses.replay,
                leaseSeconds: leaseSeconds
            ),
            reconciliation: Reconciliation(
                keeper: keeper,
                store: store,
                persister: persister,
                metrics: metrics,
                clock: clock,
                leaseSeconds: leaseSeconds
            ),
            releases: AskedReleases(keeper: keeper, store: store, leaseSeconds: leaseSeconds),
            watch: PoolWatch(keeper: keeper, store: store, metrics: metrics, logger: context.logger),
            metrics: metrics,
            health: context.health.component("addresses"),
            logger: context.logger,
            intervals: AddressService.Intervals(
                idle: settings.addresses.idle,
                reconciliation: settings.addresses.reconciliation,
                watch: settings.addresses.watch
            ),
            clock: clock,
            retentionMonths: settings.history.retentionMonths > 0 ? settings.history.retentionMonths : nil
        )
        return [NamedService("addresses", service), NamedService("slots", release)]
    }
}

/// A writer as the workers see it.
private struct WriterStore: AccountingStore {
    let writer: AccountingWriter
    let gauge: ConnectionGauge
    let release: SlotRelease
    let judge: CounterJudge

    func commit(_ records: [AccountingRecord]) async throws(StorageFault) -> AccountingCommit {
        let commit = try await gauge.working { () async throws(StorageFault) in try await writer.commit(records) }
        release.offer(commit.ended)
        judge.offer(commit.observations)
        return commit
    }

    func bury(_ message: RefusedMessage, failures: Int) async throws(StorageFault) {
        try await gauge.working { () async throws(StorageFault) in
            try await writer.bury(message, failures: failures)
        }
    }
}

// MARK: - JetStream

extension NATSMessage: AccountingDelivery {}

/// The shared consumer as the workers see it.
private struct JetStreamSource: DeliverySource {
    let consumer: PullConsumer

    func next(maximum: Int, within wait: Duration) async throws -> [any AccountingDelivery] {
        try await consumer.batch(maximum: maximum, within: wait, patience: .milliseconds(250))
    }
}

private struct DeadLetters: DeadLetterStream {
    let queue: DeadLetterQueue

    func bury(_ delivery: any AccountingDelivery, reason: String) async throws {
        try await queue.store(
            delivery.payload,
            subject: delivery.subject,
            messageID: delivery.messageID ?? "",
            sequence: delivery.sequence,
            reason: reason,
            stream: Streams.accounting.name,
            consumer: Application.durable
        )
        delivery.ack()
    }
}

private struct JetStreamObserver: StreamObserver {
    struct NoConsumer: Error, CustomStringConvertible {
        var description: String { "the consumer \(Application.durable) does not exist yet" }
    }

    let admin: JetStreamAdmin

    init(_ client: NATSClient) throws {
        admin = try JetStreamAdmin(client)
    }

    func observe() async throws -> ConsumerPosition {
        guard
            let info = try await admin.consumerInfo(stream: Streams.accounting.name, consumer: Application.durable)
        else { throw NoConsumer() }
        return ConsumerPosition(
            pending: info.pending,
            outstanding: info.acknowledgementsPending,
            redelivered: info.redelivered
        )
    }
}

/// Publishes a round of outbox rows and gathers what the stream says about each.
private final class JetStreamOutbox: OutboxStream {
    private struct State {
        var number: UInt64 = 0
        var round = RelayRound(oldest: [])
        var waiter: CheckedContinuation<RelayRound, Never>?
    }

    /// Shared with the publisher's handler.
    private final class Board: Sendable {
        let state = Mutex(State())

        /// Notes an answer; tokens of earlier rounds are of no interest any more.
        func settle(_ token: UInt64, _ result: AckResult) {
            let finished = state.withLock { state -> (CheckedContinuation<RelayRound, Never>, RelayRound)? in
                guard token >> 16 == state.number else { return nil }
                let index = Int(token & 0xFFFF)
                switch result {
                case .acknowledged: state.round.acknowledge(index)
                case .refused(let reason): state.round.refuse(index, reason)
                case .unknown: state.round.doubt()
                }
                guard state.round.isComplete, let waiter = state.waiter else { return nil }
                state.waiter = nil
                return (waiter, state.round)
            }
            if let (waiter, round) = finished { waiter.resume(returning: round) }
        }
    }

    private let board = Board()
    private let publisher: JetStreamPublisher

    init(_ client: NATSClient) throws {
        publisher = try JetStreamPublisher(client, maximumOutstanding: 1_024) { [board] token, result in
            board.settle(token, result)
        }
    }

    func publish(_ round: RelayRound) async -> RelayRound {
        let number = board.state.withLock { state in
            state.number += 1
            state.round = round
            return state.number
        }
        var writer = JSONWriter()
        for (index, row) in round.rows.enumerated() {
            writer.removeAll()
            row.envelope(source: "/\(Application.name)").encode(into: &writer)
            let token = number << 16 | UInt64(index)
            let outcome = publisher.publish(
                subject: Subjects.event(subject: row.subject, tenant: row.tenantID),
                payload: writer.bytes,
                messageID: row.id.description,
                token: token
            )
            if outcome != .accepted { board.settle(token, .unknown) }
        }
        return await withCheckedContinuation { waiter in
            let finished = board.state.withLock { state -> RelayRound? in
                guard !state.round.isComplete else { return state.round }
                state.waiter = waiter
                return nil
            }
            if let finished { waiter.resume(returning: finished) }
        }
    }
}
