import Crypto
import Domain
import Identity
import Persistence
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

@Suite struct TokenTests {
    private func status(_ world: GatewayWorld, _ token: String) async throws -> Int {
        try await world.send("GET", "/api/v1/auth/me", headers: ["Authorization": "Bearer \(token)"]).status
    }

    private static func encoded(_ text: String) -> String { Base64URL.encode(Array(text.utf8)) }

    @Test(.proves("IAM-02", "IAM-03", "IAM-05", "IAM-06")) func `tokens are given, renewed and taken away`()
        async throws
    {
        let world = try await GatewayWorld.shared()
        let user = try await world.user(.tenantAdmin, "login-\(world.parts.ids.uuid())")
        let body = "{\"tenant\":\"one\",\"email\":\"\(user.email)\",\"password\":\"\(GatewayWorld.password)\"}"
        let first = try await world.send("POST", "/api/v1/auth/login", body)
        #expect(first.status == 200)
        #expect(first["data.expires_in"]?.integer == 900)
        #expect(first["data.user.email"]?.text == user.email)
        let access = try #require(first["data.access_token"]?.text)
        let refresh = try #require(first["data.refresh_token"]?.text)
        #expect(try await status(world, access) == 200)

        let renewed = try await world.send("POST", "/api/v1/auth/refresh", "{\"refresh_token\":\"\(refresh)\"}")
        #expect(renewed.status == 200)
        let second = try #require(renewed["data.access_token"]?.text)
        #expect(try await status(world, second) == 200)
        // A refresh token that comes again ends its session.
        let reused = try await world.send("POST", "/api/v1/auth/refresh", "{\"refresh_token\":\"\(refresh)\"}")
        #expect(reused.status == 401)
        #expect(reused["error.code"]?.text == "TOKEN_REUSED")
        #expect(try await status(world, second) == 401)

        let third = try #require(try await world.send("POST", "/api/v1/auth/login", body)["data.access_token"]?.text)
        let out = try await world.send("POST", "/api/v1/auth/logout", headers: ["Authorization": "Bearer \(third)"])
        #expect(out.status == 204)
        #expect(try await status(world, third) == 401)

        let wrong = body.replacing(GatewayWorld.password, with: "something else")
        #expect(try await world.send("POST", "/api/v1/auth/login", wrong).status == 401)
        let nobody = body.replacing("\"one\"", with: "\"nowhere\"")
        #expect(try await world.send("POST", "/api/v1/auth/login", nobody).status == 400)
    }

