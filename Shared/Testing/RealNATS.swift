import Concurrency
import Glibc
import Testing

/// A private nats-server with JetStream on a free port of 127.0.0.1. It keeps its port and store over restarts.
package final class RealNATS: Sendable {
    /// `nats://127.0.0.1:PORT`
    package let url: String
    /// Where JetStream keeps its files; copy and restore it only while the server is stopped.
    package let storeDirectory: String
    package let port: Int
    private let directory: ServerDirectory
    private let process = Monitor<ChildProcess?>(nil)

    private init(storeDirectory: String?) throws {
        directory = try ServerDirectory("nats")
        self.storeDirectory = storeDirectory ?? directory.path + "/store"
        port = try freePort()
        url = "nats://127.0.0.1:\(port)"
    }

    /// A server that accepts connections and serves JetStream. `storeDirectory` nil makes a fresh one; another must be
    /// writable for `UnprivilegedUser.forServers`, as a `ServerDirectory` is.
    package static func start(storeDirectory: String? = nil) async throws -> RealNATS {
        let server = try RealNATS(storeDirectory: storeDirectory)
        try await server.start()
        return server
    }

    /// Starts it again after `stop` or `kill`, on the same port and store.
    package func start() async throws {
        try directory.own()
        let child = try await ChildProcess.start(
            try findExecutable("nats-server", in: ["/usr/sbin", "/usr/bin", "/usr/local/bin"]),
            ["--addr", "127.0.0.1", "--port", String(port), "--jetstream", "--store_dir", storeDirectory],
            log: directory.path + "/log",
            asUser: UnprivilegedUser.forServers
        )
        process.withLock { $0 = child }
        try await eventually(within: .seconds(30)) {
            guard child.isRunning else { throw ServerFailed(name: "nats-server", log: child.log) }
            return accepts(port: port)
        }
    }

    /// Ends it as an operator would (SIGTERM) and waits.
    package func stop() async throws { try await current?.stop(SIGTERM) }

    /// Ends it without warning (SIGKILL) and waits.
    package func kill() async throws { try await current?.kill() }

    /// Freezes it: it keeps its connections and answers nothing, until `resume()`.
    package func freeze() async throws { try await current?.freeze() }

    /// Ends a freeze.
    package func resume() { current?.signal(SIGCONT) }

    private var current: ChildProcess? { process.withLock { $0 } }
}
