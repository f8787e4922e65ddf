/// Plans the selections of one operation, and checks them by the way (§5.3 to §5.8, §6.3.2).
struct SelectionPlanner {
    private let source: Source
    private let operation: QueryOperation
    private let fragments: [String: FragmentDefinition]
    private let variables: [String: VariableDefinition]
    private let schema: GraphQLSchema
    /// Values of variables; nil where there are none yet, and everything is looked at whatever `@include` and `@skip`
    /// say.
    private let values: [String: GraphQLValue]?
    private(set) var usedVariables: Set<String> = []
    private(set) var usedFragments: Set<String> = []
    private var fields = 0
    private var introspectionFields = 0
    private var spreads = 0

    init(_ document: Document, _ operation: QueryOperation, _ schema: GraphQLSchema, values: [String: GraphQLValue]?) {
        source = document.source
        self.operation = operation
        self.schema = schema
        self.values = values
        fragments = Dictionary(document.fragments.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        variables = Dictionary(operation.variables.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    mutating func plan() throws(GraphQLError) -> [PlannedField] {
        let planned = try plan([operation.selections], of: schema.query, depth: 1, isIntrospection: false)
        guard planned.count <= GraphQLLimits.rootFields else {
            throw source.error("More than \(GraphQLLimits.rootFields) fields at the root.", at: operation.offset)
        }
        return planned
    }

    // MARK: - Fields

    /// Fields of one key, in the order in which the first of each stands.
    private struct Groups {
        var keys: [String] = []
        var nodes: [String: [FieldNode]] = [:]
        var visited: Set<String> = []
    }

    private mutating func plan(
        _ sets: [[Selection]],
        of type: GraphQLType,
        depth: Int,
        isIntrospection: Bool
    ) throws(GraphQLError) -> [PlannedField] {
        var groups = Groups()
        for set in sets { try collect(set, type, &groups, isIntrospection) }
        var planned: [PlannedField] = []
        var names: [String: Int] = [:]
        for key in groups.keys {
            guard let nodes = groups.nodes[key], let first = nodes.first else { continue }
            names[first.name, default: 0] += 1
            guard names[first.name, default: 0] <= GraphQLLimits.aliases else {
                throw source.error(
                    "Field \(first.name.prefix(100)) stands more than \(GraphQLLimits.aliases) times.",
                    at: first.offset
                )
            }
            let reads = isIntrospection || first.name == "__schema" || first.name == "__type"
            guard depth <= (reads ? GraphQLLimits.introspectionDepth : GraphQLLimits.depth) else {
                throw source.error("Fields lie deeper than \(GraphQLLimits.depth).", at: first.offset)
            }
            planned.append(try field(nodes, first, of: type, depth: depth, isIntrospection: reads))
        }
        return planned
    }

    private mutating func field(
        _ nodes: [FieldNode],
        _ first: FieldNode,
        of type: GraphQLType,
        depth: Int,
        isIntrospection: Bool
    ) throws(GraphQLError) -> PlannedField {
        guard let definition = schema.field(first.name, of: type) else {
            throw source.error("\(type.name) has no field \(first.name.prefix(100)).", at: first.offset)
        }
        let arguments = try arguments(first.arguments, definition.arguments, first.offset)
        // §5.3.2: what stands under one key is one field.
        for other in nodes.dropFirst() {
            guard other.name == first.name, Self.isSame(other.arguments, first.arguments) else {
                throw source.error(
                    "\(first.key.prefix(100)) stands for two fields: give one of them an alias.",
                    at: first.offset,
                    other.offset
                )
            }
        }
        guard let target = schema.type(definition.type.name) else {
            throw source.error("\(definition.type.name) is not known.", at: first.offset)
        }
        for node in nodes where node.selections.isEmpty == target.isObject {
            throw source.error(
                target.isObject
                    ? "\(first.name.prefix(100)) is an object: say which of its fields."
                    : "\(first.name.prefix(100)) has no fields.",
                at: node.offset
            )
        }
        return PlannedField(
            key: first.key,
            name: first.name,
            type: definition.type,
            arguments: arguments,
            selections: target.isObject
                ? try plan(
                    nodes.map(\.selections),
                    of: target,
                    depth: depth + 1,
                    isIntrospection: isIntrospection
                ) : [],
            location: source.location(at: first.offset)
        )
    }

    private static func isSame(_ one: [ArgumentNode], _ other: [ArgumentNode]) -> Bool {
        func values(_ arguments: [ArgumentNode]) -> [String: Literal] {
            Dictionary(arguments.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        }
        return one.count == other.count && values(one) == values(other)
    }

    /// §6.3.2, CollectFields.
    private mutating func collect(
        _ selections: [Selection],
        _ type: GraphQLType,
        _ groups: inout Groups,
        _ isIntrospection: Bool
    ) throws(GraphQLError) {
        for selection in selections {
            switch selection {
            case .field(let node):
                try count(node, isIntrospection)
                guard try isWanted(node.directives) else { continue }
                if groups.nodes[node.key] == nil { groups.keys.append(node.key) }
                groups.nodes[node.key, default: []].append(node)
            case .spread(let node):
                try countSpread(node.offset)
                guard let fragment = fragments[node.name] else {
                    throw source.error("There is no fragment \(node.name.prefix(100)).", at: node.offset)
                }
                usedFragments.insert(node.name)
                guard try isWanted(node.directives), groups.visited.insert(node.name).inserted else { continue }
                try match(fragment.condition, type, node.offset)
                try collect(fragment.selections, type, &groups, isIntrospection)
            case .inline(let node):
                try countSpread(node.offset)
                if let condition = node.condition { try match(condition, type, node.offset) }
                guard try isWanted(node.directives) else { continue }
                try collect(node.selections, type, &groups, isIntrospection)
            }
        }
    }

    /// Bounds hold while fragments are spread: what they would become is never made.
    private mutating func count(_ node: FieldNode, _ isIntrospection: Bool) throws(GraphQLError) {
        if isIntrospection { introspectionFields += 1 } else { fields += 1 }
        guard fields <= GraphQLLimits.fields, introspectionFields <= GraphQLLimits.introspectionFields else {
            throw source.error(
                "More than \(isIntrospection ? GraphQLLimits.introspectionFields : GraphQLLimits.fields) fields.",
                at: node.offset
            )
        }
    }

    private mutating func countSpread(_ offset: Int) throws(GraphQLError) {
        spreads += 1
        guard spreads <= GraphQLLimits.spreads else {
            throw source.error("Fragments stand in more than \(GraphQLLimits.spreads) places.", at: offset)
        }
    }

    /// §5.5.2.3: without interfaces and unions a fragment is for one object alone.
    private func match(_ condition: String, _ type: GraphQLType, _ offset: Int) throws(GraphQLError) {
        guard condition == type.name else {
            throw source.error("\(type.name) is never \(condition.prefix(100)).", at: offset)
        }
    }

    // MARK: - Directives

    /// §3.13.1, §3.13.2 and §5.7.
    private mutating func isWanted(_ directives: [DirectiveNode]) throws(GraphQLError) -> Bool {
        var isWanted = true
        var names: Set<String> = []
        for directive in directives {
            guard let definition = schema.directives.first(where: { $0.name == directive.name }) else {
                throw source.error("@\(directive.name.prefix(100)) is not known.", at: directive.offset)
            }
            guard names.insert(directive.name).inserted else {
                throw source.error("@\(directive.name.prefix(100)) stands twice.", at: directive.offset)
            }
            let given = try arguments(directive.arguments, definition.arguments, directive.offset)
            if values != nil, given["if"] != .boolean(directive.name == "include") { isWanted = false }
        }
        return isWanted
    }

    // MARK: - Values

    /// §5.4 and §6.4.1, CoerceArgumentValues.
    private mutating func arguments(
        _ nodes: [ArgumentNode],
        _ definitions: [GraphQLArgument],
        _ offset: Int
    ) throws(GraphQLError) -> [String: GraphQLValue] {
        var given: [String: GraphQLValue] = [:]
        var names: Set<String> = []
        for node in nodes {
            guard let definition = definitions.first(where: { $0.name == node.name }) else {
                throw source.error("Argument \(node.name.prefix(100)) is not known here.", at: node.offset)
            }
            guard names.insert(node.name).inserted else {
                throw source.error("Argument \(node.name.prefix(100)) stands twice.", at: node.offset)
            }
            given[node.name] = try value(
                of: node.value,
                for: definition.type,
                hasDefault: definition.defaultValue != nil
            )
        }
        for definition in definitions where definition.type.isNonNull && definition.defaultValue == nil {
            guard names.contains(definition.name), values == nil || given[definition.name] != nil else {
                throw source.error("Argument \(definition.name) is required.", at: offset)
            }
        }
        return given
    }

    /// A value as a type wants it (§5.6.1). Nil for a variable that has none.
    mutating func value(
        of literal: Literal,
        for type: TypeReference,
        hasDefault: Bool = false
    ) throws(GraphQLError) -> GraphQLValue? {
        func refusal() -> GraphQLError { source.error("The value must be \(type).", at: literal.offset) }
        if case .variable(let name) = literal.kind {
            try use(name, for: type, hasDefault, literal.offset)
            return values?[name]
        }
        switch type {
        case .nonNull(let inner):
            guard literal.kind != .null else { throw refusal() }
            return try value(of: literal, for: inner)
        case _ where literal.kind == .null: return .null
        case .list(let inner):
            guard case .list(let elements) = literal.kind else {
                return try value(of: literal, for: inner).map { .list([$0]) }
            }
            var read: [GraphQLValue] = []
            for element in elements {
                let value = try value(of: element, for: inner)
                guard values == nil || value != nil || !inner.isNonNull else { throw refusal() }
                read.append(value ?? .null)
            }
            return .list(read)
        case .named(let name):
            guard let definition = schema.type(name),
                let read = Coercion(schema: schema).scalar(literal, as: definition)
            else { throw refusal() }
            return read
        }
    }

    /// §5.8.3 and §5.8.5.
    private mutating func use(
        _ name: String,
        for type: TypeReference,
        _ hasDefault: Bool,
        _ offset: Int
    ) throws(GraphQLError) {
        guard let variable = variables[name] else {
            throw source.error("Variable $\(name.prefix(100)) is not declared.", at: offset)
        }
        usedVariables.insert(name)
        var wanted = type
        if type.isNonNull, !variable.type.isNonNull {
            let ownDefault = variable.defaultValue.map { $0.kind != .null } ?? false
            if ownDefault || hasDefault { wanted = type.nullable }
        }
        guard Self.fits(variable.type, wanted) else {
            throw source.error("Variable $\(name.prefix(100)) is \(variable.type), not \(type).", at: offset)
        }
    }

    /// AreTypesCompatible.
    private static func fits(_ variable: TypeReference, _ place: TypeReference) -> Bool {
        switch (variable, place) {
        case (.nonNull(let variable), .nonNull(let place)): fits(variable, place)
        case (_, .nonNull): false
        case (.nonNull(let variable), _): fits(variable, place)
        case (.list(let variable), .list(let place)): fits(variable, place)
        case (.list, _), (_, .list): false
        case (.named(let variable), .named(let place)): variable == place
        }
    }
}
