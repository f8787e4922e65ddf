import Domain
import Identity
import Redis
import SharedTesting
import Synchronization
import Testing

@Suite(.proves("IAM-06", "IAM-07")) struct TokenDenialsTests {
    /// What Postgres would know.
    private final class Truth: SessionTruth {
        struct Away: Error {}
        let ended = Mutex<Set<LoginSessionID>>([])
        let isAway = Mutex(false)
        let asked = Mutex(0)

        func isLive(_ session: LoginSessionID, in tenant: TenantID) async throws -> Bool {
            asked.withLock { $0 += 1 }
            if isAway.withLock({ $0 }) { throw Away() }
            return ended.withLock { !$0.contains(session) }
        }

        func ended(since time: Timestamp) async throws -> [LoginSessionID] {
            if isAway.withLock({ $0 }) { throw Away() }
            return ended.withLock { Array($0) }
        }
    }

    private struct World {
        let server: RealRedis
        let truth = Truth()
        let denials: TokenDenials

        init() async throws {
            server = try await RealRedis.start()
            denials = Self.gateway(try RedisURL(server.url), truth)
        }

        static func gateway(_ url: RedisURL, _ truth: Truth) -> TokenDenials {
            TokenDenials(
                redis: RedisSession(url, timeout: .milliseconds(500)),
                truth: truth,
                lifetime: .seconds(900),
                time: .fixed(TokenDenialsTests.now)
            )
        }

        func another() throws -> TokenDenials { Self.gateway(try RedisURL(server.url), truth) }
    }

    private static let now = Timestamp(secondsSince1970: 1_790_000_000)

    private func token(_ number: UInt64, session: UInt64) -> AccessToken {
        AccessToken(
            id: UUID128(high: 1, low: number),
            sessionID: LoginSessionID(UUID128(high: 2, low: session)),
            actor: Actor(userID: UserID(.zero), tenantID: TenantID(.zero), role: .viewer),
            issuedAt: Self.now,
            expiresAt: Self.now + .seconds(900)
        )
    }

    @Test func `a token is denied by itself and by its session, in every gateway, and for no longer than it lives`()
        async throws
    {
        let world = try await World()
        let other = try world.another()
        #expect(await world.denials.standing(of: token(1, session: 1)) == .accepted)
        #expect(await other.standing(of: token(1, session: 1)) == .accepted)
        await world.denials.deny(token(1, session: 1))
        await world.denials.deny([LoginSessionID(UUID128(high: 2, low: 7))])
        for gateway in [world.denials, other] {
            #expect(await gateway.standing(of: token(1, session: 1)) == .denied)
            #expect(await gateway.standing(of: token(2, session: 1)) == .denied)
            #expect(await gateway.standing(of: token(3, session: 7)) == .denied)
            #expect(await gateway.standing(of: token(1, session: 2)) == .denied)
            #expect(await gateway.standing(of: token(4, session: 2)) == .accepted)
        }
        #expect(world.truth.asked.withLock { $0 } == 0, "Redis alone was asked")
        let session = RedisSession(try RedisURL(world.server.url))
        let keys = try await session.command("KEYS", "nexora:denied:*").elements ?? []
        #expect(keys.count == 3)
        for key in keys {
            let life = try await session.pipeline([[Array("TTL".utf8), key.octets ?? []]]).first?.number ?? -1
            #expect((800...960).contains(life))
        }
        try await world.server.kill()
    }

    @Test func `without Redis Postgres answers, and without both nobody is let in`() async throws {
        let world = try await World()
        #expect(await world.denials.standing(of: token(1, session: 1)) == .accepted)
        try await world.server.kill()
        world.truth.ended.withLock { _ = $0.insert(LoginSessionID(UUID128(high: 2, low: 1))) }
        await world.denials.deny([LoginSessionID(UUID128(high: 2, low: 1))])
        #expect(await world.denials.standing(of: token(1, session: 1)) == .denied)
        #expect(await world.denials.standing(of: token(2, session: 2)) == .accepted)
        world.truth.isAway.withLock { $0 = true }
        #expect(await world.denials.standing(of: token(1, session: 1)) == .unknown)
        #expect(await world.denials.standing(of: token(2, session: 2)) == .unknown)
    }

    @Test func `a Redis that comes back empty is told what ended before it is believed`() async throws {
        let world = try await World()
        let other = try world.another()
        let ended = LoginSessionID(UUID128(high: 2, low: 1))
        world.truth.ended.withLock { _ = $0.insert(ended) }
        await world.denials.deny([ended])
        for gateway in [world.denials, other] { #expect(await gateway.standing(of: token(1, session: 1)) == .denied) }
        try await world.server.kill()
        try await world.server.start()
        for gateway in [world.denials, other] {
            #expect(await gateway.standing(of: token(1, session: 1)) == .denied)
            #expect(await gateway.standing(of: token(1, session: 1)) == .denied)
            #expect(await gateway.standing(of: token(2, session: 2)) == .accepted)
        }
        let session = RedisSession(try RedisURL(world.server.url))
        #expect(try await session.command("KEYS", "nexora:denied:session:*").elements?.count == 1)
        try await world.server.kill()
    }

    @Test func `an empty Redis is not believed while Postgres cannot tell it anything`() async throws {
        let world = try await World()
        world.truth.isAway.withLock { $0 = true }
        #expect(await world.denials.standing(of: token(1, session: 1)) == .unknown)
        world.truth.isAway.withLock { $0 = false }
        #expect(await world.denials.standing(of: token(1, session: 1)) == .accepted)
        // Once told, Redis alone is enough.
        world.truth.isAway.withLock { $0 = true }
        #expect(await world.denials.standing(of: token(1, session: 1)) == .accepted)
        try await world.server.kill()
    }
}
