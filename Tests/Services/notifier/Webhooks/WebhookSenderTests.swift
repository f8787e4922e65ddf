import Crypto
import Domain
import Events
import Lifecycle
import Messaging
import Observability
import Persistence
import SharedTesting
import Synchronization
import Testing
import WebhookSigning
import WireFormat

@testable import Notifier

/// The dispatcher over a store, a stream and receivers in memory.
@Suite(.proves("PLT-25")) struct WebhookSenderTests {
    private static let tenant = TenantID(UUID128(high: 1, low: 1))

    /// A clock that moves when it is told to.
    private final class Hands: Sendable {
        private let at = Mutex(Timestamp(microseconds: 1_000_000_000))
        var now: Timestamp { at.withLock { $0 } }
        func move(_ by: Duration) { at.withLock { $0 = $0 + by } }
    }

    private struct Scene {
        let hands = Hands()
        let secret = WebhookSecret()
        let refs: [WebhookRef]
        let store: MemoryWebhooks
        let receiver: ScriptedReceiver
        let sender: WebhookSender

        init(
            endpoints: Int = 1,
            retries: WebhookRetries = WebhookRetries(),
            _ script: @escaping @Sendable (WebhookRequest, Int) -> WebhookReply?
        ) {
            let secrets = WebhookSecrets(.ephemeral())
            let entries = (0..<endpoints).map {
                WebhookRoster.Entry(
                    tenantID: WebhookSenderTests.tenant,
                    id: WebhookEndpointID(UUID128(high: 2, low: UInt64($0))),
                    events: ["*"]
                )
            }
            refs = entries.map { WebhookRef(tenantID: $0.tenantID, id: $0.id) }
            let octets = secret.octets
            store = MemoryWebhooks(entries) { ref in
                (try? secrets.seal(secret: octets, of: ref.id, tenant: ref.tenantID)) ?? []
            }
            receiver = ScriptedReceiver(script)
            let hands = hands
            sender = WebhookSender(
                keeping: store,
                transport: receiver,
                secrets: secrets,
                retries: retries,
                claim: .seconds(30),
                time: TimeSource { hands.now },
                jitter: { 0 },
                metrics: WebhookMetrics(MetricsRegistry()),
                logger: Logger(service: "test", sink: MemoryLogSink())
            )
        }

        func service(_ stream: MemoryStream) -> WebhookService {
            WebhookService(
                keeping: store,
                events: stream,
                sender: sender,
                interval: .milliseconds(10),
                inFlight: 8,
                keep: .seconds(60),
                time: sender.time,
                metrics: sender.metrics,
                health: Health(version: "0").component("webhooks"),
                logger: sender.logger
            )
        }

        /// Reads a whole stream, as often as it takes.
        func read(_ messages: [TailedMessage], batch: Int = 3) async throws {
            store.begin(at: WebhookPosition(sequence: 0, created: 1))
            await #expect(throws: MemoryStream.Ended.self) {
                try await service(MemoryStream(messages, batch: batch)).read()
            }
        }

        /// Sends until nothing is due any more, moving the clock where something waits.
        func drain(_ rounds: Int = 200) async throws {
            for _ in 0..<rounds {
                for ref in store.due(at: hands.now, limit: 100) { try await sender.serve(ref) }
                let open = store.state.withLock { state in
                    state.rows.contains { [.pending, .sending].contains($0.state) } && state.disabled.isEmpty
                }
                guard open else { return }
                hands.move(.seconds(3_600))
            }
        }
    }

    private static func message(_ sequence: UInt64, of tenant: TenantID = tenant) -> TailedMessage {
        var json = JSONWriter()
        EventEnvelope(
            id: EventID(UUID128(high: 9, low: sequence)),
            source: "/tests",
            type: "nexora.session.v1.SessionStarted",
            time: .epoch,
            tenantID: tenant,
            data: Array("{}".utf8)
        ).encode(into: &json)
        return .message(sequence: sequence, subject: "session.started.\(tenant)", payload: json.finish())
    }

    private static func ok(_: WebhookRequest, _: Int) -> WebhookReply {
        WebhookReply(answer: .status(204, retryAfter: nil))
    }

    @Test func `what is sent is signed as a receiver checks it`() async throws {
        let scene = Scene(Self.ok)
        try await scene.read([Self.message(1)])
        try await scene.drain()
        let request = try #require(scene.receiver.requests.first)
        try WebhookVerifier(secret: scene.secret).check(
            id: request.id,
            timestamp: request.timestamp,
            signature: request.signature,
            body: request.body,
            now: request.timestamp
        )
        #expect(request.id == EventID(UUID128(high: 9, low: 1)).description)
        #expect(try EventEnvelope(decoding: request.body).id.description == request.id)
    }

    /// However receivers fail, each has its events in the order of the stream, each of them once where it took it at once.
    @Test func `order holds at every endpoint, and each event is written once`() async throws {
        for round in 0..<100 {
            let random = Mutex(SeededRandom("webhook order \(round)"))
            let scene = Scene(
                endpoints: 3,
                retries: WebhookRetries(giveUpAfter: .seconds(86_400 * 365), disableAfter: .seconds(86_400 * 365))
            ) {
                _,
                _ in
                switch random.withLock({ $0.next() % 10 }) {
                case 0: WebhookReply(answer: .status(503, retryAfter: .seconds(10)))
                case 1: WebhookReply(answer: .none("timeout"))
                case 2: nil
                default: WebhookReply(answer: .status(200, retryAfter: nil))
                }
            }
            let messages = (1...12).map { Self.message(UInt64($0)) }
            let batch = Int(random.withLock { $0.next() % 5 } + 1)
            try await scene.read(messages, batch: batch)
            // Read once more from the beginning, as after a crash: nothing is written twice.
            try await scene.read(messages, batch: batch)
            #expect(scene.store.state.withLock { $0.rows.count } == 36)
            try await scene.drain(2_000)
            for ref in scene.refs {
                let url = "https://\(ref.id).example.net/"
                let ids = scene.receiver.requests.filter { $0.url == url }.map(\.id)
                // Retries repeat the first of what waits; nothing overtakes it.
                #expect(ids == ids.sorted() && Set(ids).count == 12, "round \(round)")
            }
            #expect(scene.store.state.withLock { $0.rows.allSatisfy { $0.state == .delivered } })
        }
    }

    @Test func `the place is not kept with every message that nobody is told of`() async throws {
        let scene = Scene(Self.ok)
        let stranger = TenantID(UUID128(high: 1, low: 2))
        let others = (1..<300).map { Self.message(UInt64($0), of: stranger) }
        try await scene.read(others + [Self.message(300)])
        let state = scene.store.state.withLock { $0 }
        #expect(state.rows.map(\.planned.sequence) == [300] && state.place?.sequence == 300)
        // Of a hundred batches: the first, the one that held something, and one a second.
        #expect(state.moves < 50)
        // What was read behind the kept place is read again, and told once.
        try await scene.read(others + [Self.message(300)])
        #expect(scene.store.state.withLock { $0.rows.count } == 1)
    }

    @Test func `a receiver that was away for a day catches up by itself, in order`() async throws {
        let away = Mutex(true)
        let scene = Scene { _, _ in
            WebhookReply(answer: away.withLock { $0 } ? .none("unreachable") : .status(200, retryAfter: nil))
        }
        try await scene.read((1...20).map { Self.message(UInt64($0)) })
        for _ in 0..<24 {
            for ref in scene.store.due(at: scene.hands.now, limit: 10) { try await scene.sender.serve(ref) }
            scene.hands.move(.seconds(3_600))
        }
        #expect(Set(scene.receiver.requests.map(\.id)).count == 1)
        #expect(scene.receiver.requests.count < 10, "nobody hammers who is away")
        away.withLock { $0 = false }
        try await scene.drain()
        let first = scene.receiver.requests.firstIndex { $0.id != scene.receiver.requests[0].id } ?? 0
        #expect(
            scene.receiver.requests[(first - 1)...].map(\.id)
                == (1...20).map { "\(EventID(UUID128(high: 9, low: UInt64($0))))" }
        )
    }

    @Test func `one bad receiver holds up no other`() async throws {
        let scene = Scene(endpoints: 2) { request, _ in
            WebhookReply(
                answer: request.url.contains("0000-000000000000.") ? .none("timeout") : .status(200, retryAfter: nil)
            )
        }
        try await scene.read((1...5).map { Self.message(UInt64($0)) })
        for ref in scene.store.due(at: scene.hands.now, limit: 10) { try await scene.sender.serve(ref) }
        let good = scene.receiver.requests.filter { $0.url.contains("0000-000000000001.") }
        #expect(good.count == 5 && scene.receiver.requests.count == 6)
    }

    @Test func `410 disables at once, and three days of failures do`() async throws {
        let gone = Scene { _, _ in WebhookReply(answer: .status(410, retryAfter: nil)) }
        try await gone.read([Self.message(1), Self.message(2)])
        try await gone.drain()
        #expect(gone.receiver.requests.count == 1)
        #expect(gone.store.state.withLock { $0.disabled[gone.refs[0]] } == "gone")
        let failing = Scene { _, _ in WebhookReply(answer: .none("unreachable")) }
        try await failing.read([Self.message(1), Self.message(2)])
        try await failing.drain()
        #expect(failing.store.state.withLock { $0.disabled[failing.refs[0]] } == "failing")
        #expect(Set(failing.receiver.requests.map(\.id)).count == 1, "the second waits behind the first")
    }

    @Test func `what nobody takes does not hold up the others for days`() async throws {
        let scene = Scene { request, _ in
            let isFirst = request.id == EventID(UUID128(high: 9, low: 1)).description
            return WebhookReply(answer: .status(isFirst ? 400 : 200, retryAfter: nil))
        }
        try await scene.read([Self.message(1), Self.message(2)])
        try await scene.drain()
        #expect(scene.store.state.withLock { $0.rows.map(\.state) } == [.failed, .delivered])
        #expect(scene.receiver.requests.count == WebhookRetries.refusals + 1)
    }

    @Test func `a request whose end nobody knows is sent again under the same id`() async throws {
        let scene = Scene { _, number in number == 1 ? nil : WebhookReply(answer: .status(200, retryAfter: nil)) }
        try await scene.read([Self.message(1)])
        try await scene.sender.serve(scene.refs[0])
        #expect(scene.store.due(at: scene.hands.now, limit: 1).isEmpty, "somebody may still be at it")
        scene.hands.move(.seconds(31))
        try await scene.sender.serve(scene.refs[0])
        #expect(scene.receiver.requests.map(\.id).count == 2 && Set(scene.receiver.requests.map(\.id)).count == 1)
    }

    @Test func `a replay sends again what was delivered, in order, and says how far it is`() async throws {
        let scene = Scene(Self.ok)
        let messages = (1...7).map { Self.message(UInt64($0)) }
        try await scene.read(messages)
        try await scene.drain()
        scene.store.state.withLock { state in
            state.replay = WebhookReplay(
                tenantID: Self.tenant,
                id: WebhookReplayID(.zero),
                endpointID: scene.refs[0].id,
                start: .sequence(3),
                requestedBy: .zero,
                requestedAt: .epoch
            )
        }
        try await scene.service(MemoryStream(messages, batch: 2)).replay()
        let replay = try #require(scene.store.state.withLock { $0.replay })
        #expect(replay.state == .done && replay.found == 5 && replay.position == 7)
        try await scene.drain()
        #expect(
            scene.receiver.requests.suffix(5).map(\.id)
                == (3...7).map { "\(EventID(UUID128(high: 9, low: UInt64($0))))" }
        )
    }
}
