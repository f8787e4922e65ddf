import Domain
import Persistence
import SharedTesting
import Testing

@testable import APIGateway

@Suite struct ImportTests {
    private func send(
        _ world: GatewayWorld,
        _ person: GatewayWorld.Person,
        _ file: String,
        key: String? = nil
    ) async throws -> Answer {
        var headers = person.headers
        headers["Content-Type"] = "text/csv"
        headers["Idempotency-Key"] = key
        return try await world.client.send("POST", "/api/v1/customers/import", headers: headers, body: Array(file.utf8))
    }

    private func lines(_ answer: Answer) -> [Substring] { answer.text.split(separator: "\n") }

    @Test(.proves("API-15", "EXP-01"))
    func `a file of faults ends behind a thousand of them, and what was stored is told`()
        async throws
    {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin, in: world.two)
        let mark = "faulty\(world.parts.ids.uuid())"
        let file = "name,phone,address\n\(mark),1,a\n" + String(repeating: "x\n", count: 200_000)
        let answer = try await send(world, admin, file)
        #expect(answer.status == 207)
        let lines = lines(answer)
        // The one that was stored, a thousand wrong ones, why it ended, and the summary.
        #expect(lines.count == 1_003)
        #expect(lines[lines.count - 2].contains("\"ended\":{\"code\":\"too_many\""))
        #expect(lines.last?.contains("\"created\":1,\"failed\":1000,\"dry_run\":false,\"complete\":false") == true)
        let found = try await world.must(200, "GET", "/api/v1/customers?q=\(mark)&count=true", as: admin)
        #expect(found["meta.total"]?.integer == 1)
    }

    @Test(.proves("API-15")) func `an import that broke off tells what is stored, and goes on under its key`()
        async throws
    {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin, in: world.two)
        let mark = "again\(world.parts.ids.uuid())"
        let rows = (0..<600).map { "\(mark),+1 \($0),a\n" }.joined()
        let whole = "name,phone,address\n" + rows
        let key = "import-\(world.parts.ids.uuid())"
        func count() async throws -> Int64? {
            try await world.must(200, "GET", "/api/v1/customers?q=\(mark)&count=true", as: admin)["meta.total"]?.integer
        }
        // Two batches are in when the file turns out to be wrong all the way.
        let broken = try await send(world, admin, whole + String(repeating: "x\n", count: 1_100), key: key)
        #expect(broken.status == 207)
        #expect(try await count() == 600)
        let first = lines(broken).prefix(600).map(String.init)
        for _ in 0..<2 {
            let answer = try await send(world, admin, whole, key: key)
            #expect(answer.status == 200)
            #expect(answer.text.contains("\"created\":600,\"failed\":0,\"dry_run\":false,\"complete\":true"))
            #expect(lines(answer).prefix(600).map(String.init) == first, "codes and ids are the first ones")
        }
        #expect(try await count() == 600)
        #expect(try await send(world, admin, whole, key: "not a key").status == 400)
        // Another key, other people.
        #expect(try await send(world, admin, whole, key: key + "x").status == 200)
        #expect(try await count() == 1_200)
    }

    @Test(.proves("CUS-07")) func `a subscriber reads nothing of what the house remarks of him`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let body =
            "{\"name\":\"Zed\",\"phone\":\"1\",\"address\":\"a\",\"notes\":\"pays late\",\"tags\":[\"trouble\"]}"
        let made = try await world.must(201, "POST", "/api/v1/customers", as: admin, body)
        #expect(made["data.notes"]?.text == "pays late")
        let id = try #require(made["data.id"]?.text)
        let own = try await world.person(.customer, customer: CustomerID(id))
        for target in ["/api/v1/customers", "/api/v1/customers/\(id)"] {
            let answer = try await world.must(200, "GET", target, as: own)
            #expect(answer.text.contains("Zed"))
            for secret in ["pays late", "trouble", "notes", "tags"] {
                #expect(!answer.text.contains(secret), "\(target): \(secret)")
            }
            for field in ["notes", "tags", "id,tags"] {
                #expect(try await world.send("GET", "\(target)?fields=\(field)", as: own).status == 400)
                #expect(try await world.send("GET", "\(target)?fields=\(field)", as: admin).status == 200)
            }
        }
        #expect(try await world.send("GET", "/api/v1/customers?filter=tags:contains:trouble", as: own).status == 400)
        #expect(try await world.send("GET", "/api/v1/customers?filter=tags:contains:trouble", as: admin).status == 200)
    }
}
