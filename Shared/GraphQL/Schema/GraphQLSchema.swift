/// What can be asked for (§3): scalars, enumerations and objects, with one object at which every query begins.
package struct GraphQLSchema: Sendable {
    /// All of them, those of the specification included.
    package let types: [GraphQLType]
    /// The object at which queries begin.
    package let query: GraphQLType
    let directives: [GraphQLDirective]
    private let byName: [String: GraphQLType]

    /// A schema of these types and of those that every schema has. The first type of a name counts.
    package init(query: GraphQLType, types: [GraphQLType]) {
        self.query = query
        self.types = [query] + types + GraphQLType.scalars + IntrospectionTypes.all
        directives = GraphQLDirective.standard
        byName = Dictionary(self.types.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The type of that name.
    package func type(_ name: String) -> GraphQLType? { byName[name] }

    /// The definition of a field; at the beginning `__schema` and `__type`, and `__typename` anywhere.
    func field(_ name: String, of type: GraphQLType) -> GraphQLField? {
        if name == "__typename" { return Self.typename }
        if type.name == query.name, let found = IntrospectionTypes.entries.first(where: { $0.name == name }) {
            return found
        }
        return type.fields?.first { $0.name == name }
    }

    private static let typename = GraphQLField("__typename", .nonNull(.named("String")))
}

/// A type (§3.4).
package struct GraphQLType: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case scalar
        case enumeration([String])
        case object([GraphQLField])
    }

    package let name: String
    package let summary: String?
    package let kind: Kind

    package init(_ name: String, _ kind: Kind, summary: String? = nil) {
        self.name = name
        self.kind = kind
        self.summary = summary
    }

    /// Of an object.
    package var fields: [GraphQLField]? { if case .object(let fields) = kind { fields } else { nil } }
    var isObject: Bool { fields != nil }

    /// The scalars of the specification (§3.5).
    static let scalars = ["Int", "Float", "String", "Boolean", "ID"].map { GraphQLType($0, .scalar) }
}

/// A field of an object (§3.6).
package struct GraphQLField: Hashable, Sendable {
    package let name: String
    package let summary: String?
    package let arguments: [GraphQLArgument]
    package let type: TypeReference

    package init(_ name: String, _ type: TypeReference, _ arguments: [GraphQLArgument] = [], summary: String? = nil) {
        self.name = name
        self.type = type
        self.arguments = arguments
        self.summary = summary
    }
}

/// An argument of a field or a directive.
package struct GraphQLArgument: Hashable, Sendable {
    package let name: String
    package let summary: String?
    package let type: TypeReference
    /// As a document writes it. What it stands for is the reader's to know: it is told, and not put in.
    package let defaultValue: String?

    package init(_ name: String, _ type: TypeReference, defaultValue: String? = nil, summary: String? = nil) {
        self.name = name
        self.type = type
        self.defaultValue = defaultValue
        self.summary = summary
    }
}

/// A directive of requests (§3.13).
struct GraphQLDirective: Sendable {
    let name: String
    let summary: String
    let locations: [String]
    let arguments: [GraphQLArgument]

    static let standard: [GraphQLDirective] = [
        GraphQLDirective(
            name: "include",
            summary: "Only where the argument is true.",
            locations: ["FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"],
            arguments: [GraphQLArgument("if", .nonNull(.named("Boolean")))]
        ),
        GraphQLDirective(
            name: "skip",
            summary: "Not where the argument is true.",
            locations: ["FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"],
            arguments: [GraphQLArgument("if", .nonNull(.named("Boolean")))]
        ),
    ]
}
