internal import Concurrency
package import Events
package import NATS
package import Observability
internal import Synchronization
internal import WireFormat

/// What a handler's error says about the messages.
package enum HandlingFailure: Sendable, Equatable {
    /// Something else is down: the messages are held and handled again. Never counts against them.
    case outage
    /// One of the messages cannot be handled.
    case message
    /// Nothing will help: the consumer ends with the error.
    case fatal
}

/// How a consumer reads.
package struct EventConsumerOptions: Sendable {
    /// At most this many messages are handled together.
    package var batch = 1_000
    /// How long a batch waits for more messages after its first.
    package var wait = Duration.milliseconds(20)
    /// A message that failed this often for its own sake goes to the dead letters.
    package var attempts = 5
    /// The pause before a failed message's second attempt; it doubles with each.
    package var retryDelay = Duration.milliseconds(200)
    /// A message that is not settled within this comes again.
    package var acknowledgementWait = Duration.seconds(30)
    /// Batches that may be delivered and not settled, over all workers of the durable.
    package var batchesInFlight = 4

    package init() {}
}

/// Reads events through a durable consumer in batches, and acknowledges what its handler has handled.
///
/// When the handler throws, `classify` says what that means: an outage holds the batch and tries again for ever; a
/// message at fault is found by halving the batch, tried `attempts` times and then buried with its reason. Handlers
/// therefore see messages more than once, and batches in parts: they must be idempotent.
package final class EventConsumer: Sendable {
    private let stream: Streams
    private let durable: String
    private let options: EventConsumerOptions
    private let consumer: PullConsumer
    private let deadLetters: DeadLetterQueue
    private let classify: @Sendable (any Error) -> HandlingFailure
    private let logger: Logger
    /// How often each message failed for its own sake here.
    private let failures = Mutex<[UInt64: Int]>([:])
    private let isStopping = Atomic(false)

    /// Begins to fetch. `filter` is a subject with wildcards.
    package init(
        _ client: NATSClient,
        stream: Streams,
        durable: String,
        filter: String? = nil,
        options: EventConsumerOptions = EventConsumerOptions(),
        deadLetters: DeadLetterQueue,
        logger: Logger,
        classify: @escaping @Sendable (any Error) -> HandlingFailure
    ) throws {
        self.stream = stream
        self.durable = durable
        self.options = options
        self.deadLetters = deadLetters
        self.logger = logger
        self.classify = classify
        let configuration = ConsumerConfiguration(
            stream: stream.name,
            durable: durable,
            filter: filter,
            acknowledgementWait: options.acknowledgementWait,
            maximumAcknowledgementsPending: options.batch * options.batchesInFlight
        )
        consumer = try PullConsumer(client, configuration, batch: max(1, options.batch / 2), requests: 4)
    }

    /// Handles batches until `stop()` or cancellation; returns normally for both, after the batch at hand. Several
    /// tasks may run at a time. Throws what `classify` calls fatal.
    package func run(_ handle: @Sendable ([Delivery]) async throws -> Void) async throws {
        do {
            while !isStopping.load(ordering: .acquiring) {
                let messages = try await consumer.batch(
                    maximum: options.batch,
                    within: options.wait,
                    patience: .milliseconds(250)
                )
                if !messages.isEmpty { try await process(messages.map(Delivery.init)[...], handle) }
            }
        } catch is CancellationError {
            return
        } catch let error as NATSError where error.code == .closed {
            return
        }
    }

    /// The same for events of one kind. What cannot be read as one goes to the dead letters at once: no further
    /// attempt could read it.
    package func run<Payload: EventPayload>(
        _ kind: Payload.Type,
        _ handle: @Sendable ([Event<Payload>]) async throws -> Void
    ) async throws {
        try await run { (deliveries: [Delivery]) in
            var events: [Event<Payload>] = []
            events.reserveCapacity(deliveries.count)
            for delivery in deliveries {
                do throws(JSONError) { events.append(try Event<Payload>(decoding: delivery.payload)) } catch {
                    throw Unreadable(reason: "cannot be read as \(Payload.type): \(error)")
                }
            }
            try await handle(events)
        }
    }

    /// Lets `run` return after the batch at hand.
    package func stop() { isStopping.store(true, ordering: .releasing) }

    /// Stops fetching. Messages that are not settled come again elsewhere.
    package func close() async {
        stop()
        await consumer.close()
    }

    /// Why nothing can be read at the moment; nil when all is well or while there is no connection.
    package var problem: NATSError? { consumer.problem }

    private func process(
        _ batch: ArraySlice<Delivery>,
        _ handle: @Sendable ([Delivery]) async throws -> Void
    ) async throws {
        var backoff = Backoff(initial: .milliseconds(50), maximum: .seconds(2))
        while true {
            do {
                try await handle(Array(batch))
                for delivery in batch { delivery.ack() }
                forget(batch)
                return
            } catch {
                switch failure(error) {
                case .fatal: throw error
                case .outage:
                    logger.warn("held a batch: something it needs is down", ["error": .string("\(error)")])
                    try await hold(batch, for: backoff.next())
                case .message where batch.count > 1:
                    let middle = batch.startIndex + batch.count / 2
                    try await process(batch[..<middle], handle)
                    try await process(batch[middle...], handle)
                    return
                case .message:
                    for delivery in batch { try await fail(delivery, error) }
                    return
                }
            }
        }
    }

    private func failure(_ error: any Error) -> HandlingFailure {
        if error is CancellationError { return .fatal }
        return error is Unreadable ? .message : classify(error)
    }

    /// Waits with messages in hand, telling the server that they are still being worked on.
    private func hold(_ batch: ArraySlice<Delivery>, for interval: Duration) async throws {
        for delivery in batch { delivery.inProgress() }
        try await pause(for: interval)
    }

    private func fail(_ delivery: Delivery, _ error: any Error) async throws {
        let count = failures.withLock { failures in
            // Messages that another worker took over would stay for ever.
            if failures.count > 10_000 { failures.removeAll() }
            failures[delivery.sequence, default: 0] += 1
            return failures[delivery.sequence, default: 1]
        }
        guard count >= options.attempts || error is Unreadable else {
            delivery.nak(delay: options.retryDelay * (1 << min(count - 1, 10)))
            return
        }
        let reason = "\(error)"
        var backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(2))
        while true {
            do {
                try await deadLetters.bury(delivery, reason: reason, stream: stream.name, consumer: durable)
                break
            } catch is EventNotAcknowledged {
                try await hold([delivery], for: backoff.next())
            }
        }
        forget([delivery])
        logger.error(
            "buried a message",
            [
                "stream": .string(stream.name), "consumer": .string(durable), "subject": .string(delivery.subject),
                "message.id": .string(delivery.messageID), "error": .string(reason),
            ]
        )
    }

    private func forget(_ batch: ArraySlice<Delivery>) {
        failures.withLock { failures in
            guard !failures.isEmpty else { return }
            for delivery in batch { failures[delivery.sequence] = nil }
        }
    }
}

/// A payload that no further attempt could read.
private struct Unreadable: Error, CustomStringConvertible {
    let reason: String
    var description: String { reason }
}
