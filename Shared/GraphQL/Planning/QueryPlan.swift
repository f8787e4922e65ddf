/// A request that was found good: what is to be read, fragments spread, fields of one key joined, `@include` and
/// `@skip` carried out.
package struct QueryPlan: Sendable {
    /// At the beginning, in the order of the answer.
    package let fields: [PlannedField]

    /// Reads and checks a request (§5, §6.1). Throws for the first thing that is wrong, in any of the document's
    /// operations.
    ///
    /// `operation` is needed where the document has several; `variables` that no operation declares are passed over.
    package init(
        _ document: String,
        operation name: String? = nil,
        variables: [String: GraphQLValue] = [:],
        schema: GraphQLSchema
    ) throws(GraphQLError) {
        let document = try Parser.document(document)
        try DocumentRules(document, schema).check()
        let operation = try Self.operation(name, document)
        let values = try Self.values(of: operation, variables, document, schema)
        var planner = SelectionPlanner(document, operation, schema, values: values)
        fields = try planner.plan()
    }

    /// §6.1, GetOperation.
    private static func operation(_ name: String?, _ document: Document) throws(GraphQLError) -> QueryOperation {
        if let name {
            guard let found = document.operations.first(where: { $0.name == name }) else {
                throw GraphQLError("The document has no operation of that name.")
            }
            return found
        }
        guard let only = document.operations.first, document.operations.count == 1 else {
            throw GraphQLError(
                document.operations.isEmpty
                    ? "The document has no operation." : "Say which operation: the document has several."
            )
        }
        return only
    }

    /// §6.1.2, CoerceVariableValues.
    private static func values(
        of operation: QueryOperation,
        _ given: [String: GraphQLValue],
        _ document: Document,
        _ schema: GraphQLSchema
    ) throws(GraphQLError) -> [String: GraphQLValue] {
        var values: [String: GraphQLValue] = [:]
        for variable in operation.variables {
            if let value = given[variable.name] {
                guard let read = Coercion(schema: schema).value(value, as: variable.type) else {
                    throw document.source.error(
                        "Variable $\(variable.name.prefix(100)) must be \(variable.type).",
                        at: variable.offset
                    )
                }
                values[variable.name] = read
            } else if let literal = variable.defaultValue {
                var planner = SelectionPlanner(document, operation, schema, values: [:])
                values[variable.name] = try planner.value(of: literal, for: variable.type)
            } else if variable.type.isNonNull {
                throw document.source.error(
                    "Variable $\(variable.name.prefix(100)) is required.",
                    at: variable.offset
                )
            }
        }
        return values
    }
}

/// A field that is to be read.
package struct PlannedField: Sendable {
    /// Under which it stands in the answer.
    package let key: String
    package let name: String
    /// Of its value; the object whose field it is is known from above.
    package let type: TypeReference
    /// Those that were given, in their types.
    package let arguments: [String: GraphQLValue]
    /// Of an object; empty otherwise.
    package let selections: [PlannedField]
    package let location: GraphQLLocation

    /// `__schema` or `__type`, which ``Introspection`` answers.
    package var isIntrospection: Bool { name == "__schema" || name == "__type" }
}
