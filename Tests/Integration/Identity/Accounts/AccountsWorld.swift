import Crypto
import Domain
import Identity
import Passwords
import Persistence
import Postgres
import Redis
import SharedTesting
import Synchronization
import Testing
import WireFormat

/// A migrated database with an operator, two providers below him and a reseller below the first, a Redis, and gateways on top.
final class AccountsWorld: Sendable {
    /// A clock that a test moves.
    final class Clock: Sendable {
        private let present = Mutex(AccountsWorld.start)
        var now: Timestamp { present.withLock { $0 } }
        func advance(_ by: Duration) { present.withLock { $0 = $0 + by } }
        var source: TimeSource { TimeSource { self.now } }
    }

    static let start = Timestamp(secondsSince1970: 1_790_000_000)
    static let password = "dunkelgruen nachts um vier"
    static let origin = Origin(address: IPAddress(ipv4: 0xC000_0207), userAgent: "Firefox", correlationID: "request-1")

    let url: String
    let redis: RealRedis
    let clock = Clock()
    let ids: IDGenerator
    let keyring = Keyring.ephemeral()
    let passwords: PasswordThreads
    let database: TenantPool
    let pool: PostgresPool
    let policy: AccountPolicy
    let accounts: Accounts
    let operatorID, one, two, reseller: TenantID
    private let origins = Mutex(UInt32(0x0A00_0000))

    var secrets: IdentitySecrets { IdentitySecrets(keyring) }

    init(_ change: (inout AccountPolicy) -> Void = { _ in }) async throws {
        var policy = AccountPolicy(standingAge: .zero, resetAnswerAfter: .zero)
        policy.limits.failuresBeforeChallenge = .max
        change(&policy)
        self.policy = policy
        url = try await RealPostgres.shared().createMigratedDatabase()
        redis = try await RealRedis.start()
        passwords = try PasswordThreads(scheme: .bcrypt(cost: 4), share: 16)
        ids = IDGenerator(time: clock.source)
        let owner = Database(url: url, applicationName: "tests")
        let (top, first, second, below) = (
            ids.next(TenantID.self), ids.next(TenantID.self), ids.next(TenantID.self), ids.next(TenantID.self)
        )
        _ = try await owner.plantOperator(Tenant(id: top, parentID: nil, kind: .operator, name: "Op", subdomain: "op"))
        (operatorID, one, two, reseller) = (top, first, second, below)
        pool = PostgresPool(PostgresConfiguration(url: url))
        database = TenantPool(pool)
        for tenant in [
            Tenant(id: first, parentID: top, kind: .provider, name: "One", subdomain: "one"),
            Tenant(id: second, parentID: top, kind: .provider, name: "Two", subdomain: "two"),
            Tenant(id: below, parentID: first, kind: .reseller, name: "Shop", subdomain: "shop"),
        ] {
            try await database.transaction(in: top, joining: [tenant.id]) {
                try await TenantRepository($0).insert(tenant)
            }
        }
        await owner.close()
        accounts = Self.gateway(
            database,
            try RedisURL(redis.url),
            passwords,
            IdentitySecrets(keyring),
            policy,
            clock,
            ids
        )
        try await accounts.keys.refresh()
    }

    private static func gateway(
        _ database: TenantPool,
        _ redis: RedisURL,
        _ passwords: PasswordThreads,
        _ secrets: IdentitySecrets,
        _ policy: AccountPolicy,
        _ clock: Clock,
        _ ids: IDGenerator
    ) -> Accounts {
        Accounts(
            database: database,
            redis: RedisSession(redis, timeout: .seconds(2)),
            passwords: passwords,
            secrets: secrets,
            authority: TokenAuthority(issuer: "https://nexora.example", audience: "nexora"),
            policy: policy,
            time: clock.source,
            ids: ids
        )
    }

    /// Another gateway of the same installation.
    func gateway(_ change: (inout AccountPolicy) -> Void = { _ in }) async throws -> Accounts {
        var policy = policy
        change(&policy)
        let database = TenantPool(PostgresPool(PostgresConfiguration(url: url)))
        let made = Self.gateway(database, try RedisURL(redis.url), passwords, secrets, policy, clock, ids)
        try await made.keys.refresh()
        return made
    }

