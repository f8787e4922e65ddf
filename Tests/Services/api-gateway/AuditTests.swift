import Domain
import Persistence
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

@Suite struct AuditTests {
    @Test(.proves("AUD-07", "AUD-12")) func `every change stands in the trail with who, whence, what and when`()
        async throws
    {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let id = try await world.customer(as: admin, "Audited")
        let path = "/api/v1/customers/\(id)"
        let tag = try #require(try await world.must(200, "GET", path, as: admin).headers["etag"])
        let changed = try await world.must(
            200,
            "PATCH",
            path,
            as: admin,
            "{\"name\":\"Renamed\"}",
            headers: ["If-Match": tag]
        )
        _ = try await world.must(
            204,
            "DELETE",
            path,
            as: admin,
            headers: ["If-Match": try #require(changed.headers["etag"])]
        )
        let trail = try await world.must(
            200,
            "GET",
            "/api/v1/audit-logs?resource_type=customer&resource_id=\(id)",
            as: admin
        ).list("data")
        let entries = trail.compactMap { entry -> [String: JSONValue]? in
            guard case .object(let members) = entry else { return nil }
            return members
        }
        #expect(entries.map { $0["action"]?.text } == ["delete", "update", "create"])
        for entry in entries {
            #expect(entry["actor_id"]?.text == admin.user.id.description)
            #expect(entry["address"]?.text == "127.0.0.1")
            #expect(entry["recorded_at"]?.text?.isEmpty == false)
        }
        #expect(
            entries[1]["old"]
                == .object(["name": .text("Audited")]).merging(entries[1]["old"], ["version", "updated_at"])
        )
        guard case .object(let new)? = entries[1]["new"] else {
            Issue.record("no new values")
            return
        }
        #expect(new["name"]?.text == "Renamed")
        #expect(new["phone"] == nil)
        // A change that was refused left nothing.
        #expect(
            try await world.send("PATCH", path, as: admin, "{\"name\":\"x\"}", headers: ["If-Match": tag]).status == 404
        )
        let reads = try await world.must(200, "GET", "/api/v1/audit-logs?resource_type=audit", as: admin)
        #expect(!reads.list("data").isEmpty)
    }

    @Test(.proves("SES-07")) func `what does not exist is not disconnected`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.nocEngineer)
        let path = "/api/v1/radius/sessions/00000000-0000-7000-8000-00000000dead/disconnect"
        #expect(try await world.send("POST", path, as: admin).status == 404)
    }
}

extension JSONValue {
    /// The object with members of another: what an update changes by itself.
    func merging(_ other: JSONValue?, _ names: [String]) -> JSONValue {
        guard case .object(var members) = self, case .object(let others)? = other else { return self }
        for name in names { members[name] = others[name] }
        return .object(members)
    }
}
