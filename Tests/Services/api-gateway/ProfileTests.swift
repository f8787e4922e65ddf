import Domain
import SharedTesting
import Testing

@testable import APIGateway

@Suite struct ProfileTests {
    private static let path = "/api/v1/bandwidth-profiles"

    private static func body(_ name: String, _ more: String = "") -> String {
        "{\"name\":\"\(name)\",\"download_bps\":50000000,\"upload_bps\":10000000\(more)}"
    }

    @Test(.proves("RAD-18", "PLN-10", "AUD-07"))
    func `a profile is made, read, changed, given to plans and removed when none has it`() async throws {
        let world = try await GatewayWorld.shared()
        let noc = try await world.person(.nocEngineer)
        let admin = try await world.person(.tenantAdmin)
        let name = "Evening \(world.parts.ids.uuid())"
        let window =
            ",\"windows\":[{\"days\":\"mon-fri\",\"start\":\"18:00\",\"end\":\"24:00\",\"download_bps\":30000000,\"upload_bps\":5000000}]"
        let made = try await world.must(201, "POST", Self.path, as: noc, Self.body(name, window))
        let id = try #require(made["data.id"]?.text)
        #expect(made["data.windows.0.days"]?.text == "mon,tue,wed,thu,fri")
        #expect(made["data.windows.0.start"]?.text == "18:00" && made["data.windows.0.end"]?.text == "00:00")
        #expect(made["data.windows.0.download_bps"]?.integer == 30_000_000 && made["data.priority"]?.integer == 8)
        let target = Self.path + "/" + id
        #expect(try await world.send("GET", target, as: noc).headers["etag"] == made.headers["etag"])
        #expect(try await world.send("POST", Self.path, as: noc, Self.body(name)).status == 409)
        let plan = try await world.plan(as: admin, "Profiled")
        let read = try await world.must(200, "GET", "/api/v1/service-plans/\(plan)", as: admin)
        let changed = try await world.must(
            200,
            "PATCH",
            "/api/v1/service-plans/\(plan)",
            as: admin,
            "{\"bandwidth_profile_id\":\"\(id)\"}",
            headers: ["If-Match": try #require(read.headers["etag"])]
        )
        #expect(changed["data.bandwidth_profile_id"]?.text == id)
        let plans = try await world.must(
            200,
            "GET",
            "/api/v1/service-plans?filter=bandwidth_profile_id:eq:\(id)",
            as: admin
        )
        #expect(plans.list("data").count == 1)
        // A change of the profile is one of the plan: its ETag is another.
        let faster = "{\"download_bps\":60000000,\"burst_download_bps\":90000000,\"burst_upload_bps\":20000000}"
        let tag = ["If-Match": try #require(made.headers["etag"])]
        let quicker = try await world.must(200, "PATCH", target, as: noc, faster, headers: tag)
        #expect(quicker["data.threshold_download_bps"]?.integer == 60_000_000)
        #expect(quicker.list("data.windows").count == 1)
        #expect(try await world.send("PATCH", target, as: noc, faster, headers: tag).status == 412)
        #expect(try await world.send("PATCH", target, as: noc, faster).status == 428)
        let again = try await world.must(200, "GET", "/api/v1/service-plans/\(plan)", as: admin)
        #expect(again.headers["etag"] != changed.headers["etag"])
        let present = ["If-Match": try #require(quicker.headers["etag"])]
        let refused = try await world.send("DELETE", target, as: noc, headers: present)
        #expect(refused.status == 409 && refused["error.code"]?.text == "STILL_REFERENCED")
        let freed = ["If-Match": try #require(again.headers["etag"])]
        _ = try await world.must(
            200,
            "PATCH",
            "/api/v1/service-plans/\(plan)",
            as: admin,
            "{\"bandwidth_profile_id\":null}",
            headers: freed
        )
        _ = try await world.must(204, "DELETE", target, as: noc, headers: present)
        let trail = try await world.must(
            200,
            "GET",
            "/api/v1/audit-logs?resource_type=bandwidth_profile&resource_id=\(id)",
            as: admin
        )
        #expect(trail.list("data").count == 3)
    }

    @Test(
        .proves("PLN-02", "RAD-18"),
        arguments: [
            (",\"download_bps\":0", "/download_bps"), (",\"burst_download_bps\":90000000", "/burst_download_bps"),
            (",\"burst_seconds\":4", "/burst_seconds"), (",\"priority\":9", "/priority"),
            (
                ",\"windows\":[{\"days\":\"noday\",\"start\":\"18:00\",\"end\":\"19:00\",\"download_bps\":1,\"upload_bps\":1}]",
                "/windows/0/days"
            ),
            (
                ",\"windows\":[{\"days\":\"all\",\"start\":\"18:60\",\"end\":\"19:00\",\"download_bps\":1,\"upload_bps\":1}]",
                "/windows/0/start"
            ),
            (
                ",\"windows\":[{\"days\":\"all\",\"start\":\"18:00\",\"end\":\"19:00\",\"download_bps\":-1,\"upload_bps\":1}]",
                "/windows/0/download_bps"
            ),
            (
                ",\"windows\":[{\"days\":\"all\",\"start\":\"18:00\",\"end\":\"20:00\",\"download_bps\":1,\"upload_bps\":1},{\"days\":\"mon\",\"start\":\"19:59\",\"end\":\"21:00\",\"download_bps\":1,\"upload_bps\":1}]",
                "/windows"
            ),
        ]
    )
    func `what cannot be is refused by its name`(_ more: String, _ field: String) async throws {
        let world = try await GatewayWorld.shared()
        let noc = try await world.person(.nocEngineer)
        let body =
            more.hasPrefix(",\"download_bps\"")
            ? "{\"name\":\"x\",\"upload_bps\":1\(more)}" : Self.body("x \(world.parts.ids.uuid())", more)
        let answer = try await world.send("POST", Self.path, as: noc, body)
        #expect(answer.status == 400)
        #expect(answer["error.details.0.field"]?.text == field, "\(answer.text)")
    }

    @Test(.proves("TEN-05")) func `another tenant's profile is nowhere, and no plan of ours gets it`() async throws {
        let world = try await GatewayWorld.shared()
        let (one, two) = (try await world.person(.tenantAdmin), try await world.person(.tenantAdmin, in: world.two))
        let made = try await world.must(201, "POST", Self.path, as: two, Self.body("Theirs \(world.parts.ids.uuid())"))
        let id = try #require(made["data.id"]?.text)
        #expect(try await world.send("GET", Self.path + "/" + id, as: one).status == 404)
        let answer = try await world.send(
            "POST",
            "/api/v1/service-plans",
            as: one,
            "{\"name\":\"P \(id)\",\"download_bps\":1,\"upload_bps\":1,\"price\":\"1\",\"bandwidth_profile_id\":\"\(id)\"}"
        )
        #expect(
            answer.status == 400 && answer["error.details.0.field"]?.text == "/bandwidth_profile_id",
            "\(answer.text)"
        )
    }
}
