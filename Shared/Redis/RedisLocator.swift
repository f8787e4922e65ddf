internal import Concurrency
internal import Synchronization

/// Knows where the primary is at the moment: its numeric address, as names would block a thread that polls.
///
/// `locate()` asks the resolver or the sentinels, on a thread of its own; whoever runs it repeats it every second or so, and
/// at once when a connection failed. ``current`` is free to read from any thread.
package final class RedisLocator: Sendable {
    private let place: RedisPlace
    private let timeout: Duration
    private let pool = WorkerPool(name: "redis-locator", threads: 1)
    private let state = Mutex<RedisURL?>(nil)

    /// Connecting and each answer of a sentinel may take `timeout`.
    package init(_ place: RedisPlace, timeout: Duration = .seconds(1)) {
        self.place = place
        self.timeout = timeout
    }

    deinit { pool.shutdown() }

    /// Nil until the first success.
    package var current: RedisURL? { state.withLock { $0 } }

    /// Looks again. True when the primary is another one than before.
    package func locate() async throws -> Bool {
        let (place, timeout) = (place, timeout)
        let found = try await pool.run { try place.primary(timeout) }
        return state.withLock { current in
            defer { current = found }
            return current != found
        }
    }
}
