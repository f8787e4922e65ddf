internal import WireFormat

/// A JSON text of a vendor's, looked up by name; of a member that comes twice the first counts.
indirect enum VendorJSON: Sendable, Hashable {
    case null
    case bool(Bool)
    /// As it was written.
    case number(String)
    case text(String)
    case list([VendorJSON])
    case object([String: VendorJSON])

    /// Nil for what is none.
    init?(_ octets: [UInt8]) {
        var reader = JSONReader(octets)
        do throws(JSONError) {
            self = try Self.read(from: &reader)
            try reader.expectEnd()
        } catch {
            return nil
        }
    }

    private static func read(from reader: inout JSONReader) throws(JSONError) -> VendorJSON {
        switch try reader.peek() {
        case .null:
            _ = try reader.readNull()
            return .null
        case .bool: return .bool(try reader.readBool())
        case .string: return .text(try reader.readString())
        case .number: return .number(String(decoding: try reader.rawValue(), as: UTF8.self))
        case .array:
            var values: [VendorJSON] = []
            try reader.readArray { reader throws(JSONError) in values.append(try read(from: &reader)) }
            return .list(values)
        case .object:
            var members: [String: VendorJSON] = [:]
            try reader.readObject { reader, name throws(JSONError) in
                let value = try read(from: &reader)
                if members[name] == nil { members[name] = value }
            }
            return .object(members)
        }
    }

    subscript(name: String) -> VendorJSON? { if case .object(let members) = self { members[name] } else { nil } }
    var list: [VendorJSON] { if case .list(let values) = self { values } else { [] } }
    var text: String? { if case .text(let text) = self { text } else { nil } }
    /// A text, or a number as it was written.
    var scalar: String? {
        switch self {
        case .text(let text), .number(let text): text
        default: nil
        }
    }
    var integer: Int64? { scalar.flatMap { Int64($0) } }
    /// Seconds since 1970 with a fraction, in microseconds.
    var microseconds: Int64? {
        guard let seconds = scalar.flatMap({ Double($0) }), (0...1e11).contains(seconds) else { return nil }
        return Int64(seconds * 1e6)
    }
    var members: [String: VendorJSON] { if case .object(let members) = self { members } else { [:] } }
}

/// JSON that is written from values.
extension VendorJSON {
    var octets: [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.finish()
    }

    private func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .bool(let flag): writer.value(flag)
        case .number(let text): writer.raw(Array(text.utf8))
        case .text(let text): writer.value(text)
        case .list(let values):
            writer.beginArray()
            for value in values { value.write(to: &writer) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for (name, value) in members.sorted(by: { $0.key < $1.key }) {
                writer.key(string: name)
                value.write(to: &writer)
            }
            writer.endObject()
        }
    }
}
