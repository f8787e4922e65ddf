package import WireFormat

/// A JSON text that was read: for bodies, whose members are looked up by name.
package indirect enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// As it was written.
    case number(String)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    /// Reads one text. Throws `JSONError` where it is none, and for an object that names a member twice: two readers could
    /// read it in two ways.
    package init(_ octets: [UInt8]) throws(JSONError) {
        var reader = JSONReader(octets)
        self = try Self.read(from: &reader)
        try reader.expectEnd()
    }

    private static func read(from reader: inout JSONReader) throws(JSONError) -> JSONValue {
        switch try reader.peek() {
        case .null:
            _ = try reader.readNull()
            return .null
        case .bool: return .bool(try reader.readBool())
        case .string: return .text(try reader.readString())
        case .number: return .number(String(decoding: try reader.rawValue(), as: UTF8.self))
        case .array:
            var values: [JSONValue] = []
            try reader.readArray { reader throws(JSONError) in values.append(try read(from: &reader)) }
            return .list(values)
        case .object:
            var members: [String: JSONValue] = [:]
            try reader.readObject { reader, name throws(JSONError) in
                let value = try read(from: &reader)
                guard members.updateValue(value, forKey: name) == nil else { throw .invalidMember(name) }
            }
            return .object(members)
        }
    }

    package var text: String? { if case .text(let text) = self { text } else { nil } }
    package var bool: Bool? { if case .bool(let flag) = self { flag } else { nil } }
    /// A whole number that fits, however it is written: `2.0` and `2e0` are 2 (JSON Schema 2020-12 §4.2.3), as far as a
    /// double counts without gaps.
    package var integer: Int64? {
        guard case .number(let text) = self else { return nil }
        if let whole = Int64(text) { return whole }
        guard let number = Double(text), number.magnitude <= 0x1p53 else { return nil }
        return Int64(exactly: number)
    }
    package var double: Double? {
        guard case .number(let text) = self, let number = Double(text), number.isFinite else { return nil }
        return number
    }
    package var isNull: Bool { self == .null }

    /// As one JSON text; an object's members in the order of their names.
    package var octets: [UInt8] {
        var json = JSONWriter()
        write(to: &json)
        return json.finish()
    }

    private func write(to json: inout JSONWriter) {
        switch self {
        case .null: json.null()
        case .bool(let flag): json.value(flag)
        case .number(let text): json.raw(Array(text.utf8))
        case .text(let text): json.value(text)
        case .list(let values):
            json.beginArray()
            for value in values { value.write(to: &json) }
            json.endArray()
        case .object(let members):
            json.beginObject()
            for (name, value) in members.sorted(by: { $0.key < $1.key }) {
                json.key(string: name)
                value.write(to: &json)
            }
            json.endObject()
        }
    }
}
