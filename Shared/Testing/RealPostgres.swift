import Concurrency
import FoundationEssentials
import Glibc
import Postgres
import Testing

/// A private Postgres behind a unix socket, with fsync on as in production. It keeps its socket and data over restarts.
package final class RealPostgres: Sendable {
    /// The number in the socket's name; nothing listens on TCP.
    package let port: Int
    /// The superuser's connection string, through the socket. Row security does not bind a superuser: tests of data use
    /// the owner's string that `createDatabase` returns.
    package var superuserURL: String { url(user: "postgres", database: "postgres") }
    private let directory: ServerDirectory
    private let programs: String
    private let process = Monitor<ChildProcess?>(nil)
    /// The name of the database that holds the product's schema.
    let migrated = Once<String>()

    private init() throws {
        directory = try ServerDirectory("pg")
        port = try freePort()
        let versions = stride(from: 18, through: 15, by: -1).map { "/usr/lib/postgresql/\($0)/bin" }
        let found = try findExecutable("postgres", in: versions + ["/usr/local/bin", "/usr/bin"])
        programs = String(found.dropLast("/postgres".count))
    }

    /// The server that all suites of this process share, started with the first call.
    package static func shared() async throws -> RealPostgres { try await sharedServer.value { try await start() } }

    /// A server of the caller's own, for tests that stop or kill it.
    package static func start() async throws -> RealPostgres {
        let server = try RealPostgres()
        try await server.initialise()
        try await server.start()
        let session = PostgresSession(PostgresConfiguration(url: server.superuserURL))
        try await session.script("CREATE ROLE nexora_owner LOGIN CREATEROLE")
        await session.close()
        return server
    }

    /// Starts it again after `stop` or `kill`, on the same port and data.
    package func start() async throws {
        let child = try await ChildProcess.start(
            programs + "/postgres",
            [
                "-D", data, "-p", String(port), "-k", directory.path, "-c", "listen_addresses=",
                "-c", "fsync=on", "-c", "max_connections=200", "-c", "shared_buffers=128MB",
                "-c", "log_min_messages=warning", "-c", "max_wal_size=2GB",
            ],
            log: directory.path + "/log",
            asUser: UnprivilegedUser.forServers
        )
        process.withLock { $0 = child }
        let session = PostgresSession(
            PostgresConfiguration(url: superuserURL),
            backoff: Backoff(initial: .milliseconds(5), maximum: .milliseconds(50))
        )
        try await eventually(within: .seconds(60)) {
            guard child.isRunning else { throw ServerFailed(name: "postgres", log: child.log) }
            return (try? await session.query("SELECT 1")) != nil
        }
        await session.close()
    }

    /// Makes an empty database, or a copy of one that nobody is connected to, owned by the role `nexora_owner` (no superuser, may
    /// create roles), and returns the owner's connection string. `name` nil draws a fresh one.
    package func createDatabase(_ name: String? = nil, like template: String = "template1") async throws -> String {
        let name = name ?? "t" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
        let session = PostgresSession(PostgresConfiguration(url: superuserURL))
        try await session.script("CREATE DATABASE \"\(name)\" OWNER nexora_owner TEMPLATE \"\(template)\"")
        await session.close()
        return url(user: "nexora_owner", database: name)
    }

    /// The connection string of `user` for `database`, through the socket; every local user is trusted.
    package func url(user: String, database: String) -> String {
        "postgresql://\(user)@/\(database)?host=\(directory.path)&port=\(port)"
    }

    /// The catalog and data of a database as pg_dump writes them; `schemaOnly` leaves the data out.
    package func dump(_ url: String, schemaOnly: Bool = true) async throws -> String {
        let output = directory.path + "/dump-" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
        let child = try await ChildProcess.start(
            programs + "/pg_dump",
            (schemaOnly ? ["--schema-only"] : []) + ["--dbname", url],
            log: output
        )
        guard try await child.exitStatus(within: .seconds(60)) == 0 else {
            throw ServerFailed(name: "pg_dump", log: output)
        }
        let text = String(decoding: try Data(contentsOf: URL(filePath: output)), as: UTF8.self)
        _ = unsafe unlink(output)
        // pg_dump fences its scripts with a random token (\restrict, \unrestrict).
        return text.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.hasPrefix("\\restrict ") && !$0.hasPrefix("\\unrestrict ") }.joined(separator: "\n")
    }

    /// Ends it as an operator would (fast shutdown) and waits.
    package func stop() async throws { try await current?.stop(SIGINT) }

    /// Kills the postmaster without warning and waits until its last process let go of the data.
    package func kill() async throws {
        try await current?.kill()
        let session = PostgresSession(
            PostgresConfiguration(url: superuserURL),
            backoff: Backoff(initial: .milliseconds(5), maximum: .milliseconds(50))
        )
        try await eventually { (try? await session.query("SELECT 1")) == nil }
        await session.close()
        // A new postmaster refuses to start while a backend of the old one still holds the shared memory.
        try await eventually(within: .seconds(30)) { !isHeldByBackends }
        unsafe unlink(data + "/postmaster.pid")
    }

    /// Freezes the postmaster: it takes no new connection, until `resume()`.
    package func freeze() async throws { try await current?.freeze() }

    /// Ends a freeze.
    package func resume() { current?.signal(SIGCONT) }

    private var data: String { directory.path + "/data" }
    private var current: ChildProcess? { process.withLock { $0 } }

    private func initialise() async throws {
        let child = try await ChildProcess.start(
            programs + "/initdb",
            [
                "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
                "--no-instructions",
            ],
            log: directory.path + "/initdb.log",
            asUser: UnprivilegedUser.forServers
        )
        guard try await child.exitStatus(within: .seconds(120)) == 0 else {
            throw ServerFailed(name: "initdb", log: child.log)
        }
    }

    /// Whether a process other than the postmaster still works in the data directory.
    private var isHeldByBackends: Bool {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.contains { name in
            guard Int32(name) != nil else { return false }
            var buffer = [CChar](repeating: 0, count: 512)
            let length = unsafe readlink("/proc/\(name)/cwd", &buffer, buffer.count - 1)
            guard length > 0 else { return false }
            return String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self) == data
        }
    }
}

private let sharedServer = Once<RealPostgres>()
