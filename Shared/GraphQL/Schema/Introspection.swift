package import WireFormat

/// Answers what a query asks of the schema itself (§4.2).
package struct Introspection {
    private let schema: GraphQLSchema
    private var values = 0

    package init(_ schema: GraphQLSchema) {
        self.schema = schema
    }

    /// Something that can be asked about.
    private enum Node {
        case schema
        case type(TypeReference)
        case field(GraphQLField)
        case argument(GraphQLArgument)
        case word(String)
        case directive(GraphQLDirective)
    }

    private enum Found {
        case null
        case text(String)
        case texts([String])
        case flag(Bool)
        case node(Node)
        case nodes([Node])

        static func text(_ text: String?) -> Found { text.map { .text($0) } ?? .null }
    }

    /// Writes the value of `__schema` or `__type`. Throws for an answer beyond all bounds; what was written is of no
    /// use then.
    package mutating func write(_ field: PlannedField, to json: inout JSONWriter) throws(GraphQLError) {
        if field.name == "__schema" { return try write(.schema, field, to: &json) }
        guard case .string(let name)? = field.arguments["name"], schema.type(name) != nil else { return json.null() }
        try write(.type(.named(name)), field, to: &json)
    }

    private mutating func write(_ node: Node, _ parent: PlannedField, to json: inout JSONWriter) throws(GraphQLError) {
        json.beginObject()
        for field in parent.selections {
            values += 1
            guard values <= GraphQLLimits.introspectionValues else {
                throw GraphQLError("The answer would be too long.", at: [parent.location])
            }
            json.key(string: field.key)
            switch found(field, of: node, parent) {
            case .null: json.null()
            case .text(let text): json.value(text)
            case .flag(let flag): json.value(flag)
            case .texts(let texts):
                json.beginArray()
                for text in texts { json.value(text) }
                json.endArray()
            case .node(let node): try write(node, field, to: &json)
            case .nodes(let nodes):
                json.beginArray()
                for node in nodes { try write(node, field, to: &json) }
                json.endArray()
            }
        }
        json.endObject()
    }

    private func found(_ field: PlannedField, of node: Node, _ parent: PlannedField) -> Found {
        if field.name == "__typename" { return .text(parent.type.name) }
        switch node {
        case .schema: return ofSchema(field.name)
        case .type(let type): return of(type, field.name)
        case .field(let definition):
            switch field.name {
            case "name": return .text(definition.name)
            case "description": return .text(definition.summary)
            case "args": return .nodes(definition.arguments.map { .argument($0) })
            case "type": return .node(.type(definition.type))
            case "isDeprecated": return .flag(false)
            default: return .null
            }
        case .argument(let argument):
            switch field.name {
            case "name": return .text(argument.name)
            case "description": return .text(argument.summary)
            case "type": return .node(.type(argument.type))
            case "defaultValue": return .text(argument.defaultValue)
            case "isDeprecated": return .flag(false)
            default: return .null
            }
        case .word(let word):
            switch field.name {
            case "name": return .text(word)
            case "isDeprecated": return .flag(false)
            default: return .null
            }
        case .directive(let directive):
            switch field.name {
            case "name": return .text(directive.name)
            case "description": return .text(directive.summary)
            case "locations": return .texts(directive.locations)
            case "args": return .nodes(directive.arguments.map { .argument($0) })
            case "isRepeatable": return .flag(false)
            default: return .null
            }
        }
    }

    private func ofSchema(_ name: String) -> Found {
        switch name {
        case "types": .nodes(schema.types.map { .type(.named($0.name)) })
        case "queryType": .node(.type(.named(schema.query.name)))
        case "directives": .nodes(schema.directives.map { .directive($0) })
        default: .null
        }
    }

    private func of(_ reference: TypeReference, _ name: String) -> Found {
        switch reference {
        case .list(let inner): return name == "kind" ? .text("LIST") : name == "ofType" ? .node(.type(inner)) : .null
        case .nonNull(let inner):
            return name == "kind" ? .text("NON_NULL") : name == "ofType" ? .node(.type(inner)) : .null
        case .named(let typeName):
            guard let type = schema.type(typeName) else { return .null }
            switch (name, type.kind) {
            case ("kind", .scalar): return .text("SCALAR")
            case ("kind", .enumeration): return .text("ENUM")
            case ("kind", .object): return .text("OBJECT")
            case ("name", _): return .text(type.name)
            case ("description", _): return .text(type.summary)
            case ("fields", .object(let fields)): return .nodes(fields.map { .field($0) })
            case ("interfaces", .object): return .nodes([])
            case ("enumValues", .enumeration(let words)): return .nodes(words.map { .word($0) })
            default: return .null
            }
        }
    }
}
