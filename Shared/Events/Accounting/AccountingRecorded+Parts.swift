package import Domain
package import WireFormat

extension AccountingRecorded {
    /// One record of a message, as a message of its own.
    package struct Part: Equatable, Sendable {
        /// The record's id, when it can be read.
        package let id: EventID?
        /// A message with this record alone, whose id is the record's; it says nothing that the whole message did not.
        package let payload: [UInt8]
    }

    /// Takes a message apart without asking what its records mean, for those who show them or bury them one by one. Throws
    /// what makes it no such message. A message of one record stays as it is.
    package static func parts(of payload: [UInt8]) throws(JSONError) -> [Part] {
        var reader = JSONReader(payload)
        var attributes = EnvelopeAttributes.Partial()
        var data: (shared: [SharedMember], records: [[UInt8]])?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "data": data = try readRaw(from: &reader)
            default: try attributes.read(key, from: &reader)
            }
        }
        try reader.expectEnd()
        let known = try attributes.complete()
        guard known.type == type else { throw .invalidMember("type") }
        guard let data else { throw .missingMember("data") }
        guard (1...maximumRecords).contains(data.records.count) else { throw .invalidMember("records") }
        guard data.records.count > 1 else { return [Part(id: Identity(data.records[0]).id, payload: payload)] }
        return data.records.enumerated().map { place, record in
            let identity = Identity(record)
            var attributes = known
            if let id = identity.id {
                attributes.id = MessageID(id)
            } else {
                // Source and id together are unique: a record without an id is told by its message and place.
                attributes.source += "#\(place)"
            }
            attributes.time = identity.receivedAt ?? known.time
            return Part(id: identity.id, payload: message(attributes, data.shared, record))
        }
    }

    /// A member beside the records, as it stands in the message; unknown ones are kept as well.
    private struct SharedMember {
        let key: String
        let value: [UInt8]
    }

    private static func readRaw(
        from reader: inout JSONReader
    ) throws(JSONError) -> (shared: [SharedMember], records: [[UInt8]]) {
        var shared: [SharedMember] = []
        var records: [[UInt8]] = []
        try reader.readObject { reader, key throws(JSONError) in
            guard key == "records" else {
                return shared.append(SharedMember(key: key, value: Array(try reader.rawValue())))
            }
            records = []
            guard try !reader.readNull() else { return }
            try reader.readArray { reader throws(JSONError) in records.append(Array(try reader.rawValue())) }
        }
        return (shared, records)
    }

    private static func message(
        _ attributes: EnvelopeAttributes,
        _ shared: [SharedMember],
        _ record: [UInt8]
    ) -> [UInt8] {
        var writer = JSONWriter(capacity: 1024)
        writer.beginObject()
        attributes.encode(into: &writer)
        writer.key("data")
        writer.beginObject()
        for member in shared {
            writer.key(string: member.key)
            writer.raw(member.value)
        }
        writer.key("records")
        writer.beginArray()
        writer.raw(record)
        writer.endArray()
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }
}

/// What names a record, of whatever of it can be read.
private struct Identity {
    var id: EventID?
    var receivedAt: Timestamp?

    init(_ record: [UInt8]) {
        var reader = JSONReader(record)
        try? reader.readMembers { reader, key throws(JSONError) in
            let value = Array(try reader.rawValue())
            switch key {
            case "id": id = Self.read(value) { reader throws(JSONError) in try reader.identifier(key) }
            case "receivedAt": receivedAt = Self.read(value) { reader throws(JSONError) in try reader.timestamp(key) }
            default: break
            }
        }
    }

    private static func read<Value>(
        _ json: [UInt8],
        _ body: (inout JSONReader) throws(JSONError) -> Value?
    ) -> Value? {
        var reader = JSONReader(json)
        return try? body(&reader)
    }
}
