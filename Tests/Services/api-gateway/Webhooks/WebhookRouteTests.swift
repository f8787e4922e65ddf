import Domain
import Persistence
import SharedTesting
import Testing
import WebhookSigning
import WireFormat

@testable import APIGateway

/// Webhooks over HTTP.
@Suite(.proves("PLT-25")) struct WebhookRouteTests {
    private static let path = "/api/v1/webhooks"

    private func make(_ plot: Plot, _ more: String = "") async throws -> Answer {
        try await plot.world.must(
            201,
            "POST",
            Self.path,
            as: plot.admin,
            "{\"url\":\"https://hooks.example.net/x\",\"events\":[\"session.*\"]\(more)}"
        )
    }

    private func tag(_ answer: Answer) throws -> [String: String] {
        ["If-Match": try #require(answer.headers["etag"])]
    }

    @Test(.proves("SEC-01")) func `a secret is told once, sealed, and another when it is rotated`() async throws {
        let plot = try await Plot(try await GatewayWorld.shared())
        let made = try await make(plot, ",\"ed25519\":true")
        let secret = try #require(made["data.secret"]?.text)
        let id = try #require(made["data.webhook.id"]?.text)
        #expect(WebhookSecret(secret) != nil && made["data.webhook.public_key"]?.text?.hasPrefix("whpk_") == true)
        let rotated = try await plot.world.must(
            200,
            "POST",
            "\(Self.path)/\(id)/rotate",
            as: plot.admin,
            "{\"overlap_seconds\":60}"
        )
        let other = try #require(rotated["data.secret"]?.text)
        #expect(other != secret && rotated["data.webhook.previous_secret_until"]?.text != nil)
        for target in [Self.path, "\(Self.path)/\(id)", "/api/v1/audit-logs?resource_id=\(id)"] {
            let answer = try await plot.send("GET", target)
            #expect(answer.status == 200 && answer.text.contains(id), "\(target): \(answer.text)")
            #expect(!answer.text.contains(secret) && !answer.text.contains(other), "\(target)")
        }
    }

    @Test func `an endpoint is changed by its version, disabled, enabled and removed`() async throws {
        let plot = try await Plot(try await GatewayWorld.shared())
        let made = try await make(plot)
        let target = "\(Self.path)/\(try #require(made["data.webhook.id"]?.text))"
        let off = try await plot.send("PATCH", target, ["is_enabled": .bool(false)], headers: try tag(made))
        #expect(off.status == 200 && off["data.disabled_reason"]?.text == "manual", "\(off.text)")
        #expect(try await plot.send("PATCH", target, ["description": .text("x")], headers: try tag(made)).status == 412)
        let on = try await plot.world.must(200, "POST", target + "/enable", as: plot.admin)
        #expect(on["data.is_enabled"]?.bool == true && on["data.disabled_reason"] == .null)
        let tested = try await plot.world.must(202, "POST", target + "/test", as: plot.admin)
        #expect(tested["data.kind"]?.text == "webhook.test" && tested["data.is_test"]?.bool == true)
        let listed = try await plot.world.must(200, "GET", target + "/deliveries", as: plot.admin)
        #expect(listed.list("data").count == 1)
        let delivery = try #require(tested["data.id"]?.text)
        let one = try await plot.world.must(200, "GET", "/api/v1/webhook-deliveries/\(delivery)", as: plot.admin)
        #expect(one["data.delivery.state"]?.text == "pending")
        let early = try await plot.world.send(
            "POST",
            "/api/v1/webhook-deliveries/\(delivery)/redeliver",
            as: plot.admin
        )
        #expect(early.status == 409 && early["error.code"]?.text == "DELIVERY_UNDER_WAY")
        try await plot.sql(
            "UPDATE webhook_deliveries SET state = 'delivered', next_at = NULL, ended_at = now() WHERE id = '\(delivery)'"
        )
        let again = try await plot.world.must(
            202,
            "POST",
            "/api/v1/webhook-deliveries/\(delivery)/redeliver",
            as: plot.admin
        )
        #expect(again["data.state"]?.text == "pending" && again["data.attempts"]?.integer == 0)
        let latest = try await plot.send("GET", target)
        #expect(try await plot.send("DELETE", target, headers: try tag(latest)).status == 204)
        #expect(try await plot.send("GET", target).status == 404)
    }

    @Test func `one replay at a time, and it can be cancelled`() async throws {
        let plot = try await Plot(try await GatewayWorld.shared())
        let target = "\(Self.path)/\(try #require(try await make(plot)["data.webhook.id"]?.text))/replays"
        for body in ["{}", "{\"from_sequence\":1,\"from_time\":\"2026-11-20T10:00:00Z\"}", "{\"from_sequence\":0}"] {
            #expect(try await plot.world.send("POST", target, as: plot.admin, body).status == 400, "\(body)")
        }
        let replay = try await plot.world.must(202, "POST", target, as: plot.admin, "{\"from_sequence\":5}")
        let second = try await plot.world.send("POST", target, as: plot.admin, "{\"from_sequence\":6}")
        #expect(second.status == 409 && second["error.code"]?.text == "REPLAY_UNDER_WAY")
        let id = try #require(replay["data.id"]?.text)
        let over = try await plot.world.must(200, "POST", "/api/v1/webhook-replays/\(id)/cancel", as: plot.admin)
        #expect(over["data.state"]?.text == "cancelled")
        #expect(try await plot.world.must(200, "GET", target, as: plot.admin).list("data").count == 1)
    }

    @Test(
        .proves("SEC-04"),
        arguments: [
            "https://127.0.0.1/", "https://169.254.169.254/", "http://example.net/", "https://user:pass@example.net/",
            "https://redis/", "https://[::1]/", "https://example.net:22/",
        ]
    )
    func `a place that may not be reached is refused`(url: String) async throws {
        let plot = try await Plot(try await GatewayWorld.shared())
        let answer = try await plot.world.send(
            "POST",
            Self.path,
            as: plot.admin,
            "{\"url\":\"\(url)\",\"events\":[\"*\"]}"
        )
        #expect(answer.status == 400, "\(answer.text)")
    }

    @Test(.proves("IAM-20")) func `nobody has sent what he may not see, nor allows what the operator alone may`()
        async throws
    {
        let plot = try await Plot(try await GatewayWorld.shared())
        for more in [",\"allow_private\":true"] {
            let answer = try await plot.world.send(
                "POST",
                Self.path,
                as: plot.admin,
                "{\"url\":\"https://hooks.example.net/x\",\"events\":[\"session.*\"]\(more)}"
            )
            #expect(answer.status == 403, "\(answer.text)")
        }
        let provider = try await plot.world.person(.provider, in: plot.tenant)
        let revealing = try await plot.world.send(
            "POST",
            Self.path,
            as: provider,
            "{\"url\":\"https://hooks.example.net/x\",\"events\":[\"session.*\"],\"reveal_people\":true}"
        )
        #expect(revealing.status == 403, "\(revealing.text)")
        let nobody = try await plot.world.send(
            "POST",
            Self.path,
            as: plot.admin,
            "{\"url\":\"https://hooks.example.net/x\",\"events\":[\"messaging.*\"]}"
        )
        #expect(nobody.status == 400, "\(nobody.text)")
    }

    @Test(.proves("IAM-20")) func `nobody leads elsewhere what others had sent and he may not see`() async throws {
        let plot = try await Plot(try await GatewayWorld.shared())
        let id = try #require(try await make(plot, ",\"reveal_people\":true")["data.webhook.id"]?.text)
        let provider = try await plot.world.person(.provider, in: plot.tenant)
        for (body, status) in [
            ("{\"url\":\"https://elsewhere.example.net/x\"}", 403), ("{\"description\":\"theirs\"}", 200),
        ] {
            let tag = try tag(
                try await plot.world.must(200, "GET", "\(Self.path)/\(id)", as: plot.admin)
            )
            let answer = try await plot.world.send("PATCH", "\(Self.path)/\(id)", as: provider, body, headers: tag)
            #expect(answer.status == status, "\(answer.text)")
        }
    }

    @Test(.proves("TEN-03")) func `another tenant's webhooks are as if they were not there`() async throws {
        let world = try await GatewayWorld.shared()
        let (mine, theirs) = (try await Plot(world), try await Plot(world))
        let id = try #require(try await make(theirs)["data.webhook.id"]?.text)
        let target = "\(Self.path)/\(id)"
        #expect(try await !mine.send("GET", Self.path).text.contains(id))
        for (method, path, body) in [
            ("GET", target, nil), ("GET", target + "/deliveries", nil), ("GET", target + "/replays", nil),
            ("POST", target + "/enable", nil), ("POST", target + "/test", nil), ("POST", target + "/rotate", "{}"),
            ("POST", target + "/replays", "{\"from_sequence\":1}"), ("PATCH", target, "{\"description\":\"x\"}"),
            ("DELETE", target, nil),
        ] as [(String, String, String?)] {
            let answer = try await world.send(method, path, as: mine.admin, body, headers: ["If-Match": "\"1\""])
            #expect(answer.status == 404, "\(method) \(path): \(answer.text)")
        }
    }

    /// What goes out is what somebody may watch: a domain that nobody may watch is in no webhook.
    @Test func `every domain that goes out has a permission in the live tail`() {
        for domain in WebhookFilter.domains {
            #expect(LiveScope.permission(for: domain + ".any") != nil, "\(domain)")
        }
    }
}
