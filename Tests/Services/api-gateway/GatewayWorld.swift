import Admission
import Billing
import Concurrency
import Crypto
import Domain
import HTTPServer
import Identity
import Lifecycle
import Observability
import Passwords
import Persistence
import Postgres
import RateLimits
import Redis
import SharedTesting
import Synchronization
import Testing
import WireFormat

@testable import APIGateway

/// A gateway that serves: a migrated database with an operator, two providers below him and a reseller below the first, people
/// of every role, a Redis of its own, and an HTTP server on a free port.
final class GatewayWorld: Sendable {
    static let password = "dunkelgruen nachts um vier"

    /// Somebody who has signed in.
    struct Person: Sendable {
        let user: User
        let token: String

        var headers: [String: String] { ["Authorization": "Bearer \(token)"] }
    }

    let url: String
    let redis: RealRedis
    let pool: PostgresPool
    let parts: Parts
    let gateway: Gateway
    let server: HTTPServer
    let client: HTTPClient
    let messages = TestMessages()
    /// What the gateway has moved goes no further.
    let desk = ScriptedDesk()
    /// The ledger of tenants that are enrolled there.
    let memory = MemoryDesk()
    /// What the live tails read.
    let events = MemoryStream()
    /// What the gateway itself logs and counts.
    let logs = MemoryLogSink()
    let registry = MetricsRegistry()
    let keyring: Keyring
    /// May do anything in the database: for what stands before a test, and for looking behind the API.
    let superuser: PostgresSession
    let operatorID, one, two, reseller: TenantID
    let passwords: PasswordThreads
    private let auditSession: PostgresSession
    let listener: PostgresListener
    private let running: Task<Void, Never>

    private static let cache = WorldCache()
    static let checkout = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(4)
        .joined(separator: "/")

    /// The one that tests share which leave others alone. It has no limits.
    static func shared() async throws -> GatewayWorld { try await cache.value() }

    static let clock = TimeSource { Timestamp(microseconds: SystemClock.microsecondsSince1970()) }

    static var unlimited: GatewayPolicy {
        var policy = GatewayPolicy()
        policy.limits.perAddress = 0
        policy.limits.perClient = 0
        policy.limits.perTenant = 0
        policy.limits.burst = 0
        policy.limits.logins = 0
        policy.limits.payments = 0
        policy.limits.suspicious = 0
        return policy
    }

    init(
        _ policy: GatewayPolicy = unlimited,
        logins: LoginLimits = .lenient,
        share: TenantShare? = nil,
        proxies: TrustedProxies = TrustedProxies(["127.0.0.1"].compactMap { NetworkPrefix($0) })
    ) async throws {
        let postgres = try await RealPostgres.shared()
        let database = "gateway" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
        url = try await postgres.createMigratedDatabase(database)
        superuser = PostgresSession(PostgresConfiguration(url: postgres.url(user: "postgres", database: database)))
        redis = try await RealRedis.start()
        let ids = IDGenerator(time: Self.clock)
        pool = PostgresPool(PostgresConfiguration(url: url, maximumConnections: 6), metrics: PostgresMetrics(registry))
        let tenants = TenantPool(pool, share: share)
        let tree = try await Self.plant(url, tenants, ids)
        (operatorID, one, two, reseller) = (tree[0], tree[1], tree[2], tree[3])
        keyring = Keyring.ephemeral()
        passwords = try PasswordThreads(scheme: .bcrypt(cost: 4), capacity: 256, share: 256)
        let accounts = Accounts(
            database: tenants,
            redis: RedisSession(try RedisURL(redis.url), timeout: .seconds(2)),
            passwords: passwords,
            secrets: IdentitySecrets(keyring),
            authority: TokenAuthority(issuer: "nexora", audience: "nexora"),
            policy: Self.policy(logins),
            time: Self.clock,
            ids: ids
        )
        try await accounts.keys.refresh()
        auditSession = PostgresSession(PostgresConfiguration(url: url), name: "pg-audit")
        listener = try PostgresListener(PostgresConfiguration(url: url), channel: RowCache.channel)
        parts = Parts(
            accounts: accounts,
            database: tenants,
            audit: AuditRecorder { [auditSession] in AuditGroup(auditSession, root: tree[0]) },
            limiter: RateLimiter(
                redis: RedisSession(try RedisURL(redis.url), scripts: RateLimiter.scripts, timeout: .milliseconds(500)),
                nonce: "test",
                now: { Self.clock.now().microseconds }
            ),
            leases: RedisUnitOwners(reader: AdmissionReader(try RedisPlace(redis.url))),
            rows: RowCache(capacity: 100, time: Self.clock, registry: registry) { [listener] in listener.isCurrent() },
            counts: CountCache(time: Self.clock, registry: registry) { [listener] in listener.isCurrent() },
            secrets: DirectorySecrets(keyring),
            notices: NoticeKeys(keyring),
            cursors: CursorSealer(key: keyring.sharedSecret(for: "cursors")),
            messages: messages,
            money: TestDesk(memory: memory, script: desk),
            payments: PaymentMetrics(registry),
            policy: policy,
            time: Self.clock,
            ids: ids,
            logger: Logger(service: "test", level: .info, sink: logs)
        )
        let naming = TenantNaming(domain: policy.domain, accounts: accounts, database: tenants, time: Self.clock)
        let live = Self.live(events, parts, naming, registry)
        let pages = try PageRoutes(WebFolder(Self.checkout + "/Services/web"))
        let payments = PaymentBook(parts)
        let routes = try Application.routes(parts, naming: naming, live: live, pages: pages, payments: payments)
        gateway = try Gateway(routes, parts: parts, naming: naming, metrics: GatewayMetrics(registry))
        server = try HTTPServer(Self.configuration(proxies), metrics: HTTPServerMetrics(registry), logger: Logger()) {
            [gateway] in await gateway.respond(to: $0)
        }
        let listening = ListeningPort()
        running = Self.serve(server, parts, payments, live, listener, listening)
        client = HTTPClient(port: try await listening.value())
    }

