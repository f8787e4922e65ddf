package import WireFormat

/// A value in a command's output, written as a table's cell or as JSON.
package enum OutputValue: Sendable, Equatable {
    case text(String)
    case integer(Int64)
    case boolean(Bool)
    case list([OutputValue])
    case record(OutputRecord)
    case null

    /// Text, or null when there is none.
    package static func optional(_ text: String?) -> Self {
        text.map(Self.text) ?? .null
    }

    /// A number, or null when there is none.
    package static func optional(_ number: (some BinaryInteger)?) -> Self {
        number.map { .integer(Int64($0)) } ?? .null
    }

    /// The cell's text: yes and no for truth, nothing for null.
    package var cell: String {
        switch self {
        case .text(let text): text.displayable
        case .integer(let number): String(number)
        case .boolean(let value): value ? "yes" : "no"
        case .list(let values): values.map(\.cell).joined(separator: ",")
        case .record(let record): record.fields.map { "\($0.name)=\($0.value.cell)" }.joined(separator: " ")
        case .null: ""
        }
    }

    /// Whether the cell stands at its column's right edge.
    var isNumeric: Bool {
        if case .integer = self { true } else { false }
    }

    /// Appends the value as JSON.
    package func write(to writer: inout JSONWriter) {
        switch self {
        case .text(let text): writer.value(text)
        case .integer(let number): writer.value(number)
        case .boolean(let value): writer.value(value)
        case .list(let values):
            writer.beginArray()
            for value in values { value.write(to: &writer) }
            writer.endArray()
        case .record(let record): record.write(to: &writer)
        case .null: writer.null()
        }
    }
}

/// One thing in a command's output: named values in order.
package struct OutputRecord: Sendable, Equatable {
    /// A named value.
    package struct Field: Sendable, Equatable {
        /// The JSON member's name; the column's heading is made from it.
        package let name: String
        /// The value.
        package let value: OutputValue
        /// Whether tables of many leave it out, to stay narrow. JSON and single records show it.
        package let isDetail: Bool
    }

    /// The values in order.
    package private(set) var fields: [Field] = []

    /// An empty record.
    package init() {}

    /// Appends a value.
    package mutating func add(_ name: String, _ value: OutputValue, detail: Bool = false) {
        fields.append(Field(name: name, value: value, isDetail: detail))
    }

    /// The value of that name, null when there is none.
    package subscript(_ name: String) -> OutputValue {
        fields.first { $0.name == name }?.value ?? .null
    }

    /// Appends the record as a JSON object.
    package func write(to writer: inout JSONWriter) {
        writer.beginObject()
        for field in fields {
            writer.key(string: field.name)
            field.value.write(to: &writer)
        }
        writer.endObject()
    }
}

extension String {
    /// The text without what could drive a terminal: control characters and overrides of direction are shown by number.
    package var displayable: String {
        guard unicodeScalars.contains(where: Self.isHostile) else { return self }
        var text = ""
        for scalar in unicodeScalars {
            if Self.isHostile(scalar) {
                text += "\\u{" + String(scalar.value, radix: 16) + "}"
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    private static func isHostile(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f..<0xa0, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069: true
        default: false
        }
    }
}
