import CPlatform
import Concurrency
import Domain
import Glibc
import Observability
import SharedTesting
import Synchronization
import Testing

@testable import RadiusServer

@Suite struct JournalTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func open(segment: Int = 1 << 20, retention: Duration = .seconds(300)) throws -> Journal {
        try Journal(
            settings: .init(directory: folder.path + "/j", segmentOctets: segment, retention: retention),
            metrics: JournalMetrics(MetricsRegistry()),
            logger: Logger(service: "test", level: .fatal, sink: SilentSink())
        )
    }

    private func append(_ journal: Journal, _ packet: [UInt8]) -> UInt64? {
        let record = JournalRecord(
            sequence: 0,
            receivedAt: 5,
            eventID: UUID128(high: 1, low: 2),
            tenantID: UUID128(high: 3, low: 4),
            nasID: UUID128(high: 5, low: 6),
            sourceHigh: 0,
            sourceLow: 0xffff_7f00_0001,
            sourcePort: 99,
            flags: 0
        )
        return unsafe packet.withUnsafeBytes { bytes in
            unsafe journal.append(
                record,
                packet: bytes,
                answer: UnsafeRawBufferPointer(start: nil, count: 0),
                descriptor: -1,
                destination: cp_endpoint(),
                local: cp_local()
            )
        }
    }

    /// Runs the writer until everything appended is on disk.
    private func drain(_ journal: Journal) throws {
        journal.stop()
        let writer = try PlatformThread.start(name: "writer") { journal.runWriter() }
        writer.join()
        journal.releaseFolder()
    }

    /// Every packet that the folder holds, in order.
    private func contents() throws -> [[UInt8]] {
        let journal = try open()
        var packets: [[UInt8]] = []
        for info in journal.segments {
            var offset = Segment.headerLength
            var buffer = [UInt8](repeating: 0, count: 16 << 20)
            let got = unsafe try buffer.withUnsafeMutableBytes { unsafe try info.segment.read(into: $0, at: 0) }
            while offset < info.end.load(ordering: .relaxed) {
                let next: (packet: [UInt8], footprint: Int)? = unsafe buffer.withUnsafeBytes { bytes in
                    let tail = unsafe UnsafeRawBufferPointer(rebasing: bytes[offset..<got])
                    return unsafe JournalRecord.read(tail, segment: info.segment.number).map {
                        unsafe (Array($0.packet), $0.footprint)
                    }
                }
                let found = try #require(next)
                packets.append(found.packet)
                offset += found.footprint
            }
        }
        return packets
    }

    @Test("What was written is found again, in order, over many segments", .proves("ACC-13"))
    func roundTrip() throws {
        var random = SeededRandom()
        var expected: [[UInt8]] = []
        for _ in 0..<4 {
            let journal = try open()
            for _ in 0..<2_000 {
                let packet = random.bytes(Int.random(in: 20...1_000, using: &random))
                #expect(append(journal, packet) != nil)
                expected.append(packet)
            }
            try drain(journal)
        }
        #expect(try contents() == expected)
    }

    @Test("A torn tail is cut at the last true record, whatever was torn", .proves("ACC-13"))
    func tornTail() throws {
        var random = SeededRandom()
        let journal = try open()
        for number in 0..<100 { _ = append(journal, [UInt8](repeating: UInt8(number), count: 100)) }
        try drain(journal)
        let path = try #require(journal.segments.first).segment.path
        let footprint = JournalRecord.footprint(packet: 100)
        for _ in 0..<100 {
            let victim = Int.random(in: 0..<100, using: &random)
            let offset =
                Segment.headerLength + victim * footprint
                + Int.random(in: 4..<JournalRecord.headerLength, using: &random)
            let file = unsafe Glibc.open(path, O_RDWR)
            var octet: UInt8 = 0
            unsafe pread(file, &octet, 1, offset)
            var flipped = octet ^ 0x40
            unsafe pwrite(file, &flipped, 1, offset)
            let directory = folder.path + "/j"
            let found = try JournalDirectory.scan(
                directory,
                logger: Logger(service: "t", level: .fatal, sink: SilentSink())
            )
            let end = found.segments.first?.end.load(ordering: .relaxed) ?? Segment.headerLength
            #expect((end - Segment.headerLength) / footprint == victim)
            unsafe pwrite(file, &octet, 1, offset)
            close(file)
            if found.segments.isEmpty { return }
        }
    }

    @Test("Two servers cannot hold one journal")
    func locked() throws {
        let first = try open()
        #expect(throws: JournalError.self) { _ = try open() }
        withExtendedLifetime(first) {}
    }

    @Test("Sequences go on after a restart")
    func sequences() throws {
        var journal = try open()
        #expect(append(journal, [UInt8](repeating: 1, count: 20)) == 1)
        #expect(append(journal, [UInt8](repeating: 1, count: 20)) == 2)
        try drain(journal)
        journal = try open()
        #expect(append(journal, [UInt8](repeating: 1, count: 20)) == 3)
    }

    @Test("A disk that takes no more leaves packets unanswered, and accounting comes back by itself", .proves("ACC-13"))
    func failingDisk() async throws {
        let journal = try open()
        // A folder in the place of the next segments' files: they cannot be made.
        for number in UInt64(1)...400 {
            unsafe mkdir(folder.path + "/j/" + Segment.name(number) + ".new", 0o700)
        }
        let writer = try PlatformThread.start(name: "writer") { journal.runWriter() }
        let lost = try #require(append(journal, [UInt8](repeating: 1, count: 20)))
        journal.flush()
        try await eventually(within: .seconds(10)) { journal.isRefusing }
        #expect(append(journal, [1]) == nil)
        #expect(journal.isDurable(lost) == nil, "a retransmission of a lost record is a new packet")
        for number in UInt64(1)...400 { unsafe rmdir(folder.path + "/j/" + Segment.name(number) + ".new") }
        try await eventually(within: .seconds(10)) { !journal.isRefusing }
        let kept = try #require(append(journal, [UInt8](repeating: 2, count: 20)))
        journal.flush()
        try await eventually(within: .seconds(10)) { journal.isDurable(kept) == true }
        journal.stop()
        writer.join()
    }
}

private struct SilentSink: LogSink {
    func write(_ line: [UInt8]) {}
}
