import Domain
import Persistence
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

@Suite struct ConventionTests {
    @Test(.proves("G-22", "API-06")) func `a change names the version it is made from, and a read may be spared`()
        async throws
    {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let path = "/api/v1/customers/" + (try await world.customer(as: admin))
        let read = try await world.must(200, "GET", path, as: admin)
        let tag = try #require(read.headers["etag"])
        #expect(tag.hasPrefix("\""))
        #expect(try await world.send("GET", path, as: admin, headers: ["If-None-Match": tag]).status == 304)

        let body = "{\"phone\":\"+1 556\"}"
        #expect(try await world.send("PATCH", path, as: admin, body).status == 428)
        let changed = try await world.must(200, "PATCH", path, as: admin, body, headers: ["If-Match": tag])
        #expect(changed["data.phone"]?.text == "+1 556")
        #expect(changed["data.name"]?.text == "Ann")
        let stale = try await world.send("PATCH", path, as: admin, body, headers: ["If-Match": tag])
        #expect(stale.status == 412)
        #expect(stale["error.code"]?.text == "VERSION_CHANGED")
        let current = try #require(changed.headers["etag"])
        #expect(try await world.send("GET", path, as: admin, headers: ["If-None-Match": tag]).status == 200)
        #expect(try await world.send("DELETE", path, as: admin, headers: ["If-Match": tag]).status == 412)
        #expect(try await world.send("DELETE", path, as: admin, headers: ["If-Match": current]).status == 204)
        #expect(try await world.send("GET", path, as: admin).status == 404)
        let deleted = try await world.must(200, "GET", "/api/v1/customers?deleted=only&limit=100", as: admin)
        #expect(deleted.list("data").contains { "/api/v1/customers/" + (Self.member($0, "id") ?? "") == path })
    }

