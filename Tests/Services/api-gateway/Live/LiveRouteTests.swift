import Domain
import HTTPServer
import SharedTesting
import Testing

@testable import APIGateway

/// The routes through HTTP, with everything around them.
@Suite(.proves("WS-01", "WS-06")) struct LiveRouteTests {
    /// The data of the events of a stream that ends.
    private func told(_ world: GatewayWorld, _ query: String, as person: GatewayWorld.Person) async throws -> String {
        let answer = try await world.must(200, "GET", "/api/v1/events?follow=false&\(query)", as: person)
        #expect(answer.headers["content-type"] == "text/event-stream")
        return answer.text
    }

    @Test func `everybody is told his own tenant's events as he may see them`() async throws {
        let world = try await GatewayWorld.shared()
        for tenant in [world.one, world.two, world.reseller, world.operatorID] {
            world.events.add("session.started", tenant, LiveSample.json(tenant, username: "alice@example.net"))
        }
        let last = world.events.add("session.started", world.operatorID, LiveSample.json(world.operatorID))
        let noc = try await world.person(.nocEngineer)
        let support = try await world.person(.support)
        try await eventually {
            try await told(world, "last=0", as: noc).contains("\"sequence\":\(last)")
        }
        let seen = try await told(world, "from=0&user=alice%40example.net", as: noc)
        #expect(seen.contains(world.one.description) && seen.contains(world.reseller.description))
        #expect(!seen.contains(world.two.description) && !seen.contains(world.operatorID.description))
        #expect(seen.contains("\"username\":\"alice@example.net\""))
        let masked = try await told(world, "from=0", as: support)
        #expect(masked.contains("\"masked\":true") && masked.contains("a***@example.net") && !masked.contains("alice"))
        let filtered = try await told(world, "from=0&tenant=\(world.two)", as: noc)
        #expect(!filtered.contains("event: session"))
    }

    @Test func `what cannot be asked is refused by its name`() async throws {
        let world = try await GatewayWorld.shared()
        let noc = try await world.person(.nocEngineer)
        for (query, field) in [
            ("type=nonsense", "type"), ("tenant=1", "tenant"), ("from=x", "from"), ("last=5000", "last"),
            ("follow=maybe", "follow"), ("unheard=of", "unheard"),
        ] {
            let answer = try await world.send("GET", "/api/v1/events?\(query)", as: noc)
            #expect(answer.status == 400 && answer["error.details.0.field"]?.text == field, "\(query): \(answer.text)")
        }
        #expect(try await world.send("GET", "/ws/realtime", as: noc).status == 426)
    }

    @Test(.proves("AUD-12")) func `who watches what is on record`() async throws {
        let world = try await GatewayWorld.shared()
        let noc = try await world.person(.nocEngineer)
        _ = try await told(world, "user=somebody-in-particular", as: noc)
        let admin = try await world.person(.tenantAdmin)
        let log = try await world.must(200, "GET", "/api/v1/audit-logs?limit=100", as: admin)
        #expect(log.text.contains("user=somebody-in-particular"))
    }

    @Test func `pages of other sites open no socket`() throws {
        func allows(_ origin: String?, host: String = "isp.example", _ allowed: [String] = []) throws -> Bool {
            LiveDependencies.allows(
                origin,
                try Request(.get, "/ws/realtime", headers: RequestHeaders([("host", host)])),
                allowed
            )
        }
        #expect(try allows(nil) && allows("http://isp.example"))
        #expect(try !allows("https://isp.example.evil.example") && !allows("null") && !allows("http://other.example"))
        #expect(try allows("https://other.example", ["https://other.example"]))
    }
}
