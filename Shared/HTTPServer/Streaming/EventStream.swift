import Concurrency
import Observability
import Synchronization
import WireFormat

/// One server-sent event (WHATWG HTML §9.2).
package struct ServerSentEvent: Sendable, Equatable {
    package var id: String?
    package var event: String?
    /// Any number of lines.
    package var data: String
    /// How long the client waits before it connects again.
    package var retry: Duration?

    package init(id: String? = nil, event: String? = nil, data: String, retry: Duration? = nil) {
        self.id = id
        self.event = event
        self.data = data
        self.retry = retry
    }

    /// As it goes out. A line break in `id` or `event` would begin another field and is left out, and so is a NUL.
    package func encoded() -> [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(data.utf8.count + 64)
        if let id { Self.append("id: ", id.utf8.filter { $0 != 10 && $0 != 13 && $0 != 0 }, to: &octets) }
        if let event { Self.append("event: ", event.utf8.filter { $0 != 10 && $0 != 13 }, to: &octets) }
        if let retry {
            let milliseconds = retry.components.seconds * 1_000 + retry.components.attoseconds / 1_000_000_000_000_000
            Self.append("retry: ", Array(String(milliseconds).utf8), to: &octets)
        }
        // A CR alone ends a line as well.
        let lines = Array(data.utf8).split(omittingEmptySubsequences: false) { $0 == 10 || $0 == 13 }
        for line in lines { Self.append("data: ", line, to: &octets) }
        octets.append(10)
        return octets
    }

    private static func append(_ field: StaticString, _ value: some Sequence<UInt8>, to octets: inout [UInt8]) {
        field.withUTF8Buffer { unsafe octets.append(contentsOf: $0) }
        octets.append(contentsOf: value)
        octets.append(10)
    }
}

/// An event as it goes out, encoded once for any number of streams.
package struct EncodedEvent: Sendable {
    let octets: [UInt8]

    package init(_ event: ServerSentEvent) { octets = event.encoded() }
}

/// What became of a message that was offered to a slow client.
package enum Offer: Sendable, Equatable {
    case accepted
    /// The client is behind: it was left out, as so many in a row now. The next one that fits is preceded by a marker
    /// that tells the client how many it missed.
    case skipped(Int)
    /// Nobody listens any more.
    case closed
}

/// How an answer of events is made.
package struct EventStreamSetup: Sendable {
    let marker: @Sendable (Int) -> ServerSentEvent
    let run: @Sendable (EventStream) async -> Void
}

extension Response {
    /// A stream of server-sent events. `run` is called in the handler's task and its return ends the stream; the task
    /// is cancelled when the client is gone or the server ends. `marker` makes the event that tells of events left out.
    package static func events(
        marker: @escaping @Sendable (Int) -> ServerSentEvent = EventStream.skippedEvent,
        _ run: @escaping @Sendable (EventStream) async -> Void
    ) -> Response {
        var response = Response(
            .ok,
            contentType: "text/event-stream",
            body: .events(EventStreamSetup(marker: marker, run: run))
        )
        response.headers["cache-control"] = "no-store"
        // nginx would collect events otherwise.
        response.headers["x-accel-buffering"] = "no"
        return response
    }
}

/// A client that takes server-sent events. For one writing task; every event goes out at once.
package final class EventStream: Sendable {
    private let pipe: ResponsePipe
    private let core: ServerCore
    private let marker: @Sendable (Int) -> ServerSentEvent
    private let cancel: @Sendable () -> Void
    private let state = Mutex(State())

    private struct State {
        var skipped = 0
        var lastWrite = Deadline.after(.zero)
    }

    init(
        pipe: ResponsePipe,
        core: ServerCore,
        marker: @escaping @Sendable (Int) -> ServerSentEvent,
        cancel: @escaping @Sendable () -> Void
    ) {
        self.pipe = pipe
        self.core = core
        self.marker = marker
        self.cancel = cancel
    }

    /// `event: skipped` with `{"skipped":n}`.
    package static func skippedEvent(_ count: Int) -> ServerSentEvent {
        ServerSentEvent(event: "skipped", data: "{\"skipped\":\(count)}")
    }

    /// Adds the event where the client keeps up, else leaves it out and counts it. Never waits.
    package func offer(_ event: ServerSentEvent) -> Offer { offer(EncodedEvent(event)) }

    /// The same for an event that goes to many clients: it is encoded once.
    package func offer(_ event: EncodedEvent) -> Offer {
        let missed = state.withLock { $0.skipped }
        var octets = event.octets
        if missed > 0 { octets = marker(missed).encoded() + octets }
        if pipe.offer(octets) {
            state.withLock { state in
                state.skipped = 0
                state.lastWrite = .after(.zero)
            }
            return .accepted
        }
        guard !pipe.isBroken else { return .closed }
        core.metrics.skipped.add()
        return .skipped(
            state.withLock { state in
                state.skipped += 1
                return state.skipped
            }
        )
    }

    /// Adds the event as soon as the client has room for it.
    package func send(_ event: ServerSentEvent) async throws(StreamClosed) { try await send(EncodedEvent(event)) }

    /// The same for an event that goes to many clients: it is encoded once.
    package func send(_ event: EncodedEvent) async throws(StreamClosed) {
        try await pipe.write(event.octets)
        state.withLock { $0.lastWrite = .after(.zero) }
    }

    /// Whether the client is gone or the server ends.
    package var isClosed: Bool { pipe.isBroken }

    /// A comment where nothing went out for so long: proxies keep the connection, and a client that is gone is noticed.
    func beat(after interval: Duration) {
        let isDue = state.withLock { state in
            guard (Deadline.after(.zero) - state.lastWrite) >= interval else { return false }
            state.lastWrite = .after(.zero)
            return true
        }
        if isDue { _ = pipe.offer([UInt8(ascii: ":"), 10, 10]) }
    }

    /// The client is gone.
    func clientGone() {
        pipe.breakOff()
        cancel()
    }

    /// Nothing more comes; what waits is still sent.
    func end() {
        pipe.finish()
    }

    /// The server ends: the stream does, and its task is told.
    func drain() {
        end()
        cancel()
    }
}

extension Deadline {
    /// The time from the other point to this one.
    static func - (left: Deadline, right: Deadline) -> Duration {
        .nanoseconds(Int64(clamping: left.nanoseconds) - Int64(clamping: right.nanoseconds))
    }
}
