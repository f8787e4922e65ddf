import SharedTesting
import Testing

@testable import Redis

@Suite(.serialized) struct RedisTests {
    @Test("a running server answers, and says its version, role and memory")
    func probe() async throws {
        let server = try await RealRedis.start()
        let probe = try RedisProbe(url: server.url)
        try await probe.ping()
        let info = try await probe.info()
        #expect(info.version?.split(separator: ".").count == 3)
        #expect(info.role == "master")
        #expect((info.usedMemoryBytes ?? 0) > 0)
        #expect(info.maximumMemoryBytes != nil && info.evictionPolicy != nil)
        try await server.kill()
        await #expect(throws: RedisError.self) { try await probe.ping() }
        try await server.start()
        try await probe.ping()
        try await server.stop()
    }

    @Test("a password is required where it is set, and never shown")
    func password() async throws {
        let server = try await RealRedis.start()
        let url = try RedisURL(server.url)
        _ = try RedisConnection(url, timeout: .seconds(2)).send(["CONFIG", "SET", "requirepass", "p@ss word"])
        let right = try RedisProbe(url: "redis://:p%40ss%20word@\(url.host):\(url.port)/3")
        try await right.ping()
        let wrong = try RedisProbe(url: "redis://:guess@\(url.host):\(url.port)")
        do {
            try await wrong.ping()
            Issue.record("let in with a wrong password")
        } catch let error as RedisError {
            guard case .refused(let reason) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(!reason.contains("guess"))
        }
        let none = try RedisProbe(url: "redis://\(url.host):\(url.port)")
        await #expect(throws: RedisError.self) { try await none.ping() }
        try await server.kill()
    }

    @Test("URLs are read in all their parts, and a bad one says what is wrong")
    func urls() throws {
        let whole = try RedisURL("redis://nexora:s%3Acret@cache.example:6400/2")
        #expect(whole.host == "cache.example" && whole.port == 6_400 && whole.database == 2)
        #expect(whole.user == "nexora" && whole.password == "s:cret")
        let short = try RedisURL("redis://127.0.0.1")
        #expect(short.port == 6_379 && short.user == nil && short.password == nil && short.database == 0)
        #expect(try RedisURL("redis://[::1]:7000").host == "::1")
        for bad in [
            "http://x", "redis://", "redis://h:0", "redis://h:x", "redis://h/x", "redis://a:%zz@h", "redis://a:%f@h",
        ] {
            #expect(throws: RedisError.self, "\(bad)") { _ = try RedisURL(bad) }
        }
    }

    @Test("INFO's lines are read by name; titles and noise are passed over")
    func info() {
        let info = RedisInfo("# Server\r\nredis_version:7.0.15\r\n\r\nnoise\r\nrole:slave\r\nmaxmemory:0\r\n")
        #expect(info.values.count == 3)
        #expect(info.version == "7.0.15" && info.role == "slave" && info.maximumMemoryBytes == 0)
    }
}
