import Domain
import Identity
import Persistence
import Postgres
import SharedTesting
import Testing

/// Codes by SMS and e-mail as a second factor.
@Suite(.proves("IAM-09")) struct SentCodeTests {
    private static let phone = "+491701234567"

    /// Somebody whose codes go by that way, with his recovery codes.
    private func enrolled(
        _ world: AccountsWorld,
        _ way: CodeWay = .sms
    ) async throws -> (user: User, me: Principal, recovery: [String]) {
        let ann = try await world.person(.viewer, "ann")
        let me = try await world.principal(ann)
        try await world.accounts.enrolCodes(
            me,
            password: AccountsWorld.password,
            by: way,
            phone: way == .sms ? "+49 170 123 45 67" : nil,
            from: world.elsewhere()
        )
        let code = try #require(try await world.sentCode(of: ann))
        let recovery = try await world.accounts.confirmCodes(me, code: code, from: world.elsewhere())
        world.clock.advance(.seconds(60))
        return (ann, me, recovery)
    }

    /// What the login of somebody whose password is right asks for.
    private func begun(_ world: AccountsWorld, _ user: User) async throws -> SecondFactorChoice {
        let refusal = try await refusal { try await world.signIn(user) }
        guard case .secondFactorChoice(let choice)? = refusal else {
            throw IdentityRefusal.notFound
        }
        return choice
    }

    private func trySignIn(
        _ world: AccountsWorld,
        _ user: User,
        _ code: String,
        _ pending: String?
    ) async throws -> IdentityRefusal? {
        var attempt = world.attempt(user, code: code)
        attempt.pending = pending
        return try await refusal { try await world.accounts.signIn(attempt, from: world.elsewhere()) }
    }

    private func other(_ code: String) -> String { code == "000000" ? "000001" : "000000" }

    @Test(arguments: CodeWay.allCases)
    func `a code that was sent lets in once, in the login that it was asked for in`(_ way: CodeWay) async throws {
        let world = try await AccountsWorld()
        let (ann, me, recovery) = try await enrolled(world, way)
        #expect(recovery.count == 10)
        let factors = try await world.accounts.secondFactors(me)
        #expect(factors.takesCodesByEmail == (way == .email) && !factors.hasTOTP && factors.recoveryCodesLeft == 10)
        #expect(factors.phone == (way == .sms ? "+49•••67" : nil))
        let choice = try await begun(world, ann)
        #expect(choice.ways == [way] && !choice.hasTOTP)
        #expect(choice.hints[way] == (way == .sms ? "+49•••67" : "a•••@example.net"))
        #expect(!choice.pending.contains("@") && !choice.pending.contains("+49"))
        try await world.accounts.sendLoginCode(choice.pending, by: way, from: world.elsewhere())
        let code = try #require(try await world.sentCode(of: ann))
        // In another login, or in none, it is nothing.
        let elsewhere = try await begun(world, ann)
        #expect(try await trySignIn(world, ann, code, elsewhere.pending) == .wrongCode)
        #expect(try await trySignIn(world, ann, code, nil) == .wrongCode)
        let outcomes = try await withThrowingTaskGroup(of: IdentityRefusal?.self) { group in
            for _ in 0..<5 { group.addTask { try await trySignIn(world, ann, code, choice.pending) } }
            return try await group.reduce(into: [IdentityRefusal?]()) { $0.append($1) }
        }
        #expect(outcomes.filter { $0 == nil }.count == 1, "\(outcomes)")
        let told = try await world.events("identity.login_succeeded")
        #expect(told.filter { $0.contains("\"method\":\"\(way.rawValue)_code\"") }.count == 1)
        let events = try await world.events("identity.login_code_requested")
        #expect(events.count == 2 && events.allSatisfy { !$0.contains(code) && !$0.contains("@") })
        // Recovery codes stand in for it, without a login that is named.
        #expect(try await trySignIn(world, ann, recovery[0], nil) == nil)
        try await world.close()
    }

    @Test(.proves("IAM-29")) func `five wrong ones end a code, and too old is too late`() async throws {
        let world = try await AccountsWorld { $0.limits.failuresBeforeLock = 1000 }
        let (ann, _, _) = try await enrolled(world)
        var choice = try await begun(world, ann)
        try await world.accounts.sendLoginCode(choice.pending, by: .sms, from: world.elsewhere())
        let code = try #require(try await world.sentCode(of: ann))
        for _ in 0..<5 { #expect(try await trySignIn(world, ann, other(code), choice.pending) == .wrongCode) }
        #expect(try await trySignIn(world, ann, code, choice.pending) == .wrongCode)
        #expect(try await world.sentCode(of: ann) == nil)
        world.clock.advance(.seconds(60))
        choice = try await begun(world, ann)
        try await world.accounts.sendLoginCode(choice.pending, by: .sms, from: world.elsewhere())
        let second = try #require(try await world.sentCode(of: ann))
        world.clock.advance(.seconds(600))
        #expect(try await trySignIn(world, ann, second, choice.pending) == .wrongCode)
        let late = try await refusal {
            try await world.accounts.sendLoginCode(choice.pending, by: .sms, from: world.elsewhere())
        }
        #expect(late == .invalidToken)
        try await world.close()
    }

    @Test func `guessing locks the account, and a forged login or a foreign way sends nothing`() async throws {
        let world = try await AccountsWorld { $0.limits.failuresBeforeLock = 3 }
        let (ann, _, _) = try await enrolled(world)
        let choice = try await begun(world, ann)
        func send(_ pending: String, _ way: CodeWay = .sms) async throws -> IdentityRefusal? {
            try await refusal { try await world.accounts.sendLoginCode(pending, by: way, from: world.elsewhere()) }
        }
        let parts = choice.pending.split(separator: ".").map(String.init)
        let bob = try await world.person(.viewer, "bob")
        for forged in [
            "", "x", choice.pending + "0", parts.dropLast().joined(separator: ".") + ".00",
            ([parts[0], "\(bob.id)"] + parts.dropFirst(2)).joined(separator: "."),
            (parts.prefix(3) + ["9999999999", parts[4]]).joined(separator: "."),
        ] {
            #expect(try await send(forged) == .invalidToken, "\(forged)")
        }
        #expect(try await send(choice.pending, .email) == .notFound)
        let before = try await world.events("identity.login_code_requested").count
        #expect(before == 1, "the enrolment's alone")
        #expect(try await send(choice.pending) == nil)
        let code = try #require(try await world.sentCode(of: ann))
        for _ in 0..<2 { #expect(try await trySignIn(world, ann, other(code), choice.pending) == .wrongCode) }
        let until = world.clock.now + .seconds(60)
        #expect(try await trySignIn(world, ann, other(code), choice.pending) == .locked(until: until))
        #expect(try await trySignIn(world, ann, code, choice.pending) == .locked(until: until))
        #expect(try await send(choice.pending) == .locked(until: until))
        try await world.close()
    }

    @Test func `codes are sent no oftener than the limits say, to one person and to one number`() async throws {
        let world = try await AccountsWorld { $0.codes = CodeLimits(interval: .seconds(30), perHour: 3) }
        let (ann, _, _) = try await enrolled(world)
        let choice = try await begun(world, ann)
        func send() async throws -> IdentityRefusal? {
            try await refusal {
                try await world.accounts.sendLoginCode(choice.pending, by: .sms, from: world.elsewhere())
            }
        }
        #expect(try await send() == nil)
        #expect(try await send() == .tooMany("codes"))
        world.clock.advance(.seconds(30))
        #expect(try await send() == nil)
        world.clock.advance(.seconds(30))
        #expect(try await send() == .tooMany("codes"), "three in this hour, with the enrolment's")
        // The same number for somebody else.
        let bob = try await world.principal(try await world.person(.viewer, "bob"))
        let shared = try await refusal {
            try await world.accounts.enrolCodes(
                bob,
                password: AccountsWorld.password,
                by: .sms,
                phone: Self.phone,
                from: world.elsewhere()
            )
        }
        #expect(shared == .tooMany("codes"))
        try await world.close()
    }

    @Test func `a way is begun by password, shown by its code, and ended by password and recovery code`() async throws {
        let world = try await AccountsWorld { $0.limits.failuresBeforeLock = 1000 }
        let bob = try await world.person(.viewer, "bob")
        let him = try await world.principal(bob)
        func enrol(_ password: String, _ way: CodeWay, _ phone: String?) async throws -> IdentityRefusal? {
            try await refusal {
                try await world.accounts.enrolCodes(
                    him,
                    password: password,
                    by: way,
                    phone: phone,
                    from: world.elsewhere()
                )
            }
        }
        func confirm(_ code: String) async throws -> IdentityRefusal? {
            try await refusal { try await world.accounts.confirmCodes(him, code: code, from: world.elsewhere()) }
        }
        #expect(try await enrol("wrong", .sms, Self.phone) == .badCredentials)
        for phone in [nil, "0170 1234567"] {
            guard case .invalid? = try await enrol(AccountsWorld.password, .sms, phone) else {
                Issue.record("taken: \(phone ?? "no number")")
                continue
            }
        }
        #expect(try await confirm("123456") == .wrongCode, "nothing was begun")
        #expect(try await enrol(AccountsWorld.password, .sms, Self.phone) == nil)
        let code = try #require(try await world.sentCode(of: bob))
        #expect(try await confirm(other(code)) == .wrongCode)
        #expect(try await confirm(code) == nil)
        #expect(try await confirm(code) == .wrongCode)
        #expect(try await enrol(AccountsWorld.password, .sms, Self.phone) == .conflict("channel"))
        world.clock.advance(.seconds(60))
        let renewed = try await world.accounts.renewRecoveryCodes(
            him,
            password: AccountsWorld.password,
            from: world.elsewhere()
        )
        func disable(_ code: String, _ way: CodeWay) async throws -> IdentityRefusal? {
            try await refusal {
                try await world.accounts.disableCodes(
                    him,
                    password: AccountsWorld.password,
                    code: code,
                    by: way,
                    from: world.elsewhere()
                )
            }
        }
        #expect(try await disable(renewed[0], .email) == .notFound)
        #expect(try await disable("123456", .sms) == .wrongCode)
        #expect(try await disable(renewed[0], .sms) == nil)
        _ = try await world.signIn(bob)
        #expect(try await world.accounts.secondFactors(him).recoveryCodesLeft == 0)
        try await world.close()
    }

    @Test(.proves("IAM-08")) func `an authenticator stays beside it and first, and who stands above takes all away`()
        async throws
    {
        let world = try await AccountsWorld()
        let (ann, me, _) = try await enrolled(world)
        let (enrolment, _) = try await world.enrol(me)
        let choice = try await begun(world, ann)
        #expect(choice.hasTOTP && choice.ways == [.sms])
        #expect(try await trySignIn(world, ann, try world.code(enrolment), nil) == nil)
        try await world.accounts.sendLoginCode(choice.pending, by: .sms, from: world.elsewhere())
        let code = try #require(try await world.sentCode(of: ann))
        #expect(try await trySignIn(world, ann, code, choice.pending) == nil)
        let boss = try await world.principal(try await world.person(.tenantAdmin, "admin"))
        try await world.accounts.removeTOTP(ann.id, by: boss, from: world.elsewhere())
        _ = try await world.signIn(ann)
        try await world.close()
    }
}

extension AccountsWorld {
    /// The text of somebody's newest code that is still to be sent, as who sends it would read it.
    func sentCode(of user: User) async throws -> String? {
        let row = try await pool.withTransaction { transaction in
            try await transaction.query("SET LOCAL ROLE nexora_notifier")
            return try await transaction.query(
                """
                SELECT id, sealed_code FROM login_codes
                WHERE tenant_id = $1 AND user_id = $2 AND sealed_code IS NOT NULL ORDER BY id DESC LIMIT 1
                """,
                [.id(user.tenantID), .id(user.id)]
            ).first
        }
        guard let row, let id: LoginCodeID = row["id"].id(), let sealed = row["sealed_code"].bytes else { return nil }
        return try secrets.open(code: sealed, of: id, tenant: user.tenantID)
    }
}
