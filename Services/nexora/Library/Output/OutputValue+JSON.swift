package import WireFormat

extension OutputValue {
    /// Reads a JSON value. Numbers that are not whole stay text, exactly as written.
    package init(reading reader: inout JSONReader) throws(JSONError) {
        switch try reader.peek() {
        case .object:
            var record = OutputRecord()
            try reader.readObject { reader, key throws(JSONError) in
                record.add(key, try OutputValue(reading: &reader))
            }
            self = .record(record)
        case .array:
            var values: [OutputValue] = []
            try reader.readArray { reader throws(JSONError) in values.append(try OutputValue(reading: &reader)) }
            self = .list(values)
        case .string: self = .text(try reader.readString())
        case .number:
            let raw = String(decoding: try reader.rawValue(), as: UTF8.self)
            self = Int64(raw).map(Self.integer) ?? .text(raw)
        case .bool: self = .boolean(try reader.readBool())
        case .null:
            _ = try reader.readNull()
            self = .null
        }
    }

    /// Reads a whole JSON text.
    package init(json bytes: [UInt8]) throws(JSONError) {
        var reader = JSONReader(bytes)
        self = try OutputValue(reading: &reader)
        try reader.expectEnd()
    }

    /// The value of a member, null where there is none.
    package subscript(_ name: String) -> OutputValue {
        if case .record(let record) = self { record[name] } else { .null }
    }
}
