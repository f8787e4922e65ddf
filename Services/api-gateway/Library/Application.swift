package import Admission
import Billing
import Concurrency
import Configuration
import Crypto
package import Domain
import Events
import HTTPClient
import HTTPServer
import Identity
import Lifecycle
import Messaging
import NATS
import ObjectStorage
import Passwords
import Persistence
import Postgres
import RateLimits
import Redis

/// api-gateway, put together: the one place where its adapters are named.
package enum Application {
    package static let name = "api-gateway"
    /// The port of /health, /ready and /metrics unless configured.
    package static let adminPort: UInt16 = 9_103

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

    /// What is served, group by group.
    package static func routes(
        _ parts: Parts,
        naming: TenantNaming,
        live: LiveRoutes,
        pages: PageRoutes,
        payments: PaymentBook
    ) throws -> [GatewayRoute] {
        let groups: [[GatewayRoute]] = try [
            AuthRoutes(parts, naming).routes,
            BrowserRoutes(parts, naming).routes,
            SelfRoutes(parts).routes, SecondFactorRoutes(parts).routes,
            UserRoutes(parts).routes,
            TenantRoutes(parts).routes,
            BrandingRoutes(parts, naming).routes,
            CommissionRoutes(parts).routes,
            PayoutRoutes(parts).routes,
            KeyRoutes(parts).routes,
            CustomerRoutes(parts).routes,
            ContactRoutes(parts).routes,
            PersonalDataRoutes(parts).routes,
            PlanRoutes(parts).routes,
            QuotaRoutes(parts).routes,
            ProfileRoutes(parts).routes,
            ServiceRoutes(parts).routes,
            LifecycleRoutes(parts).routes,
            NASRoutes(parts).routes,
            DeviceRoutes(parts).routes, RouterRoutes(parts).routes,
            WebhookRoutes(parts).routes,
            PoolRoutes(parts).routes,
            AddressRoutes(parts).routes,
            SessionRoutes(parts).routes,
            EnforcementRoutes(parts).routes,
            BreakerRoutes(parts).routes,
            UsageRoutes(parts).routes,
            OperationsRoutes(parts).routes,
            ExplainRoutes(parts).routes,
            AuditRoutes(parts).routes,
            DeadLetterRoutes(parts).routes,
            ExportRoutes(parts).routes,
            WalletRoutes(parts).routes,
            LedgerRoutes(parts).routes,
            TransactionRoutes(parts).routes,
            PaymentRoutes(parts, payments).routes,
            CashShiftRoutes(parts).routes,
            AdjustmentRoutes(parts).routes,
            ConversionRoutes(parts).routes,
            SubscriptionRoutes(parts).routes,
            BillRoutes(parts).routes,
            BoostRoutes(parts).routes,
            ProjectRoutes(parts).routes,
            MeteringRoutes(parts).routes,
            NoticeProviderRoutes(parts).routes, NoticeRuleRoutes(parts).routes,
            NoticeTemplateRoutes(parts).routes, NoticeLogRoutes(parts).routes, CampaignRoutes(parts).routes,
            NoticeSelfRoutes(parts).routes, NoticeConsentRoutes(parts).routes, NoticeCallbackRoutes(parts).routes,
            PushDeviceRoutes(parts).routes,
            GraphQLRoutes(parts).routes,
            live.routes,
            pages.routes,
        ]
        let routes = groups.flatMap { $0 }
        return routes + [try DocumentRoute.route(describing: routes)]
    }

    fileprivate static let clock = TimeSource { Timestamp(microseconds: SystemClock.microsecondsSince1970()) }

    /// The services of one process, in the order of their dependence.
    private static func build(_ settings: Settings, _ context: DaemonContext) async throws -> [NamedService] {
        let adapters = try Adapters(settings, context)
        let parts = try parts(settings, context, adapters)
        let naming = TenantNaming(
            domain: settings.policy.domain,
            accounts: parts.accounts,
            database: parts.database,
            time: clock
        )
        let live = LiveRoutes(
            try EventTails(adapters.nats, stream: .domain),
            dependencies: LiveDependencies(parts, naming),
            settings: settings.live,
            registry: context.metrics,
            health: context.health.component("live"),
            logger: context.logger
        )
        let payments = PaymentBook(parts)
        let pages = try PageRoutes(WebFolder(settings.webPath))
        let gateway = try Gateway(
            try routes(parts, naming: naming, live: live, pages: pages, payments: payments),
            parts: parts,
            naming: naming,
            metrics: GatewayMetrics(context.metrics)
        )
        GatewayMetrics.watch(parts.limiter, in: context.metrics)
        let server = try HTTPServer(
            try settings.http.configuration(),
            metrics: HTTPServerMetrics(context.metrics),
            logger: context.logger
        ) { request in await gateway.respond(to: request) }
        let exports = parts.storage.map { storage in
            NamedService("exports", ExportCarrier(parts, storage, ExportMetrics(context.metrics)))
        }
        return adapters.services() + [
            NamedService("audit") { try await parts.audit.run() },
            NamedService("payments") { await payments.run() },
            NamedService("rows") { [listener = adapters.listener] in
                try await withGracefulShutdownHandler {
                    try await listener.keep(parts.rows, parts.counts)
                } onShutdown: {
                    listener.stop()
                }
            },
            NamedService("warming", RowWarming(parts)),
            NamedService(
                "upkeep",
                Upkeep(
                    Upkeep.chores(
                        parts,
                        keyring: adapters.keyring,
                        keys: context.health.component("keys"),
                        canary: adapters.canary
                    ),
                    parts: parts
                )
            ),
            NamedService("metering", MeteringService(parts, context.metrics)),
            NamedService("live", live.feed),
            NamedService(
                "http",
                Listener(server: server, health: context.health.component("http"), drain: .seconds(10))
            ),
        ] + (exports.map { [$0] } ?? [])
    }

    private static func parts(_ settings: Settings, _ context: DaemonContext, _ adapters: Adapters) throws -> Parts {
        let ids = IDGenerator(time: clock)
        // Half of the connections at most for one tenant: the others always find some.
        let database = TenantPool(
            adapters.pool,
            share: TenantShare(places: max(1, settings.databaseConnections / 2))
        )
        var policy = AccountPolicy()
        policy.passwords.minimumLength = settings.passwordLength
        // The same in this gateway alone, which knows how each attempt ended.
        let logins = settings.policy.limits.logins
        policy.limits.attempts = logins > 0 ? logins : Int(Int32.max)
        let accounts = Accounts(
            database: database,
            redis: adapters.redis,
            passwords: try PasswordThreads(threads: settings.passwordThreads),
            secrets: IdentitySecrets(adapters.keyring),
            authority: TokenAuthority(
                issuer: settings.issuer,
                audience: settings.issuer,
                lifetimes: settings.tokenLifetimes
            ),
            policy: policy,
            time: clock,
            ids: ids
        )
        let session = adapters.auditSession
        return Parts(
            accounts: accounts,
            database: database,
            audit: AuditRecorder { AuditGroup(session, root: try await database.operatorTenant()) },
            limiter: RateLimiter(
                redis: adapters.redis,
                nonce: ids.uuid().description,
                now: { SystemClock.microsecondsSince1970() }
            ),
            leases: adapters.leases,
            rows: RowCache(capacity: settings.cachedRows, time: clock, registry: context.metrics) {
                [listener = adapters.listener] in
                listener.isCurrent()
            },
            counts: CountCache(
                capacity: settings.cachedRows > 0 ? 1_000 : 0,
                time: clock,
                registry: context.metrics
            ) { [listener = adapters.listener] in
                listener.isCurrent()
            },
            secrets: DirectorySecrets(adapters.keyring),
            notices: NoticeKeys(adapters.keyring),
            cursors: CursorSealer(key: adapters.keyring.sharedSecret(for: "cursors")),
            messages: try NATSMessages(adapters.nats),
            money: adapters.money,
            payments: PaymentMetrics(context.metrics),
            storage: adapters.storage,
            policy: settings.policy,
            time: clock,
            ids: ids,
            logger: context.logger
        )
    }
}

