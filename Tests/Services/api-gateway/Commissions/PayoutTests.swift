import Billing
import Domain
import Ledger
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

@Suite(.serialized, .proves("COM-07")) struct PayoutTests {
    private static let path = "/api/v1/payout-requests"

    /// A world in which the reseller's wallet holds 100 EUR.
    private struct Scene {
        let world: GatewayWorld
        let shop, provider, top: GatewayWorld.Person

        init() async throws {
            let world = try await GatewayWorld()
            let reseller = world.reseller
            try await world.post { [try await $0.topUp(.tenant(reseller), in: reseller, "100")] }
            self.world = world
            shop = try await world.person(.reseller)
            provider = try await world.person(.provider)
            top = try await world.person(.superAdmin)
        }

        func ask(_ amount: String, _ status: Int = 201, as person: GatewayWorld.Person? = nil) async throws -> Answer {
            try await world.must(
                status,
                "POST",
                PayoutTests.path,
                as: person ?? shop,
                "{\"amount\":\"\(amount)\",\"currency\":\"EUR\",\"note\":\"this month\"}",
                headers: ["Idempotency-Key": world.parts.ids.uuid().description]
            )
        }

        func asked(_ amount: String) async throws -> String { try #require(try await ask(amount)["data.id"]?.text) }

        func act(
            _ name: String,
            _ id: String,
            as person: GatewayWorld.Person,
            _ body: String? = "{}"
        ) async throws -> Answer {
            try await world.send("POST", "\(PayoutTests.path)/\(id)/\(name)", as: person, body)
        }

        func status(_ id: String) async throws -> String? {
            try await world.must(200, "GET", "\(PayoutTests.path)/\(id)", as: shop)["data.status"]?.text
        }

        var commands: [MoneyCommand] { world.desk.commands(of: world.reseller) }
    }

    @Test func `what is asked for is paid once somebody above agrees, and nothing changes it then`() async throws {
        let scene = try await Scene()
        let id = try await scene.asked("40.50")
        #expect(try await scene.status(id) == "requested")
        #expect(scene.commands.isEmpty)
        scene.world.desk.script(.post)
        let paid = try await scene.act("approve", id, as: scene.provider, "{\"gateway\":\"sepa\"}")
        #expect(paid.status == 200 && paid["data.status"]?.text == "paid", "\(paid.text)")
        let command = try #require(scene.commands.first)
        #expect(scene.commands.count == 1 && command.key.text == "payout:\(id)")
        #expect(command.lane == Lane(rootID: scene.world.operatorID, currency: .euro))
        let amount = try Money("40.50", currency: .euro)
        #expect(command.action == .payOut(.tenant(scene.world.reseller), amount: amount, gateway: "sepa"))
        #expect(paid["data.transfer_id"]?.text == command.id.description)
        #expect(paid["data.decided_by"]?.text == scene.provider.user.id.description)
        for (name, person, body) in [
            ("approve", scene.top, "{}"), ("reject", scene.top, "{\"reason\":\"late\"}"), ("cancel", scene.shop, nil),
        ] as [(String, GatewayWorld.Person, String?)] {
            let answer = try await scene.act(name, id, as: person, body)
            #expect(answer.status == 409 && answer["error.code"]?.text == "PAYOUT_STATE", "\(name): \(answer.text)")
        }
        #expect(try await scene.status(id) == "paid" && scene.commands.count == 1)
        let log = try await scene.world.must(
            200,
            "GET",
            "/api/v1/audit-logs?resource_type=payout_request&resource_id=\(id)",
            as: scene.top
        )
        #expect(log.rows.compactMap { $0["action"]?.text } == ["payment", "update", "create"])
        try await scene.world.close()
    }

    @Test func `nobody agrees to his own, nobody of the tenant itself, and only who asked takes it back`() async throws
    {
        let scene = try await Scene()
        let id = try await scene.asked("1")
        let colleague = try await scene.world.person(.tenantAdmin, in: scene.world.reseller)
        for (name, body) in [("approve", "{}"), ("reject", "{\"reason\":\"no\"}")] {
            let answer = try await scene.act(name, id, as: colleague, body)
            #expect(answer.status == 403 && answer["error.code"]?.text == "NOT_ABOVE", "\(answer.text)")
        }
        // Asked for from above, for somebody below: another one decides.
        let body = "{\"amount\":\"2\",\"currency\":\"EUR\",\"tenant_id\":\"\(scene.world.reseller)\"}"
        let forThem = try await scene.world.must(
            201,
            "POST",
            Self.path,
            as: scene.provider,
            body,
            headers: ["Idempotency-Key": "for-them"]
        )
        let theirs = try #require(forThem["data.id"]?.text)
        let own = try await scene.act("approve", theirs, as: scene.provider)
        #expect(own.status == 403 && own["error.code"]?.text == "OWN_REQUEST", "\(own.text)")
        #expect(try await scene.act("cancel", id, as: colleague, nil).status == 403)
        #expect(scene.commands.isEmpty)
        let rejected = try await scene.act("reject", theirs, as: scene.top, "{\"reason\":\"not yet\"}")
        #expect(rejected["data.status"]?.text == "rejected" && rejected["data.reason"]?.text == "not yet")
        #expect(try await scene.act("reject", id, as: scene.top, "{}").status == 400)
        let cancelled = try await scene.act("cancel", id, as: scene.shop, nil)
        #expect(cancelled.status == 200 && cancelled["data.status"]?.text == "cancelled", "\(cancelled.text)")
        try await scene.world.close()
    }

    @Test func `a refusal of the ledger is told, and agreeing anew has another key`() async throws {
        let scene = try await Scene()
        let id = try await scene.asked("100")
        let nothing = TransferID(scene.world.parts.ids.uuid())
        scene.world.desk.script(.answer(.decided(.insufficient, nothing, repeated: false)), .post)
        let refused = try await scene.act("approve", id, as: scene.provider)
        #expect(refused.status == 409 && refused["error.code"]?.text == "INSUFFICIENT_FUNDS", "\(refused.text)")
        #expect(try await scene.status(id) == "requested")
        let paid = try await scene.act("approve", id, as: scene.top)
        #expect(paid.status == 200 && paid["data.status"]?.text == "paid", "\(paid.text)")
        #expect(scene.commands.map(\.key.text) == ["payout:\(id)", "payout:\(id):1"])
        try await scene.world.close()
    }

    @Test func `where nobody knows, agreeing again asks for the same under the same key`() async throws {
        let scene = try await Scene()
        let id = try await scene.asked("100")
        scene.world.desk.script(.silence, .failure, .post)
        let open = try await scene.act("approve", id, as: scene.provider)
        #expect(open.status == 202 && open["data.status"]?.text == "approved", "\(open.text)")
        // It may have been paid: nobody takes it back or refuses it now.
        #expect(try await scene.act("cancel", id, as: scene.shop, nil).status == 409)
        #expect(try await scene.act("reject", id, as: scene.top, "{\"reason\":\"no\"}").status == 409)
        #expect(try await scene.act("approve", id, as: scene.provider).status == 503)
        #expect(try await scene.status(id) == "approved")
        let paid = try await scene.act("approve", id, as: scene.top, "{\"gateway\":\"other\"}")
        #expect(paid.status == 200 && paid["data.status"]?.text == "paid", "\(paid.text)")
        #expect(scene.commands.count == 3 && Set(scene.commands).count == 1)
        try await scene.world.close()
    }

    @Test(.proves("API-15")) func `asking wants a key, an amount and money that is there`() async throws {
        let scene = try await Scene()
        let body = "{\"amount\":\"1\",\"currency\":\"EUR\"}"
        let keyless = try await scene.world.send("POST", Self.path, as: scene.shop, body)
        #expect(keyless.status == 400 && keyless.text.contains("idempotency_key_required"))
        let key = ["Idempotency-Key": "once"]
        let first = try await scene.world.must(201, "POST", Self.path, as: scene.shop, body, headers: key)
        let again = try await scene.world.must(201, "POST", Self.path, as: scene.shop, body, headers: key)
        #expect(first["data.id"] == again["data.id"])
        for amount in ["0", "-1", "1.23456", "x"] { _ = try await scene.ask(amount, 400) }
        let most = try await scene.ask("99.0001", 409)
        #expect(most["error.code"]?.text == "INSUFFICIENT_FUNDS")
        _ = try await scene.ask("99")
        #expect(try await scene.ask("0.0001", 409)["error.code"]?.text == "INSUFFICIENT_FUNDS")
        #expect(try await scene.ask("1", 409, as: scene.top)["error.code"]?.text == "NOBODY_ABOVE")
        let summary = try await scene.world.must(
            200,
            "GET",
            "/api/v1/tenants/\(scene.world.reseller)/commissions/summary",
            as: scene.shop
        )
        let purse = try #require(summary.list("data.currencies").first)
        #expect(ConventionTests.member(purse, "requested") == "100.0000")
        try await scene.world.close()
    }

    @Test(.proves("TEN-05")) func `requests are seen from the tenant upward and by nobody else`() async throws {
        let scene = try await Scene()
        let world = scene.world
        let ids = [try await scene.asked("1"), try await scene.asked("2"), try await scene.asked("3")]
        _ = try await scene.act("cancel", ids[1], as: scene.shop, nil)
        for person in [scene.shop, scene.provider, scene.top] {
            let all = try await world.must(200, "GET", Self.path, as: person)
            #expect(all.rows.compactMap { $0["id"]?.text } == ids.reversed())
            let page = try await world.must(200, "GET", Self.path + "?limit=2", as: person)
            let next = try #require(page["meta.next"]?.text)
            let rest = try await world.must(200, "GET", Self.path + "?limit=2&cursor=\(next)", as: person)
            #expect((page.rows + rest.rows).compactMap { $0["id"]?.text } == ids.reversed())
            let cancelled = try await world.must(200, "GET", Self.path + "?status=cancelled", as: person)
            #expect(cancelled.rows.compactMap { $0["id"]?.text } == [ids[1]])
        }
        let own = Self.path + "?tenant_id=\(world.one)"
        #expect(try await world.must(200, "GET", own, as: scene.top).rows.isEmpty)
        #expect(try await world.must(200, "GET", own, as: scene.shop).rows.isEmpty)
        let beside = try await world.person(.tenantAdmin, in: world.two)
        #expect(try await world.must(200, "GET", Self.path, as: beside).rows.isEmpty)
        for name in ["approve", "cancel"] {
            #expect(try await scene.act(name, ids[0], as: beside).status == 404)
        }
        let customer = CustomerID(try await world.customer(as: scene.shop))
        let person = try await world.person(.customer, in: world.reseller, customer: customer)
        #expect(try await world.must(200, "GET", Self.path, as: person).rows.isEmpty)
        #expect(try await world.send("GET", "\(Self.path)/\(ids[0])", as: person).status == 404)
        let body = "{\"amount\":\"1\",\"currency\":\"EUR\"}"
        let theirs = try await world.send("POST", Self.path, as: person, body, headers: ["Idempotency-Key": "mine"])
        #expect(theirs.status == 404)
        try await world.close()
    }
}
