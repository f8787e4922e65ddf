import Domain
import Persistence
import SharedTesting
import Synchronization
import Testing

@testable import Identity

@Suite(.proves("CCH-03")) struct StandingCacheTests {
    private struct Refused: Error {}

    private static let now = Timestamp(secondsSince1970: 1_790_000_000)
    private static let proof = StandingCache.Proof.key([1, 2, 3])

    private static func user(_ number: UInt64 = 1) -> User {
        User(
            tenantID: TenantID(UUID128(high: 1, low: 1)),
            id: UserID(UUID128(high: 2, low: number)),
            email: "somebody@example.net",
            name: "Somebody",
            role: .viewer
        )
    }

    private static func entry(_ name: UInt64 = 1) -> StandingCache.Entry {
        StandingCache.Entry(
            standing: UserStanding(user: user(name), isTenantOpen: true, isSessionLive: true),
            key: nil,
            readAt: now
        )
    }

    /// A look that lasts until it is told to end, and how often there was one.
    private final class Slow: Sendable {
        private let state = Mutex((count: 0, open: false))

        var count: Int { state.withLock { $0.count } }

        func open() { state.withLock { $0.open = true } }

        func read(_ result: Result<StandingCache.Entry, any Error>) async throws -> StandingCache.Entry {
            state.withLock { $0.count += 1 }
            try await eventually { state.withLock { $0.open } }
            return try result.get()
        }
    }

    @Test func `what a hundred ask for at once is read once, and again when it is old`() async throws {
        let (cache, slow) = (StandingCache(age: .seconds(5)), Slow())
        try await withThrowingTaskGroup(of: UserID.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    try await cache.entry(Self.proof, at: Self.now) { try await slow.read(.success(Self.entry())) }
                        .standing.user.id
                }
            }
            try await eventually { cache.waiting(Self.proof) == 99 }
            slow.open()
            for try await id in group { #expect(id == Self.user().id) }
        }
        #expect(slow.count == 1)
        for (seconds, reads) in [(4, 1), (5, 2), (-1, 3)] {
            let later = Self.now + .seconds(seconds)
            _ = try await cache.entry(Self.proof, at: later) { try await slow.read(.success(Self.entry())) }
            #expect(slow.count == reads, "after \(seconds) s")
        }
    }

    @Test func `where the look is refused whoever waited for it looks by himself`() async throws {
        let (cache, refused, own) = (StandingCache(age: .seconds(5)), Slow(), Slow())
        own.open()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: Refused.self) {
                    try await cache.entry(Self.proof, at: Self.now) { try await refused.read(.failure(Refused())) }
                }
            }
            try await eventually { refused.count == 1 }
            for _ in 0..<10 {
                group.addTask {
                    _ = try await cache.entry(Self.proof, at: Self.now) { try await own.read(.success(Self.entry())) }
                }
            }
            try await eventually { cache.waiting(Self.proof) == 10 }
            refused.open()
            try await group.waitForAll()
        }
        #expect(own.count == 10)
    }

    @Test func `what was asked for before somebody changed is not kept, and nobody joins it`() async throws {
        let (cache, before, after) = (StandingCache(age: .seconds(5)), Slow(), Slow())
        after.open()
        try await withThrowingTaskGroup(of: UserID.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    try await cache.entry(Self.proof, at: Self.now) { try await before.read(.success(Self.entry(1))) }
                        .standing.user.id
                }
            }
            try await eventually { cache.waiting(Self.proof) == 1 }
            cache.forget(Self.user(7).id)
            let found = try await cache.entry(Self.proof, at: Self.now) {
                try await after.read(.success(Self.entry(2)))
            }
            #expect(found.standing.user.id == Self.user(2).id && after.count == 1)
            before.open()
            for try await id in group { #expect(id == Self.user(1).id) }
        }
        #expect(before.count == 1)
        let kept = try await cache.entry(Self.proof, at: Self.now) { try await after.read(.success(Self.entry(3))) }
        #expect(kept.standing.user.id == Self.user(2).id && after.count == 1)
        cache.forget(Self.user(2).id)
        _ = try await cache.entry(Self.proof, at: Self.now) { try await after.read(.success(Self.entry(3))) }
        #expect(after.count == 2)
    }

    @Test func `without an age everybody looks by himself`() async throws {
        let (cache, slow) = (StandingCache(age: .zero), Slow())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<10 {
                group.addTask {
                    _ = try await cache.entry(Self.proof, at: Self.now) { try await slow.read(.success(Self.entry())) }
                }
            }
            try await eventually { slow.count == 10 }
            slow.open()
            try await group.waitForAll()
        }
    }
}
