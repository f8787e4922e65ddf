internal import Concurrency
internal import Synchronization

/// A connection to Redis for tasks: each call is a pipeline of commands, carried out on a thread of the session's own, one
/// call after the other. Connects by itself with the next call after a failure; whether the commands of a call that failed
/// were carried out is unknown. Only a primary is used.
package final class RedisSession: Sendable {
    private let pool: WorkerPool
    private let link: Link

    /// `scripts` are loaded with each connection: see ``run(_:keys:arguments:)``. Connecting and each call may take `timeout`.
    package convenience init(
        _ url: RedisURL,
        scripts: [String] = [],
        timeout: Duration = .seconds(5),
        name: String = "redis"
    ) {
        self.init(scripts: scripts, timeout: timeout, name: name) { url }
    }

    /// The same where sentinels know the primary: they are asked before each connection.
    package convenience init(
        _ place: RedisPlace,
        scripts: [String] = [],
        timeout: Duration = .seconds(5),
        name: String = "redis"
    ) {
        self.init(scripts: scripts, timeout: timeout, name: name) { () throws(RedisError) in
            try place.primary(.seconds(1))
        }
    }

    /// `locate` tells, on the session's thread and before each connection, where the server is.
    package init(
        scripts: [String],
        timeout: Duration,
        name: String,
        locate: @escaping @Sendable () throws(RedisError) -> RedisURL
    ) {
        pool = WorkerPool(name: name, threads: 1)
        link = Link(locate: locate, scripts: scripts, timeout: timeout)
    }

    deinit { pool.shutdown() }

    /// Grows with every connection: what was known of the server may hold no more when it did.
    package var connections: Int { link.connections.load(ordering: .acquiring) }

    /// Sends the commands in one go; their answers in order, none of them a refusal. Throws `RedisError`.
    package func pipeline(_ commands: [[[UInt8]]]) async throws -> [RedisValue] {
        guard !commands.isEmpty else { return [] }
        return try await pool.run { [link] in try link.pipeline(commands) }
    }

    /// One command of text.
    package func command(_ words: String...) async throws -> RedisValue {
        try await pipeline([words.map { Array($0.utf8) }]).first ?? .none
    }

    /// Runs the script of that number once for each list of arguments, in one pipeline.
    package func run(_ script: Int, keys: [[UInt8]] = [], arguments: [[[UInt8]]]) async throws -> [RedisValue] {
        guard !arguments.isEmpty else { return [] }
        return try await pool.run { [link] in
            let name = try link.scriptName(script)
            return try link.pipeline(
                arguments.map { [Array("EVALSHA".utf8), name, Array(String(keys.count).utf8)] + keys + $0 }
            )
        }
    }

    // SAFETY: everything but `connections`, an atomic, is touched on the pool's one thread alone.
    private final class Link: @unchecked Sendable {
        let connections = Atomic<Int>(0)
        private let locate: @Sendable () throws(RedisError) -> RedisURL
        private let scripts: [String]
        private let timeout: Duration
        private var connection: RedisConnection?
        private var names: [[UInt8]] = []

        init(
            locate: @escaping @Sendable () throws(RedisError) -> RedisURL,
            scripts: [String],
            timeout: Duration
        ) {
            self.locate = locate
            self.scripts = scripts
            self.timeout = timeout
        }

        func scriptName(_ number: Int) throws(RedisError) -> [UInt8] {
            _ = try connected()
            return names[number]
        }

        func pipeline(_ commands: [[[UInt8]]]) throws(RedisError) -> [RedisValue] {
            let answers: [RedisValue]
            do throws(RedisError) {
                answers = try connected().pipeline(commands)
            } catch {
                connection = nil
                throw error
            }
            for case .refusal(let reason) in answers {
                // A server that forgot the scripts, or is no primary any more, is connected to anew.
                connection = nil
                throw .refused(reason)
            }
            return answers
        }

        private func connected() throws(RedisError) -> RedisConnection {
            if let connection { return connection }
            let made = try RedisConnection(try locate(), timeout: timeout)
            let role = try made.pipeline([[Array("ROLE".utf8)]]).first?.elements?.first?.octets
            guard role?.elementsEqual("master".utf8) == true else { throw .refused("the server is a replica") }
            names = []
            for script in scripts {
                let answer = try made.pipeline([["SCRIPT", "LOAD", script].map { Array($0.utf8) }]).first
                guard let name = answer?.octets else { throw .refused("a script: \(answer ?? .none)") }
                names.append(name)
            }
            connection = made
            connections.wrappingAdd(1, ordering: .releasing)
            return made
        }
    }
}
