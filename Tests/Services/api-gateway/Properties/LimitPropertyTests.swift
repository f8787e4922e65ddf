import Domain
import HTTPServer
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

/// Limits: exact, and each client's own.
@Suite struct LimitPropertyTests {
    @Test(.proves("RTL-03", "RTL-11", "E-50"))
    func `property 50: the 101st request of a minute is refused, whoever asks for what`()
        async throws
    {
        var policy = GatewayWorld.unlimited
        policy.limits.perClient = 100
        let world = try await GatewayWorld(policy)
        let targets = ["/api/v1/auth/me", "/api/v1/customers", "/api/v1/service-plans?limit=1", "/api/v1/roles"]
        var draw = Draw(SeededRandom("property 50"))
        // Four clients in any order, each beyond its hundred.
        let people = [
            try await world.person(.viewer), try await world.person(.support), try await world.person(.tenantAdmin),
            try await world.person(.tenantAdmin, in: world.two),
        ]
        var counts = [0, 0, 0, 0]
        while let next = counts.indices.filter({ counts[$0] < 103 }).randomElement(using: &draw.random) {
            counts[next] += 1
            let answer = try await world.send("GET", draw.choice(targets), as: people[next])
            if counts[next] <= 100 {
                #expect(answer.status == 200 || answer.status == 403, "client \(next), request \(counts[next])")
            } else {
                #expect(answer.status == 429, "client \(next), request \(counts[next])")
                #expect(answer["error.code"]?.text == "RATE_LIMIT")
                #expect(answer.headers["retry-after"].flatMap { Int($0) } ?? 0 > 0)
            }
        }
        try await world.close()
    }

    @Test(.proves("RTL-10", "E-51"))
    func `property 51: an address with a suspicious pattern is shut out for a time, and no other`()
        async throws
    {
        var policy = GatewayWorld.unlimited
        policy.limits.suspicious = 5
        policy.limits.blockFor = .seconds(10)
        let proxy = try #require(NetworkPrefix("127.0.0.1/32"))
        let world = try await GatewayWorld(policy, proxies: TrustedProxies([proxy]))
        let person = try await world.person(.viewer)
        @Sendable func ask(_ target: String, from address: String, as person: GatewayWorld.Person? = nil) async throws
            -> Answer
        {
            try await world.send("GET", target, as: person, headers: ["X-Forwarded-For": address])
        }
        try await cases("property 51") { number, draw in
            let (address, neighbour) = ("198.18.\(number).1", "198.18.\(number).2")
            let patterns = [
                "/api/v1/customers", "/wp-admin/setup.php", "/api/v1/customers/x", "/etc/passwd",
                "/api/v1/auth/me?x=%27%20OR%201=1",
            ]
            for _ in 0..<5 {
                let answer = try await ask(draw.choice(patterns), from: address)
                #expect([400, 401, 403, 404].contains(answer.status), "\(answer.status)")
            }
            // The sixth is one too many: from then on nothing is answered, be it never so harmless.
            _ = try await ask(draw.choice(patterns), from: address)
            let refused = try await ask("/api/v1/openapi.json", from: address)
            #expect(refused.status == 429, "\(refused.status)")
            #expect(refused.headers["retry-after"].flatMap { Int($0) } ?? 0 > 0)
            #expect(try await ask("/api/v1/auth/me", from: neighbour, as: person).status == 200)
        }
        // It ends by itself.
        for number in 0..<100 {
            try await eventually(within: .seconds(60)) {
                try await ask("/api/v1/auth/me", from: "198.18.\(number).1", as: person).status == 200
            }
        }
        try await world.close()
    }
}
