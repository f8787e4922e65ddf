import Domain
import Persistence
import SharedTesting
import Testing

@testable import APIGateway

@Suite(.serialized) struct PartnerTests {
    @Test(.proves("TEN-14", "TEN-18", "G-22"))
    func `a tenant below becomes a partner, on terms that nobody overwrites unread`()
        async throws
    {
        let world = try await GatewayWorld.shared()
        let top = try await world.person(.superAdmin)
        _ = try await world.customer(as: try await world.person(.tenantAdmin, in: world.two))
        let path = "/api/v1/tenants/\(world.two)/partner"
        let none = try await world.must(200, "GET", path, as: top)
        #expect(none["data.kind"]?.text == nil)
        #expect((none["data.customers"]?.integer ?? 0) > 0)
        let first = try #require(none.headers["etag"])
        let body = "{\"kind\":\"wholesale\",\"commission_basis_points\":1250,\"contact\":\"Zoe\"}"
        #expect(try await world.send("PUT", path, as: top, body).status == 428)
        let made = try await world.must(200, "PUT", path, as: top, body, headers: ["If-Match": first])
        #expect(made["data.kind"]?.text == "wholesale" && made["data.commission_basis_points"]?.integer == 1_250)
        #expect(try await world.send("PUT", path, as: top, body, headers: ["If-Match": first]).status == 412)
        let now = try #require(made.headers["etag"])
        #expect(try await world.must(200, "GET", path, as: top).headers["etag"] == now)
        for wrong in [
            "{\"kind\":\"other\",\"commission_basis_points\":1}", "{\"kind\":\"retail\"}",
            "{\"kind\":\"retail\",\"commission_basis_points\":10001}",
        ] { #expect(try await world.send("PUT", path, as: top, wrong, headers: ["If-Match": now]).status == 400) }
        let log = try await world.must(
            200,
            "GET",
            "/api/v1/audit-logs?resource_type=tenant_partner&resource_id=\(world.two)",
            as: top
        )
        #expect(log.list("data").count == 1)
        // Nobody sets his own terms, nor another's.
        let own = "/api/v1/tenants/\(world.operatorID)/partner"
        #expect(try await world.send("PUT", own, as: top, body, headers: ["If-Match": "\"0\""]).status == 403)
        let other = try await world.person(.tenantAdmin, in: world.one)
        #expect([403, 404].contains(try await world.send("GET", path, as: other).status))
    }

    @Test(.proves("TEN-09", "G-22")) func `a licence is changed from the version that was read`() async throws {
        let world = try await GatewayWorld.shared()
        let top = try await world.person(.superAdmin)
        let path = "/api/v1/tenants/\(world.two)/licence"
        let body = "{\"plan\":\"Large\",\"max_subscribers\":1000000}"
        let tag = try #require(try await world.must(200, "GET", path, as: top).headers["etag"])
        #expect(try await world.send("PUT", path, as: top, body).status == 428)
        let set = try await world.must(200, "PUT", path, as: top, body, headers: ["If-Match": tag])
        #expect(try await world.send("PUT", path, as: top, body, headers: ["If-Match": tag]).status == 412)
        #expect(set.headers["etag"] != tag)
    }

    @Test(.proves("TEN-11")) func `usage is told by the day, within bounds`() async throws {
        let world = try await GatewayWorld.shared()
        let top = try await world.person(.superAdmin)
        try await world.parts.database.transaction(in: world.operatorID) { transaction in
            try await TenancyStore(transaction, ids: world.parts.ids, time: GatewayWorld.clock).recordUsage()
        }
        let path = "/api/v1/tenants/\(world.one)/usage"
        let days = try await world.must(200, "GET", path, as: top).list("data")
        #expect(days.count == 1)
        #expect(ConventionTests.member(days[0], "day") == GatewayWorld.clock.now().day.description)
        #expect(try await world.must(200, "GET", path + "?from=2020-01-01&to=2020-02-01", as: top).list("data").isEmpty)
        for wrong in ["?from=2020-01-01&to=2022-01-01", "?from=2021-01-02&to=2021-01-01", "?from=x"] {
            #expect(try await world.send("GET", path + wrong, as: top).status == 400, "\(wrong)")
        }
        let other = try await world.person(.tenantAdmin, in: world.two)
        #expect([403, 404].contains(try await world.send("GET", path, as: other).status))
    }

    @Test(.proves("TEN-08")) func `alert thresholds are settings like the others`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.superAdmin)
        let path = "/api/v1/tenants/\(world.reseller)/settings"
        let tag = try #require(try await world.must(200, "GET", path, as: admin).headers["etag"])
        let body = "{\"alert_thresholds\":{\"pool_utilisation\":80}}"
        let set = try await world.must(200, "PUT", path, as: admin, body, headers: ["If-Match": tag])
        #expect(set["data.alert_thresholds.pool_utilisation"]?.integer == 80)
        let read = try await world.must(200, "GET", path, as: admin)
        #expect(read["data.alert_thresholds.pool_utilisation"]?.integer == 80)
        let now = try #require(read.headers["etag"])
        for wrong in ["{\"x\":0}", "{\"x\":101}", "{\"x\":\"1\"}", "[]", "{\"Not a name\":5}"] {
            let answer = try await world.send(
                "PUT",
                path,
                as: admin,
                "{\"alert_thresholds\":\(wrong)}",
                headers: ["If-Match": now]
            )
            #expect(answer.status == 400, "\(wrong)")
        }
    }

    @Test(.proves("TEN-08", "TEN-14")) func `whoever signs in sees whose page it is, and nothing of who is a tenant`()
        async throws
    {
        let world = try await GatewayWorld.shared()
        let top = try await world.person(.superAdmin)
        let path = "/api/v1/tenants/\(world.reseller)/settings"
        let tag = try #require(try await world.must(200, "GET", path, as: top).headers["etag"])
        let body =
            "{\"display_name\":\"Corner Shop\",\"primary_colour\":\"#aa0011\",\"logo_url\":\"https://other.example/logo.svg\",\"support_email\":\"a@b.example\"}"
        _ = try await world.must(200, "PUT", path, as: top, body, headers: ["If-Match": tag])
        let shown = try await world.send("GET", "/api/v1/branding?tenant=shop")
        #expect(shown.status == 200)
        #expect(shown["data.display_name"]?.text == "Corner Shop" && shown["data.primary_colour"]?.text == "#aa0011")
        // Of another host: the pages would not show it.
        #expect(shown["data.logo_url"]?.text == nil)
        #expect(!shown.text.contains("b.example"))
        #expect(try await world.send("GET", "/api/v1/branding", headers: ["X-Tenant-ID": "shop"]).text == shown.text)
        let nobody = try await world.send("GET", "/api/v1/branding?tenant=nobody")
        let plain = try await world.send("GET", "/api/v1/branding?tenant=two")
        #expect(nobody.status == 200 && nobody.text == plain.text)
    }

    @Test func `a logo is shown from the host itself alone`() {
        func path(_ url: String?) -> String? { BrandingRoutes.logo(url, host: "shop.isp.example") }
        #expect(path("https://shop.isp.example/assets/logo.svg") == "/assets/logo.svg")
        for other in [
            nil, "https://shop.isp.example.evil.example/x", "https://isp.example/x", "http://shop.isp.example/x",
            "https://shop.isp.example:444/x", "//shop.isp.example/x",
        ] { #expect(path(other) == nil, "\(other ?? "none")") }
        #expect(BrandingRoutes.logo("https://a/x", host: nil) == nil)
    }
}