    func close() async throws {
        await pool.close()
        try await redis.kill()
    }

    // MARK: - People

    /// Somebody with the password of this world.
    func person(
        _ role: Role,
        _ name: String,
        in tenant: TenantID? = nil,
        granted: Set<Permission> = [],
        customer: CustomerID? = nil
    ) async throws -> User {
        let user = User(
            tenantID: tenant ?? one,
            id: ids.next(),
            email: "\(name)@example.net",
            name: name,
            role: role,
            grants: PermissionGrants(granted: granted),
            customerID: customer
        )
        let hash = try await passwords.digest(Self.password, from: "world").text
        let change = IdentityChange(now: clock.now, ids: ids)
        return try await database.transaction(in: user.tenantID) { transaction in
            let users = UserRepository(transaction)
            try await users.insert(user, change)
            try await users.setPassword(of: user, hash: hash, change)
            return try await users.find(user.id) ?? user
        }
    }

    /// An origin that nobody tried anything from yet.
    func elsewhere() -> Origin {
        let address = origins.withLock { origins in
            origins += 256
            return origins
        }
        return Origin(address: IPAddress(ipv4: address))
    }

    func attempt(_ user: User, _ password: String = AccountsWorld.password, code: String? = nil) -> SignIn {
        SignIn(tenant: user.tenantID, email: user.email, password: password, code: code)
    }

    /// Signs somebody in from an address of his own.
    func signIn(_ user: User, code: String? = nil) async throws -> SignedIn {
        try await accounts.signIn(attempt(user, code: code), from: elsewhere())
    }

    func principal(_ user: User) async throws -> Principal {
        try await accounts.authenticate(accessToken: try await signIn(user).accessToken)
    }

    // MARK: - What is stored

    func stored(_ user: User) async throws -> User? {
        try await database.transaction(in: user.tenantID) { try await UserRepository($0).find(user.id) }
    }

    /// The data of the events of one kind that wait to be published.
    func events(_ subject: String) async throws -> [String] {
        try await pool.withTransaction { transaction in
            try await transaction.query("SET LOCAL ROLE nexora_pipeline")
            return try await transaction.query(
                "SELECT data FROM outbox WHERE subject = $1 ORDER BY id",
                [.text(subject)]
            ).compactMap { $0[0].text }
        }
    }

    /// The text of somebody's newest link for a purpose, as whoever delivers it would read it.
    func link(_ purpose: LinkPurpose, of user: User) async throws -> String? {
        let row = try await database.transaction(in: user.tenantID) { transaction in
            try await transaction.query(
                """
                SELECT id, sealed_token FROM one_time_links
                WHERE tenant_id = $1 AND user_id = $2 AND purpose = $3 ORDER BY id DESC LIMIT 1
                """,
                [.id(user.tenantID), .id(user.id), .text(purpose.rawValue)]
            ).first
        }
        guard let row, let id: OneTimeLinkID = row["id"].id(), let sealed = row["sealed_token"].bytes else {
            return nil
        }
        return try secrets.open(token: sealed, of: id, tenant: user.tenantID)
    }

    func code(_ enrolment: TOTPEnrolment) throws -> String {
        let key = try #require(Base32.decode(enrolment.secret))
        return TOTP.code(key: key, step: TOTP.step(at: clock.now.wholeSeconds))
    }

    /// A second factor in use, with its recovery codes.
    func enrol(_ principal: Principal) async throws -> (enrolment: TOTPEnrolment, recovery: [String]) {
        let enrolment = try await accounts.enrolTOTP(principal, password: Self.password, from: elsewhere())
        let recovery = try await accounts.confirmTOTP(principal, code: try code(enrolment), from: elsewhere())
        clock.advance(.seconds(60))
        return (enrolment, recovery)
    }
}

/// The refusal that the body throws; nil when it throws none.
func refusal<Success>(_ body: () async throws -> Success) async throws -> IdentityRefusal? {
    do {
        _ = try await body()
        return nil
    } catch let refusal as IdentityRefusal {
        return refusal
    }
}
