import Concurrency
import Configuration
import Domain
import Events
import Lifecycle
import NATS
import Observability
import Redis
import Synchronization

/// Runs the command line on the process's own console, environment and servers; returns the exit code.
package func runNexora(arguments: [String]) async -> Int32 {
    Logger.bootstrap(service: "nexora", level: .fatal)
    let time = TimeSource { Timestamp(microseconds: SystemClock.microsecondsSince1970()) }
    let context = CommandContext(
        console: .process(),
        environment: Environment.current(),
        backends: .real(interrupts: Interrupts()),
        time: time
    )
    return await NexoraCommandLine(commands: allCommands, context: context).run(arguments).rawValue
}

extension Backends {
    /// The servers themselves.
    package static func real(interrupts: Interrupts) -> Backends {
        Backends(
            events: { try NATSEventStreams(url: $0) },
            redisFacts: { url in
                let info = try await RedisProbe(url: url).info()
                return RedisFacts(version: info.version ?? "unknown", evictionPolicy: info.evictionPolicy)
            },
            interrupted: { await interrupts.wait() }
        )
    }
}

/// Ctrl-C, taken over once a command wants to end by it: until then it ends the process as usual.
package final class Interrupts: Sendable {
    private let signals = Mutex<BoundedQueue<Int32>?>(nil)

    /// Takes over nothing yet.
    package init() {}

    /// Completes with the first SIGINT or SIGTERM after this call, or when the task is cancelled.
    package func wait() async {
        let queue = signals.withLock { known in
            if known == nil { known = try? ProcessSignals.install() }
            return known
        }
        // Without signals of our own the process just ends.
        guard let queue else { return await Self.never() }
        await withTaskCancellationHandler {
            _ = await queue.next()
        } onCancel: {
            queue.finish()
        }
    }

    private static func never() async {
        while !Task.isCancelled { try? await pause(for: .seconds(3600)) }
    }
}

/// The event streams over NATS.
private final class NATSEventStreams: EventStreams {
    private let client: NATSClient

    init(url: String) throws {
        client = try NATSClient(NATSConfiguration(url: url, name: "nexora"), logger: Logger())
    }

    func connected(within limit: Duration) async -> Bool {
        let deadline = Deadline.after(limit)
        while client.state != .connected && !deadline.hasPassed && !Task.isCancelled {
            try? await pause(for: .milliseconds(20))
        }
        return client.state == .connected
    }

    func tail(stream: String, subjects: [String], from start: TailStart) throws -> any EventTail {
        let position: StreamPosition =
            switch start {
            case .now: .new
            case .beginning: .all
            case .sequence(let sequence): .sequence(sequence)
            case .time(let time): .time(time)
            case .last(let count): .last(count)
            }
        return NATSEventTail(
            client: client,
            tail: try OrderedTail(client, stream: stream, filters: subjects, from: position)
        )
    }

    func publish(subject: String, payload: [UInt8], messageID: String) async throws {
        let results = BoundedQueue<AckResult>(capacity: 1)
        let publisher = try JetStreamPublisher(client, maximumOutstanding: 1) { _, result in _ = results.offer(result) }
        let outcome = publisher.publish(subject: subject, payload: payload, messageID: messageID, token: 1)
        let result = outcome == .accepted ? await results.next() : nil
        await publisher.close()
        switch result {
        case .acknowledged: return
        case .refused(let reason): throw CommandFailure(.failed, "JetStream refused \(subject): \(reason)")
        case .unknown, nil:
            throw CommandFailure(.unavailable, "JetStream did not confirm \(subject); it may be stored: repeat it")
        }
    }

    func last(stream: String, subject: String) async throws -> LastEvent? {
        try await JetStreamAdmin(client).lastMessage(stream: stream, subject: subject).map { message in
            LastEvent(sequence: message.sequence, time: Timestamp(microseconds: message.timeMicroseconds))
        }
    }

    func ask(subject: String, payload: [UInt8], within limit: Duration) async throws -> [UInt8] {
        do {
            return try await client.request(subject, payload, within: limit)
        } catch let error as NATSError where error.code == .noResponders {
            throw CommandFailure(.unavailable, "nobody answers on \(subject): does a radius-server run on this NATS?")
        } catch let error as NATSError {
            throw CommandFailure(.unavailable, error.description)
        }
    }

    func facts(stream: String) async throws -> StreamFacts? {
        try await JetStreamAdmin(client).streamInfo(stream).map { info in
            StreamFacts(
                firstSequence: info.firstSequence,
                lastSequence: info.lastSequence,
                messages: info.messages,
                bytes: info.bytes
            )
        }
    }

    func close() async {
        await client.close()
    }
}

/// One stream over NATS.
private final class NATSEventTail: EventTail {
    private let client: NATSClient
    private let tail: OrderedTail

    init(client: NATSClient, tail: OrderedTail) {
        self.client = client
        self.tail = tail
    }

    func next(within limit: Duration) async throws -> [TailItem] {
        try await tail.next(maximum: 500, within: limit).map { event in
            switch event {
            case .message(let message):
                return .event(sequence: message.sequence, subject: message.subject, payload: message.payload)
            case .gap(.removed(let from, let through)):
                return .gap("skipped: \(from) to \(through) were removed from the stream before they could be read")
            case .gap(.rewound(let last, let end)):
                return .gap(
                    "skipped: the stream went back from \(last) to \(end), an older copy was put back; reading goes on with what is newer"
                )
            }
        }
    }

    func problem() -> String? {
        client.state == .connected ? tail.problem?.description : "the connection to NATS is lost"
    }

    func close() async {
        await tail.close()
    }
}
