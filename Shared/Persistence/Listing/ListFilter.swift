package import Domain
import Postgres

/// One condition of a list: `field:operator:value`, checked against the resource's fields.
package struct ListFilter: Sendable {
    let field: ListField
    /// The field's name.
    package var name: String { field.name }
    let comparison: ListOperator
    let values: [PGValue]
    /// As it was asked for, for the cursor to be bound to.
    let text: String

    /// Reads a condition. Throws for a field, an operator or a value that the resource does not have.
    init(_ text: String, fields: [ListField]) throws(ListError) {
        func refused(_ reason: String) -> ListError { ListError(parameter: "filter", reason: reason) }
        let parts = text.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3 else { throw refused("must be field:operator:value") }
        guard let field = fields.first(where: { $0.name == parts[0] }) else {
            throw refused("has an unknown field; there are \(fields.map(\.name).joined(separator: ", "))")
        }
        guard let comparison = ListOperator(rawValue: parts[1]), field.operators.contains(comparison) else {
            throw refused(
                "by \(field.name) has the operators \(field.operators.map(\.rawValue).joined(separator: ", "))"
            )
        }
        let kind: ListKind = comparison == .isNull ? .boolean : field.kind
        let texts = comparison == .oneOf ? Self.split(parts[2]) : [parts[2]]
        guard texts.count <= 100 else { throw refused("by \(field.name) has more than 100 values") }
        let values = texts.compactMap { kind.value($0) }
        guard values.count == texts.count else { throw refused("by \(field.name) needs \(kind.expectation)") }
        self.field = field
        self.comparison = comparison
        self.values = values
        self.text = text
    }

    /// The condition that a field equals an id, for lists that hang below another row.
    package static func equal<Row>(
        _ name: String,
        _ id: ID<some Any>,
        of source: ListSource<Row>
    ) throws(ListError) -> ListFilter {
        try ListFilter("\(name):eq:\(id)", fields: source.fields)
    }

    /// Leaves few rows, through an index. Several tenants may have all that there are.
    var isSelective: Bool {
        field.isSelective && (comparison == .eq || comparison == .oneOf && field.name != "tenant_id")
    }

    /// The words between commas; `\,` and `\\` stand for a comma and a backslash.
    private static func split(_ text: String) -> [String] {
        var words = [""]
        var isEscaped = false
        for character in text {
            switch character {
            case "\\" where !isEscaped: isEscaped = true
            case "," where !isEscaped: words.append("")
            default:
                words[words.count - 1].append(character)
                isEscaped = false
            }
        }
        return words
    }

    /// The condition in SQL.
    func sql(_ parameters: inout SQLParameters) -> String {
        guard let first = values.first else { return "true" }
        func compare(_ comparison: String) -> String { field.condition.replacing("%", with: comparison) }
        func place(_ value: PGValue) -> String { parameters.add(value) + field.kind.cast }
        switch comparison {
        case .eq: return compare("= \(place(first))")
        case .ne: return compare("IS DISTINCT FROM \(place(first))")
        case .lt: return compare("< \(place(first))")
        case .lte: return compare("<= \(place(first))")
        case .gt: return compare("> \(place(first))")
        case .gte: return compare(">= \(place(first))")
        case .oneOf: return compare("= ANY (\(parameters.add(field.kind.array(values) ?? .textArray([]))))")
        case .isNull: return compare(first == .bool(true) ? "IS NULL" : "IS NOT NULL")
        case .contains where field.kind == .tags:
            return "\(parameters.add(first)) = ANY (\(field.condition.replacing(" %", with: "")))"
        case .prefix, .contains: return like(first, &parameters)
        }
    }

    private func like(_ value: PGValue, _ parameters: inout SQLParameters) -> String {
        guard case .text(let text) = value else { return "false" }
        let column = field.condition.replacing(" %", with: "")
        let pattern = SearchTerms.escaped(text)
        guard comparison == .prefix else {
            return "lower(\(column)) LIKE lower(\(parameters.add(.text("%\(pattern)%"))))"
        }
        let like = "\(field.foldedColumn ?? "lower(\(column))") LIKE lower(\(parameters.add(.text("\(pattern)%"))))"
        guard let folded = field.foldedColumn else { return like }
        // Comparisons in collation C may use an index before row-level security has looked at the row; LIKE may not.
        // No text that begins so comes after the beginning followed by the last character there is.
        let start = parameters.add(.text(text))
        return "(\(folded) >= lower(\(start)) AND \(folded) <= lower(\(start)) || U&'\\+10FFFF' AND \(like))"
    }
}

/// The parameters of a statement in the making.
struct SQLParameters {
    private(set) var values: [PGValue] = []

    /// Adds a value and returns its place: `$1`.
    mutating func add(_ value: PGValue) -> String {
        values.append(value)
        return "$\(values.count)"
    }
}
