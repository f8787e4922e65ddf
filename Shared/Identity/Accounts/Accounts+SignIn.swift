import Crypto
package import Domain
import Passwords
import Persistence

/// What somebody signs in with.
package struct SignIn: Sendable {
    package var tenant: TenantID
    package var email: String
    package var password: String
    /// Of the authenticator, or a recovery code; nil or empty where none was asked for yet.
    package var code: String?
    /// What a ``LoginChallenge`` was answered with; nil where none was set.
    package var solution: String?
    /// Of a ``SecondFactorChoice``, where the code is one that was sent.
    package var pending: String?

    package init(
        tenant: TenantID,
        email: String,
        password: String,
        code: String? = nil,
        solution: String? = nil,
        pending: String? = nil
    ) {
        self.tenant = tenant
        self.email = email
        self.password = password
        self.code = code
        self.solution = solution
        self.pending = pending
    }
}

/// What somebody who signed in, or refreshed, gets.
package struct SignedIn: Sendable {
    package let user: User
    package let sessionID: LoginSessionID
    package let accessToken: String
    package let accessExpiresAt: Timestamp
    /// Works once, for its successor.
    package let refreshToken: String
    package let refreshExpiresAt: Timestamp
    /// How long the access token lives.
    package let expiresIn: Duration
}

extension Accounts {
    /// Signs somebody in (IAM-02). Throws `throttled`, `tenantInactive`, `locked`, `challengeRequired`, `busy`, `badCredentials`, `disabled`,
    /// `secondFactorRequired` or `secondFactorChoice`, `wrongCode`, or `unavailable`.
    package func signIn(_ attempt: SignIn, from origin: Origin) async throws -> SignedIn {
        let signer = try signer()
        try admit(origin)
        // What Postgres cannot keep is nobody's address.
        let email = Self.isPlausible(attempt.email) ? attempt.email : ""
        let (isOpen, found) = try await write(in: attempt.tenant) { transaction in
            (
                try await transaction.isOpen(attempt.tenant),
                try await UserRepository(transaction).candidate(email: email, in: attempt.tenant)
            )
        }
        let failure = Failure(tenant: attempt.tenant, email: email, user: found?.user, origin: origin)
        guard isOpen else {
            try await tell(failure, .tenantInactive)
            throw IdentityRefusal.tenantInactive
        }
        // Asked for whoever it is, as it costs the same.
        let stranger = await strangers.lock(tenant: attempt.tenant, email: email)
        let lock = found?.user.lock ?? stranger
        let solved = try challenge(attempt, email, lock, origin)
        if let until = lock.lockedUntil, lock.isLocked(at: time.now()) {
            guard solved, try await isKnown(origin, to: failure) else {
                loginGuard.failed(origin.address, tenant: attempt.tenant, email: email)
                try await tell(failure, .locked)
                throw IdentityRefusal.locked(until: until)
            }
        }
        let verdict = try await check(attempt.password, against: found?.credentials.passwordHash, from: origin)
        guard let (user, credentials) = found, let hash = credentials.passwordHash, verdict.matches else {
            throw try await count(failure, found == nil ? .unknown : .wrongPassword)
        }
        // Not being digested anew is no reason not to get in.
        let rehashed = verdict.needsRehash ? try? await digest(attempt.password, from: origin) : nil
        let opening = Opening(user: user, hash: hash, rehashed: rehashed, attempt: attempt, origin: origin)
        switch try await open(opening) {
        case .opened(let session, let refresh, let user):
            loginGuard.succeeded(origin.address)
            return try issue(session, refresh, user, signer)
        case .codeRequired(nil): throw IdentityRefusal.secondFactorRequired
        case .codeRequired(let choice?): throw IdentityRefusal.secondFactorChoice(choice)
        case .refused(.disabled):
            try await tell(failure, .disabled)
            throw IdentityRefusal.disabled
        case .refused(let reason): throw try await count(failure, reason)
        }
    }

    /// Whether a challenge was set and solved. Throws `challengeRequired` where its solution is missing or no good.
    private func challenge(_ attempt: SignIn, _ email: String, _ lock: AccountLock, _ origin: Origin)
        throws(IdentityRefusal) -> Bool
    {
        guard loginGuard.wantsChallenge(origin.address, lock: lock) else { return false }
        if let solution = attempt.solution, challenges.accept(solution, tenant: attempt.tenant, email: email) {
            return true
        }
        throw .challengeRequired(challenges.make(tenant: attempt.tenant, email: email))
    }

    /// Whether the account was signed in to from there before: no stranger's lock keeps its owner out. A wrong password from
    /// there is answered as any attempt on a locked account.
    private func isKnown(_ origin: Origin, to failure: Failure) async throws -> Bool {
        try await write(in: failure.tenant) { transaction in
            try await LoginSessionRepository(transaction).began(
                of: failure.user?.id ?? UserID(.zero),
                in: failure.tenant,
                from: origin.address.source
            )
        }
    }

    // MARK: - Failures

    /// An attempt that failed, or is about to.
    struct Failure: Sendable {
        let tenant: TenantID
        let email: String
        /// Nil where there is no such account.
        let user: User?
        let origin: Origin
        /// The password or code of somebody who is in already: what fails is put on record here, and not by the login's route.
        var isSignedIn = false
    }

