import Domain
import HTTPServer
import Persistence
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

/// Exports: whole fields, of what one may read, within the dates that were asked for.
@Suite struct ExportPropertyTests {
    private static let exported = EntityCase.all.filter(\.isExported)

    private func ndjson(_ answer: Answer) throws -> [JSONRow] {
        try answer.text.split(separator: "\n").map { line in
            guard case .object(let members) = try JSONValue(Array(line.utf8)) else { return [:] }
            return members
        }
    }

    /// The records of a CSV file by their heading.
    private func csv(_ answer: Answer) throws -> [[String: String]] {
        var parser = CSVParser()
        let records = try (parser.consume(answer.body) + parser.finish()).map { try $0.get().fields }
        guard let heading = records.first else { return [] }
        return records.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(heading, $0)) }
    }

    @Test(.proves("EXP-01", "E-61"), arguments: exported)
    func `property 61: an export holds every field of every row that its filters leave`(_ entity: EntityCase)
        async throws
    {
        let population = try await entity.population()
        try await cases("property 61, \(entity.name)") { _, draw in
            let condition = draw.chance(70) ? entity.condition(population.rows, &draw) : nil
            let filters = condition.map { [$0.query] } ?? []
            let expected = population.rows.filter { condition?.holds($0) ?? true }
            let rows = Dictionary(uniqueKeysWithValues: expected.map { (entity.identity($0), $0) })
            let isCSV = draw.chance(50)
            let target = entity.target(
                population.plot,
                ["format=\(isCSV ? "csv" : "ndjson")"] + filters,
                export: true
            )
            let answer = try await population.plot.world.must(200, "GET", target, as: population.plot.admin)
            guard isCSV else {
                let lines = try ndjson(answer)
                #expect(lines.count == expected.count, "\(target)")
                for line in lines {
                    #expect(Set(line.keys) == Set(entity.columns))
                    #expect(line == rows[entity.identity(line)], "\(target)")
                }
                return
            }
            let records = try csv(answer)
            #expect(records.count == expected.count, "\(target)")
            for record in records {
                let row = rows[entity.key.map { record[$0] ?? "?" }.joined(separator: "/")]
                #expect(Set(record.keys) == Set(entity.columns))
                for column in entity.columns {
                    guard let value = row?[column], let text = value.isNull ? "" : value.plainText else { continue }
                    #expect(CSVWriter.original(record[column] ?? "?") == text, "\(column)")
                }
            }
        }
    }

    @Test(.proves("EXP-01", "E-62"), arguments: exported)
    func `property 62: a period holds only what lies within it`(_ entity: EntityCase) async throws {
        let population = try await entity.population()
        let time = try #require(entity.time)
        let times = population.rows.compactMap { $0[time]?.text }.sorted()
        try #require(times.count == population.rows.count)
        try await cases("property 62, \(entity.name)") { _, draw in
            let (one, two) = (draw.choice(times), draw.choice(times))
            let (from, to) = (min(one, two), max(one, two))
            let target = entity.target(
                population.plot,
                [
                    "format=ndjson", "filter=\("\(time):gte:\(from)".encodedForQuery)",
                    "filter=\("\(time):lt:\(to)".encodedForQuery)",
                ],
                export: true
            )
            let answer = try await population.plot.world.must(200, "GET", target, as: population.plot.admin)
            let found = try ndjson(answer)
            for row in found {
                let at = row[time]?.text ?? ""
                #expect(from <= at && at < to, "\(target)")
            }
            let expected = population.rows.filter { (from..<max(from, to)).contains($0[time]?.text ?? "") }
            #expect(Set(found.map(entity.identity)) == Set(expected.map(entity.identity)), "\(target)")
        }
    }

    @Test(.proves("EXP-01", "IAM-14", "E-63"), arguments: exported)
    func `property 63: an export holds what its reader may read, and nobody else gets one`(_ entity: EntityCase)
        async throws
    {
        let population = try await entity.population()
        let world = population.plot.world
        let target = entity.target(population.plot, ["format=ndjson"], export: true)
        let route = try #require(
            world.gateway.routes.first { $0.pattern.description == entity.path(population.plot) + "/export" }
        )
        guard case .permissions(let needed) = route.metadata.guard else {
            Issue.record("open to everybody")
            return
        }
        var people: [GatewayWorld.Person] = []
        for role in Role.allCases where role.fits(.provider) && role != .customer {
            people.append(try await world.person(role, in: population.plot.tenant))
            people.append(try await world.person(role, in: population.other.tenant))
        }
        let readers = people + [population.plot.above]
        try await cases("property 63, \(entity.name)") { _, draw in
            let reader = draw.choice(readers)
            let condition = draw.chance(50) ? entity.condition(population.rows, &draw) : nil
            let filter = condition.map { "&" + $0.query } ?? ""
            let answer = try await world.send("GET", target + filter, as: reader)
            guard needed.isSubset(of: reader.user.permissions) else {
                #expect(answer.status == 403, "\(reader.user.role)")
                return
            }
            try #require(answer.status == 200, "\(reader.user.role): \(answer.text)")
            let found = try ndjson(answer)
            let tenants = Set(found.compactMap { $0["tenant_id"]?.text })
            if reader.user.role != .superAdmin {
                #expect(tenants.isSubset(of: [reader.user.tenantID.description]))
            }
            guard reader.user.tenantID != population.other.tenant else { return }
            let ids = Set(found.map(entity.identity))
            let expected = population.rows.filter { condition?.holds($0) ?? true }
            #expect(ids.isSuperset(of: expected.map(entity.identity)), "\(reader.user.role) \(filter)")
        }
    }
}
