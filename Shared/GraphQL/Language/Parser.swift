/// Reads the executable definitions of the October 2021 grammar (§2). Mutations, subscriptions and definitions of
/// types are refused, and so is what lies too deep to be read on a stack.
struct Parser {
    private var lexer: Lexer
    private var token: Token
    private var nesting = 0

    /// Reads a whole document.
    static func document(_ text: String) throws(GraphQLError) -> Document {
        guard text.utf8.count <= GraphQLLimits.octets else {
            throw GraphQLError("The document has more than \(GraphQLLimits.octets) octets.")
        }
        var parser = try Parser(Source(text))
        return try parser.document()
    }

    private init(_ source: Source) throws(GraphQLError) {
        lexer = Lexer(source)
        token = try lexer.next()
    }

    private mutating func document() throws(GraphQLError) -> Document {
        var operations: [QueryOperation] = []
        var fragments: [FragmentDefinition] = []
        repeat {
            switch token.kind {
            case .punctuator(UInt8(ascii: "{")): operations.append(try shorthand())
            case .name("query"): operations.append(try operation())
            case .name("fragment"): fragments.append(try fragment())
            case .name("mutation"), .name("subscription"):
                throw error("Only queries are answered here.")
            default: throw unexpected("a query or a fragment")
            }
            guard fragments.count <= GraphQLLimits.fragments else {
                throw error("The document has more than \(GraphQLLimits.fragments) fragments.")
            }
        } while token.kind != .end
        return Document(source: lexer.source, operations: operations, fragments: fragments)
    }

    // MARK: - Definitions

    private mutating func shorthand() throws(GraphQLError) -> QueryOperation {
        let offset = token.offset
        return QueryOperation(
            name: nil,
            variables: [],
            directives: [],
            selections: try selectionSet(),
            offset: offset
        )
    }

    private mutating func operation() throws(GraphQLError) -> QueryOperation {
        let offset = token.offset
        try advance()
        var name: String?
        if case .name(let text) = token.kind {
            name = text
            try advance()
        }
        var variables: [VariableDefinition] = []
        if try take("(") {
            repeat { variables.append(try variable()) } while try !take(")")
        }
        let directives = try directives()
        return QueryOperation(
            name: name,
            variables: variables,
            directives: directives,
            selections: try selectionSet(),
            offset: offset
        )
    }

    private mutating func variable() throws(GraphQLError) -> VariableDefinition {
        let offset = token.offset
        try expect("$")
        let name = try self.name()
        try expect(":")
        let type = try self.type()
        let defaultValue = try take("=") ? try value(isConstant: true) : nil
        return VariableDefinition(
            name: name,
            type: type,
            defaultValue: defaultValue,
            directives: try directives(),
            offset: offset
        )
    }

    private mutating func fragment() throws(GraphQLError) -> FragmentDefinition {
        let offset = token.offset
        try advance()
        guard token.kind != .name("on") else { throw error("A fragment cannot be called on.") }
        let name = try self.name()
        try keyword("on")
        let condition = try self.name()
        let directives = try directives()
        return FragmentDefinition(
            name: name,
            condition: condition,
            directives: directives,
            selections: try selectionSet(),
            offset: offset
        )
    }

    // MARK: - Selections

    private mutating func selectionSet() throws(GraphQLError) -> [Selection] {
        try enter()
        try expect("{")
        var selections: [Selection] = []
        repeat { selections.append(try selection()) } while try !take("}")
        nesting -= 1
        return selections
    }

    private mutating func selection() throws(GraphQLError) -> Selection {
        let offset = token.offset
        guard token.kind == .spread else { return .field(try field()) }
        try advance()
        if case .name(let name) = token.kind, name != "on" {
            try advance()
            return .spread(SpreadNode(name: name, directives: try directives(), offset: offset))
        }
        var condition: String?
        if token.kind == .name("on") {
            try advance()
            condition = try name()
        }
        let directives = try directives()
        return .inline(
            InlineNode(condition: condition, directives: directives, selections: try selectionSet(), offset: offset)
        )
    }

    private mutating func field() throws(GraphQLError) -> FieldNode {
        let offset = token.offset
        var name = try self.name()
        var alias: String?
        if try take(":") {
            alias = name
            name = try self.name()
        }
        let arguments = try arguments()
        let directives = try directives()
        return FieldNode(
            alias: alias,
            name: name,
            arguments: arguments,
            directives: directives,
            selections: token.kind == .punctuator(UInt8(ascii: "{")) ? try selectionSet() : [],
            offset: offset
        )
    }

