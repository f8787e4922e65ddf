import Crypto
import Domain
import HTTPServer
import Identity
import RateLimits
import Redis
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

@Suite struct LimitTests {
    @Test(.proves("RTL-03", "RTL-11", "API-02"))
    func `the request beyond a client's limit is refused, and told when to come again`()
        async throws
    {
        var policy = GatewayWorld.unlimited
        policy.limits.perClient = 100
        let world = try await GatewayWorld(policy)
        let (one, other) = (try await world.person(.viewer), try await world.person(.viewer))
        for number in 1...100 {
            let answer = try await world.send("GET", "/api/v1/auth/me", as: one)
            #expect(answer.status == 200, "request \(number)")
            #expect(answer.headers["ratelimit"]?.contains("\"client\";r=\(100 - number)") == true)
        }
        let refused = try await world.send("GET", "/api/v1/auth/me", as: one)
        #expect(refused.status == 429)
        #expect(refused["error.code"]?.text == "RATE_LIMIT")
        let seconds = try #require(refused.headers["retry-after"].flatMap { Int($0) })
        #expect((1...60).contains(seconds))
        #expect(refused.headers["ratelimit-policy"] == "\"client\";q=100;w=60")
        #expect(try await world.send("GET", "/api/v1/auth/me", as: other).status == 200)
        try await world.close()
    }

