import Domain
import SharedTesting
import Testing

@testable import APIGateway

@Suite struct TenantLimitTests {
    @Test(.proves("RTL-12")) func `a tenant's own limit holds for its people and nobody else's`() async throws {
        var policy = GatewayWorld.unlimited
        policy.limits.perTenant = 1_000
        let world = try await GatewayWorld(policy)
        let admin = try await world.person(.tenantAdmin)
        let other = try await world.person(.tenantAdmin, in: world.two)
        try await Self.set("{\"limit_tenant\":40,\"limit_client\":30}", world.one, as: admin, in: world)
        try await eventually {
            try await world.send("GET", "/api/v1/auth/me", as: admin).headers["ratelimit-policy"]
                == "\"client\";q=30;w=60, \"tenant\";q=40;w=60"
        }
        var refused = false
        for _ in 0..<40 where !refused {
            refused = try await world.send("GET", "/api/v1/auth/me", as: admin).status == 429
        }
        #expect(refused)
        let answer = try await world.send("GET", "/api/v1/auth/me", as: other)
        #expect(answer.status == 200 && answer.headers["ratelimit-policy"] == "\"tenant\";q=1000;w=60")
        try await world.close()
    }

    @Test(.proves("RTL-12")) func `the operator raises a tenant's limits within bounds, others only lower them`()
        async throws
    {
        var policy = GatewayWorld.unlimited
        (policy.limits.perClient, policy.limits.perTenant, policy.limits.burst) = (10_000, 20_000, 30_000)
        let world = try await GatewayWorld(policy)
        let (root, admin) = (try await world.person(.superAdmin), try await world.person(.tenantAdmin))
        func refusal(_ body: String, as person: GatewayWorld.Person) async throws -> String? {
            let answer = try await Self.put(body, world.one, as: person, in: world)
            return answer.status == 400 ? answer["error.details.0.field"]?.text : "\(answer.status)"
        }
        #expect(try await refusal("{\"limit_client\":10001}", as: admin) == "/limit_client")
        #expect(try await refusal("{\"limit_client\":5000}", as: admin) == "200")
        #expect(try await refusal("{\"limit_client\":5001}", as: admin) == "/limit_client")
        #expect(try await refusal("{\"limit_client\":null}", as: admin) == "/limit_client")
        #expect(try await refusal("{\"limit_burst\":300001}", as: root) == "/limit_burst")
        #expect(try await refusal("{\"limit_burst\":300000,\"limit_client\":100000}", as: root) == "200")
        // What stays as it is is no change, whoever asks.
        #expect(try await refusal("{\"limit_burst\":300000,\"grace_days\":4}", as: admin) == "200")
        #expect(try await refusal("{\"limit_burst\":null}", as: admin) == "200")
        #expect(try await refusal("{\"limit_client\":0}", as: root) == "/limit_client")
        let read = try await world.must(200, "GET", "/api/v1/tenants/\(world.one)/settings", as: admin)
        #expect(read["data.limit_client"]?.integer == 100_000 && read["data.limit_burst"]?.isNull == true)
        try await world.close()
    }

    @Test func `bounds hold, and no limit is more than any`() {
        var limits = RequestLimits()
        (limits.perClient, limits.perTenant, limits.burst, limits.raise) = (100, 0, 300, 2)
        let own = limits.with(TenantRequestLimits(perClient: 500, perTenant: 7, burst: 1))
        #expect(own.perClient == 200 && own.perTenant == 7 && own.burst == 1)
        #expect(limits.with(TenantRequestLimits()) == limits)
        func allowed(_ wanted: Int?, after before: Int?, byOperator: Bool = false) -> Bool {
            let (wanted, before) = (TenantRequestLimits(perTenant: wanted), TenantRequestLimits(perTenant: before))
            return (try? limits.allow(wanted, after: before, byOperator: byOperator)) != nil
        }
        #expect(allowed(1_000_000, after: nil) && !allowed(nil, after: 10) && !allowed(11, after: 10))
        #expect(allowed(11, after: 10, byOperator: true) && allowed(10, after: 10))
    }

    private static func put(
        _ body: String,
        _ tenant: TenantID,
        as person: GatewayWorld.Person,
        in world: GatewayWorld
    ) async throws -> Answer {
        let path = "/api/v1/tenants/\(tenant)/settings"
        let read = try await world.must(200, "GET", path, as: person)
        let tag = try #require(read.headers["etag"])
        return try await world.send("PUT", path, as: person, body, headers: ["If-Match": tag])
    }

    private static func set(
        _ body: String,
        _ tenant: TenantID,
        as person: GatewayWorld.Person,
        in world: GatewayWorld
    ) async throws {
        let answer = try await put(body, tenant, as: person, in: world)
        try #require(answer.status == 200, "\(answer.text)")
    }
}
