import Concurrency
import Domain
import Events
import Glibc
import Messaging
import NATS
import Observability
import SharedTesting
import Testing
import WireFormat

/// The real daemon as a process of its own, so that it can be killed.
struct ConsumerDaemon {
    let process: ChildProcess

    static func start(
        _ world: AccountingWorld,
        _ nats: RealNATS,
        _ folder: TemporaryDirectory,
        settings: [String] = [],
        acknowledgementWait: String = "2s"
    ) async throws -> ConsumerDaemon {
        let environment =
            [
                "DATABASE_URL=\(world.url)", "NATS_URL=\(nats.url)", "NEXORA_ADMIN_PORT=0",
                "NEXORA_CONSUMER_ACK_WAIT=\(acknowledgementWait)",
                "NEXORA_CONSUMER_BATCH=100", "NEXORA_SHUTDOWN_DEADLINE=10s",
            ] + settings
            // Nobody's port: the daemon must do its accounting without Redis.
            + (settings.contains { $0.hasPrefix("REDIS_URL=") } ? [] : ["REDIS_URL=redis://127.0.0.1:9"])
        let log = folder.file("daemon-\(UInt32.random(in: 0...UInt32.max)).log")
        return ConsumerDaemon(
            process: try await ChildProcess.start(
                BuiltPrograms.path("accounting-consumer"),
                [],
                log: log,
                environment: environment
            )
        )
    }
}

/// What a test publishes and reads.
struct Bus {
    let client: NATSClient
    let publisher: EventPublisher
    let admin: JetStreamAdmin

    init(_ nats: RealNATS) throws {
        let logger = Logger(service: "test", sink: MemoryLogSink())
        client = try NATSClient(
            NATSConfiguration(url: nats.url, name: "test", reconnectWait: .milliseconds(20)),
            logger: logger
        )
        publisher = try EventPublisher(client, limit: .seconds(120))
        admin = try JetStreamAdmin(client)
    }

    /// Publishes the records, sixteen at a time.
    func publish(_ records: [AccountingRecord]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<16 {
                group.addTask {
                    for index in stride(from: lane, to: records.count, by: 16) { try await publish(records[index]) }
                }
            }
            try await group.waitForAll()
        }
    }

    private func publish(_ record: AccountingRecord) async throws {
        var writer = JSONWriter()
        AccountingRecorded(source: "/radius-server/test", records: [record]).encode(into: &writer)
        try await publisher.publish(
            writer.bytes,
            subject: Subjects.accounting(tenant: record.tenantID, nas: record.nasID),
            messageID: record.id.description
        )
    }

    /// Every event of the stream DOMAIN by its id: what was published twice counts once.
    func domainEvents() async throws -> [EventID: EventEnvelope] {
        guard let info = try await admin.streamInfo(Streams.domain.name), info.messages > 0 else { return [:] }
        let tail = try OrderedTail(client, stream: Streams.domain.name, from: .all)
        var events: [EventID: EventEnvelope] = [:]
        var last: UInt64 = 0
        try await eventually(within: .seconds(60)) {
            for event in try await tail.next(maximum: 1_000, within: .milliseconds(50)) {
                guard case .message(let message) = event else { continue }
                last = max(last, message.sequence)
                let envelope = try EventEnvelope(decoding: message.payload)
                events[envelope.id] = envelope
            }
            return last >= info.lastSequence
        }
        await tail.close()
        return events
    }

    func close() async {
        await publisher.close()
        await client.close()
    }
}