    @Test(.proves("API-05", "CUS-03")) func `pages follow one another by cursor and sum to the total`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin, in: world.two)
        var made: Set<String> = []
        for number in 0..<23 { made.insert(try await world.customer(as: admin, "Paged \(number)")) }
        var target: String? = "/api/v1/customers?q=Paged&limit=5&count=true&sort=name"
        var seen: [String] = []
        while let next = target {
            let page = try await world.must(200, "GET", next, as: admin)
            #expect(page["meta.total"]?.integer == 23)
            #expect(page["meta.perPage"]?.integer == 5)
            seen += page.list("data").compactMap { Self.member($0, "id") }
            target = page.headers["link"].map { link in
                String(link.dropFirst().prefix { $0 != ">" })
            }
            #expect((page["meta.next"]?.text == nil) == (target == nil))
        }
        #expect(seen.count == 23)
        #expect(Set(seen) == made)
        let bare = try await world.must(200, "GET", "/api/v1/customers", as: admin)
        #expect(bare.list("data").count == 10)
        #expect(bare["meta.total"] == nil)
    }

    @Test(.proves("API-06")) func `fields are chosen, unknown parameters and members are refused`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let id = try await world.customer(as: admin)
        let some = try await world.must(200, "GET", "/api/v1/customers/\(id)?fields=id,name", as: admin)
        guard case .object(let members)? = some["data"] else {
            Issue.record("no object")
            return
        }
        #expect(Set(members.keys) == ["id", "name"])
        for target in [
            "/api/v1/customers?fields=secret", "/api/v1/customers?limit=0", "/api/v1/customers?limit=101",
            "/api/v1/customers?filter=nope:eq:1", "/api/v1/customers?sort=phone", "/api/v1/customers?filtre=x",
            "/api/v1/customers?limit=1&limit=2", "/api/v1/customers?cursor=AAAA", "/api/v1/customers?count=maybe",
        ] {
            let answer = try await world.send("GET", target, as: admin)
            #expect(answer.status == 400, "\(target)")
            #expect(answer["error.code"]?.text == "VALIDATION_ERROR", "\(target)")
            #expect(answer.headers["content-type"] == "application/problem+json")
        }
        for body in [
            "{\"name\":\"a\",\"phone\":\"1\",\"address\":\"x\",\"id\":\"1\"}", "{\"name\":\"a\"}", "[]", "{",
            "{\"name\":\"a\",\"phone\":1,\"address\":\"x\"}",
            "{\"name\":\"a\",\"name\":\"b\",\"phone\":\"1\",\"address\":\"x\"}",
            "{\"name\":\"a\",\"phone\":\"1\",\"address\":\"x\",\"due_day\":32}",
        ] {
            #expect(try await world.send("POST", "/api/v1/customers", as: admin, body).status == 400, "\(body)")
        }
        let plain = try await world.send(
            "POST",
            "/api/v1/customers",
            as: admin,
            "{}",
            headers: ["Content-Type": "text/plain"]
        )
        #expect(plain.status == 415)
    }

    @Test(.proves("API-15")) func `a request under a key is carried out once`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let body = "{\"name\":\"Once\",\"phone\":\"1\",\"address\":\"x\"}"
        let key = ["Idempotency-Key": "key-\(world.parts.ids.uuid())"]
        let first = try await world.must(201, "POST", "/api/v1/customers", as: admin, body, headers: key)
        let again = try await world.must(201, "POST", "/api/v1/customers", as: admin, body, headers: key)
        #expect(again.body == first.body)
        #expect(again.headers["idempotent-replayed"] == "true")
        #expect(again.headers["location"] == first.headers["location"])
        #expect(again.headers["etag"] == first.headers["etag"])
        let other = try await world.send(
            "POST",
            "/api/v1/customers",
            as: admin,
            "{\"name\":\"Other\",\"phone\":\"1\",\"address\":\"x\"}",
            headers: key
        )
        #expect(other.status == 422)
        // Another caller's key is another key.
        let colleague = try await world.person(.tenantAdmin)
        let theirs = try await world.must(201, "POST", "/api/v1/customers", as: colleague, body, headers: key)
        #expect(theirs["data.id"] != first["data.id"])
        // What failed may be mended and sent again.
        let mended = ["Idempotency-Key": "mended-\(world.parts.ids.uuid())"]
        #expect(try await world.send("POST", "/api/v1/customers", as: admin, "{}", headers: mended).status == 400)
        _ = try await world.must(201, "POST", "/api/v1/customers", as: admin, body, headers: mended)
        // At once: one is carried out, the others wait for nothing and change nothing.
        let race = ["Idempotency-Key": "race-\(world.parts.ids.uuid())"]
        let statuses = try await withThrowingTaskGroup(of: Answer.self) { group in
            for _ in 0..<4 {
                group.addTask { try await world.send("POST", "/api/v1/customers", as: admin, body, headers: race) }
            }
            return try await group.reduce(into: [Answer]()) { $0.append($1) }
        }
        let ids = Set(statuses.filter { $0.status == 201 }.compactMap { $0["data.id"]?.text })
        #expect(ids.count == 1)
        #expect(statuses.allSatisfy { $0.status == 201 || $0.status == 409 })
    }

    @Test func `an answer with a secret is not kept`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let (customer, plan) = (try await world.customer(as: admin), try await world.plan(as: admin))
        let service = try await world.service(
            as: admin,
            customer: customer,
            plan: plan,
            "secret-\(world.parts.ids.uuid())"
        )
        let key = ["Idempotency-Key": "generate-\(world.parts.ids.uuid())"]
        let path = "/api/v1/services/\(service)/credentials/generate"
        let first = try await world.must(200, "POST", path, as: admin, headers: key)
        #expect(first["data.password"]?.text?.isEmpty == false)
        let again = try await world.send("POST", path, as: admin, headers: key)
        #expect(again.status == 409)
        #expect(again["error.code"]?.text == "SECRET_NOT_KEPT")
    }

    @Test(.proves("API-02", "API-07")) func `what goes wrong is told as a problem with the request's trace`()
        async throws
    {
        let world = try await GatewayWorld.shared()
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let answer = try await world.send("GET", "/api/v1/nowhere", headers: ["traceparent": trace])
        #expect(answer.status == 404)
        #expect(answer["trace_id"]?.text == "0af7651916cd43dd8448eb211c80319c")
        #expect(answer["error.code"]?.text == "NOT_FOUND")
        #expect(answer.headers["x-content-type-options"] == "nosniff")
        #expect(answer.headers["cache-control"] == "no-store")
        #expect(try await world.send("DELETE", "/api/v1/customers").status == 405)
        let nobody = try await world.send("GET", "/api/v1/customers")
        #expect(nobody.status == 401)
        #expect(nobody.headers["www-authenticate"]?.hasPrefix("Bearer") == true)
    }

    @Test(.proves("RAD-16")) func `a password is told once, and only on the record`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let (customer, plan) = (try await world.customer(as: admin), try await world.plan(as: admin))
        let service = try await world.service(
            as: admin,
            customer: customer,
            plan: plan,
            "told-\(world.parts.ids.uuid())"
        )
        let path = "/api/v1/services/\(service)/credentials"
        let body = "{\"password\":\"chosen by somebody\"}"
        let none = try #require(try await world.must(200, "GET", path, as: admin).headers["etag"])
        #expect(try await world.send("PUT", path, as: admin, body).status == 428)
        _ = try await world.must(200, "PUT", path, as: admin, body, headers: ["If-Match": none])
        #expect(try await world.send("PUT", path, as: admin, body, headers: ["If-Match": none]).status == 412)
        let told = try await world.must(200, "POST", path + "/reveal", as: admin)
        #expect(told["data.password"]?.text == "chosen by somebody")
        #expect(try await world.send("POST", path + "/reveal", as: admin).status == 409)
        let rotated = try await world.must(200, "POST", path + "/rotate", as: admin)
        #expect(rotated["data.password"]?.text != "chosen by somebody")
        let log = try await world.must(
            200,
            "GET",
            "/api/v1/audit-logs?resource_type=credential&resource_id=\(service)",
            as: admin
        )
        #expect(log.list("data").count == 3)
        #expect(!log.text.contains("chosen by somebody"))
    }

    static func member(_ value: JSONValue, _ name: String) -> String? {
        guard case .object(let members) = value else { return nil }
        return members[name]?.text
    }
}
