import Domain
import Identity
import Persistence
import Postgres
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

/// What is held about a customer, and his end, over HTTP (SEC-09).
@Suite(.proves("SEC-09")) struct PersonalDataTests {
    /// A customer with a service, a note, a contact and a login, each under a word that nobody else has.
    private struct Person {
        let plot: Plot
        let word: String
        let id, code, service: String
        let himself: GatewayWorld.Person

        init(_ plot: Plot, _ word: String) async throws {
            let (world, admin) = (plot.world, plot.admin)
            let plan = try await world.plan(as: admin)
            let made = try await world.must(
                201,
                "POST",
                "/api/v1/subscribers",
                as: admin,
                """
                {"customer":{"name":"Name \(word)","phone":"+1 555 \(word)","address":"Street \(word)","email":"\(word)@example.org",\
                "notes":"Remark \(word)"},"service":{"plan_id":"\(plan)","username":"line-\(word)"}}
                """
            )
            self.plot = plot
            self.word = word
            id = try #require(made["data.customer.id"]?.text)
            code = try #require(made["data.customer.code"]?.text)
            service = try #require(made["data.service.id"]?.text)
            let path = "/api/v1/customers/\(id)"
            _ = try await world.must(201, "POST", "\(path)/notes", as: admin, "{\"text\":\"Note \(word)\"}")
            let contact = "{\"name\":\"Kin of \(word)\",\"phone\":\"+1 556\"}"
            _ = try await world.must(201, "POST", "\(path)/contacts", as: admin, contact)
            let customer = CustomerID(id)
            let user = try await world.user(.customer, "login-\(word)", in: plot.tenant, customer: customer)
            himself = try await world.signIn(user)
        }

        var path: String { "/api/v1/customers/\(id)" }

        func erase(confirm: String? = nil, reason: String = "asked in writing", headers: [String: String] = [:])
            async throws
            -> Answer
        {
            let body = "{\"confirm\":\"\(confirm ?? code)\",\"reason\":\"\(reason)\"}"
            return try await plot.world.send("POST", "\(path)/erase", as: plot.admin, body, headers: headers)
        }

        func terminate() async throws {
            let target = "/api/v1/services/\(service)"
            let tag = try #require(
                try await plot.world.must(200, "GET", target, as: plot.admin).headers["etag"]
            )
            let body = "{\"status\":\"terminated\"}"
            _ = try await plot.world.must(200, "PATCH", target, as: plot.admin, body, headers: ["If-Match": tag])
        }

        func trail() async throws -> [JSONRow] {
            try await plot.rows("/api/v1/audit-logs?resource_type=customer&resource_id=\(id)&limit=100")
        }
    }

    @Test func `the document holds what there is, no secret, and stands in the trail before it is shown`() async throws
    {
        let plot = try await Plot(try await GatewayWorld.shared())
        let ann = try await Person(plot, "exportann\(Plot.number())")
        _ = try await Person(plot, "exportbob\(Plot.number())")
        try await plot.world.superuser.query(
            """
            INSERT INTO notices (tenant_id, cause, kind, channel, recipient_kind, recipient_id, address, language, facts, sealed_facts, next_at,
                expires_at)
            VALUES ($1, 'export', 'welcome', 'sms', 'customer', $2::text::uuid, '+49170', 'en', '{"username": {"text": "line"}}',
                'very secret', now() + interval '1 h', now() + interval '1 day')
            """,
            [.id(plot.tenant), .text(ann.id)]
        )
        let wish = try await plot.world.send(
            "PUT",
            "\(ann.path)/notice-preferences",
            as: plot.admin,
            "{\"language\":\"fr\"}"
        )
        #expect(wish.status == 200)
        let answer = try await plot.world.must(200, "GET", "\(ann.path)/personal-data", as: plot.admin)
        #expect(
            answer["data.notices.rows.0.facts.username.text"]?.text == "line" && !answer.text.contains("very secret")
        )
        #expect(answer["data.notice_preferences.rows.0.language"]?.text == "fr")
        let name = "attachment; filename=\"personal-data-\(ann.id).json\""
        #expect(answer.headers["content-disposition"] == name)
        #expect(answer["data.customer.email"]?.text == "\(ann.word)@example.org")
        #expect(answer["data.customer.notes"]?.text == "Remark \(ann.word)")
        for part in [
            "contacts", "notes", "services", "service_history", "accounts", "logins", "sessions", "usage", "audit",
            "notices", "notice_preferences",
        ] {
            #expect(answer["data.\(part).limit"]?.integer == Int64(PersonalDataReader.limit), "\(part)")
            #expect(answer["data.\(part).is_truncated"]?.bool == false, "\(part)")
        }
        for part in ["contacts", "notes", "services", "accounts", "logins", "notices", "notice_preferences"] {
            #expect(answer.list("data.\(part).rows").count == 1, "\(part)")
        }
        #expect(answer.list("data.audit.rows").count >= 4)
        #expect(!answer.text.contains("exportbob") && !answer.text.contains("\"password\":\""))
        let entry = try #require(try await ann.trail().first)
        #expect(entry["action"]?.text == "export" && entry["actor_id"]?.text == plot.admin.user.id.description)

        // Somebody of another tenant, and who may not.
        let stranger = try await plot.world.person(.tenantAdmin, in: plot.world.two)
        let provider = try await plot.world.person(.provider, in: plot.tenant)
        for target in ["\(ann.path)/personal-data", "\(ann.path)/erasure"] {
            #expect(try await plot.world.send("GET", target, as: stranger).status == 404)
            #expect(try await plot.world.send("GET", target, as: provider).status == 403)
            #expect(try await plot.world.send("GET", target, as: ann.himself).status == 403)
        }
    }

    @Test func `a customer who was given the permission has his own data, without the house's remarks`() async throws {
        let plot = try await Plot(try await GatewayWorld.shared())
        let ann = try await Person(plot, "ownann\(Plot.number())")
        let bob = try await Person(plot, "ownbob\(Plot.number())")
        try await plot.sql(
            "UPDATE users SET granted = ARRAY['personal_data.export'] WHERE id = '\(ann.himself.user.id)'"
        )
        let answer = try await plot.world.must(200, "GET", "\(ann.path)/personal-data", as: ann.himself)
        #expect(answer["data.customer.name"]?.text == "Name \(ann.word)" && answer["data.customer.notes"] == nil)
        #expect(answer["data.notes"] == nil && answer["data.audit"] == nil)
        #expect(answer.list("data.services.rows").count == 1)
        #expect(try await plot.world.send("GET", "\(bob.path)/personal-data", as: ann.himself).status == 404)
    }

    @Test func `an erasure wants his code, a reason that names nobody, and no service`() async throws {
        let plot = try await Plot(try await GatewayWorld.shared())
        let ann = try await Person(plot, "refusedann\(Plot.number())")
        let preview = try await plot.world.must(200, "GET", "\(ann.path)/erasure", as: plot.admin)
        #expect(preview["data.is_ready"]?.bool == false && preview["data.living_services"]?.integer == 1)
        #expect(preview["data.notes"]?.integer == 1 && preview["data.accounts"]?.integer == 1)
        let inUse = try await ann.erase()
        #expect(inUse.status == 409 && inUse["error.code"]?.text == "CUSTOMER_IN_USE", "\(inUse.text)")
        try await ann.terminate()
        for body in [
            "{}", "{\"confirm\":\"\(ann.code)\"}", "{\"confirm\":\"\(ann.code)\",\"reason\":\"x\"}",
            "{\"confirm\":\"\(ann.code)\",\"reason\":\"asked\",\"force\":true}",
        ] {
            #expect(
                try await plot.world.send("POST", "\(ann.path)/erase", as: plot.admin, body).status == 400,
                "\(body)"
            )
        }
        let wrong = try await ann.erase(confirm: "C-of-nobody")
        #expect(wrong.status == 400 && wrong.text.contains("/confirm"))
        let naming = try await ann.erase(reason: "wish of \(ann.word)@example.org")
        #expect(naming.status == 400 && naming.text.contains("/reason") && !naming.text.contains(ann.word))
        let stranger = try await plot.world.person(.tenantAdmin, in: plot.world.two)
        let body = "{\"confirm\":\"\(ann.code)\",\"reason\":\"asked in writing\"}"
        #expect(try await plot.world.send("POST", "\(ann.path)/erase", as: stranger, body).status == 404)
        // Nothing of that changed anything.
        let still = try await plot.world.must(200, "GET", ann.path, as: plot.admin)
        #expect(still["data.name"]?.text == "Name \(ann.word)" && still["data.erased_at"]?.text == nil)
        #expect(
            try await plot.world.must(200, "GET", "\(ann.path)/erasure", as: plot.admin)["data.is_ready"]?.bool == true
        )
    }

    @Test(.proves("SEC-09"))
    func `who was erased is gone for everybody, again with the same answer, and the trail is whole`()
        async throws
    {
        let plot = try await Plot(try await GatewayWorld.shared())
        let world = plot.world
        let ann = try await Person(plot, "goneann\(Plot.number())")
        let bob = try await Person(plot, "gonebob\(Plot.number())")
        #expect(try await world.send("GET", ann.path, as: ann.himself).status == 200)
        // Kept in memory from here on.
        let read = try await world.must(200, "GET", ann.path, as: plot.admin)
        let tag = try #require(read.headers["etag"])
        try await ann.terminate()
        let key = ["Idempotency-Key": "erase-\(ann.word.count)-\(ann.id)"]
        let erased = try await ann.erase(headers: key)
        try #require(erased.status == 200, "\(erased.text)")
        #expect(erased["data.erased_at"]?.text != nil && erased["data.code"]?.text == "erased-\(ann.id)")
        #expect(!erased.text.contains(ann.word))
        let replayed = try await ann.erase(headers: key)
        #expect(replayed.headers["idempotent-replayed"] == "true" && replayed.body == erased.body)
        let again = try await ann.erase()
        #expect(again.status == 200 && again.body == erased.body)

        // His token is nobody's; the house sees him among the deleted alone.
        #expect(try await world.send("GET", ann.path, as: ann.himself).status == 401)
        #expect(try await world.send("GET", ann.path, as: plot.admin).status == 404)
        let deleted = try await plot.rows("/api/v1/customers?deleted=only&filter=id:eq:\(ann.id)")
        #expect(deleted.count == 1 && deleted.first?["erased_at"]?.text != nil)
        for (method, target, body) in [
            ("POST", "\(ann.path)/restore", nil), ("PATCH", ann.path, "{\"name\":\"Back\"}"), ("DELETE", ann.path, nil),
        ] as [(String, String, String?)] {
            let answer = try await world.send(method, target, as: plot.admin, body, headers: ["If-Match": tag])
            #expect(
                answer.status == 409 && answer["error.code"]?.text == "CUSTOMER_ERASED",
                "\(method): \(answer.text)"
            )
        }
        let service = try await world.must(200, "GET", "/api/v1/services/\(ann.service)", as: plot.admin)
        #expect(service["data.username"]?.text == "erased-\(ann.service)")
        let revival = try await world.send(
            "PATCH",
            "/api/v1/services/\(ann.service)",
            as: plot.admin,
            "{\"status\":\"active\"}",
            headers: ["If-Match": try #require(service.headers["etag"])]
        )
        #expect(revival.status == 409 && revival["error.code"]?.text == "CUSTOMER_ERASED", "\(revival.text)")

        try await expectTrail(of: ann, in: plot)
        #expect(try await world.must(200, "GET", bob.path, as: bob.himself)["data.name"]?.text == "Name \(bob.word)")
        #expect(try await bob.trail().allSatisfy { $0["is_erased"]?.bool == false })
    }

    /// Who, when and why stands there; what he was known by does not.
    private func expectTrail(of ann: Person, in plot: Plot) async throws {
        let trail = try await ann.trail()
        let acts = trail.filter { $0["action"]?.text == "erase" }
        #expect(acts.count == 2 && acts.allSatisfy { $0["reason"]?.text == "asked in writing" })
        #expect(acts.allSatisfy { $0["actor_id"]?.text == plot.admin.user.id.description })
        let others = trail.filter { $0["action"]?.text != "erase" }
        #expect(!others.isEmpty && others.allSatisfy { $0["is_erased"]?.bool == true })
        let whole = try await plot.texts(
            "SELECT t::text FROM audit_logs t WHERE tenant_id = '\(plot.tenant)' AND strpos(lower(t::text), '\(ann.word)') > 0"
        )
        #expect(whole.isEmpty, "\(whole)")
        let verdict = try await plot.world.parts.database.transaction(in: plot.world.operatorID) {
            try await AuditVerifier($0).verify(plot.tenant, keyring: nil)
        }
        #expect(verdict.flaw == nil && verdict.entries > 10, "\(verdict)")
    }
}
