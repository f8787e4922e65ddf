import SharedTesting
import Testing

@testable import GraphQL

@Suite struct QueryPlanTests {
    /// `key:name(arguments)[selections]`.
    private func text(_ fields: [PlannedField]) -> String {
        fields.map { field in
            let arguments = field.arguments.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            return (field.key == field.name ? "" : field.key + ":") + field.name
                + (arguments.isEmpty ? "" : "(\(arguments.joined(separator: ",")))")
                + (field.selections.isEmpty ? "" : "[\(text(field.selections))]")
        }.joined(separator: " ")
    }

    @Test(.proves("API-09")) func `good documents are planned`() throws {
        for document in Fixture.documents {
            let name = document.hasPrefix("query A") ? "B" : nil
            #expect(try !Fixture.plan(document, operation: name).isEmpty)
        }
        #expect(
            try text(Fixture.plan("query A { dogs { next } } query B { dogs { total } }", operation: "A"))
                == "dogs[next]"
        )
    }

    @Test(.proves("API-09")) func `fragments are spread, fields of one key joined, directives carried out`() throws {
        let document = """
            query ($no: Boolean = false, $yes: Boolean!) {
              ...Root dogs { total } a: dogs @skip(if: $yes) { next } b: dogs @include(if: $no) { next } ... @include(if: $yes) { c: dogs { next } }
            }
            fragment Root on Query { dogs { data { ...Name } total } }
            fragment Name on Dog { id mother { name } ...More }
            fragment More on Dog { mother { id name } call: name @include(if: $yes) @skip(if: $no) }
            """
        #expect(
            try text(Fixture.plan(document, ["yes": .boolean(true)]))
                == "dogs[data[id mother[name id] call:name] total] c:dogs[next]"
        )
    }

    @Test(.proves("API-09")) func `values come in the types of their arguments`() throws {
        let document = """
            query ($n: Int = 5, $list: [String!], $word: String!, $id: ID = 3, $size: Size, $weight: Float, $none: Int) {
              a: dogs(limit: $n, filter: $list, size: $size, weight: $weight) { next }
              b: dogs(filter: ["x", $word], limit: null) { next }
              c: dogs(filter: "w", limit: $none, weight: 2) { next }
              d: dog(id: 12) { id } e: dog(id: $id) { id }
            }
            """
        let fields = try Fixture.plan(
            document,
            ["list": .string("one"), "word": .string("w"), "size": .string("SMALL"), "weight": .int(4), "more": .null]
        )
        let given = Dictionary(uniqueKeysWithValues: fields.map { ($0.key, $0.arguments) })
        #expect(
            given["a"] == [
                "limit": .int(5), "filter": .list([.string("one")]), "size": .string("SMALL"), "weight": .float(4),
            ]
        )
        #expect(given["b"] == ["filter": .list([.string("x"), .string("w")]), "limit": .null])
        #expect(given["c"] == ["filter": .list([.string("w")]), "weight": .float(2)])
        #expect(given["d"] == ["id": .string("12")])
        #expect(given["e"] == ["id": .string("3")])
    }

    @Test(
        .proves("API-09"),
        arguments: [
            "{ cats }", "{ dogs }", "{ dogs { data } }", "{ dogs { total { a } } }", "{ dogs { data { bark } } }",
            "{ __schema }", "{ dogs { __schema { types { name } } } }", "{ dog { id } }", "{ dog(id: null) { id } }",
            "{ dog(id: 1, id: 2) { id } }", "{ dog(id: 1, name: 2) { id } }", "{ dog(id: 1.5) { id } }",
            "{ dog(id: X) { id } }", "{ dogs(limit: \"1\") { next } }", "{ dogs(limit: 2147483648) { next } }",
            "{ dogs(limit: 1.0) { next } }", "{ dogs(size: \"SMALL\") { next } }", "{ dogs(size: TINY) { next } }",
            "{ dogs(filter: [1]) { next } }", "{ dogs(filter: [null]) { next } }", "{ dogs(filter: {a: 1}) { next } }",
            "{ dogs(loud: 1) { next } }", "{ dogs(weight: 1e999) { next } }",
            "{ dogs { next } dogs(limit: 1) { next } }",
            "{ a: dogs { next } a: dog(id: 1) { id } }", "{ dogs { a: next a: total } }",
            "{ dogs { next @skip } }", "{ dogs { next @skip(if: 1) } }",
            "{ dogs { next @skip(if: true) @skip(if: true) } }",
            "{ dogs { next @defer } }", "query @skip(if: true) { dogs { next } }",
            "query ($a: Int @skip(if: true)) { dogs(limit: $a) { next } }",
            "{ ...F }", "{ ...F } fragment F on Dog { id }", "{ ... on Dog { id } }", "{ ... on Nobody { id } }",
            "{ dogs { next } } fragment F on Dog { id }", "{ dogs { ...F } } fragment F on Int { id }",
            "{ dogs { ...F } } fragment F on DogPage { next } fragment F on DogPage { total }",
            "{ dogs { ...F } } fragment F on DogPage { ...F }",
            "{ ...F } fragment F on Query @skip(if: true) { dogs { next } }",
            "{ dogs { ...F } } fragment F on DogPage { ...G } fragment G on DogPage { data { ...H } } fragment H on Dog { mother { ...I } } fragment I on Dog { ...H }",
            "{ dogs { next } } { dogs { total } }", "query A { dogs { next } } query A { dogs { total } }",
            "query ($a: Int) { dogs { next } }", "{ dogs(limit: $a) { next } }",
            "query ($a: Int, $a: Int) { dogs(limit: $a) { next } }",
            "query ($a: Dog) { dogs(limit: $a) { next } }", "query ($a: Nothing) { dogs(limit: $a) { next } }",
            "query ($a: String) { dogs(limit: $a) { next } }", "query ($a: ID) { dog(id: $a) { id } }",
            "query ($a: ID = null) { dog(id: $a) { id } }", "query ($a: [String]) { dogs(filter: $a) { next } }",
            "query ($a: String) { dogs(filter: [$a]) { next } }",
            "query ($a: String!) { dogs(filter: $a) { next } }",
            "query ($a: Int = \"x\") { dogs(limit: $a) { next } }",
            "query ($a: Int! = null) { dogs(limit: $a) { next } }",
            "query ($a: Boolean) { dogs { next @skip(if: $a) } }",
            "query A($a: Int) { dogs(limit: $a) { next } } query B { dogs(limit: $a) { next } }",
            "fragment F on Dog { id }",
        ]
    ) func `what the rules forbid is refused`(_ document: String) {
        #expect(Fixture.refusal(document, operation: document.hasPrefix("query A") ? "A" : nil) != nil)
    }

    @Test func `values of variables must fit, and be there`() {
        let document =
            "query ($a: Int!, $b: [Int!], $c: Size) { dogs(limit: $a, size: $c) { next } x: dogs(filter: []) { next } }"
        func refused(_ type: String, _ value: GraphQLValue?) -> Bool {
            let argument = type.hasPrefix("[") ? "filter" : type.hasPrefix("Size") ? "size" : "limit"
            let document = "query ($a: \(type)) { dogs(\(argument): $a) { next } }"
            return Fixture.refusal(document, value.map { ["a": $0] } ?? [:]) != nil
        }
        #expect(Fixture.refusal(document)?.message == "Variable $b is not used.")
        for value: GraphQLValue in [
            .null, .string("1"), .float(1), .int(1 << 31), .boolean(true), .list([.int(1), .int(2)]), .object([:]),
        ] {
            #expect(refused("Int!", value), "\(value)")
        }
        #expect(refused("Int!", nil))
        #expect(!refused("Int", nil))
        #expect(!refused("Int", .null))
        #expect(!refused("Int!", .int(-1)))
        #expect(refused("Size", .string("TINY")))
        #expect(!refused("Size!", .string("LARGE")))
        #expect(refused("[String!]", .list([.null])))
        #expect(refused("[String!]", .list([.string("a"), .int(1)])))
        #expect(!refused("[String!]!", .string("a")))
        #expect(Fixture.refusal("query A { dogs { next } } query B { dogs { next } }") != nil)
        #expect(Fixture.refusal("{ dogs { next } }", operation: "A") != nil)
    }

    @Test(.proves("API-09")) func `bombs are refused before they go off`() throws {
        func nested(_ depth: Int) -> String {
            "{ dog(id: 1) " + String(repeating: "{ mother ", count: depth - 2) + "{ id }"
                + String(repeating: " }", count: depth - 1)
        }
        #expect(Fixture.refusal(nested(6)) == nil)
        #expect(Fixture.refusal(nested(7))?.message.contains("deeper") == true)
        func aliases(_ count: Int) -> String { (0..<count).map { "n\($0): name" }.joined(separator: " ") }
        #expect(Fixture.refusal("{ dog(id: 1) { \(aliases(20)) } }") == nil)
        #expect(Fixture.refusal("{ dog(id: 1) { \(aliases(21)) } }") != nil)
        // Put together of fragments they are as many.
        #expect(
            Fixture.refusal("{ dog(id: 1) { \(aliases(20)) ...F } } fragment F on Dog { more: name }") != nil
        )
        func roots(_ count: Int) -> String { "{ " + (0..<count).map { "r\($0): dogs { next } " }.joined() + "}" }
        #expect(Fixture.refusal(roots(10)) == nil)
        #expect(Fixture.refusal(roots(11)) != nil)
        // Ten fragments that double what the next one holds.
        let doubling = (0..<10).map { number in
            "fragment F\(number) on Dog { a: mother { ...F\(number + 1) } b: mother { ...F\(number + 1) } }"
        }.joined(separator: " ")
        #expect(Fixture.refusal("{ dog(id: 1) { ...F0 } } \(doubling) fragment F10 on Dog { id }") != nil)
        let wide = "fragment F on Dog { " + (0..<19).map { "f\($0): id " }.joined() + "}"
        func fields(_ count: Int) -> String {
            "{ dog(id: 1) { " + (0..<count).map { "m\($0): mother { ...F } " }.joined() + "} } \(wide)"
        }
        #expect(Fixture.refusal(fields(9)) == nil)
        #expect(Fixture.refusal(fields(10))?.message == "More than 200 fields.")
        let spreads = "{ dog(id: 1) { id " + String(repeating: "...{ id } ", count: 201) + "} }"
        #expect(Fixture.refusal(spreads) != nil)
        let chain = (0..<60).map { "fragment F\($0) on Dog { ...F\($0 + 1) } " }.joined()
        #expect(Fixture.refusal("{ dog(id: 1) { ...F0 } } \(chain) fragment F60 on Dog { id }") != nil)
        let many = (0..<51).map { "$v\($0): Int " }.joined()
        #expect(Fixture.refusal("query (\(many)) { dogs { next } }")?.message.contains("variables") == true)
        // A skipped field costs what it costs to look at it.
        let skipped = "{ dog(id: 1) { id " + String(repeating: "id @skip(if: true) ", count: 200) + "} }"
        #expect(Fixture.refusal(skipped) != nil)
    }

    @Test func `an error stands where it says`() {
        let error = Fixture.refusal("{\n  dogs {\n    bark\n  }\n}")
        #expect(error?.locations == [GraphQLLocation(line: 3, column: 5)])
        #expect(error?.description == "DogPage has no field bark. (3:5)")
        let two = Fixture.refusal("{ a: dogs { next }\n a: dog(id: 1) { id } }")
        #expect(two?.locations == [GraphQLLocation(line: 1, column: 3), GraphQLLocation(line: 2, column: 2)])
    }
}
