/// What a part of a path in braces may hold.
package enum PathParameterType: String, Sendable, Hashable {
    /// Any text that is not empty.
    case text
    /// A whole number from 0 to 2^63 - 1 in decimal without leading zeros.
    case int
    /// A UUID in lower case with its four hyphens.
    case uuid

    func accepts(_ segment: String) -> Bool {
        switch self {
        case .text: return !segment.isEmpty
        case .int:
            guard let first = segment.utf8.first, segment.utf8.count <= 19 else { return false }
            return segment.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } && (first != 0x30 || segment.utf8.count == 1)
                && Int64(segment) != nil
        case .uuid:
            return segment.utf8.count == 36
                && segment.utf8.enumerated().allSatisfy { index, octet in
                    if [8, 13, 18, 23].contains(index) { return octet == UInt8(ascii: "-") }
                    return (0x30...0x39).contains(octet) || (0x61...0x66).contains(octet)
                }
        }
    }
}

/// The paths of a route: `/api/v1/customers/{id:uuid}/notes`, `/assets/{path...}`.
///
/// `{name}` takes one segment of any text, `{name:int}` and `{name:uuid}` one of that type, and `{name...}`, last, all
/// segments that follow, at least one.
package struct PathPattern: Sendable, Hashable, CustomStringConvertible, ExpressibleByStringLiteral {
    enum Part: Sendable, Hashable {
        case literal(String)
        case parameter(name: String, type: PathParameterType)
        case rest(name: String)
    }

    let parts: [Part]
    /// As it was written.
    package let description: String

    /// The parameters in their order.
    package var parameters: [(name: String, type: PathParameterType)] {
        parts.compactMap { part in
            switch part {
            case .literal: nil
            case .parameter(let name, let type): (name, type)
            case .rest(let name): (name, .text)
            }
        }
    }

    /// Reads a pattern; throws where it is malformed or names a parameter twice.
    package init(_ text: String) throws(RouteError) {
        guard text.hasPrefix("/") else { throw .malformed(text) }
        var parts: [Part] = []
        let segments = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        for (index, segment) in segments.enumerated() {
            let part = try Self.part(String(segment), in: text)
            if case .rest = part, index != segments.count - 1 { throw .malformed(text) }
            parts.append(part)
        }
        self.parts = parts
        description = text
        let names = parameters.map(\.name)
        guard Set(names).count == names.count else { throw .malformed(text) }
    }

    /// A pattern in the source; traps where it is malformed.
    package init(stringLiteral text: String) {
        do throws(RouteError) {
            try self.init(text)
        } catch {
            preconditionFailure("\(error)")
        }
    }

    private static func part(_ segment: String, in text: String) throws(RouteError) -> Part {
        guard segment.contains("{") || segment.contains("}") else { return .literal(segment) }
        guard segment.hasPrefix("{"), segment.hasSuffix("}") else { throw .malformed(text) }
        let inner = segment.dropFirst().dropLast()
        if inner.hasSuffix("...") {
            let name = String(inner.dropLast(3))
            guard isName(name) else { throw .malformed(text) }
            return .rest(name: name)
        }
        let pieces = inner.split(separator: ":", omittingEmptySubsequences: false)
        guard pieces.count <= 2, isName(String(pieces[0])),
            let type = pieces.count == 2 ? PathParameterType(rawValue: String(pieces[1])) : .text
        else { throw .malformed(text) }
        return .parameter(name: String(pieces[0]), type: type)
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { $0 == 0x5F || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) }
    }
}

/// A table of routes that cannot be.
package enum RouteError: Error, Equatable, CustomStringConvertible {
    /// No path, or braces out of place.
    case malformed(String)
    /// Two routes of one method take the same paths.
    case duplicate(method: String, pattern: String)
    /// Two routes have one name.
    case duplicateOperation(String)
    /// Two patterns have different parameters at the same place, so that one path could be read in two ways.
    case ambiguous(String, String)

    package var description: String {
        switch self {
        case .malformed(let pattern): "\(pattern) is no pattern of a path"
        case .duplicate(let method, let pattern): "\(method) \(pattern) stands twice"
        case .duplicateOperation(let name): "two routes are named \(name)"
        case .ambiguous(let one, let other): "\(one) and \(other) differ in a parameter at the same place"
        }
    }
}

/// What a route's pattern took from the path of a request.
package struct PathParameters: Sendable, Equatable {
    var values: [(name: String, value: String)] = []

    package init() {}

    /// The decoded text of a parameter; nil where the pattern has none of that name. Segments of a rest are joined by
    /// slashes.
    package subscript(name: String) -> String? { values.first { $0.name == name }?.value }

    /// A parameter of type `int`.
    package func int(_ name: String) -> Int64? { self[name].flatMap { Int64($0) } }

    package static func == (left: PathParameters, right: PathParameters) -> Bool {
        left.values.elementsEqual(right.values) { $0.name == $1.name && $0.value == $1.value }
    }
}
