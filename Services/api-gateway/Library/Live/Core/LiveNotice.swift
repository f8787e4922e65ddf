import Events
import WireFormat

/// What a tail tells beside events, in its place among them.
enum LiveNotice: Hashable, Sendable {
    /// Why events are missing.
    enum Gap: String, Sendable {
        /// The stream did not keep them so long.
        case removed
        /// The client took events more slowly than they came.
        case slow
        /// The stream was made anew: its numbers begin again.
        case rewound
        /// The stream has not come so far as the client says it has seen.
        case ahead
    }

    /// Why a tail ends.
    enum End: String, Sendable {
        case unauthenticated
        case forbidden
        case unavailable
    }

    /// The tail stands here and goes on.
    case ready(sequence: UInt64, mask: EventMask)
    /// Nothing was missed up to here.
    case position(UInt64)
    /// The past that was asked for has been told: what follows is told as it happens.
    case live(UInt64)
    /// Nothing is told of the messages from one place through the other; some may not have been asked for.
    case gap(Gap, from: UInt64, through: UInt64)
    case end(End)

    /// The event's name.
    var name: String {
        switch self {
        case .ready: "ready"
        case .position: "position"
        case .live: "live"
        case .gap(.slow, _, _): "skipped"
        case .gap: "gap"
        case .end: "end"
        }
    }

    /// Where a client that saw it stands; nil: where it stood.
    var sequence: UInt64? {
        switch self {
        case .ready(let sequence, _), .position(let sequence), .live(let sequence), .gap(_, _, let sequence): sequence
        case .end: nil
        }
    }

    /// Its data as one JSON object.
    var json: [UInt8] {
        var writer = JSONWriter(capacity: 128)
        writer.beginObject()
        switch self {
        case .ready(let sequence, let mask):
            writer.key("sequence")
            writer.value(sequence)
            writer.key("masked")
            writer.value(mask == .masked)
        case .position(let sequence), .live(let sequence):
            writer.key("sequence")
            writer.value(sequence)
        case .gap(let gap, let from, let through):
            writer.key("reason")
            writer.value(gap.rawValue)
            writer.key("from")
            writer.value(from)
            writer.key("through")
            writer.value(through)
        case .end(let end):
            writer.key("reason")
            writer.value(end.rawValue)
        }
        writer.endObject()
        return writer.finish()
    }
}
