import Admission
import Concurrency
import Configuration
import Crypto
import Domain
import Events
import Lifecycle
import Messaging
import NATS
import Observability
import Postgres
import Profiles
import RADIUS
import Redis

/// radius-server put together: the one place where its adapters are named.
package enum Application {
    private static let name = "radius-server"

    /// Runs the daemon from its command line to its exit code.
    package static func run() async -> Int32 {
        await runDaemon(
            name: name,
            version: Build.version,
            adminPort: 9101,
            configure: Settings.init,
            build: build
        )
    }

    private static func build(_ settings: Settings, _ context: DaemonContext) async throws -> [NamedService] {
        do throws(CryptoError) {
            try LegacyAlgorithms.check()
        } catch {
            context.logger.warn("MS-CHAP logins will be refused", ["error": .error(error)])
        }
        let parts = try Parts(settings, context)
        let ports = Ports(
            settings,
            store: parts.store,
            journal: parts.journal,
            refusals: parts.refusals,
            feed: parts.feed,
            admission: parts.admission,
            context: context
        )
        return [
            NamedService("journal", parts.journalService()),
            NamedService("directory", try parts.follower(settings)),
            NamedService("stream", parts.watch(settings)),
            NamedService("events", try parts.voice()),
            NamedService("explain", try parts.explain(settings)),
        ] + parts.locating(threads: settings.packets.threads) + (try ports.open())
    }
}

/// What several services share.
private struct Parts {
    let context: DaemonContext
    let source: String
    let keyring: Keyring
    let store = DirectoryStore(Directory(expectedServices: 0))
    let refusals = RefusalLog()
    let lives: NASLives
    let feed: DecisionFeed
    let journal: Journal
    let connection: NATSClient
    let admin: JetStreamAdmin
    let postureInterval: Duration
    let publisher: JournalPublisher
    let locator: RedisLocator?
    let admission: AdmissionParts?

    init(_ settings: Settings, _ context: DaemonContext) throws {
        self.context = context
        source = "/radius-server/\(settings.servers.name)"
        postureInterval = settings.packets.limits.postureInterval
        lives = NASLives(standard: settings.packets.limits.rate)
        NASMetrics.register(lives, in: context.metrics)
        feed = DecisionFeed(failures: FailureWatch(threshold: settings.packets.limits.failureAlarm))
        keyring = try Keyring(path: settings.servers.keyringPath)
        journal = try Journal(
            settings: .init(
                directory: settings.storage.journalPath,
                segmentOctets: settings.storage.segmentOctets,
                retention: settings.storage.retention,
                waitsForStream: settings.storage.acknowledge == .replicated
            ),
            metrics: JournalMetrics(context.metrics),
            logger: context.logger
        )
        connection = try NATSClient(
            NATSConfiguration(url: settings.servers.natsURL.revealed, name: settings.servers.name),
            logger: context.logger
        )
        admin = try JetStreamAdmin(connection)
        let publisher = JournalPublisher(
            journal: journal,
            encoder: AccountingEncoder(directory: store, source: source),
            logger: context.logger
        )
        self.publisher = publisher
        let locator = try settings.admission.redisURL.map { RedisLocator(try RedisPlace($0.revealed)) }
        self.locator = locator
        admission = locator.map { locator in
            AdmissionParts(settings.admission, name: settings.servers.name, registry: context.metrics) {
                AdmissionLink(locator: locator, settings: $0)
            }
        }
        connection.onStateChange { _ in publisher.keepNewest() }
    }

    func journalService() -> JournalService {
        JournalService(journal: journal, publisher: publisher, connection: connection, drain: .seconds(5))
    }

    func follower(_ settings: Settings) throws -> DirectoryFollower {
        let session = PostgresSession(
            PostgresConfiguration(
                url: settings.servers.databaseURL.revealed,
                role: settings.servers.databaseRole,
                statementTimeout: .seconds(30),
                applicationName: context.name
            ),
            name: "pg-directory"
        )
        return DirectoryFollower(
            settings: .init(),
            store: store,
            loader: DirectoryLoader(
                session: session,
                keyring: keyring,
                lives: lives,
                attributes: ReplyAttributeEncoder(
                    try SystemFiles.dictionary(settings.servers.dictionaryPath).dictionary
                ),
                logger: context.logger,
                registry: context.metrics
            ),
            changes: DirectoryStream(client: connection, admin: admin),
            snapshots: DirectorySnapshot(path: settings.storage.snapshotPath, keyring: keyring, lives: lives),
            health: context.health.component("directory"),
            metrics: DirectoryMetrics(context.metrics),
            logger: context.logger
        )
    }

    func watch(_ settings: Settings) -> StreamWatch {
        let (connection, replicas) = (connection, settings.servers.replicas)
        return StreamWatch(admin: admin, publisher: publisher, health: context.health.component("stream")) {
            try await Streams.ensure(on: connection, replicas: replicas)
        }
    }

    /// Keeps looking where Redis is.
    func locating(threads: Int) -> [NamedService] {
        guard let admission, let locator else { return [] }
        let watch = RedisWatch(
            open: admission.metrics.open,
            connections: admission.linksPerThread * threads,
            patience: admission.settings.patience,
            locate: { try await locator.locate() ? locator.current.map { ($0.host, $0.port) } : nil },
            health: context.health.component("redis"),
            logger: context.logger
        )
        return [NamedService("redis", watch)]
    }

    /// Answers questions about logins.
    func explain(_ settings: Settings) throws -> ExplainService {
        let trial = LoginTrial.Settings(
            eap: settings.eap.methods.kinds,
            admits: admission != nil,
            lease: admission?.lease ?? LoginTrial.Settings().lease,
            shortestInterim: UInt32(settings.packets.limits.shortestInterim.components.seconds)
        )
        let desk = ExplainDesk(
            settings: .init(server: settings.servers.name, trial: trial),
            store: store,
            reader: locator.map { AdmissionReader($0) },
            dictionary: try BuiltInDictionary.load(),
            time: TimeSource { Timestamp(microseconds: SystemClock.microsecondsSince1970()) }
        )
        let inbox = try QuestionInbox(
            connection,
            subject: ExplainQuery.subject,
            group: context.name,
            waiting: ExplainService.waiting,
            longest: ExplainQuery.longest,
            refusal: desk.refusal(.busy, "too many questions at once, or one that is too long")
        )
        return ExplainService(desk: desk, questions: NATSQuestions(inbox: inbox), registry: context.metrics)
    }

    func voice() throws -> EventVoice {
        let time = TimeSource { Timestamp(microseconds: SystemClock.microsecondsSince1970()) }
        return EventVoice(
            refusals: refusals,
            feed: feed,
            store: store,
            lives: lives,
            postureInterval: postureInterval,
            publisher: try JetStreamPublisher(connection, maximumOutstanding: 4_096) { _, _ in },
            source: source,
            ids: IDGenerator(time: time),
            time: time,
            registry: context.metrics,
            logger: context.logger
        )
    }
}

/// Questions over NATS.
private struct NATSQuestions: Questions {
    let inbox: QuestionInbox

    func next() async -> Question? {
        await inbox.next().map { question in
            Question(payload: question.payload) { question.answer($0) }
        }
    }

    func close() async { await inbox.close() }
}