extension PostgresListener {
    /// Keeps rows and counts by what it hears, until it is stopped.
    func keep(_ rows: RowCache, _ counts: CountCache) async throws {
        try await run { event in
            switch event {
            case .began:
                rows.forgetAll()
                counts.forgetAll()
            case .announced(let text):
                rows.take(announcement: text)
                counts.take(announcement: text)
            }
        }
    }
}

/// Connections and keys.
private struct Adapters: Sendable {
    let pool: PostgresPool
    let auditSession: PostgresSession
    let redis: RedisSession
    /// Hears of rows that change.
    let listener: PostgresListener
    let leases: RedisUnitOwners
    let nats: NATSClient
    let money: CommandDesk
    let keyring: Keyring
    /// Nil where none is configured.
    let storage: ObjectStorage?
    let health: Health

    init(_ settings: Settings, _ context: DaemonContext) throws {
        let database = PostgresConfiguration(
            url: settings.databaseURL.revealed,
            maximumConnections: settings.databaseConnections,
            statementTimeout: .seconds(20),
            applicationName: context.name
        )
        pool = PostgresPool(database, metrics: PostgresMetrics(context.metrics))
        auditSession = PostgresSession(database, name: "pg-audit")
        listener = try PostgresListener(database, channel: RowCache.channel)
        let place = try RedisPlace(settings.redisURL.revealed)
        // One for both questions of a request, which then travel together.
        redis = RedisSession(place, scripts: RateLimiter.scripts, timeout: .milliseconds(500), name: "redis")
        leases = RedisUnitOwners(reader: AdmissionReader(place))
        nats = try NATSClient(
            NATSConfiguration(url: settings.natsURL.revealed, name: context.name),
            logger: context.logger
        )
        money = try CommandDesk(nats, ids: IDGenerator(time: Application.clock))
        keyring = try Keyring(path: settings.keyringPath)
        storage = try settings.storage.store(context)
        health = context.health
    }

