/// The types by which a schema is read (§4.2).
enum IntrospectionTypes {
    /// Fields at the beginning of every query.
    static let entries = [
        GraphQLField("__schema", .nonNull(.named("__Schema"))),
        GraphQLField("__type", .named("__Type"), [GraphQLArgument("name", .nonNull(string))]),
    ]

    private static let string = TypeReference.named("String")
    private static let text = TypeReference.nonNull(string)
    private static let flag = TypeReference.nonNull(.named("Boolean"))
    private static let type = TypeReference.named("__Type")
    private static let deprecated = [
        GraphQLArgument("includeDeprecated", .named("Boolean"), defaultValue: "false")
    ]

    private static func list(_ name: String) -> TypeReference { .list(.nonNull(.named(name))) }

    static let all: [GraphQLType] = [
        object(
            "__Schema",
            [
                GraphQLField("description", string), GraphQLField("types", .nonNull(list("__Type"))),
                GraphQLField("queryType", .nonNull(type)), GraphQLField("mutationType", type),
                GraphQLField("subscriptionType", type), GraphQLField("directives", .nonNull(list("__Directive"))),
            ]
        ),
        object(
            "__Type",
            [
                GraphQLField("kind", .nonNull(.named("__TypeKind"))), GraphQLField("name", string),
                GraphQLField("description", string), GraphQLField("specifiedByURL", string),
                GraphQLField("fields", list("__Field"), deprecated), GraphQLField("interfaces", list("__Type")),
                GraphQLField("possibleTypes", list("__Type")),
                GraphQLField("enumValues", list("__EnumValue"), deprecated),
                GraphQLField("inputFields", list("__InputValue"), deprecated), GraphQLField("ofType", type),
            ]
        ),
        object(
            "__Field",
            [
                GraphQLField("name", text), GraphQLField("description", string),
                GraphQLField("args", .nonNull(list("__InputValue")), deprecated), GraphQLField("type", .nonNull(type)),
                GraphQLField("isDeprecated", flag), GraphQLField("deprecationReason", string),
            ]
        ),
        object(
            "__InputValue",
            [
                GraphQLField("name", text), GraphQLField("description", string), GraphQLField("type", .nonNull(type)),
                GraphQLField("defaultValue", string), GraphQLField("isDeprecated", flag),
                GraphQLField("deprecationReason", string),
            ]
        ),
        object(
            "__EnumValue",
            [
                GraphQLField("name", text), GraphQLField("description", string), GraphQLField("isDeprecated", flag),
                GraphQLField("deprecationReason", string),
            ]
        ),
        object(
            "__Directive",
            [
                GraphQLField("name", text), GraphQLField("description", string),
                GraphQLField("locations", .nonNull(list("__DirectiveLocation"))),
                GraphQLField("args", .nonNull(list("__InputValue")), deprecated), GraphQLField("isRepeatable", flag),
            ]
        ),
        GraphQLType(
            "__TypeKind",
            .enumeration(["SCALAR", "OBJECT", "INTERFACE", "UNION", "ENUM", "INPUT_OBJECT", "LIST", "NON_NULL"])
        ),
        GraphQLType(
            "__DirectiveLocation",
            .enumeration([
                "QUERY", "MUTATION", "SUBSCRIPTION", "FIELD", "FRAGMENT_DEFINITION", "FRAGMENT_SPREAD",
                "INLINE_FRAGMENT", "VARIABLE_DEFINITION", "SCHEMA", "SCALAR", "OBJECT", "FIELD_DEFINITION",
                "ARGUMENT_DEFINITION", "INTERFACE", "UNION", "ENUM", "ENUM_VALUE", "INPUT_OBJECT",
                "INPUT_FIELD_DEFINITION",
            ])
        ),
    ]

    private static func object(_ name: String, _ fields: [GraphQLField]) -> GraphQLType {
        GraphQLType(name, .object(fields))
    }
}
