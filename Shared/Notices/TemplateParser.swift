/// Words in pieces.
enum TemplateNode: Sendable, Hashable {
    case literal(String, line: Int)
    case value(String, Place, line: Int)
    case plural(String, [PluralCategory: String], Place, line: Int)
    case section(String, isNegated: Bool, [TemplateNode], line: Int)

    /// Where a value stands, which decides how it is written.
    enum Place: Sendable, Hashable {
        case text, markup, attribute
        /// Within an address: its beginning, or a part.
        case address, addressPart
    }
}

/// Reads a template; takes any text, in one pass.
///
/// A line that holds nothing but a section's tag is left out of what is said; so are controls, but for ends of lines and tabulators.
struct TemplateParser {
    private static let longestTag = 1_000
    private static let greatestDepth = 8
    private static let mostTags = 500

    private struct Frame {
        var name: String
        var isNegated: Bool
        var line: Int
        var nodes: [TemplateNode] = []
    }

    private let octets: [UInt8]
    private let part: TemplateError.Part
    private var position = 0
    private var line = 1
    private var tags = 0
    private var frames = [Frame(name: "", isNegated: false, line: 1)]

    static func parse(_ text: String, _ part: TemplateError.Part) throws(TemplateError) -> [TemplateNode] {
        var parser = TemplateParser(text, part)
        return try parser.parse()
    }

    private init(_ text: String, _ part: TemplateError.Part) {
        octets = text.utf8.filter { $0 >= 0x20 && $0 != 0x7f || $0 == 0x0a || $0 == 0x09 }
        self.part = part
    }

    private mutating func parse() throws(TemplateError) -> [TemplateNode] {
        while let start = next(UInt8(ascii: "{"), from: position, before: octets.count) {
            append(octets[position..<start])
            let end = min(octets.count, start + Self.longestTag)
            guard let close = next(UInt8(ascii: "}"), from: start + 2, before: end) else { throw error(.unclosedTag) }
            tags += 1
            guard tags <= Self.mostTags else { throw error(.tooManyTags) }
            position = close + 2
            if try take(tag: trimmed(octets[start + 2..<close])), start == 0 || octets[start - 1] == 0x0a,
                position < octets.count, octets[position] == 0x0a
            {
                position += 1
                line += 1
            }
        }
        append(octets[position...])
        let frame = frames[frames.count - 1]
        guard frames.count == 1 else {
            throw TemplateError(part: part, line: frame.line, problem: .unclosedSection(frame.name))
        }
        return frame.nodes
    }

    /// Where the brace stands twice.
    private func next(_ brace: UInt8, from start: Int, before end: Int) -> Int? {
        var index = start
        while index + 1 < end {
            if octets[index] == brace, octets[index + 1] == brace { return index }
            index += 1
        }
        return nil
    }

    private mutating func append(_ text: ArraySlice<UInt8>) {
        guard !text.isEmpty else { return }
        add(.literal(String(decoding: text, as: UTF8.self), line: line))
        for octet in text where octet == 0x0a { line += 1 }
    }

    private mutating func add(_ node: TemplateNode) {
        frames[frames.count - 1].nodes.append(node)
    }

    /// Whether it begins or ends a section.
    private mutating func take(tag: ArraySlice<UInt8>) throws(TemplateError) -> Bool {
        guard let first = tag.first, tag.allSatisfy({ $0 >= 0x20 }) else { throw error(.malformedTag) }
        switch first {
        case UInt8(ascii: "#"), UInt8(ascii: "^"):
            guard frames.count <= Self.greatestDepth else { throw error(.tooDeep) }
            let name = try name(trimmed(tag.dropFirst()))
            frames.append(Frame(name: name, isNegated: first == UInt8(ascii: "^"), line: line))
            return true
        case UInt8(ascii: "/"):
            let name = try name(trimmed(tag.dropFirst()))
            guard frames.count > 1, frames[frames.count - 1].name == name else { throw error(.unexpectedEnd(name)) }
            let frame = frames.removeLast()
            add(.section(frame.name, isNegated: frame.isNegated, frame.nodes, line: frame.line))
            return true
        default:
            if tag.starts(with: "plural ".utf8) {
                add(try plural(trimmed(tag.dropFirst(7))))
            } else {
                add(.value(try name(tag), .text, line: line))
            }
            return false
        }
    }

    /// `name one="..." other="..."`.
    private func plural(_ tag: ArraySlice<UInt8>) throws(TemplateError) -> TemplateNode {
        let name = try name(tag.prefix { $0 != 0x20 })
        var rest = trimmed(tag.dropFirst(name.utf8.count))
        var forms: [PluralCategory: String] = [:]
        while !rest.isEmpty {
            let word = rest.prefix { $0 != UInt8(ascii: "=") }
            guard let category = PluralCategory(rawValue: String(decoding: word, as: UTF8.self)), forms[category] == nil
            else { throw error(.malformedPlural) }
            rest = rest.dropFirst(word.count + 1)
            guard rest.first == UInt8(ascii: "\"") else { throw error(.malformedPlural) }
            let text = rest.dropFirst().prefix { $0 != UInt8(ascii: "\"") }
            rest = rest.dropFirst(text.count + 1)
            guard rest.first == UInt8(ascii: "\"") else { throw error(.malformedPlural) }
            forms[category] = String(decoding: text, as: UTF8.self)
            rest = trimmed(rest.dropFirst())
        }
        guard forms[.other] != nil else { throw error(.malformedPlural) }
        return .plural(name, forms, .text, line: line)
    }

    private func name(_ octets: ArraySlice<UInt8>) throws(TemplateError) -> String {
        let name = String(decoding: octets, as: UTF8.self)
        guard NoticeFacts.isName(name) else { throw error(.malformedTag) }
        return name
    }

    private func trimmed(_ octets: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let start = octets.drop { $0 == 0x20 }
        guard let end = start.lastIndex(where: { $0 != 0x20 }) else { return start }
        return start[...end]
    }

    private func error(_ problem: TemplateError.Problem) -> TemplateError {
        TemplateError(part: part, line: line, problem: problem)
    }
}
