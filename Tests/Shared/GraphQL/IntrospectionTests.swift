import SharedTesting
import Testing
import WireFormat

@testable import GraphQL

@Suite struct IntrospectionTests {
    private func answer(_ document: String) throws -> String {
        var json = JSONWriter()
        json.beginObject()
        for field in try Fixture.plan(document) {
            var introspection = Introspection(Fixture.schema)
            json.key(string: field.key)
            try introspection.write(field, to: &json)
        }
        json.endObject()
        return String(decoding: json.finish(), as: UTF8.self)
    }

    @Test(.proves("API-09")) func `a type is told with its fields, arguments and words`() throws {
        #expect(
            try answer(
                "{ __type(name: \"Dog\") { __typename kind name description fields { name type { kind name ofType { name } } } } }"
            )
                == #"{"__type":{"__typename":"__Type","kind":"OBJECT","name":"Dog","description":"It barks.","fields":["#
                + #"{"name":"id","type":{"kind":"NON_NULL","name":null,"ofType":{"name":"ID"}}},"#
                + #"{"name":"name","type":{"kind":"SCALAR","name":"String","ofType":null}},"#
                + #"{"name":"size","type":{"kind":"ENUM","name":"Size","ofType":null}},"#
                + #"{"name":"mother","type":{"kind":"OBJECT","name":"Dog","ofType":null}}]}}"#
        )
        #expect(
            try answer(
                "{ a: __type(name: \"Size\") { enumValues { name isDeprecated } fields { name } } b: __type(name: \"X\") { name } }"
            )
                == #"{"a":{"enumValues":[{"name":"SMALL","isDeprecated":false},{"name":"LARGE","isDeprecated":false}],"fields":null},"b":null}"#
        )
        #expect(
            try answer(
                "{ __schema { queryType { name } mutationType { name } directives { name locations args { name type { kind } } } } }"
            )
                == #"{"__schema":{"queryType":{"name":"Query"},"mutationType":null,"directives":["#
                + #"{"name":"include","locations":["FIELD","FRAGMENT_SPREAD","INLINE_FRAGMENT"],"args":[{"name":"if","type":{"kind":"NON_NULL"}}]},"#
                + #"{"name":"skip","locations":["FIELD","FRAGMENT_SPREAD","INLINE_FRAGMENT"],"args":[{"name":"if","type":{"kind":"NON_NULL"}}]}]}}"#
        )
    }

    @Test func `what tools ask is answered, and what is too long is not`() throws {
        let all = try answer(Fixture.introspection)
        for type in Fixture.schema.types { #expect(all.contains("\"name\":\"\(type.name)\""), "\(type.name)") }
        let fields = (0..<30).map { GraphQLField("f\($0)", .named("String")) }
        let large = GraphQLSchema(
            query: GraphQLType("Query", .object(fields)),
            types: (0..<300).map { GraphQLType("T\($0)", .object(fields)) }
        )
        let document = "{ __schema { types { fields { " + (0..<12).map { "n\($0): name " }.joined() + "} } } }"
        let plan = try QueryPlan(document, schema: large)
        let field = try #require(plan.fields.first)
        var introspection = Introspection(large)
        var json = JSONWriter()
        #expect(throws: GraphQLError.self) { try introspection.write(field, to: &json) }
    }

    @Test func `the schema is written down in its own language`() {
        let text = Fixture.schema.sdl
        #expect(
            text.hasPrefix(
                "schema {\n  query: Query\n}\n\ntype Query {\n  dogs(\n    \"Rows, \\\"at most\\\".\"\n    limit: Int\n"
            )
        )
        #expect(
            text.contains("\n\"It barks.\"\ntype Dog {\n  id: ID!\n  name: String\n  size: Size\n  mother: Dog\n}\n")
        )
        #expect(text.contains("\nenum Size {\n  SMALL\n  LARGE\n}\n"))
        #expect(!text.contains("__") && !text.contains("scalar"))
    }
}
