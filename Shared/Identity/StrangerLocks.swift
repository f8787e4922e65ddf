import Crypto
import Domain
import Redis
import Synchronization
import WireFormat

/// The locks of accounts that do not exist, so that a lock does not tell which ones do. Every name that fails is counted, as it
/// costs the same whether there is an account or not; who there is has his lock in Postgres, and nobody asks for this one.
///
/// In Redis, for every gateway; beside that in this process, which goes on alone by what it counted itself while Redis is away.
final class StrangerLocks: Sendable {
    private let redis: RedisSession
    private let limits: LoginLimits
    private let capacity: Int
    private let time: TimeSource
    private let local = Mutex<[String: Stranger]>([:])
    /// So long after the last failure nobody remembers a name.
    static let memory = Duration.seconds(7 * 86_400)

    private struct Stranger {
        var lock = AccountLock()
        var lastSeen: Timestamp
    }

    /// Knows at most `capacity` names in this process.
    init(redis: RedisSession, limits: LoginLimits, capacity: Int = 10_000, time: TimeSource) {
        precondition(capacity > 0, "locks of nobody")
        self.redis = redis
        self.limits = limits
        self.capacity = capacity
        self.time = time
    }

    /// The failures on that name, as a row of `users` would tell them.
    func lock(tenant: TenantID, email: String) async -> AccountLock {
        let name = Self.name(tenant, email)
        if let shared = try? await read(name) { return shared }
        return local.withLock { $0[name]?.lock ?? AccountLock() }
    }

    /// Counts a failure. Returns the lock as it is now.
    @discardableResult
    func failed(tenant: TenantID, email: String) async -> AccountLock {
        let name = Self.name(tenant, email)
        let own = failedHere(name)
        return (try? await failedEverywhere(name)) ?? own
    }

    private func failedHere(_ name: String) -> AccountLock {
        let now = time.now()
        return local.withLock { local in
            if local[name] == nil, local.count >= capacity {
                local = local.filter { now < $0.value.lastSeen + Self.memory }
                // Whoever tries so many names is blocked by his address long before.
                if local.count >= capacity { local.removeAll(keepingCapacity: true) }
            }
            var stranger = local[name] ?? Stranger(lastSeen: now)
            stranger.lastSeen = now
            _ = stranger.lock.failed(at: now, limits)
            local[name] = stranger
            return stranger.lock
        }
    }

    /// The rule of ``AccountLock`` by a counter that all gateways count up. A name that is locked is not counted.
    private func failedEverywhere(_ name: String) async throws -> AccountLock {
        let now = time.now()
        let before = try await read(name)
        if before.isLocked(at: now) { return before }
        let memory = String(Self.memory.components.seconds)
        let failures = try await redis.command("INCR", Self.count(name)).number ?? 1
        guard failures >= limits.failuresBeforeLock else {
            _ = try await redis.command("EXPIRE", Self.count(name), memory)
            return AccountLock(failures: Int(clamping: failures))
        }
        let until = now + limits.lock
        _ = try await redis.command("SET", Self.end(name), String(until.microseconds), "EX", memory)
        _ = try await redis.command("SET", Self.count(name), String(limits.failuresAfterLock), "EX", memory)
        return AccountLock(failures: Int(clamping: failures), lockedUntil: until)
    }

    private func read(_ name: String) async throws -> AccountLock {
        let found = try await redis.command("MGET", Self.count(name), Self.end(name)).elements ?? []
        return AccountLock(
            failures: Int(clamping: found.first?.number ?? 0),
            lockedUntil: found.last?.number.map { Timestamp(microseconds: $0) }
        )
    }

    /// No name of anybody stands in Redis.
    private static func name(_ tenant: TenantID, _ email: String) -> String {
        Hex.encode(Array(Digest.sha256(tenant.value.bytes + Array(email.lowercased().utf8)).prefix(16)))
    }

    private static func count(_ name: String) -> String { "nexora:login:failures:\(name)" }
    private static func end(_ name: String) -> String { "nexora:login:locked:\(name)" }
}
