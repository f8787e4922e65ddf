import CPlatform
import Concurrency
import Domain
import Observability
import RADIUS
import SharedTesting
import Sockets
import Synchronization
import Testing

@testable import RadiusServer

@Suite struct NASRateTests {
    private let second: UInt64 = 1_000_000_000

    private func directory(rate: UInt32?, burst: UInt32?, lives: NASLives = NASLives()) -> Directory {
        let directory = Directory(expectedServices: 1, lives: lives)
        directory.apply(TenantRow(id: SampleDirectory.tenant, isActive: true, version: 1))
        directory.apply(row(rate: rate, burst: burst), now: 0)
        return directory
    }

    private func row(rate: UInt32?, burst: UInt32?, version: Int64 = 3, secret: String = SampleDirectory.secret)
        -> NASRow
    {
        var row = SampleDirectory.nas(true, 0, secret)
        (row.authRate, row.authBurst, row.version) = (rate, burst, version)
        return row
    }

    @Test(
        "50 a second after a burst of 1,000, unless the NAS's row or the setting says otherwise",
        .proves("RAD-05", "RTL-06")
    )
    func standard() throws {
        for (lives, row, burst, rate) in [
            (NASLives(), nil, 1_000, 50), (NASLives(standard: .init(rate: 7, burst: 3)), nil, 3, 7),
            (NASLives(), (UInt32(5), UInt32(10)), 10, 5),
        ] as [(NASLives, (UInt32, UInt32)?, Int, Int)] {
            let directory = directory(rate: row?.0, burst: row?.1, lives: lives)
            let live = try #require(directory.nases[SampleDirectory.nas]).live
            let atOnce = (0..<2_000).count { _ in live.admits(now: 0) }
            #expect(atOnce == burst)
            let later = (0..<100).count { _ in live.admits(now: second) }
            #expect(later == min(rate, burst))
        }
    }

    @Test("Over the rate a login is shed and counted; its retransmission is answered from the cache", .proves("RAD-05"))
    func shedding() throws {
        let bench = PacketBench(directory(rate: 1, burst: 2))
        let first = try bench.login()
        bench.work(first)
        bench.work(try bench.login())
        for _ in 0..<3 { bench.work(first) }
        #expect(bench.refusals.drain().isEmpty)
        #expect(bench.metrics.duplicates.value == 3)
        let shed = try bench.login()
        bench.work(shed)
        bench.work(shed)
        #expect(bench.refusals.drain().map(\.reason) == [.rateExceeded])
        let counts = try bench.counts()
        #expect(counts[.authPacketsDropped] == 2)
        #expect(counts[.accessRequests] == 7)
        #expect(counts[.dupAccessRequests] == 3)
        bench.work(shed, .init(now: second + 1_000))
        #expect(bench.refusals.drain().isEmpty, "the NAS's next try comes within the rate")
    }

    @Test("A changed rate holds at once, for the same NAS", .proves("RAD-05", "RAD-07"))
    func changes() throws {
        let bench = PacketBench(directory(rate: 1, burst: 1))
        for _ in 0..<5 { bench.work(try bench.login()) }
        #expect(bench.refusals.drain().map(\.count) == [4])
        bench.directory.apply(row(rate: 0, burst: 1, version: 4), now: 2_000)
        for _ in 0..<50 { bench.work(try bench.login()) }
        #expect(bench.refusals.drain().isEmpty)
        bench.directory.apply(row(rate: nil, burst: nil, version: 5), now: 2_000)
        bench.directory.apply(row(rate: 1, burst: 1, version: 6), now: 2_000)
        for _ in 0..<3 { bench.work(try bench.login()) }
        #expect(bench.refusals.drain().reduce(0) { $0 + $1.count } >= 2)
    }

    @Test("A reload of the directory forgets neither the rate nor the counts; a NAS that is gone is forgotten")
    func survivesReload() throws {
        let lives = NASLives()
        let before = PacketBench(directory(rate: 1, burst: 1, lives: lives))
        before.work(try before.login())
        let after = PacketBench(directory(rate: 1, burst: 1, lives: lives))
        after.work(try after.login())
        #expect(after.refusals.drain().map(\.reason) == [.rateExceeded])
        #expect(try after.counts()[.accessRequests] == 2)
        Directory(expectedServices: 1, lives: lives).keepLives()
        #expect(lives.all.isEmpty)
    }

