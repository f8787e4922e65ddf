import CPlatform
import Crypto
import Domain
import Observability
import RADIUS
import SharedTesting
import Sockets
import Testing

@testable import RadiusServer

/// One batch that holds a beginning before an ending, when there is room for one conversation only.
@Suite struct EAPOverloadTests {
    private let secret = SharedSecret(Array(SampleDirectory.secret.utf8))
    private let registry = MetricsRegistry()
    private let offer = EAPOffer(methods: [.md5], serverName: "test") { [UInt8](repeating: 7, count: $0) }
    private let refusals = RefusalLog()
    private let source = SourceAddress(high: 0, low: 0xffff_7f00_0001, port: 5_000)

    private func handler(_ sessions: EAPSessions, _ metrics: EAPMetrics) -> AccessHandler {
        AccessHandler(
            settings: .init(rejectDelay: 0),
            store: DirectoryStore(SampleDirectory.make()),
            metrics: PacketMetrics(PacketMetricFamilies(registry), socket: "auth"),
            families: AccessMetricFamilies(registry),
            refusals: refusals,
            feed: DecisionFeed(),
            cache: DuplicateCache(capacity: 256, lifetime: 10_000_000_000),
            eap: EAPShard(settings: .init(offer: offer, timeout: 30), sessions: sessions, number: 0, metrics: metrics),
            now: 0
        )
    }

    private func request(_ identifier: UInt8, _ eap: [UInt8], _ state: EAPState?) throws -> [UInt8] {
        var attributes: [Attribute] = [.messageAuthenticator, Attribute(AttributeType.eapMessage, eap)]
        if let state {
            var value: [UInt8] = [0x4e, 1]
            for shift in stride(from: 56, through: 0, by: -8) {
                value.append(UInt8(truncatingIfNeeded: state.server >> UInt64(shift)))
            }
            value += [UInt8(state.shard >> 8), UInt8(state.shard & 255)]
            for shift in stride(from: 56, through: 0, by: -8) {
                value.append(UInt8(truncatingIfNeeded: state.session >> UInt64(shift)))
            }
            attributes.append(Attribute(AttributeType.state, value))
        }
        let packet = Packet(.accessRequest, identifier: identifier, attributes: attributes)
        return try #require(packet.encodedRequest(secret: secret))
    }

