import Concurrency
package import Domain
package import Passwords
package import Persistence
import Postgres
package import Redis

/// The use cases of accounts (README). Any number of tasks may use it at once; one for each process.
///
/// What it throws is an ``IdentityRefusal``, or a failure of Postgres or the keyring that is not the caller's.
package final class Accounts: Sendable {
    /// The keys that sign. Refresh them at start and every ten minutes.
    package let keys: SigningKeys
    let database: TenantPool
    let passwords: PasswordThreads
    let secrets: IdentitySecrets
    let lifetimes: TokenLifetimes
    let policy: AccountPolicy
    let time: TimeSource
    let ids: IDGenerator
    let loginGuard: LoginGuard
    let strangers: StrangerLocks
    let challenges: LoginChallenges
    let denials: TokenDenials
    let cache: StandingCache

    /// Check the keyring against the database's canary first.
    package init(
        database: TenantPool,
        redis: RedisSession,
        passwords: PasswordThreads,
        secrets: IdentitySecrets,
        authority: TokenAuthority,
        policy: AccountPolicy = AccountPolicy(),
        time: TimeSource,
        ids: IDGenerator
    ) {
        self.database = database
        self.passwords = passwords
        self.secrets = secrets
        lifetimes = authority.lifetimes
        self.policy = policy
        self.time = time
        self.ids = ids
        keys = SigningKeys(database, secrets, authority, period: policy.signingKeyPeriod, time: time)
        loginGuard = LoginGuard(limits: policy.limits, time: time)
        strangers = StrangerLocks(redis: redis, limits: policy.limits, time: time)
        challenges = LoginChallenges(key: secrets.challengeKey, time: time)
        denials = TokenDenials(
            redis: redis,
            truth: StoredSessions(database, time: time),
            lifetime: authority.lifetimes.access,
            time: time
        )
        cache = StandingCache(age: policy.standingAge)
    }

    /// The tenant that a host name's first label means, nil when none has it.
    package func tenant(ofSubdomain label: String) async throws -> TenantID? {
        guard (1...63).contains(label.utf8.count), label.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
        return try await database.tenant(ofSubdomain: label)
    }

    /// Forgets sessions, links and codes that have been over for three months.
    package func forget() async throws {
        let before = time.now() - .seconds(90 * 86_400)
        try await database.transaction(in: try await database.operatorTenant()) { transaction in
            _ = try await LoginSessionRepository(transaction).forget(before: before)
            _ = try await OneTimeLinkRepository(transaction).forget(before: before)
            _ = try await LoginCodeRepository(transaction).forget(before: before)
        }
    }

    // MARK: - What the use cases share

    /// One transaction over a tenant and those below it. A repository's refusal comes out as the caller's.
    func write<Success: Sendable>(
        in tenant: TenantID,
        _ body: (ScopedTransaction) async throws -> Success
    ) async throws -> Success {
        try await Self.refusing { try await database.transaction(in: tenant, body) }
    }

    /// The same over that tenant alone, without a look at the tree: what somebody says of himself who has proven nothing yet must
    /// cost no more than a few rows.
    func look<Success: Sendable>(
        at tenant: TenantID,
        _ body: (ScopedTransaction) async throws -> Success
    ) async throws -> Success {
        try await Self.refusing { try await database.transaction(alone: tenant, body) }
    }

    private static func refusing<Success: Sendable>(_ body: () async throws -> Success) async throws -> Success {
        do {
            return try await body()
        } catch let error as PersistenceError {
            throw IdentityRefusal(error) ?? error
        } catch let error as ValidationError {
            throw IdentityRefusal.invalid(error)
        }
    }

    func change(_ origin: Origin, by actor: UserID? = nil) -> IdentityChange {
        IdentityChange(
            now: time.now(),
            ids: ids,
            actorID: actor,
            sourceAddress: origin.address.unmapped.description,
            correlationID: origin.correlationID,
            traceparent: origin.traceparent
        )
    }

    /// What signs now. Throws `unavailable` where no key may.
    func signer() throws(IdentityRefusal) -> AccessTokenSigner {
        guard let signer = keys.signer() else { throw .unavailable }
        return signer
    }

    /// Takes an attempt from an address. Throws `throttled`.
    func admit(_ origin: Origin) throws(IdentityRefusal) {
        if case .refused(let until) = loginGuard.admit(origin.address) { throw .throttled(until: until) }
    }

    /// Checks a password on its threads. Throws `busy` when they have no room.
    func check(_ password: String, against digest: String?, from origin: Origin) async throws -> PasswordThreads.Verdict
    {
        do throws(PasswordError) {
            return try await passwords.check(password, against: digest, from: origin.address.source)
        } catch {
            throw Self.refusal(error)
        }
    }

    /// Digests a new password. Throws `busy` likewise.
    func digest(_ password: String, from origin: Origin) async throws -> String {
        do throws(PasswordError) {
            return try await passwords.digest(password, from: origin.address.source).text
        } catch {
            throw Self.refusal(error)
        }
    }

    private static func refusal(_ error: PasswordError) -> IdentityRefusal {
        switch error {
        case .busy: .busy
        case .unusable: .weakPassword([.unusable])
        case .failed, .closed: .unavailable
        }
    }

    /// Accounts went with their customer, in a transaction that has committed: no gateway believes their tokens.
    package func forget(_ erased: [ErasedAccount]) async {
        for account in erased { await announce(ended: account.sessions, of: account.id) }
    }

    /// Sessions ended: no gateway believes their tokens, and this one forgets what it knew.
    func announce(ended sessions: [LoginSessionID], of user: UserID) async {
        cache.forget(user)
        if !sessions.isEmpty { await denials.deny(sessions) }
    }
}
