package import Domain
package import WireFormat

/// One value of a row as it goes out: the same in a list, in a single row and in an export.
package enum FieldValue: Sendable, Equatable {
    case null
    case text(String)
    case integer(Int64)
    case real(Double)
    case boolean(Bool)
    case time(Timestamp)
    case list([FieldValue])
    /// A JSON value that is stored as such.
    case json(String)

    /// Text, or null.
    package static func text(_ text: String?) -> FieldValue { text.map { .text($0) } ?? .null }
    /// A whole number, or null.
    package static func integer(_ number: (some BinaryInteger)?) -> FieldValue {
        number.map { .integer(Int64(clamping: $0)) } ?? .null
    }
    /// A time, or null.
    package static func time(_ time: Timestamp?) -> FieldValue { time.map { .time($0) } ?? .null }
    /// An id, or null.
    package static func id<Tag>(_ id: ID<Tag>?) -> FieldValue { id.map { .text($0.description) } ?? .null }
    /// A value as it describes itself, or null.
    package static func described(_ value: (some CustomStringConvertible)?) -> FieldValue {
        value.map { .text($0.description) } ?? .null
    }
    /// Texts.
    package static func texts(_ texts: some Sequence<String>) -> FieldValue { .list(texts.map { .text($0) }) }

    /// Writes the value as JSON: times as RFC 3339.
    package func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .text(let text): writer.value(text)
        case .integer(let number): writer.value(number)
        case .real(let number): writer.value(number)
        case .boolean(let flag): writer.value(flag)
        case .time(let time): unsafe writer.value(plain: Timestamp.longestText) { unsafe time.writeRFC3339(to: $0) }
        case .list(let values):
            writer.beginArray()
            for value in values { value.write(to: &writer) }
            writer.endArray()
        case .json(let json): writer.raw(Array(json.utf8))
        }
    }

    /// The value as one field of a CSV file: null is empty, lists have `;` between. Only texts may need to be made harmless,
    /// which `isText` tells.
    package var field: (text: String, isText: Bool) {
        switch self {
        case .null: ("", false)
        case .text(let text): (text, true)
        case .integer(let number): (String(number), false)
        case .real(let number): (number.description, false)
        case .boolean(let flag): (flag ? "true" : "false", false)
        case .time(let time): (time.description, false)
        case .list(let values): (values.map(\.field.text).joined(separator: ";"), true)
        case .json(let json): (json, true)
        }
    }
}

/// One column of a resource's rows.
package struct OutputColumn<Row: Sendable>: Sendable {
    /// In snake_case, as `fields`, JSON and the heading of CSV have it.
    package let name: String
    /// The column's value in a row.
    package let value: @Sendable (Row) -> FieldValue

    package init(_ name: String, _ value: @escaping @Sendable (Row) -> FieldValue) {
        self.name = name
        self.value = value
    }
}
