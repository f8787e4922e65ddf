import Domain
import HTTPServer
import Identity
import Persistence
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

/// Two providers beside one another, each with many rows: neither learns anything of the other's.
@Suite struct IsolationTests {
    private typealias Side = GatewayWorld.Side

    private static let rows = 2_000

    private func side(_ world: GatewayWorld, _ tenant: TenantID, _ mark: String, number: Int) async throws -> Side {
        let side = try await world.side(of: tenant, mark, number: number)
        var file = "name,phone,address,email\n"
        for number in 0..<Self.rows {
            file += "\(mark) \(number),+1 \(number),\(mark) street,\(mark)\(number)@example.net\n"
        }
        let imported = try await world.client.send(
            "POST",
            "/api/v1/customers/import",
            headers: side.person.headers.merging(["Content-Type": "text/csv"]) { $1 },
            body: Array(file.utf8)
        )
        try #require(imported.status == 200)
        #expect(imported.text.contains("\"created\":\(Self.rows),\"failed\":0"))
        return side
    }

    @Test(.proves("TEN-05", "EXP-01"))
    func `neither side sees a row of the other by list, filter, sort, search, export, id or error`() async throws {
        let world = try await GatewayWorld()
        let one = try await side(world, world.one, "alpha", number: 1)
        let two = try await side(world, world.two, "bravo", number: 2)
        for (mine, other) in [(one, two), (two, one)] {
            try await lists(world, mine, other)
            try await single(world, mine, other)
            try await references(world, mine, other)
        }
        // Who stands above both sees both.
        let root = try await world.person(.superAdmin)
        let all = try await world.must(200, "GET", "/api/v1/customers?count=true&limit=1", as: root)
        #expect(all["meta.total"]?.integer == Int64(2 * Self.rows + 2))
        try await world.close()
    }

    private func lists(_ world: GatewayWorld, _ mine: Side, _ other: Side) async throws {
        for route in world.gateway.routes {
            guard route.method == .get, route.pattern.parameters.isEmpty else { continue }
            let operation = route.metadata.operation
            guard operation.parameters.contains(where: { $0.name == "filter" }) else { continue }
            let path = route.pattern.description
            var targets = [path, path + "?filter=tenant_id:eq:\(other.tenant)"]
            if operation.parameters.contains(where: { $0.name == "limit" }) {
                targets.append(path + "?limit=100&count=true")
            }
            if operation.parameters.contains(where: { $0.name == "q" }) { targets.append(path + "?q=\(other.mark)") }
            if case .choice(let sorts)? = operation.parameters.first(where: { $0.name == "sort" })?.schema {
                targets += sorts.map { path + "?sort=\($0)" }
            }
            for target in targets {
                let answer = try await world.send("GET", target, as: mine.person)
                // A list without that filter says so; none may say anything of the other side.
                #expect(answer.status == 200 || answer.status == 400, "\(target): \(answer.text.prefix(300))")
                clean(answer, target, other)
                if answer.status == 200, target.contains("tenant_id:eq"), !path.hasSuffix("export") {
                    #expect(answer.list("data").isEmpty, "\(target)")
                }
            }
        }
        let total = try await world.must(200, "GET", "/api/v1/customers?count=true&limit=1", as: mine.person)
        #expect(total["meta.total"]?.integer == Int64(Self.rows + 1))
        let statistics = try await world.must(200, "GET", "/api/v1/customers/statistics", as: mine.person)
        #expect(statistics["data.total"]?.integer == Int64(Self.rows + 1))
        let file = try await world.must(200, "GET", "/api/v1/customers/export?format=ndjson", as: mine.person)
        #expect(file.text.split(separator: "\n").count == Self.rows + 1)
        for filter in [
            "services?filter=customer_id:eq:\(other.customer)", "services?filter=plan_id:eq:\(other.plan)",
            "customers?filter=id:eq:\(other.customer)", "customers?filter=plan_id:eq:\(other.plan)",
            "service-plans?filter=id:eq:\(other.plan)", "radius/sessions?filter=service_id:eq:\(other.service)",
            "usage?filter=service_id:eq:\(other.service)", "audit-logs?resource_id=\(other.customer)",
            "audit-logs?tenant_id=\(other.tenant)", "users?tenant_id=\(other.tenant)",
        ] {
            let answer = try await world.must(200, "GET", "/api/v1/" + filter, as: mine.person)
            #expect(answer.list("data").isEmpty, "\(filter)")
        }
    }

