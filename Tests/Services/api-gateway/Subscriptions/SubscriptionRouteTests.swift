import Domain
import Postgres
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

@Suite(.proves("INV-12", "INV-15")) struct SubscriptionRouteTests {
    private static let path = "/api/v1/subscriptions"

    /// A customer with a service and a login of his own, and who looks after him.
    private struct Scene {
        let world: GatewayWorld
        let admin, himself: GatewayWorld.Person
        let customer, plan, service: String

        init(in tenant: TenantID? = nil) async throws {
            world = try await GatewayWorld.shared()
            admin = try await world.person(.tenantAdmin, in: tenant)
            customer = try await world.customer(as: admin, "Subscriber")
            plan = try await world.plan(as: admin)
            service = try await world.service(
                as: admin,
                customer: customer,
                plan: plan,
                "sub-\(world.parts.ids.uuid())"
            )
            himself = try await world.person(.customer, in: tenant, customer: CustomerID(customer))
        }

        func body(_ more: String = "", service: String? = nil) -> String {
            let cycle = "\"cycle\":{\"unit\":\"month\",\"count\":1},\"mode\":\"prepaid\""
            return "{\"service_id\":\"\(service ?? self.service)\",\(cycle)\(more)}"
        }

        func created(_ more: String = "") async throws -> String {
            let answer = try await world.must(201, "POST", SubscriptionRouteTests.path, as: admin, body(more))
            return try #require(answer["data.id"]?.text)
        }

        func tell(
            _ id: String,
            _ name: String,
            _ body: String? = nil,
            as person: GatewayWorld.Person? = nil,
            headers: [String: String] = [:]
        ) async throws -> Answer {
            let path = "\(SubscriptionRouteTests.path)/\(id)/\(name)"
            return try await world.send("POST", path, as: person ?? admin, body, headers: headers)
        }

        /// Tells it what must succeed.
        @discardableResult
        func must(_ id: String, _ name: String, _ body: String? = nil) async throws -> Answer {
            let answer = try await tell(id, name, body)
            try #require(answer.status == 200, "\(name): \(answer.status) \(answer.text)")
            return answer
        }

        func get(_ id: String) async throws -> Answer {
            try await world.must(200, "GET", "\(SubscriptionRouteTests.path)/\(id)", as: admin)
        }

        /// Its bills that are open.
        func open(_ id: String) async throws -> [String] {
            let path = "/api/v1/bills?subscription_id=\(id)&status=pending"
            return try await world.must(200, "GET", path, as: admin).rows.compactMap { $0["id"]?.text }
        }

        func settle(_ bill: String, _ body: String = "{\"method\":\"cash\"}") async throws -> Answer {
            try await world.send("POST", "/api/v1/bills/\(bill)/settle", as: admin, body)
        }

        /// Activated, and its first bill paid by hand.
        func active() async throws -> String {
            let id = try await created()
            try await must(id, "activate")
            let bill = try #require(try await open(id).first)
            let paid = try await settle(bill)
            try #require(paid.status == 200, "\(paid.text)")
            return id
        }

        func otherPlan(_ price: String, _ currency: String = "EUR") async throws -> String {
            let body =
                "{\"name\":\"Other \(world.parts.ids.uuid())\",\"download_bps\":1,\"upload_bps\":1,"
                + "\"price\":\"\(price)\",\"currency\":\"\(currency)\"}"
            let made = try await world.must(201, "POST", "/api/v1/service-plans", as: admin, body)
            return try #require(made["data.id"]?.text)
        }

        func status() async throws -> String? {
            try await world.superuser.query("SELECT status FROM services WHERE id = '\(service)'").first?[0].text
        }
    }

    private func refused(_ answer: Answer, _ status: Int, _ code: String) {
        #expect(answer.status == status && answer["error.code"]?.text == code, "\(answer.status) \(answer.text)")
    }

    @Test func `a plan is taken once, on terms that are pinned`() async throws {
        let scene = try await Scene()
        let (world, admin) = (scene.world, scene.admin)
        for wrong in [
            "{}", scene.body(",\"grace_days\":366"), scene.body(",\"periods\":0"), scene.body(",\"price\":\"-1\""),
            "{\"service_id\":\"\(scene.service)\",\"cycle\":{\"unit\":\"week\",\"count\":1},\"mode\":\"prepaid\"}",
            "{\"service_id\":\"\(scene.service)\",\"cycle\":{\"unit\":\"day\",\"count\":0},\"mode\":\"prepaid\"}",
        ] {
            #expect(try await world.send("POST", Self.path, as: admin, wrong).status == 400, "\(wrong)")
        }
        let nobody = scene.body(service: world.parts.ids.uuid().description)
        #expect(try await world.send("POST", Self.path, as: admin, nobody).status == 404)
        let key = ["Idempotency-Key": "sub-\(scene.service)"]
        let body = scene.body(",\"price\":\"25\",\"grace_days\":5,\"periods\":12")
        let made = try await world.must(201, "POST", Self.path, as: admin, body, headers: key)
        let id = try #require(made["data.id"]?.text)
        #expect(made["data.state"]?.text == "pending" && made["data.price"]?.text == "25.0000")
        #expect(made["data.grace_days"]?.integer == 5 && made["data.periods"]?.integer == 12)
        #expect(made["data.cycle.unit"]?.text == "month" && made["data.cycle.count"]?.integer == 1)
        #expect(made.headers["location"] == "\(Self.path)/\(id)")
        let again = try await world.must(201, "POST", Self.path, as: admin, body, headers: key)
        #expect(again["data.id"]?.text == id)
        refused(try await world.send("POST", Self.path, as: admin, scene.body()), 409, "SUBSCRIPTION_EXISTS")
        // Another price of the plan is another version.
        try await scene.must(id, "cancel", "{\"when\":\"now\"}")
        let next = try await scene.get(try await scene.created())
        #expect(next["data.price"]?.text == "19.9000" && next["data.plan_id"]?.text == scene.plan)
        #expect(next["data.plan_version_id"]?.text != made["data.plan_version_id"]?.text)
    }

    @Test(.proves("INV-17", "INV-20")) func `it is active once its first bill is paid, and a bill is paid once`()
        async throws
    {
        let scene = try await Scene()
        let id = try await scene.created()
        refused(try await scene.tell(id, "pause"), 409, "WRONG_STATE")
        let activated = try await scene.must(id, "activate")
        #expect(activated["data.state"]?.text == "pending")
        #expect(try await scene.status() == "suspended")
        refused(try await scene.tell(id, "activate"), 409, "WRONG_STATE")
        let bills = try await scene.open(id)
        let bill = try #require(bills.first)
        #expect(bills.count == 1)
        for wrong in ["{}", "{\"method\":\"e_wallet\"}", "{\"method\":\"cash\",\"paid\":true}"] {
            #expect(try await scene.settle(bill, wrong).status == 400, "\(wrong)")
        }
        let paid = try await scene.settle(bill, "{\"method\":\"transfer\",\"notes\":\"receipt 7\"}")
        #expect(paid.status == 200 && paid["data.status"]?.text == "paid", "\(paid.text)")
        #expect(paid["data.method"]?.text == "transfer" && paid["data.notes"]?.text == "receipt 7")
        #expect(paid["data.amount"]?.text == "19.9000" && paid["data.paid_at"]?.text != nil)
        refused(try await scene.settle(bill), 409, "NOT_OWED")
        #expect(try await scene.get(id)["data.state"]?.text == "active")
        #expect(try await scene.status() == "active")
        let log = try await scene.world.must(
            200,
            "GET",
            "/api/v1/audit-logs?resource_type=bill&resource_id=\(bill)",
            as: scene.admin
        )
        #expect(log.rows.compactMap { $0["action"]?.text } == ["payment"])
    }

    @Test func `what a change costs is told before, and the change does just that`() async throws {
        let scene = try await Scene()
        let id = try await scene.active()
        let dear = try await scene.otherPlan("29.90")
        #expect(try await scene.tell(id, "quote", "{}").status == 400)
        refused(
            try await scene.tell(id, "quote", "{\"plan_id\":\"\(try await scene.otherPlan("9", "USD"))\"}"),
            422,
            "CURRENCY_MISMATCH"
        )
        let quote = try await scene.must(id, "quote", "{\"plan_id\":\"\(dear)\"}")
        func money(_ answer: Answer, _ name: String) throws -> Money {
            try Money(try #require(answer["data.\(name)"]?.text), currency: .euro)
        }
        let (used, rest) = (try money(quote, "used"), try money(quote, "rest"))
        #expect(try used.adding(rest) == Money("19.90", currency: .euro) && money(quote, "credit") == rest)
        #expect(try money(quote, "due_now").adding(rest) == Money("29.90", currency: .euro))
        #expect(try await scene.get(id)["data.plan_id"]?.text == scene.plan)
        let tag = try #require(try await scene.get(id).headers["etag"])
        let later = try await scene.must(id, "change", "{\"plan_id\":\"\(dear)\",\"when\":\"period_end\"}")
        #expect(later["data.pending"]?.text == "plan" && later["data.pending_plan_id"]?.text == dear)
        let now = "{\"plan_id\":\"\(dear)\",\"when\":\"now\"}"
        #expect(try await scene.tell(id, "change", now, headers: ["If-Match": tag]).status == 412)
        #expect(try await scene.must(id, "keep")["data.pending"]?.text == nil)
        #expect(try await scene.tell(id, "change", "{\"plan_id\":\"\(dear)\",\"when\":\"soon\"}").status == 400)
        let fresh = try #require(try await scene.get(id).headers["etag"])
        let changed = try await scene.tell(id, "change", now, headers: ["If-Match": fresh])
        #expect(changed.status == 200 && changed["data.plan_id"]?.text == dear, "\(changed.text)")
        #expect(changed["data.period_number"]?.integer == 2 && changed["data.price"]?.text == "29.9000")
        let bill = try #require(try await scene.open(id).first)
        let open = try await scene.world.must(200, "GET", "/api/v1/bills/\(bill)", as: scene.admin)
        #expect(try money(open, "credit").adding(money(open, "amount")) == Money("29.90", currency: .euro))
    }

    @Test(.proves("INV-13")) func `a promise is taken of who owes, once and not for ever`() async throws {
        let scene = try await Scene()
        let id = try await scene.active()
        let clock = GatewayWorld.clock.now()
        let soon = "{\"until\":\"\(clock + .seconds(86_400))\"}"
        refused(try await scene.tell(id, "promise", soon), 409, "WRONG_STATE")
        let dear = try await scene.otherPlan("29.90")
        try await scene.must(id, "change", "{\"plan_id\":\"\(dear)\",\"when\":\"now\"}")
        let bill = try #require(try await scene.open(id).first)
        // As if the wallet had been asked in vain.
        for statement in [
            "UPDATE bills SET status = 'overdue', refused_at = due_at WHERE id = '\(bill)'",
            "UPDATE subscriptions SET state = 'grace' WHERE id = '\(id)'",
        ] { _ = try await scene.world.superuser.query(statement) }
        refused(
            try await scene.tell(id, "promise", "{\"until\":\"\(clock + .seconds(30 * 86_400))\"}"),
            422,
            "PROMISE_OUT_OF_RANGE"
        )
        #expect(try await scene.must(id, "promise", soon)["data.promise_until"]?.text != nil)
        refused(try await scene.tell(id, "promise", soon), 409, "PROMISES_USED_UP")
        refused(try await scene.tell(id, "pause"), 409, "WRONG_STATE")
        #expect(try await scene.settle(bill).status == 200)
        #expect(try await scene.get(id)["data.state"]?.text == "active")
    }

    @Test func `it is paused, resumed and ended, and what has ended stays so`() async throws {
        let scene = try await Scene()
        let id = try await scene.active()
        refused(try await scene.tell(id, "resume"), 409, "WRONG_STATE")
        #expect(try await scene.must(id, "pause")["data.state"]?.text == "paused")
        #expect(try await scene.status() == "suspended")
        #expect(try await scene.must(id, "resume")["data.state"]?.text == "active")
        #expect(try await scene.status() == "active")
        #expect(try await scene.tell(id, "cancel", "{}").status == 400)
        let later = try await scene.must(id, "cancel", "{\"when\":\"period_end\"}")
        #expect(later["data.state"]?.text == "active" && later["data.pending"]?.text == "cancel")
        let over = try await scene.must(id, "cancel", "{\"when\":\"now\"}")
        #expect(over["data.state"]?.text == "cancelled" && over["data.ended_at"]?.text != nil)
        for (name, body) in [
            ("activate", nil), ("pause", nil), ("resume", nil), ("cancel", "{\"when\":\"now\"}"),
            ("change", "{\"plan_id\":\"\(scene.plan)\",\"when\":\"now\"}"),
            ("quote", "{\"plan_id\":\"\(scene.plan)\"}"),
        ] as [(String, String?)] {
            refused(try await scene.tell(id, name, body), 409, "WRONG_STATE")
        }
        let log = try await scene.world.must(
            200,
            "GET",
            "/api/v1/audit-logs?resource_type=subscription&resource_id=\(id)&limit=100",
            as: scene.admin
        )
        let actions = log.rows.compactMap { $0["action"]?.text }
        #expect(actions.last == "create" && actions.count == 6, "\(actions)")
    }

    @Test(.proves("TEN-05", "IAM-26", "IAM-34")) func `another tenant sees nothing, and a customer his own alone`()
        async throws
    {
        let scene = try await Scene()
        let world = scene.world
        let id = try await scene.created()
        try await scene.must(id, "activate")
        let bill = try #require(try await scene.open(id).first)
        let other = try await Scene(in: world.two)
        let (stranger, neighbour) = (other.admin, try await Scene())
        for person in [stranger, neighbour.himself] {
            for path in ["\(Self.path)/\(id)", "/api/v1/bills/\(bill)"] {
                #expect(try await world.send("GET", path, as: person).status == 404, "\(path)")
            }
            for path in [Self.path, "/api/v1/bills"] {
                for query in ["", "?customer_id=\(scene.customer)", "?tenant_id=\(world.one)"] {
                    let answer = try await world.must(200, "GET", path + query, as: person)
                    #expect(!answer.text.contains(id), "\(path)\(query)")
                }
            }
            let quote = "{\"plan_id\":\"\(scene.plan)\"}"
            #expect(try await scene.tell(id, "quote", quote, as: person).status == 404)
        }
        for (name, body) in [
            ("activate", nil), ("keep", nil), ("pause", nil), ("resume", nil), ("cancel", "{\"when\":\"now\"}"),
            ("change", "{\"plan_id\":\"\(other.plan)\",\"when\":\"now\"}"),
            ("promise", "{\"until\":\"2030-01-01T00:00:00Z\"}"),
        ] as [(String, String?)] {
            #expect(try await scene.tell(id, name, body, as: stranger).status == 404, "\(name)")
            #expect(try await scene.tell(id, name, body, as: scene.himself).status == 403, "\(name)")
        }
        #expect(try await world.send("POST", Self.path, as: stranger, scene.body()).status == 404)
        let settling = "/api/v1/bills/\(bill)/settle"
        #expect(try await world.send("POST", settling, as: stranger, "{\"method\":\"cash\"}").status == 404)
        #expect(try await world.send("POST", settling, as: scene.himself, "{\"method\":\"cash\"}").status == 403)
        for path in [Self.path, "/api/v1/me/subscriptions"] {
            let own = try await world.must(200, "GET", path, as: scene.himself)
            #expect(own.rows.compactMap { $0["id"]?.text } == [id], "\(path)")
        }
        for path in ["/api/v1/bills", "/api/v1/me/bills"] {
            let own = try await world.must(200, "GET", path, as: scene.himself)
            #expect(own.rows.compactMap { $0["id"]?.text } == [bill], "\(path)")
        }
        #expect(try await world.send("GET", "/api/v1/me/bills", as: scene.admin).status == 404)
        #expect(try await world.send("GET", "\(Self.path)/\(id)", as: scene.himself).status == 200)
    }

    @Test func `lists are filtered, and their pages follow one another`() async throws {
        let scene = try await Scene()
        var made: [String] = []
        for _ in 0..<3 {
            let id = try await scene.created()
            made.insert(id, at: 0)
            try await scene.must(id, "cancel", "{\"when\":\"now\"}")
        }
        let last = try await scene.created()
        let mine = "\(Self.path)?customer_id=\(scene.customer)&limit=2"
        var seen: [String] = []
        var next: String?
        repeat {
            let target = mine + (next.map { "&cursor=\($0)" } ?? "")
            let page = try await scene.world.must(200, "GET", target, as: scene.admin)
            seen += page.rows.compactMap { $0["id"]?.text }
            next = page["meta.next"]?.text
        } while next != nil && seen.count < 10
        #expect(seen == [last] + made)
        for (filter, found) in [
            ("state=pending", [last]), ("state=cancelled", made), ("state=paused", []),
            ("service_id=\(scene.service)", [last] + made),
        ] {
            let target = "\(Self.path)?customer_id=\(scene.customer)&limit=100&\(filter)"
            let page = try await scene.world.must(200, "GET", target, as: scene.admin)
            #expect(page.rows.compactMap { $0["id"]?.text } == found, "\(filter)")
        }
        let wrong = "\(Self.path)?state=gone"
        #expect(try await scene.world.send("GET", wrong, as: scene.admin).status == 400)
    }
}
