import Domain
import Identity
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite(.proves("IAM-08")) struct SecondFactorTests {
    private func trySignIn(_ world: AccountsWorld, _ user: User, _ code: String?) async throws -> IdentityRefusal? {
        try await refusal { try await world.signIn(user, code: code) }
    }

    @Test func `a second factor is asked for once a code of it was shown, and no code works twice`() async throws {
        let world = try await AccountsWorld()
        let other = try await world.gateway()
        let ann = try await world.person(.viewer, "ann")
        let me = try await world.principal(ann)
        let wrong = try await refusal {
            try await world.accounts.enrolTOTP(me, password: "wrong", from: world.elsewhere())
        }
        #expect(wrong == .badCredentials)
        let none = try await refusal {
            try await world.accounts.confirmTOTP(me, code: "000000", from: world.elsewhere())
        }
        #expect(none == .notFound)
        let begun = try await world.accounts.enrolTOTP(me, password: AccountsWorld.password, from: world.elsewhere())
        #expect(
            begun.address.contains(begun.secret) && begun.address.hasPrefix("otpauth://totp/Nexora:ann%40example.net")
        )
        _ = try await world.signIn(ann)
        // Begun anew, the former key confirms nothing.
        let enrolment = try await world.accounts.enrolTOTP(
            me,
            password: AccountsWorld.password,
            from: world.elsewhere()
        )
        let former = try world.code(begun)
        if former != (try world.code(enrolment)) {
            #expect(
                try await refusal { try await world.accounts.confirmTOTP(me, code: former, from: world.elsewhere()) }
                    == .wrongCode
            )
        }
        let code = try world.code(enrolment)
        let recovery = try await world.accounts.confirmTOTP(me, code: code, from: world.elsewhere())
        #expect(recovery.count == 10 && Set(recovery).count == 10)
        #expect(try await world.stored(ann)?.hasTOTP == true)
        #expect(try await trySignIn(world, ann, nil) == .secondFactorRequired)
        #expect(try await trySignIn(world, ann, "") == .secondFactorRequired)
        #expect(try await trySignIn(world, ann, code) == .wrongCode, "the step that confirmed it is used up")
        world.clock.advance(.seconds(30))
        let next = try world.code(enrolment)
        // Two gateways, one code: one gets in.
        let outcomes = try await withThrowingTaskGroup(of: IdentityRefusal?.self) { group in
            for number in 0..<6 {
                let gateway = number % 2 == 0 ? world.accounts : other
                group.addTask {
                    try await refusal {
                        try await gateway.signIn(world.attempt(ann, code: next), from: world.elsewhere())
                    }
                }
            }
            return try await group.reduce(into: [IdentityRefusal?]()) { $0.append($1) }
        }
        #expect(outcomes.filter { $0 == nil }.count == 1 && outcomes.filter { $0 == .wrongCode }.count == 5)
        #expect(try await world.events("identity.login_failed").filter { $0.contains("code_replayed") }.count >= 1)
        let told = try await world.events("identity.login_succeeded")
        #expect(told.filter { $0.contains(#""method":"totp""#) }.count == 1)
        #expect(
            try await refusal {
                try await world.accounts.enrolTOTP(me, password: AccountsWorld.password, from: world.elsewhere())
            } == .conflict("totp")
        )
        try await world.close()
    }

    @Test func `each recovery code stands in once, however it is typed, and new ones void the old`() async throws {
        let world = try await AccountsWorld { $0.limits.failuresBeforeLock = 1000 }
        let ann = try await world.person(.viewer, "ann")
        let me = try await world.principal(ann)
        let (_, recovery) = try await world.enrol(me)
        _ = try await world.signIn(ann, code: recovery[0])
        #expect(try await trySignIn(world, ann, recovery[0]) == .wrongCode)
        _ = try await world.signIn(ann, code: recovery[1].uppercased().replacing("-", with: " "))
        let outcomes = try await withThrowingTaskGroup(of: IdentityRefusal?.self) { group in
            for _ in 0..<5 { group.addTask { try await trySignIn(world, ann, recovery[2]) } }
            return try await group.reduce(into: [IdentityRefusal?]()) { $0.append($1) }
        }
        #expect(outcomes.filter { $0 == nil }.count == 1)
        let fresh = try await world.accounts.renewRecoveryCodes(
            me,
            password: AccountsWorld.password,
            from: world.elsewhere()
        )
        #expect(try await trySignIn(world, ann, recovery[3]) == .wrongCode)
        _ = try await world.signIn(ann, code: fresh[0])
        #expect(try await world.events("identity.user_changed").contains { $0.contains("recovery_codes") })
        let told = try await world.events("identity.login_succeeded")
        #expect(told.filter { $0.contains(#""method":"recovery_code""#) }.count == 4)
        try await world.close()
    }

    @Test(.proves("IAM-29")) func `guessing codes locks the account as guessing passwords does`() async throws {
        let world = try await AccountsWorld { $0.limits.failuresBeforeLock = 3 }
        let ann = try await world.person(.viewer, "ann")
        let (enrolment, _) = try await world.enrol(try await world.principal(ann))
        let right = try world.code(enrolment)
        let wrong = right == "000000" ? "000001" : "000000"
        for _ in 0..<2 { #expect(try await trySignIn(world, ann, wrong) == .wrongCode) }
        let until = world.clock.now + .seconds(60)
        #expect(try await trySignIn(world, ann, wrong) == .locked(until: until))
        #expect(try await trySignIn(world, ann, right) == .locked(until: until))
        // The password alone forgives nothing.
        world.clock.advance(.seconds(60))
        #expect(try await trySignIn(world, ann, nil) == .secondFactorRequired)
        #expect(try await world.stored(ann)?.lock.failures == 3)
        try await world.close()
    }

    @Test func `a factor is taken away by password and code, or by who stands above`() async throws {
        let world = try await AccountsWorld()
        let ann = try await world.person(.viewer, "ann")
        let me = try await world.principal(ann)
        let boss = try await world.principal(try await world.person(.tenantAdmin, "admin"))
        let (_, recovery) = try await world.enrol(me)
        func disable(_ password: String, _ code: String) async throws -> IdentityRefusal? {
            try await refusal {
                try await world.accounts.disableTOTP(me, password: password, code: code, from: world.elsewhere())
            }
        }
        #expect(try await disable("wrong", recovery[0]) == .badCredentials)
        #expect(try await disable(AccountsWorld.password, "nonsense") == .wrongCode)
        #expect(try await world.stored(ann)?.lock.failures == 2)
        #expect(try await disable(AccountsWorld.password, recovery[0]) == nil)
        #expect(try await disable(AccountsWorld.password, recovery[1]) == .notFound)
        _ = try await world.signIn(ann)
        _ = try await world.enrol(me)
        #expect(
            try await refusal { try await world.accounts.removeTOTP(boss.userID, by: me, from: world.elsewhere()) }
                == .forbidden(.missingPermission)
        )
        try await world.accounts.removeTOTP(ann.id, by: boss, from: world.elsewhere())
        #expect(try await world.accounts.sessions(of: ann.id, by: boss, from: world.elsewhere()).isEmpty)
        _ = try await world.signIn(ann)
        try await world.close()
    }
}
