package import Domain
import Persistence

extension Accounts {
    /// Exchanges a refresh token for new tokens (IAM-05). Throws `invalidToken`, `tokenReused`, `tenantInactive` or
    /// `unavailable`. A token that comes a second time ends its session, and that stays so.
    package func refresh(_ text: String, from origin: Origin) async throws -> SignedIn {
        let signer = try signer()
        guard let token = OpaqueToken(text, .refresh) else { throw IdentityRefusal.invalidToken }
        let successor = OpaqueToken(.refresh, tenant: token.tenantID, row: token.row)
        let change = change(origin)
        let outcome = try await write(in: token.tenantID) { transaction in
            guard try await transaction.isOpen(token.tenantID) else { return Refreshed.tenantInactive }
            let exchange = try await LoginSessionRepository(transaction).exchange(
                token.digest,
                of: LoginSessionID(token.row),
                in: token.tenantID,
                for: successor.digest,
                lives: lifetimes,
                change
            )
            switch exchange {
            case .exchanged(let session, _):
                let user = try await UserRepository(transaction).find(session.userID)
                guard let user, user.isActive else { return .over }
                return .refreshed(session, user)
            case .reused(let session):
                // Who brought it the second time, nobody knows.
                let ended = Self.logout(session, reason: .tokenReused)
                try await record(ended, origin.audit(.anonymous), transaction)
                return .reused(session)
            case .over, .unknown: return .over
            }
        }
        switch outcome {
        case .refreshed(let session, let user): return try issue(session, successor, user, signer)
        case .reused(let session):
            await announce(ended: [session.id], of: session.userID)
            throw IdentityRefusal.tokenReused
        case .over: throw IdentityRefusal.invalidToken
        case .tenantInactive: throw IdentityRefusal.tenantInactive
        }
    }

    private enum Refreshed: Sendable {
        case refreshed(LoginSession, User)
        case reused(LoginSession)
        case over, tenantInactive
    }

    /// Ends the session that somebody signed in to: neither of its tokens opens anything (IAM-06).
    package func logOut(_ principal: Principal, from origin: Origin) async throws {
        guard case .session(let token) = principal.proof else { throw IdentityRefusal.sessionRequired }
        let change = change(origin, by: principal.userID)
        try await write(in: principal.tenantID) { transaction in
            let sessions = LoginSessionRepository(transaction)
            guard let session = try await sessions.find(token.sessionID, in: principal.tenantID, forUpdate: true) else {
                return
            }
            guard try await sessions.end(session, because: .logout, change) else { return }
            try await record(Self.logout(session), principal.audit(from: origin), transaction)
        }
        cache.forget(principal.userID)
        await denials.deny(token)
    }

    /// The same for who has the refresh token alone, as when the access token is over. Throws `invalidToken` for one that
    /// nobody issued.
    package func logOut(refreshToken text: String, from origin: Origin) async throws {
        guard let token = OpaqueToken(text, .refresh) else { throw IdentityRefusal.invalidToken }
        let session = try await write(in: token.tenantID) { transaction -> LoginSession? in
            let sessions = LoginSessionRepository(transaction)
            let id = LoginSessionID(token.row)
            guard let session = try await sessions.find(id, in: token.tenantID, holding: token.digest) else {
                return nil
            }
            let ended = try await sessions.end(session, because: .logout, change(origin, by: session.userID))
            let user = try await UserRepository(transaction).find(session.userID)
            guard ended, let user else { return session }
            try await record(Self.logout(session), origin.audit(user), transaction)
            return session
        }
        guard let session else { throw IdentityRefusal.invalidToken }
        await announce(ended: [session.id], of: session.userID)
    }

    /// Ends somebody's own sessions, this one too unless it is to stay. His API keys are no sessions and work on. Returns how
    /// many ended.
    @discardableResult
    package func logOutEverywhere(
        _ principal: Principal,
        keepingThis: Bool = false,
        from origin: Origin
    ) async throws -> Int {
        let current = try principal.requireSession()
        let change = change(origin, by: principal.userID)
        let ended = try await write(in: principal.tenantID) { transaction in
            let user = try await himself(principal, transaction)
            let ended = try await LoginSessionRepository(transaction).endAll(
                of: user,
                because: .everywhere,
                keeping: keepingThis ? current : nil,
                change
            )
            try await record(Self.logout(user, ended), principal.audit(from: origin), transaction)
            return ended
        }
        await announce(ended: ended, of: principal.userID)
        return ended.count
    }

