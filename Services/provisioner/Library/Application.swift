import Billing
import CoA
import Concurrency
import Configuration
import Crypto
import Devices
import Domain
import Events
package import Lifecycle
import Messaging
import NATS
import Observability
import Persistence
import Postgres
import Profiles

/// provisioner, put together.
package enum Application {
    package static let name = "provisioner"
    /// The port of /health, /ready and /metrics unless configured.
    package static let adminPort: UInt16 = 9_105

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
        let client = try ControlClient(
            address: settings.address,
            settings: settings.engine,
            metrics: ControlMetrics(context.metrics)
        )
        let probe = session("probe", settings)
        let brake = brake(settings, context)
        let enforcer = try enforcer(settings, context, nats, client, brake)
        let routers = try Routers.services(
            settings,
            context,
            keeping: RouterOperationStore(session("routers", settings), ids: IDGenerator(time: clock))
        )
        return [
            // Ends last: the last acknowledgements leave before the process does.
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
            NamedService("coa") {
                try await withGracefulShutdownHandler {
                    try await client.run()
                } onShutdown: {
                    client.stop()
                }
            },
            NamedService("enforcer", enforcer),
            NamedService("breakers", try breakers(settings, context, nats, client, enforcer.metrics, brake)),
            NamedService("devices", devices(settings, context)),
        ] + routers + (try lifecycle(settings, context))
    }

    /// Runs are carried out in their tenants' scopes: the login becomes nexora_gateway for each of their transactions.
    private static func lifecycle(_ settings: Settings, _ context: DaemonContext) throws -> [NamedService] {
        let pool = PostgresPool(
            PostgresConfiguration(
                url: settings.databaseURL.revealed,
                maximumConnections: min(settings.lifecycle.inFlight, 4),
                applicationName: "\(name) lifecycle"
            )
        )
        let worker = LifecycleWorker(
            keeping: LifecycleWork(
                session("lifecycle", settings),
                pool: TenantPool(pool),
                terms: LifecycleTerms(
                    rules: settings.lifecycle.rules,
                    sessions: settings.lifecycle.sessions,
                    ids: IDGenerator(time: clock),
                    secrets: DirectorySecrets(try Keyring(path: settings.keyringPath)),
                    calendar: { SystemFiles.timeZone($0).map { BillingCalendar($0) } }
                )
            ),
            interval: settings.lifecycle.interval,
            inFlight: settings.lifecycle.inFlight,
            rules: settings.lifecycle.rules,
            keep: settings.lifecycle.keep,
            time: clock,
            metrics: LifecycleMetrics(context.metrics),
            health: context.health.component("lifecycle"),
            logger: context.logger
        )
        return [
            // Ends behind those who use it.
            NamedService("lifecycle pool") {
                await waitForShutdown()
                await pool.close()
            },
            NamedService("lifecycle", worker),
        ]
    }

    static let clock = TimeSource { Timestamp(microseconds: SystemClock.microsecondsSince1970()) }

    private static func devices(_ settings: Settings, _ context: DaemonContext) -> DeviceMonitor {
        DeviceMonitor(
            book: DeviceCheckStore(session("devices", settings)),
            probe: TCPProbe(limit: settings.devices.limit, reachesLocal: settings.devices.reachesLocal),
            terms: settings.devices.terms,
            metrics: DeviceMetrics(context.metrics),
            health: context.health.component("devices"),
            logger: context.logger,
            clock: clock
        )
    }

    private static func brake(_ settings: Settings, _ context: DaemonContext) -> SessionBrake {
        // The wall's time of the start, and then by a clock that nobody sets: a step would empty its window.
        let (began, zero) = (clock.now(), SystemClock.monotonicNanoseconds())
        return SessionBrake(
            settings.brake,
            clock: { began + .nanoseconds(Int64(clamping: SystemClock.monotonicNanoseconds() - zero)) },
            registry: context.metrics,
            health: context.health.component("brake"),
            logger: context.logger
        )
    }

    private static func breakers(
        _ settings: Settings,
        _ context: DaemonContext,
        _ nats: NATSClient,
        _ client: ControlClient,
        _ metrics: EnforcerMetrics,
        _ brake: SessionBrake
    ) throws -> BreakerService {
        let process = IDGenerator(time: clock).uuid().description
        let actions = BreakerQuery.Action.allCases
        let questions = try actions.map { try NATSBreakerQuestions(nats, $0, process: process) as any BreakerQuestions }
        return BreakerService(
            desk: BreakerDesk(
                book: BreakerStore(session("breakers", settings)),
                breakers: client,
                brake: brake,
                isLeading: { metrics.leading.value == 1 },
                time: clock,
                monotonic: { SystemClock.monotonicNanoseconds() }
            ),
            questions: Dictionary(uniqueKeysWithValues: zip(actions, questions)),
            registry: context.metrics
        )
    }

    private static func enforcer(
        _ settings: Settings,
        _ context: DaemonContext,
        _ nats: NATSClient,
        _ client: ControlClient,
        _ brake: SessionBrake
    ) throws -> Enforcer {
        let secrets = DirectorySecrets(try Keyring(path: settings.keyringPath))
        let logger = context.logger
        let ids = IDGenerator(time: clock)
        let letters = try DeadLetterQueue(nats, publisher: try EventPublisher(nats, limit: .seconds(10)))
        var options = EventConsumerOptions()
        options.batch = 200
        // An intent waits for company no longer than a NAS takes to answer.
        options.wait = .milliseconds(2)
        options.acknowledgementWait = settings.acknowledgementWait
        let consumer: @Sendable (String, String) throws -> EventConsumer = { [options] durable, filter in
            try EventConsumer(
                nats,
                stream: .domain,
                durable: durable,
                filter: filter,
                options: options,
                deadLetters: letters,
                logger: logger,
                classify: Enforcer.failure
            )
        }
        return Enforcer(
            keeping: EnforcementStore(session("orders", settings), ids: ids),
            conduct: Conduct(
                sender: client,
                secret: { secret(of: $0, secrets, logger) },
                time: clock,
                brake: { brake.pause($0, on: $1) }
            ),
            reconciling: Reconciling(
                keeping: EnforcementStore(session("terms", settings), ids: ids),
                pace: settings.reconciling,
                zones: ZoneBook(logger) { SystemFiles.timeZone($0) },
                metrics: ReconcilerMetrics(context.metrics),
                brake: brake,
                changes: {
                    ChangeConsumers(
                        sessions: try consumer("provisioner-sessions", Subjects.all(SessionStarted.self)),
                        access: try consumer("provisioner-access", Subjects.all(AccessChanged.self)),
                        directory: try consumer("provisioner-directory", Subjects.all(DirectoryChanged.self))
                    )
                }
            ),
            intents: {
                IntentConsumers(
                    disconnects: try consumer("provisioner-intents", Subjects.all(DisconnectRequested.self)),
                    reconciliations: try consumer("provisioner-reconcile", Subjects.all(ReconcileRequested.self))
                )
            },
            rules: settings.rules,
            pace: settings.pace,
            ids: ids,
            time: clock,
            metrics: EnforcerMetrics(context.metrics),
            health: context.health.component("orders"),
            logger: logger
        )
    }

    private static func secret(
        of target: EnforcementTarget,
        _ secrets: DirectorySecrets,
        _ logger: Logger
    ) -> SharedSecret? {
        guard let device = target.device else { return nil }
        let order = target.order
        do throws(KeyringError) {
            return SharedSecret(
                try secrets.open(secret: device.sealedSecret, of: order.nasID, tenant: order.tenantID)
            )
        } catch {
            logger.error(
                "the keyring does not open a NAS's secret",
                ["nas.id": .string("\(order.nasID)"), "error": .string("\(error)")]
            )
            return nil
        }
    }

    private static func session(_ purpose: String, _ settings: Settings) -> PostgresSession {
        PostgresSession(
            PostgresConfiguration(
                url: settings.databaseURL.revealed,
                role: settings.databaseRole,
                applicationName: "\(name) \(purpose)"
            ),
            name: "pg-\(purpose)",
            backoff: Backoff(initial: .milliseconds(50), maximum: .seconds(2))
        )
    }
}

/// Questions over NATS. Each process hears each of them, in a group of its own: the one that leads answers.
struct NATSBreakerQuestions: BreakerQuestions {
    private let inbox: QuestionInbox

    init(_ client: NATSClient, _ action: BreakerQuery.Action, process: String) throws {
        inbox = try QuestionInbox(
            client,
            subject: action.subject,
            group: "provisioner-\(process)",
            waiting: 64,
            longest: BreakerQuery.longest,
            refusal: BreakerDesk.refusal(.busy, "too many questions at once, or one that is too long")
        )
    }

    func next() async -> BreakerQuestion? {
        await inbox.next().map { question in
            BreakerQuestion(payload: question.payload) { question.answer($0) }
        }
    }

    func close() async { await inbox.close() }
}
