package import Domain
import WireFormat

extension AuditValue {
    /// Reads one JSON text; nil when it is none. A number that is no whole number of 64 bits becomes its text.
    package init?(json: [UInt8]) {
        var reader = JSONReader(json)
        do throws(JSONError) {
            self = try Self.read(from: &reader)
            try reader.expectEnd()
        } catch {
            return nil
        }
    }

    private static func read(from reader: inout JSONReader) throws(JSONError) -> AuditValue {
        switch try reader.peek() {
        case .null:
            _ = try reader.readNull()
            return .null
        case .bool: return .bool(try reader.readBool())
        case .string: return .text(try reader.readString())
        case .number:
            let text = String(decoding: try reader.rawValue(), as: UTF8.self)
            return Int64(text).map(AuditValue.integer) ?? .text(text)
        case .array:
            var values: [AuditValue] = []
            try reader.readArray { reader throws(JSONError) in values.append(try read(from: &reader)) }
            return .list(values)
        case .object:
            var members: [String: AuditValue] = [:]
            try reader.readObject { reader, name throws(JSONError) in members[name] = try read(from: &reader) }
            return .object(members)
        }
    }
}
