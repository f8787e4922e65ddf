import SharedTesting
import Testing

@testable import GraphQL

@Suite struct ParserTests {
    @Test(.proves("API-09")) func `definitions, selections, values and types are read as they stand`() throws {
        let document = try Parser.document(
            """
            query Q($a: [[Int!]]! = [[1], null], $b: T @d) @e {
              x: f(a: $a, b: {c: [1.5, "s", E, true, null], d: $b}) @include(if: true) { g ...F ... on T { h } ... @skip(if: $b) { i } }
            }
            fragment F on T @g { query fragment on: true null }
            {
              mutation
            }
            """
        )
        #expect(document.operations.map(\.name) == ["Q", nil])
        let query = try #require(document.operations.first)
        #expect(query.variables.map(\.type.description) == ["[[Int!]]!", "T"])
        #expect(query.variables.map(\.directives.count) == [0, 1])
        #expect(query.directives.map(\.name) == ["e"])
        guard case .field(let field)? = query.selections.first else {
            Issue.record("no field")
            return
        }
        #expect((field.alias, field.name, field.key) == ("x", "f", "x"))
        #expect(field.arguments.map(\.name) == ["a", "b"])
        #expect(field.arguments[0].value.kind == .variable("a"))
        guard case .object(let members) = field.arguments[1].value.kind else {
            Issue.record("no object")
            return
        }
        #expect(members["d"]?.kind == .variable("b"))
        guard case .list(let values)? = members["c"]?.kind else {
            Issue.record("no list")
            return
        }
        #expect(values.map(\.kind) == [.float("1.5"), .string("s"), .enumeration("E"), .boolean(true), .null])
        #expect(field.selections.count == 4)
        // Words that mean something elsewhere are names of fields.
        #expect(document.fragments.first?.selections.count == 4)
    }

    @Test(
        .proves("API-09"),
        arguments: [
            "", " ", "{", "}", "{}", "query", "query {", "{ a", "{ a: }", "{ a() }", "{ a(b) }", "{ a(b:) }",
            "{ a(b: $) }",
            "{ ... }", "{ ...on }", "{ ...on T }", "{ a @ }", "query ($a) { b }", "query ($a:) { b }", "query () { a }",
            "query ($a: Int = $b) { c }", "query ($a: [Int) { b }", "query ($a: Int!!) { b }", "fragment on on T { a }",
            "fragment F { a }", "fragment F on T", "{ a } }", "a", "{ a: b: c }", "{ a(b: [1) }", "{ a(b: {c}) }",
            "{ a(b: {c: 1, c: 2}) }", "{ 1 }", "{ \"a\" }", "{ $a }", "{ a(b: @c) }", "query Q Q { a }",
            "type T { a: Int }", "schema { query: Q }", "extend type T { a: Int }", "scalar S", "\"text\" { a }",
        ]
    ) func `what is no query is refused, and where it stops being one is told`(_ text: String) {
        let error = Fixture.refusal(text)
        #expect(error?.locations.count == 1, "\(text)")
    }

    @Test(.proves("API-09")) func `mutations and subscriptions are refused, also beside a query`() {
        for text in ["mutation { a }", "subscription S { a }", "query A { dogs { total } } mutation B { a }"] {
            #expect(Fixture.refusal(text, operation: "A")?.message.contains("Only queries") == true, "\(text)")
        }
    }

    @Test func `what is too long or too deep to be read is refused`() {
        #expect(Fixture.refusal("{ dogs { total } } #" + String(repeating: "x", count: 16_384)) != nil)
        #expect(Fixture.refusal("{ dogs { total } } #" + String(repeating: "x", count: 16_364)) == nil)
        for (open, close) in [("{a", "}"), ("{a(b:[[[[", "]]]])}"), ("{...{a", "}}")] {
            let text = String(repeating: open, count: 1_000) + String(repeating: close, count: 1_000)
            #expect(Fixture.refusal(text) != nil)
        }
        for (open, close) in [("[", "]"), ("{a:", "}")] {
            let value = String(repeating: open, count: 2_000) + "1" + String(repeating: close, count: 2_000)
            #expect(
                Fixture.refusal("{ dogs(filter: \(value)) { total } }")?.message.contains("inside one another") == true
            )
        }
        let type = String(repeating: "[", count: 2_000) + "Int" + String(repeating: "]", count: 2_000)
        #expect(Fixture.refusal("query ($a: \(type)) { dogs { total } }")?.message.contains("inside") == true)
    }

    @Test(.proves("API-09")) func `a thousand mutations of good documents are planned or refused, and nothing else`() {
        var random = SeededRandom()
        let pieces = [
            "{", "}", "(", ")", "...", "on", "@skip(if: true)", "$limit", "\"", "\"\"\"", "\\", "[", "]", ":", "!",
            "null",
            "fragment", "query", "#", "\u{0}", "é", "1e999", "99999999999999999999", "Name", "dogs", ",", "\n",
        ]
        var refused = 0
        for _ in 0..<1_000 {
            var octets = Array((Fixture.documents.randomElement(using: &random) ?? "").utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let at = Int.random(in: 0...octets.count, using: &random)
                let end = min(octets.count, at + Int.random(in: 0...20, using: &random))
                switch Int.random(in: 0..<4, using: &random) {
                case 0: octets.removeSubrange(at..<end)
                case 1: octets.insert(contentsOf: octets[at..<end], at: at)
                case 2: octets.insert(contentsOf: Array((pieces.randomElement(using: &random) ?? "").utf8), at: at)
                default: if at < octets.count { octets[at] = UInt8.random(in: 0...127, using: &random) }
                }
            }
            let text = String(decoding: octets, as: UTF8.self)
            guard let error = Fixture.refusal(text) else { continue }
            refused += 1
            let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).count
            for location in error.locations { #expect((1...lines + 1).contains(location.line), "\(text)") }
        }
        #expect(refused > 300)
    }
}
