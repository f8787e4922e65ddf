/// What must hold of a document as a whole (§5), before one of its operations is planned.
struct DocumentRules {
    private let document: Document
    private let schema: GraphQLSchema
    private var source: Source { document.source }

    init(_ document: Document, _ schema: GraphQLSchema) {
        self.document = document
        self.schema = schema
    }

    /// Throws for the first rule that is broken.
    func check() throws(GraphQLError) {
        try checkOperationNames()
        try checkFragments()
        var spread: Set<String> = []
        for operation in document.operations {
            try checkVariables(operation)
            var planner = SelectionPlanner(document, operation, schema, values: nil)
            _ = try planner.plan()
            for variable in operation.variables where !planner.usedVariables.contains(variable.name) {
                throw source.error("Variable $\(variable.name.prefix(100)) is not used.", at: variable.offset)
            }
            spread.formUnion(planner.usedFragments)
        }
        // §5.5.1.4.
        for fragment in document.fragments where !spread.contains(fragment.name) {
            throw source.error("Fragment \(fragment.name.prefix(100)) is not used.", at: fragment.offset)
        }
    }

    /// §5.2.1 and §5.2.2.
    private func checkOperationNames() throws(GraphQLError) {
        var names: [String: Int] = [:]
        for operation in document.operations {
            guard let name = operation.name else {
                guard document.operations.count == 1 else {
                    throw source.error("An operation without a name must be the only one.", at: operation.offset)
                }
                continue
            }
            if let first = names.updateValue(operation.offset, forKey: name) {
                throw source.error("Operation \(name.prefix(100)) stands twice.", at: first, operation.offset)
            }
        }
        for operation in document.operations { try refuse(operation.directives) }
    }

    /// §5.5.1 and §5.5.2.
    private func checkFragments() throws(GraphQLError) {
        var fragments: [String: FragmentDefinition] = [:]
        for fragment in document.fragments {
            if let first = fragments.updateValue(fragment, forKey: fragment.name) {
                throw source.error(
                    "Fragment \(fragment.name.prefix(100)) stands twice.",
                    at: first.offset,
                    fragment.offset
                )
            }
            guard schema.type(fragment.condition)?.isObject == true else {
                throw source.error("\(fragment.condition.prefix(100)) is no object.", at: fragment.offset)
            }
            try refuse(fragment.directives)
        }
        var done: Set<String> = []
        for fragment in document.fragments {
            var path: [String] = []
            try follow(fragment, fragments, &path, &done)
        }
    }

    /// A fragment that leads to itself would never end.
    private func follow(
        _ fragment: FragmentDefinition,
        _ fragments: [String: FragmentDefinition],
        _ path: inout [String],
        _ done: inout Set<String>
    ) throws(GraphQLError) {
        guard !path.contains(fragment.name) else {
            throw source.error("Fragment \(fragment.name.prefix(100)) leads to itself.", at: fragment.offset)
        }
        guard done.insert(fragment.name).inserted else { return }
        path.append(fragment.name)
        for spread in Self.spreads(in: fragment.selections) {
            guard let next = fragments[spread.name] else {
                throw source.error("There is no fragment \(spread.name.prefix(100)).", at: spread.offset)
            }
            if path.contains(next.name) || !done.contains(next.name) {
                try follow(next, fragments, &path, &done)
            }
        }
        path.removeLast()
    }

    private static func spreads(in selections: [Selection]) -> [SpreadNode] {
        selections.flatMap { selection in
            switch selection {
            case .field(let field): spreads(in: field.selections)
            case .inline(let inline): spreads(in: inline.selections)
            case .spread(let spread): [spread]
            }
        }
    }

    /// §5.8.1 and §5.8.2; a default value fits its type (§5.6.1).
    private func checkVariables(_ operation: QueryOperation) throws(GraphQLError) {
        guard operation.variables.count <= GraphQLLimits.variables else {
            throw source.error("More than \(GraphQLLimits.variables) variables.", at: operation.offset)
        }
        var names: Set<String> = []
        for variable in operation.variables {
            let name = variable.name.prefix(100)
            guard names.insert(variable.name).inserted else {
                throw source.error("Variable $\(name) stands twice.", at: variable.offset)
            }
            guard let type = schema.type(variable.type.name), !type.isObject else {
                throw source.error("\(variable.type.name.prefix(100)) is no type of variables.", at: variable.offset)
            }
            try refuse(variable.directives)
            if let literal = variable.defaultValue {
                var planner = SelectionPlanner(document, operation, schema, values: nil)
                _ = try planner.value(of: literal, for: variable.type)
            }
        }
    }

    /// `@include` and `@skip` have no meaning there, and there are no others.
    private func refuse(_ directives: [DirectiveNode]) throws(GraphQLError) {
        guard let directive = directives.first else { return }
        throw source.error("@\(directive.name.prefix(100)) cannot stand here.", at: directive.offset)
    }
}