    @Test(.proves("RTL-05", "RTL-12", "IAM-29")) func `logins are limited by address, with Redis and without`()
        async throws
    {
        var policy = GatewayWorld.unlimited
        policy.limits.logins = 5
        policy.limits.perClient = 7
        let world = try await GatewayWorld(policy)
        let person = try await world.person(.viewer)
        let body = "{\"tenant\":\"one\",\"email\":\"nobody@example.net\",\"password\":\"x\"}"
        for _ in 1...5 { #expect(try await world.send("POST", "/api/v1/auth/login", body).status == 401) }
        #expect(try await world.send("POST", "/api/v1/auth/login", body).status == 429)
        try await world.redis.stop()
        // Neither open nor down: counted here from now on.
        for _ in 1...5 { #expect(try await world.send("POST", "/api/v1/auth/login", body).status == 401) }
        #expect(try await world.send("POST", "/api/v1/auth/login", body).status == 429)
        #expect(world.parts.limiter.isLocal)
        for _ in 1...7 { #expect(try await world.send("GET", "/api/v1/auth/me", as: person).status == 200) }
        #expect(try await world.send("GET", "/api/v1/auth/me", as: person).status == 429)
        try await world.close()
    }

    @Test(.proves("IAM-29", "RTL-09")) func `after failures a login must bring a challenge's solution, whoever exists`()
        async throws
    {
        var logins = LoginLimits.lenient
        logins.failuresBeforeChallenge = 3
        let world = try await GatewayWorld(logins: logins)
        let user = try await world.user(.viewer, "ann")
        func login(_ email: String, _ password: String, _ solution: String? = nil) async throws -> Answer {
            let more = solution.map { ",\"solution\":\"\($0)\"" } ?? ""
            let body = "{\"tenant\":\"one\",\"email\":\"\(email)\",\"password\":\"\(password)\"\(more)}"
            return try await world.send("POST", "/api/v1/auth/login", body)
        }
        for email in [user.email, "nobody@example.net"] {
            for _ in 1...3 where email == user.email { #expect(try await login(email, "wrong").status == 401) }
            let asked = try await login(email, GatewayWorld.password)
            #expect(asked.status == 403 && asked["error.code"]?.text == "CHALLENGE_REQUIRED", "\(asked.text)")
            let solution = try Self.solve(asked)
            let answer = try await login(email, GatewayWorld.password, solution)
            #expect(answer.status == (email == user.email ? 200 : 401), "\(answer.text)")
            // Used up: the right one forgot the failures, so the other account's is asked for again.
            if email != user.email { #expect(try await login(email, "x", solution).status == 403) }
            for _ in 1...3 where email == user.email { #expect(try await login(email, "wrong").status == 401) }
        }
        try await world.close()
    }

    /// As ALTCHA's clients do it.
    private static func solve(_ answer: Answer) throws -> String {
        let salt = try #require(answer["challenge.salt"]?.text)
        let challenge = try #require(answer["challenge.challenge"]?.text)
        let signature = try #require(answer["challenge.signature"]?.text)
        let number = try #require(
            (0...100_000).first { Hex.encode(Digest.sha256(Array("\(salt)\($0)".utf8))) == challenge }
        )
        let json =
            "{\"algorithm\":\"SHA-256\",\"challenge\":\"\(challenge)\",\"number\":\(number),\"salt\":\"\(salt)\",\"signature\":\"\(signature)\"}"
        return Base64.encode(Array(json.utf8))
    }

    @Test(.proves("RTL-10")) func `an address that only asks for what it may not is shut out for a while`() async throws
    {
        var policy = GatewayWorld.unlimited
        policy.limits.suspicious = 20
        let world = try await GatewayWorld(policy)
        for number in 0..<21 { _ = try await world.send("GET", "/api/v1/customers/\(number)") }
        let answer = try await world.send("GET", "/api/v1/openapi.json")
        #expect(answer.status == 429)
        #expect(answer.headers["retry-after"] != nil)
        try await world.close()
    }

    /// As a proxy says it.
    private static func from(_ address: String) -> [String: String] { ["X-Forwarded-For": address] }

    @Test(.proves("RTL-04", "RTL-10")) func `a household with 2^64 addresses is one address to every limit`()
        async throws
    {
        var policy = GatewayWorld.unlimited
        policy.limits.perAddress = 20
        let world = try await GatewayWorld(policy)
        func get(_ address: String) async throws -> Int {
            try await world.send("GET", "/api/v1/openapi.json", headers: Self.from(address)).status
        }
        for number in 1...20 { #expect(try await get("2001:db8:0:1::\(number)") == 200) }
        #expect(try await get("2001:db8:0:1:aaaa::1") == 429)
        #expect(try await get("2001:db8:0:2::1") == 200)
        try await world.close()
    }

    @Test(.proves("RTL-10")) func `made-up keys shut their address out, of every gateway`() async throws {
        var policy = GatewayWorld.unlimited
        policy.limits.suspicious = 5
        let world = try await GatewayWorld(policy)
        for number in 1...6 {
            let key = APIKeyToken(tenant: world.operatorID).text
            let headers = ["X-API-Key": key, "X-Forwarded-For": "2001:db8::\(number)"]
            #expect(try await world.send("GET", "/api/v1/auth/me", headers: headers).status == 401)
        }
        let out = try await world.send("GET", "/api/v1/openapi.json", headers: Self.from("2001:db8::7"))
        #expect(out.status == 429)
        // What another gateway would ask.
        let other = RateLimiter(
            redis: RedisSession(try RedisURL(world.redis.url), scripts: RateLimiter.scripts),
            nonce: "other",
            now: { 0 }
        )
        let seconds = Int(policy.limits.blockFor.components.seconds)
        let look = RateRule("shut-out", subject: "2001:db8::/64", .watch(limit: 1, seconds: seconds))
        #expect(await other.take([look]).refusedBy != nil)
        #expect(!other.isLocal)
        try await world.close()
    }

    @Test(.proves("RTL-10")) func `mistakes of somebody who has signed in shut nobody out, those of a stranger do`()
        async throws
    {
        var policy = GatewayWorld.unlimited
        policy.limits.suspicious = 5
        let world = try await GatewayWorld(policy)
        let person = try await world.person(.tenantAdmin)
        for _ in 1...4 {
            let unknown = UUID128(high: 1, low: 2)
            #expect(try await world.send("GET", "/api/v1/customers/\(unknown)", as: person).status == 404)
            #expect(try await world.send("GET", "/api/v1/nowhere", as: person).status == 404)
            #expect(try await world.send("DELETE", "/api/v1/customers", as: person).status == 405)
            #expect(try await world.send("GET", "/api/v1/customers?x=1", as: person).status == 400)
        }
        #expect(try await world.send("GET", "/api/v1/auth/me", as: person).status == 200)
        for _ in 1...6 { #expect(try await world.send("GET", "/api/v1/nowhere").status == 404) }
        #expect(try await world.send("GET", "/api/v1/auth/me", as: person).status == 429)
        try await world.close()
    }

    @Test func `a rule that only looks counts nothing, and sees what is counted`() {
        let local = LocalLimiter()
        let (look, count) = (
            RateRule("r", subject: "a", .watch(limit: 1, seconds: 60)),
            RateRule("r", subject: "a", .window(limit: 1, seconds: 60))
        )
        for _ in 1...3 { #expect(local.take([look], at: 0).refusedBy == nil) }
        #expect(local.take([look, count], at: 0).refusedBy == nil)
        #expect(local.take([look], at: 0).refusedBy != nil)
        #expect(local.take([look], at: 60_000_000).refusedBy == nil)
    }

    @Test(.proves("RTL-08")) func `this process counts as Redis does`() async throws {
        let redis = try await RealRedis.start()
        let session = RedisSession(try RedisURL(redis.url), scripts: RateLimiter.scripts)
        var seed = SeededRandom()
        for round in 0..<100 {
            let kind: RateRule.Kind =
                seed.next() % 2 == 0
                ? .window(limit: Int(seed.next() % 6) + 1, seconds: 60)
                : .bucket(capacity: Int(seed.next() % 6) + 1, perSecond: 1)
            let rule = RateRule("round", subject: String(round), kind)
            let (shared, local) = (
                RateLimiter(redis: session, nonce: "\(round)", now: { 0 }), LocalLimiter()
            )
            for turn in 1...(rule.limit + 2) {
                let (left, right) = (await shared.take([rule]), local.take([rule], at: 0))
                #expect((left.refusedBy == nil) == (right.refusedBy == nil), "round \(round), turn \(turn)")
                #expect((left.refusedBy == nil) == (turn <= rule.limit), "round \(round), turn \(turn)")
                #expect(left.standings[0].remaining == right.standings[0].remaining, "round \(round), turn \(turn)")
                guard case .window(let limit, let seconds) = kind else { continue }
                let look = RateRule(rule.name, subject: rule.subject, .watch(limit: limit, seconds: seconds))
                let (seen, known) = (await shared.take([look]), local.take([look], at: 0))
                #expect((seen.refusedBy == nil) == (turn < rule.limit), "round \(round), turn \(turn)")
                #expect((seen.refusedBy == nil) == (known.refusedBy == nil), "round \(round), turn \(turn)")
            }
            #expect(!shared.isLocal)
        }
        try await redis.kill()
    }

    @Test(.proves("RTL-03", "RTL-08")) func `requests that ask at once get exactly what there is`() async throws {
        let redis = try await RealRedis.start()
        let session = RedisSession(try RedisURL(redis.url), scripts: RateLimiter.scripts)
        var seed = SeededRandom()
        for round in 0..<20 {
            let limiters = (0..<2).map { RateLimiter(redis: session, nonce: "\(round)-\($0)", now: { 0 }) }
            let limit = Int(seed.next() % 150) + 1
            let shared = RateRule("shared", subject: String(round), .window(limit: limit, seconds: 60))
            let allowed = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<200 {
                    let own = RateRule("own", subject: "\(round)-\(number)", .window(limit: 1, seconds: 60))
                    group.addTask { await limiters[number % 2].take([own, shared]).refusedBy == nil }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(allowed == limit, "round \(round)")
            // Whom the shared limit refused was not counted by his own.
            let spent = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<200 {
                    let own = RateRule("own", subject: "\(round)-\(number)", .window(limit: 1, seconds: 60))
                    group.addTask { await limiters[number % 2].take([own]).refusedBy != nil }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(spent == limit, "round \(round)")
        }
        try await redis.kill()
    }

    @Test(.proves("RTL-03")) func `a window in Redis slides`() async throws {
        let redis = try await RealRedis.start()
        let session = RedisSession(try RedisURL(redis.url), scripts: RateLimiter.scripts)
        let limiter = RateLimiter(redis: session, nonce: "slide", now: { 0 })
        let rule = RateRule("slide", subject: "a", .window(limit: 3, seconds: 3))
        for _ in 0..<3 { #expect(await limiter.take([rule]).refusedBy == nil) }
        let refused = try #require(await limiter.take([rule]).refusedBy)
        #expect((1...3_000).contains(refused.resetMilliseconds))
        try await eventually { await limiter.take([rule]).refusedBy == nil }
        #expect(!limiter.isLocal)
        try await redis.kill()
    }

    @Test(.proves("RTL-02", "RTL-03")) func `the address counts what somebody's own limits refuse`() async throws {
        var policy = GatewayWorld.unlimited
        policy.limits.perClient = 2
        policy.limits.perAddress = 8
        let world = try await GatewayWorld(policy)
        let person = try await world.person(.viewer)
        var refusals: [String] = []
        for _ in 0..<12 {
            let answer = try await world.send("GET", "/api/v1/auth/me", as: person)
            guard answer.status == 429 else { continue }
            refusals.append(String((answer.headers["ratelimit-policy"] ?? "").prefix { $0 != ";" }))
        }
        // Signing in took some of the address'.
        #expect(refusals.first == "\"client\"")
        #expect(refusals.last == "\"address\"")
        #expect(refusals.count == 10)
        try await world.close()
    }

    @Test func `a window slides and a bucket fills again`() {
        let local = LocalLimiter()
        let window = RateRule("w", subject: "a", .window(limit: 2, seconds: 60))
        let second: Int64 = 1_000_000
        #expect(local.take([window], at: 0).refusedBy == nil)
        #expect(local.take([window], at: 40 * second).refusedBy == nil)
        let refused = local.take([window], at: 59 * second).refusedBy
        #expect(refused?.resetMilliseconds == 1_000)
        #expect(local.take([window], at: 60 * second).refusedBy == nil)
        #expect(local.take([window], at: 61 * second).refusedBy != nil)
        let bucket = RateRule("b", subject: "a", .bucket(capacity: 2, perSecond: 1))
        #expect(local.take([bucket], at: 0).refusedBy == nil)
        #expect(local.take([bucket], at: 0).refusedBy == nil)
        #expect(local.take([bucket], at: 0).refusedBy != nil)
        #expect(local.take([bucket], at: second).refusedBy == nil)
        #expect(local.take([bucket], at: second).refusedBy != nil)
    }
}
