import FoundationEssentials
import NATS
import SharedTesting
import Testing

@Suite(.serialized) struct TailTests {
    private func publish(_ fixture: Fixture, _ range: Range<Int>, subject: String = "t.a") async throws {
        try await fixture.publishAll(range.map { (id: "m\($0)", payload: "\($0)") }, subject: subject)
    }

    /// Reads until that many messages came; gaps do not count.
    private func read(_ tail: OrderedTail, _ count: Int) async throws -> (sequences: [UInt64], gaps: [TailGap]) {
        var sequences: [UInt64] = []
        var gaps: [TailGap] = []
        try await eventually(within: .seconds(30)) {
            for event in try await tail.next(maximum: 100, within: .milliseconds(50)) {
                switch event {
                case .message(let message): sequences.append(message.sequence)
                case .gap(let gap): gaps.append(gap)
                }
            }
            return sequences.count >= count
        }
        return (sequences, gaps)
    }

    @Test("a tail begins where it is told: everything, new, a sequence, a time, the last few", .proves("MSG-10"))
    func starts() async throws {
        try await Fixture.with { fixture in
            try await publish(fixture, 0..<50)
            let middle = try #require(try await fixture.admin.streamInfo("T")?.lastTimeMicroseconds) + 1
            let new = try OrderedTail(fixture.client, stream: "T", from: .new)
            let expected: [(StreamPosition, ClosedRange<UInt64>)] = [
                (.all, 1...60), (.sequence(45), 45...60), (.time(middle), 51...60),
            ]
            let last = try OrderedTail(fixture.client, stream: "T", from: .last(5))
            #expect(try await read(last, 5).sequences == Array(46...50))
            // The tail from now on has found its place once its consumer stands beside the other's.
            try await eventually { try await new.next(maximum: 1, within: .milliseconds(20)).isEmpty && new.isReading }
            try await publish(fixture, 50..<60)
            #expect(try await read(new, 10).sequences == Array(51...60))
            for (start, range) in expected {
                let tail = try OrderedTail(fixture.client, stream: "T", from: start)
                let (sequences, gaps) = try await read(tail, range.count)
                #expect(sequences == Array(range))
                #expect(gaps.isEmpty)
                await tail.close()
            }
            await new.close()
            await last.close()
        }
    }

    @Test("filters choose subjects, one at the server or several here", .proves("MSG-10"))
    func filters() async throws {
        try await Fixture.with { fixture in
            try await publish(fixture, 0..<10, subject: "t.a.x")
            try await publish(fixture, 10..<20, subject: "t.b.x")
            try await publish(fixture, 20..<30, subject: "t.c.x")
            let one = try OrderedTail(fixture.client, stream: "T", filters: ["t.b.>"], from: .all)
            #expect(try await read(one, 10).sequences == Array(11...20))
            let two = try OrderedTail(fixture.client, stream: "T", filters: ["t.a.*", "t.c.>"], from: .all)
            let (sequences, gaps) = try await read(two, 20)
            #expect(sequences == Array(1...10) + Array(21...30))
            #expect(gaps.isEmpty)
            await one.close()
            await two.close()
        }
    }

    @Test("a tail goes on behind its last message after the server was killed: none missing, none twice")
    func resume() async throws {
        try await Fixture.with { fixture in
            let tail = try OrderedTail(fixture.client, stream: "T", from: .all)
            try await publish(fixture, 0..<100)
            #expect(try await read(tail, 100).sequences == Array(1...100))
            for round in 1..<3 {
                try await fixture.server.kill()
                try await fixture.server.start()
                try await publish(fixture, round * 100..<round * 100 + 100)
                let (sequences, gaps) = try await read(tail, 100)
                #expect(sequences == Array(UInt64(round * 100 + 1)...UInt64(round * 100 + 100)))
                #expect(gaps.isEmpty)
            }
            await tail.close()
        }
    }

    @Test("messages that retention removed before they were read are told")
    func removed() async throws {
        try await Fixture.with { fixture in
            try await publish(fixture, 0..<10)
            let tail = try OrderedTail(fixture.client, stream: "T", from: .all)
            _ = try await read(tail, 10)
            let other = try Fixture.makeClient(fixture.server)
            try await fixture.admin.purgeStream("T")
            try await publish(fixture, 10..<12)
            let late = try OrderedTail(fixture.client, stream: "T", from: .sequence(5))
            let (sequences, gaps) = try await read(late, 2)
            #expect(sequences == [11, 12])
            #expect(gaps == [.removed(from: 5, through: 10)])
            let (more, none) = try await read(tail, 2)
            #expect(more == [11, 12])
            #expect(none.isEmpty)
            await late.close()
            await tail.close()
            await other.close()
        }
    }

    @Test("an older store put back is told, and what is stored later is read under its repeated numbers")
    func rewound() async throws {
        let copy = try TemporaryDirectory()
        try await Fixture.with { fixture in
            try await publish(fixture, 0..<20)
            let before = try #require(try await fixture.admin.streamInfo("T"))
            try await fixture.server.stop()
            try copyStore(from: fixture.server.storeDirectory, to: copy.file("store"))
            try await fixture.server.start()
            let tail = try OrderedTail(fixture.client, stream: "T", from: .all)
            try await publish(fixture, 20..<40)
            #expect(try await read(tail, 40).sequences == Array(1...40))

            try await fixture.server.kill()
            try copyStore(from: copy.file("store"), to: fixture.server.storeDirectory)
            try await fixture.server.start()
            try await publish(fixture, 40..<70)
            let after = try #require(try await fixture.admin.streamInfo("T"))
            #expect(after.createdMicroseconds == before.createdMicroseconds)
            #expect(after.lastSequence == 50)
            let (sequences, gaps) = try await read(tail, 30)
            #expect(sequences == Array(21...50))
            #expect(gaps.count == 1)
            guard case .rewound(last: 40, streamEnd: let end) = gaps.first else {
                Issue.record("\(gaps)")
                return
            }
            #expect((20...50).contains(end))
            await tail.close()
        }
    }

    @Test("a start time is met in every part of a second")
    func times() async throws {
        try await Fixture.with { fixture in
            try await publish(fixture, 0..<5)
            let time = try #require(try await fixture.admin.streamInfo("T")?.lastTimeMicroseconds)
            let second = time / 1_000_000 * 1_000_000
            for start in [second - 1_000_000, second - 950_000, second - 999_999, second - 500_000] {
                let tail = try OrderedTail(fixture.client, stream: "T", from: .time(start))
                #expect(try await read(tail, 5).sequences == Array(1...5))
                await tail.close()
            }
        }
    }

    @Test("a stream made anew is told as gone back")
    func remade() async throws {
        try await Fixture.with { fixture in
            try await publish(fixture, 0..<10)
            let tail = try OrderedTail(fixture.client, stream: "T", from: .all)
            _ = try await read(tail, 10)
            try await fixture.admin.deleteStream("T")
            try await fixture.admin.ensureStream(Fixture.stream)
            try await publish(fixture, 10..<25)
            let (sequences, gaps) = try await read(tail, 15)
            #expect(sequences == Array(1...15))
            #expect(gaps.count == 1)
            await tail.close()
        }
    }

    /// Replaces a directory by a copy of another, keeping owners: the server may run as another user.
    private func copyStore(from source: String, to target: String) throws {
        try? FileManager.default.removeItem(atPath: target)
        try FileManager.default.copyItem(atPath: source, toPath: target)
        try giveAway(target, like: target + "/..")
    }
}