    /// What is decided acts at once.
    private static func policy(_ logins: LoginLimits) -> AccountPolicy {
        var policy = AccountPolicy(standingAge: .zero, resetAnswerAfter: .zero)
        policy.limits = logins
        return policy
    }

    private static func live(
        _ events: MemoryStream,
        _ parts: Parts,
        _ naming: TenantNaming,
        _ registry: MetricsRegistry
    ) -> LiveRoutes {
        LiveRoutes(
            events,
            dependencies: LiveDependencies(parts, naming),
            settings: LiveSettings(),
            registry: registry,
            health: Health(version: "test").component("live"),
            logger: Logger()
        )
    }

    private static func configuration(_ proxies: TrustedProxies) -> HTTPServerConfiguration {
        var configuration = HTTPServerConfiguration()
        configuration.limits.connectionsPerAddress = 0
        configuration.proxies = proxies
        return configuration
    }

    private static func serve(
        _ server: HTTPServer,
        _ parts: Parts,
        _ payments: PaymentBook,
        _ live: LiveRoutes,
        _ listener: PostgresListener,
        _ port: ListeningPort
    ) -> Task<Void, Never> {
        Task {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await server.run { port.set($0) } }
                group.addTask { try? await parts.audit.run() }
                group.addTask { await payments.run() }
                group.addTask { try? await live.feed.run() }
                group.addTask { try? await listener.keep(parts.rows, parts.counts) }
            }
        }
    }

    /// An operator with two providers and a reseller below the first.
    private static func plant(_ url: String, _ database: TenantPool, _ ids: IDGenerator) async throws -> [TenantID] {
        let owner = Database(url: url, applicationName: "tests")
        let made = (0..<4).map { _ in ids.next(TenantID.self) }
        let top = Tenant(id: made[0], parentID: nil, kind: .operator, name: "Op", subdomain: "op")
        _ = try await owner.plantOperator(top)
        await owner.close()
        for tenant in [
            Tenant(id: made[1], parentID: made[0], kind: .provider, name: "One", subdomain: "one"),
            Tenant(id: made[2], parentID: made[0], kind: .provider, name: "Two", subdomain: "two"),
            Tenant(id: made[3], parentID: made[1], kind: .reseller, name: "Shop", subdomain: "shop"),
        ] {
            try await database.transaction(in: made[0], joining: [tenant.id]) {
                try await TenantRepository($0).insert(tenant)
            }
        }
        return made
    }

    func close() async throws {
        running.cancel()
        server.drain(within: .zero)
        listener.stop()
        await running.value
        await auditSession.close()
        await superuser.close()
        await pool.close()
        try await redis.kill()
    }

    /// The accounts of another gateway of this installation, with another authority.
    func accounts(_ authority: TokenAuthority) async throws -> Accounts {
        var policy = AccountPolicy(standingAge: .zero)
        policy.limits = .lenient
        let made = Accounts(
            database: TenantPool(pool),
            redis: RedisSession(try RedisURL(redis.url), timeout: .seconds(2)),
            passwords: passwords,
            secrets: IdentitySecrets(keyring),
            authority: authority,
            policy: policy,
            time: Self.clock,
            ids: parts.ids
        )
        try await made.keys.refresh()
        return made
    }

    // MARK: - People

    /// Where somebody of a role is at home here.
    func home(of role: Role) -> TenantID {
        switch role {
        case .superAdmin: operatorID
        case .reseller: reseller
        default: one
        }
    }

    /// Makes somebody who may sign in.
    func user(
        _ role: Role,
        _ name: String,
        in tenant: TenantID? = nil,
        customer: CustomerID? = nil
    ) async throws -> User {
        let user = User(
            tenantID: tenant ?? home(of: role),
            id: parts.ids.next(),
            email: "\(name)@example.net",
            name: name,
            role: role,
            customerID: customer
        )
        let hash = try await passwords.digest(Self.password, from: "world").text
        let change = IdentityChange(now: Self.clock.now(), ids: parts.ids)
        return try await parts.database.transaction(in: user.tenantID) { transaction in
            let users = UserRepository(transaction)
            try await users.insert(user, change)
            try await users.setPassword(of: user, hash: hash, change)
            return try await users.find(user.id) ?? user
        }
    }

    /// Signs somebody in without HTTP.
    func signIn(_ user: User) async throws -> Person {
        let attempt = SignIn(tenant: user.tenantID, email: user.email, password: Self.password)
        let origin = Origin(address: Domain.IPAddress(ipv4: 0x7f00_0001), userAgent: "tests")
        return Person(user: user, token: try await parts.accounts.signIn(attempt, from: origin).accessToken)
    }

    /// Makes somebody and signs him in.
    func person(
        _ role: Role,
        in tenant: TenantID? = nil,
        customer: CustomerID? = nil
    ) async throws -> Person {
        let name = "\(role.rawValue)-\(parts.ids.uuid())"
        return try await signIn(try await user(role, name, in: tenant, customer: customer))
    }

    // MARK: - Requests

    func send(
        _ method: String,
        _ target: String,
        as person: Person? = nil,
        _ json: String? = nil,
        headers: [String: String] = [:]
    ) async throws -> Answer {
        var all = headers
        if let person { all.merge(person.headers) { given, _ in given } }
        if json != nil, all["Content-Type"] == nil { all["Content-Type"] = "application/json" }
        return try await client.send(method, target, headers: all, body: json.map { Array($0.utf8) })
    }

    /// Sends what must succeed, and gives the answer.
    func must(
        _ status: Int,
        _ method: String,
        _ target: String,
        as person: Person,
        _ json: String? = nil,
        headers: [String: String] = [:]
    ) async throws -> Answer {
        let answer = try await send(method, target, as: person, json, headers: headers)
        try #require(answer.status == status, "\(method) \(target): \(answer.status) \(answer.text)")
        return answer
    }
}

