import CoA
import Concurrency
import Crypto
import Domain
import Events
import Lifecycle
import Messaging
import NATS
import Observability
import Persistence
import Postgres
import SharedTesting
import Synchronization
import Testing
import WireFormat

@testable import Provisioner

/// NASes that do what they are told to do; what was asked of them is kept.
final class ModelNASes: ControlSending {
    private let seen = Mutex<[ControlOrder]>([])
    private let answer: @Sendable (ControlOrder) async -> ControlOutcome

    init(_ answer: @escaping @Sendable (ControlOrder) async -> ControlOutcome) { self.answer = answer }

    /// They do it.
    static func obedient() -> ModelNASes { ModelNASes { _ in .acknowledged(terminateCause: nil) } }

    /// They take requests and never answer.
    static func mute() -> ModelNASes {
        ModelNASes { _ in
            let never = ShutdownSignal()
            await never.wait()
            return .abandoned
        }
    }

    var asked: [ControlOrder] { seen.withLock { $0 } }
    var count: Int { asked.count }

    func send(_ order: ControlOrder) async -> ControlOutcome {
        seen.withLock { $0.append(order) }
        return await answer(order)
    }
}

/// A migrated database with a tenant, a NAS and sessions, a NATS, and enforcers over both.
struct ProvisionerWorld {
    let url: String
    let nats: RealNATS
    let client: NATSClient
    let publisher: EventPublisher
    let database: Database
    let pipeline: PostgresSession
    let superuser: PostgresSession
    let ids: IDGenerator
    let tenant: TenantID
    let nas: NAS
    /// 50 and 10 Mbit/s; and 200 and 50.
    let plan, faster: Plan
    let service: Domain.Service

    static let clock = TimeSource { Timestamp(microseconds: SystemClock.microsecondsSince1970()) }

    init() async throws {
        url = try await RealPostgres.shared().createMigratedDatabase()
        database = Database(url: url, applicationName: "tests")
        nats = try await RealNATS.start()
        client = try NATSClient(
            NATSConfiguration(url: nats.url, name: "test", reconnectWait: .milliseconds(20)),
            logger: Logger(service: "test", sink: MemoryLogSink())
        )
        publisher = try EventPublisher(client, limit: .seconds(60))
        try await Streams.ensureWhenReady(on: client)
        let name = String(url.split(separator: "@/")[1].prefix { $0 != "?" })
        superuser = PostgresSession(
            PostgresConfiguration(url: try await RealPostgres.shared().url(user: "postgres", database: name))
        )
        pipeline = PostgresSession(PostgresConfiguration(url: url, role: "nexora_pipeline"))
        ids = IDGenerator(time: Self.clock)
        tenant = try await database.plantOperator(
            Tenant(id: ids.next(), parentID: nil, kind: .operator, name: "Op", subdomain: "op")
        )
        nas = NAS(
            tenantID: tenant,
            id: ids.next(),
            name: "edge",
            address: IPPrefix(IPAddress(ipv4: 0x0a00_0001)),
            identifier: nil,
            vendor: .mikrotik
        )
        let (device, tenant, ids) = (nas, tenant, ids)
        let customerID: CustomerID = ids.next()
        func plan(_ name: String, _ download: Int64, _ upload: Int64) throws -> Plan {
            Plan(
                tenantID: tenant,
                id: ids.next(),
                name: name,
                downloadBitsPerSecond: download,
                uploadBitsPerSecond: upload,
                price: try Money("19.9", currency: .euro)
            )
        }
        let (slow, fast) = (try plan("Home", 50_000_000, 10_000_000), try plan("Fast", 200_000_000, 50_000_000))
        let customer = Customer(
            tenantID: tenant,
            id: customerID,
            code: "C1",
            name: "Ann",
            email: "a@example.net",
            phone: "+1",
            address: "Street 1"
        )
        let service = Domain.Service(
            tenantID: tenant,
            id: ids.next(),
            customerID: customer.id,
            planID: slow.id,
            username: "ann"
        )
        try await database.transaction(in: tenant) { transaction in
            try await NASRepository(transaction).insert(device, sealedSecret: [1])
            for plan in [slow, fast] { try await PlanRepository(transaction).insert(plan) }
            try await CustomerRepository(transaction).insert(customer)
            try await ServiceRepository(transaction).insert(service)
        }
        (self.plan, faster, self.service) = (slow, fast, service)
    }

