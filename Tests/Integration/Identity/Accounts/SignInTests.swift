import Domain
import Identity
import Passwords
import Persistence
import SharedTesting
import Testing

@Suite(.proves("IAM-02", "IAM-29", "IAM-32")) struct SignInTests {
    @Test(.proves("IAM-03", "IAM-04", "TEN-02"))
    func `who signs in gets tokens that say who he is, and is told of`() async throws {
        let world = try await AccountsWorld()
        let ann = try await world.person(.nocEngineer, "ann")
        #expect(try await world.accounts.tenant(ofSubdomain: "one") == world.one)
        for nobody in ["nobody", "", "o\0ne", String(repeating: "a", count: 64)] {
            #expect(try await world.accounts.tenant(ofSubdomain: nobody) == nil)
        }
        let signed = try await world.accounts.signIn(world.attempt(ann), from: AccountsWorld.origin)
        #expect(signed.expiresIn == .seconds(900) && signed.user.id == ann.id)
        #expect(signed.accessExpiresAt == AccountsWorld.start + .seconds(900))
        #expect(signed.refreshExpiresAt == AccountsWorld.start + .seconds(7 * 86_400))
        let principal = try await world.accounts.authenticate(accessToken: signed.accessToken)
        #expect(principal.userID == ann.id && principal.tenantID == world.one && principal.role == .nocEngineer)
        #expect(principal.permissions == Role.nocEngineer.permissions && principal.reach == .subtree(world.one))
        #expect(principal.sessionID == signed.sessionID)
        let told = try await world.events("identity.login_succeeded")
        #expect(told.count == 1 && told[0].contains("192.0.2.7") && told[0].contains(#""method":"password""#))
        // The address counts whatever the case of its letters.
        let shouted = SignIn(tenant: world.one, email: "ANN@Example.NET", password: AccountsWorld.password)
        _ = try await world.accounts.signIn(shouted, from: world.elsewhere())
        try await world.close()
    }

    @Test func `an unknown account, another tenant's and a wrong password are one and the same answer`() async throws {
        let world = try await AccountsWorld()
        let ann = try await world.person(.viewer, "ann")
        let invited = try await world.person(.viewer, "invited")
        try await world.database.transaction(in: world.one) {
            _ = try await $0.query("UPDATE users SET password_hash = NULL WHERE id = $1", [.id(invited.id)])
        }
        for attempt in [
            world.attempt(ann, "wrong"), world.attempt(ann, ""), world.attempt(invited),
            SignIn(tenant: world.one, email: "nobody@example.net", password: AccountsWorld.password),
            SignIn(tenant: world.two, email: ann.email, password: AccountsWorld.password),
            SignIn(tenant: world.operatorID, email: ann.email, password: AccountsWorld.password),
            SignIn(tenant: world.one, email: "a\0b@example.net", password: AccountsWorld.password),
            SignIn(tenant: world.one, email: String(repeating: "a", count: 100_000), password: "x"),
        ] {
            let refused = try await refusal { try await world.accounts.signIn(attempt, from: world.elsewhere()) }
            #expect(refused == .badCredentials)
        }
        let told = try await world.events("identity.login_failed")
        #expect(told.count == 8 && told.filter { $0.contains("wrong_password") }.count == 3)
        #expect(told.filter { $0.contains("unknown") && !$0.contains("userId") }.count == 5)
        #expect(!told.contains { $0.contains("nobody") })
        #expect(try await world.stored(ann)?.lock.failures == 2)
        try await world.close()
    }

    @Test func `an account locks after its failures, again and again, and so does one that does not exist`()
        async throws
    {
        let world = try await AccountsWorld { $0.limits.failuresBeforeLock = 3 }
        let ann = try await world.person(.viewer, "ann")
        let nobody = SignIn(tenant: world.one, email: "nobody@example.net", password: "wrong")
        for attempt in [world.attempt(ann, "wrong"), nobody] {
            for _ in 0..<2 {
                #expect(
                    try await refusal { try await world.accounts.signIn(attempt, from: world.elsewhere()) }
                        == .badCredentials
                )
            }
            let until = world.clock.now + .seconds(60)
            for _ in 0..<3 {
                let refused = try await refusal { try await world.accounts.signIn(attempt, from: world.elsewhere()) }
                #expect(refused == .locked(until: until))
            }
        }
        // The right password opens nothing meanwhile, and does not tell that it is right.
        let until = world.clock.now + .seconds(60)
        #expect(
            try await refusal { try await world.accounts.signIn(world.attempt(ann), from: world.elsewhere()) }
                == .locked(until: until)
        )
        #expect(try await world.stored(ann)?.lock.failures == 3)
        #expect(try await world.events("identity.locked").count == 1)
        world.clock.advance(.seconds(60))
        // Behind the lock as many failures lock again, and no fewer.
        for attempt in [world.attempt(ann, "wrong"), nobody] {
            var answers: [IdentityRefusal?] = []
            for _ in 0..<3 {
                answers.append(
                    try await refusal { try await world.accounts.signIn(attempt, from: world.elsewhere()) }
                )
            }
            let again = IdentityRefusal.locked(until: world.clock.now + .seconds(60))
            #expect(answers == [.badCredentials, .badCredentials, again])
        }
        world.clock.advance(.seconds(60))
        _ = try await world.signIn(ann)
        #expect(try await world.stored(ann)?.lock == AccountLock())
        try await world.close()
    }

    @Test func `an address waits after five attempts within a minute, whatever it tries`() async throws {
        let world = try await AccountsWorld { $0.limits.failuresBeforePause = 100 }
        let ann = try await world.person(.viewer, "ann")
        let origin = world.elsewhere()
        for number in 0..<5 {
            let attempt = SignIn(tenant: world.one, email: "x\(number)@example.net", password: "wrong")
            #expect(try await refusal { try await world.accounts.signIn(attempt, from: origin) } == .badCredentials)
            world.clock.advance(.seconds(1))
        }
        let refused = try await refusal { try await world.accounts.signIn(world.attempt(ann), from: origin) }
        #expect(refused == .throttled(until: AccountsWorld.start + .seconds(60)))
        #expect(try await world.events("identity.login_failed").count == 5, "who waits writes nothing")
        world.clock.advance(.seconds(55))
        _ = try await world.accounts.signIn(world.attempt(ann), from: origin)
        try await world.close()
    }

    @Test(.proves("TEN-16")) func `nobody of an inactive tenant, or of one below it, signs in or stays in`()
        async throws
    {
        let world = try await AccountsWorld()
        let ann = try await world.person(.viewer, "ann", in: world.reseller)
        let signed = try await world.signIn(ann)
        try await world.database.transaction(in: world.operatorID) {
            _ = try await $0.query("UPDATE tenants SET is_active = false WHERE subdomain = 'one'")
        }
        #expect(try await refusal { try await world.signIn(ann) } == .tenantInactive)
        #expect(
            try await refusal { try await world.accounts.authenticate(accessToken: signed.accessToken) }
                == .tenantInactive
        )
        #expect(
            try await refusal { try await world.accounts.refresh(signed.refreshToken, from: world.elsewhere()) }
                == .tenantInactive
        )
        try await world.database.transaction(in: world.operatorID) {
            _ = try await $0.query("UPDATE tenants SET is_active = true WHERE subdomain = 'one'")
        }
        _ = try await world.accounts.refresh(signed.refreshToken, from: world.elsewhere())
        try await world.close()
    }

    @Test func `a shut account is told so to who knows its password alone`() async throws {
        let world = try await AccountsWorld()
        let (admin, ann) = (try await world.person(.tenantAdmin, "admin"), try await world.person(.viewer, "ann"))
        let boss = try await world.principal(admin)
        let token = try await world.signIn(ann).accessToken
        let version = try #require(try await world.stored(ann)?.stamp?.version)
        let shut = UserChanges(isActive: false)
        _ = try await world.accounts.updateUser(ann.id, shut, expecting: version, by: boss, from: world.elsewhere())
        #expect(try await refusal { try await world.signIn(ann) } == .disabled)
        let guess = world.attempt(ann, "wrong")
        #expect(
            try await refusal { try await world.accounts.signIn(guess, from: world.elsewhere()) } == .badCredentials
        )
        #expect(try await refusal { try await world.accounts.authenticate(accessToken: token) } == .invalidToken)
        try await world.close()
    }

    @Test(.proves("IAM-01")) func `a digest of an older scheme is made anew by the login that shows it`() async throws {
        let world = try await AccountsWorld()
        let ann = try await world.person(.viewer, "ann")
        let older = try PasswordThreads(scheme: .argon2id(memoryKiB: 64, passes: 1, lanes: 1), threads: 1)
        let digest = try await older.digest(AccountsWorld.password, from: "test").text
        try await world.database.transaction(in: world.one) {
            _ = try await $0.query("UPDATE users SET password_hash = $1", [.text(digest)])
        }
        _ = try await world.signIn(ann)
        let hash = try await world.database.transaction(in: world.one) {
            try await UserRepository($0).credentials(of: ann).passwordHash
        }
        #expect(hash?.hasPrefix("$2b$04$") == true)
        _ = try await world.signIn(ann)
        try await world.close()
    }

    @Test func `a password that is changed while it is checked lets nobody in`() async throws {
        let world = try await AccountsWorld { $0.limits.failuresBeforeLock = 1000 }
        let ann = try await world.person(.viewer, "ann")
        let other = try await world.passwords.digest("another password altogether", from: "test").text
        // Logins race with the change: whoever is in afterwards began before it.
        let outcomes = try await withThrowingTaskGroup(of: SignedIn?.self) { group in
            for _ in 0..<12 {
                group.addTask {
                    do { return try await world.signIn(ann) } catch IdentityRefusal.badCredentials { return nil }
                }
            }
            group.addTask {
                try await world.database.transaction(in: world.one) { transaction in
                    let change = IdentityChange(now: world.clock.now, ids: world.ids)
                    try await UserRepository(transaction).setPassword(of: ann, hash: other, change)
                }
                return nil
            }
            return try await group.reduce(into: [SignedIn?]()) { $0.append($1) }
        }
        for signed in outcomes.compactMap({ $0 }) {
            let refused = try await refusal { try await world.accounts.authenticate(accessToken: signed.accessToken) }
            #expect(refused == .invalidToken, "the change ended every session before it, and none began after it")
        }
        try await world.close()
    }
}
