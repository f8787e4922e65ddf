import Balances
import Billing
import Concurrency
import Configuration
import Crypto
import Domain
import Events
import Glibc
import Ledger
package import Lifecycle
import Messaging
import NATS
import Observability
import Persistence
import Postgres
import Redis

/// billing-worker, put together.
package enum Application {
    package static let name = "billing-worker"
    /// The port of /health, /ready and /metrics unless configured.
    package static let adminPort: UInt16 = 9_104

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
        let keyring = try Keyring(path: settings.keyringPath)
        let (clock, rehearsal) = try clock(settings, context)
        let sessions = Sessions(settings: settings)
        let desk = try CommandDesk(nats, ids: IDGenerator(time: clock))
        let charges = ChargeDesk(desk: desk, ids: IDGenerator(time: clock), logger: context.logger)
        let zones = RememberedZones()
        let letters = try DeadLetterQueue(nats, publisher: try EventPublisher(nats, limit: .seconds(10)))
        let probe = sessions.make("probe")
        return [
            // Ends last: the lanes' last answers and acknowledgements leave before the process does.
            NamedService("nats") {
                await waitForShutdown()
                try? await nats.flush(within: .seconds(1))
            },
            NamedService(
                "database",
                DatabaseProbe(
                    ask: { _ = try await probe.query("SELECT 1", deadline: .seconds(2)) },
                    health: context.health.component("database")
                )
            ),
            NamedService(
                "streams",
                StreamSetup(
                    ensure: { try await Streams.ensure(on: nats, replicas: settings.replicas) },
                    health: context.health.component("streams"),
                    logger: context.logger
                )
            ),
            NamedService("lanes", try lanes(settings, context, nats, sessions, letters, desk, keyring, clock)),
            NamedService("figures", figures(settings, context, sessions.make("figures"), clock)),
            NamedService("exposure", exposure(settings, context, sessions.make("exposure"))),
            NamedService("checkpoints", checkpoints(context, sessions.make("checkpoints"), keyring, clock)),
            NamedService("balances", try balances(settings, context, nats, letters)),
            NamedService("low-balances", try lowBalances(context, nats, sessions.make("lows"), letters, clock)),
        ] + (try subscriptions(settings, context, nats, sessions, letters, charges, zones, clock))
            + (try quotas(context, nats, sessions, charges, zones, clock))
            + [boosts(settings, context, sessions.make("boosts"), charges, zones, clock)] + rehearsal
    }

    /// The clock, or the file that stands for it in a rehearsal.
    private static func clock(
        _ settings: Settings,
        _ context: DaemonContext
    ) throws -> (TimeSource, [NamedService]) {
        let gauge = context.metrics.gauge("clock_rehearsed", "1 where the time is a rehearsal's and not the clock's.")
        guard !settings.clockFile.isEmpty else {
            gauge.with().set(0)
            return (TimeSource { Timestamp(microseconds: SystemClock.microsecondsSince1970()) }, [])
        }
        gauge.with().set(1)
        context.logger.warn("this is a rehearsal: the time is a file's", ["file": .string(settings.clockFile)])
        let clock = try RehearsalClock(path: settings.clockFile)
        return (clock.source, [NamedService("clock", clock)])
    }

    private static func lanes(
        _ settings: Settings,
        _ context: DaemonContext,
        _ nats: NATSClient,
        _ sessions: Sessions,
        _ letters: DeadLetterQueue,
        _ desk: any MoneyDesk,
        _ keyring: Keyring,
        _ clock: TimeSource
    ) throws -> LaneSupervisor {
        let metrics = LaneMetrics(context.metrics)
        let payments = PaymentMetrics(context.metrics)
        let shared = sessions.make("owners")
        let owners = MoneyOwners(shared)
        let book = RememberedBook(
            owners: owners,
            opener: AccountOpener(shared, ids: IDGenerator(time: clock)),
            commissions: CommissionBook(shared)
        )
        let admin = try JetStreamAdmin(nats)
        let holder = settings.lanes.holder.isEmpty ? processName() : settings.lanes.holder
        let care = care(settings, context, sessions.make("care"), desk, keyring, clock)
        let runner = { @Sendable (lane: Lane) in
            let writer = LaneWriter(
                sessions.make("lane \(lane.currency)"),
                lane: lane,
                holder: holder,
                lease: settings.lanes.lease,
                time: clock
            )
            let batch = LaneBatch(
                writer: writer,
                planner: MoneyPlanner(lane: lane, book: book, time: clock),
                metrics: metrics,
                payments: payments,
                logger: context.logger,
                most: min(settings.lanes.batch, LaneWriter.maximumCommands),
                reply: { subject, payload in try? nats.publish(subject, payload) }
            )
            return LaneRunner(
                lane: lane,
                batch: batch,
                care: care(lane),
                lease: settings.lanes.lease,
                metrics: metrics,
                logger: context.logger,
                consumer: { try commands(of: lane, settings, context, nats, letters) }
            )
        }
        return LaneSupervisor(
            known: { try await owners.lanes() },
            waiting: {
                try await admin.subjects(of: Streams.commands.name, matching: Subjects.ledgerCommands + ".>")
            },
            isOperator: { try await owners.isOperator($0) },
            runner: runner,
            interval: settings.lanes.discovery,
            health: context.health.component("lanes"),
            logger: context.logger
        )
    }

    private static func care(
        _ settings: Settings,
        _ context: DaemonContext,
        _ session: PostgresSession,
        _ desk: any MoneyDesk,
        _ keyring: Keyring,
        _ clock: TimeSource
    ) -> @Sendable (Lane) -> LaneCare {
        let metrics = CareMetrics(context.metrics)
        let step = StretchLimit(batches: 25, rows: 4_000)
        return { lane in
            LaneCare(
                lane: lane,
                desk: desk,
                holds: { try await LedgerHoldsDue(session).page(of: lane, at: $0, limit: 200).holds },
                vouched: { try await LedgerVerifier(session).vouchedHead(of: lane, keyring: keyring) },
                verify: { try await LedgerVerifier.verify(on: session, since: $0, keyring: keyring, limit: step) },
                sample: {
                    try await LedgerVerifier.sample(on: session, lane: lane, keyring: keyring) { .random(in: $0) }
                },
                record: { found, now in
                    let kept = LedgerVerifications(session)
                    switch found {
                    case .stretch(let verdict): try await kept.record(stretch: verdict, of: lane, at: now)
                    case .sample(let verdict): try await kept.record(sample: verdict, of: lane, at: now)
                    }
                },
                metrics: metrics,
                logger: context.logger,
                time: clock,
                ids: IDGenerator(time: clock),
                interval: settings.lanes.care
            )
        }
    }

    private static func figures(
        _ settings: Settings,
        _ context: DaemonContext,
        _ session: PostgresSession,
        _ clock: TimeSource
    ) -> LedgerGauges {
        LedgerGauges(
            context.metrics,
            time: clock,
            interval: settings.figuresInterval,
            logger: context.logger,
            read: { try await LedgerFigures(session).read() },
            lowest: { try await LowestWallets(session).read(limit: settings.walletSeries) },
            keep: { try await LedgerVerifications(session).record($0, at: $1) }
        )
    }

    private static func exposure(
        _ settings: Settings,
        _ context: DaemonContext,
        _ session: PostgresSession
    ) -> ExposureWatch {
        ExposureWatch(
            context.metrics,
            interval: settings.exposureInterval,
            logger: context.logger,
            read: { try await BillingExposure(session).counts() }
        )
    }

    private static func quotas(
        _ context: DaemonContext,
        _ nats: NATSClient,
        _ sessions: Sessions,
        _ charges: ChargeDesk,
        _ zones: RememberedZones,
        _ clock: TimeSource
    ) throws -> [NamedService] {
        Quotas.services(
            store: QuotaStore(sessions.make("quotas")) { name in name.flatMap(zones.rules) ?? .utc },
            tails: try EventTails(nats, stream: .domain),
            stream: Streams.domain.name,
            desk: charges,
            clock: clock,
            metrics: context.metrics,
            health: context.health.component("quotas"),
            logger: context.logger
        )
    }

    private static func boosts(
        _ settings: Settings,
        _ context: DaemonContext,
        _ session: PostgresSession,
        _ charges: ChargeDesk,
        _ zones: RememberedZones,
        _ clock: TimeSource
    ) -> NamedService {
        NamedService(
            "boosts",
            BoostEngine(
                keeping: BoostWork(session, ids: IDGenerator(time: clock), zone: zones.rules),
                desk: charges,
                time: clock,
                metrics: BoostMetrics(context.metrics),
                logger: context.logger,
                batch: settings.subscriptions.batch,
                interval: settings.subscriptions.interval
            )
        )
    }

    private static func commands(
        of lane: Lane,
        _ settings: Settings,
        _ context: DaemonContext,
        _ nats: NATSClient,
        _ letters: DeadLetterQueue
    ) throws -> EventConsumer {
        var options = EventConsumerOptions()
        // Of messages, each of which may carry several commands.
        options.batch = max(1, settings.lanes.batch / 8)
        options.wait = settings.lanes.wait
        options.acknowledgementWait = settings.lanes.acknowledgementWait
        return try EventConsumer(
            nats,
            stream: .commands,
            durable: "lane-\(lane.rootID)-\(lane.currency)",
            filter: Subjects.ledgerCommands(lane),
            options: options,
            deadLetters: letters,
            logger: context.logger,
            classify: LaneRunner.failure
        )
    }

    private static func checkpoints(
        _ context: DaemonContext,
        _ session: PostgresSession,
        _ keyring: Keyring,
        _ clock: TimeSource
    ) -> CheckpointSigner {
        CheckpointSigner(
            sign: { try await LedgerCheckpoints.signDue(on: session, with: keyring, now: clock.now()) },
            signed: context.metrics.counter("ledger_checkpoints_total", "Checkpoints of lanes that were signed.")
                .with(),
            health: context.health.component("checkpoints"),
            logger: context.logger
        )
    }

    private static func balances(
        _ settings: Settings,
        _ context: DaemonContext,
        _ nats: NATSClient,
        _ letters: DeadLetterQueue
    ) throws -> LedgerWatch {
        let redis = RedisSession(
            try RedisPlace(settings.redisURL.revealed),
            scripts: BalanceCache.scripts,
            timeout: .seconds(2),
            name: "redis-balances"
        )
        return LedgerWatch(
            consumer: try batches("wallet-balances", context, nats, letters) { _ in .outage },
            work: LedgerWatch.keeping(
                BalanceCache(redis),
                kept: context.metrics.counter("wallet_balances_kept_total", "Balances put into Redis.").with()
            )
        )
    }

    private static func lowBalances(
        _ context: DaemonContext,
        _ nats: NATSClient,
        _ session: PostgresSession,
        _ letters: DeadLetterQueue,
        _ clock: TimeSource
    ) throws -> LedgerWatch {
        LedgerWatch(
            consumer: try batches("wallet-lows", context, nats, letters, classify: LedgerWatch.failure),
            work: LedgerWatch.telling(
                WalletLows(session, ids: IDGenerator(time: clock)),
                at: clock,
                told: context.metrics.counter("wallet_lows_total", "Wallets of which it was told that they are low.")
                    .with()
            )
        )
    }

    /// Hears of the ledger's batches under a name of its own.
    private static func batches(
        _ durable: String,
        _ context: DaemonContext,
        _ nats: NATSClient,
        _ letters: DeadLetterQueue,
        classify: @escaping @Sendable (any Error) -> HandlingFailure
    ) throws -> EventConsumer {
        var options = EventConsumerOptions()
        options.batch = 50
        return try EventConsumer(
            nats,
            stream: .domain,
            durable: durable,
            filter: Subjects.all(LedgerAdvanced.self),
            options: options,
            deadLetters: letters,
            logger: context.logger,
            classify: classify
        )
    }

    private static func subscriptions(
        _ settings: Settings,
        _ context: DaemonContext,
        _ nats: NATSClient,
        _ sessions: Sessions,
        _ letters: DeadLetterQueue,
        _ charges: ChargeDesk,
        _ zones: RememberedZones,
        _ clock: TimeSource
    ) throws -> [NamedService] {
        let ids = IDGenerator(time: clock)
        let engine = SubscriptionEngine(
            keeping: SubscriptionWork(sessions.make("subscriptions"), ids: ids, zone: zones.rules),
            charges: charges,
            time: clock,
            metrics: SubscriptionMetrics(context.metrics),
            logger: context.logger,
            batch: settings.subscriptions.batch,
            mostInFlight: settings.subscriptions.inFlight,
            interval: settings.subscriptions.interval
        )
        let watch = LedgerWatch(
            consumer: try batches("billing-payments", context, nats, letters, classify: LedgerWatch.failure),
            work: LedgerWatch.funding(
                SubscriptionWork(sessions.make("payments"), ids: ids, zone: zones.rules),
                at: clock,
                funded: context.metrics.counter(
                    "subscriptions_funded_total",
                    "Subscriptions whose bills were asked for because of money that came."
                ).with()
            )
        )
        return [NamedService("subscriptions", engine), NamedService("payments", watch)]
    }

    /// Tells this process from all others; another start of the same container is another process.
    private static func processName() -> String {
        var name = [UInt8](repeating: 0, count: 256)
        let length = name.count - 1
        let result = unsafe name.withUnsafeMutableBytes { octets in
            guard let start = octets.baseAddress else { return Int32(-1) }
            return unsafe gethostname(start.assumingMemoryBound(to: CChar.self), length)
        }
        let host = result == 0 ? String(decoding: name.prefix { $0 != 0 }, as: UTF8.self) : "unknown"
        return "\(host)/\(getpid())"
    }
}

/// Makes the daemon's sessions.
private struct Sessions: Sendable {
    let settings: Settings

    func make(_ purpose: String) -> PostgresSession {
        PostgresSession(
            PostgresConfiguration(
                url: settings.databaseURL.revealed,
                role: settings.databaseRole,
                applicationName: "\(Application.name) \(purpose)"
            ),
            name: "pg-\(purpose.prefix(8))",
            backoff: Backoff(initial: .milliseconds(50), maximum: .seconds(2))
        )
    }
}
