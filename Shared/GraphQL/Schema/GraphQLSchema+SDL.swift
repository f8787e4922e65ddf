extension GraphQLSchema {
    /// The schema in the type system definition language (§3), without what every schema has.
    package var sdl: String {
        let known = Set((GraphQLType.scalars + IntrospectionTypes.all).map(\.name))
        var text = "schema {\n  query: \(query.name)\n}\n"
        for type in types where !known.contains(type.name) {
            text += "\n" + Self.summary(type.summary, "")
            switch type.kind {
            case .scalar: text += "scalar \(type.name)\n"
            case .enumeration(let words):
                text += "enum \(type.name) {\n" + words.map { "  \($0)\n" }.joined() + "}\n"
            case .object(let fields):
                text += "type \(type.name) {\n" + fields.map(Self.field).joined() + "}\n"
            }
        }
        return text
    }

    private static func field(_ field: GraphQLField) -> String {
        let head = summary(field.summary, "  ") + "  \(field.name)"
        guard !field.arguments.isEmpty else { return head + ": \(field.type)\n" }
        let arguments = field.arguments.map { argument in
            summary(argument.summary, "    ") + "    \(argument.name): \(argument.type)"
                + (argument.defaultValue.map { " = \($0)" } ?? "") + "\n"
        }
        return head + "(\n" + arguments.joined() + "  ): \(field.type)\n"
    }

    private static func summary(_ text: String?, _ indent: String) -> String {
        guard let text else { return "" }
        let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
        return "\(indent)\"\(escaped)\"\n"
    }
}
