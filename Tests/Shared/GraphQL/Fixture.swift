import SharedTesting

@testable import GraphQL

/// A schema of a few types, and documents for it.
enum Fixture {
    static let schema = GraphQLSchema(
        query: GraphQLType(
            "Query",
            .object([
                GraphQLField(
                    "dogs",
                    .named("DogPage"),
                    [
                        GraphQLArgument("limit", .named("Int"), summary: "Rows, \"at most\"."),
                        GraphQLArgument("filter", .list(.nonNull(.named("String")))),
                        GraphQLArgument("size", .named("Size")), GraphQLArgument("loud", .named("Boolean")),
                        GraphQLArgument("weight", .named("Float")),
                    ]
                ),
                GraphQLField("dog", .named("Dog"), [GraphQLArgument("id", .nonNull(.named("ID")))]),
            ])
        ),
        types: [
            GraphQLType(
                "DogPage",
                .object([
                    GraphQLField("data", .nonNull(.list(.nonNull(.named("Dog"))))),
                    GraphQLField("next", .named("String")), GraphQLField("total", .named("Int")),
                ])
            ),
            GraphQLType(
                "Dog",
                .object([
                    GraphQLField("id", .nonNull(.named("ID"))), GraphQLField("name", .named("String")),
                    GraphQLField("size", .named("Size")), GraphQLField("mother", .named("Dog")),
                ]),
                summary: "It barks."
            ),
            GraphQLType("Size", .enumeration(["SMALL", "LARGE"])),
        ]
    )

    /// Good requests.
    static let documents = [
        "{ dogs { total } }",
        "query { dog(id: 7) { id, name } __typename }",
        """
        query Pack($limit: Int = 3, $names: [String!], $with: Boolean!) {
          some: dogs(limit: $limit, filter: $names, size: LARGE, weight: 1) { data { ...Name ... on Dog @include(if: $with) { size } } next }
          # A comment, and a comma,
          dog(id: "a\\u00e9\\ud83d\\udc15\\"") @skip(if: false) { ...Name mother { ... { name } } }
        }
        fragment Name on Dog { id name calls: name }
        """,
        #"{ dogs(filter: ["a:eq:b", """ block " text \""" "#
            + "\n   more\n\"\"\"], weight: -1.5e+3, loud: true) { data { id } } }",
        "query A { dogs { next } } query B($id: ID!) { dog(id: $id) { name } }",
        introspection,
    ]

    /// As graphql-core and GraphiQL ask.
    static let introspection = """
        query IntrospectionQuery {
          __schema {
            queryType { name } mutationType { name } subscriptionType { name }
            types { ...FullType }
            directives { name description locations args { ...InputValue } }
          }
        }
        fragment FullType on __Type {
          kind name description
          fields(includeDeprecated: true) {
            name description args { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason
          }
          inputFields { ...InputValue }
          interfaces { ...TypeRef }
          enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
          possibleTypes { ...TypeRef }
        }
        fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue }
        fragment TypeRef on __Type {
          kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType {
            kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } }
          } } } } }
        }
        """

    /// Values for all variables of the documents.
    static let values: [String: GraphQLValue] = [
        "names": .list([.string("name:eq:Rex")]), "with": .boolean(true), "id": .int(7),
    ]

    static func plan(
        _ document: String,
        operation: String? = nil,
        _ variables: [String: GraphQLValue] = values
    ) throws(GraphQLError) -> [PlannedField] {
        try QueryPlan(document, operation: operation, variables: variables, schema: schema).fields
    }

    /// Why a request is refused; nil where it is not.
    static func refusal(
        _ document: String,
        operation: String? = nil,
        _ variables: [String: GraphQLValue] = values
    ) -> GraphQLError? {
        do throws(GraphQLError) {
            _ = try plan(document, operation: operation, variables)
            return nil
        } catch {
            return error
        }
    }
}
