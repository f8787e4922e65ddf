import Crypto
import Domain
import Identity
import Persistence
import Postgres
import SharedTesting
import Testing
import WireFormat

@Suite(.proves("IAM-29")) struct LockTests {
    private func answer(_ refusal: IdentityRefusal?) throws -> String {
        guard case .challengeRequired(let challenge)? = refusal else {
            Issue.record("no challenge: \(String(describing: refusal))")
            return ""
        }
        let number = try #require(
            (0...challenge.maximum).first {
                Hex.encode(Digest.sha256(Array("\(challenge.salt)\($0)".utf8))) == challenge.challenge
            }
        )
        let json =
            "{\"algorithm\":\"SHA-256\",\"challenge\":\"\(challenge.challenge)\",\"number\":\(number),"
            + "\"salt\":\"\(challenge.salt)\",\"signature\":\"\(challenge.signature)\"}"
        return Base64.encode(Array(json.utf8))
    }

    @Test func `a stranger's lock does not keep its owner out where he was in before`() async throws {
        let world = try await AccountsWorld {
            $0.limits.failuresBeforeChallenge = 3
            $0.limits.attempts = 1_000
        }
        let ann = try await world.person(.viewer, "ann")
        let home = world.elsewhere()
        _ = try await world.accounts.signIn(world.attempt(ann), from: home)
        let until = world.clock.now + .seconds(60)
        try await world.database.transaction(in: world.one) {
            _ = try await $0.query(
                "UPDATE users SET failed_logins = 10, locked_until = to_timestamp($2::bigint) WHERE id = $1",
                [.id(ann.id), .int8(until.wholeSeconds)]
            )
        }
        /// Asks for a challenge, and tries with its solution.
        func attempt(_ password: String, from origin: Origin) async throws -> IdentityRefusal? {
            var attempt = world.attempt(ann, password)
            let asked = try await refusal { try await world.accounts.signIn(attempt, from: origin) }
            attempt.solution = try answer(asked)
            return try await refusal { try await world.accounts.signIn(attempt, from: origin) }
        }
        let elsewhere = world.elsewhere()
        #expect(try await attempt(AccountsWorld.password, from: elsewhere) == .locked(until: until))
        #expect(try await attempt("wrong", from: home) == .locked(until: until))
        #expect(try await world.stored(ann)?.lock.failures == 10, "nothing counts meanwhile")
        #expect(try await attempt(AccountsWorld.password, from: home) == nil)
        #expect(try await world.stored(ann)?.lock == AccountLock())
        try await world.close()
    }

    @Test func `names that do not exist lock in every gateway, and in one alone without Redis`() async throws {
        let world = try await AccountsWorld { $0.limits.failuresBeforeLock = 3 }
        let other = try await world.gateway()
        func fail(_ name: String, at gateway: Accounts) async throws -> IdentityRefusal? {
            let attempt = SignIn(tenant: world.one, email: "\(name)@example.net", password: "wrong")
            return try await refusal { try await gateway.signIn(attempt, from: world.elsewhere()) }
        }
        #expect(try await fail("nobody", at: world.accounts) == .badCredentials)
        #expect(try await fail("nobody", at: other) == .badCredentials)
        let until = world.clock.now + .seconds(60)
        #expect(try await fail("NOBODY", at: world.accounts) == .locked(until: until))
        #expect(try await fail("nobody", at: other) == .locked(until: until))
        #expect(try await fail("somebody", at: other) == .badCredentials)
        world.clock.advance(.seconds(60))
        #expect(try await fail("nobody", at: other) == .badCredentials)

        try await world.redis.kill()
        for _ in 0..<2 { #expect(try await fail("stranger", at: other) == .badCredentials) }
        let local = world.clock.now + .seconds(60)
        #expect(try await fail("stranger", at: other) == .locked(until: local))
        #expect(try await fail("stranger", at: other) == .locked(until: local))
        await world.pool.close()
    }

    @Test(.proves("IAM-11")) func `a reset by link takes the keys away, and signing out everywhere does not`()
        async throws
    {
        let world = try await AccountsWorld()
        let admin = try await world.person(.tenantAdmin, "admin")
        let me = try await world.principal(admin)
        let wanted = NewAPIKey(name: "key", scopes: [.customersRead])
        let key = try await world.accounts.createAPIKey(wanted, by: me, from: world.elsewhere())
        func use() async throws -> IdentityRefusal? {
            try await refusal {
                try await world.accounts.authenticate(apiKey: key.text, from: world.elsewhere().address)
            }
        }
        _ = try await world.accounts.logOutEverywhere(me, from: world.elsewhere())
        #expect(try await use() == nil)
        try await world.accounts.requestPasswordReset(tenant: world.one, email: admin.email, from: world.elsewhere())
        let link = try #require(try await world.link(.resetPassword, of: admin))
        try await world.accounts.completePasswordReset(
            link,
            password: "ganz anders und sehr lang",
            from: world.elsewhere()
        )
        #expect(try await use() == .invalidToken)
        #expect(try await world.events("identity.api_key_revoked").count == 1)
        let ended = try await world.trail().last { $0.resource == AuditResource("api_key", key.key.id) }
        #expect(ended?.action == .delete && ended?.origin.actor == .user(admin.id.value))
        try await world.close()
    }
}
