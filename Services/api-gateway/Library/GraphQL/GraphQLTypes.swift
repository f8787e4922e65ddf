import Domain
import GraphQL
import Persistence

/// Makes the schema of what resources are.
struct GraphQLTypes {
    private let resources: [GraphQLResource]
    private let relations: [String: [GraphQLRelation]]

    init(_ resources: [GraphQLResource], _ relations: [String: [GraphQLRelation]]) {
        self.resources = resources
        self.relations = relations
    }

    /// The type of rows that were found through a relation: no further step leads from them.
    static func related(_ type: String) -> String { "Related" + type }

    var schema: GraphQLSchema {
        let related = Set(relations.values.flatMap { $0.map(\.target.type) })
        var types: [GraphQLType] = []
        for resource in resources {
            types.append(row(resource))
            types.append(page(resource))
            if related.contains(resource.type) {
                types.append(GraphQLType(Self.related(resource.type), .object(columns(resource))))
            }
            types += resource.columns.compactMap { Self.enumeration($0, resource) }
        }
        return GraphQLSchema(
            query: GraphQLType("Query", .object(resources.flatMap(roots)), summary: "What can be read."),
            types: types + Self.scalars
        )
    }

    private static let scalars = [
        GraphQLType("BigInt", .scalar, summary: "A whole number of 64 bits."),
        GraphQLType("Decimal", .scalar, summary: "A decimal number, as text."),
        GraphQLType("DateTime", .scalar, summary: "A time as RFC 3339 has it."),
        GraphQLType("Date", .scalar, summary: "A day such as 2026-11-20."),
        GraphQLType("JSON", .scalar, summary: "Any JSON value."),
        deleted,
    ]
    private static let deleted = GraphQLType(
        "DeletedRows",
        .enumeration(DeletedRows.allCases.map(\.rawValue)),
        summary: "Whether deleted rows are shown."
    )

    // MARK: - Root fields

    private func roots(_ resource: GraphQLResource) -> [GraphQLField] {
        let permission = "Needs \(resource.permission.rawValue)."
        let list = GraphQLField(
            resource.list,
            .named(resource.type + "Page"),
            arguments(resource),
            summary: "A page of \(resource.list.spaced). \(permission)"
        )
        guard let one = resource.one else { return [list] }
        return [
            list,
            GraphQLField(
                one,
                .named(resource.type),
                [GraphQLArgument("id", .nonNull(.named("ID")))],
                summary: "One \(one.spaced). \(permission)"
            ),
        ]
    }

    /// The parameters of the list, as REST describes them.
    private func arguments(_ resource: GraphQLResource) -> [GraphQLArgument] {
        let types: [String: TypeReference] = [
            "limit": .named("Int"), "cursor": .named("String"), "sort": .named("String"), "q": .named("String"),
            "filter": .list(.nonNull(.named("String"))), "deleted": .named(Self.deleted.name),
        ]
        return resource.parameters.compactMap { parameter in
            types[parameter.name].map { GraphQLArgument(parameter.name, $0, summary: parameter.summary) }
        }
    }

    // MARK: - Types

    private func page(_ resource: GraphQLResource) -> GraphQLType {
        GraphQLType(
            resource.type + "Page",
            .object([
                GraphQLField("data", .nonNull(.list(.nonNull(.named(resource.type))))),
                GraphQLField("next", .named("String"), summary: "The cursor of the next page; null on the last one."),
                GraphQLField("total", .named("Int"), summary: "Rows on all pages; counted where it is asked for."),
            ])
        )
    }

    private func row(_ resource: GraphQLResource) -> GraphQLType {
        let further = (relations[resource.type] ?? []).map { relation in
            let target = TypeReference.named(Self.related(relation.target.type))
            return GraphQLField(
                relation.name,
                relation.isMany ? .nonNull(.list(.nonNull(target))) : target,
                summary: "Needs \(relation.target.permission.rawValue)."
            )
        }
        return GraphQLType(resource.type, .object(columns(resource) + further))
    }

    private func columns(_ resource: GraphQLResource) -> [GraphQLField] {
        resource.columns.map { column in
            if let words = Self.enumeration(column, resource) { return GraphQLField(column.name, .named(words.name)) }
            let type = Self.type(of: column.schema)
            return GraphQLField(column.name, column.name == "id" ? .nonNull(type) : type)
        }
    }

    private static func type(of schema: Schema) -> TypeReference {
        switch schema {
        case .uuid: .named("ID")
        case .time: .named("DateTime")
        case .day: .named("Date")
        case .amount: .named("Decimal")
        case .text, .choice: .named("String")
        case .integer(let range?) where Int32(exactly: range.upperBound) != nil && range.lowerBound >= Int32.min:
            .named("Int")
        case .integer: .named("BigInt")
        case .number: .named("Float")
        case .boolean: .named("Boolean")
        case .list(let element, _, _): .list(.nonNull(type(of: element)))
        case .nullable(let inner): type(of: inner)
        case .either(let schemas): either(Set(schemas.map { type(of: $0) }))
        case .object, .anything, .component: .named("JSON")
        }
    }

    /// There are no unions: what is of several types is anything.
    private static func either(_ types: Set<TypeReference>) -> TypeReference {
        types.first.flatMap { types.count == 1 ? $0 : nil } ?? .named("JSON")
    }

    /// The type of a column of few words, where each of them is a name.
    private static func enumeration(_ column: Schema.Property, _ resource: GraphQLResource) -> GraphQLType? {
        var schema = column.schema
        if case .nullable(let inner) = schema { schema = inner }
        guard case .choice(let words) = schema, words.allSatisfy(isName) else { return nil }
        let name = column.name.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        return GraphQLType(resource.type + name, .enumeration(words))
    }

    /// §2.9.6 of the specification: no word that means something already.
    private static func isName(_ word: String) -> Bool {
        word.wholeMatch(of: /[_A-Za-z][_0-9A-Za-z]*/) != nil && !["true", "false", "null"].contains(word)
    }
}

extension String {
    /// `servicePlans` as `service plans`.
    fileprivate var spaced: String { (prefix(1).uppercased() + dropFirst()).lowercasedWords }
}