    /// The sessions of somebody that are not over, the newest first; nil is oneself. Another's want `users.secure`, and that
    /// they were looked at is put on record.
    package func sessions(
        of id: UserID? = nil,
        by principal: Principal,
        from origin: Origin
    ) async throws -> [LoginSession] {
        try await write(in: principal.tenantID) { transaction in
            let user = try await target(id, principal, .usersSecure, transaction)
            let live = try await LoginSessionRepository(transaction).live(of: user, at: time.now())
            if user.id != principal.userID {
                let read = AuditChange.act("sessions", ["count": .integer(Int64(live.count))])
                try await record(.user(.read, user, read), principal.audit(from: origin), transaction)
            }
            return live
        }
    }

    /// Ends one session. Throws `notFound` where it is not that person's, or is over.
    package func endSession(
        _ session: LoginSessionID,
        of id: UserID? = nil,
        by principal: Principal,
        from origin: Origin
    ) async throws {
        let change = change(origin, by: principal.userID)
        let owner = try await write(in: principal.tenantID) { transaction in
            let user = try await target(id, principal, .usersSecure, transaction)
            let sessions = LoginSessionRepository(transaction)
            guard let found = try await sessions.find(session, in: user.tenantID, forUpdate: true),
                found.userID == user.id,
                try await sessions.end(found, because: id == nil ? .logout : .revoked, change)
            else { throw IdentityRefusal.notFound }
            try await record(Self.logout(found), principal.audit(from: origin), transaction)
            return user.id
        }
        await announce(ended: [session], of: owner)
    }

    /// Ends all sessions of somebody else. Returns how many ended.
    @discardableResult
    package func endSessions(of id: UserID, by principal: Principal, from origin: Origin) async throws -> Int {
        let change = change(origin, by: principal.userID)
        let ended = try await write(in: principal.tenantID) { transaction in
            let user = try await managed(id, by: principal, .usersSecure, transaction)
            let ended = try await LoginSessionRepository(transaction).endAll(of: user, because: .revoked, change)
            try await record(Self.logout(user, ended), principal.audit(from: origin), transaction)
            return ended
        }
        await announce(ended: ended, of: id)
        return ended.count
    }

    private static func logout(_ session: LoginSession, reason: LogoutReason? = nil) -> AccountRecord {
        AccountRecord(
            action: .logout,
            resource: AuditResource("user", session.userID),
            tenant: session.tenantID,
            reason: reason?.rawValue,
            change: .created(["session_id": .text(session.id.description)])
        )
    }

    private static func logout(_ user: User, _ ended: [LoginSessionID]) -> AccountRecord {
        .user(.logout, user, .created(["ended": .integer(Int64(ended.count))]))
    }

    // MARK: - Who is meant

    /// The principal's own account, locked. A key does not stand for its owner here.
    func himself(_ principal: Principal, _ transaction: ScopedTransaction) async throws -> User {
        _ = try principal.requireSession()
        guard let user = try await UserRepository(transaction).find(principal.userID, forUpdate: true),
            user.tenantID == principal.tenantID
        else { throw IdentityRefusal.notFound }
        return user
    }

    /// Oneself, or somebody whom one manages.
    func target(
        _ id: UserID?,
        _ principal: Principal,
        _ permission: Permission,
        _ transaction: ScopedTransaction
    ) async throws -> User {
        guard let id, id != principal.userID else { return try await himself(principal, transaction) }
        return try await managed(id, by: principal, permission, transaction)
    }

    /// Somebody whom one manages, locked. Throws `notFound` for whom one does not reach, `forbidden` for whom one may not.
    func managed(
        _ id: UserID,
        by principal: Principal,
        _ permission: Permission,
        _ transaction: ScopedTransaction
    ) async throws -> User {
        let (user, tree) = try await reached(id, by: principal, transaction, forUpdate: true)
        if let refusal = principal.actor.refusal(toManage: user, by: permission, in: tree) {
            throw IdentityRefusal(refusal)
        }
        // A key that somebody lost must not reach them.
        if user.role == .interceptOfficer { _ = try principal.requireSession() }
        return user
    }

    /// Somebody within reach, and the tree that says so. Throws `notFound`.
    func reached(
        _ id: UserID,
        by principal: Principal,
        _ transaction: ScopedTransaction,
        forUpdate: Bool = false
    ) async throws -> (User, TenantTree) {
        guard let user = try await UserRepository(transaction).find(id, forUpdate: forUpdate) else {
            throw IdentityRefusal.notFound
        }
        let tree = try await transaction.path(from: user.tenantID, to: principal.tenantID)
        let owner = RecordOwner(tenantID: user.tenantID, customerID: user.customerID)
        guard principal.reach.covers(owner, in: tree) else { throw IdentityRefusal.notFound }
        return (user, tree)
    }
}
