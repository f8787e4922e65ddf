package import WireFormat

/// Several events of one kind and subject in one message: CloudEvents' JSON batch format, an array of events. A message of
/// one event is that event alone. Accounting travels so: under load a NAS's records share a message, each keeping its id.
package enum EventBatch {
    /// The events of a message, each as its own JSON, in order. Throws when the message is neither an object nor an array
    /// of values.
    package static func split(_ payload: [UInt8]) throws(JSONError) -> [[UInt8]] {
        guard isArray(payload) else { return [payload] }
        var reader = JSONReader(payload)
        var events: [[UInt8]] = []
        try reader.readArray { reader throws(JSONError) in events.append(Array(try reader.rawValue())) }
        try reader.expectEnd()
        return events
    }

    /// All events of a message; throws when any of them cannot be read.
    package static func decode<Payload: EventPayload>(
        _ payload: [UInt8],
        as kind: Payload.Type = Payload.self
    ) throws(JSONError) -> [Event<Payload>] {
        guard isArray(payload) else { return [try Event<Payload>(decoding: payload)] }
        var reader = JSONReader(payload)
        var events: [Event<Payload>] = []
        try reader.readArray { reader throws(JSONError) in events.append(try Event<Payload>(from: &reader)) }
        try reader.expectEnd()
        return events
    }

    /// Appends the events as one message.
    package static func encode<Payload: EventPayload>(_ events: [Event<Payload>], into writer: inout JSONWriter) {
        if events.count == 1, let only = events.first { return only.encode(into: &writer) }
        writer.beginArray()
        for event in events { event.encode(into: &writer) }
        writer.endArray()
    }

    private static func isArray(_ payload: [UInt8]) -> Bool {
        payload.first { $0 != 0x20 && $0 != 0x0a && $0 != 0x0d && $0 != 0x09 } == UInt8(ascii: "[")
    }
}
