import Glibc
import SharedTesting
import Testing

@Suite struct RealServersTests {
    @Test func `a private nats-server dies, comes back on its port and is gone at the end`() async throws {
        let server = try await RealNATS.start()
        try await server.kill()
        try await server.start()
        try await server.stop()
    }

    @Test func `a private redis-server dies, comes back on its port and is gone at the end`() async throws {
        let server = try await RealRedis.start()
        try await server.kill()
        try await server.start()
        try await server.stop()
    }

    @Test func `a server killed with its backends at work starts again with its data`() async throws {
        let server = try await RealPostgres.start()
        let url = try await server.createDatabase("kept")
        try await server.kill()
        try await server.start()
        #expect(try await server.dump(url).contains("PostgreSQL database dump"))
        try await server.stop()
    }

    @Test func `a child that ends tells its status`() async throws {
        let directory = try TemporaryDirectory()
        let child = try await ChildProcess.start("/bin/sh", ["-c", "exit 3"], log: directory.file("log"))
        #expect(try await child.exitStatus() == 3)
        let sleeper = try await ChildProcess.start("/bin/sleep", ["600"], log: directory.file("log"))
        #expect(sleeper.isRunning)
        #expect(try await sleeper.stop() == 128 + SIGTERM)
    }
}