    /// A session of the service that is open, and what its login said; told as accounting-consumer tells it.
    func subscriberSession(
        _ granted: SpeedProfile?,
        until: Timestamp? = nil,
        isTold: Bool = true,
        since age: Duration = .zero
    ) async throws -> SessionID {
        let id: SessionID = ids.next()
        let now = Self.clock.now() + age
        try await pipeline.query(
            """
            INSERT INTO sessions (tenant_id, id, session_key, nas_id, service_id, customer_id, username, acct_session_id,
                started_at, last_update_at)
            VALUES ($1, $2, $2, $3, $4, $5, 'ann', $6, $7, $7)
            """,
            [
                .id(tenant), .id(id), .id(nas.id), .id(service.id), .id(service.customerID), .text(id.description),
                .time(now),
            ]
        )
        guard isTold else { return id }
        let payload = SessionStarted(
            session: SessionIdentity(
                sessionID: id,
                nasID: nas.id,
                serviceID: service.id,
                customerID: service.customerID,
                username: "ann",
                acctSessionID: id.description,
                callingStationID: ""
            ),
            startedAt: now,
            reopened: false,
            termsDigest: granted.map { TermsDigest($0, isConfined: false).rawValue },
            grantedUntil: until
        )
        try await tell(payload)
        return id
    }

    /// Gives the service another end.
    func expire(at time: Timestamp) async throws {
        try await superuser.query("UPDATE services SET expires_at = $1", [.time(time)])
    }

    /// What a session carried until now.
    func report(_ session: SessionID, output: Int64) async throws {
        try await pipeline.query(
            "UPDATE sessions SET last_update_at = $3, output_octets = $4 WHERE tenant_id = $1 AND id = $2",
            [.id(tenant), .id(session), .time(Self.clock.now()), .int8(output)]
        )
    }

    /// Publishes an event of the tenant's.
    func tell(_ payload: some EventPayload) async throws {
        let event = Event(id: ids.next(), source: "/tests", time: Self.clock.now(), tenantID: tenant, payload: payload)
        var writer = JSONWriter()
        event.encode(into: &writer)
        let subject = Subjects.event(type(of: payload), tenant: tenant)
        try await publisher.publish(writer.bytes, subject: subject, messageID: event.id.description)
    }

    /// Tells what rows changed, as the outbox's relay does.
    func announce(_ kind: DirectoryChanged.Kind, _ id: UUID128) async throws {
        try await tell(DirectoryChanged(kind: kind, deleted: false, rows: [.init(id: id, version: 1)]))
    }

    func restricted(_ effect: AccessChanged.Effect) async throws {
        try await tell(
            AccessChanged(serviceID: service.id, customerID: service.customerID, effect: effect, cause: .quota)
        )
    }

    @discardableResult
    func sql(_ text: String) async throws -> PGRows { try await superuser.query(text) }

    /// Each order: kind, cause, state and reason.
    func orders() async throws -> [String] {
        try await pipeline.query(
            "SELECT concat_ws(' ', kind, cause, state, reason) FROM enforcements ORDER BY stored_at, id"
        ).compactMap { $0[0].text }
    }

    /// A session that is open.
    func session() async throws -> SessionID {
        let id: SessionID = ids.next()
        try await pipeline.query(
            """
            INSERT INTO sessions (tenant_id, id, session_key, nas_id, username, acct_session_id, started_at, last_update_at)
            VALUES ($1, $2, $2, $3, 'ann', $4, $5, $5)
            """,
            [.id(tenant), .id(id), .id(nas.id), .text(id.description), .time(Self.clock.now())]
        )
        return id
    }

    func end(_ session: SessionID) async throws {
        try await pipeline.query(
            "UPDATE sessions SET ended_at = last_update_at, closed_by = 'stop' WHERE tenant_id = $1 AND id = $2",
            [.id(tenant), .id(session)]
        )
    }

    /// Asks for a session's end as the gateway does; returns the intent's id. The message has an id of its own each time, so that
    /// the stream keeps it however often the intent is told.
    @discardableResult
    func ask(_ session: SessionID, id: EventID? = nil) async throws -> EventID {
        let event = Event(
            id: id ?? ids.next(),
            source: "/tests",
            time: Self.clock.now(),
            tenantID: tenant,
            payload: DisconnectRequested(
                admissionID: nil,
                nasID: nas.id,
                serviceID: nil,
                reason: .requested,
                sessionID: session
            )
        )
        var writer = JSONWriter()
        event.encode(into: &writer)
        let subject = Subjects.event(DisconnectRequested.self, tenant: tenant)
        try await publisher.publish(writer.bytes, subject: subject, messageID: ids.uuid().description)
        return event.id
    }