    @Test("What one NAS does costs no other anything", .proves("RAD-05"))
    func independent() {
        var random = SeededRandom()
        for _ in 0..<100 {
            let lives = NASLives(standard: .init(rate: 10, burst: 5))
            let rows = (UInt64(0)..<3).map { number in
                var row = row(rate: nil, burst: nil)
                row.id = UUID128(high: 3, low: number)
                return row
            }
            let nases = rows.map { lives.life(of: $0, now: 0) }
            var now: UInt64 = 0
            for _ in 0..<200 {
                now += 100_000_000
                for _ in 0..<Int.random(in: 0...50, using: &random) { _ = nases[0].admits(now: now) }
                #expect(nases[1].admits(now: now))
                if Bool.random(using: &random) { #expect(nases[2].admits(now: now)) }
            }
        }
    }
}

@Suite struct UnknownClientTests {
    private let second: UInt64 = 1_000_000_000
    private let stranger = SourceAddress(high: 0, low: 0xffff_c000_0209, port: 1_000)

    @Test(
        "A stranger is looked at once in 30 s, from whatever port, and told with how many were dropped",
        .proves("RAD-02")
    )
    func remembered() throws {
        let bench = PacketBench(SampleDirectory.make())
        let packet = try bench.login()
        for port in UInt16(0)..<100 {
            bench.work(packet, .init(source: .init(high: 0, low: stranger.low, port: port), now: second))
        }
        #expect(bench.refusals.drain().map(\.count) == [1])
        #expect(bench.metrics.unknownClients.value == 100)
        #expect(bench.metrics.unknownClientDrops.value == 99)
        #expect(bench.metrics.refused[RefusalReason.unknownNAS.rawValue].value == 100)
        bench.work(packet, .init(source: stranger, now: 30 * second))
        #expect(bench.refusals.drain().isEmpty)
        bench.work(packet, .init(source: stranger, now: 32 * second))
        #expect(bench.refusals.drain().map(\.count) == [101])
    }

    @Test("A NAS that is added is answered at once, whoever was dropped before", .proves("RAD-07", "RAD-02"))
    func added() throws {
        let bench = PacketBench(SampleDirectory.make())
        for _ in 0..<3 { bench.work(try bench.login(), .init(source: stranger)) }
        var row = SampleDirectory.nas(true, 0, SampleDirectory.secret)
        row.id = UUID128(high: 3, low: 4)
        row.range = AddressRange(around: stranger, length: 128)
        row.version = 60
        bench.directory.apply(row, now: 1_000)
        bench.work(try bench.login(), .init(source: stranger))
        #expect(try bench.counts(row.id)[.accessAccepts] == 1)
        bench.directory.removeNAS(row.id)
        bench.work(try bench.login(), .init(source: stranger))
        #expect(bench.metrics.unknownClients.value == 4)
    }

    @Test("A flood from forged addresses costs known NASes nothing", .proves("RAD-02", "G-02"))
    func flood() throws {
        var random = SeededRandom()
        let bench = PacketBench(SampleDirectory.make())
        let forged = try bench.login()
        var sent = 0
        for round in 0..<100 {
            for _ in 0..<200 {
                let source = SourceAddress(
                    high: Bool.random(using: &random) ? 0 : .random(in: 1 ... .max, using: &random),
                    low: 0xffff_8000_0000 | .random(in: 0..<0x7fff_ffff, using: &random),
                    port: .random(in: 1 ... .max, using: &random)
                )
                bench.work(forged, .init(source: source, now: UInt64(round) * 10_000_000))
                sent += 1
            }
            bench.work(try bench.login(), .init(now: UInt64(round) * 10_000_000))
        }
        #expect(try bench.counts()[.accessAccepts] == 100)
        #expect(bench.metrics.unknownClients.value == UInt64(sent))
        let told = bench.refusals.drain().reduce(0) { $0 + $1.count }
        #expect(told <= 32 + 8, "a second's worth is told one by one")
        #expect(told + bench.refusals.takeUntold() + Int(bench.metrics.unknownClientDrops.value) == sent)
    }

    @Test("The table says nothing of an address that it was not told, and forgets in time", .proves("G-02"))
    func tableModel() {
        var random = SeededRandom()
        for _ in 0..<100 {
            var table = UnknownClientTable(lifetime: 1_000)
            var until: [SourceAddress: UInt64] = [:]
            var now: UInt64 = 0
            var clients: UInt64 = 1
            _ = table.drops(stranger, clients: clients, now: now)
            for _ in 0..<300 {
                now += UInt64.random(in: 0...50, using: &random)
                let source = SourceAddress(high: 0, low: .random(in: 0...200, using: &random), port: 0)
                if Int.random(in: 0..<100, using: &random) == 0 {
                    clients += 1
                    until.removeAll()
                }
                if table.drops(source, clients: clients, now: now) {
                    #expect(until[source].map { $0 > now } == true)
                } else {
                    _ = table.remember(source, now: now)
                    until[source] = now + 1_000
                }
            }
        }
    }
}

@Suite struct OverloadTests {
    @Test("What waited longer than its NAS does is dropped, but for Status-Server", .proves("RAD-05"))
    func tooOld() throws {
        let bench = PacketBench(SampleDirectory.make())
        bench.work(try bench.login(), .init(waited: 1_900_000_000))
        #expect(try bench.counts()[.accessAccepts] == 1)
        bench.work(try bench.login(), .init(waited: 2_100_000_000))
        bench.work(try bench.packet(.statusServer, [.messageAuthenticator]), .init(waited: 2_100_000_000))
        #expect(bench.refusals.drain().map(\.reason) == [.tooOld])
        #expect(bench.metrics.statusServer.value == 1)
        #expect(try bench.counts()[.authPacketsDropped] == 1)
    }

