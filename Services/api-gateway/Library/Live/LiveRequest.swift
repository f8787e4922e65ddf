import Domain
import HTTPServer
import Synchronization
import WireFormat

/// Where a tail begins.
enum LiveStart: Hashable, Sendable {
    /// With what comes from now on.
    case now
    /// With the newest events in memory that the filter lets through, so many.
    case last(Int)
    /// With the message behind this one, however old.
    case after(UInt64)
    /// With the first event that the stream took in at or after this time.
    case since(Timestamp)

    static let maximumLast = 1_000

    /// Of a query: `from=SEQUENCE`, `last=N` or `since=TIME`; the header Last-Event-ID, which a client sends that comes back to the
    /// same address, wins.
    init(_ query: Query, lastEventID: String?, now: Timestamp) throws(LiveFilterFault) {
        let since = try query["since"].map { text throws(LiveFilterFault) in
            try Self.time(text, now: now, isAlone: query["from"] == nil && query["last"] == nil)
        }
        if let text = lastEventID {
            self = .after(try Self.sequence(text, "Last-Event-ID"))
        } else if let since {
            self = .since(since)
        } else if let text = query["from"] {
            self = .after(try Self.sequence(text, "from"))
        } else if let text = query["last"] {
            guard Self.isNumber(text), let count = Int(text), (0...Self.maximumLast).contains(count) else {
                throw LiveFilterFault(field: "last", message: "0 to \(Self.maximumLast).")
            }
            self = .last(count)
        } else {
            self = .now
        }
    }

    /// Whether the tail goes on behind what there is.
    static func follows(_ query: Query) throws(LiveFilterFault) -> Bool {
        switch query["follow"] {
        case nil, "true": return true
        case "false": return false
        default: throw LiveFilterFault(field: "follow", message: "true or false.")
        }
    }

    /// A time that has come, beside which no other beginning stands.
    static func time(_ text: String, now: Timestamp, isAlone: Bool) throws(LiveFilterFault) -> Timestamp {
        guard isAlone else {
            throw LiveFilterFault(
                field: "since",
                message: "A time or a place in the stream (from, last), not both.",
                code: "excluded"
            )
        }
        guard let time = Timestamp(text) else {
            throw LiveFilterFault(field: "since", message: "A time is written like 2026-11-20T10:00:00Z (RFC 3339).")
        }
        guard time <= now else {
            throw LiveFilterFault(field: "since", message: "This time has not come yet.", code: "future")
        }
        return time
    }

    static func sequence(_ text: String, _ field: String) throws(LiveFilterFault) -> UInt64 {
        let message = "A place in the stream is a number, 0 to 2^53."
        guard isNumber(text), let sequence = UInt64(text) else { throw LiveFilterFault(field: field, message: message) }
        guard sequence <= 1 << 53 else { throw LiveFilterFault(field: field, message: message, code: "range") }
        return sequence
    }

    /// Digits alone: no sign, which integers would be read with as well.
    private static func isNumber(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 >= 48 && $0 <= 57 }
    }
}

/// What a client of a WebSocket may say: `{"type":"subscribe","filter":{…},"from":17}`, in place of `from` perhaps
/// `last` or `since`, or `{"type":"unsubscribe"}`.
enum LiveCommand: Hashable, Sendable {
    /// Without a start the tail goes on where it stands, with another filter; the first one begins now.
    case subscribe(LiveFilter, LiveStart?)
    case unsubscribe

    /// Throws a `LiveFilterFault` for what is no such message.
    init(_ message: WebSocketMessage, now: Timestamp) throws(LiveFilterFault) {
        guard case .text(let text) = message else {
            throw LiveFilterFault(field: "", message: "Messages are JSON text.")
        }
        do {
            self = try Self.read(Array(text.utf8), now: now)
        } catch let fault as LiveFilterFault {
            throw fault
        } catch JSONError.invalidMember(let name) {
            throw LiveFilterFault(field: name, message: "It is not known, or its value cannot be used.")
        } catch {
            throw LiveFilterFault(field: "", message: "The message is no JSON object of the expected form.")
        }
    }

    private static func read(_ bytes: [UInt8], now: Timestamp) throws -> LiveCommand {
        var reader = JSONReader(bytes)
        var type: String?
        var filter = LiveFilter()
        var start: LiveStart?
        var since: String?
        try reader.readObject { reader, name throws(JSONError) in
            switch name {
            case "type": type = try reader.readString()
            case "filter": filter = try LiveFilter(from: &reader)
            case "from": start = .after(try reader.readUInt64())
            case "last":
                let count = try reader.readUInt64()
                guard count <= LiveStart.maximumLast else { throw .invalidMember("last") }
                start = .last(Int(count))
            case "since": since = try reader.readString()
            default: throw .invalidMember(name)
            }
        }
        try reader.expectEnd()
        if let since { start = .since(try LiveStart.time(since, now: now, isAlone: start == nil)) }
        switch type {
        case "subscribe": return .subscribe(filter, start)
        case "unsubscribe": return .unsubscribe
        default: throw LiveFilterFault(field: "type", message: "subscribe or unsubscribe.")
        }
    }
}

/// What a tail was asked for, which may change while it runs.
final class LiveRequest: Sendable {
    struct Wish: Sendable {
        /// nil: nothing, for the time being.
        var filter: LiveFilter?
        /// Where to begin anew; nil: go on.
        var start: LiveStart?
    }

    private let wish: Mutex<(wish: Wish, isNew: Bool)>

    init(_ filter: LiveFilter?, _ start: LiveStart?) {
        wish = Mutex((Wish(filter: filter, start: start), true))
    }

    /// Replaces what was asked for.
    func change(to command: LiveCommand) {
        wish.withLock { state in
            switch command {
            case .subscribe(let filter, let start): state.wish = Wish(filter: filter, start: start ?? state.wish.start)
            case .unsubscribe: state.wish = Wish(filter: nil, start: nil)
            }
            state.isNew = true
        }
    }

    /// Whether something else is asked for by now.
    var isChanged: Bool { wish.withLock { $0.isNew } }

    /// What is asked for where that changed since it was last taken; its start is taken once.
    func takeChange() -> Wish? {
        wish.withLock { state in
            guard state.isNew else { return nil }
            defer {
                state.isNew = false
                state.wish.start = nil
            }
            return state.wish
        }
    }
}
