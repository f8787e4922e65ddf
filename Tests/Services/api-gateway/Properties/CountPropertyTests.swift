import Domain
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

/// Codes and counts of customers.
@Suite struct CountPropertyTests {
    @Test(.proves("CUS-01", "E-08"))
    func `property 8: codes never come again within a tenant, however many make them at once`()
        async throws
    {
        let plot = try await Plot(try await GatewayWorld.shared())
        let chosen = (0..<10).map { "CHOSEN-\($0)" }
        try await cases("property 8", count: 160, width: 8) { number, draw in
            var body: JSONRow = ["name": .text(draw.phrase()), "phone": .text("1"), "address": .text("x")]
            // A third wants one of ten codes; the others take what comes.
            if number.isMultiple(of: 3) { body["code"] = .text(draw.choice(chosen)) }
            let answer = try await plot.send("POST", "/api/v1/customers", body)
            guard answer.status != 201 else { return }
            #expect(answer.status == 409 && number.isMultiple(of: 3), "\(answer.status) \(answer.text)")
            #expect(answer["error.code"]?.text == "DUPLICATE_ENTRY")
        }
        let rows = try await plot.texts("SELECT code FROM customers WHERE tenant_id = '\(plot.tenant)'")
        #expect(Set(rows).count == rows.count)
        let generated = rows.filter { !$0.hasPrefix("CHOSEN-") }
        #expect(generated.count == 160 - (160 + 2) / 3)
        #expect(generated.allSatisfy { !$0.isEmpty })
        // The same code at once: one gets it. Another tenant may have it too.
        let race = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                let body: JSONRow = [
                    "code": .text("RACE"), "name": .text("x"), "phone": .text("1"), "address": .text("x"),
                ]
                group.addTask { try await plot.send("POST", "/api/v1/customers", body).status }
            }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(race.count { $0 == 201 } == 1)
        #expect(race.allSatisfy { $0 == 201 || $0 == 409 })
        let other = try await Plot(plot.world)
        let same: JSONRow = ["code": .text("RACE"), "name": .text("x"), "phone": .text("1"), "address": .text("x")]
        #expect(try await other.send("POST", "/api/v1/customers", same).status == 201)
    }

    @Test(.proves("CUS-04", "CCH-02", "E-15", "E-44"))
    func `properties 15 and 44: statistics add up to the total, and are those of this moment`() async throws {
        let plot = try await Plot(try await GatewayWorld.shared())
        var draw = Draw(SeededRandom("properties 15 and 44"))
        var present: [String: CustomerStatus] = [:]
        var deleted: Set<String> = []
        for step in 0..<100 {
            let status = draw.choice(CustomerStatus.allCases)
            let one = present.keys.sorted().randomElement(using: &draw.random)
            switch (draw.whole(0...9), one) {
            case (0...2, let id?):
                let target = "/api/v1/customers/\(id)"
                let tag = try #require(try await plot.send("GET", target).headers["etag"])
                let body: JSONRow = ["status": .text(status.rawValue)]
                #expect(try await plot.send("PATCH", target, body, headers: ["If-Match": tag]).status == 200)
                present[id] = status
            case (3, let id?):
                let target = "/api/v1/customers/\(id)"
                let tag = try #require(try await plot.send("GET", target).headers["etag"])
                #expect(try await plot.send("DELETE", target, headers: ["If-Match": tag]).status == 204)
                present[id] = nil
                deleted.insert(id)
            case (4, _):
                guard let id = deleted.sorted().randomElement(using: &draw.random) else { fallthrough }
                let answer = try await plot.send("POST", "/api/v1/customers/\(id)/restore")
                deleted.remove(id)
                present[id] = CustomerStatus(rawValue: answer["data.status"]?.text ?? "")
            default:
                let body: JSONRow = [
                    "name": .text(draw.phrase()), "phone": .text("1"), "address": .text("x"),
                    "status": .text(status.rawValue),
                ]
                let made = try await plot.send("POST", "/api/v1/customers", body)
                present[try #require(made["data.id"]?.text)] = status
            }
            let statistics = try await plot.send("GET", "/api/v1/customers/statistics")
            var sum: Int64 = 0
            for status in CustomerStatus.allCases {
                let count = statistics["data.by_status.\(status.rawValue)"]?.integer ?? -1
                #expect(count == Int64(present.values.count { $0 == status }), "step \(step), \(status)")
                sum += count
            }
            #expect(statistics["data.total"]?.integer == sum, "step \(step)")
            #expect(sum == Int64(present.count), "step \(step)")
            #expect(statistics["data.deleted"]?.integer == Int64(deleted.count), "step \(step)")
            let listed = try await plot.send("GET", "/api/v1/customers?count=true&limit=1")
            #expect(listed["meta.total"]?.integer == sum, "step \(step)")
        }
    }
}
