import Concurrency
import Configuration
import Crypto
import Domain
import Events
import HTTPClient
package import Lifecycle
import Messaging
import NATS
import Observability
import Persistence
import Postgres
import Profiles

/// notifier, put together.
package enum Application {
    package static let name = "notifier"
    /// The port of /health, /ready and /metrics unless configured.
    package static let adminPort: UInt16 = 9_106

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
        let probe = session("probe", settings)
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
        ]
            + (try notices(settings, context, nats, keyring))
            + (try Webhooks.services(
                settings.webhooks,
                context,
                keeping: WebhookStore(session("webhooks", settings), ids: IDGenerator(time: clock)),
                events: try EventTails(nats, stream: .domain),
                keyring: keyring,
                time: clock
            ))
    }

    private static func notices(
        _ settings: Settings,
        _ context: DaemonContext,
        _ nats: NATSClient,
        _ keyring: Keyring
    ) throws -> [NamedService] {
        let (secrets, tokens) = (NoticeSecrets(keyring), IdentitySecrets(keyring))
        let zones: @Sendable (String) -> TimeZoneRules? = { SystemFiles.timeZone($0) }
        let metrics = NoticeMetrics(context.metrics)
        var configuration = MailClientConfiguration()
        configuration.authorities = settings.notices.authorities.isEmpty ? nil : settings.notices.authorities
        if !settings.notices.reachesPrivate { configuration.reaches = HTTPWebhookTransport.reaches }
        let mail = try MailClient(configuration)
        let guarded = try HTTPClient(carriers(settings.notices, anywhere: false), name: "carriers")
        let open = try HTTPClient(carriers(settings.notices, anywhere: true), name: "carriers-open")
        let book = book(of: ProviderFactory(mail: mail, guarded: guarded, open: open, time: clock), secrets, context)
        let sources = NoticeSources(session("notices-sources", settings))
        let inquiries = NoticeInquiries(sources, inFlight: settings.notices.inFlight)
        let sender = NoticeSender(
            reading: sources,
            inquiries: inquiries,
            book: book,
            scribe: NoticeScribe(
                pages: settings.notices.pages,
                zone: zones,
                wayOut: { [ways = UnsubscribeTokens(keyring)] in ways.token($0) }
            ),
            openToken: { sealed, link, tenant in try tokens.open(token: sealed, of: link, tenant: tenant) },
            openCode: { sealed, code, tenant in try tokens.open(code: sealed, of: code, tenant: tenant) },
            openDevice: { device, tenant in
                try secrets.open(pushToken: device.sealedToken, digest: device.digest, tenant: tenant)
            },
            limit: settings.notices.limit,
            claim: settings.notices.limit * 10,
            time: clock,
            metrics: metrics,
            logger: context.logger
        )
        let service = NoticeService(
            queue: NoticeQueue(session("notices", settings), ids: IDGenerator(time: clock)),
            sender: sender,
            inquiries: inquiries,
            interval: settings.notices.interval,
            inFlight: settings.notices.inFlight,
            keep: settings.notices.keep,
            time: clock,
            metrics: metrics,
            health: context.health.component("notices"),
            logger: context.logger
        )
        return [
            // Ends behind who uses it.
            NamedService("mail") {
                await waitForShutdown()
                mail.shutdown()
                await guarded.shutdown()
                await open.shutdown()
            },
            NamedService("notices", service),
            NamedService("digests", digests(settings, context, zones)),
            NamedService("receipts", receipts(settings, context, guarded) { try opened($0, by: secrets) }),
            NamedService("campaigns", campaigns(settings, context, zones)),
        ]
            + (try listened.map {
                NamedService("listener-\($0.0)", try listener($0, settings, context, nats, zones, metrics))
            })
    }

    private static func book(
        of factory: ProviderFactory,
        _ secrets: NoticeSecrets,
        _ context: DaemonContext
    ) -> ProviderBook {
        let book = ProviderBook(
            maker: factory,
            open: { try opened($0, by: secrets) },
            monotonic: { SystemClock.monotonicNanoseconds() }
        )
        context.metrics.gauge("notices_providers_away", "Providers that are left alone for a while.") {
            Double(book.openBreakers())
        }
        return book
    }

    /// What an account is spoken to with, and proves itself by.
    private static func opened(_ row: NoticeProviderRow, by secrets: NoticeSecrets) throws -> [String: String] {
        try row.sealedSecrets.map { try secrets.open($0, of: row.id.value, tenant: row.tenantID) } ?? [:]
    }

    /// Takes in what providers tell of messages that they took.
    private static func receipts(
        _ settings: Settings,
        _ context: DaemonContext,
        _ client: HTTPClient,
        _ open: @escaping @Sendable (NoticeProviderRow) throws -> [String: String]
    ) -> ReceiptService {
        let metrics = ReceiptMetrics(context.metrics)
        return ReceiptService(
            receipts: NoticeReceipts(session("notices-receipts", settings), ids: IDGenerator(time: clock)),
            desk: CallbackDesk(
                open: open,
                certificates: CertificateBook(client: client, logger: context.logger),
                metrics: metrics,
                logger: context.logger
            ),
            interval: settings.notices.interval,
            time: clock,
            metrics: metrics,
            health: context.health.component("receipts"),
            logger: context.logger
        )
    }

    /// Tells staff what is held for them.
    private static func digests(
        _ settings: Settings,
        _ context: DaemonContext,
        _ zones: @escaping @Sendable (String) -> TimeZoneRules?
    ) -> DigestService {
        DigestService(
            gatherings: NoticeGatherings(session("notices-digests", settings), ids: IDGenerator(time: clock)),
            gathering: settings.notices.gathering,
            interval: .seconds(1),
            zone: zones,
            time: clock,
            metrics: DigestMetrics(context.metrics),
            health: context.health.component("digests"),
            logger: context.logger
        )
    }

    /// Tells many customers what was announced to them.
    private static func campaigns(
        _ settings: Settings,
        _ context: DaemonContext,
        _ zones: @escaping @Sendable (String) -> TimeZoneRules?
    ) -> CampaignService {
        CampaignService(
            steps: CampaignSteps(session("notices-campaigns", settings)),
            interval: settings.notices.campaigns,
            zone: zones,
            time: clock,
            metrics: CampaignMetrics(context.metrics),
            health: context.health.component("campaigns"),
            logger: context.logger
        )
    }

    /// How vendors are reached over HTTP.
    private static func carriers(_ settings: NoticeSettings, anywhere: Bool) -> HTTPClientConfiguration {
        var configuration = HTTPClientConfiguration()
        configuration.maximumRequests = settings.inFlight
        configuration.connectLimit = min(settings.limit, .seconds(5))
        configuration.authorities = settings.authorities.isEmpty ? nil : settings.authorities
        configuration.userAgent = "nexora-notifier/1"
        if !anywhere, !settings.reachesPrivate { configuration.reaches = HTTPWebhookTransport.reaches }
        return configuration
    }

    /// What people are told of: accounts and their links, bills, boosts and payments, wallets, quotas, access, new services, and files that
    /// were asked for. Of domains in which much happens, only the events that somebody is told of.
    private static let listened = [
        ("identity", "identity.>"), ("billing", "billing.>"), ("wallet", "wallet.>"), ("quota", "quota.>"),
        ("access", "access.>"), ("export", "export.>"), ("provisioning", Subjects.all(LifecycleChanged.self)),
        ("device", Subjects.all(DeviceStatusChanged.self)),
        ("ipam", Subjects.all(PoolExhausted.self)), ("tenancy", Subjects.all(LicenceExceeded.self)),
        ("webhook", Subjects.all(WebhookEndpointDisabled.self)), ("radius", Subjects.all(AuthFailuresSpiked.self)),
    ]

    /// Hears the events of one domain, through a durable of its own.
    private static func listener(
        _ heard: (domain: String, filter: String),
        _ settings: Settings,
        _ context: DaemonContext,
        _ nats: NATSClient,
        _ zones: @escaping @Sendable (String) -> TimeZoneRules?,
        _ metrics: NoticeMetrics
    ) throws -> NoticeListener {
        var options = EventConsumerOptions()
        options.batch = 200
        let plans = session("notices-plans", settings)
        return NoticeListener(
            consumer: try EventConsumer(
                nats,
                stream: .domain,
                durable: "notifier-\(heard.domain)",
                filter: heard.filter,
                options: options,
                deadLetters: try DeadLetterQueue(nats, publisher: try EventPublisher(nats, limit: .seconds(10))),
                logger: context.logger,
                classify: NoticeListener.failure
            ),
            plans: NoticePlans(plans),
            overflow: NoticeOverflow(
                gathering: settings.notices.gathering,
                budgets: NoticeGatherings(plans, ids: IDGenerator(time: clock))
            ),
            zone: zones,
            time: clock,
            metrics: metrics
        )
    }

    static let clock = TimeSource { Timestamp(microseconds: SystemClock.microsecondsSince1970()) }

    static func session(_ purpose: String, _ settings: Settings) -> PostgresSession {
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
