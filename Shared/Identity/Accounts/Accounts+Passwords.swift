import Concurrency
package import Domain
import Passwords
import Persistence

extension Accounts {
    /// Gives oneself another password; every other session ends. Throws `badCredentials` for a wrong present one, which
    /// counts as a failed login does, `weakPassword`, `throttled`, `locked` or `busy`.
    package func changePassword(
        _ principal: Principal,
        current: String,
        to password: String,
        from origin: Origin
    ) async throws {
        let session = try principal.requireSession()
        let proven = try await prove(principal, current, from: origin)
        try accept(password, for: proven.user, unlike: current)
        let hash = try await digest(password, from: origin)
        let change = change(origin, by: principal.userID)
        let ended = try await write(in: principal.tenantID) { transaction in
            let user = try await unchanged(proven, principal, transaction)
            let users = UserRepository(transaction)
            let ended = try await users.setPassword(of: user, hash: hash, keeping: session, change)
            let changed = AccountRecord.user(.update, user, .secrets(["password"], ended: ended.count))
            try await record(changed, principal.audit(from: origin), transaction)
            return ended
        }
        await announce(ended: ended, of: principal.userID)
    }

    /// Sends a link that chooses another password, if there is such an account that may sign in and was not sent one a
    /// moment ago. Throws only `throttled`: the answer, and when it comes, are the same whoever is asked for.
    package func requestPasswordReset(tenant: TenantID, email: String, from origin: Origin) async throws {
        try admit(origin)
        let started = SystemClock.monotonicNanoseconds()
        let change = change(origin)
        try await write(in: tenant) { transaction in
            guard Self.isPlausible(email), try await transaction.isOpen(tenant),
                let user = try await UserRepository(transaction).find(email: email, in: tenant), user.isActive,
                try await maySend(.resetPassword, to: user, change.now, transaction)
            else { return }
            try await send(.resetPassword, to: user, change, transaction)
            let asked = AccountRecord.user(.update, user, .act("request_password_reset"))
            try await record(asked, origin.audit(.anonymous), transaction)
        }
        let elapsed = Duration.nanoseconds(Int64(clamping: SystemClock.monotonicNanoseconds() - started))
        if elapsed < policy.resetAnswerAfter { try await pause(for: policy.resetAnswerAfter - elapsed) }
    }

    /// Chooses a password by a link: of a reset, an invitation or `nexora bootstrap`. Every session ends, and with a reset every
    /// API key: whoever was inside stays no longer. That mail arrives is proven by a link that came by mail. `name` is what who was
    /// invited calls himself; other links leave the name as it is. Throws `invalidToken`, or `weakPassword` or `invalid`, which leave
    /// the link usable, or `busy`.
    package func completePasswordReset(
        _ text: String,
        password: String,
        name: String? = nil,
        from origin: Origin
    ) async throws {
        guard let token = OpaqueToken(text, .link) else { throw IdentityRefusal.invalidToken }
        let (id, tenant) = (OneTimeLinkID(token.row), token.tenantID)
        let purposes = LinkPurpose.choosingPassword
        let found = try await write(in: tenant) { transaction -> User? in
            guard try await transaction.isOpen(tenant) else { return nil }
            let links = OneTimeLinkRepository(transaction)
            let link = try await links.find(id, in: tenant, hash: token.digest, for: purposes, at: time.now())
            guard let link else { return nil }
            return try await holder(of: link, transaction)
        }
        guard let owner = found else { throw IdentityRefusal.invalidToken }
        try accept(password, for: owner, called: name)
        let hash = try await digest(password, from: origin)
        let change = change(origin, by: owner.id)
        let ended = try await write(in: tenant) { transaction in
            let users = UserRepository(transaction)
            // The account before the link, as everyone takes them.
            guard try await users.find(owner.id, forUpdate: true) != nil,
                let link = try await OneTimeLinkRepository(transaction).consume(
                    id,
                    in: tenant,
                    hash: token.digest,
                    for: purposes,
                    at: change.now
                ), let user = try await holder(of: link, transaction)
            else { throw IdentityRefusal.invalidToken }
            if link.purpose != .bootstrap, user.emailVerifiedAt == nil {
                try await users.verify(email: link.email, of: user, change)
            }
            let renamed = link.purpose == .invite ? try await call(user, name, change, transaction) : []
            return try await reset(user, hash, link, origin, change, renamed, transaction)
        }
        await announce(ended: ended, of: owner.id)
    }

