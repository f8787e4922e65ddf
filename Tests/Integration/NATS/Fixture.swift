import Concurrency
import NATS
import Observability
import SharedTesting
import Synchronization
import Testing

/// A server, a client on it and a stream `T` over `t.>`.
final class Fixture: Sendable {
    let server: RealNATS
    let client: NATSClient
    let admin: JetStreamAdmin
    static let stream = StreamConfiguration(name: "T", subjects: ["t.>"], maximumAge: .seconds(3_600))

    private init(server: RealNATS) throws {
        self.server = server
        client = try Fixture.makeClient(server)
        admin = try JetStreamAdmin(client)
    }

    static func makeClient(_ server: RealNATS) throws -> NATSClient {
        let configuration = NATSConfiguration(
            url: server.url,
            name: "test",
            reconnectWait: .milliseconds(20),
            requestTimeout: .seconds(2),
            pingInterval: .milliseconds(500)
        )
        return try NATSClient(configuration, logger: Logger(service: "test", level: .fatal, sink: Silence()))
    }

    /// Runs `body` against a fresh server and takes everything down again.
    static func with(stream: StreamConfiguration? = Fixture.stream, _ body: (Fixture) async throws -> Void) async throws
    {
        let fixture = try Fixture(server: try await RealNATS.start())
        try await eventually { fixture.client.state == .connected }
        if let stream { try await fixture.admin.ensureStream(stream) }
        do { try await body(fixture) } catch {
            await fixture.end()
            throw error
        }
        await fixture.end()
    }

    private func end() async {
        await client.close()
        try? await server.kill()
    }

    /// Publishes until every message is acknowledged, however often that takes, as the journal does.
    func publishAll(_ messages: [(id: String, payload: String)], subject: String = "t.a") async throws {
        let ledger = AckLedger()
        let publisher = try JetStreamPublisher(
            client,
            maximumOutstanding: 64,
            acknowledgementTimeout: .seconds(2),
            handler: ledger.handler
        )
        var left = Set(messages.indices)
        try await eventually(within: .seconds(60)) {
            for (token, result) in ledger.take() {
                if case .acknowledged = result { left.remove(Int(token)) } else { ledger.resend(token) }
            }
            for index in left where ledger.maySend(UInt64(index)) {
                let message = messages[index]
                let outcome = publisher.publish(
                    subject: subject,
                    payload: Array(message.payload.utf8),
                    messageID: message.id,
                    token: UInt64(index)
                )
                if outcome != .accepted { ledger.resend(UInt64(index)) }
            }
            return left.isEmpty
        }
        await publisher.close()
    }

    func messages(in stream: String = "T") async throws -> UInt64 {
        try await admin.streamInfo(stream)?.messages ?? 0
    }
}

/// Collects acknowledgements by their token.
final class AckLedger: Sendable {
    private struct Contents {
        var results: [(UInt64, AckResult)] = []
        var inFlight: Set<UInt64> = []
    }

    private let contents = Mutex(Contents())

    var handler: JetStreamPublisher.Handler {
        { token, result in self.contents.withLock { $0.results.append((token, result)) } }
    }

    var count: Int { contents.withLock { $0.results.count } }

    func take() -> [(UInt64, AckResult)] {
        contents.withLock { contents in
            defer { contents.results = [] }
            return contents.results
        }
    }

    /// Whether that token is not under way; marks it as being so.
    func maySend(_ token: UInt64) -> Bool { contents.withLock { $0.inFlight.insert(token).inserted } }

    func resend(_ token: UInt64) { contents.withLock { _ = $0.inFlight.remove(token) } }
}

/// Swallows log lines.
struct Silence: LogSink {
    func write(_ line: [UInt8]) {}
}

/// Reads until that many messages came, acknowledging each.
func drain(_ consumer: PullConsumer, _ count: Int) async throws -> [NATSMessage] {
    var all: [NATSMessage] = []
    try await eventually(within: .seconds(30)) {
        let messages = try await consumer.next(maximum: count - all.count, within: .milliseconds(200))
        messages.ackAll()
        all += messages
        return all.count >= count
    }
    return all
}
