import Domain
import Notices
import Persistence
import Postgres
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

/// Who carries notices, which are told, in which words, and what became of them, over HTTP.
@Suite(.proves("NTF-01", "NTF-02", "NTF-03", "NTF-04", "NTF-07")) struct NoticeRouteTests {
    private static let path = "/api/v1/notices"

    private static func smtp(_ name: String, _ more: String = "") -> String {
        "{\"channel\":\"email\",\"kind\":\"smtp\",\"name\":\"\(name)\",\"settings\":{\"host\":\"mail.example.net\","
            + "\"port\":587,\"security\":\"starttls\",\"from\":\"isp@example.net\"},"
            + "\"secrets\":{\"password\":\"korrekt-horse\"}\(more)}"
    }

    /// A row of the log as the notifier would have left it.
    private static func planted(
        _ world: GatewayWorld,
        _ tenant: TenantID,
        state: String,
        kind: String = "wallet_low",
        channel: String = "email",
        to recipient: UUID128? = nil
    ) async throws -> String {
        let id = world.parts.ids.uuid().description
        let isOpen = state == "queued" || state == "held"
        try await world.superuser.query(
            """
            INSERT INTO notices (tenant_id, id, cause, kind, channel, recipient_kind, recipient_id, address, language, state, reason,
                next_at, ended_at, expires_at)
            VALUES ('\(tenant)', '\(id)', 'event:\(id)', '\(kind)', '\(channel)', 'user', '\((recipient ?? world.parts.ids.uuid()))',
                'ann@example.net', 'en', '\(state)', 'away', \(isOpen ? "now() + interval '1 hour'" : "NULL"),
                \(isOpen ? "NULL" : "now()"), now() + interval '1 day')
            """
        )
        return id
    }

    @Test func `an account's secrets go in and come out nowhere`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let name = "mail \(world.parts.ids.uuid())"
        let made = try await world.must(201, "POST", Self.path + "/providers", as: admin, Self.smtp(name))
        let id = try #require(made["data.id"]?.text)
        #expect(made["data.settings.port"]?.integer == 587)
        let one = "\(Self.path)/providers/\(id)"
        let shown = try await world.must(200, "GET", one, as: admin)
        let listed = try await world.must(200, "GET", Self.path + "/providers", as: admin)
        let log = try await world.must(200, "GET", "/api/v1/audit-logs?resource_type=notice_provider", as: admin)
        for answer in [made, shown, listed, log] { #expect(!answer.text.contains("korrekt")) }
        let sealed = try await world.superuser.query(
            "SELECT sealed_secrets, tenant_id FROM notice_providers WHERE id = '\(id)'"
        )
        let bytes = try #require(sealed.first?["sealed_secrets"].bytes)
        let provider = try #require(UUID128(id))
        let tenant = admin.user.tenantID
        let opened = try world.parts.notices.secrets.open(bytes, of: provider, tenant: tenant)
        #expect(opened == ["password": "korrekt-horse"])
        // Without secrets they stay; another version is refused.
        let tag = try #require(shown.headers["etag"])
        let body = "{\"position\":5}"
        let changed = try await world.must(200, "PATCH", one, as: admin, body, headers: ["If-Match": tag])
        #expect(changed["data.position"]?.integer == 5)
        #expect(try await world.send("PATCH", one, as: admin, body, headers: ["If-Match": tag]).status == 412)
        let after = try await world.superuser.query("SELECT sealed_secrets FROM notice_providers WHERE id = '\(id)'")
        #expect(after.first?["sealed_secrets"].bytes == bytes)
        let queued = try await world.must(202, "POST", one + "/test", as: admin, "{}")
        #expect(queued["data.kind"]?.text == "test" && queued["data.address"]?.text == admin.user.email)
        #expect(try await world.send("DELETE", one, as: admin).status == 204)
        #expect(try await world.send("GET", one, as: admin).status == 404)
    }

    @Test(.proves("SEC-01")) func `secrets that were given for one place are not sent to another`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let draft = Self.smtp("mail \(world.parts.ids.uuid())")
        let made = try await world.must(201, "POST", Self.path + "/providers", as: admin, draft)
        let one = "\(Self.path)/providers/\(try #require(made["data.id"]?.text))"
        func patch(_ body: String) async throws -> Answer {
            let tag = try #require(try await world.must(200, "GET", one, as: admin).headers["etag"])
            return try await world.send("PATCH", one, as: admin, body, headers: ["If-Match": tag])
        }
        let settings =
            "{\"host\":\"mail.example.net\",\"port\":587,\"security\":\"starttls\",\"from\":\"isp@example.net\"}"
        for elsewhere in [
            settings.replacing("mail.", with: "evil."), settings.replacing("587", with: "2525"),
            settings.replacing("starttls", with: "none"),
        ] {
            let answer = try await patch("{\"settings\":\(elsewhere)}")
            #expect(answer.status == 400 && answer.text.contains("/secrets"), "\(elsewhere): \(answer.text)")
            let given = try await patch("{\"settings\":\(elsewhere),\"secrets\":{\"password\":\"another\"}}")
            #expect(given.status == 200, "\(given.text)")
            let back = try await patch("{\"settings\":\(settings),\"secrets\":{\"password\":\"another\"}}")
            #expect(back.status == 200, "\(back.text)")
        }
        let renamed = try await patch("{\"settings\":\(settings.replacing("isp@", with: "billing@"))}")
        #expect(renamed.status == 200, "\(renamed.text)")
    }

    @Test func `settings that no provider could use are refused without being repeated`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        for wrong in [
            Self.smtp("x").replacing("587", with: "0"), Self.smtp("x").replacing("starttls", with: "maybe"),
            Self.smtp("x").replacing("\"smtp\"", with: "\"twilio\""),
            Self.smtp("x").replacing("\"host\"", with: "\"korrekt\""),
            Self.smtp("x").replacing("\"password\"", with: "\"korrekt\""),
            Self.smtp("x").replacing("isp@example.net", with: "korrekt"),
        ] {
            let answer = try await world.send("POST", Self.path + "/providers", as: admin, wrong)
            #expect(answer.status == 400 && !answer.text.contains("korrekt-horse"), "\(wrong): \(answer.text)")
        }
    }

    @Test func `a rule is what holds by default until a tenant says otherwise, and again when it takes that back`()
        async throws
    {
        let world = try await GatewayWorld()
        let admin = try await world.person(.tenantAdmin)
        func rule(_ kind: String) async throws -> JSONRow? {
            try await world.must(200, "GET", Self.path + "/rules", as: admin).rows.first { $0["kind"]?.text == kind }
        }
        let rules = try await world.must(200, "GET", Self.path + "/rules", as: admin).rows
        #expect(Set(rules.compactMap { $0["kind"]?.text }) == Set(NoticeKind.allCases.map(\.rawValue)))
        let before = try await rule("wallet_low")
        _ = try await world.must(
            200,
            "PUT",
            Self.path + "/rules/wallet_low",
            as: admin,
            "{\"is_enabled\":false,\"channels\":[\"sms\"]}"
        )
        let own = try #require(try await rule("wallet_low"))
        #expect(own["is_enabled"] == .bool(false) && own["is_own"] == .bool(true))
        for wrong in [
            ("reset_password", "{\"is_enabled\":false}"), ("wallet_low", "{\"channels\":[\"slack\"]}"),
            ("wallet_low", "{\"channels\":[\"sms\",\"sms\"]}"), ("wallet_low", "{\"roles\":[\"support\"]}"),
        ] {
            let answer = try await world.send("PUT", "\(Self.path)/rules/\(wrong.0)", as: admin, wrong.1)
            #expect(answer.status == 400, "\(wrong): \(answer.text)")
        }
        #expect(try await world.send("PUT", Self.path + "/rules/nothing", as: admin, "{}").status == 404)
        _ = try await world.must(200, "DELETE", Self.path + "/rules/wallet_low", as: admin)
        #expect(try await rule("wallet_low") == before)
        try await world.close()
    }

    @Test func `words are versions of which one is used, and going back to the product's keeps them`() async throws {
        let world = try await GatewayWorld()
        let admin = try await world.person(.tenantAdmin)
        let place = Self.path + "/templates/wallet_low/sms/fr"
        for text in ["Un", "Deux"] {
            _ = try await world.must(200, "PUT", place, as: admin, "{\"text\":\"\(text)\"}")
        }
        let chain = try await world.must(200, "GET", place, as: admin).rows
        #expect(chain.first?["text"]?.text == "Deux" && chain.first?["source"]?.text == "own")
        #expect(chain.contains { $0["source"]?.text == "product" && $0["language"]?.text == "en" })
        let preview = try await world.must(200, "POST", place + "/preview", as: admin, "{}")
        #expect(preview["data.text"]?.text == "Deux")
        let draft = try await world.must(200, "POST", place + "/preview", as: admin, "{\"text\":\"Trois\"}")
        #expect(draft["data.text"]?.text == "Trois")
        _ = try await world.must(200, "POST", place + "/revert", as: admin, "{\"version\":1}")
        let first = try await world.must(200, "GET", place, as: admin).rows.first
        #expect(first?["text"]?.text == "Un")
        #expect(try await world.send("POST", place + "/revert", as: admin, "{\"version\":9}").status == 404)
        // What was refused changed nothing.
        #expect(try await world.must(200, "GET", place, as: admin).rows.first?["text"]?.text == "Un")
        _ = try await world.must(200, "POST", place + "/revert", as: admin, "{}")
        let links = try await world.must(200, "GET", place, as: admin).rows
        #expect(!links.contains { $0["source"]?.text == "own" })
        let versions = try await world.must(200, "GET", place + "/versions", as: admin).rows
        #expect(versions.map { $0["version"]?.integer } == [2, 1])
        let mail = Self.path + "/templates/wallet_low/email/fr"
        #expect(try await world.send("PUT", mail, as: admin, "{\"text\":\"without a subject\"}").status == 400)
        #expect(try await world.send("PUT", place, as: admin, "{\"text\":\"x\",\"html\":\"<b>x</b>\"}").status == 400)
        try await world.close()
    }

    @Test func `the log is filtered, masked for who does not manage, and what failed is told once more`() async throws {
        let world = try await GatewayWorld()
        let admin = try await world.person(.tenantAdmin)
        let support = try await world.person(.support)
        let tenant = admin.user.tenantID
        let failed = try await Self.planted(world, tenant, state: "failed")
        let held = try await Self.planted(world, tenant, state: "held")
        let secret = try await Self.planted(world, tenant, state: "unknown", kind: "reset_password")
        let listed = try await world.must(200, "GET", Self.path + "?state=failed", as: admin).rows
        #expect(listed.map { $0["id"]?.text } == [failed])
        #expect(listed.first?["address"]?.text == "ann@example.net")
        let masked = try await world.must(200, "GET", "\(Self.path)/\(failed)", as: support)
        #expect(masked["data.address"]?.text == "a•••@example.net" && !masked.text.contains("ann@"))
        #expect(try await world.send("POST", "\(Self.path)/\(failed)/resend", as: support).status == 403)
        let again = try await world.must(202, "POST", "\(Self.path)/\(failed)/resend", as: admin)
        #expect(again["data.resend_of"]?.text == failed && again["data.state"]?.text == "queued")
        #expect(try await world.send("POST", "\(Self.path)/\(secret)/resend", as: admin).status == 409)
        #expect(try await world.send("POST", "\(Self.path)/\(held)/resend", as: admin).status == 409)
        let cancelled = try await world.must(200, "POST", "\(Self.path)/\(held)/cancel", as: admin)
        #expect(cancelled["data.state"]?.text == "cancelled")
        #expect(try await world.send("POST", "\(Self.path)/\(failed)/cancel", as: admin).status == 409)
        // Nobody beside sees it.
        let stranger = try await world.person(.tenantAdmin, in: world.two == tenant ? world.one : world.two)
        #expect(try await world.send("GET", "\(Self.path)/\(failed)", as: stranger).status == 404)
        #expect(try await world.send("POST", "\(Self.path)/\(failed)/resend", as: stranger).status == 404)
        try await world.close()
    }
}
