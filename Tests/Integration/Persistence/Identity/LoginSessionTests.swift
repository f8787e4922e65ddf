import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite(.proves("IAM-05")) struct LoginSessionTests {
    private func exchange(
        _ world: IdentityWorld,
        _ session: LoginSession,
        _ token: Int,
        for successor: Int,
        at offset: Duration = .seconds(1)
    ) -> @Sendable (ScopedTransaction) async throws -> LoginSessionRepository.Exchange {
        { transaction in
            try await LoginSessionRepository(transaction).exchange(
                digest(token),
                of: session.id,
                in: session.tenantID,
                for: digest(successor),
                lives: IdentityWorld.lifetimes,
                world.change(offset)
            )
        }
    }

    @Test(.proves("IAM-02", "IAM-32")) func `a login is kept with where it came from, and told`() async throws {
        let world = try await IdentityWorld()
        let session = try await world.login(world.one.viewer, token: digest(1))
        let stored = try #require(
            try await world.within(world.one.tenant) {
                try await LoginSessionRepository($0).find(session.id, in: world.one.tenant)
            }
        )
        #expect(stored.sourceAddress == "2001:db8::7" && stored.userAgent == "Firefox" && stored.end == nil)
        let told = try await world.events("identity.login_succeeded")
        #expect(told.count == 1 && told[0].contains("\(session.id)") && told[0].contains(#""method":"password""#))
        var user = try #require(
            try await world.within(world.one.tenant) { try await UserRepository($0).find(world.one.viewer.id) }
        )
        #expect(user.lastLoginAt == IdentityWorld.now)
        user.isActive = false
        try await world.within(world.one.tenant) { [user] in
            _ = try await UserRepository($0).update(user, expecting: user.stamp?.version ?? 0, world.change())
        }
        await #expect(throws: PersistenceError.notFound, "who is disabled meanwhile does not get in") {
            _ = try await world.login(world.one.viewer, token: digest(2))
        }
        await world.close()
    }

    @Test func `of many refreshes with one token at once exactly one wins, and the session is over`() async throws {
        let world = try await IdentityWorld()
        let tenant = world.one.tenant
        for round in 0..<8 {
            let session = try await world.login(world.one.viewer, token: digest(round * 100))
            let outcomes = try await withThrowingTaskGroup(of: LoginSessionRepository.Exchange.self) { group in
                for number in 1...6 {
                    let body = exchange(world, session, round * 100, for: round * 100 + number)
                    group.addTask { try await world.apart(tenant, body) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let won = outcomes.filter { if case .exchanged = $0 { true } else { false } }
            let reused = outcomes.filter { if case .reused = $0 { true } else { false } }
            #expect(won.count == 1 && reused.count == 1 && outcomes.filter { $0 == .over }.count == 4, "\(outcomes)")
            let after = try await world.within(tenant) {
                try await LoginSessionRepository($0).find(session.id, in: tenant)
            }
            #expect(after?.end?.reason == .tokenReused)
            // The winner's token is worth nothing any more either.
            for number in 1...6 {
                let outcome = try await world.within(tenant, exchange(world, session, round * 100 + number, for: 9999))
                #expect(outcome == .over || outcome == .unknown)
            }
        }
        #expect(try await world.events("identity.logged_out").count == 8)
        await world.close()
    }

    @Test func `whatever order tokens come in, only the newest of a session that lives is exchanged`() async throws {
        let world = try await IdentityWorld()
        var random = SeededRandom()
        for round in 0..<100 {
            let base = round * 1000
            let session = try await world.login(world.one.viewer, token: digest(base))
            var (issued, over, elapsed) = ([base], false, Duration.zero)
            var issuedAt = Duration.zero
            for step in 1...Int.random(in: 1...6, using: &random) {
                let token =
                    Int.random(in: 0...3, using: &random) > 0
                    ? issued[issued.count - 1]
                    : [issued.randomElement(using: &random) ?? base, base + 999][Int.random(in: 0...1, using: &random)]
                elapsed = elapsed + .seconds(Int.random(in: 1...500_000, using: &random))
                let outcome = try await world.within(
                    world.one.tenant,
                    exchange(world, session, token, for: base + step, at: elapsed)
                )
                let tooOld = elapsed >= issuedAt + IdentityWorld.lifetimes.refresh
                let sessionOld = elapsed >= IdentityWorld.lifetimes.session
                switch outcome {
                case .exchanged(_, let expires):
                    #expect(!over && !tooOld && !sessionOld && token == issued.last, "seed \(random.seed)")
                    #expect(
                        expires == min(IdentityWorld.now + elapsed + IdentityWorld.lifetimes.refresh, session.expiresAt)
                    )
                    issued.append(base + step)
                    issuedAt = elapsed
                case .reused:
                    #expect(
                        !over && !sessionOld && token != issued.last && issued.contains(token),
                        "seed \(random.seed)"
                    )
                    over = true
                case .over:
                    #expect(over || sessionOld || (tooOld && token == issued.last), "seed \(random.seed)")
                    #expect(issued.contains(token))
                case .unknown: #expect(!issued.contains(token), "seed \(random.seed)")
                }
            }
        }
        await world.close()
    }

    @Test(.proves("IAM-06")) func `sessions are listed, ended one by one, all but one, or all`() async throws {
        let world = try await IdentityWorld()
        let (tenant, user) = (world.one.tenant, world.one.viewer)
        var sessions: [LoginSession] = []
        for number in 0..<4 {
            sessions.append(try await world.login(user, token: digest(number), at: .seconds(number)))
        }
        _ = try await world.login(world.one.admin, token: digest(9))
        let ids = sessions.map(\.id)
        try await world.within(tenant) { transaction in
            let repository = LoginSessionRepository(transaction)
            let now = IdentityWorld.now + .seconds(10)
            #expect(try await repository.live(of: user, at: now).map(\.id) == ids.reversed())
            #expect(try await repository.end(sessions[0], because: .logout, world.change(.seconds(10))))
            #expect(try await !repository.end(sessions[0], because: .logout, world.change(.seconds(11))))
            let ended = try await repository.endAll(
                of: user,
                because: .everywhere,
                keeping: ids[3],
                world.change(.seconds(12))
            )
            #expect(Set(ended) == Set(ids[1...2]))
            #expect(try await repository.live(of: user, at: now).map(\.id) == [ids[3]])
            #expect(try await repository.live(of: world.one.admin, at: now).count == 1)
            #expect(try await repository.ended(since: IdentityWorld.now + .seconds(10)).map(\.id).count == 2)
            #expect(try await repository.live(of: user, at: IdentityWorld.now + .seconds(40 * 86_400)).isEmpty)
            #expect(try await repository.forget(before: IdentityWorld.now + .seconds(11)) == 1)
        }
        #expect(try await world.within(tenant, exchange(world, sessions[1], 1, for: 77)) == .over)
        await world.close()
    }
}
