import Domain
import Events
import Messaging
import NATS
import Observability
import SharedTesting
import Synchronization
import Testing
import WireFormat

/// An event for tests: `usage.tested`.
struct Tested: EventPayload, Equatable {
    static let type = "nexora.usage.v1.Tested"
    static let subject = "usage.tested"
    var number: Int

    init(number: Int) { self.number = number }

    func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("number")
        writer.value(Int64(number))
        writer.endObject()
    }

    init(from reader: inout JSONReader) throws(JSONError) {
        var number: Int64 = -1
        try reader.readObject { reader, key throws(JSONError) in
            if key == "number" { number = try reader.readInt64() } else { try reader.skipValue() }
        }
        self.number = Int(number)
    }
}

/// What handlers in tests throw.
enum Trouble: Error {
    case databaseDown
    case poisoned(Int)
}

/// A server with all streams, and everything that stands on it.
final class Fixture: Sendable {
    let server: RealNATS
    let client: NATSClient
    let admin: JetStreamAdmin
    let publisher: EventPublisher
    let deadLetters: DeadLetterQueue
    static let tenant = TenantID(UUID128(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0001))

    private init(server: RealNATS) throws {
        self.server = server
        client = try NATSClient(
            NATSConfiguration(url: server.url, name: "test", reconnectWait: .milliseconds(20)),
            logger: Self.logger
        )
        admin = try JetStreamAdmin(client)
        publisher = try EventPublisher(client)
        deadLetters = try DeadLetterQueue(client, publisher: publisher)
    }

    static var logger: Logger { Logger(service: "test", level: .fatal, sink: MemoryLogSink()) }

    static func with(_ body: (Fixture) async throws -> Void) async throws {
        let fixture = try Fixture(server: try await RealNATS.start())
        let result: Result<Void, any Error>
        do {
            try await Streams.ensureWhenReady(on: fixture.client)
            result = .success(try await body(fixture))
        } catch {
            result = .failure(error)
        }
        await fixture.publisher.close()
        await fixture.client.close()
        try? await fixture.server.kill()
        try result.get()
    }

    /// A consumer of the test events.
    func consumer(_ attempts: Int = 3, filter: String = "usage.tested.>") throws -> EventConsumer {
        var options = EventConsumerOptions()
        options.batch = 50
        options.attempts = attempts
        options.retryDelay = .milliseconds(10)
        return try EventConsumer(
            client,
            stream: .domain,
            durable: "tester",
            filter: filter,
            options: options,
            deadLetters: deadLetters,
            logger: Self.logger
        ) { error in
            if case Trouble.databaseDown = error { .outage } else { .message }
        }
    }

    func event(_ number: Int) -> Event<Tested> {
        Event(
            id: EventID(UUID128(high: 0x0190_0000_0000_7000, low: 0x9000_0000_0000_0000 + UInt64(number))),
            source: "/tests",
            time: Timestamp(microseconds: 1_790_000_000_000_000),
            tenantID: Self.tenant,
            payload: Tested(number: number)
        )
    }

    /// Runs the consumer beside `body`, which returns when it has seen enough.
    func running(
        _ consumer: EventConsumer,
        _ handle: @escaping @Sendable ([Event<Tested>]) async throws -> Void,
        until body: () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await consumer.run(Tested.self, handle) }
            do { try await body() } catch {
                consumer.stop()
                throw error
            }
            consumer.stop()
            try await group.waitForAll()
        }
        await consumer.close()
    }
}

/// What was handled, and how often.
final class Seen: Sendable {
    private let counts = Mutex<[Int: Int]>([:])

    func add(_ events: [Event<Tested>]) {
        counts.withLock { counts in
            for event in events { counts[event.payload.number, default: 0] += 1 }
        }
    }

    var numbers: Set<Int> { counts.withLock { Set($0.keys) } }
}