    /// Gives who was invited the name that he gave himself. Returns what there is to put on record.
    private func call(
        _ user: User,
        _ name: String?,
        _ change: IdentityChange,
        _ transaction: ScopedTransaction
    ) async throws -> [AccountRecord] {
        let users = UserRepository(transaction)
        guard let name, var named = try await users.find(user.id, forUpdate: true) else { return [] }
        let before = named.auditValue
        named.name = name
        let renamed = try await users.update(named, expecting: named.stamp?.version ?? 0, change)
        return [.user(.update, renamed, .updated(before, renamed.auditValue))]
    }

    /// Another password for who followed a link. Returns the sessions that ended.
    private func reset(
        _ user: User,
        _ hash: String,
        _ link: OneTimeLink,
        _ origin: Origin,
        _ change: IdentityChange,
        _ records: [AccountRecord],
        _ transaction: ScopedTransaction
    ) async throws -> [LoginSessionID] {
        let ended = try await UserRepository(transaction).setPassword(of: user, hash: hash, change)
        // Who was invited had no password that somebody could have known, and so nobody made keys with it.
        let keys = link.purpose == .invite ? [] : try await APIKeyRepository(transaction).revokeAll(of: user, change)
        let detail: [String: AuditValue] = ["link": .text(link.purpose.rawValue)]
        let chosen = AccountRecord.user(.update, user, .secrets(["password"], ended: ended.count, detail))
        let revoked = keys.map { AccountRecord.key(.delete, $0, .deleted($0.auditValue)) }
        try await record(records + [chosen] + revoked, origin.audit(user), transaction)
        return ended
    }

    /// Sends oneself a link that shows that mail arrives. Throws `tooMany` when one was sent a moment ago.
    package func requestEmailVerification(_ principal: Principal, from origin: Origin) async throws {
        let change = change(origin, by: principal.userID)
        try await write(in: principal.tenantID) { transaction in
            let user = try await himself(principal, transaction)
            guard user.emailVerifiedAt == nil else { return }
            guard try await maySend(.verifyEmail, to: user, change.now, transaction) else {
                throw IdentityRefusal.tooMany("links")
            }
            try await send(.verifyEmail, to: user, change, transaction)
            let asked = AccountRecord.user(.update, user, .act("request_email_verification"))
            try await record(asked, principal.audit(from: origin), transaction)
        }
    }

    /// Follows such a link. Throws `invalidToken`.
    package func verifyEmail(_ text: String, from origin: Origin) async throws {
        guard let token = OpaqueToken(text, .link) else { throw IdentityRefusal.invalidToken }
        let tenant = token.tenantID
        let verified = try await write(in: tenant) { transaction in
            let change = change(origin)
            let links = OneTimeLinkRepository(transaction)
            let (id, hash) = (OneTimeLinkID(token.row), token.digest)
            guard let link = try await links.find(id, in: tenant, hash: hash, for: [.verifyEmail], at: change.now),
                let user = try await holder(of: link, transaction),
                try await links.consume(id, in: tenant, hash: hash, for: [.verifyEmail], at: change.now) != nil
            else { throw IdentityRefusal.invalidToken }
            try await UserRepository(transaction).verify(email: link.email, of: user, change)
            var verified = user
            verified.emailVerifiedAt = change.now
            let shown = AccountRecord.user(.update, user, .updated(user.auditValue, verified.auditValue))
            try await record(shown, origin.audit(user), transaction)
            return user.id
        }
        cache.forget(verified)
    }

