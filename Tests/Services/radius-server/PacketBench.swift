import CPlatform
import Crypto
import Domain
import Observability
import RADIUS
import Sockets
import Testing

@testable import RadiusServer

/// An AccessHandler without sockets, over a simulated clock.
final class PacketBench {
    let directory: Directory
    let refusals = RefusalLog()
    let registry = MetricsRegistry()
    let metrics: PacketMetrics
    let feed = DecisionFeed()
    private let handler: AccessHandler
    private let secret = SharedSecret(Array(SampleDirectory.secret.utf8))
    private var identifier: UInt8 = 0

    /// Where a datagram comes from, and when.
    struct Arrival {
        var source = SourceAddress(high: 0, low: 0xffff_7f00_0001, port: 5_000)
        /// Monotonic nanoseconds.
        var now: UInt64 = 1_000
        var waited: UInt64 = 0
    }

    init(_ directory: Directory) {
        self.directory = directory
        metrics = PacketMetrics(PacketMetricFamilies(registry), socket: "auth")
        let eap = EAPMetrics(registry)
        let sessions = EAPSessions(serverName: "test", shards: 1, capacity: 64, lifetime: 1 << 40, gauge: eap.sessions)
        let offer = EAPOffer(methods: [.md5], serverName: "test") { [UInt8](repeating: 7, count: $0) }
        handler = AccessHandler(
            settings: .init(rejectDelay: 0),
            store: DirectoryStore(directory),
            metrics: metrics,
            families: AccessMetricFamilies(registry),
            refusals: refusals,
            feed: feed,
            cache: DuplicateCache(capacity: 65_536, lifetime: 10_000_000_000),
            eap: EAPShard(settings: .init(offer: offer, timeout: 30), sessions: sessions, number: 0, metrics: eap),
            now: 0
        )
    }

    /// A PAP login of bob's, unlike any other.
    func login(_ password: String = "hello123", signed: Bool = true, extra: [Attribute] = []) throws -> [UInt8] {
        identifier &+= 1
        return try SampleRequests.pap("bob", password, identifier: identifier, signed: signed, extra: extra)
    }

    func packet(_ code: PacketCode, _ attributes: [Attribute] = []) throws -> [UInt8] {
        let packet = Packet(code, identifier: 1, authenticator: Randomness.bytes(16), attributes: attributes)
        return try #require(packet.encodedRequest(secret: secret))
    }

    /// Works on one datagram as a batch of its own.
    func work(_ octets: [UInt8], _ arrival: Arrival = Arrival()) {
        let replies = ReplyBatch(capacity: 64)
        var endpoint = cp_endpoint()
        var local = cp_local()
        unsafe octets.withUnsafeBytes { bytes in
            unsafe withUnsafePointer(to: &endpoint) { endpoint in
                unsafe withUnsafePointer(to: &local) { local in
                    let datagram = unsafe Datagram(
                        bytes: bytes,
                        endpoint: endpoint,
                        local: local,
                        source: arrival.source,
                        receivedAt: arrival.now,
                        wallTime: 1_800_000_000_000_000 + Int64(arrival.now / 1_000),
                        waited: arrival.waited
                    )
                    handler.handle(datagram, directory: directory, replies: replies)
                    handler.handlePutOff(directory: directory, replies: replies)
                    handler.finishBatch()
                }
            }
        }
    }

    func counts(_ nas: UUID128 = SampleDirectory.nas) throws -> NASCounts {
        try #require(directory.nases[nas]).live.counts
    }
}
