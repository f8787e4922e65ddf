import Domain
import Ledger
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

/// A world of its own: one lane of the ledger has one writer.
@Suite(.serialized) struct CommissionTests {
    private static func path(_ tenant: TenantID, _ rest: String = "commission") -> String {
        "/api/v1/tenants/\(tenant)/\(rest)"
    }

    /// Sets a rate from the version that holds.
    @discardableResult
    private func set(
        _ world: GatewayWorld,
        _ tenant: TenantID,
        _ percent: String,
        as person: GatewayWorld.Person,
        _ status: Int = 200
    ) async throws -> Answer {
        let tag = try #require(try await world.must(200, "GET", Self.path(tenant), as: person).headers["etag"])
        let body = "{\"rate_percent\":\(percent == "null" ? percent : "\"\(percent)\"")}"
        return try await world.must(status, "PUT", Self.path(tenant), as: person, body, headers: ["If-Match": tag])
    }

    @Test(.proves("COM-01", "COM-05", "G-22"))
    func `rates are set from above, from a version, no higher than one's own, and the past stays`() async throws {
        let world = try await GatewayWorld()
        let top = try await world.person(.superAdmin)
        let provider = try await world.person(.provider)
        let own = try await world.person(.provider, in: world.reseller)
        let none = try await world.must(200, "GET", Self.path(world.reseller), as: top)
        #expect(none["data.rate_percent"]?.text == nil && none["data.limit_percent"]?.text == "100")
        #expect(none.headers["etag"] == "\"0\"")
        // A provider without a rate has nothing to give away.
        let early = try await set(world, world.reseller, "1", as: provider, 400)
        #expect(early.text.contains("above_limit"))
        try await set(world, world.one, "80", as: top)
        let over = try await set(world, world.reseller, "80.0001", as: provider, 400)
        #expect(over.text.contains("80 % at most"))
        let first = try await set(world, world.reseller, "60", as: provider)
        #expect(first["data.rate_percent"]?.text == "60" && first["data.limit_percent"]?.text == "80")
        #expect(first.headers["etag"] == "\"1\"")

        let body = "{\"rate_percent\":\"50\"}"
        #expect(try await world.send("PUT", Self.path(world.reseller), as: provider, body).status == 428)
        let stale = ["If-Match": "\"0\""]
        #expect(
            try await world.send("PUT", Self.path(world.reseller), as: provider, body, headers: stale).status == 412
        )
        let tag = ["If-Match": "\"1\""]
        for (wrong, code) in [
            ("{}", "missing"), ("{\"rate_percent\":\"101\"}", "malformed"), ("{\"rate_percent\":60}", "malformed"),
            ("{\"rate_percent\":\"50\",\"valid_from\":\"2020-01-01T00:00:00Z\"}", "in_the_past"),
        ] {
            let answer = try await world.send("PUT", Self.path(world.reseller), as: provider, wrong, headers: tag)
            #expect(answer.status == 400 && answer.text.contains(code), "\(wrong): \(answer.text)")
        }
        // Nobody sets his own, and nobody beside sees it.
        for (person, tenant) in [(provider, world.one), (own, world.reseller), (top, world.operatorID)] {
            let version = try #require(
                try await world.must(200, "GET", Self.path(tenant), as: person).headers["etag"]
            )
            let answer = try await world.send(
                "PUT",
                Self.path(tenant),
                as: person,
                body,
                headers: ["If-Match": version]
            )
            #expect(answer.status == 403, "\(answer.text)")
        }
        let beside = try await world.person(.tenantAdmin, in: world.two)
        #expect(try await world.send("GET", Self.path(world.one), as: beside).status == 404)
        // What one may set at most is told to those above alone.
        #expect(
            try await world.must(200, "GET", Self.path(world.reseller), as: own)["data.limit_percent"]?.text == nil
        )

        try await checkHistory(world, provider: provider, top: top)
        try await world.close()
    }

    /// What is planned does not hold yet; what held stays in the history and on record.
    private func checkHistory(
        _ world: GatewayWorld,
        provider: GatewayWorld.Person,
        top: GatewayWorld.Person
    ) async throws {
        let tag = ["If-Match": "\"1\""]
        let later = "{\"rate_percent\":null,\"valid_from\":\"2999-01-01T00:00:00Z\"}"
        let planned = try await world.must(
            200,
            "PUT",
            Self.path(world.reseller),
            as: provider,
            later,
            headers: tag
        )
        #expect(planned["data.rate_percent"]?.text == "60" && planned.headers["etag"] == "\"2\"")
        let page = try await world.must(
            200,
            "GET",
            Self.path(world.reseller, "commission/history?limit=1"),
            as: provider
        )
        #expect(page.rows.map { $0["rate_percent"] } == [.null] && page["meta.next"]?.text == "2")
        let rest = try await world.must(
            200,
            "GET",
            Self.path(world.reseller, "commission/history?limit=1&cursor=2"),
            as: provider
        )
        #expect(rest.rows.map { $0["rate_percent"]?.text } == ["60"] && rest["meta.next"]?.text == nil)
        let log = try await world.must(
            200,
            "GET",
            "/api/v1/audit-logs?resource_type=tenant_commission&resource_id=\(world.reseller)",
            as: top
        )
        #expect(log.list("data").count == 2)
    }

    @Test(.proves("COM-02", "COM-03", "COM-07", "COM-08"))
    func `a payment of 100 is told as 60, 20 and 20 to each of the three, and as nothing to anybody else`()
        async throws
    {
        let world = try await GatewayWorld()
        let top = try await world.person(.superAdmin)
        try await set(world, world.one, "80", as: top)
        try await set(world, world.reseller, "60", as: top)
        let shop = try await world.person(.reseller)
        let customer = try #require(CustomerID(try await world.customer(as: shop)))
        try await world.post { book in
            [
                try await book.topUp(.customer(customer), in: world.reseller, "150"),
                try await book.charge(customer, in: world.reseller, "100"),
                // Neither is a share: a corrected wallet, and money of its own.
                try await book.topUp(.tenant(world.reseller), in: world.reseller, "7"),
            ]
        }
        let provider = try await world.person(.provider)
        for (person, tenant, share) in [
            (shop, world.reseller, "60.0000"), (provider, world.one, "20.0000"), (top, world.operatorID, "20.0000"),
            (top, world.reseller, "60.0000"),
        ] {
            let page = try await world.must(200, "GET", Self.path(tenant, "commissions"), as: person)
            let line = try #require(page.rows.first, "\(tenant)")
            #expect(page.rows.count == 1 && line["amount"]?.text == share, "\(page.text)")
            #expect(line["paid"]?.text == "100.0000" && line["customer_id"]?.text == customer.description)
            #expect(line["customer_tenant_id"]?.text == world.reseller.description)
            #expect(line["purpose"]?.text == "invoice" && line["reference"]?.text == "INV-1")

            let totals = try await world.must(200, "GET", Self.path(tenant, "commissions/totals"), as: person)
            let total = try #require(totals.list("data").first)
            #expect(ConventionTests.member(total, "net") == share)
            let child = [world.operatorID: world.one, world.one: world.reseller, world.reseller: world.reseller]
            #expect(ConventionTests.member(total, "child_id") == child[tenant]?.description)
            let summary = try await world.must(200, "GET", Self.path(tenant, "commissions/summary"), as: person)
            let purse = try #require(summary.list("data.currencies").first)
            #expect(ConventionTests.member(purse, "this_month") == share)
            #expect(ConventionTests.member(purse, "last_month") == "0.0000")
            let available = tenant == world.reseller ? "67.0000" : share
            #expect(ConventionTests.member(purse, "available") == available)
        }
        for query in [
            "?currency=USD", "?customer_id=\(world.parts.ids.uuid())", "?until=2020-01-01T00:00:00Z",
            "?customer_tenant_id=\(world.two)", "?cursor=1",
        ] {
            let none = try await world.must(200, "GET", Self.path(world.one, "commissions" + query), as: top)
            #expect(none.rows.isEmpty, "\(query): \(none.text)")
        }
        let asked = try await world.must(
            200,
            "GET",
            Self.path(world.one, "commissions?currency=EUR&customer_id=\(customer)&since=2020-01-01T00:00:00Z"),
            as: top
        )
        #expect(asked.rows.count == 1)
        let beside = try await world.person(.tenantAdmin, in: world.two)
        for rest in ["commissions", "commissions/totals", "commissions/summary", "commission/preview"] {
            #expect(try await world.send("GET", Self.path(world.one, rest), as: beside).status == 404)
            #expect(try await world.send("GET", Self.path(world.one, rest), as: shop).status == 404)
        }
        #expect(
            try await world.must(200, "GET", Self.path(world.two, "commissions"), as: beside).rows.isEmpty
        )
        try await world.close()
    }

    @Test(.proves("COM-02", "COM-05"))
    func `a preview shows what a payment would give, and those above as one`() async throws {
        let world = try await GatewayWorld()
        let top = try await world.person(.superAdmin)
        try await set(world, world.one, "80", as: top)
        func shares(_ query: String, _ person: GatewayWorld.Person) async throws -> [[String?]] {
            let answer = try await world.must(
                200,
                "GET",
                Self.path(world.reseller, "commission/preview" + query),
                as: person
            )
            return answer.list("data.shares").map {
                [ConventionTests.member($0, "tenant_id"), ConventionTests.member($0, "amount")]
            }
        }
        let (one, reseller) = (world.one.description, world.reseller.description)
        let root = world.operatorID.description
        #expect(try await shares("", top) == [[one, "80.0000"], [root, "20.0000"]])
        let full = try await shares("?rate_percent=60", top)
        #expect(full == [[reseller, "60.0000"], [one, "20.0000"], [root, "20.0000"]])
        try await set(world, world.reseller, "60", as: top)
        let provider = try await world.person(.provider)
        let seen = try await shares("?amount=10&currency=XOF", provider)
        #expect(seen == [[reseller, "6.0000"], [one, "2.0000"], [nil, "2.0000"]])
        let own = try await world.person(.reseller)
        #expect(try await shares("", own) == [[reseller, "60.0000"], [nil, "40.0000"]])
        // More than those above have is not given.
        #expect(try await shares("?rate_percent=90", own) == [[reseller, "80.0000"], [nil, "20.0000"]])
        for wrong in ["?rate_percent=x", "?amount=-1", "?currency=eur", "?amount=1.23456"] {
            let path = Self.path(world.reseller, "commission/preview" + wrong)
            #expect(try await world.send("GET", path, as: top).status == 400, "\(wrong)")
        }
        try await world.close()
    }
}
