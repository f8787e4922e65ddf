import Concurrency
import Glibc
import Testing

/// A private redis-server on a free port of 127.0.0.1, without persistence. It keeps its port over restarts.
package final class RealRedis: Sendable {
    /// `redis://127.0.0.1:PORT`
    package let url: String
    package let port: Int
    private let directory: ServerDirectory
    private let arguments: [String]
    private let process = Monitor<ChildProcess?>(nil)

    private init(arguments: [String] = []) throws {
        self.arguments = arguments
        directory = try ServerDirectory("redis")
        port = try freePort()
        url = "redis://127.0.0.1:\(port)"
    }

    /// A server that accepts connections.
    package static func start() async throws -> RealRedis {
        let server = try RealRedis()
        try await server.start()
        return server
    }

    /// Starts it again after `stop` or `kill`, empty, on the same port.
    package func start() async throws {
        let child = try await ChildProcess.start(
            try findExecutable("redis-server", in: ["/usr/bin", "/usr/local/bin"]),
            [
                "--bind", "127.0.0.1", "--port", String(port), "--save", "", "--appendonly", "no", "--dir",
                directory.path, "--repl-diskless-sync-delay", "0",
            ] + arguments,
            log: directory.path + "/log",
            asUser: UnprivilegedUser.forServers
        )
        process.withLock { $0 = child }
        try await eventually(within: .seconds(30)) {
            guard child.isRunning else { throw ServerFailed(name: "redis-server", log: child.log) }
            return accepts(port: port)
        }
    }

    /// A server that copies `primary` and is in step with it when a write comes.
    package static func start(following primary: RealRedis) async throws -> RealRedis {
        let server = try RealRedis(arguments: ["--replicaof", "127.0.0.1", String(primary.port)])
        try await server.start()
        return server
    }

    /// Stops it in its tracks (SIGSTOP): connections stand, nothing is answered.
    package func freeze() async throws { try await current?.freeze() }

    /// Lets a frozen server go on.
    package func thaw() { current?.signal(SIGCONT) }

    /// Ends it as an operator would (SIGTERM) and waits.
    package func stop() async throws { try await current?.stop(SIGTERM) }

    /// Ends it without warning (SIGKILL) and waits.
    package func kill() async throws { try await current?.kill() }

    private var current: ChildProcess? { process.withLock { $0 } }
}
