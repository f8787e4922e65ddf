import Domain
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

/// Changes: what is not whole, points nowhere or would break something is refused, and changes nothing.
@Suite struct WritingPropertyTests {
    private func plot(_ entity: EntityCase) async throws -> Plot {
        try await Plot(try await GatewayWorld.shared(), customers: 3, plans: 3)
    }

    private func writing(_ entity: EntityCase) throws -> EntityCase.Writing { try #require(entity.writing) }

    private func create(_ entity: EntityCase, _ plot: Plot, _ body: JSONRow) async throws -> Answer {
        let text = JSONValue.object(body).written
        return try await plot.world.must(201, "POST", entity.path(plot), as: plot.admin, text)
    }

    private func count(_ entity: EntityCase, _ plot: Plot) async throws -> Int {
        try await entity.walk(plot, ["limit=100"]).rows.count
    }

    @Test(.proves("CUS-02", "PLN-01", "API-02", "SEC-04", "E-09"), arguments: EntityCase.written)
    func `property 9: what lacks a required member is refused by its name`(_ entity: EntityCase) async throws {
        let (plot, writing) = (try await plot(entity), try writing(entity))
        let before = try await count(entity, plot)
        try await cases("property 9, \(entity.name)") { _, draw in
            var body = writing.body(plot, &draw)
            let missing = draw.some(writing.required)
            for name in missing { body[name] = nil }
            // Nothing is no value either, nor is nothing between quotes.
            let isEmpty = missing.count == 1 && draw.chance(40)
            if isEmpty { body[missing[0]] = draw.chance(50) ? .null : .text("") }
            let answer = try await plot.send("POST", entity.path(plot), body)
            #expect(answer.status == 400, "\(JSONValue.object(body).written): \(answer.text)")
            #expect(answer["error.code"]?.text == "VALIDATION_ERROR")
            let fields = Set(answer.list("error.details").compactMap { ConventionTests.member($0, "field") })
            #expect(fields.isSuperset(of: missing.map { "/" + $0 }), "\(missing): \(fields)")
        }
        #expect(try await count(entity, plot) == before)
    }

    @Test(.proves("CUS-06", "API-02", "E-13"), arguments: EntityCase.written)
    func `property 13: a change of what is missing, or to what is missing, is refused`(_ entity: EntityCase)
        async throws
    {
        let (plot, writing) = (try await plot(entity), try writing(entity))
        let elsewhere = try await Plot(plot.world, customers: 1, plans: 1)
        var first = Draw(SeededRandom("property 13, \(entity.name)"))
        let made = try await create(entity, plot, writing.body(plot, &first))
        let (id, tag) = (try #require(made["data.id"]?.text), try #require(made.headers["etag"]))
        let before = try await count(entity, plot)
        try await cases("property 13, \(entity.name)") { _, draw in
            let nowhere = draw.id()
            let method = draw.choice(["PATCH", "DELETE"])
            let change = method == "PATCH" ? writing.change(&draw) : nil
            let missing = "\(entity.path(plot))/\(nowhere)"
            let refused = try await plot.send(method, missing, change, headers: ["If-Match": tag])
            #expect(refused.status == 404, "\(method): \(refused.text)")
            guard let member = writing.references.randomElement(using: &draw.random) else { return }
            // What is nowhere, and what is another tenant's.
            let others = member == "plan_id" ? elsewhere.plans : elsewhere.customers
            let target = JSONValue.text(draw.chance(50) ? nowhere : draw.choice(others))
            var body = writing.body(plot, &draw)
            body[member] = target
            let creation = try await plot.send("POST", entity.path(plot), body)
            #expect([400, 404, 409].contains(creation.status), "\(member): \(creation.status) \(creation.text)")
            let changed = try await plot.send(
                "PATCH",
                "\(entity.path(plot))/\(id)",
                [member: target],
                headers: ["If-Match": tag]
            )
            #expect([400, 404, 409].contains(changed.status), "\(member): \(changed.status) \(changed.text)")
        }
        #expect(try await plot.send("GET", "\(entity.path(plot))/\(id)").headers["etag"] == tag)
        #expect(try await count(entity, plot) == before)
    }

    @Test(.proves("CUS-05", "E-14"), arguments: EntityCase.written)
    func `property 14: what is deleted is in no default list, and stays stored where its deletion is soft`(
        _ entity: EntityCase
    ) async throws {
        let (plot, writing) = (try await plot(entity), try writing(entity))
        try await cases("property 14, \(entity.name)") { _, draw in
            let made = try await create(entity, plot, writing.body(plot, &draw))
            let id = try #require(made["data.id"]?.text)
            let target = "\(entity.path(plot))/\(id)"
            let tag = try #require(made.headers["etag"])
            let gone = try await plot.send("DELETE", target, headers: ["If-Match": tag])
            #expect(gone.status == 204, "\(gone.text)")
            #expect(try await plot.send("GET", target).status == 404)
            #expect(
                try await plot.send("PATCH", target, writing.change(&draw), headers: ["If-Match": tag]).status == 404
            )
            guard entity.hasFilter("id") else { return }
            let filter = "filter=id:eq:\(id)"
            #expect(try await plot.rows("\(entity.path(plot))?\(filter)").isEmpty)
            guard writing.isSoftlyDeleted else { return }
            for shown in ["only", "include"] {
                let rows = try await plot.rows("\(entity.path(plot))?\(filter)&deleted=\(shown)")
                #expect(rows.count == 1 && rows[0]["deleted_at"]?.text != nil, "\(shown)")
            }
            let stored = try await plot.texts("SELECT deleted_at::text FROM customers WHERE id = '\(id)'")
            #expect(stored.count == 1)
        }
        let left = try await plot.rows("\(entity.path(plot))?limit=100")
        // The population that a plot begins with, and nobody else.
        let begun = ["customer": plot.customers.count, "plan": plot.plans.count, "user": 1][entity.name] ?? 0
        #expect(left.count == begun)
    }

    @Test(.proves("PLN-02", "E-16"), arguments: EntityCase.written.filter { $0.writing?.positive.isEmpty == false })
    func `property 16: zero and less are refused where something is measured or paid`(_ entity: EntityCase)
        async throws
    {
        let (plot, writing) = (try await plot(entity), try writing(entity))
        var first = Draw(SeededRandom("property 16, \(entity.name)"))
        let made = try await create(entity, plot, writing.body(plot, &first))
        let (id, tag) = (try #require(made["data.id"]?.text), try #require(made.headers["etag"]))
        let before = try await count(entity, plot)
        try await cases("property 16, \(entity.name)") { _, draw in
            let member = draw.choice(writing.positive)
            let number = draw.chance(30) ? 0 : -draw.whole(1...1_000_000_000)
            let isAmount = member == "price"
            let value: JSONValue = isAmount ? .text(draw.chance(30) ? "0.0000" : "\(number)") : .whole(number)
            var body = writing.body(plot, &draw)
            body[member] = value
            let creation = try await plot.send("POST", entity.path(plot), body)
            #expect(creation.status == 400, "\(member) = \(value.written): \(creation.text)")
            #expect(creation.text.contains(member))
            guard member != "unit_length" else { return }
            let change = try await plot.send(
                "PATCH",
                "\(entity.path(plot))/\(id)",
                [member: value],
                headers: ["If-Match": tag]
            )
            #expect(change.status == 400, "\(member) = \(value.written): \(change.text)")
        }
        #expect(try await plot.send("GET", "\(entity.path(plot))/\(id)").headers["etag"] == tag)
        #expect(try await count(entity, plot) == before)
    }

    @Test(.proves("PLN-03", "E-17"), arguments: EntityCase.written.filter { $0.writing?.depend != nil })
    func `property 17: what others depend on is not deleted`(_ entity: EntityCase) async throws {
        let (plot, writing) = (try await plot(entity), try writing(entity))
        let depend = try #require(writing.depend)
        try await cases("property 17, \(entity.name)") { _, draw in
            let made = try await create(entity, plot, writing.body(plot, &draw))
            let id = try #require(made["data.id"]?.text)
            let target = "\(entity.path(plot))/\(id)"
            try await depend(plot, id, &draw)
            let headers = ["If-Match": try #require(made.headers["etag"])]
            let answer = try await plot.send("DELETE", target, headers: headers)
            #expect(answer.status == 409, "\(answer.status) \(answer.text)")
            #expect(answer["error.code"]?.text == "STILL_REFERENCED")
            #expect(try await plot.send("GET", target).status == 200)
        }
    }
}