    func states() async throws -> [String] {
        try await pipeline.query("SELECT state FROM enforcements ORDER BY id").compactMap { $0[0].text }
    }

    func told() async throws -> Int {
        try await pipeline.query("SELECT count(*) FROM outbox WHERE subject = 'provisioning.completed'").first?[0].int
            ?? 0
    }

    /// One process's enforcer, until the body has ended or it is killed with its task.
    func withEnforcer(
        _ nases: ModelNASes,
        isKilled: Bool = false,
        sweep: Duration = .seconds(3_600),
        ahead: Duration = .zero,
        metrics: MetricsRegistry = MetricsRegistry(),
        brake: SessionBrake = .testing(),
        zones: @escaping @Sendable (String) -> TimeZoneRules? = { _ in .utc },
        sink: any LogSink = MemoryLogSink(),
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let session = PostgresSession(PostgresConfiguration(url: url, role: "nexora_pipeline"))
        let terms = PostgresSession(PostgresConfiguration(url: url, role: "nexora_pipeline"))
        let clock = TimeSource { Self.clock.now() + ahead }
        let enforcer = try enforcer(nases, session, terms, sweep: sweep, clock, metrics, brake, zones, sink)
        let signal = ShutdownSignal()
        let failure = await withTaskGroup(of: (any Error)?.self) { group in
            group.addTask {
                await GracefulShutdown.$signal.withValue(signal) {
                    do {
                        try await enforcer.run()
                        return nil
                    } catch {
                        return error is CancellationError ? nil : error
                    }
                }
            }
            var failure: (any Error)?
            do { try await body() } catch { failure = error }
            if isKilled { group.cancelAll() } else { signal.raise() }
            for await ended in group { failure = failure ?? ended }
            return failure
        }
        await session.close()
        await terms.close()
        if let failure { throw failure }
    }

    private func enforcer(
        _ nases: ModelNASes,
        _ session: PostgresSession,
        _ terms: PostgresSession,
        sweep: Duration,
        _ clock: TimeSource,
        _ metrics: MetricsRegistry,
        _ brake: SessionBrake,
        _ zones: @escaping @Sendable (String) -> TimeZoneRules?,
        _ sink: any LogSink
    ) throws -> Enforcer {
        let logger = Logger(service: "test", sink: sink)
        let letters = try DeadLetterQueue(client, publisher: publisher)
        var options = EventConsumerOptions()
        options.wait = .milliseconds(2)
        options.acknowledgementWait = .seconds(1)
        let secret = SharedSecret(Array("0123456789abcdef".utf8))
        let consumer: @Sendable (String, String) throws -> EventConsumer = { [client, options] durable, filter in
            try EventConsumer(
                client,
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
            keeping: EnforcementStore(session, ids: ids),
            conduct: Conduct(sender: nases, secret: { _ in secret }, time: Self.clock) { brake.pause($0, on: $1) },
            reconciling: Reconciling(
                keeping: EnforcementStore(terms, ids: ids),
                pace: Reconciling.Pace(sweep: sweep, again: .seconds(3_600)),
                zones: ZoneBook(logger, zones),
                metrics: ReconcilerMetrics(metrics),
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
            rules: EnforcementRules(confirmation: .seconds(600)),
            pace: Enforcer.Pace(
                interval: .milliseconds(20),
                inFlight: 16,
                retention: .seconds(86_400),
                lessons: .seconds(86_400)
            ),
            ids: ids,
            time: clock,
            metrics: EnforcerMetrics(metrics),
            health: Health(version: "test").component("orders"),
            logger: logger
        )
    }

    func close() async {
        await publisher.close()
        await client.close()
        await pipeline.close()
        await superuser.close()
        await database.close()
    }
}

extension SessionBrake {
    /// With its figures and its voice.
    static func testing(
        _ rules: DisconnectBrake.Rules = DisconnectBrake.Rules(),
        registry: MetricsRegistry = MetricsRegistry(),
        health: HealthComponent = Health(version: "test").component("brake"),
        sink: any LogSink = MemoryLogSink(),
        clock: @escaping @Sendable () -> Timestamp = { ProvisionerWorld.clock.now() }
    ) -> SessionBrake {
        SessionBrake(
            rules,
            clock: clock,
            registry: registry,
            health: health,
            logger: Logger(service: "test", sink: sink)
        )
    }
}
