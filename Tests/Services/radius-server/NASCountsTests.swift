import Crypto
import Domain
import Events
import Observability
import RADIUS
import SharedTesting
import Sockets
import Testing

@testable import RadiusServer

@Suite struct NASCountsTests {
    private let folder: TemporaryDirectory
    private let secret = SharedSecret(Array(SampleDirectory.secret.utf8))

    init() throws { folder = try TemporaryDirectory() }

    @Test("Each packet counts once, as RFC 4669 names it", .proves("RAD-05", "OBS-01"))
    func authentication() throws {
        let bench = PacketBench(SampleDirectory.make())
        let good = try bench.login()
        bench.work(good)
        bench.work(good)
        bench.work(try bench.login("wrong"))
        bench.work([1, 2, 3])
        bench.work(try bench.packet(.accountingRequest))
        var forged = try bench.login()
        forged[30] ^= 1
        bench.work(forged)
        bench.work(try bench.login(signed: false))
        let counts = try bench.counts()
        #expect(counts[.accessRequests] == 7)
        #expect(counts[.accessAccepts] == 2)
        #expect(counts[.dupAccessRequests] == 1)
        #expect(counts[.accessRejects] == 1)
        #expect(counts[.malformedAccessRequests] == 1)
        #expect(counts[.authUnknownTypes] == 1)
        #expect(counts[.authBadAuthenticators] == 1)
        #expect(counts[.authPacketsDropped] == 1)
    }

    @Test("Each accounting packet counts once, as RFC 4671 names it", .proves("ACC-01", "OBS-01"))
    func accounting() async throws {
        let server = try LoopbackServer(SampleDirectory.make(), journalPath: folder.path + "/journal")
        defer { server.stop() }
        let packet = Packet(
            .accountingRequest,
            identifier: 1,
            authenticator: [],
            attributes: [
                Attribute(AttributeType.acctStatusType, UInt32(1)), Attribute(AttributeType.acctSessionID, text: "1"),
                Attribute(AttributeType.eventTimestamp, UInt32(1_800_000_000)),
            ]
        )
        let request = try #require(packet.encodedRequest(secret: secret))
        let client = LoopbackClient()
        _ = try #require(client.ask(request, server.acctPort))
        _ = try #require(client.ask(request, server.acctPort))
        var forged = request
        forged[10] ^= 1
        client.send(forged, to: server.acctPort)
        client.send([4, 1, 0], to: server.acctPort)
        var other = request
        other[0] = 1
        client.send(other, to: server.acctPort)
        let live = try #require(server.store.read { $0.nases[SampleDirectory.nas]?.live })
        try await eventually { live.counts[.accountingRequests] == 5 }
        let expected: [(NASCount, UInt64)] = [
            (.accountingResponses, 2), (.dupAccountingRequests, 1), (.accountingBadAuthenticators, 1),
            (.malformedAccountingRequests, 1), (.accountingUnknownTypes, 1), (.accountingNoRecords, 0), (.reports, 1),
            (.timestamped, 1),
        ]
        try await eventually { expected.allSatisfy { live.counts[$0.0] == $0.1 } }
    }

    @Test("Each NAS has its series; thousands of them share one", .proves("OBS-01"))
    func series() {
        let registry = MetricsRegistry()
        let lives = NASLives()
        NASMetrics.register(lives, in: registry)
        var row = SampleDirectory.nas(true, 0, SampleDirectory.secret)
        lives.life(of: row, now: 0).counts.add(.accessRequests)
        let text = String(decoding: registry.render(), as: UTF8.self)
        let labels = "{tenant=\"\(SampleDirectory.tenant)\",nas=\"\(SampleDirectory.nas)\"}"
        #expect(text.contains("radius_nas_access_requests_total\(labels) 1"))
        #expect(text.contains("radius_nas_accounting_no_records_total\(labels) 0"))
        for number in UInt64(0)..<5_000 {
            row.id = UUID128(high: 9, low: number)
            lives.life(of: row, now: 0).counts.add(.accessRequests)
        }
        let samples = NASMetrics.samples(of: .accessRequests, lives.all)
        #expect(samples.count == NASMetrics.maximumNASes + 1)
    }
}