    private mutating func arguments() throws(GraphQLError) -> [ArgumentNode] {
        guard try take("(") else { return [] }
        var arguments: [ArgumentNode] = []
        repeat {
            let offset = token.offset
            let name = try self.name()
            try expect(":")
            arguments.append(ArgumentNode(name: name, value: try value(), offset: offset))
        } while try !take(")")
        return arguments
    }

    private mutating func directives() throws(GraphQLError) -> [DirectiveNode] {
        var directives: [DirectiveNode] = []
        while token.kind == .punctuator(UInt8(ascii: "@")) {
            let offset = token.offset
            try advance()
            let name = try self.name()
            directives.append(DirectiveNode(name: name, arguments: try arguments(), offset: offset))
        }
        return directives
    }

    // MARK: - Values and types

    private mutating func value(isConstant: Bool = false) throws(GraphQLError) -> Literal {
        let offset = token.offset
        let kind: Literal.Kind
        switch token.kind {
        case .int(let text): kind = .int(text)
        case .float(let text): kind = .float(text)
        case .string(let text): kind = .string(text)
        case .name("true"): kind = .boolean(true)
        case .name("false"): kind = .boolean(false)
        case .name("null"): kind = .null
        case .name(let name): kind = .enumeration(name)
        case .punctuator(UInt8(ascii: "$")) where !isConstant:
            try advance()
            return Literal(kind: .variable(try name()), offset: offset)
        case .punctuator(UInt8(ascii: "[")): return Literal(kind: try list(isConstant), offset: offset)
        case .punctuator(UInt8(ascii: "{")): return Literal(kind: try object(isConstant), offset: offset)
        default: throw unexpected("a value")
        }
        try advance()
        return Literal(kind: kind, offset: offset)
    }

    private mutating func list(_ isConstant: Bool) throws(GraphQLError) -> Literal.Kind {
        try enter()
        try expect("[")
        var values: [Literal] = []
        while try !take("]") { values.append(try value(isConstant: isConstant)) }
        nesting -= 1
        return .list(values)
    }

    private mutating func object(_ isConstant: Bool) throws(GraphQLError) -> Literal.Kind {
        try enter()
        try expect("{")
        var members: [String: Literal] = [:]
        while try !take("}") {
            let offset = token.offset
            let name = try self.name()
            try expect(":")
            guard members.updateValue(try value(isConstant: isConstant), forKey: name) == nil else {
                throw lexer.source.error("Member \(name.prefix(100)) stands twice.", at: offset)
            }
        }
        nesting -= 1
        return .object(members)
    }

    private mutating func type() throws(GraphQLError) -> TypeReference {
        var type: TypeReference
        if try take("[") {
            try enter()
            type = .list(try self.type())
            try expect("]")
            nesting -= 1
        } else {
            type = .named(try name())
        }
        if try take("!") { type = .nonNull(type) }
        return type
    }

    // MARK: - Tokens

    private mutating func advance() throws(GraphQLError) { token = try lexer.next() }

    private mutating func enter() throws(GraphQLError) {
        nesting += 1
        guard nesting <= GraphQLLimits.nesting else {
            throw error("More than \(GraphQLLimits.nesting) braces or brackets inside one another.")
        }
    }

    private mutating func take(_ punctuator: Unicode.Scalar) throws(GraphQLError) -> Bool {
        guard token.kind == .punctuator(UInt8(ascii: punctuator)) else { return false }
        try advance()
        return true
    }

    private mutating func expect(_ punctuator: Unicode.Scalar) throws(GraphQLError) {
        guard try take(punctuator) else { throw unexpected("\"\(punctuator)\"") }
    }

    private mutating func keyword(_ word: String) throws(GraphQLError) {
        guard token.kind == .name(word) else { throw unexpected(word) }
        try advance()
    }

    private mutating func name() throws(GraphQLError) -> String {
        guard case .name(let name) = token.kind else { throw unexpected("a name") }
        try advance()
        return name
    }

    private func error(_ message: String) -> GraphQLError { lexer.source.error(message, at: token.offset) }

    private func unexpected(_ wanted: String) -> GraphQLError {
        error("Expected \(wanted), found \(token.kind.description).")
    }
}
