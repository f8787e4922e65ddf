import Crypto
package import Domain
import Persistence

extension Accounts {
    /// Whom an access token speaks for. Throws `invalidToken` for one that does not hold, was denied, or whose account is not
    /// what it was; `tenantInactive`; `unavailable` where nobody who knows can be asked.
    package func authenticate(accessToken text: String) async throws -> Principal {
        let claim = try await claim(accessToken: text)
        try await confirm(claim)
        return claim.principal
    }

    /// The same while it is still being asked whether the token was denied: nothing may be told or done before ``confirm(_:)``.
    package func claim(accessToken text: String) async throws -> Claim {
        try await claim(try await read(text))
    }

    /// The same of a token that was recognised a moment ago.
    package func claim(_ token: AccessToken) async throws -> Claim {
        let question = denials.ask(about: token)
        do {
            let standing = try await standing(of: token)
            guard standing.isTenantOpen else { throw IdentityRefusal.tenantInactive }
            let user = standing.user
            guard standing.isSessionLive, user.isActive, user.role == token.actor.role else {
                throw IdentityRefusal.invalidToken
            }
            let principal = Principal(
                actor: user.actor,
                proof: .session(token),
                mustChangePassword: user.mustChangePassword
            )
            return Claim(principal: principal, token: token, question: question)
        } catch {
            // Whoever shows a denied token is told no more than that.
            try await confirm(token, question)
            throw error
        }
    }

    /// Throws `invalidToken` where the token was denied, `unavailable` where nobody who knows can be asked.
    package func confirm(_ claim: Claim) async throws(IdentityRefusal) {
        try await confirm(claim.token, claim.question)
    }

    private func confirm(_ token: AccessToken, _ question: TokenQuestion) async throws(IdentityRefusal) {
        switch await denials.answer(to: question, about: token) {
        case .accepted: break
        case .denied: throw .invalidToken
        case .unknown: throw .unavailable
        }
    }

    /// The token where its signature was found to hold within the last minute. It may have been denied.
    package func recognise(accessToken text: String) -> AccessToken? { keys.recognise(text) }

    /// Whom an API key speaks for, within its scopes and his own rights. Throws `invalidToken`, also from an address that is
    /// not the key's, or `tenantInactive`.
    package func authenticate(apiKey text: String, from address: IPAddress) async throws -> Principal {
        guard let token = APIKeyToken(text) else { throw IdentityRefusal.invalidToken }
        let (digest, now) = (token.digest, time.now())
        let entry = try await cache.entry(.key(digest), at: now) {
            try await look(up: token, from: address, at: now)
        }
        guard let key = entry.key, key.refusal(from: address, at: now) == nil else {
            throw IdentityRefusal.invalidToken
        }
        guard entry.standing.isTenantOpen else { throw IdentityRefusal.tenantInactive }
        let user = entry.standing.user
        guard user.isActive else { throw IdentityRefusal.invalidToken }
        return Principal(
            actor: key.actor(for: user),
            proof: .apiKey(key.id),
            mustChangePassword: user.mustChangePassword
        )
    }

    /// The principal's own account.
    package func me(_ principal: Principal) async throws -> User {
        let user = try await database.scope(principal.tenantID).reading { transaction in
            try await UserRepository(transaction).find(principal.userID)
        }
        guard let user, user.tenantID == principal.tenantID else { throw IdentityRefusal.notFound }
        return user
    }

    /// Reads a token; where no key of that name is known the keys are read once more, twice a minute at most.
    private func read(_ text: String) async throws -> AccessToken {
        do throws(JWTError) {
            return try keys.read(text)
        } catch {
            guard error == .unknownKey, keys.mayHaveMissedOne() else { throw IdentityRefusal.invalidToken }
        }
        try await keys.refresh()
        do throws(JWTError) {
            return try keys.read(text)
        } catch {
            throw IdentityRefusal.invalidToken
        }
    }

    private func standing(of token: AccessToken) async throws -> UserStanding {
        let now = time.now()
        let actor = token.actor
        let known = try await cache.entry(.session(token.sessionID), at: now) {
            try await look(up: token, at: now)
        }.standing
        // The same session in the token of another user or tenant, which nobody signs, must not stand for this one.
        guard known.user.id == actor.userID, known.user.tenantID == actor.tenantID else {
            return try await look(up: token, at: now).standing
        }
        return known
    }

    private func look(up token: AccessToken, at now: Timestamp) async throws -> StandingCache.Entry {
        let actor = token.actor
        let found = try await look(at: actor.tenantID) { transaction in
            try await UserRepository(transaction).standing(
                of: actor.userID,
                in: actor.tenantID,
                session: token.sessionID,
                at: now
            )
        }
        guard let found else { throw IdentityRefusal.invalidToken }
        return StandingCache.Entry(standing: found, key: nil, readAt: now)
    }

    private func look(
        up token: APIKeyToken,
        from address: IPAddress,
        at now: Timestamp
    ) async throws -> StandingCache.Entry {
        try await look(at: token.tenantID) { transaction in
            let repository = APIKeyRepository(transaction)
            guard let (key, stored) = try await repository.find(prefix: token.prefix, in: token.tenantID),
                token.matches(stored), key.refusal(from: address, at: now) == nil,
                let standing = try await UserRepository(transaction).standing(
                    of: key.userID,
                    in: key.tenantID,
                    session: nil,
                    at: now
                )
            else { throw IdentityRefusal.invalidToken }
            try await repository.touch(key, at: now)
            return StandingCache.Entry(standing: standing, key: key, readAt: now)
        }
    }
}

/// Whom a token speaks for, unless it was denied.
package struct Claim: Sendable {
    package let principal: Principal
    let token: AccessToken
    let question: TokenQuestion
}