@Suite struct PostureBookTests {
    private let tenant = TenantID(SampleDirectory.tenant)
    private let noon = Timestamp(microseconds: 1_800_000_000_000_000)

    private func live() -> NASLive { NASLives().life(of: SampleDirectory.nas(true, 0, SampleDirectory.secret), now: 0) }

    @Test("What a login carries is noted by method, signature and proxy", .proves("G-02"))
    func observes() throws {
        let directory = SampleDirectory.make(requireMessageAuthenticator: false)
        let bench = PacketBench(directory)
        let signed = try bench.login()
        bench.work(signed)
        bench.work(signed)
        bench.work(try bench.login(signed: false))
        bench.work(try bench.login(extra: [Attribute(AttributeType.proxyState, [1])]))
        bench.work(try bench.login(signed: false, extra: [Attribute(AttributeType.proxyState, [1])]))
        let counts = try bench.counts()
        #expect(counts[.logins] == 3)
        #expect(counts[.signed] == 2)
        #expect(counts[.pap] == 3)
        #expect(counts[.proxied] == 1)
        #expect(counts[.proxiedUnsigned] == 0)
        #expect(counts[.refusedProxied] == 1)
        let strict = PacketBench(SampleDirectory.make())
        strict.work(try strict.login(signed: false))
        #expect(try strict.counts()[.refusedUnsigned] == 1)
        #expect(try strict.counts()[.logins] == 0)
    }

    @Test("Told as the day's sums, only where something changed, and again until it was told", .proves("G-02"))
    func tells() throws {
        let live = live()
        var book = PostureBook(runID: UUID128(high: 7, low: 7))
        var told: [NASPostureSeen] = []
        func turn(_ now: Timestamp, arrives: Bool = true) {
            book.turn([live], now: now, secretOctets: { _ in 32 }) { tenant, event in
                #expect(tenant == self.tenant)
                if arrives { told.append(event) }
                return arrives
            }
        }
        turn(noon)
        #expect(told.isEmpty)
        live.sight(SourceAddress(high: 0, low: 0xffff_c000_0207, port: 1), wallTime: noon.microseconds)
        live.counts.add(.logins)
        live.counts.add(.signed)
        turn(noon, arrives: false)
        live.counts.add(.logins)
        turn(noon + .seconds(60))
        turn(noon + .seconds(120))
        #expect(told.map(\.posture.logins) == [2])
        #expect(told.first?.posture.signed == 1)
        #expect(told.first?.day == "2027-01-15")
        #expect(told.first?.sourceAddress == "192.0.2.7")
        #expect(told.first?.firstSeenAt == noon)
        #expect(told.first?.secretOctets == 32)
        live.counts.add(.logins)
        turn(noon + .seconds(86_400))
        live.counts.add(.logins)
        turn(noon + .seconds(86_460))
        #expect(told.map(\.day) == ["2027-01-15", "2027-01-15", "2027-01-16"])
        #expect(told.map(\.posture.logins) == [2, 3, 1])
    }

    @Test("The days' last tellings add up to all that was seen, whatever fails on the way", .proves("G-02"))
    func sums() {
        var random = SeededRandom()
        for _ in 0..<100 {
            let live = live()
            var book = PostureBook(runID: UUID128(high: 7, low: 7))
            var rows: [String: UInt64] = [:]
            var now = noon
            var seen: UInt64 = 0
            for step in 0..<60 {
                now = now + .seconds(Int64.random(in: 60...20_000, using: &random))
                for _ in 0..<Int.random(in: 0...3, using: &random) {
                    live.counts.add(.logins)
                    seen += 1
                }
                let arrives = step == 59 || Int.random(in: 0..<3, using: &random) > 0
                book.turn([live], now: now, secretOctets: { _ in nil }) { _, event in
                    if arrives { rows[event.day] = max(rows[event.day] ?? 0, event.posture.logins) }
                    return arrives
                }
            }
            #expect(rows.values.reduce(0, +) == seen)
        }
    }
}
