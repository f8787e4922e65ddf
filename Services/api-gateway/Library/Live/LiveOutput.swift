import Concurrency
import Events
import HTTPServer
import WireFormat

/// The client is gone.
struct LiveClientGone: Error {}

/// A client that takes events, by one task. Sending waits until the client has room.
protocol LiveOutput: Sendable {
    /// `sse` or `websocket`.
    var transport: String { get }
    /// Throws `LiveClientGone`.
    func send(_ entry: LiveEntry, as mask: EventMask) async throws
    /// Throws `LiveClientGone`.
    func send(_ notice: LiveNotice) async throws
}

/// Server-sent events: a client that comes back says with Last-Event-ID where it stood.
struct EventStreamOutput: LiveOutput {
    let stream: EventStream
    var transport: String { "sse" }

    func send(_ entry: LiveEntry, as mask: EventMask) async throws { try await send(entry.serverSentEvent(mask)) }

    func send(_ notice: LiveNotice) async throws {
        try await send(
            EncodedEvent(
                ServerSentEvent(
                    id: notice.sequence.map(String.init),
                    event: notice.name,
                    data: String(decoding: notice.json, as: UTF8.self)
                )
            )
        )
    }

    private func send(_ event: EncodedEvent) async throws {
        do throws(StreamClosed) {
            try await stream.send(event)
        } catch {
            throw LiveClientGone()
        }
    }
}

/// Messages of a WebSocket.
struct WebSocketOutput: LiveOutput {
    let socket: WebSocket
    var transport: String { "websocket" }

    func send(_ entry: LiveEntry, as mask: EventMask) async throws { try await send(entry.frame(mask)) }

    func send(_ notice: LiveNotice) async throws {
        try await send(Self.frame(notice.name, notice.json))
    }

    /// `{"event":…,"data":…}`.
    static func frame(_ event: String, _ data: [UInt8]) -> EncodedFrame {
        var writer = JSONWriter(capacity: data.count + 64)
        writer.beginObject()
        writer.key("event")
        writer.value(event)
        writer.key("data")
        writer.raw(data)
        writer.endObject()
        return EncodedFrame(.text(String(decoding: writer.finish(), as: UTF8.self)))
    }

    private func send(_ frame: EncodedFrame) async throws {
        // The socket does not tell when it has room again; only a client that is behind is asked so.
        while !socket.hasRoom(for: frame) { try await pause(for: .milliseconds(10)) }
        guard socket.send(frame: frame) != .closed else { throw LiveClientGone() }
    }
}
