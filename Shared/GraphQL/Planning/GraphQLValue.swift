/// A value of an argument or a variable. Words of enumerations are strings.
package indirect enum GraphQLValue: Hashable, Sendable {
    case null
    case boolean(Bool)
    case int(Int64)
    case float(Double)
    case string(String)
    case list([GraphQLValue])
    case object([String: GraphQLValue])

    package var string: String? { if case .string(let text) = self { text } else { nil } }
    package var int: Int64? { if case .int(let number) = self { number } else { nil } }
}

/// What a value must be to fit into a type (§3.5 to §3.12).
struct Coercion {
    let schema: GraphQLSchema

    /// A variable's value as the type wants it; nil where it does not fit.
    func value(_ value: GraphQLValue, as type: TypeReference) -> GraphQLValue? {
        switch type {
        case .nonNull(let inner): return value == .null ? nil : self.value(value, as: inner)
        case _ where value == .null: return .null
        case .list(let inner):
            guard case .list(let values) = value else { return self.value(value, as: inner).map { .list([$0]) } }
            let read = values.compactMap { self.value($0, as: inner) }
            return read.count == values.count ? .list(read) : nil
        case .named(let name):
            guard let type = schema.type(name) else { return nil }
            if case .enumeration(let words) = type.kind {
                return value.string.map(words.contains) == true ? value : nil
            }
            return scalar(value, name)
        }
    }

    /// A document's value as the type wants it, where no variable stands in it; nil where it does not fit.
    func scalar(_ literal: Literal, as type: GraphQLType) -> GraphQLValue? {
        switch (literal.kind, type.kind) {
        case (.enumeration(let word), .enumeration(let words)): words.contains(word) ? .string(word) : nil
        case (_, .enumeration), (_, .object): nil
        case (.int(let text), .scalar):
            (Int64(text).map { .int($0) } ?? Double(text).map { .float($0) }).flatMap { scalar($0, type.name) }
        case (.float(let text), .scalar): Double(text).flatMap { scalar(.float($0), type.name) }
        case (.string(let text), .scalar): scalar(.string(text), type.name)
        case (.boolean(let flag), .scalar): scalar(.boolean(flag), type.name)
        default: nil
        }
    }

    private func scalar(_ value: GraphQLValue, _ name: String) -> GraphQLValue? {
        switch (name, value) {
        case ("Int", .int(let number)): Int32(exactly: number) == nil ? nil : value
        case ("Float", .int(let number)): .float(Double(number))
        case ("Float", .float(let number)): number.isFinite ? value : nil
        case ("String", .string), ("ID", .string), ("Boolean", .boolean): value
        case ("ID", .int(let number)): .string(String(number))
        default: nil
        }
    }
}
