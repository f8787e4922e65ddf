import Domain
import Notices
import Persistence
import Postgres
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

/// How people want to be told, what they read in the pages, and how they end it.
@Suite(.proves("NTF-07")) struct NoticeConsentTests {
    @Test func `preferences are one's own, and staff sets a customer's on the record`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let customer = try await world.customer(as: admin, "Ann")
        let himself = try await world.person(.customer, customer: CustomerID(customer))
        let mine = "/api/v1/me/notice-preferences"
        let body =
            "{\"language\":\"fr\",\"time_zone\":\"Europe/Paris\",\"quiet_from\":\"22:00\",\"quiet_until\":\"07:30\","
            + "\"channels\":[\"sms\",\"email\"],\"refused\":[\"news\"]}"
        let set = try await world.must(200, "PUT", mine, as: himself, body)
        #expect(set["data.quiet_until"]?.text == "07:30" && set["data.recipient_id"]?.text == customer)
        let theirs = "/api/v1/customers/\(customer)/notice-preferences"
        #expect(try await world.must(200, "GET", theirs, as: admin)["data.language"]?.text == "fr")
        let cleared = try await world.must(200, "PUT", theirs, as: admin, "{}")
        #expect(cleared["data.quiet_from"]?.isNull == true && cleared.text.contains("\"refused\":[]"))
        for wrong in [
            "{\"quiet_from\":\"22:00\"}", "{\"quiet_from\":\"22:00\",\"quiet_until\":\"22:00\"}",
            "{\"time_zone\":\"Mars/Base\"}", "{\"refused\":[\"security\"]}", "{\"channels\":[\"slack\"]}",
            "{\"language\":\"French\"}",
        ] {
            #expect(try await world.send("PUT", mine, as: himself, wrong).status == 400, "\(wrong)")
        }
        // A user who is no customer has his own.
        let own = try await world.must(200, "GET", mine, as: admin)
        #expect(own["data.recipient_kind"]?.text == "user")
    }

    @Test func `what is told in the pages is counted until it is read, and is nobody else's`() async throws {
        let world = try await GatewayWorld.shared()
        let (admin, other) = (try await world.person(.tenantAdmin), try await world.person(.tenantAdmin))
        for number in 0..<3 {
            try await world.superuser.query(
                """
                INSERT INTO notices (tenant_id, cause, kind, channel, recipient_kind, recipient_id, language, state, ended_at, expires_at)
                VALUES ('\(admin.user.tenantID)', 'event:\(admin.user.id):\(number)', 'test', 'in_app', 'user', '\(admin.user.id)', 'en',
                    'sent', now(), now() + interval '1 day')
                """
            )
        }
        let count = "/api/v1/me/notices/unread"
        #expect(try await world.must(200, "GET", count, as: admin)["data.unread"]?.integer == 3)
        #expect(try await world.must(200, "GET", count, as: other)["data.unread"]?.integer == 0)
        let rows = try await world.must(200, "GET", "/api/v1/me/notices?unread=true", as: admin).rows
        let id = try #require(rows.first?["id"]?.text)
        #expect(try await world.send("POST", "/api/v1/me/notices/\(id)/read", as: other).status == 404)
        let left = try await world.must(200, "POST", "/api/v1/me/notices/\(id)/read", as: admin)
        #expect(left["data.unread"]?.integer == 2)
        let none = try await world.must(200, "POST", "/api/v1/me/notices/read", as: admin)
        #expect(none["data.unread"]?.integer == 0)
        #expect(try await world.must(200, "GET", "/api/v1/me/notices", as: admin).rows.count == 3)
    }

    @Test func `a signed link ends news at an address, by POST alone, as often as it is pressed`() async throws {
        let world = try await GatewayWorld.shared()
        let tenant = world.one
        let digest = NoticeAddress.digest(.email, "Ann\(world.parts.ids.uuid())@Example.net")
        let wish = UnsubscribeWish(tenantID: tenant, digest: digest, category: .news)
        let token = try #require(world.parts.notices.unsubscribing.token(wish))
        let target = "/api/v1/notices/unsubscribe?token=\(token)"
        func stored() async throws -> [String?] {
            try await world.superuser.query(
                "SELECT category FROM notice_suppressions WHERE tenant_id = $1 AND digest = $2",
                [.id(tenant), .bytea(digest)]
            ).map { $0["category"].text }
        }
        let page = try await world.send("GET", target)
        #expect(page.status == 200)
        #expect(page.text.contains("<form method=\"post\">"))
        #expect(page.headers["content-security-policy"]?.contains("default-src 'none'") == true)
        #expect(try await stored().isEmpty)
        for _ in 0..<2 { #expect(try await world.send("POST", target).status == 200) }
        #expect(try await stored() == ["news"])
        let forged = String(token.dropLast(4)) + (token.hasSuffix("AAAA") ? "BBBB" : "AAAA")
        for wrong in [forged, "x", String(token.dropLast(8))] {
            let answer = try await world.send("POST", "/api/v1/notices/unsubscribe?token=\(wrong)")
            #expect(answer.status == 404, "\(wrong)")
        }
        #expect(
            world.parts.notices.unsubscribing.token(
                UnsubscribeWish(tenantID: tenant, digest: digest, category: .security)
            ) == nil
        )
    }

    @Test func `an address that is suppressed by hand is known by its digest and taken off again`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let address = "bob\(world.parts.ids.uuid())@example.net"
        let body = "{\"channel\":\"email\",\"address\":\"\(address)\"}"
        let path = "/api/v1/notices/suppressions"
        let digest = try #require(
            try await world.must(200, "POST", path, as: admin, body).rows.first?["digest"]?.text
        )
        let listed = try await world.must(200, "GET", path + "?limit=100", as: admin)
        #expect(listed.rows.contains { $0["digest"]?.text == digest } && !listed.text.contains(address))
        let removed = try await world.must(200, "POST", path + "/remove", as: admin, body)
        #expect(removed.rows.first?["reason"]?.text == "manual")
        #expect(try await world.must(200, "POST", path + "/remove", as: admin, body).rows.isEmpty)
    }
}
