/// The executable definitions of a document (§2.3). Offsets are places in its text.
struct Document: Sendable {
    let source: Source
    let operations: [QueryOperation]
    let fragments: [FragmentDefinition]
}

/// A query: mutations and subscriptions are no part of what is read here.
struct QueryOperation: Sendable {
    let name: String?
    let variables: [VariableDefinition]
    let directives: [DirectiveNode]
    let selections: [Selection]
    let offset: Int
}

struct VariableDefinition: Sendable {
    let name: String
    let type: TypeReference
    let defaultValue: Literal?
    let directives: [DirectiveNode]
    let offset: Int
}

struct FragmentDefinition: Sendable {
    let name: String
    let condition: String
    let directives: [DirectiveNode]
    let selections: [Selection]
    let offset: Int
}

enum Selection: Sendable {
    case field(FieldNode)
    case spread(SpreadNode)
    case inline(InlineNode)
}

struct FieldNode: Sendable {
    let alias: String?
    let name: String
    let arguments: [ArgumentNode]
    let directives: [DirectiveNode]
    let selections: [Selection]
    let offset: Int

    /// Under which it stands in the answer.
    var key: String { alias ?? name }
}

struct SpreadNode: Sendable {
    let name: String
    let directives: [DirectiveNode]
    let offset: Int
}

struct InlineNode: Sendable {
    let condition: String?
    let directives: [DirectiveNode]
    let selections: [Selection]
    let offset: Int
}

struct ArgumentNode: Sendable {
    let name: String
    let value: Literal
    let offset: Int
}

struct DirectiveNode: Sendable {
    let name: String
    let arguments: [ArgumentNode]
    let offset: Int
}

/// A value as a document writes it (§2.9). Equal where it says the same, wherever it stands.
struct Literal: Hashable, Sendable {
    indirect enum Kind: Hashable, Sendable {
        case variable(String)
        case int(String)
        case float(String)
        case string(String)
        case boolean(Bool)
        case null
        case enumeration(String)
        case list([Literal])
        case object([String: Literal])
    }

    let kind: Kind
    let offset: Int

    static func == (left: Literal, right: Literal) -> Bool { left.kind == right.kind }
    func hash(into hasher: inout Hasher) { hasher.combine(kind) }
}

/// A type as it is referred to (§2.11): `[String!]!`.
package indirect enum TypeReference: Hashable, Sendable, CustomStringConvertible {
    case named(String)
    case list(TypeReference)
    case nonNull(TypeReference)

    package var description: String {
        switch self {
        case .named(let name): name
        case .list(let type): "[\(type)]"
        case .nonNull(let type): "\(type)!"
        }
    }

    /// The name inside all brackets.
    package var name: String {
        switch self {
        case .named(let name): name
        case .list(let type), .nonNull(let type): type.name
        }
    }

    /// Without its `!`.
    package var nullable: TypeReference { if case .nonNull(let type) = self { type } else { self } }
    package var isNonNull: Bool { self != nullable }
}