    @Test(.proves("IAM-02", "IAM-07")) func `a token that is known already stands no more for it beside another proof`()
        async throws
    {
        let world = try await GatewayWorld.shared()
        let person = try await world.person(.tenantAdmin)
        let key = try await world.key(as: person, "beside").text
        // Verified now, and recognised from here on.
        for _ in 0..<2 { #expect(try await status(world, person.token) == 200) }
        for (name, value) in [("X-API-Key", key), ("Sec-WebSocket-Protocol", "bearer.\(person.token)")] {
            let both = ["Authorization": "Bearer \(person.token)", name: value]
            #expect(try await world.send("GET", "/api/v1/auth/me", headers: both).status == 401, "\(name)")
        }
        // A letter more or less is another token.
        #expect(try await status(world, person.token + "A") == 401)
        #expect(try await status(world, String(person.token.dropLast())) == 401)
        #expect(try await status(world, person.token) == 200)
        let out = try await world.send(
            "POST",
            "/api/v1/auth/logout",
            headers: ["Authorization": "Bearer \(person.token)"]
        )
        #expect(out.status == 204)
        #expect(try await status(world, person.token) == 401)
    }

    @Test(.proves("IAM-07", "IAM-12")) func `a token that was tampered with is refused`() async throws {
        let world = try await GatewayWorld.shared()
        let person = try await world.person(.viewer)
        let parts = person.token.split(separator: ".").map(String.init)
        try #require(parts.count == 3)
        let claims = String(decoding: try #require(Base64URL.decode(Array(parts[1].utf8))), as: UTF8.self)
        let header = String(decoding: try #require(Base64URL.decode(Array(parts[0].utf8))), as: UTF8.self)
        let promoted = Self.encoded(claims.replacing("viewer", with: "super_admin"))
        var forged = [
            // Nothing signed, in every spelling.
            "\(Self.encoded("{\"alg\":\"none\",\"typ\":\"JWT\"}")).\(promoted).",
            "\(Self.encoded("{\"alg\":\"None\",\"typ\":\"JWT\"}")).\(promoted).\(parts[2])",
            "\(parts[0]).\(promoted).\(parts[2])",
            "\(parts[0]).\(parts[1]).", "\(parts[0]).\(parts[1])", "\(person.token).", "\(person.token)x",
            "", "nxk_", "nxr_" + String(repeating: "A", count: 86),
        ]
        // The public key as a shared secret.
        let jwks = try await world.send("GET", "/.well-known/jwks.json")
        #expect(jwks.status == 200)
        let hs = Self.encoded(header.replacing("RS256", with: "HS256"))
        for secret in [jwks.body, Array((jwks["keys.0.n"]?.text ?? "").utf8)] {
            let mac = HMAC.sha256(Array("\(hs).\(promoted)".utf8), key: secret)
            forged.append("\(hs).\(promoted).\(Base64URL.encode(mac))")
        }
        // Names of keys that lead elsewhere.
        for kid in ["../../dev/null", "' OR 1=1 --", "", "x"] {
            let other = Self.encoded("{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"\(kid)\"}")
            forged.append("\(other).\(parts[1]).\(parts[2])")
        }
        // A key that the token brings along.
        forged.append(
            "\(Self.encoded("{\"alg\":\"RS256\",\"jwk\":{\"kty\":\"RSA\"},\"kid\":\"x\"}")).\(parts[1]).\(parts[2])"
        )
        for token in forged { #expect(try await status(world, token) == 401, "\(token.prefix(60))") }
        #expect(try await status(world, person.token) == 200)
    }

    @Test(.proves("IAM-04", "IAM-07")) func `a token of another issuer or audience is refused`() async throws {
        let world = try await GatewayWorld.shared()
        let user = try await world.user(.tenantAdmin, "other-\(world.parts.ids.uuid())")
        func token(_ issuer: String, _ audience: String) async throws -> String {
            let authority = TokenAuthority(issuer: issuer, audience: audience)
            let accounts = try await world.accounts(authority)
            let origin = Origin(address: Domain.IPAddress(ipv4: 0x7f00_0001))
            let attempt = SignIn(tenant: user.tenantID, email: user.email, password: GatewayWorld.password)
            return try await accounts.signIn(attempt, from: origin).accessToken
        }
        #expect(try await status(world, try await token("nexora", "nexora")) == 200)
        #expect(try await status(world, try await token("nexora", "elsewhere")) == 401)
        #expect(try await status(world, try await token("elsewhere", "nexora")) == 401)
    }

    @Test(.proves("TEN-02")) func `host, header and token that name different tenants are refused`() async throws {
        var policy = GatewayWorld.unlimited
        policy.domain = "isp.example"
        let world = try await GatewayWorld(policy)
        let person = try await world.person(.tenantAdmin)
        func get(_ headers: [String: String]) async throws -> Answer {
            try await world.send("GET", "/api/v1/auth/me", as: person, headers: headers)
        }
        #expect(try await get(["Host": "one.isp.example"]).status == 200)
        #expect(try await get(["Host": "isp.example"]).status == 200)
        #expect(try await get(["X-Tenant-ID": world.one.description]).status == 200)
        #expect(try await get(["Host": "two.isp.example"])["error.code"]?.text == "TENANT_MISMATCH")
        #expect(try await get(["X-Tenant-ID": world.two.description])["error.code"]?.text == "TENANT_MISMATCH")
        #expect(
            try await get(["Host": "one.isp.example", "X-Tenant-ID": world.two.description])["error.code"]?.text
                == "TENANT_MISMATCH"
        )
        #expect(try await get(["Host": "nobody.isp.example"])["error.code"]?.text == "UNKNOWN_TENANT")
        // However the name is written it is not nobody's.
        for host in ["two.isp.example.", "TWO.isp.example.:8080", "two.isp.example:80"] {
            #expect(try await get(["Host": host])["error.code"]?.text == "TENANT_MISMATCH", "\(host)")
        }
        for host in ["two.one.isp.example", "one.two.isp.example.", "-.isp.example", "a_b.isp.example"] {
            #expect(try await get(["Host": host])["error.code"]?.text == "UNKNOWN_TENANT", "\(host)")
        }
        for host in ["www.isp.example", "api.isp.example", "isp.example.", "elsewhere.example", "localhost:8080"] {
            #expect(try await get(["Host": host]).status == 200, "\(host)")
        }
        let login = "{\"email\":\"\(person.user.email)\",\"password\":\"\(GatewayWorld.password)\"}"
        #expect(
            try await world.send("POST", "/api/v1/auth/login", login, headers: ["Host": "one.isp.example"]).status
                == 200
        )
        #expect(
            try await world.send("POST", "/api/v1/auth/login", login, headers: ["Host": "two.isp.example"]).status
                == 401
        )
        try await world.close()
    }
}
