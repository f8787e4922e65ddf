import Domain
import Postgres

/// How a filter compares.
package enum ListOperator: String, Sendable, CaseIterable {
    case eq, ne, lt, lte, gt, gte
    /// One of several values with commas between.
    case oneOf = "in"
    case prefix, contains
    /// Whether there is no value: `true` or `false`.
    case isNull = "null"
}

/// What values a filter or a sort has.
package enum ListKind: Sendable, Equatable {
    case text
    /// One of these words.
    case choice([String])
    case integer
    /// A decimal number with a point.
    case decimal
    case boolean
    /// RFC 3339.
    case time
    /// `2026-11-20`.
    case day
    case id
    /// An IP address without a length.
    case address
    /// An IP prefix, or an address for one of full length.
    case prefix
    /// A MAC address in any of its usual forms.
    case mac
    /// Words in a list of which one must be there.
    case tags

    /// The comparisons that make sense.
    var operators: [ListOperator] {
        switch self {
        case .text: [.eq, .ne, .oneOf, .prefix, .contains]
        case .choice, .id: [.eq, .ne, .oneOf]
        case .integer, .time, .day: [.eq, .ne, .lt, .lte, .gt, .gte]
        case .decimal: [.eq, .ne, .lt, .lte, .gt, .gte]
        case .boolean, .address, .prefix, .mac: [.eq]
        case .tags: [.contains]
        }
    }

    /// What a value looks like, as a regular expression (ECMA-262) that takes no value which is refused.
    var pattern: String {
        switch self {
        case .text, .tags: "[^\\u0000]{1,253}"
        case .choice(let words): "(\(words.joined(separator: "|")))"
        case .integer: "-?[0-9]{1,18}"
        case .decimal: "-?[0-9]{1,14}(\\.[0-9]{1,4})?"
        case .boolean: "(true|false)"
        case .time: TextPatterns.time
        case .day: TextPatterns.day
        case .id: TextPatterns.id
        case .address, .prefix: TextPatterns.address
        case .mac: "[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}"
        }
    }

    /// What a value must be, for people.
    var expectation: String {
        switch self {
        case .text: "text of 1 to 253 characters"
        case .choice(let words): "one of \(words.joined(separator: ", "))"
        case .integer: "a whole number"
        case .decimal: "a decimal number"
        case .boolean: "true or false"
        case .time: "a time such as 2026-11-20T10:00:00Z"
        case .day: "a day such as 2026-11-20"
        case .id: "an id"
        case .address: "an IP address"
        case .prefix: "an IP address or prefix"
        case .mac: "a MAC address"
        case .tags: "a tag"
        }
    }

    /// A value read from its text; nil when it is none of the kind.
    func value(_ text: String) -> PGValue? {
        switch self {
        case .text, .tags:
            (1...253).contains(text.unicodeScalars.count) && !text.utf8.contains(0) ? .text(text) : nil
        case .choice(let words): words.contains(text) ? .text(text) : nil
        case .integer: Int64(text).map { .int8($0) }
        case .decimal: (try? Money(text, currency: .euro)).map { .text($0.decimal) }
        case .boolean: text == "true" ? .bool(true) : text == "false" ? .bool(false) : nil
        case .time: Timestamp(text).map { .timestamptz($0.microseconds) }
        case .day: CivilDate(text).map { .date(Int32(clamping: $0.daysSince1970)) }
        case .id: UUID128(text).map { .uuid(high: $0.high, low: $0.low) }
        case .mac: MACAddress(text).map { .text($0.description) }
        case .address: IPAddress(text).map { .text($0.description) }
        case .prefix: (IPPrefix(text) ?? IPAddress(text).map { IPPrefix($0) }).map { .text($0.description) }
        }
    }

    /// Several values of the kind as one array; only texts and ids stand in lists.
    func array(_ values: [PGValue]) -> PGValue? {
        switch self {
        case .text, .choice:
            .textArray(values.map { if case .text(let text) = $0 { text } else { nil } })
        case .id:
            .uuidArray(values.map { if case .uuid(let high, let low) = $0 { (high, low) } else { nil } })
        default: nil
        }
    }

    /// What makes a parameter of the type that the column has.
    var cast: String {
        switch self {
        case .address: "::text::inet"
        case .prefix: "::text::cidr"
        case .mac: "::text::macaddr"
        case .decimal: "::text::numeric"
        default: ""
        }
    }
}

/// A field that a resource can be filtered by.
package struct ListField: Sendable {
    /// As it stands in `filter`.
    package let name: String
    package let kind: ListKind
    package let operators: [ListOperator]
    /// SQL with `%` where the comparison stands: `r.status %`.
    let condition: String
    /// A column of collation C that holds the text in lower case, for beginnings found by an index.
    let foldedColumn: String?
    /// An equality that leaves few rows, through an index.
    let isSelective: Bool

    init(
        _ name: String,
        _ kind: ListKind,
        column: String? = nil,
        condition: String? = nil,
        folded: String? = nil,
        isNullable: Bool = false,
        isSelective: Bool = false
    ) {
        self.name = name
        self.kind = kind
        operators = kind.operators + (isNullable ? [.isNull] : [])
        self.condition = condition ?? "r.\(column ?? name) %"
        foldedColumn = folded
        self.isSelective = isSelective
    }
}

/// A field that a resource can be sorted by. Its expression is never NULL.
struct ListSort: Sendable {
    let name: String
    let kind: ListKind
    /// SQL over the row `r`.
    let expression: String
    /// What tells apart rows of the same value, and its kind.
    let tie: String
    let tieKind: ListKind

    init(_ name: String, _ kind: ListKind, _ expression: String? = nil, tie: String = "r.id", tieKind: ListKind = .id) {
        self.name = name
        self.kind = kind
        self.expression = expression ?? "r.\(name)"
        self.tie = tie
        self.tieKind = tieKind
    }

    /// The expression is unique by itself.
    var isUnique: Bool { expression == tie }
}

extension ListField {
    /// Its conditions as they stand in `filter`, as a regular expression (ECMA-262).
    package var pattern: String {
        let single = operators.filter { $0 != .oneOf && $0 != .isNull }.map(\.rawValue).joined(separator: "|")
        var forms = ["(\(single)):\(kind.pattern)"]
        if operators.contains(.isNull) { forms.append("null:(true|false)") }
        if operators.contains(.oneOf) {
            let word = kind == .text ? "[^\\u0000,\\\\]{1,253}" : kind.pattern
            forms.append("in:\(word)(,\(word))*")
        }
        return "\(name):(\(forms.joined(separator: "|")))"
    }
}