    /// What is another's is answered as what is nowhere, to the octet but for what the request itself said.
    private func single(_ world: GatewayWorld, _ mine: Side, _ other: Side) async throws {
        let nothing = "00000000-0000-7000-8000-00000000dead"
        let ids = [
            "customers": other.customer, "service-plans": other.plan, "services": other.service, "nas": other.nas,
            "devices": other.device,
            "network/ipam/pools": other.pool, "users": other.person.user.id.description,
            "tenants": other.tenant.description,
        ]
        for route in world.gateway.routes where route.pattern.parameters.count == 1 {
            let pattern = route.pattern.description
            guard pattern.hasPrefix("/api/v1/"),
                let (_, id) = ids.first(where: { pattern.hasPrefix("/api/v1/\($0.key)/{id") }),
                let start = pattern.firstIndex(of: "{"), let end = pattern.firstIndex(of: "}")
            else { continue }
            if case .permissions(let needed) = route.metadata.guard,
                !needed.isSubset(of: mine.person.user.permissions)
            {
                continue
            }
            var answers: [Answer] = []
            for id in [id, nothing] {
                let target = pattern[..<start] + id + pattern[pattern.index(after: end)...]
                let answer = try await world.send(
                    route.method.name,
                    String(target),
                    as: mine.person,
                    Self.body(route.operationID),
                    headers: route.metadata.repetition.isMandatory
                        ? ["Idempotency-Key": "isolation-\(world.parts.ids.uuid())"] : ["If-Match": "\"1\""]
                )
                clean(answer, String(target), other, besides: [id])
                answers.append(answer)
            }
            #expect(answers[0].status == answers[1].status, "\(route.operationID)")
            #expect(answers[0].status == 404, "\(route.operationID): \(answers[0].status) \(answers[0].text)")
            #expect(answers[0]["error"] == answers[1]["error"], "\(route.operationID)")
        }
    }

    /// Nothing is made that refers to the other side, or in it.
    private func references(_ world: GatewayWorld, _ mine: Side, _ other: Side) async throws {
        let person = "\"name\":\"x\",\"phone\":\"1\",\"address\":\"x\""
        for (path, body) in [
            ("customers", "{\(person),\"tenant_id\":\"\(other.tenant)\"}"),
            ("services", "{\"customer_id\":\"\(other.customer)\",\"plan_id\":\"\(mine.plan)\",\"username\":\"x\"}"),
            ("services", "{\"customer_id\":\"\(mine.customer)\",\"plan_id\":\"\(other.plan)\",\"username\":\"x\"}"),
            (
                "service-plans",
                "{\"tenant_id\":\"\(other.tenant)\",\"name\":\"x\",\"download_bps\":1,\"upload_bps\":1,\"price\":\"1\"}"
            ),
            (
                "users",
                "{\"tenant_id\":\"\(other.tenant)\",\"email\":\"x@example.net\",\"name\":\"x\",\"role\":\"viewer\"}"
            ),
            ("explain", "{\"tenant_id\":\"\(other.tenant)\",\"username\":\"\(other.mark)-user\"}"),
        ] {
            let answer = try await world.send("POST", "/api/v1/\(path)", as: mine.person, body)
            #expect([400, 403, 404].contains(answer.status), "\(path): \(answer.status) \(answer.text)")
            clean(answer, path, other, besides: [other.tenant.description, other.customer, other.plan, other.mark])
        }
    }

    private func clean(_ answer: Answer, _ target: String, _ other: Side, besides said: [String] = []) {
        let text = answer.text + answer.headers.values.joined()
        for secret in [other.mark, other.customer, other.plan, other.service, other.nas, other.device, other.pool]
        where !said.contains(secret) && !target.contains(secret) {
            #expect(!text.contains(secret), "\(target) tells \(secret)")
        }
    }