    /// Counts a failure against address and account, and tells of it. Returns what to tell the person.
    func count(_ failure: Failure, _ reason: LoginRefusal) async throws -> IdentityRefusal {
        loginGuard.failed(failure.origin.address, tenant: failure.tenant, email: failure.email)
        let change = change(failure.origin)
        let locked = try await write(in: failure.tenant) { transaction in
            let locked = try await UserRepository(transaction).recordFailure(
                of: failure.user,
                in: failure.tenant,
                reason,
                policy.limits,
                change
            )
            if failure.isSignedIn, let user = failure.user {
                let failed = AccountRecord.user(.failedLogin, user, reason: reason.rawValue, outcome: .refused)
                try await record(failed, failure.origin.audit(user), transaction)
            }
            return locked
        }
        let stranger = await strangers.failed(tenant: failure.tenant, email: failure.email)
        let isLocked = failure.user == nil && stranger.isLocked(at: time.now())
        if let until = locked ?? (isLocked ? stranger.lockedUntil : nil) { return .locked(until: until) }
        return reason == .wrongCode || reason == .codeReplayed ? .wrongCode : .badCredentials
    }

    /// Tells of an attempt that counts against no account.
    private func tell(_ failure: Failure, _ reason: LoginRefusal) async throws {
        let change = change(failure.origin)
        try await write(in: failure.tenant) { transaction in
            try await UserRepository(transaction).announceFailure(
                of: failure.user?.id,
                in: failure.tenant,
                reason,
                change
            )
        }
    }

    static func isPlausible(_ email: String) -> Bool {
        (3...254).contains(email.unicodeScalars.count) && !email.utf8.contains(0)
    }

    // MARK: - Getting in

    private struct Opening: Sendable {
        let user: User
        /// The digest that the password was found to be of.
        let hash: String
        let rehashed: String?
        let attempt: SignIn
        let origin: Origin
    }

    private enum Opened: Sendable {
        case opened(LoginSession, refresh: OpaqueToken, User)
        case codeRequired(SecondFactorChoice?)
        case refused(LoginRefusal)
    }

    /// Lets somebody in whose password is right: with his row locked, so that what was true when his password was checked
    /// still is, and no code is used twice.
    private func open(_ opening: Opening) async throws -> Opened {
        let change = change(opening.origin)
        return try await write(in: opening.user.tenantID) { transaction in
            let users = UserRepository(transaction)
            guard let user = try await users.find(opening.user.id, forUpdate: true) else { return .refused(.unknown) }
            let credentials = try await users.credentials(of: user)
            guard credentials.passwordHash == opening.hash else { return .refused(.wrongPassword) }
            // Whoever got here while it was locked may, or failed meanwhile and is counted.
            var standing = user
            if opening.user.lock.isLocked(at: change.now) { standing.lock = AccountLock() }
            if let reason = standing.standing(at: change.now) { return .refused(reason) }
            var method = "password"
            if credentials.hasSecondFactor {
                guard let code = opening.attempt.code, !code.isEmpty else {
                    return .codeRequired(choice(user, credentials, at: change.now))
                }
                let pending = opening.attempt.pending
                switch try await use(second: code, in: pending, credentials, of: user, transaction, change.now) {
                case .accepted(let how): method = how
                case .refused(let reason): return .refused(reason)
                }
            }
            if let rehashed = opening.rehashed {
                try await users.rehash(user, from: opening.hash, to: rehashed)
            }
            let session = LoginSession(
                tenantID: user.tenantID,
                id: ids.next(),
                userID: user.id,
                createdAt: change.now,
                expiresAt: change.now + lifetimes.session,
                sourceAddress: change.sourceAddress,
                userAgent: opening.origin.userAgent
            )
            let refresh = OpaqueToken(.refresh, tenant: user.tenantID, row: session.id.value)
            try await LoginSessionRepository(transaction).open(
                session,
                method: method,
                token: refresh.digest,
                lives: lifetimes,
                change
            )
            let detail: AuditValue = ["session_id": .text(session.id.description), "method": .text(method)]
            try await record(.user(.login, user, .created(detail)), opening.origin.audit(user), transaction)
            var current = user
            current.lastLoginAt = change.now
            current.lock = AccountLock()
            return .opened(session, refresh: refresh, current)
        }
    }

    /// What a second factor is worth.
    enum SecondFactor: Sendable {
        /// Used up; by what, for the event.
        case accepted(String)
        case refused(LoginRefusal)
    }

    /// Uses a code up: six digits are the authenticator's, where there is one, anything else is a recovery code.
    func use(
        _ code: String,
        _ sealed: [UInt8]?,
        _ lastStep: Int64?,
        of user: User,
        _ users: UserRepository,
        _ now: Timestamp
    ) async throws -> SecondFactor {
        guard Self.isSixDigits(code) else {
            guard let digest = RecoveryCode.digest(of: code),
                try await users.useRecoveryCode(digest, of: user, at: now)
            else { return .refused(.wrongCode) }
            return .accepted("recovery_code")
        }
        guard let sealed else { return .refused(.wrongCode) }
        let key = try secrets.open(totpKey: sealed, of: user.id, tenant: user.tenantID)
        switch TOTP.check(code.filter { !$0.isWhitespace }, key: key, at: now.wholeSeconds, after: lastStep) {
        case .wrong: return .refused(.wrongCode)
        case .replayed: return .refused(.codeReplayed)
        case .accepted(let step):
            return try await users.useTOTPStep(step, of: user) ? .accepted("totp") : .refused(.codeReplayed)
        }
    }

    /// The tokens of a session that just began or went on.
    func issue(
        _ session: LoginSession,
        _ refresh: OpaqueToken,
        _ user: User,
        _ signer: AccessTokenSigner
    ) throws -> SignedIn {
        let now = time.now()
        let (text, token) = try signer.issue(user.actor, session: session.id, id: ids.uuid(), at: now)
        return SignedIn(
            user: user,
            sessionID: session.id,
            accessToken: text,
            accessExpiresAt: token.expiresAt,
            refreshToken: refresh.text,
            refreshExpiresAt: min(now + lifetimes.refresh, session.expiresAt),
            expiresIn: lifetimes.access
        )
    }
}
