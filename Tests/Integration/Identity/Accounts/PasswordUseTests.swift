import Domain
import Identity
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite(.proves("IAM-02", "IAM-10")) struct PasswordUseTests {
    private static let another = "ganz anders und sehr lang"

    @Test func `another password wants the present one, ends every other session and voids open links`() async throws {
        let world = try await AccountsWorld()
        let ann = try await world.person(.viewer, "ann")
        let (here, there) = (try await world.signIn(ann), try await world.signIn(ann))
        let me = try await world.accounts.authenticate(accessToken: here.accessToken)
        try await world.accounts.requestPasswordReset(tenant: world.one, email: ann.email, from: world.elsewhere())
        let link = try #require(try await world.link(.resetPassword, of: ann))
        func change(_ current: String, _ password: String) async throws -> IdentityRefusal? {
            try await refusal {
                try await world.accounts.changePassword(me, current: current, to: password, from: world.elsewhere())
            }
        }
        #expect(try await change("wrong", Self.another) == .badCredentials)
        #expect(try await change(AccountsWorld.password, "short") == .weakPassword([.tooShort(minimum: 12)]))
        #expect(try await change(AccountsWorld.password, AccountsWorld.password) == .weakPassword([.unchanged]))
        #expect(try await change(AccountsWorld.password, "ann and nobody else") == .weakPassword([.containsName]))
        #expect(try await change(AccountsWorld.password, Self.another) == nil)
        // He is told once, and of none of what was refused.
        let told = try await world.events("identity.password_changed")
        #expect(told.count == 1 && told.first?.contains("\(ann.id)") == true)
        #expect(told.first?.contains("sourceAddress") == true)
        _ = try await world.accounts.authenticate(accessToken: here.accessToken)
        let gone = try await refusal { try await world.accounts.authenticate(accessToken: there.accessToken) }
        #expect(gone == .invalidToken)
        #expect(try await refusal { try await world.signIn(ann) } == .badCredentials)
        let voided = try await refusal {
            try await world.accounts.completePasswordReset(
                link,
                password: "a third one of them",
                from: world.elsewhere()
            )
        }
        #expect(voided == .invalidToken)
        _ = try await world.accounts.signIn(world.attempt(ann, Self.another), from: world.elsewhere())
        try await world.close()
    }

    @Test func `a session that was left open is no way to guess the password`() async throws {
        let world = try await AccountsWorld { $0.limits.failuresBeforeLock = 3 }
        let ann = try await world.person(.viewer, "ann")
        let me = try await world.principal(ann)
        var last: IdentityRefusal?
        for _ in 0..<3 {
            last = try await refusal {
                try await world.accounts.changePassword(me, current: "guess", to: Self.another, from: world.elsewhere())
            }
        }
        let until = world.clock.now + .seconds(60)
        #expect(last == .locked(until: until))
        let right = try await refusal {
            try await world.accounts.changePassword(
                me,
                current: AccountsWorld.password,
                to: Self.another,
                from: world.elsewhere()
            )
        }
        #expect(right == .locked(until: until))
        try await world.close()
    }

    @Test func `a reset is answered alike for everyone, and sends a link to whom it may`() async throws {
        let world = try await AccountsWorld()
        let (ann, shut) = (try await world.person(.viewer, "ann"), try await world.person(.viewer, "shut"))
        try await world.database.transaction(in: world.one) {
            _ = try await $0.query("UPDATE users SET is_active = false WHERE id = $1", [.id(shut.id)])
        }
        for email in [ann.email, "nobody@example.net", shut.email, "", "a\0b@c", "ANN@example.net"] {
            try await world.accounts.requestPasswordReset(tenant: world.one, email: email, from: world.elsewhere())
        }
        try await world.accounts.requestPasswordReset(tenant: world.two, email: ann.email, from: world.elsewhere())
        let told = try await world.events("identity.password_reset_requested")
        #expect(told.count == 1 && told[0].contains("\(ann.id)"), "nobody else, and not twice within a minute")
        let token = try #require(try await world.link(.resetPassword, of: ann))
        #expect(!told[0].contains(token))
        // An hour's worth, and no more.
        for _ in 0..<20 {
            world.clock.advance(.seconds(60))
            try await world.accounts.requestPasswordReset(tenant: world.one, email: ann.email, from: world.elsewhere())
        }
        #expect(try await world.events("identity.password_reset_requested").count == 5)
        try await world.close()
    }

    @Test func `only digests of links are stored, and sealed text that is erased by use`() async throws {
        let world = try await AccountsWorld()
        let ann = try await world.person(.viewer, "ann")
        try await world.accounts.requestPasswordReset(tenant: world.one, email: ann.email, from: world.elsewhere())
        let token = try #require(try await world.link(.resetPassword, of: ann))
        func rows() async throws -> String {
            try await world.database.transaction(in: world.one) { transaction in
                try await transaction.query("SELECT row_to_json(l)::text AS row FROM one_time_links l")
                    .compactMap { $0["row"].text }.joined()
            }
        }
        #expect(try await !rows().contains(token))
        try await world.accounts.completePasswordReset(token, password: Self.another, from: world.elsewhere())
        #expect(try await rows().contains(#""sealed_token":null"#))
        try await world.close()
    }

    @Test func `a link chooses a password once, in its time, and a weak one does not use it up`() async throws {
        let world = try await AccountsWorld()
        let ann = try await world.person(.viewer, "ann")
        let signed = try await world.signIn(ann)
        func send() async throws -> String {
            world.clock.advance(.seconds(60))
            try await world.accounts.requestPasswordReset(tenant: world.one, email: ann.email, from: world.elsewhere())
            return try #require(try await world.link(.resetPassword, of: ann))
        }
        func follow(_ link: String, _ password: String = Self.another) async throws -> IdentityRefusal? {
            try await refusal {
                try await world.accounts.completePasswordReset(link, password: password, from: world.elsewhere())
            }
        }
        let replaced = try await send()
        let old = try await send()
        #expect(try await follow(replaced) == .invalidToken)
        world.clock.advance(.seconds(3600))
        #expect(try await follow(old) == .invalidToken)
        let link = try await send()
        #expect(try await follow(link, "short") == .weakPassword([.tooShort(minimum: 12)]))
        #expect(try await follow(link, "a\0234567890bcdefg") != nil)
        let outcomes = try await withThrowingTaskGroup(of: IdentityRefusal?.self) { group in
            for _ in 0..<6 { group.addTask { try await follow(link) } }
            return try await group.reduce(into: [IdentityRefusal?]()) { $0.append($1) }
        }
        #expect(outcomes.filter { $0 == nil }.count == 1 && outcomes.filter { $0 == .invalidToken }.count == 5)
        let over = try await refusal { try await world.accounts.refresh(signed.refreshToken, from: world.elsewhere()) }
        #expect(over == .invalidToken, "every session ended")
        _ = try await world.accounts.signIn(world.attempt(ann, Self.another), from: world.elsewhere())
        #expect(try await world.stored(ann)?.emailVerifiedAt != nil, "the mail arrived")
        let forged = OpaqueToken(.link, tenant: world.one, row: UUID128(high: 1, low: 1)).text
        for bad in [forged, "", "nxl_", signed.refreshToken] { #expect(try await follow(bad) == .invalidToken) }
        try await world.close()
    }

    @Test func `a link that went to an address which is his no more opens nothing`() async throws {
        let world = try await AccountsWorld()
        let ann = try await world.person(.viewer, "ann")
        try await world.accounts.requestPasswordReset(tenant: world.one, email: ann.email, from: world.elsewhere())
        let link = try #require(try await world.link(.resetPassword, of: ann))
        try await world.database.transaction(in: world.one) {
            _ = try await $0.query("UPDATE users SET email = 'new@example.net' WHERE id = $1", [.id(ann.id)])
        }
        let refused = try await refusal {
            try await world.accounts.completePasswordReset(link, password: Self.another, from: world.elsewhere())
        }
        #expect(refused == .invalidToken)
        try await world.close()
    }

    @Test func `an address is verified by its own link once`() async throws {
        let world = try await AccountsWorld()
        let ann = try await world.person(.viewer, "ann")
        let me = try await world.principal(ann)
        try await world.accounts.requestEmailVerification(me, from: world.elsewhere())
        let soon = try await refusal { try await world.accounts.requestEmailVerification(me, from: world.elsewhere()) }
        #expect(soon == .tooMany("links"))
        let link = try #require(try await world.link(.verifyEmail, of: ann))
        let wrong = try await refusal {
            try await world.accounts.completePasswordReset(link, password: Self.another, from: world.elsewhere())
        }
        #expect(wrong == .invalidToken, "it verifies and does no more")
        try await world.accounts.verifyEmail(link, from: world.elsewhere())
        #expect(try await world.stored(ann)?.emailVerifiedAt == world.clock.now)
        #expect(
            try await refusal { try await world.accounts.verifyEmail(link, from: world.elsewhere()) } == .invalidToken
        )
        #expect(try await world.events("identity.email_verification_requested").count == 1)
        try await world.close()
    }

    @Test func `who must change his password may do nothing else until he did`() async throws {
        let world = try await AccountsWorld()
        let (admin, ann) = (try await world.person(.tenantAdmin, "admin"), try await world.person(.nocEngineer, "ann"))
        let boss = try await world.principal(admin)
        let version = try #require(ann.stamp?.version)
        let must = UserChanges(mustChangePassword: true)
        _ = try await world.accounts.updateUser(ann.id, must, expecting: version, by: boss, from: world.elsewhere())
        let signed = try await world.signIn(ann)
        #expect(signed.user.mustChangePassword)
        let me = try await world.accounts.authenticate(accessToken: signed.accessToken)
        #expect(me.mustChangePassword && me.permissions.isEmpty)
        try await world.accounts.changePassword(
            me,
            current: AccountsWorld.password,
            to: Self.another,
            from: world.elsewhere()
        )
        let free = try await world.accounts.authenticate(accessToken: signed.accessToken)
        #expect(!free.mustChangePassword && free.permissions == Role.nocEngineer.permissions)
        try await world.close()
    }
}