    /// A body that would be taken.
    private static func body(_ operationID: String) -> String? {
        switch operationID {
        case "updateCustomer", "updateServicePlan", "updateNAS", "updateAddressPool", "updateUser",
            "updateTenant", "updateBandwidthProfile", "updateDevice":
            "{\"name\":\"x\"}"
        case "updateWebhook": "{\"description\":\"x\"}"
        case "replayWebhook": "{\"from_sequence\":1}"
        case "rotateWebhookSecret": "{}"
        case "addCustomerContact": "{\"name\":\"x\",\"phone\":\"1\"}"
        case "setTenantPartner": "{\"kind\":\"retail\",\"commission_basis_points\":1}"
        case "updateService": "{\"username\":\"x\"}"
        case "setServicePlanAdvancedSettings", "replaceNASSecret", "suspendTenant", "resumeTenant",
            "setTenantSettings", "setTenantCommission", "setMeteringPlan", "setCustomerNoticePreferences":
            "{}"
        case "setServicePlanQuotas": "{\"quotas\":[]}"
        case "topUpServiceQuota": "{\"quota_id\":\"0192a3b4-0000-7000-8000-000000000001\"}"
        case "setTenantLicence": "{\"plan\":\"x\"}"
        case "addCustomerNote": "{\"text\":\"x\"}"
        case "eraseCustomer": "{\"confirm\":\"x\",\"reason\":\"asked in writing\"}"
        case "setCredentials": "{\"password\":\"x\"}"
        case "topUpCustomer", "debitCustomer": "{\"amount\":\"1\"}"
        case "convertCustomerMoney": "{\"amount\":\"1\",\"currency\":\"EUR\",\"to\":\"USD\",\"rate\":\"1.1\"}"
        default: nil
        }
    }

    @Test(.proves("IAM-20", "IAM-26", "IAM-34"))
    func `a reseller sees his own shop, a customer his own records`() async throws {
        let world = try await GatewayWorld.shared()
        let provider = try await world.person(.provider)
        let shop = try await world.person(.reseller)
        let above = try await world.customer(as: provider, "Above")
        let below = try await world.customer(as: shop, "Below")
        #expect(try await world.send("GET", "/api/v1/customers/\(below)", as: provider).status == 200)
        #expect(try await world.send("GET", "/api/v1/customers/\(above)", as: shop).status == 404)
        let listed = try await world.must(200, "GET", "/api/v1/customers?limit=100", as: shop)
        #expect(!listed.text.contains(above))
        #expect(listed.text.contains(below))

        let plan = try await world.plan(as: provider)
        let stranger = try await world.customer(as: provider, "Stranger")
        let mine = try await world.service(as: provider, customer: above, plan: plan, "own-\(world.parts.ids.uuid())")
        let theirs = try await world.service(
            as: provider,
            customer: stranger,
            plan: plan,
            "not-\(world.parts.ids.uuid())"
        )
        let customer = try await world.person(.customer, customer: CustomerID(above))
        let services = try await world.must(200, "GET", "/api/v1/services?limit=100", as: customer)
        #expect(services.list("data").compactMap { ConventionTests.member($0, "id") } == [mine])
        #expect(try await world.send("GET", "/api/v1/services/\(theirs)", as: customer).status == 404)
        #expect(
            try await world.send("POST", "/api/v1/services/\(theirs)/credentials/generate", as: customer).status == 404
        )
        #expect(
            try await world.send("POST", "/api/v1/services/\(mine)/credentials/generate", as: customer).status == 200
        )
        #expect(try await world.send("GET", "/api/v1/customers/\(stranger)", as: customer).status == 404)
        #expect(try await world.send("GET", "/api/v1/customers/\(above)", as: customer).status == 200)
        #expect(try await world.send("GET", "/api/v1/customers/\(above)/notes", as: customer).status == 404)
        #expect(try await world.send("GET", "/api/v1/radius/usage/\(theirs)", as: customer).status == 404)
        let statistics = try await world.must(200, "GET", "/api/v1/customers/statistics", as: customer)
        #expect(statistics["data.total"]?.integer == 1)
        let file = try await world.must(200, "GET", "/api/v1/services/export?format=ndjson", as: customer)
        #expect(file.text.split(separator: "\n").count == 1)
    }
}
