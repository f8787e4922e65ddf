import Events
import HTTPServer
import Synchronization
import WireFormat

/// An event as it goes out, encoded once for each mask and transport that somebody wants, whoever they are.
final class LiveEntry: Sendable {
    let event: LiveEvent

    private struct Encodings {
        var json: [[UInt8]?] = [nil, nil]
        var events: [EncodedEvent?] = [nil, nil]
        var frames: [EncodedFrame?] = [nil, nil]
    }

    private let encodings = Mutex(Encodings())

    init(_ event: LiveEvent) { self.event = event }

    /// The event as that mask shows it.
    func json(_ mask: EventMask) -> [UInt8] { encodings.withLock { masked(mask, &$0) } }

    /// As a server-sent event.
    func serverSentEvent(_ mask: EventMask) -> EncodedEvent {
        encodings.withLock { encodings in
            if let known = encodings.events[mask.rawValue] { return known }
            let json = masked(mask, &encodings)
            let encoded = EncodedEvent(
                ServerSentEvent(
                    id: String(event.sequence),
                    event: event.kind,
                    data: String(decoding: json, as: UTF8.self)
                )
            )
            encodings.events[mask.rawValue] = encoded
            return encoded
        }
    }

    /// As a message of a WebSocket: `{"event":…,"sequence":…,"timestamp":…,"data":{…}}`.
    func frame(_ mask: EventMask) -> EncodedFrame {
        encodings.withLock { encodings in
            if let known = encodings.frames[mask.rawValue] { return known }
            let json = masked(mask, &encodings)
            var writer = JSONWriter(capacity: json.count + 160)
            writer.beginObject()
            writer.key("event")
            writer.value(event.kind)
            writer.key("sequence")
            writer.value(event.sequence)
            writer.key("timestamp")
            writer.value(event.time)
            writer.key("data")
            writer.raw(json)
            writer.endObject()
            let frame = EncodedFrame(.text(String(decoding: writer.finish(), as: UTF8.self)))
            encodings.frames[mask.rawValue] = frame
            return frame
        }
    }

    private func masked(_ mask: EventMask, _ encodings: inout Encodings) -> [UInt8] {
        if let known = encodings.json[mask.rawValue] { return known }
        // It was read as an event before; what cannot be masked all the same is not shown.
        let json = (try? mask.applied(to: event.json)) ?? Array("{}".utf8)
        encodings.json[mask.rawValue] = json
        return json
    }
}

/// What stands in the ring.
enum LiveItem: Sendable {
    case event(LiveEntry)
    case notice(LiveNotice)
}
