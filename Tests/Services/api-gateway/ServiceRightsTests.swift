import Domain
import SharedTesting
import Testing

@testable import APIGateway

/// What a change of a service takes beside the right to change services.
@Suite struct ServiceRightsTests {
    @Test(.proves("IAM-14", "AUD-07"))
    func `another plan takes the right to change plans, and stands in the trail as a change of plan`() async throws {
        let world = try await GatewayWorld.shared()
        let (admin, clerk) = (try await world.person(.tenantAdmin), try await world.person(.operator))
        let customer = try await world.customer(as: admin)
        let (plan, other) = (try await world.plan(as: admin), try await world.plan(as: admin))
        let id = try await world.service(as: admin, customer: customer, plan: plan, "plan-\(world.parts.ids.uuid())")
        let path = "/api/v1/services/\(id)"
        func patch(_ person: GatewayWorld.Person, _ json: String) async throws -> Int {
            let tag = try #require(try await world.must(200, "GET", path, as: admin).headers["etag"])
            return try await world.send("PATCH", path, as: person, json, headers: ["If-Match": tag]).status
        }
        #expect(try await patch(clerk, "{\"plan_id\":\"\(other)\"}") == 403)
        #expect(try await patch(clerk, "{\"plan_id\":\"\(plan)\",\"session_limit\":2}") == 200)
        #expect(try await patch(admin, "{\"plan_id\":\"\(other)\"}") == 200)
        for address in [
            "{\"static_ipv4\":\"10.77.0.1\"}", "{\"framed_ipv6_prefix\":\"2001:db8:77::/64\"}",
            "{\"delegated_ipv6_prefix\":\"2001:db8:78::/56\"}",
        ] {
            #expect(try await patch(clerk, address) == 403, "\(address)")
        }
        #expect(try await patch(admin, "{\"static_ipv4\":\"10.77.0.1\"}") == 200)
        #expect(try await patch(clerk, "{\"static_ipv4\":null}") == 403)
        #expect(try await patch(clerk, "{\"static_ipv4\":\"10.77.0.1\",\"session_limit\":1}") == 200)
        let body =
            "{\"customer_id\":\"\(customer)\",\"plan_id\":\"\(plan)\",\"username\":\"fixed-\(world.parts.ids.uuid())\",\"static_ipv4\":\"10.77.0.2\"}"
        #expect(try await world.send("POST", "/api/v1/services", as: clerk, body).status == 403)
        let trail = try await world.must(
            200,
            "GET",
            "/api/v1/audit-logs?resource_type=service&resource_id=\(id)&limit=50",
            as: admin
        ).list("data").compactMap { entry -> String? in
            guard case .object(let members) = entry else { return nil }
            return members["action"]?.text
        }
        #expect(trail.filter { $0 == "plan_change" }.count == 1)
        #expect(trail.filter { $0 == "update" }.count == 3)
    }
}
