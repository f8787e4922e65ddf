internal import Concurrency

/// Messages that a tail could not read.
package enum TailGap: Sendable, Equatable {
    /// The stream removed them first: retention, a purge, or a deletion. Some may not have matched the filter.
    case removed(from: UInt64, through: UInt64)
    /// The stream went back: an older store was put back, or it was made anew. What followed `last` is gone; reading
    /// goes on with what was stored later than that message.
    case rewound(last: UInt64, streamEnd: UInt64)
}

/// What a tail tells.
package enum TailEvent: Sendable {
    case message(NATSMessage)
    /// Stands where the missing messages would.
    case gap(TailGap)
}

/// Reads a stream in order, from a chosen place and then for ever, without acknowledgements. After a lost connection
/// it goes on behind the last message; it never skips silently.
package final class OrderedTail: Sendable {
    private let loop: PullLoop
    private let thread: PlatformThread

    /// `filters` are subjects, wildcards allowed; none means all. Does not wait for a connection or the stream.
    package init(
        _ client: NATSClient,
        stream: String,
        filters: [String] = [],
        from start: StreamPosition,
        batch: Int = 500,
        requests: Int = 2
    ) throws {
        let loop = PullLoop(client, stream: stream, options: PullOptions(batch: batch, requests: requests))
        let api = try JetStreamAPI(client)
        self.loop = loop
        thread = try PlatformThread.start(name: "nats-tail") {
            loop.run(TailSource(api, stream: stream, filters: filters, start: start))
        }
    }

    deinit { loop.stop() }

    /// The next events in order: as soon as `maximum` are there, else those that came within `limit`, perhaps none; with `gathering`,
    /// those that came so long after the first.
    package func next(
        maximum: Int,
        within limit: Duration,
        gathering: Duration? = nil
    ) async throws -> [TailEvent] {
        try await loop.buffer.next(maximum: maximum, within: limit, gathering: gathering).map { item in
            switch item {
            case .message(let message): .message(message)
            case .gap(let gap): .gap(gap)
            }
        }
    }

    /// Connected, with its consumer standing at the server: what is published from now on will be read.
    package var isReading: Bool { loop.isReading }

    /// Why nothing can be read at the moment; nil when all is well or while there is no connection.
    package var problem: NATSError? { loop.problem }

    /// Stops reading.
    package func close() async {
        loop.stop()
        await thread.joined()
    }
}
