import Domain
import HTTPServer
import Identity
import Persistence
import Postgres
import SharedTesting
import Testing

@testable import APIGateway

@Suite struct AccountRouteTests {
    @Test(.proves("API-15", "AUD-07")) func `a key is made once, however its making fails`() async throws {
        let world = try await GatewayWorld()
        let admin = try await world.person(.tenantAdmin)
        func rename(_ old: String, _ new: String) async throws {
            try await world.pool.withTransaction { transaction in
                _ = try await transaction.query("ALTER FUNCTION \(old) RENAME TO \(new)")
            }
        }
        func send(_ target: String, _ key: String, _ body: String) async throws -> Answer {
            try await world.send("POST", target, as: admin, body, headers: ["Idempotency-Key": key])
        }
        func count(_ list: String) async throws -> Int {
            try await world.must(200, "GET", "/api/v1/\(list)?limit=100", as: admin).list("data").count
        }
        let key = "{\"name\":\"once\",\"scopes\":[\"customers.read\"]}"
        let user = "{\"email\":\"once@example.net\",\"name\":\"Once\",\"role\":\"viewer\"}"
        let users = try await count("users")
        try await rename("append_audit", "no_audit")
        #expect(try await send("/api/v1/api-keys", "k", key).status >= 400)
        #expect(try await send("/api/v1/users", "u", user).status >= 400)
        #expect(try await count("api-keys") == 0)
        #expect(try await count("users") == users)
        try await rename("no_audit", "append_audit")
        #expect(try await send("/api/v1/api-keys", "k", key).status == 201)
        let again = try await send("/api/v1/api-keys", "k", key)
        #expect(again.status == 409 && again["error.code"]?.text == "SECRET_NOT_KEPT", "\(again.text)")
        #expect(try await count("api-keys") == 1)
        let made = try await send("/api/v1/users", "u", user)
        let repeated = try await send("/api/v1/users", "u", user)
        #expect(made.status == 201 && repeated.status == 201 && made.body == repeated.body)
        #expect(repeated.headers["idempotent-replayed"] == "true")
        #expect(repeated.headers["location"] == made.headers["location"])
        #expect(try await count("users") == users + 1)
        try await world.close()
    }

    @Test(.proves("IAM-15")) func `scopes of keys are named by other specifications' spellings too`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let body = "{\"name\":\"n\",\"scopes\":[\"subscribers:write\",\"read:wallet\",\"write:transaction\"]}"
        let made = try await world.must(201, "POST", "/api/v1/api-keys", as: admin, body)
        #expect(
            made.list("data.key.scopes").compactMap(\.text)
                == ["billing.manage", "billing.read", "customers.create", "customers.update"]
        )
        for name in ["nothing:read", "subscribers:", "intercept:read", ""] {
            let bad = "{\"name\":\"n\",\"scopes\":[\"\(name)\"]}"
            #expect(try await world.send("POST", "/api/v1/api-keys", as: admin, bad).status == 400, "\(name)")
        }
        // More than one has oneself stays out of reach by any name.
        let viewer = try await world.person(.provider, in: world.one)
        let more = "{\"name\":\"n\",\"scopes\":[\"nas:write\"]}"
        #expect(try await world.send("POST", "/api/v1/api-keys", as: viewer, more).status == 403)
    }

    @Test(.proves("IAM-35")) func `permissions and roles guard routes, and every refusal says the same`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let viewer = try await world.person(.viewer)
        let peer = try await world.user(.tenantAdmin, "peer-\(world.parts.ids.uuid())")
        let version = try #require(peer.stamp?.version)
        let beyond = "{\"email\":\"x@example.net\",\"name\":\"X\",\"role\":\"super_admin\"}"
        for answer in [
            try await world.send("POST", "/api/v1/api-keys", as: viewer, "{}"),
            try await world.send("POST", "/api/v1/users", as: admin, beyond),
            try await world.send(
                "DELETE",
                "/api/v1/users/\(peer.id)",
                as: admin,
                headers: ["If-Match": "\"\(version)\""]
            ),
        ] {
            #expect(answer.status == 403 && answer["error.code"]?.text == "FORBIDDEN", "\(answer.text)")
            #expect(answer["detail"]?.text == Problem.forbidden.detail, "\(answer.text)")
        }
    }

    @Test(.proves("IAM-35")) func `a route that names roles opens to them alone`() throws {
        for role in Role.allCases {
            for mustChange in [false, true] {
                var request = try Request(.get, "/x")
                let actor = Actor(userID: UserID(.zero), tenantID: TenantID(.zero), role: role)
                let proof = Principal.Proof.apiKey(APIKeyID(.zero))
                request[Caller.self] = Caller(
                    Principal(actor: actor, proof: proof, mustChangePassword: mustChange),
                    request
                )
                let fits = role == .nocEngineer || role == .technician
                do {
                    try Authentication.permit(request, .roles([.nocEngineer, .technician]))
                    #expect(fits && !mustChange, "\(role)")
                } catch let problem as Problem {
                    #expect(!fits || mustChange, "\(role)")
                    if !mustChange { #expect(problem == Problem.forbidden) }
                }
            }
        }
    }

    @Test(.proves("RTL-03")) func `somebody's keys share his limit`() async throws {
        var policy = GatewayWorld.unlimited
        policy.limits.perClient = 5
        let world = try await GatewayWorld(policy)
        let admin = try await world.person(.tenantAdmin)
        let principal = try await world.parts.accounts.authenticate(accessToken: admin.token)
        let origin = Origin(address: Domain.IPAddress(ipv4: 0x7f00_0001))
        var keys: [String] = []
        for number in 0..<2 {
            let wanted = NewAPIKey(name: "\(number)", scopes: [.customersRead])
            keys.append(try await world.parts.accounts.createAPIKey(wanted, by: principal, from: origin).text)
        }
        func get(_ number: Int) async throws -> Int {
            try await world.send("GET", "/api/v1/customers", headers: ["X-API-Key": keys[number % 2]]).status
        }
        for number in 0..<5 { #expect(try await get(number) == 200, "\(number)") }
        for number in 0..<2 { #expect(try await get(number) == 429, "\(number)") }
        try await world.close()
    }
}
