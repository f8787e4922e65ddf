import Redis
import SharedTesting
import Testing

@Suite struct RedisSessionTests {
    @Test func `commands of any octets are answered in order`() async throws {
        let server = try await RealRedis.start()
        let session = RedisSession(try RedisURL(server.url))
        let octets: [UInt8] = [0, 255, 13, 10, 36]
        func words(_ text: String) -> [[UInt8]] { text.split(separator: " ").map { Array($0.utf8) } }
        let answers = try await session.pipeline([
            [Array("SET".utf8), octets, octets], [Array("GET".utf8), octets], words("GET nothing"),
            words("RPUSH list a b"),
            words("LRANGE list 0 -1"), words("SMISMEMBER none a b"),
        ])
        #expect(answers[0] == .string(Array("OK".utf8)))
        #expect(answers[1].octets == octets)
        #expect(answers[2] == .none && answers[3].number == 2)
        #expect(answers[4].elements == [.string(Array("a".utf8)), .string(Array("b".utf8))])
        #expect(answers[5] == .array([.integer(0), .integer(0)]))
        #expect(try await session.pipeline([]) == [])
        #expect(session.connections == 1)
        try await server.kill()
    }

    @Test func `scripts are loaded with every connection`() async throws {
        let server = try await RealRedis.start()
        let session = RedisSession(
            try RedisURL(server.url),
            scripts: ["return {KEYS[1], ARGV[1]}", "return redis.call('INCR', KEYS[1])"],
            timeout: .seconds(2)
        )
        let echoed = try await session.run(0, keys: [[1]], arguments: [[[2]], [[3]]])
        #expect(echoed == [.array([.string([1]), .string([2])]), .array([.string([1]), .string([3])])])
        #expect(try await session.run(1, keys: [Array("n".utf8)], arguments: [[], []]).map(\.number) == [1, 2])
        try await server.kill()
        await #expect(throws: RedisError.self) { try await session.command("PING") }
        try await server.start()
        #expect(try await session.run(1, keys: [Array("n".utf8)], arguments: [[]]).map(\.number) == [1])
        #expect(session.connections == 2)
        try await server.kill()
    }

    @Test func `a refusal is thrown, and what comes next works`() async throws {
        let server = try await RealRedis.start()
        let session = RedisSession(try RedisURL(server.url))
        await #expect(throws: RedisError.self) { try await session.command("HGET", "only one") }
        #expect(try await session.command("PING") == .string(Array("PONG".utf8)))
        // A replica is not written to.
        _ = try await session.command("REPLICAOF", "127.0.0.1", "9")
        let other = RedisSession(try RedisURL(server.url))
        await #expect(throws: RedisError.refused("the server is a replica")) { try await other.command("PING") }
        try await server.kill()
    }
}
