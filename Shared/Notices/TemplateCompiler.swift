/// Reads one part of a template and finds the place of each of its values; nothing that it lets through can fail for the template's own sake.
struct TemplateCompiler {
    private let part: TemplateError.Part
    private let variables: [String: NoticeVariable]
    private var scanner = MarkupScanner()
    /// Sections that one stands in, which say that a value is there.
    private var present: [String] = []

    static func compile(
        _ text: String,
        _ part: TemplateError.Part,
        for kind: NoticeKind
    ) throws(TemplateError) -> [TemplateNode] {
        guard text.unicodeScalars.count <= part.greatestLength else {
            throw TemplateError(part: part, line: 1, problem: .tooLong)
        }
        var compiler = TemplateCompiler(part, kind)
        let nodes = try compiler.placed(try TemplateParser.parse(text, part))
        guard compiler.scanner.place == .text else {
            let lines = text.utf8.count { $0 == 0x0a }
            throw TemplateError(part: part, line: lines + 1, problem: .malformedMarkup)
        }
        return nodes
    }

    private init(_ part: TemplateError.Part, _ kind: NoticeKind) {
        self.part = part
        variables = Dictionary(
            (NoticeTerms.common + kind.terms.variables).map { ($0.name, $0) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    private mutating func placed(_ nodes: [TemplateNode]) throws(TemplateError) -> [TemplateNode] {
        var result: [TemplateNode] = []
        for node in nodes { result.append(try placed(node)) }
        return result
    }

    private mutating func placed(_ node: TemplateNode) throws(TemplateError) -> TemplateNode {
        switch node {
        case .literal(let text, let line):
            if part == .html {
                do throws(MarkupProblem) {
                    try scanner.read(text)
                } catch {
                    throw TemplateError(part: part, line: line + error.lines, problem: error.problem)
                }
            }
            return node
        case .value(let name, _, let line):
            let variable = try variable(name, line)
            return .value(name, try place(variable.kind == .url, line), line: line)
        case .plural(let name, let forms, _, let line):
            switch try variable(name, line).kind {
            case .count, .percent: break
            default: throw TemplateError(part: part, line: line, problem: .notANumber(name))
            }
            return .plural(name, forms, try place(false, line), line: line)
        case .section(let name, let isNegated, let nodes, let line):
            guard variables[name] != nil else {
                throw TemplateError(part: part, line: line, problem: .unknownVariable(name))
            }
            guard part != .html || scanner.takesSections else {
                throw TemplateError(part: part, line: line, problem: .misplaced)
            }
            let before = scanner
            if !isNegated { present.append(name) }
            let inner = try placed(nodes)
            if !isNegated { present.removeLast() }
            guard scanner == before else {
                throw TemplateError(part: part, line: line, problem: .crossesMarkup(name))
            }
            return .section(name, isNegated: isNegated, inner, line: line)
        }
    }

    private func variable(_ name: String, _ line: Int) throws(TemplateError) -> NoticeVariable {
        guard let variable = variables[name] else {
            throw TemplateError(part: part, line: line, problem: .unknownVariable(name))
        }
        if variable.isOptional, !present.contains(name) {
            throw TemplateError(part: part, line: line, problem: .outsideSection(name))
        }
        if variable.isSecret, part == .subject {
            throw TemplateError(part: part, line: line, problem: .secretInSubject(name))
        }
        return variable
    }

    private mutating func place(_ isURL: Bool, _ line: Int) throws(TemplateError) -> TemplateNode.Place {
        guard part == .html else { return .text }
        guard let place = scanner.placeOfValue(isURL: isURL) else {
            throw TemplateError(part: part, line: line, problem: .misplaced)
        }
        return place
    }
}

extension TemplateError.Part {
    /// In scalars: the table's limits.
    package var greatestLength: Int {
        switch self {
        case .subject: 500
        case .text: 20_000
        case .html: 100_000
        }
    }
}

/// A template that may be said again and again: the parts that its channel wants, each in pieces.
package struct CompiledTemplate: Sendable {
    let kind: NoticeKind
    let channel: NoticeChannel
    let subject: [TemplateNode]?
    let text: [TemplateNode]
    let html: [TemplateNode]?
}

extension NoticeTemplate {
    /// The parts that the channel wants, and no other.
    package func compiled(
        for kind: NoticeKind,
        _ channel: NoticeChannel
    ) throws(TemplateError) -> CompiledTemplate {
        if html != nil, channel != .email { throw TemplateError(part: .html, line: 1, problem: .unwantedPart) }
        if channel == .sms, subject != nil { throw TemplateError(part: .subject, line: 1, problem: .unwantedPart) }
        if subject == nil, channel != .sms, channel != .slack {
            throw TemplateError(part: .subject, line: 1, problem: .missingPart)
        }
        return CompiledTemplate(
            kind: kind,
            channel: channel,
            subject: try compile(subject, .subject, for: kind),
            text: try TemplateCompiler.compile(text, .text, for: kind),
            html: try compile(html, .html, for: kind)
        )
    }

    private func compile(
        _ text: String?,
        _ part: TemplateError.Part,
        for kind: NoticeKind
    ) throws(TemplateError) -> [TemplateNode]? {
        guard let text else { return nil }
        return try TemplateCompiler.compile(text, part, for: kind)
    }
}
