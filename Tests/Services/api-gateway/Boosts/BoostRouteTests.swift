import Domain
import Postgres
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

@Suite(.proves("BST-01", "BST-02", "BST-03", "BST-04", "BST-07", "CUS-11")) struct BoostRouteTests {
    private static let path = "/api/v1/boosts"

    /// A customer with an active subscription of 19.90 a month and a login of his own, who looks after him, and a plan of 49.90.
    private struct Scene {
        let world: GatewayWorld
        let admin, himself: GatewayWorld.Person
        let customer, service, subscription, fast: String

        init(in tenant: TenantID? = nil) async throws {
            let world = try await GatewayWorld.shared()
            self.world = world
            let admin = try await world.person(.tenantAdmin, in: tenant)
            self.admin = admin
            customer = try await world.customer(as: admin, "Subscriber")
            let plan = try await world.plan(as: admin)
            service = try await world.service(
                as: admin,
                customer: customer,
                plan: plan,
                "fast-\(world.parts.ids.uuid())"
            )
            himself = try await world.person(.customer, in: tenant, customer: CustomerID(customer))
            let body =
                "{\"service_id\":\"\(service)\",\"cycle\":{\"unit\":\"month\",\"count\":1},\"mode\":\"prepaid\"}"
            let made = try await world.must(201, "POST", "/api/v1/subscriptions", as: admin, body)
            subscription = try #require(made["data.id"]?.text)
            fast = try await Self.plan(world, admin, "49.90")
        }

        static func plan(
            _ world: GatewayWorld,
            _ admin: GatewayWorld.Person,
            _ price: String,
            _ currency: String = "EUR"
        ) async throws -> String {
            let body =
                "{\"name\":\"Fast \(world.parts.ids.uuid())\",\"download_bps\":9,\"upload_bps\":9,"
                + "\"price\":\"\(price)\",\"currency\":\"\(currency)\"}"
            let made = try await world.must(201, "POST", "/api/v1/service-plans", as: admin, body)
            return try #require(made["data.id"]?.text)
        }

        /// Its first bill paid by hand.
        func activate() async throws {
            _ = try await world.must(200, "POST", "/api/v1/subscriptions/\(subscription)/activate", as: admin)
            let bills = "/api/v1/bills?subscription_id=\(subscription)&status=pending"
            let bill = try #require(try await world.must(200, "GET", bills, as: admin).rows.first?["id"]?.text)
            _ = try await world.must(
                200,
                "POST",
                "/api/v1/bills/\(bill)/settle",
                as: admin,
                "{\"method\":\"cash\"}"
            )
        }

        func wish(_ days: Int = 7, plan: String? = nil, _ more: String = "") -> String {
            "{\"subscription_id\":\"\(subscription)\",\"plan_id\":\"\(plan ?? fast)\",\"days\":\(days)\(more)}"
        }

        func asked() async throws -> String {
            let answer = try await world.must(201, "POST", BoostRouteTests.path, as: himself, wish())
            return try #require(answer["data.id"]?.text)
        }

        func tell(
            _ id: String,
            _ name: String,
            _ body: String? = nil,
            as person: GatewayWorld.Person? = nil,
            headers: [String: String] = [:]
        ) async throws -> Answer {
            let path = "\(BoostRouteTests.path)/\(id)/\(name)"
            return try await world.send("POST", path, as: person ?? admin, body, headers: headers)
        }
    }

    private func refused(_ answer: Answer, _ status: Int, _ code: String) {
        #expect(answer.status == status && answer["error.code"]?.text == code, "\(answer.status) \(answer.text)")
    }

    @Test func `what it costs is told before, by days and difference, and asked for once`() async throws {
        let scene = try await Scene()
        let (world, himself) = (scene.world, scene.himself)
        let quoting = "\(Self.path)/quote"
        refused(try await world.send("POST", quoting, as: himself, scene.wish()), 409, "SUBSCRIPTION_NOT_ACTIVE")
        try await scene.activate()
        for wrong in ["{}", scene.wish(0), scene.wish(366), scene.wish(7, ",\"price\":\"1\"")] {
            #expect(try await world.send("POST", Self.path, as: himself, wrong).status == 400, "\(wrong)")
        }
        let quote = try await world.must(200, "POST", quoting, as: himself, scene.wish())
        // 30.00 more a month: a euro a day.
        #expect(quote["data.price"]?.text == "7.0000" && quote["data.current_price"]?.text == "19.9000")
        for (price, currency) in [("19.90", "EUR"), ("9", "EUR"), ("99", "USD")] {
            let plan = try await Scene.plan(world, scene.admin, price, currency)
            refused(
                try await world.send("POST", quoting, as: himself, scene.wish(7, plan: plan)),
                422,
                "PRICE_NOT_POSITIVE"
            )
        }
        let nobody = scene.wish(7, plan: world.parts.ids.uuid().description)
        #expect(try await world.send("POST", Self.path, as: himself, nobody).status == 404)
        let key = ["Idempotency-Key": "boost-\(scene.service)"]
        let body = scene.wish(7, ",\"notes\":\"the final\"")
        let made = try await world.must(201, "POST", Self.path, as: himself, body, headers: key)
        let id = try #require(made["data.id"]?.text)
        #expect(made["data.state"]?.text == "pending" && made["data.price"]?.text == "7.0000")
        #expect(made["data.period_start"]?.text == nil && made["data.notes"]?.text == "the final")
        let again = try await world.must(201, "POST", Self.path, as: himself, body, headers: key)
        #expect(again["data.id"]?.text == id)
        refused(try await world.send("POST", Self.path, as: himself, scene.wish()), 409, "BOOST_EXISTS")
    }

    @Test func `approved it is for whole days from today, and what is paid for is not taken back`() async throws {
        let scene = try await Scene()
        try await scene.activate()
        let id = try await scene.asked()
        let path = "\(Self.path)/\(id)"
        let tag = try #require(try await scene.world.must(200, "GET", path, as: scene.admin).headers["etag"])
        #expect(try await scene.tell(id, "approve", as: scene.himself).status == 403)
        let approved = try await scene.tell(id, "approve", headers: ["If-Match": tag])
        #expect(approved.status == 200 && approved["data.state"]?.text == "approved", "\(approved.text)")
        let today = GatewayWorld.clock.now().day
        #expect(approved["data.period_start"]?.text == "\(today.start)")
        #expect(approved["data.period_end"]?.text == "\(today.adding(days: 7).start)")
        #expect(try await scene.tell(id, "cancel", headers: ["If-Match": tag]).status == 412)
        refused(try await scene.tell(id, "approve"), 409, "WRONG_STATE")
        refused(try await scene.tell(id, "reject", "{\"reason\":\"late\"}"), 409, "WRONG_STATE")
        // While the wallet is being asked nobody knows whether it is paid.
        try await scene.world.superuser.query("UPDATE boosts SET sent = true, attempt = 1 WHERE id = '\(id)'")
        refused(try await scene.tell(id, "cancel", as: scene.himself), 409, "COLLECTING")
        try await scene.world.superuser.query("UPDATE boosts SET sent = false WHERE id = '\(id)'")
        let cancelled = try await scene.tell(id, "cancel", as: scene.himself)
        #expect(cancelled.status == 200 && cancelled["data.state"]?.text == "cancelled", "\(cancelled.text)")
        refused(try await scene.tell(id, "cancel"), 409, "WRONG_STATE")
        let log = try await scene.world.must(
            200,
            "GET",
            "/api/v1/audit-logs?resource_type=boost&resource_id=\(id)",
            as: scene.admin
        )
        // What was refused is in the trail, too.
        let done = log.rows.compactMap { $0["action"]?.text }.filter { $0 == "create" || $0 == "update" }
        #expect(done == ["update", "update", "create"], "\(log.text)")
    }

    @Test func `a rejection says why, and lists show what was decided`() async throws {
        let scene = try await Scene()
        try await scene.activate()
        let id = try await scene.asked()
        #expect(try await scene.tell(id, "reject", "{}").status == 400)
        let rejected = try await scene.tell(id, "reject", "{\"reason\":\"no capacity\"}")
        #expect(rejected["data.state"]?.text == "rejected" && rejected["data.reason"]?.text == "no capacity")
        let next = try await scene.asked()
        for (query, expected) in [
            ("", [next, id]), ("?state=rejected", [id]), ("?state=active", []), ("?limit=1", [next]),
        ] as [(String, [String])] {
            for path in [Self.path, "/api/v1/me/boosts"] {
                let rows = try await scene.world.must(200, "GET", path + query, as: scene.himself).rows
                #expect(rows.compactMap { $0["id"]?.text } == expected, "\(path)\(query)")
            }
        }
        let behind = try await scene.world.must(200, "GET", "\(Self.path)?cursor=\(next)", as: scene.himself)
        #expect(behind.rows.compactMap { $0["id"]?.text } == [id])
    }

    @Test(.proves("TEN-05", "IAM-26", "IAM-34")) func `another tenant sees nothing, and a customer his own alone`()
        async throws
    {
        let scene = try await Scene()
        let world = scene.world
        try await scene.activate()
        let id = try await scene.asked()
        let (stranger, neighbour) = (try await Scene(in: world.two), try await Scene())
        for person in [stranger.admin, neighbour.himself] {
            #expect(try await world.send("GET", "\(Self.path)/\(id)", as: person).status == 404)
            for query in ["", "?customer_id=\(scene.customer)", "?tenant_id=\(world.one)"] {
                let answer = try await world.must(200, "GET", Self.path + query, as: person)
                #expect(!answer.text.contains(id), "\(query)")
            }
            #expect(try await world.send("POST", "\(Self.path)/quote", as: person, scene.wish()).status == 404)
            #expect(try await world.send("POST", Self.path, as: person, scene.wish()).status == 404)
            #expect(try await scene.tell(id, "cancel", as: person).status == 404)
        }
        for (name, body) in [("approve", nil), ("reject", "{\"reason\":\"x\"}")] as [(String, String?)] {
            #expect(try await scene.tell(id, name, body, as: stranger.admin).status == 404, "\(name)")
            #expect(try await scene.tell(id, name, body, as: scene.himself).status == 403, "\(name)")
        }
        // A plan of another tenant is nobody's to take.
        let foreign = scene.wish(7, plan: stranger.fast)
        #expect(try await world.send("POST", "\(Self.path)/quote", as: scene.admin, foreign).status == 404)
        #expect(try await world.send("GET", "/api/v1/me/boosts", as: scene.admin).status == 404)
    }
}
