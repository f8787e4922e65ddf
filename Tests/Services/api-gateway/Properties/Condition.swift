import Domain
import Persistence
import WireFormat

@testable import APIGateway

/// A condition of a list, as a query says it and, written a second time, as a test understands it.
struct Condition: Sendable {
    let query: String
    let holds: @Sendable (JSONRow) -> Bool

    init(query: String, _ holds: @escaping @Sendable (JSONRow) -> Bool) {
        self.query = query
        self.holds = holds
    }

    /// By a field, with a value that one of the rows has.
    init?(_ field: ListField, _ rows: [JSONRow], _ draw: inout Draw) {
        let comparison = draw.choice(field.operators)
        let (name, kind) = (field.name, field.kind)
        let values = rows.map { $0[name] ?? .null }
        guard comparison != .isNull else {
            let wanted = draw.chance(50)
            self.init(query: Self.query(name, comparison, "\(wanted)")) { ($0[name] ?? .null).isNull == wanted }
            return
        }
        guard let value = values.filter({ !$0.isNull && $0 != .list([]) }).randomElement(using: &draw.random),
            let text = Self.text(value, &draw)
        else { return nil }
        switch comparison {
        case .oneOf:
            let wanted = [text] + values.compactMap(\.plainText).prefix(draw.whole(0...2))
            let list = wanted.map { $0.replacing("\\", with: "\\\\").replacing(",", with: "\\,") }
            self.init(query: Self.query(name, comparison, list.joined(separator: ","))) { row in
                row[name]?.plainText.map(wanted.contains) ?? false
            }
        case .prefix, .contains:
            let start = comparison == .prefix ? 0 : draw.whole(0...max(0, text.unicodeScalars.count - 1))
            let piece = String(String.UnicodeScalarView(text.unicodeScalars.dropFirst(start).prefix(draw.whole(1...6))))
            let asked = draw.chance(50) ? piece.uppercased() : piece
            // A letter whose capital is another number of letters is another word to the database.
            guard !piece.isEmpty, asked.lowercased() == piece.lowercased() else { return nil }
            let wanted = kind == .tags ? text : asked
            self.init(query: Self.query(name, comparison, wanted)) { row in
                if case .list(let tags)? = row[name] { return tags.contains(.text(text)) }
                guard let found = row[name]?.text?.lowercased() else { return false }
                return comparison == .prefix
                    ? found.hasPrefix(wanted.lowercased()) : found.contains(wanted.lowercased())
            }
        default:
            self.init(query: Self.query(name, comparison, text)) { row in
                guard let found = row[name]?.plainText else { return comparison == .ne }
                let order = Self.order(found, text, kind)
                return switch comparison {
                case .eq: order == 0
                case .ne: order != 0
                case .lt: order < 0
                case .lte: order <= 0
                case .gt: order > 0
                default: order >= 0
                }
            }
        }
    }

    private static func text(_ value: JSONValue, _ draw: inout Draw) -> String? {
        if case .list(let values) = value { return draw.choice(values).text }
        return value.plainText
    }

    private static func query(_ name: String, _ comparison: ListOperator, _ value: String) -> String {
        "filter=\("\(name):\(comparison.rawValue):\(value)".encodedForQuery)"
    }

    private static func order(_ left: String, _ right: String, _ kind: ListKind) -> Int {
        switch kind {
        case .integer, .decimal:
            let (left, right) = (Double(left) ?? .nan, Double(right) ?? .nan)
            return left < right ? -1 : left > right ? 1 : 0
        case .time:
            let (left, right) = (Timestamp(left), Timestamp(right))
            guard let left, let right else { return left == right ? 0 : -1 }
            return left < right ? -1 : left > right ? 1 : 0
        default: return left < right ? -1 : left > right ? 1 : 0
        }
    }
}

extension JSONValue {
    /// A text, number or truth value as a query has it.
    var plainText: String? {
        switch self {
        case .text(let text): text
        case .number(let text): text
        case .bool(let flag): flag ? "true" : "false"
        default: nil
        }
    }
}
