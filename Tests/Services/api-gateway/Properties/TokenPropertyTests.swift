import Domain
import HTTPServer
import Identity
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

/// Tokens and what they open.
@Suite struct TokenPropertyTests {
    private struct Login: Sendable {
        let access, refresh: String
    }

    private func me(_ world: GatewayWorld, _ token: String) async throws -> Int {
        try await world.send("GET", "/api/v1/auth/me", headers: ["Authorization": "Bearer \(token)"]).status
    }

    private func login(_ world: GatewayWorld, _ user: User, _ tenant: String) async throws -> Login {
        let body: JSONValue = .object([
            "tenant": .text(tenant), "email": .text(user.email), "password": .text(GatewayWorld.password),
        ])
        let answer = try await world.send("POST", "/api/v1/auth/login", body.written)
        try #require(answer.status == 200, "\(answer.text)")
        return Login(
            access: try #require(answer["data.access_token"]?.text),
            refresh: try #require(answer["data.refresh_token"]?.text)
        )
    }

    private func refresh(_ world: GatewayWorld, _ token: String) async throws -> Answer {
        try await world.send("POST", "/api/v1/auth/refresh", "{\"refresh_token\":\"\(token)\"}")
    }

    @Test(.proves("IAM-02", "IAM-03", "IAM-05", "IAM-06", "E-03", "E-05", "E-06"))
    func `properties 3, 5 and 6: credentials give tokens, refresh tokens others, and logout ends them`()
        async throws
    {
        let world = try await GatewayWorld.shared()
        var users: [User] = []
        for role in [Role.tenantAdmin, .support, .technician, .viewer, .nocEngineer] {
            users.append(try await world.user(role, "token-\(world.parts.ids.uuid())"))
        }
        let everybody = users
        try await cases("properties 3, 5 and 6") { _, draw in
            let user = draw.choice(everybody)
            var login = try await login(world, user, "one")
            #expect(try await me(world, login.access) == 200)
            var used: [String] = []
            for _ in 0..<draw.whole(1...3) {
                let renewed = try await refresh(world, login.refresh)
                #expect(renewed.status == 200, "\(renewed.text)")
                used.append(login.refresh)
                login = Login(
                    access: try #require(renewed["data.access_token"]?.text),
                    refresh: try #require(renewed["data.refresh_token"]?.text)
                )
                #expect(!used.contains(login.refresh))
                #expect(try await me(world, login.access) == 200)
            }
            let bearer = ["Authorization": "Bearer \(login.access)"]
            #expect(try await world.send("POST", "/api/v1/auth/logout", headers: bearer).status == 204)
            #expect(try await refresh(world, login.refresh).status == 401)
            #expect(try await refresh(world, draw.choice(used)).status == 401)
            #expect(try await me(world, login.access) == 401)
        }
    }

    @Test(.proves("IAM-04", "IAM-07", "E-04")) func `property 4: a token whose time is over is refused`() async throws {
        let world = try await GatewayWorld.shared()
        let person = try await world.person(.tenantAdmin)
        let routes = world.gateway.routes.filter { $0.metadata.guard != .open }
        // Clocks may differ by half a minute: tokens that ended a moment before that, and long ago.
        var tokens: [String] = []
        for age in [45, 100, 3_600, 86_400] {
            let lifetimes = TokenLifetimes(access: .seconds(-age))
            let authority = TokenAuthority(issuer: "nexora", audience: "nexora", lifetimes: lifetimes)
            let accounts = try await world.accounts(authority)
            let attempt = SignIn(
                tenant: person.user.tenantID,
                email: person.user.email,
                password: GatewayWorld.password
            )
            let origin = Origin(address: Domain.IPAddress(ipv4: 0x7f00_0001))
            tokens.append(try await accounts.signIn(attempt, from: origin).accessToken)
        }
        let expired = tokens
        try await cases("property 4") { _, draw in
            let route = draw.choice(routes)
            let answer = try await world.send(
                route.method.name,
                AuthorizationTests.target(route),
                AuthorizationTests.body(route),
                headers: ["Authorization": "Bearer \(draw.choice(expired))"]
            )
            #expect(answer.status == 401, "\(route.operationID): \(answer.status)")
        }
    }

    @Test(.proves("IAM-07", "IAM-11", "IAM-14", "E-07"))
    func `property 7: without the permission it is 403, whatever is asked`()
        async throws
    {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let guarded = world.gateway.routes.compactMap { route -> (GatewayRoute, Set<Permission>)? in
            // A body that is no JSON is refused before the key's rights are asked for.
            if case .permissions(let needed) = route.metadata.guard,
                route.metadata.operation.body != .stream(contentType: "text/csv")
            {
                (route, needed)
            } else {
                nil
            }
        }
        let held = admin.user.permissions.sorted { $0.rawValue < $1.rawValue }
        for _ in 0..<10 {
            var draw = Draw(SeededRandom("property 7"))
            let scopes = Set(draw.some(held))
            let body: JSONValue = .object([
                "name": .text("key"), "scopes": .list(scopes.map { .text($0.rawValue) }),
            ])
            let made = try await world.must(201, "POST", "/api/v1/api-keys", as: admin, body.written)
            let key = try #require(made["data.text"]?.text)
            try await cases("property 7", count: 20) { _, draw in
                let (route, needed) = draw.choice(guarded)
                let answer = try await world.send(
                    route.method.name,
                    AuthorizationTests.target(route),
                    AuthorizationTests.body(route),
                    headers: ["X-API-Key": key]
                )
                #expect(answer.status != 401 && answer.status != 500, "\(route.operationID): \(answer.text)")
                guard !needed.isSubset(of: scopes) else { return }
                #expect(answer.status == 403, "\(route.operationID): \(answer.status) \(answer.text)")
            }
            let id = try #require(made["data.key.id"]?.text)
            #expect(try await world.send("DELETE", "/api/v1/api-keys/\(id)", as: admin).status == 204)
        }
    }
}
