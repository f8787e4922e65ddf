import Billing
import Domain
import Postgres
import SharedTesting
import Testing

@testable import APIGateway

/// Projects and what they use, over HTTP.
@Suite(.serialized) struct MeteringTests {
    private static let projects = "/api/v1/projects"

    private func project(_ world: GatewayWorld, _ name: String, as person: GatewayWorld.Person) async throws -> String {
        let made = try await world.must(201, "POST", Self.projects, as: person, "{\"name\":\"\(name)\"}")
        return try #require(made["data.id"]?.text)
    }

    private func key(_ world: GatewayWorld) -> [String: String] {
        ["Idempotency-Key": "metering-\(world.parts.ids.uuid())"]
    }

    @Test(.proves("FUP-05", "FUP-09", "FUP-12")) func `projects come, are named and go, as far as the plan allows`()
        async throws
    {
        let world = try await GatewayWorld()
        let (admin, other) = (try await world.person(.tenantAdmin), try await world.person(.tenantAdmin, in: world.two))
        let first = try await project(world, "First", as: admin)
        _ = try await project(world, "Second", as: admin)
        let refused = try await world.send("POST", Self.projects, as: admin, "{\"name\":\"Third\"}")
        #expect(refused.status == 409 && refused["error.code"]?.text == "PLAN_LIMIT")
        // Another tenant has names and a plan of its own, and sees none of these.
        _ = try await project(world, "First", as: other)
        #expect(try await world.must(200, "GET", Self.projects, as: other).list("data").count == 1)
        for path in ["", "/usage"] {
            #expect(try await world.send("GET", "\(Self.projects)/\(first)\(path)", as: other).status == 404)
        }
        let listed = try await world.must(200, "GET", Self.projects + "?limit=1", as: admin)
        let next = try #require(listed["meta.next"]?.text)
        #expect(try await world.must(200, "GET", Self.projects + "?cursor=\(next)", as: admin).list("data").count == 1)

        let found = try await world.must(200, "GET", "\(Self.projects)/\(first)", as: admin)
        let tag = ["If-Match": found.headers["etag"] ?? ""]
        let named = try await world.must(
            200,
            "PATCH",
            "\(Self.projects)/\(first)",
            as: admin,
            "{\"name\":\"Shop\"}",
            headers: tag
        )
        #expect(named["data.name"]?.text == "Shop")
        #expect(
            try await world.send("DELETE", "\(Self.projects)/\(first)", as: admin, headers: tag).status == 412
        )
        let newer = ["If-Match": named.headers["etag"] ?? ""]
        #expect(
            try await world.send("DELETE", "\(Self.projects)/\(first)", as: admin, headers: newer).status == 204
        )
        #expect(try await world.send("GET", "\(Self.projects)/\(first)", as: admin).status == 404)
        _ = try await project(world, "Third", as: admin)
        try await world.close()
    }

    @Test(.proves("FUP-03", "FUP-08", "FUP-09", "FUP-10")) func `what is recorded counts once, and limits are told`()
        async throws
    {
        let world = try await GatewayWorld()
        let admin = try await world.person(.tenantAdmin)
        let id = try await project(world, "Shop", as: admin)
        let path = "\(Self.projects)/\(id)"
        let body = "{\"octets\":5368709119}"
        #expect(try await world.send("POST", path + "/traffic", as: admin, body).status == 400)
        let key = key(world)
        for _ in 0..<2 {
            let kept = try await world.must(200, "POST", path + "/traffic", as: admin, body, headers: key)
            #expect(kept["data.traffic_octets"]?.integer == 5_368_709_119)
        }
        for wrong in ["{}", "{\"octets\":0}", "{\"octets\":-1}", "{\"octets\":\"1\"}"] {
            let answer = try await world.send("POST", path + "/traffic", as: admin, wrong, headers: self.key(world))
            #expect(answer.status == 400, "\(wrong)")
        }
        _ = try await world.must(200, "PUT", path + "/storage", as: admin, "{\"octets\":1048576}")
        let near = try await world.must(200, "GET", "/api/v1/metering/limits", as: admin)
        #expect(near["data.ok"]?.bool == true && near["data.error"]?.isNull == true)
        #expect(near["data.resources.0.level"]?.text == "critical" && near["data.resources.0.percent"]?.integer == 99)
        #expect(near["data.resources.1.level"]?.text == "normal")
        let last = "{\"octets\":1}"
        _ = try await world.must(200, "POST", path + "/traffic", as: admin, last, headers: self.key(world))
        let over = try await world.must(200, "GET", "/api/v1/metering/limits", as: admin)
        #expect(over["data.ok"]?.bool == false)
        #expect(over["data.error"]?.text == "The month's traffic limit is reached: 5.00 GB of 5.00 GB.")
        let summary = try await world.must(200, "GET", "/api/v1/metering/summary", as: admin)
        #expect(summary["data.traffic_gb"]?.text == "5.00" && summary["data.project_storage_mb"]?.text == "1.00")
        let past = try await world.must(200, "GET", path + "/usage?year=2020&month=2", as: admin)
        #expect(past["data.traffic_octets"]?.integer == 0 && past["data.month"]?.integer == 2)
        #expect(try await world.send("GET", path + "/usage?year=2020", as: admin).status == 400)
        let told = try await world.superuser.query(
            "SELECT count(*) AS count FROM outbox WHERE subject = 'usage.limit_reached' AND tenant_id = '\(world.one)'"
        )
        #expect(told.first?["count"].int64 == 3)
        try await world.close()
    }

    @Test(.proves("FUP-13", "FUP-16")) func `who stands above sets the plan, and nobody his own`() async throws {
        let world = try await GatewayWorld()
        let (root, admin) = (try await world.person(.superAdmin), try await world.person(.tenantAdmin))
        let path = "/api/v1/tenants/\(world.one)/metering-plan"
        let free = try await world.must(200, "GET", "/api/v1/metering/plan", as: admin)
        #expect(free["data.plan"]?.text == "free" && free["data.upgrade"]?.text == "pro")
        let own = try await world.send("PUT", path, as: admin, "{\"plan\":\"pro\"}")
        #expect([403, 404, 409].contains(own.status), "\(own.text)")
        #expect(try await world.send("PUT", path, as: root, "{\"plan\":\"gold\"}").status == 400)
        _ = try await world.must(200, "PUT", path, as: root, "{\"plan\":\"pro\"}")
        let pro = try await world.must(200, "GET", "/api/v1/metering/plan", as: admin)
        #expect(pro["data.plan"]?.text == "pro" && pro["data.max_projects"]?.integer == -1)
        #expect(pro["data.monthly_price"]?.text == "3.0000" && pro["data.upgrade"]?.isNull == true)
        let below = try await world.must(200, "GET", "/api/v1/metering/plan?tenant_id=\(world.one)", as: root)
        #expect(below["data.plan"]?.text == "pro")
        try await world.close()
    }

    @Test(.proves("FUP-06")) func `a request that names a project counts for it, with its answer`() async throws {
        let world = try await GatewayWorld()
        let (admin, other) = (try await world.person(.tenantAdmin), try await world.person(.tenantAdmin, in: world.two))
        let id = try await project(world, "Shop", as: admin)
        let named = ["X-Project-Id": id]
        let body = "{\"name\":\"Ann\",\"phone\":\"1\",\"address\":\"x\"}"
        let made = try await world.must(201, "POST", "/api/v1/customers", as: admin, body, headers: named)
        let read = try await world.must(200, "GET", "/api/v1/customers", as: admin, headers: named)
        let file = try await world.must(200, "GET", "/api/v1/customers/export", as: admin, headers: named)
        // Of nobody, of somebody else, and for no project: nothing.
        _ = try await world.send("GET", "/api/v1/customers", headers: named)
        _ = try await world.must(200, "GET", "/api/v1/customers", as: other, headers: named)
        for headers in [["X-Project-Id": "shop"], ["X-Project-Id": "\(world.parts.ids.uuid())"], [:]] {
            _ = try await world.must(200, "GET", "/api/v1/customers", as: admin, headers: headers)
        }
        let moved = body.utf8.count + made.body.count + read.body.count + file.body.count
        // What is streamed counts when its handler is done, which its reader may be before.
        try await eventually {
            try await world.parts.meter.flush(world.parts)
            let usage = try await world.must(200, "GET", "\(Self.projects)/\(id)/usage", as: admin)
            return usage["data.traffic_octets"]?.integer == Int64(moved)
        }
        #expect(try await world.parts.meter.flush(world.parts).octets == 0)
        try await world.close()
    }

    @Test(.proves("FUP-06")) func `what cannot be written down is held, and names without end are not`() async throws {
        let world = try await GatewayWorld()
        let month = MeteredMonth(at: GatewayWorld.clock.now())
        let (meter, ids) = (TrafficMeter(), world.parts.ids)
        for _ in 0...TrafficMeter.most {
            meter.add(3, for: TrafficMeter.Place(tenantID: world.one, projectID: ids.next()), in: month)
        }
        let taken = meter.take()
        #expect(taken.traffic.count == TrafficMeter.most && taken.lost == 3)
        #expect(meter.take().traffic.isEmpty)

        let held = world.parts.meter
        held.add(7, for: TrafficMeter.Place(tenantID: world.one, projectID: ids.next()), in: month)
        try await world.superuser.script("ALTER TABLE project_usage RENAME TO project_usage_away")
        await #expect(throws: (any Error).self) { try await held.flush(world.parts) }
        try await world.superuser.script("ALTER TABLE project_usage_away RENAME TO project_usage")
        #expect(try await held.flush(world.parts).octets == 7)
        try await world.close()
    }

    @Test(.proves("FUP-04", "FUP-07")) func `gateways measure and look side by side, each thing once`() async throws {
        let world = try await GatewayWorld()
        let admin = try await world.person(.tenantAdmin)
        let id = try await project(world, "Shop", as: admin)
        try await world.superuser.script(
            "UPDATE metered_projects SET storage_octets = 104857600 WHERE id = '\(id)'"
        )
        let days = [MeteringDays(world.parts), MeteringDays(world.parts)]
        async let first: Void = days[0].measure()
        async let second: Void = days[1].measure()
        _ = try await (first, second)
        for day in days { try await day.check() }
        let told = try await world.superuser.query(
            """
            SELECT (SELECT count(*) FROM metered_alerts WHERE tenant_id = '\(world.one)') AS alerts,
                (SELECT count(*) FROM outbox WHERE subject = 'usage.limit_reached') AS events,
                (SELECT count(*) FROM metered_storage_daily) AS measured,
                (SELECT storage_octets FROM project_usage WHERE project_id = '\(id)') AS kept
            """
        ).first
        #expect(told?["alerts"].int64 == 3 && told?["events"].int64 == 3)
        #expect(told?["measured"].int64 == 4 && told?["kept"].int64 == 104_857_600)
        try await world.close()
    }
}
