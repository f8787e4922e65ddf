import Domain
import Identity
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite(.proves("IAM-32", "AUD-04", "AUD-07", "AUD-10")) struct RecordTests {
    private static let another = "ganz anders und sehr lang"

    @Test(.proves("AUD-12")) func `who did what to an account stands in the trail, with what was before`() async throws
    {
        let world = try await AccountsWorld()
        let boss = try await world.principal(try await world.person(.tenantAdmin, "admin"))
        let ann = try await world.person(.viewer, "ann")
        let me = try await world.principal(ann)
        _ = try await world.accounts.rename(me, to: "Anna", from: AccountsWorld.origin)
        _ = try await world.enrol(me)
        try await world.accounts.removeTOTP(ann.id, by: boss, from: world.elsewhere())
        _ = try await world.accounts.sessions(of: ann.id, by: boss, from: world.elsewhere())
        let again = try await world.principal(ann)
        try await world.accounts.requestEmailVerification(again, from: world.elsewhere())
        let verification = try #require(try await world.link(.verifyEmail, of: ann))
        try await world.accounts.verifyEmail(verification, from: world.elsewhere())
        try await world.accounts.requestPasswordReset(tenant: world.one, email: ann.email, from: world.elsewhere())
        let reset = try #require(try await world.link(.resetPassword, of: ann))
        try await world.accounts.completePasswordReset(reset, password: Self.another, from: world.elsewhere())
        let version = try #require(try await world.stored(ann)?.stamp?.version)
        try await world.accounts.deleteUser(ann.id, expecting: version, by: boss, from: world.elsewhere())

        let trail = try await world.trail().filter { $0.resource == AuditResource("user", ann.id) }
        let acts = [
            "login", "update", "update", "update", "update", "read", "login", "update", "update", "update", "update",
            "user_delete",
        ]
        try #require(trail.map(\.action.name) == acts)
        #expect(trail.allSatisfy { $0.tenantID == world.one && $0.outcome == .success })
        #expect(trail[1].old == ["name": "ann"] && trail[1].new == ["name": "Anna"])
        #expect(trail[1].origin.address == AccountsWorld.origin.address && trail[1].origin.requestID == "request-1")
        #expect(trail[2].new == ["action": "enrol_totp"])
        #expect(trail[3].old == ["has_totp": false] && trail[3].new == ["has_totp": true])
        #expect(trail[4].old == ["has_totp": true] && trail[4].new == ["has_totp": false])
        #expect(trail[7].new == ["action": "request_email_verification"])
        #expect(trail[8].old == ["email_verified_at": .null])
        #expect(trail[9].new == ["action": "request_password_reset"])
        #expect(
            trail[10].new
                == ["changed": .list(["password"]), "link": "reset_password", "sessions_ended": 1]
        )
        guard case .object(let removed)? = trail[11].old else {
            Issue.record("nothing tells who was removed")
            return
        }
        #expect(removed["email"] == .text(ann.email) && removed["name"] == "Anna" && removed["role"] == "viewer")
        let (annSelf, bossSelf) = (AuditActor.user(ann.id.value), AuditActor.user(boss.userID.value))
        let actors = [
            annSelf, annSelf, annSelf, annSelf, bossSelf, bossSelf, annSelf, annSelf, annSelf, .anonymous, annSelf,
            bossSelf,
        ]
        #expect(trail.map(\.origin.actor) == actors)
        try await world.close()
    }

    @Test func `sessions end on record, whoever ended them`() async throws {
        let world = try await AccountsWorld()
        let ann = try await world.person(.viewer, "ann")
        let boss = try await world.principal(try await world.person(.tenantAdmin, "admin"))
        let (cookie, reused) = (try await world.signIn(ann), try await world.signIn(ann))
        try await world.accounts.logOut(refreshToken: cookie.refreshToken, from: world.elsewhere())
        _ = try await world.accounts.refresh(reused.refreshToken, from: world.elsewhere())
        let twice = try await refusal { try await world.accounts.refresh(reused.refreshToken, from: world.elsewhere()) }
        #expect(twice == .tokenReused)
        try await world.accounts.logOut(try await world.principal(ann), from: world.elsewhere())
        _ = try await world.signIn(ann)
        _ = try await world.accounts.endSessions(of: ann.id, by: boss, from: world.elsewhere())
        _ = try await world.accounts.logOutEverywhere(try await world.principal(ann), from: world.elsewhere())
        let me = try await world.principal(ann)
        let wrong = try await refusal {
            try await world.accounts.changePassword(me, current: "x", to: Self.another, from: world.elsewhere())
        }
        #expect(wrong == .badCredentials)

        let trail = try await world.trail().filter { $0.resource == AuditResource("user", ann.id) }
        let ended = trail.filter { $0.action == .logout }
        #expect(ended.map(\.reason) == [nil, "token_reused", nil, nil, nil])
        #expect(
            ended.map(\.origin.actor) == [
                .user(ann.id.value), .anonymous, .user(ann.id.value), .user(boss.userID.value), .user(ann.id.value),
            ]
        )
        #expect(ended[0].new == ["session_id": .text("\(cookie.sessionID)")])
        #expect(ended[1].new == ["session_id": .text("\(reused.sessionID)")])
        #expect(ended[3].new == ["ended": 1])
        let failed = trail.filter { $0.action == .failedLogin }
        #expect(failed.map(\.reason) == ["wrong_password"] && failed.first?.outcome == .refused)
        try await world.close()
    }

    @Test(.proves("AUD-11")) func `keys begin and end on record, and what one did is found by whose it is`()
        async throws
    {
        let world = try await AccountsWorld()
        let boss = try await world.principal(try await world.person(.tenantAdmin, "admin"))
        let ann = try await world.person(.viewer, "ann")
        func create(_ name: String) async throws -> IssuedAPIKey {
            let wanted = NewAPIKey(name: name, scopes: Role.viewer.permissions.union([.usersSecure]))
            return try await world.accounts.createAPIKey(wanted, by: boss, from: world.elsewhere())
        }
        let first = try await create("first")
        let second = try await world.accounts.rotateAPIKey(first.key.id, by: boss, from: world.elsewhere())
        let third = try await world.accounts.rotateAPIKey(
            second.key.id,
            overlap: .seconds(60),
            by: boss,
            from: world.elsewhere()
        )
        let program = try await world.accounts.authenticate(
            apiKey: third.text,
            from: AccountsWorld.origin.address
        )
        try await world.accounts.inviteAgain(ann.id, by: program, from: AccountsWorld.origin)
        try await world.accounts.revokeAPIKey(third.key.id, by: boss, from: world.elsewhere())
        func acts(on issued: IssuedAPIKey) async throws -> [String] {
            try await world.trail().filter { $0.resource == AuditResource("api_key", issued.key.id) }
                .map(\.action.name)
        }
        #expect(try await acts(on: first) == ["create", "delete"])
        #expect(try await acts(on: second) == ["create", "update"])
        #expect(try await acts(on: third) == ["create", "delete"])

        var filter = AuditFilter()
        filter.actorID = boss.userID.value
        let his = try await world.trail(filter)
        let invited = try #require(his.first { $0.resource == AuditResource("user", ann.id) })
        #expect(invited.origin.actor == .apiKey(third.key.id.value))
        #expect(invited.origin.impersonator == boss.userID.value)
        filter.actorID = third.key.id.value
        #expect(try await world.trail(filter) == [invited])
        filter.actorID = ann.id.value
        #expect(try await world.trail(filter).isEmpty)
        try await world.close()
    }

    @Test func `nothing of an account changes where it cannot be put on record`() async throws {
        let world = try await AccountsWorld()
        let boss = try await world.principal(try await world.person(.tenantAdmin, "admin"))
        let (ann, bob) = (try await world.person(.viewer, "ann"), try await world.person(.viewer, "bob"))
        let signed = try await world.signIn(ann)
        let me = try await world.accounts.authenticate(accessToken: signed.accessToken)
        let mine = try await world.principal(bob)
        try await world.accounts.requestEmailVerification(me, from: world.elsewhere())
        try await world.accounts.requestPasswordReset(tenant: world.one, email: ann.email, from: world.elsewhere())
        let verification = try #require(try await world.link(.verifyEmail, of: ann))
        let reset = try #require(try await world.link(.resetPassword, of: ann))
        let wanted = NewAPIKey(name: "key", scopes: [.customersRead])
        let key = try await world.accounts.createAPIKey(wanted, by: boss, from: world.elsewhere()).key.id
        let (accounts, from, one) = (world.accounts, { world.elsewhere() }, world.one)
        let version = try #require(try await world.stored(ann)?.stamp?.version)
        let new = NewUser(tenantID: one, email: "new@example.net", name: "New", role: .viewer)
        let word = AccountsWorld.password
        let acts: [(String, () async throws -> Void)] = [
            ("create", { _ = try await accounts.createUser(new, by: boss, from: from()) }),
            (
                "update",
                {
                    let other = UserChanges(name: "Other")
                    _ = try await accounts.updateUser(ann.id, other, expecting: version, by: boss, from: from())
                }
            ),
            ("rename", { _ = try await accounts.rename(me, to: "Other", from: from()) }),
            ("invite", { try await accounts.inviteAgain(ann.id, by: boss, from: from()) }),
            ("unlock", { try await accounts.unlock(ann.id, by: boss, from: from()) }),
            ("delete", { try await accounts.deleteUser(ann.id, expecting: version, by: boss, from: from()) }),
            ("enrol", { _ = try await accounts.enrolTOTP(me, password: word, from: from()) }),
            ("change", { try await accounts.changePassword(me, current: word, to: Self.another, from: from()) }),
            ("ask", { try await accounts.requestPasswordReset(tenant: one, email: bob.email, from: from()) }),
            ("reset", { try await accounts.completePasswordReset(reset, password: Self.another, from: from()) }),
            ("ask to verify", { try await accounts.requestEmailVerification(mine, from: from()) }),
            ("verify", { try await accounts.verifyEmail(verification, from: from()) }),
            ("key", { _ = try await accounts.createAPIKey(wanted, by: boss, from: from()) }),
            ("rotate", { _ = try await accounts.rotateAPIKey(key, by: boss, from: from()) }),
            ("revoke", { try await accounts.revokeAPIKey(key, by: boss, from: from()) }),
            ("sessions", { _ = try await accounts.sessions(of: ann.id, by: boss, from: from()) }),
            ("end session", { try await accounts.endSession(signed.sessionID, by: me, from: from()) }),
            ("end sessions", { _ = try await accounts.endSessions(of: ann.id, by: boss, from: from()) }),
            ("everywhere", { _ = try await accounts.logOutEverywhere(me, from: from()) }),
            ("log out", { try await accounts.logOut(me, from: from()) }),
            ("by cookie", { try await accounts.logOut(refreshToken: signed.refreshToken, from: from()) }),
            ("sign in", { _ = try await world.signIn(ann) }),
        ]
        let before = try await world.rows()
        try await world.setTrail(writable: false)
        for (name, act) in acts {
            await #expect(throws: (any Error).self, "\(name)") { try await act() }
            #expect(try await world.rows() == before, "\(name)")
        }
        try await world.setTrail(writable: true)
        _ = try await world.signIn(ann)
        try await world.close()
    }

    @Test(.proves("API-15")) func `what is to commit with a key or an account does, or neither is there`() async throws
    {
        struct Refused: Error {}
        let world = try await AccountsWorld()
        let boss = try await world.principal(try await world.person(.tenantAdmin, "admin"))
        let (accounts, from) = (world.accounts, { world.elsewhere() })
        let wanted = NewAPIKey(name: "key", scopes: [.customersRead])
        let key = try await accounts.createAPIKey(wanted, by: boss, from: from()) { transaction, issued in
            let stored = try await APIKeyRepository(transaction).find(issued.key.id)
            #expect(stored == issued.key)
        }.key.id
        let new = NewUser(tenantID: world.one, email: "new@example.net", name: "New", role: .viewer)
        let (before, entries) = (try await world.rows(), try await world.trail().count)
        await #expect(throws: Refused.self) {
            try await accounts.createAPIKey(wanted, by: boss, from: from()) { _, _ in throw Refused() }
        }
        await #expect(throws: Refused.self) {
            try await accounts.rotateAPIKey(key, by: boss, from: from()) { _, _ in throw Refused() }
        }
        await #expect(throws: Refused.self) {
            try await accounts.createUser(new, by: boss, from: from()) { _, _ in throw Refused() }
        }
        #expect(try await world.rows() == before)
        #expect(try await world.trail().count == entries)
        try await world.close()
    }
}

extension AccountsWorld {
    /// The trail, the oldest first.
    func trail(_ filter: AuditFilter = AuditFilter()) async throws -> [AuditEntry] {
        try await database.transaction(in: operatorID) {
            try await AuditLog($0).page(filter, after: nil, limit: 500).map(\.entry).reversed()
        }
    }

    /// Whether anybody can add to the trail.
    func setTrail(writable: Bool) async throws {
        let (old, new) = writable ? ("no_audit", "append_audit") : ("append_audit", "no_audit")
        try await pool.withTransaction { transaction in
            _ = try await transaction.query("ALTER FUNCTION \(old) RENAME TO \(new)")
        }
    }

    /// Everything that is stored of accounts.
    func rows() async throws -> [String] {
        try await database.transaction(in: operatorID) { transaction in
            var rows: [String] = []
            for table in [
                "users", "user_recovery_codes", "login_sessions", "refresh_tokens", "api_keys", "one_time_links",
            ] {
                let found = try await transaction.query("SELECT row_to_json(t)::text AS row FROM \(table) t ORDER BY 1")
                rows += found.compactMap { $0["row"].text }
            }
            return rows
        }
    }
}
