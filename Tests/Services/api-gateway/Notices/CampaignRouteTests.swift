import Domain
import Persistence
import Postgres
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

/// Announcements over HTTP: drafted, looked at, started once, and stopped again.
@Suite(.proves("NTF-02", "NTF-10")) struct CampaignRouteTests {
    private static let path = "/api/v1/notices/campaigns"

    private static func draft(_ tag: String, _ more: String = "") -> String {
        "{\"name\":\"Works\",\"texts\":{\"en\":{\"title\":\"Works <in> your street\",\"body\":\"On Tuesday.\"},"
            + "\"fr\":{\"title\":\"Travaux\",\"body\":\"Mardi.\"}},\"tags\":[\"\(tag)\"]\(more)}"
    }

    /// Customers of one tag that nobody else has.
    private static func customers(_ world: GatewayWorld, _ person: GatewayWorld.Person, _ count: Int) async throws
        -> String
    {
        let tag = "t\(world.parts.ids.uuid())"
        for number in 0..<count {
            let body =
                "{\"name\":\"Ann \(number)\",\"phone\":\"+1 555\",\"address\":\"Street 1\",\"tags\":[\"\(tag)\"],"
                + "\"email\":\"ann\(number)@example.net\"}"
            _ = try await world.must(201, "POST", "/api/v1/customers", as: person, body)
        }
        return tag
    }

    @Test func `it is drafted, changed by who saw the last version, and shows for whom it is and how it reads`()
        async throws
    {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let tag = try await Self.customers(world, admin, 4)
        let made = try await world.must(201, "POST", Self.path, as: admin, Self.draft(tag))
        let id = try #require(made["data.id"]?.text)
        let one = "\(Self.path)/\(id)"
        #expect(made["data.state"]?.text == "draft" && made["data.per_minute"]?.integer == 600)
        #expect(made["data.texts.fr.title"]?.text == "Travaux")
        let tag1 = try #require(made.headers["etag"])
        let change = "{\"channels\":[\"email\"],\"per_minute\":30,\"url\":\"https://bluewave.example/news\"}"
        let changed = try await world.must(200, "PATCH", one, as: admin, change, headers: ["If-Match": tag1])
        #expect(changed["data.per_minute"]?.integer == 30 && changed["data.texts.en.body"]?.text == "On Tuesday.")
        #expect(try await world.send("PATCH", one, as: admin, change, headers: ["If-Match": tag1]).status == 412)

        let seen = try await world.must(200, "POST", one + "/preview", as: admin)
        #expect(seen["data.recipients"]?.integer == 4 && seen["data.refusing"]?.integer == 0)
        let samples = seen.list("data.samples")
        #expect(samples.count == 3)
        #expect(ConventionTests.member(samples[0], "subject") == "Works <in> your street")
        #expect(ConventionTests.member(samples[0], "address")?.hasSuffix("@example.net") == true)
        #expect(ConventionTests.member(samples[0], "html")?.contains("Works <in>") == false)
        let viewer = try await world.person(.viewer)
        let masked = try await world.must(200, "POST", one + "/preview", as: viewer)
        for number in 0..<4 { #expect(!masked.text.contains("ann\(number)@")) }
        let count = try await world.superuser.query("SELECT count(*) FROM notices WHERE campaign_id = '\(id)'")
        #expect(count.first?[0].int == 0)
    }

    @Test func `it is started once, paused, resumed and cancelled, and nothing else`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let tag = try await Self.customers(world, admin, 2)
        let made = try await world.must(201, "POST", Self.path, as: admin, Self.draft(tag))
        let one = "\(Self.path)/\(try #require(made["data.id"]?.text))"
        func refused(_ act: String) async throws {
            let answer = try await world.send("POST", "\(one)/\(act)", as: admin)
            #expect(answer.status == 409 && answer["error.code"]?.text == "WRONG_STATE", "\(act): \(answer.text)")
        }
        for act in ["pause", "resume"] { try await refused(act) }
        for (act, state) in [("start", "running"), ("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")]
        {
            let answer = try await world.must(200, "POST", "\(one)/\(act)", as: admin)
            #expect(answer["data.state"]?.text == state && answer["data.targeted"]?.integer == 2)
            try await refused(act)
        }
        for act in ["start", "pause", "resume"] { try await refused(act) }
        let shown = try await world.must(200, "GET", one, as: admin)
        #expect(shown["data.ended_at"]?.text != nil && shown.list("data.notices").isEmpty)
        let version = try #require(shown.headers["etag"])
        let late = try await world.send("PATCH", one, as: admin, "{\"name\":\"x\"}", headers: ["If-Match": version])
        #expect(late.status == 409 && late["error.code"]?.text == "WRONG_STATE")
        let listed = try await world.must(200, "GET", Self.path + "?state=cancelled&limit=100", as: admin)
        #expect(listed.text.contains(try #require(made["data.id"]?.text)))
    }

    @Test func `one for nobody, or against the tenant's rule, is not started`() async throws {
        let world = try await GatewayWorld()
        let admin = try await world.person(.tenantAdmin)
        func started(_ tag: String) async throws -> Answer {
            let made = try await world.must(201, "POST", Self.path, as: admin, Self.draft(tag))
            return try await world.send(
                "POST",
                "\(Self.path)/\(try #require(made["data.id"]?.text))/start",
                as: admin
            )
        }
        let nobody = try await started("nobody")
        #expect(nobody.status == 409 && nobody["error.code"]?.text == "NO_RECIPIENTS", "\(nobody.text)")
        let running = try await world.superuser.query("SELECT count(*) FROM campaigns WHERE state <> 'draft'")
        #expect(running.first?[0].int == 0)
        let tag = try await Self.customers(world, admin, 1)
        let off = "{\"is_enabled\":false}"
        _ = try await world.must(200, "PUT", "/api/v1/notices/rules/announcement", as: admin, off)
        let ruled = try await started(tag)
        #expect(ruled.status == 409 && ruled["error.code"]?.text == "RULE_IS_OFF", "\(ruled.text)")
        try await world.close()
    }

    @Test func `what could not be told is refused, and who may only read drafts and starts nothing`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        for wrong in [
            "{\"name\":\"x\"}", Self.draft("t", ",\"language\":\"de\""), Self.draft("t", ",\"channels\":[\"slack\"]"),
            Self.draft("t", ",\"channels\":[]"), Self.draft("t", ",\"per_minute\":0"), Self.draft("a b"),
            Self.draft("t", ",\"url\":\"javascript:alert(1)\""), Self.draft("t", ",\"statuses\":[]"),
            Self.draft("t").replacing("\"title\":\"Travaux\",", with: ""),
            Self.draft("t").replacing("Mardi.", with: String(repeating: "x", count: 8_001)),
            Self.draft("t").replacing("\"fr\"", with: "\"French\""),
        ] {
            let answer = try await world.send("POST", Self.path, as: admin, wrong)
            #expect(answer.status == 400, "\(wrong.prefix(200)): \(answer.text)")
        }
        let viewer = try await world.person(.viewer)
        #expect(try await world.send("POST", Self.path, as: viewer, Self.draft("t")).status == 403)
        let made = try await world.must(201, "POST", Self.path, as: admin, Self.draft("t"))
        let one = "\(Self.path)/\(try #require(made["data.id"]?.text))"
        #expect(try await world.send("POST", one + "/start", as: viewer).status == 403)
        #expect(try await world.send("GET", one, as: viewer).status == 200)
    }

    @Test(.proves("IAM-20")) func `another tenant's does not exist`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let stranger = try await world.person(.tenantAdmin, in: world.two)
        let made = try await world.must(201, "POST", Self.path, as: admin, Self.draft("t"))
        let id = try #require(made["data.id"]?.text)
        let one = "\(Self.path)/\(id)"
        for (method, target) in [
            ("GET", one), ("POST", one + "/preview"), ("POST", one + "/start"), ("POST", one + "/cancel"),
        ] {
            #expect(try await world.send(method, target, as: stranger).status == 404, "\(method) \(target)")
        }
        let patched = try await world.send("PATCH", one, as: stranger, "{}", headers: ["If-Match": "\"1\""])
        #expect(patched.status == 404)
        let listed = try await world.must(200, "GET", Self.path + "?limit=100", as: stranger)
        #expect(!listed.text.contains(id))
    }
}