    // MARK: - Proof by password

    /// Somebody signed in who showed his password again.
    struct Proven: Sendable {
        let user: User
        let credentials: UserCredentials
    }

    /// Asks somebody who is signed in for his password. A wrong one counts as a failed login does: a session that was left
    /// open is no way to guess.
    func prove(_ principal: Principal, _ password: String, from origin: Origin) async throws -> Proven {
        _ = try principal.requireSession()
        try admit(origin)
        let proven = try await write(in: principal.tenantID) { transaction in
            let user = try await himself(principal, transaction)
            return Proven(user: user, credentials: try await UserRepository(transaction).credentials(of: user))
        }
        if let until = proven.user.lock.lockedUntil, proven.user.lock.isLocked(at: time.now()) {
            throw IdentityRefusal.locked(until: until)
        }
        let verdict = try await check(password, against: proven.credentials.passwordHash, from: origin)
        guard verdict.matches else { throw try await count(failure(of: proven.user, origin), .wrongPassword) }
        loginGuard.succeeded(origin.address)
        return proven
    }

    func failure(of user: User, _ origin: Origin) -> Failure {
        Failure(tenant: user.tenantID, email: user.email, user: user, origin: origin, isSignedIn: true)
    }

    /// The same account, locked, with the password it had when it was checked.
    func unchanged(
        _ proven: Proven,
        _ principal: Principal,
        _ transaction: ScopedTransaction
    ) async throws -> User {
        let user = try await himself(principal, transaction)
        let credentials = try await UserRepository(transaction).credentials(of: user)
        guard credentials.passwordHash == proven.credentials.passwordHash, user.isActive else {
            throw IdentityRefusal.badCredentials
        }
        return user
    }

    private func accept(
        _ password: String,
        for user: User,
        called name: String? = nil,
        unlike current: String? = nil
    ) throws(IdentityRefusal) {
        var problems = policy.passwords.problems(of: password, name: user.name, email: user.email)
        if problems.isEmpty, let name {
            problems = policy.passwords.problems(of: password, name: name, email: user.email)
        }
        // "Another password" that is the same leaves whoever knows it inside.
        if problems.isEmpty, password == current { problems = [.unchanged] }
        guard problems.isEmpty else { throw .weakPassword(problems) }
    }

    // MARK: - Links

    /// Whose link it is, locked, while the address it went to is his and he may sign in.
    private func holder(of link: OneTimeLink, _ transaction: ScopedTransaction) async throws -> User? {
        guard let user = try await UserRepository(transaction).find(link.userID, forUpdate: true), user.isActive,
            user.tenantID == link.tenantID, user.email.lowercased() == link.email.lowercased()
        else { return nil }
        return user
    }

    private func maySend(
        _ purpose: LinkPurpose,
        to user: User,
        _ now: Timestamp,
        _ transaction: ScopedTransaction
    ) async throws -> Bool {
        let made = try await OneTimeLinkRepository(transaction).made(for: user, purpose, since: now - .seconds(3600))
        guard made.count < policy.linksPerHour else { return false }
        return made.last.map { $0 + policy.linkInterval <= now } ?? true
    }

    /// Puts a link on its way: sealed for whoever delivers it, with the event that tells of it.
    func send(
        _ purpose: LinkPurpose,
        to user: User,
        _ change: IdentityChange,
        _ transaction: ScopedTransaction
    ) async throws {
        let link = OneTimeLink(
            tenantID: user.tenantID,
            id: ids.next(),
            userID: user.id,
            purpose: purpose,
            createdAt: change.now,
            email: user.email
        )
        let token = OpaqueToken(.link, tenant: user.tenantID, row: link.id.value)
        try await OneTimeLinkRepository(transaction).issue(
            link,
            hash: token.digest,
            sealedToken: try secrets.seal(token: token.text, of: link.id, tenant: link.tenantID),
            change
        )
    }
}