/// Made once.
private actor WorldCache {
    private var world: Task<GatewayWorld, any Error>?

    func value() async throws -> GatewayWorld {
        if let world { return try await world.value }
        let made = Task { try await GatewayWorld() }
        world = made
        return try await made.value
    }
}

/// Waits for the server to listen.
private final class ListeningPort: Sendable {
    private let port = Mutex<UInt16?>(nil)

    func set(_ port: UInt16) { self.port.withLock { $0 = port } }

    func value() async throws -> UInt16 {
        try await eventually { self.port.withLock { $0 } != nil }
        return try #require(port.withLock { $0 })
    }
}

/// What is published is kept; nobody answers.
final class TestMessages: Messages {
    private let sent = Mutex<[(subject: String, messageID: String)]>([])
    private let afterwards = Mutex<(@Sendable () async throws -> Void)?>(nil)

    var subjects: [String] { sent.withLock { $0.map(\.subject) } }
    var messageIDs: [String] { sent.withLock { $0.map(\.messageID) } }

    private let answers = Mutex<(@Sendable (_ subject: String, _ question: [UInt8]) -> [UInt8]?)?>(nil)

    /// Whoever answers questions; nil, and where it answers nil, nobody does.
    func answering(_ body: (@Sendable (_ subject: String, _ question: [UInt8]) -> [UInt8]?)?) {
        answers.withLock { $0 = body }
    }

    /// What happens once a message is stored, before its sender hears of it.
    func afterwards(_ body: (@Sendable () async throws -> Void)?) { afterwards.withLock { $0 = body } }

    func ask(_ subject: String, _ question: [UInt8], within limit: Duration) async throws -> [UInt8] {
        guard let answer = answers.withLock({ $0 })?(subject, question) else {
            throw Problem.unavailable("Nobody answers that now.")
        }
        return answer
    }

    func publish(_ payload: [UInt8], subject: String, messageID: String) async throws {
        sent.withLock { $0.append((subject, messageID)) }
        try await afterwards.withLock { $0 }?()
    }
}

extension LoginLimits {
    /// Nobody is locked out of a test.
    static var lenient: LoginLimits {
        var limits = LoginLimits()
        limits.attempts = 1_000_000
        limits.failuresBeforePause = 1_000_000
        limits.failuresBeforeChallenge = 1_000_000
        limits.accountsBeforeBlock = 1_000_000
        limits.failuresBeforeLock = 1_000_000
        return limits
    }
}