    /// Works on the packets as one batch.
    private func work(_ packets: [[UInt8]], _ handler: AccessHandler, _ directory: Directory) {
        let replies = ReplyBatch(capacity: 64)
        var endpoint = cp_endpoint()
        var local = cp_local()
        let octets = packets.flatMap { $0 }
        unsafe octets.withUnsafeBytes { bytes in
            unsafe withUnsafePointer(to: &endpoint) { endpoint in
                unsafe withUnsafePointer(to: &local) { local in
                    var start = 0
                    for packet in packets {
                        let datagram = unsafe Datagram(
                            bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<start + packet.count]),
                            endpoint: endpoint,
                            local: local,
                            source: source,
                            receivedAt: 1_000,
                            wallTime: 1_800_000_000_000_000
                        )
                        handler.handle(datagram, directory: directory, replies: replies)
                        start += packet.count
                    }
                    handler.handlePutOff(directory: directory, replies: replies)
                }
            }
        }
    }

    @Test("What goes on is served before what begins", .proves("RAD-09"))
    func order() throws {
        let metrics = EAPMetrics(registry)
        let sessions = EAPSessions(
            serverName: "test",
            shards: 1,
            capacity: 1,
            lifetime: 1_000_000,
            gauge: metrics.sessions
        )
        let directory = SampleDirectory.make()
        let identity = EAPPacket(.response, identifier: 1, type: EAPType.identity, data: Array("bob".utf8))
        let conversation = try #require(EAPConversation(identityResponse: identity, offer: offer))
        let nas = try #require(directory.nases.keys.first)
        let state = try #require(sessions.begin(EAPSession(conversation, nas: nas), shard: 0, now: 0))
        let value = CHAP.response(
            identifier: 2,
            challenge: [UInt8](repeating: 7, count: 16),
            password: Array("hello123".utf8)
        )
        let ending = EAPPacket(.response, identifier: 2, type: EAPType.md5Challenge, data: [16] + value[1...])
        let handler = handler(sessions, metrics)
        work([try request(1, identity.encoded, nil), try request(2, ending.encoded, state)], handler, directory)
        #expect(refusals.drain().isEmpty)
        #expect(!sessions.holds(state, nas: nas, now: 1_000), "what ended gave way to what begins")
        #expect(sessions.count == 1)
        let told = String(decoding: registry.render(), as: UTF8.self)
        #expect(told.contains("radius_eap_results_total{method=\"eap_md5\",result=\"accept\"} 1"))
        #expect(told.contains("radius_eap_challenges_total 1"))
        work([try request(3, identity.encoded, nil)], handler, directory)
        #expect(refusals.drain().map(\.reason) == [.eapSessionsFull])
    }

    @Test("10,000 hostile EAP messages break nothing, and none logs on", .proves("RAD-09", "G-02"))
    func hostile() throws {
        var random = SeededRandom()
        let metrics = EAPMetrics(registry)
        let sessions = EAPSessions(
            serverName: "test",
            shards: 2,
            capacity: 50,
            lifetime: 1_000_000,
            gauge: metrics.sessions
        )
        let directory = SampleDirectory.make()
        let nas = try #require(directory.nases.keys.first)
        let handler = handler(sessions, metrics)
        let identity = EAPPacket(.response, identifier: 1, type: EAPType.identity, data: Array("bob".utf8))
        var states: [EAPState?] = [nil, EAPState(server: 1, shard: 0, session: 2)]
        for shard in [0, 1, 1] {
            let conversation = try #require(EAPConversation(identityResponse: identity, offer: offer))
            states.append(sessions.begin(EAPSession(conversation, nas: nas), shard: shard, now: 0))
        }
        for round in 0..<10_000 {
            var octets = random.bytes(Int.random(in: 0...40, using: &random))
            if octets.count > 4, Bool.random(using: &random) {
                octets.replaceSubrange(0..<4, with: [2, 2, 0, UInt8(octets.count)])
                octets[4] = [1, 3, 4, 26][Int.random(in: 0..<4, using: &random)]
            }
            let state = states[Int.random(in: 0..<states.count, using: &random)]
            work([try request(UInt8(truncatingIfNeeded: round), octets, state)], handler, directory)
        }
        #expect(sessions.count <= 50)
        let told = String(decoding: registry.render(), as: UTF8.self)
        #expect(told.contains("radius_eap_results_total{method=\"eap_md5\",result=\"accept\"} 0"))
        #expect(!told.contains("radius_eap_invalid_total 0"))
    }

    @Test("No State is a way around the rate", .proves("RAD-05", "RAD-09"))
    func rate() throws {
        let metrics = EAPMetrics(registry)
        let sessions = EAPSessions(
            serverName: "test",
            shards: 1,
            capacity: 50,
            lifetime: 1_000_000,
            gauge: metrics.sessions
        )
        let directory = SampleDirectory.make()
        var row = SampleDirectory.nas(true, 1, SampleDirectory.secret)
        row.authBurst = 1
        row.version = 50
        directory.apply(row, now: 0)
        let identity = EAPPacket(.response, identifier: 1, type: EAPType.identity, data: Array("bob".utf8))
        let conversation = try #require(EAPConversation(identityResponse: identity, offer: offer))
        let state = try #require(sessions.begin(EAPSession(conversation, nas: row.id), shard: 0, now: 0))
        let handler = handler(sessions, metrics)
        let start = try request(1, [], state)
        work([start], handler, directory)
        #expect(refusals.drain().isEmpty, "it took the only token")
        let shed = [
            try request(2, [], state), try request(3, [1, 9, 0, 5, 1], state), try request(4, identity.encoded, nil),
        ]
        work(shed, handler, directory)
        #expect(refusals.drain().map(\.count) == [3])
        // The identity was the conversation's first response.
        let broken = try (0..<EAPConversation.maximumResponses).map {
            try request(UInt8($0), [2, 2, 0, 200, 26], state)
        }
        work(broken, handler, directory)
        #expect(refusals.drain().isEmpty)
        work([try request(200, [2, 2, 0, 200, 26], state)], handler, directory)
        #expect(refusals.drain().map(\.reason) == [.rateExceeded], "more than it takes")
    }
}