    @Test(
        "State and Status-Server are told from the rest as in a validated packet, whatever the octets",
        .proves("G-02")
    )
    func classes() throws {
        var random = SeededRandom()
        var seen: Set<Bool> = []
        for _ in 0..<2_000 {
            var octets = random.bytes(Int.random(in: 0...120, using: &random))
            if octets.count >= 20 {
                octets[0] = [1, 12, 4, 2][Int.random(in: 0..<4, using: &random)]
                octets[2] = 0
                octets[3] = UInt8(octets.count)
                var offset = 20
                while offset + 2 <= octets.count {
                    octets[offset] = [1, 2, 24, 80][Int.random(in: 0..<4, using: &random)]
                    octets[offset + 1] = UInt8(min(Int.random(in: 2...20, using: &random), octets.count - offset))
                    offset += Int(octets[offset + 1])
                }
            }
            unsafe octets.withUnsafeBytes { bytes in
                let isFirst = unsafe GoingOn.isGoingOn(bytes)
                guard let view = try? unsafe PacketView(validating: bytes) else { return }
                let expected =
                    view.knownCode == .statusServer
                    || view.knownCode == .accessRequest && view.contains(AttributeType.state)
                #expect(isFirst == expected)
                seen.insert(expected)
            }
        }
        #expect(seen == [true, false])
    }

    @Test("In a backlog what goes on overtakes what begins, and the rest keeps its order", .proves("RAD-05"))
    func order() throws {
        let registry = MetricsRegistry()
        let socket = try UDPSocket(address: "127.0.0.1", port: 0, receiveBuffer: 4 << 20)
        let metrics = PacketMetrics(PacketMetricFamilies(registry), socket: "auth")
        let receiver = try Receiver(
            socket: socket,
            directory: DirectoryStore(SampleDirectory.make()),
            metrics: metrics
        )
        let client = LoopbackClient()
        func request(_ number: UInt8, _ attributes: [UInt8]) -> [UInt8] {
            [1, number, 0, UInt8(20 + attributes.count)] + [UInt8](repeating: 0, count: 16) + attributes
        }
        let goingOn: Set<UInt8> = [70, 150, 199]
        for number in UInt8(0)..<200 {
            client.send(request(number, goingOn.contains(number) ? [24, 3, 1] : []), to: socket.port)
        }
        let recorder = Recorder(receiver, expecting: 200)
        receiver.run(handler: recorder)
        let expected = goingOn.sorted() + (UInt8(0)..<200).filter { !goingOn.contains($0) }
        #expect(recorder.seen == expected)
        #expect(recorder.batches.allSatisfy { $0 <= Receiver.batch } && recorder.batches.count == 4)
        #expect(metrics.backlogs.value == 1)
        #expect(recorder.hasWaited)
    }

    /// Notes what it is handed and stops the receiver after so many.
    private final class Recorder: PacketHandler {
        private let receiver: Receiver
        private let expected: Int
        private(set) var seen: [UInt8] = []
        private(set) var batches: [Int] = []
        private(set) var hasWaited = false

        init(_ receiver: Receiver, expecting expected: Int) {
            self.receiver = receiver
            self.expected = expected
        }

        func goesBefore(_ bytes: UnsafeRawBufferPointer) -> Bool { unsafe GoingOn.isGoingOn(bytes) }
        func handle(_ datagram: Datagram, directory: Directory, replies: ReplyBatch) {
            unsafe seen.append(datagram.bytes[1])
            if datagram.waited > 0 { hasWaited = true }
            if seen.count == expected { receiver.stop() }
        }
        func handlePutOff(directory: Directory, replies: ReplyBatch) {}
        func finishBatch() { batches.append(seen.count - batches.reduce(0, +)) }
        func advance(now: UInt64, directory: Directory, replies: ReplyBatch, socket: borrowing UDPSocket) -> UInt64? {
            nil
        }
        var connection: WatchedConnection { WatchedConnection() }
        func expire(now: UInt64, replies: ReplyBatch, socket: borrowing UDPSocket) -> UInt64? { nil }
    }
}
