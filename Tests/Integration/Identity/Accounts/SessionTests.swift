import Domain
import Identity
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite(.proves("IAM-05", "IAM-06", "IAM-07")) struct SessionTests {
    @Test func `a refresh token is exchanged once, and its second coming ends the session everywhere at once`()
        async throws
    {
        let world = try await AccountsWorld()
        let other = try await world.gateway()
        let ann = try await world.person(.viewer, "ann")
        let first = try await world.signIn(ann)
        world.clock.advance(.seconds(600))
        let second = try await other.refresh(first.refreshToken, from: world.elsewhere())
        #expect(second.sessionID == first.sessionID && second.refreshToken != first.refreshToken)
        _ = try await world.accounts.authenticate(accessToken: second.accessToken)
        #expect(
            try await refusal { try await world.accounts.refresh(first.refreshToken, from: world.elsewhere()) }
                == .tokenReused
        )
        for gateway in [world.accounts, other] {
            for token in [first.accessToken, second.accessToken] {
                #expect(try await refusal { try await gateway.authenticate(accessToken: token) } == .invalidToken)
            }
            #expect(
                try await refusal { try await gateway.refresh(second.refreshToken, from: world.elsewhere()) }
                    == .invalidToken
            )
        }
        let told = try await world.events("identity.logged_out")
        #expect(told.count == 1 && told[0].contains("token_reused"))
        try await world.close()
    }

    @Test func `of two gateways that exchange one token at once one wins, and the session is over`() async throws {
        let world = try await AccountsWorld()
        let gateways = [world.accounts, try await world.gateway(), try await world.gateway()]
        let ann = try await world.person(.viewer, "ann")
        for _ in 0..<10 {
            let signed = try await world.signIn(ann)
            let outcomes = try await withThrowingTaskGroup(of: Result<SignedIn, IdentityRefusal>.self) { group in
                for number in 0..<6 {
                    group.addTask {
                        do {
                            let gateway = gateways[number % gateways.count]
                            return .success(try await gateway.refresh(signed.refreshToken, from: world.elsewhere()))
                        } catch let refusal as IdentityRefusal {
                            return .failure(refusal)
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let won = outcomes.compactMap { try? $0.get() }
            #expect(won.count == 1)
            #expect(outcomes.filter { if case .failure(.tokenReused) = $0 { true } else { false } }.count == 1)
            for gateway in gateways {
                #expect(
                    try await refusal { try await gateway.authenticate(accessToken: won[0].accessToken) }
                        == .invalidToken
                )
                #expect(
                    try await refusal { try await gateway.refresh(won[0].refreshToken, from: world.elsewhere()) }
                        == .invalidToken
                )
            }
        }
        try await world.close()
    }

    @Test func `a refresh token is worth nothing when it is old, made up or another kind of token`() async throws {
        let world = try await AccountsWorld()
        let ann = try await world.person(.viewer, "ann")
        let signed = try await world.signIn(ann)
        let forged = OpaqueToken(.refresh, tenant: world.one, row: signed.sessionID.value).text
        let foreign = OpaqueToken(.refresh, tenant: world.two, row: signed.sessionID.value).text
        let link = OpaqueToken(.link, tenant: world.one, row: signed.sessionID.value).text
        let nowhere = OpaqueToken(.refresh, tenant: TenantID(.zero), row: signed.sessionID.value).text
        for token in [forged, foreign, link, "", "nxr_", signed.accessToken] {
            #expect(
                try await refusal { try await world.accounts.refresh(token, from: world.elsewhere()) } == .invalidToken
            )
        }
        #expect(
            try await refusal { try await world.accounts.refresh(nowhere, from: world.elsewhere()) } == .tenantInactive
        )
        world.clock.advance(.seconds(7 * 86_400))
        #expect(
            try await refusal { try await world.accounts.refresh(signed.refreshToken, from: world.elsewhere()) }
                == .invalidToken
        )
        try await world.close()
    }

    @Test func `logging out ends both tokens, with the access token or with the refresh token alone`() async throws {
        let world = try await AccountsWorld()
        let other = try await world.gateway()
        let ann = try await world.person(.viewer, "ann")
        let (first, second) = (try await world.signIn(ann), try await world.signIn(ann))
        let principal = try await world.accounts.authenticate(accessToken: first.accessToken)
        try await world.accounts.logOut(principal, from: world.elsewhere())
        try await world.accounts.logOut(principal, from: world.elsewhere())
        try await world.accounts.logOut(refreshToken: second.refreshToken, from: world.elsewhere())
        for signed in [first, second] {
            for gateway in [world.accounts, other] {
                #expect(
                    try await refusal { try await gateway.authenticate(accessToken: signed.accessToken) }
                        == .invalidToken
                )
                #expect(
                    try await refusal { try await gateway.refresh(signed.refreshToken, from: world.elsewhere()) }
                        == .invalidToken
                )
            }
        }
        let forged = OpaqueToken(.refresh, tenant: world.one, row: first.sessionID.value).text
        #expect(
            try await refusal { try await world.accounts.logOut(refreshToken: forged, from: world.elsewhere()) }
                == .invalidToken
        )
        #expect(try await world.events("identity.logged_out").count == 2)
        try await world.close()
    }

    @Test func `one sees and ends one's own sessions, and another's only from above`() async throws {
        let world = try await AccountsWorld()
        let (ann, bob) = (try await world.person(.viewer, "ann"), try await world.person(.viewer, "bob"))
        let admin = try await world.principal(try await world.person(.tenantAdmin, "admin"))
        let stranger = try await world.principal(try await world.person(.tenantAdmin, "admin", in: world.two))
        var tokens: [SignedIn] = []
        for _ in 0..<4 {
            tokens.append(try await world.signIn(ann))
            world.clock.advance(.seconds(1))
        }
        let me = try await world.accounts.authenticate(accessToken: tokens[0].accessToken)
        let bobs = try await world.principal(bob)
        #expect(
            try await world.accounts.sessions(by: me, from: world.elsewhere()).map(\.id)
                == tokens.map(\.sessionID).reversed()
        )
        #expect(try await world.accounts.sessions(of: ann.id, by: admin, from: world.elsewhere()).count == 4)
        #expect(
            try await refusal { try await world.accounts.sessions(of: ann.id, by: bobs, from: world.elsewhere()) }
                == .forbidden(.missingPermission)
        )
        #expect(
            try await refusal { try await world.accounts.sessions(of: ann.id, by: stranger, from: world.elsewhere()) }
                == .notFound
        )
        #expect(
            try await refusal {
                try await world.accounts.endSession(tokens[1].sessionID, by: bobs, from: world.elsewhere())
            } == .notFound
        )
        #expect(
            try await refusal {
                try await world.accounts.endSessions(of: admin.userID, by: me, from: world.elsewhere())
            } == .forbidden(.missingPermission)
        )
        try await world.accounts.endSession(tokens[1].sessionID, by: me, from: world.elsewhere())
        #expect(
            try await refusal {
                try await world.accounts.endSession(tokens[1].sessionID, by: me, from: world.elsewhere())
            } == .notFound
        )
        #expect(
            try await refusal { try await world.accounts.authenticate(accessToken: tokens[1].accessToken) }
                == .invalidToken
        )
        #expect(try await world.accounts.logOutEverywhere(me, keepingThis: true, from: world.elsewhere()) == 2)
        #expect(try await world.accounts.sessions(by: me, from: world.elsewhere()).map(\.id) == [tokens[0].sessionID])
        #expect(try await world.accounts.endSessions(of: ann.id, by: admin, from: world.elsewhere()) == 1)
        #expect(
            try await refusal { try await world.accounts.authenticate(accessToken: tokens[0].accessToken) }
                == .invalidToken
        )
        let told = try await world.events("identity.logged_out")
        #expect(told.contains { $0.contains("revoked") && $0.contains("\(admin.userID)") })
        try await world.close()
    }

    @Test func `what Redis was never told is believed for no longer than Postgres is not asked`() async throws {
        let world = try await AccountsWorld { $0.standingAge = .seconds(5) }
        let ann = try await world.person(.viewer, "ann")
        let signed = try await world.signIn(ann)
        _ = try await world.accounts.authenticate(accessToken: signed.accessToken)
        // As a gateway that died between its commit and its word to Redis.
        try await world.database.transaction(in: world.one) { transaction in
            let sessions = LoginSessionRepository(transaction)
            let session = try #require(try await sessions.find(signed.sessionID, in: world.one))
            try await sessions.end(session, because: .revoked, IdentityChange(now: world.clock.now, ids: world.ids))
        }
        _ = try await world.accounts.authenticate(accessToken: signed.accessToken)
        world.clock.advance(.seconds(5))
        #expect(
            try await refusal { try await world.accounts.authenticate(accessToken: signed.accessToken) }
                == .invalidToken
        )
        try await world.close()
    }

    @Test func `without Redis sessions go on, and ended ones stay ended`() async throws {
        let world = try await AccountsWorld()
        let ann = try await world.person(.viewer, "ann")
        let (kept, ended) = (try await world.signIn(ann), try await world.signIn(ann))
        let principal = try await world.accounts.authenticate(accessToken: ended.accessToken)
        try await world.redis.kill()
        try await world.accounts.logOut(principal, from: world.elsewhere())
        _ = try await world.accounts.authenticate(accessToken: kept.accessToken)
        #expect(
            try await refusal { try await world.accounts.authenticate(accessToken: ended.accessToken) } == .invalidToken
        )
        _ = try await world.accounts.refresh(kept.refreshToken, from: world.elsewhere())
        await world.pool.close()
    }

    @Test func `what has been over for months is forgotten`() async throws {
        let world = try await AccountsWorld()
        let ann = try await world.person(.viewer, "ann")
        let signed = try await world.signIn(ann)
        world.clock.advance(.seconds(31 * 86_400))
        try await world.accounts.forget()
        func count() async throws -> Int {
            try await world.database.transaction(in: world.one) {
                try await LoginSessionRepository($0).find(signed.sessionID, in: world.one) == nil ? 0 : 1
            }
        }
        #expect(try await count() == 1)
        world.clock.advance(.seconds(90 * 86_400))
        try await world.accounts.forget()
        #expect(try await count() == 0)
        try await world.close()
    }
}
