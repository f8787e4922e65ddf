import Domain
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

/// Devices over HTTP.
@Suite struct DeviceRouteTests {
    private func tag(_ answer: Answer) throws -> [String: String] {
        ["If-Match": try #require(answer.headers["etag"])]
    }

    @Test(.proves("DEV-01", "DEV-02", "MTK-01", "SEC-01"))
    func `a device's password goes in, is sealed, and comes out nowhere`() async throws {
        let plot = try await Plot(try await GatewayWorld.shared(), customers: 1, plans: 1)
        let secret = "hush-\(Plot.number())-hush"
        let made = try await plot.world.must(
            201,
            "POST",
            "/api/v1/devices",
            as: plot.admin,
            """
            {"name":"core","kind":"router","vendor":"mikrotik","host":"CORE.example.net","username":"nexora","password":"\(secret)"}
            """
        )
        #expect(made["data.port"]?.integer == 8_728 && made["data.host"]?.text == "core.example.net")
        #expect(made["data.status"]?.text == "unknown" && made["data.last_seen_at"] == .null)
        #expect(made["data.credentials_set_at"]?.text != nil)
        let id = try #require(made["data.id"]?.text)
        let target = "/api/v1/devices/\(id)"
        let renamed = try await plot.send("PATCH", target, ["name": .text("core-1")], headers: try tag(made))
        #expect(renamed["data.credentials_set_at"] == made["data.credentials_set_at"], "\(renamed.text)")
        for answer in [
            made, renamed, try await plot.send("GET", target),
            try await plot.send("GET", "/api/v1/devices?filter=\("kind:eq:router".encodedForQuery)"),
            try await plot.send("GET", "/api/v1/devices/export?format=ndjson"),
            try await plot.send("GET", "/api/v1/audit-logs?resource_id=\(id)"),
        ] {
            #expect((200...201).contains(answer.status) && answer.text.contains(id), "\(answer.text)")
            #expect(!answer.text.contains(secret) && !answer.text.contains("\"password\""))
        }
        let stored = try await plot.texts("SELECT encode(password, 'escape') FROM devices WHERE id = '\(id)'")
        #expect(stored.count == 1 && !stored[0].contains(secret))
        let cleared = try await plot.send("PATCH", target, ["password": .null], headers: try tag(renamed))
        #expect(cleared["data.credentials_set_at"] == .null, "\(cleared.text)")
    }

    @Test(.proves("DEV-04")) func `what hangs on a device is named by whoever may not remove it`() async throws {
        let plot = try await Plot(try await GatewayWorld.shared(), customers: 1, plans: 1)
        let top = try await plot.world.device(as: plot.admin, "top")
        _ = try await plot.world.must(
            201,
            "POST",
            "/api/v1/devices",
            as: plot.admin,
            "{\"name\":\"leaf\",\"kind\":\"ap\",\"host\":\"2001:db8::1\",\"parent_id\":\"\(top)\"}"
        )
        let answer = try await plot.send("GET", "/api/v1/devices/\(top)")
        let refused = try await plot.send("DELETE", "/api/v1/devices/\(top)", headers: try tag(answer))
        #expect(refused.status == 409 && refused["error.code"]?.text == "STILL_REFERENCED")
        #expect(refused.text.contains("leaf"))
    }

    @Test(.proves("DEV-03", "DEV-05")) func `a check shows at once, and does not stand in the way of a change`()
        async throws
    {
        let plot = try await Plot(try await GatewayWorld.shared(), customers: 1, plans: 1)
        let id = try await plot.world.device(as: plot.admin, "core")
        let target = "/api/v1/devices/\(id)"
        let before = try await plot.send("GET", target)
        let known = ["If-None-Match": try #require(before.headers["etag"])]
        #expect(try await plot.send("GET", target, headers: known).status == 304)
        try await plot.sql(
            """
            UPDATE device_status SET status = 'online', status_since = now(), last_seen_at = now(), checked_at = now()
            WHERE device_id = '\(id)'
            """
        )
        let after = try await plot.send("GET", target, headers: known)
        #expect(after.status == 200 && after["data.status"]?.text == "online", "\(after.text)")
        #expect(after["data.version"] == before["data.version"])
        let online = "/api/v1/devices?filter=\("status:eq:online".encodedForQuery)"
        #expect(try await plot.rows(online).count == 1)
        #expect(try await plot.rows("/api/v1/devices?filter=\("status:eq:offline".encodedForQuery)").isEmpty)
        let changed = try await plot.send("PATCH", target, ["location": .text("Hill 7")], headers: try tag(before))
        #expect(changed.status == 200, "\(changed.text)")
        #expect(changed["data.status"]?.text == "online")
        let moved = try await plot.send("PATCH", target, ["host": .text("192.0.2.9")], headers: try tag(changed))
        #expect(moved["data.status"]?.text == "unknown", "\(moved.text)")
    }

    @Test(.proves("DEV-01")) func `hosts, fingerprints and kinds that are none are refused by their names`()
        async throws
    {
        let plot = try await Plot(try await GatewayWorld.shared(), customers: 1, plans: 1)
        for (member, value) in [
            ("host", "192.0.2.300"), ("host", "a b"), ("host", "0.0.0.0"), ("kind", "toaster"), ("vendor", "acme"),
            ("certificate_fingerprint", "abc"), ("password", ""), ("parent_id", "x"),
        ] {
            var body: JSONRow = ["name": .text("core"), "kind": .text("router"), "host": .text("192.0.2.1")]
            body[member] = .text(value)
            let answer = try await plot.send("POST", "/api/v1/devices", body)
            #expect(answer.status == 400 && answer.text.contains("/\(member)"), "\(member): \(answer.text)")
        }
    }
}
