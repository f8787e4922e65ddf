internal import Concurrency

/// Asks a Redis server whether it is there and what it is. Each call makes a connection of its own on a thread made
/// for that.
package final class RedisProbe: Sendable {
    private let place: RedisPlace
    private let timeout: Duration
    private let pool = WorkerPool(name: "redis", threads: 1)

    /// A server's URL, or its sentinels'. Connecting and each answer may take `timeout`.
    package init(url: String, timeout: Duration = .seconds(2)) throws(RedisError) {
        place = try RedisPlace(url)
        self.timeout = timeout
    }

    deinit { pool.shutdown() }

    /// Throws `RedisError` unless the server lets us in and answers PONG.
    package func ping() async throws {
        let (place, timeout) = (place, timeout)
        try await pool.run {
            let connection = try RedisConnection(place.primary(timeout), timeout: timeout)
            guard try connection.send(["PING"]) == "PONG" else { throw RedisError.unexpectedReply("PING") }
        }
    }

    /// Sends one command and returns its answer as text.
    package func command(_ words: [String]) async throws -> String {
        let (place, timeout) = (place, timeout)
        return try await pool.run { try RedisConnection(place.primary(timeout), timeout: timeout).send(words) }
    }

    /// The server's account of itself.
    package func info() async throws -> RedisInfo {
        let (place, timeout) = (place, timeout)
        return try await pool.run {
            RedisInfo(try RedisConnection(place.primary(timeout), timeout: timeout).send(["INFO"]))
        }
    }
}

/// The answer to INFO.
package struct RedisInfo: Sendable, Equatable {
    /// Every `name:value` line.
    package let values: [String: String]

    /// Section titles and lines without a colon are passed over.
    package init(_ text: String) {
        var values: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            values[String(line[..<colon])] = String(line[line.index(after: colon)...])
        }
        self.values = values
    }

    package var version: String? { values["redis_version"] }
    /// `master` or `slave`.
    package var role: String? { values["role"] }
    package var usedMemoryBytes: Int? { values["used_memory"].flatMap { Int($0) } }
    /// 0: no limit.
    package var maximumMemoryBytes: Int? { values["maxmemory"].flatMap { Int($0) } }
    /// What goes when memory is full; `noeviction` where nothing may.
    package var evictionPolicy: String? { values["maxmemory_policy"] }
}
