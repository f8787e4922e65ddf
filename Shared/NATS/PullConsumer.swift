internal import Concurrency

/// Reads a stream through a pull consumer, fetching ahead. It connects again for ever, and makes its consumer anew
/// where the server lost it.
package final class PullConsumer: Sendable {
    private let loop: PullLoop
    private let thread: PlatformThread
    private let stale: UInt64

    /// Keeps `requests` requests of `batch` messages under way, so at most `batch * requests` messages wait here.
    /// Does not wait for a connection or for the stream to exist.
    package init(
        _ client: NATSClient,
        _ configuration: ConsumerConfiguration,
        batch: Int = 500,
        requests: Int = 3
    ) throws {
        let loop = PullLoop(
            client,
            stream: configuration.stream,
            options: PullOptions(batch: batch, requests: requests)
        )
        let api = try JetStreamAPI(client)
        self.loop = loop
        stale = UInt64(max(0, configuration.acknowledgementWait.wholeNanoseconds)) / 4 * 3
        thread = try PlatformThread.start(name: "nats-pull") {
            loop.run(ConsumerSource(api, configuration))
        }
    }

    deinit { loop.stop() }

    /// The next messages: as soon as `maximum` are there, else those that came within `limit`, perhaps none.
    /// Several tasks may call it at a time. Messages whose time to be settled is nearly over are left out: the server
    /// delivers them again. Throws when cancelled or closed; losing the server is no error, just a longer wait.
    package func next(maximum: Int, within limit: Duration) async throws -> [NATSMessage] {
        fresh(try await loop.buffer.next(maximum: maximum, within: limit))
    }

    /// A batch: waits up to `patience` for its first message, then gives the others `limit` to come. Of several tasks one gathers at a
    /// time.
    package func batch(maximum: Int, within limit: Duration, patience: Duration) async throws -> [NATSMessage] {
        fresh(try await loop.buffer.next(maximum: maximum, within: patience, gathering: limit))
    }

    private func fresh(_ items: [PullItem]) -> [NATSMessage] {
        let now = SystemClock.monotonicNanoseconds()
        return items.compactMap { item in
            guard case .message(let message) = item, now < message.received &+ stale else { return nil }
            return message
        }
    }

    /// Connected, with its consumer standing at the server: what is published from now on will be read.
    package var isReading: Bool { loop.isReading }

    /// Why nothing can be read at the moment; nil when all is well or while there is no connection.
    package var problem: NATSError? { loop.problem }

    /// Messages fetched ahead and not taken yet.
    package var buffered: Int { loop.buffer.count }

    /// Stops reading. Unsettled messages come again elsewhere once their time is over.
    package func close() async {
        loop.stop()
        await thread.joined()
    }
}

/// The consumer that a `PullConsumer` reads: found by its name, or made.
final class ConsumerSource: PullSource {
    private let api: JetStreamAPI
    private let configuration: ConsumerConfiguration
    private var name: String?

    init(_ api: JetStreamAPI, _ configuration: ConsumerConfiguration) {
        self.api = api
        self.configuration = configuration
    }

    func prepare(_ report: (TailGap) -> Void) throws(NATSError) -> String {
        if let durable = configuration.durable {
            _ = try api.ensureConsumer(configuration)
            return durable
        }
        if let name, try api.consumerInfo(stream: configuration.stream, consumer: name) != nil { return name }
        let made = try api.createConsumer(configuration, acknowledged: true, startTime: nil)
        name = made
        return made
    }

    func judge(_ message: NATSMessage, _ report: (TailGap) -> Void) -> PullVerdict { .deliver }

    func finish() {}
}