    /// Throws where the keyring is not this database's.
    var canary: @Sendable () async throws -> Void {
        { [pool, keyring] in _ = try await KeyringCanary.check(keyring, on: pool) }
    }

    func services() -> [NamedService] {
        let (pool, session, nats, money) = (pool, auditSession, nats, money)
        let database = health.component("database")
        return [
            // Ends last: what was answered has left.
            NamedService("nats") {
                await waitForShutdown()
                await money.close()
                try? await nats.flush(within: .seconds(1))
            },
            NamedService("pool") {
                await waitForShutdown()
                await session.close()
                await pool.close()
            },
            NamedService("database") {
                while !GracefulShutdown.isShuttingDown {
                    do {
                        _ = try await pool.query("SELECT 1", deadline: .seconds(2))
                        database.set(.ready)
                    } catch {
                        database.set(.notReady("database: \(error)"))
                    }
                    try await GracefulShutdown.pause(for: .seconds(1))
                }
            },
        ]
    }
}

extension StorageSettings {
    /// The store; nil where none is configured.
    fileprivate func store(_ context: DaemonContext) throws -> ObjectStorage? {
        guard let configuration = try configuration() else { return nil }
        var client = HTTPClientConfiguration()
        client.authorities = authorities.isEmpty ? nil : authorities
        return ObjectStorage(
            configuration,
            client: try HTTPClient(client, name: "storage"),
            metrics: ObjectStorageMetrics(context.metrics)
        )
    }
}

/// What radius-server keeps in Redis, read and never written.
package struct RedisUnitOwners: UnitOwners {
    private let reader: AdmissionReader

    package init(reader: AdmissionReader) {
        self.reader = reader
    }

    package func owners(_ units: [AllocationLedger.Unit]) async throws -> [UUID128?] {
        do {
            return try await reader.owners(units)
        } catch is RedisError {
            throw Problem.unavailable("Who has addresses now cannot be asked.")
        }
    }
}

/// NATS as handlers see it.
private struct NATSMessages: Messages {
    let client: NATSClient
    let publisher: EventPublisher

    init(_ client: NATSClient) throws {
        self.client = client
        publisher = try EventPublisher(client, limit: .seconds(5))
    }

    func ask(_ subject: String, _ question: [UInt8], within limit: Duration) async throws -> [UInt8] {
        do {
            return try await client.request(subject, question, within: limit)
        } catch let error as NATSError {
            switch error.code {
            case .noResponders: throw Problem.unavailable("Nobody answers that now.")
            default: throw Problem.unavailable("The answer did not come.")
            }
        }
    }

    func publish(_ payload: [UInt8], subject: String, messageID: String) async throws {
        do {
            try await publisher.publish(payload, subject: subject, messageID: messageID)
        } catch is EventNotAcknowledged {
            throw Problem.unavailable("The message could not be sent.")
        }
    }
}
