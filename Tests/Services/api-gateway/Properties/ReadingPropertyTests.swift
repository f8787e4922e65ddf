import Persistence
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

/// Lists: whatever is asked, it is answered with exactly the rows that are one's own and fit.
@Suite struct ReadingPropertyTests {
    private func ids(_ entity: EntityCase, _ rows: [JSONRow]) -> Set<String> { Set(rows.map(entity.identity)) }

    @Test(.proves("TEN-05", "TEN-03", "E-01"), arguments: EntityCase.all)
    func `property 1: every query result belongs to the tenant of who asks`(_ entity: EntityCase) async throws {
        let population = try await entity.population()
        let (own, foreign) = (ids(entity, population.rows), ids(entity, population.others))
        #expect(own.isDisjoint(with: foreign))
        try await cases("property 1, \(entity.name)") { _, draw in
            var query = ["limit=100"]
            // Of the other's values as often as of one's own.
            let rows = draw.chance(50) ? population.others : population.rows
            var conditions: [Condition] = []
            if let condition = entity.condition(rows, &draw) { conditions.append(condition) }
            if draw.chance(30), entity.hasFilter("tenant_id") {
                let theirs = "filter=tenant_id:eq:\(population.other.tenant)"
                conditions.append(Condition(query: theirs) { _ in false })
            }
            query += conditions.map(\.query)
            if let sort = entity.sorts.randomElement(using: &draw.random) {
                query.append("sort=\(draw.chance(50) ? "-" : "")\(sort)")
            }
            let answer = try await population.plot.send("GET", entity.target(population.plot, query))
            // Who names another's thing beside the path may be told that it is nowhere.
            #expect(answer.status == 200 || answer.status == 404 && entity.sorts.isEmpty, "\(query): \(answer.text)")
            let found = ids(entity, answer.rows)
            #expect(found.isDisjoint(with: foreign), "\(query)")
            let expected = population.rows.filter { row in conditions.allSatisfy { $0.holds(row) } }
            #expect(found == ids(entity, expected), "\(query)")
        }
    }

    @Test(.proves("CUS-03", "API-05", "E-10"), arguments: EntityCase.all)
    func `property 10: the items of all pages sum to the total that is told`(_ entity: EntityCase) async throws {
        let population = try await entity.population()
        try await cases("property 10, \(entity.name)") { _, draw in
            var query = ["limit=\(draw.whole(9...40))"]
            if entity.isCounted { query.append("count=true") }
            if let sort = entity.sorts.randomElement(using: &draw.random) {
                query.append("sort=\(draw.chance(50) ? "-" : "")\(sort)")
            }
            let condition = draw.chance(40) ? entity.condition(population.rows, &draw) : nil
            if let condition { query.append(condition.query) }
            let expected = population.rows.filter { condition?.holds($0) ?? true }
            let (rows, totals) = try await entity.walk(population.plot, query)
            #expect(rows.count == expected.count, "\(query)")
            #expect(ids(entity, rows) == ids(entity, expected), "\(query)")
            #expect(totals == (entity.isCounted ? [Int64(expected.count)] : []), "\(query)")
        }
    }

    @Test(.proves("CUS-03", "E-11"), arguments: EntityCase.all.filter { !$0.searched.isEmpty })
    func `property 11: a hit contains the term, and what contains it is a hit`(_ entity: EntityCase) async throws {
        let population = try await entity.population()
        try await cases("property 11, \(entity.name)") { _, draw in
            let row = draw.choice(population.rows)
            let texts = entity.searched.compactMap { row[$0]?.text }.filter { !$0.isEmpty }
            let words = draw.choice(texts).split(whereSeparator: \.isWhitespace).map(String.init)
            let word = draw.choice(words).unicodeScalars
            let start = draw.whole(0...max(0, word.count - 3))
            var term = String(String.UnicodeScalarView(word.dropFirst(start).prefix(draw.whole(1...8))))
            if draw.chance(10) { term = draw.plain() + "zz" }
            let asked = draw.chance(50) ? term.uppercased() : term
            guard asked.lowercased() == term.lowercased() else { return }
            let found = ids(
                entity,
                try await population.plot.rows(
                    entity.target(population.plot, ["limit=100", "q=\(asked.encodedForQuery)"])
                )
            )
            let hits = population.rows.filter { row in
                entity.searched.contains { (row[$0]?.text ?? "").lowercased().contains(term.lowercased()) }
                    // A phone number is found with and without its punctuation.
                    || (row["phone"]?.text ?? "").filter(\.isNumber).contains(term)
            }
            #expect(found.isSubset(of: ids(entity, hits)), "q=\(asked)")
            // One and two characters are looked for where words begin.
            if term.unicodeScalars.count >= 3 { #expect(found == ids(entity, hits), "q=\(asked)") }
        }
    }

    @Test(.proves("CUS-03", "API-05", "E-12"), arguments: EntityCase.all.filter(\.isFiltered))
    func `property 12: each listed item meets the filters, and none that does is missing`(_ entity: EntityCase)
        async throws
    {
        let population = try await entity.population()
        try await cases("property 12, \(entity.name)") { _, draw in
            var conditions: [Condition] = []
            for _ in 0..<draw.whole(1...3) {
                guard let condition = entity.condition(population.rows, &draw) else { continue }
                // A parameter that is no filter may stand once.
                if case .equalities = entity.filtering, !conditions.isEmpty { continue }
                conditions.append(condition)
            }
            let query = ["limit=100"] + conditions.map(\.query)
            let found = try await population.plot.rows(entity.target(population.plot, query))
            for row in found {
                for condition in conditions { #expect(condition.holds(row), "\(condition.query): \(row)") }
            }
            let expected = population.rows.filter { row in conditions.allSatisfy { $0.holds(row) } }
            #expect(ids(entity, found) == ids(entity, expected), "\(query)")
        }
    }
}

extension EntityCase {
    func hasFilter(_ name: String) -> Bool {
        if case .fields(let fields) = filtering { fields.contains { $0.name == name } } else { false }
    }

    var isFiltered: Bool {
        switch filtering {
        case .fields: true
        case .equalities(let names): !names.isEmpty
        }
    }
}
