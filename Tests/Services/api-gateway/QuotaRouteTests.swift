import Domain
import Postgres
import SharedTesting
import Testing

@testable import APIGateway

@Suite(.proves("PLN-07", "FUP-11", "FUP-15")) struct QuotaRouteTests {
    private let fair = """
        {"name":"Fair use","allowance":1000,"policy":"throttle","throttle_download_bps":2000000,"throttle_upload_bps":1000000,
        "top_up_amount":500,"top_up_price":"5.00","hours":[{"days":"all","start":"01:00","end":"06:00","percent":0}]}
        """

    @Test func `a plan's quotas are replaced as a whole, and one of the same name keeps its id`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let path = "/api/v1/service-plans/\(try await world.plan(as: admin))/quotas"
        #expect(try await world.must(200, "GET", path, as: admin).list("data").isEmpty)
        for wrong in [
            "{}", "{\"quotas\":[{\"name\":\"x\",\"allowance\":0,\"policy\":\"tell\"}]}",
            "{\"quotas\":[{\"name\":\"x\",\"allowance\":1,\"policy\":\"throttle\"}]}",
            "{\"quotas\":[{\"name\":\"x\",\"allowance\":1,\"policy\":\"bill\",\"overage_unit\":1}]}",
            "{\"quotas\":[{\"name\":\"x\",\"allowance\":1,\"policy\":\"tell\",\"top_up_amount\":1}]}",
            "{\"quotas\":[\(fair),\(fair)]}",
        ] {
            #expect(try await world.send("PUT", path, as: admin, wrong).status == 400, "\(wrong)")
        }
        let made = try await world.must(200, "PUT", path, as: admin, "{\"quotas\":[\(fair)]}")
        let first = try #require(made.list("data").first)
        let id = try #require(ConventionTests.member(first, "id"))
        #expect(made.text.contains("\"start\":\"01:00\"") && made.text.contains("\"top_up_price\":\"5.0000\""))
        let free = "{\"name\":\"Free\",\"allowance\":-1,\"policy\":\"tell\"}"
        let again = try await world.must(200, "PUT", path, as: admin, "{\"quotas\":[\(free),\(fair)]}")
        #expect(again.list("data").count == 2 && again.text.contains(id))
        #expect(try await world.must(200, "GET", path, as: admin).list("data") == again.list("data"))
    }

    @Test func `how a service stands is told, and a top-up is granted or ordered`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let plan = try await world.plan(as: admin)
        let customer = try await world.customer(as: admin, "Quota")
        let name = "quota-\(world.parts.ids.uuid())"
        let service = try await world.service(as: admin, customer: customer, plan: plan, name)
        let quotas = "/api/v1/service-plans/\(plan)/quotas"
        let made = try await world.must(200, "PUT", quotas, as: admin, "{\"quotas\":[\(fair)]}")
        let quota = try #require(made.list("data").first.flatMap { ConventionTests.member($0, "id") })
        let standing = try await world.must(200, "GET", "/api/v1/services/\(service)/quota", as: admin)
        #expect(standing["data.restriction"]?.text == "none")
        #expect(standing.text.contains("\"left\":1000") && standing.text.contains(quota))
        let path = "/api/v1/services/\(service)/quota-top-ups"
        for (body, kind) in [
            ("{\"quota_id\":\"\(quota)\",\"grant\":7}", "grant"), ("{\"quota_id\":\"\(quota)\"}", "top_up"),
        ] {
            let key = ["Idempotency-Key": "\(kind)-\(service)"]
            let order = try await world.must(202, "POST", path, as: admin, body, headers: key)
            #expect(order["data.kind"]?.text == kind)
        }
        let unknown = "{\"quota_id\":\"\(world.parts.ids.uuid())\"}"
        #expect(try await world.send("POST", path, as: admin, unknown).status == 400)
    }
}

/// What a customer asks about himself, and hours of usage.
@Suite(.proves("FUP-10")) struct OwnQuotaTests {
    @Test func `a customer sees how his own services stand, page by page, and nobody else's`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let plan = try await world.plan(as: admin, "Metered")
        let quotas = "{\"quotas\":[{\"name\":\"Fair use\",\"allowance\":1000,\"policy\":\"block\"}]}"
        _ = try await world.must(200, "PUT", "/api/v1/service-plans/\(plan)/quotas", as: admin, quotas)
        var services: [String] = []
        let (mine, other) = (try await world.customer(as: admin), try await world.customer(as: admin))
        for (number, customer) in [mine, mine, other].enumerated() {
            let name = "own-quota-\(number)-\(world.parts.ids.uuid())"
            services.append(try await world.service(as: admin, customer: customer, plan: plan, name))
        }
        let himself = try await world.person(.customer, customer: CustomerID(mine))
        let all = try await world.must(200, "GET", "/api/v1/me/quota", as: himself)
        #expect(
            Set(all.list("data").compactMap { ConventionTests.member($0, "service_id") }) == Set(services.prefix(2))
        )
        #expect(all.text.contains("\"plan\":\"Metered") && all.text.contains("\"left\":1000"))
        #expect(all.text.contains("\"restriction\":\"none\"") && all.text.contains("\"restricted_until\":null"))
        let first = try await world.must(200, "GET", "/api/v1/me/quota?limit=1", as: himself)
        let next = try #require(first["meta.next"]?.text)
        let second = try await world.must(
            200,
            "GET",
            "/api/v1/me/quota?limit=1&cursor=\(next.encodedForQuery)",
            as: himself
        )
        #expect(first.list("data") + second.list("data") == all.list("data"))
        #expect(second["meta.next"]?.text == nil)
        #expect(try await world.send("GET", "/api/v1/me/quota", as: admin).status == 404)
    }

    @Test func `usage is told by the hour, as far back as is asked`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let (plan, customer) = (try await world.plan(as: admin), try await world.customer(as: admin))
        let name = "hours-\(world.parts.ids.uuid())"
        let service = try await world.service(as: admin, customer: customer, plan: plan, name)
        try await world.superuser.script(
            """
            INSERT INTO usage_hourly (tenant_id, service_id, hour, input_octets, output_octets, seconds)
            SELECT tenant_id, id, date_trunc('hour', now()) - interval '1 hour' * n, n, 100 + n, 60 FROM services,
                unnest(ARRAY[0, 5, 100]) n WHERE username = '\(name)'
            """
        )
        let path = "/api/v1/radius/usage/\(service)/hours"
        let two = try await world.must(200, "GET", path, as: admin)
        #expect(two.rows.compactMap { $0["output_octets"]?.integer } == [105, 100])
        #expect(try await world.must(200, "GET", path + "?hours=1", as: admin).list("data").count == 1)
        #expect(try await world.must(200, "GET", path + "?hours=744", as: admin).list("data").count == 3)
        for wrong in ["0", "745", "x"] {
            #expect(try await world.send("GET", path + "?hours=\(wrong)", as: admin).status == 400, "\(wrong)")
        }
        let stranger = try await world.person(.tenantAdmin, in: world.two)
        #expect(try await world.send("GET", path, as: stranger).status == 404)
    }
}
