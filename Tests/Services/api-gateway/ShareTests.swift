import Domain
import Persistence
import SharedTesting
import Testing

@testable import APIGateway

@Suite struct ShareTests {
    @Test(.proves("RTL-01", "RTL-11"))
    func `a tenant that has its share under way is told to come again, others are served`()
        async throws
    {
        let world = try await GatewayWorld(share: TenantShare(places: 1, patience: .milliseconds(20)))
        let busy = try await world.person(.viewer, in: world.one)
        let other = try await world.person(.viewer, in: world.two)
        try await world.parts.database.scope(world.one).transaction { _ in
            let refused = try await world.send("GET", "/api/v1/customers", as: busy)
            #expect(refused.status == 429, "\(refused.text)")
            #expect(refused["error.code"]?.text == "RATE_LIMIT")
            #expect(refused.headers["retry-after"] == "1")
            #expect(try await world.send("GET", "/api/v1/customers", as: other).status == 200)
        }
        #expect(try await world.send("GET", "/api/v1/customers", as: busy).status == 200)
        try await world.close()
    }

    @Test(.proves("API-05")) func `a search through all past sessions is refused, with what would bound it`()
        async throws
    {
        let world = try await GatewayWorld.shared()
        let person = try await world.person(.viewer)
        let path = "/api/v1/radius/sessions?filter=username:contains:x&count=true"
        let refused = try await world.send("GET", path, as: person)
        #expect(refused.status == 400)
        #expect(refused.text.contains("customer_id"), "\(refused.text)")
        let bounded = path + "&filter=started_at:gte:2026-01-01T00:00:00Z"
        #expect(try await world.send("GET", bounded, as: person).status == 200)
    }
}
