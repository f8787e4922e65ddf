import NATS
import SharedTesting
import Testing

@Suite(.serialized) struct ConsumeTests {
    private func worker(
        _ fixture: Fixture,
        wait: Duration = .seconds(30),
        batch: Int = 50,
        requests: Int = 2
    ) throws -> PullConsumer {
        let configuration = ConsumerConfiguration(stream: "T", durable: "worker", acknowledgementWait: wait)
        return try PullConsumer(fixture.client, configuration, batch: batch, requests: requests)
    }

    private func numbered(_ range: Range<Int>) -> [(id: String, payload: String)] {
        range.map { (id: "m\($0)", payload: "\($0)") }
    }

    @Test("messages arrive with subject, payload, id, sequence and first delivery, and once when acknowledged")
    func consume() async throws {
        try await Fixture.with { fixture in
            try await fixture.publishAll(numbered(0..<500))
            let consumer = try worker(fixture)
            let all = try await drain(consumer, 500)
            #expect(all.map(\.sequence) == Array(1...500))
            #expect(Set(all.compactMap(\.messageID)) == Set((0..<500).map { "m\($0)" }))
            #expect(all.allSatisfy { $0.subject == "t.a" && $0.deliveries == 1 && $0.timeMicroseconds > 0 })
            #expect(all.allSatisfy { "m" + String(decoding: $0.payload, as: UTF8.self) == $0.messageID })
            try await eventually {
                let info = try await fixture.admin.consumerInfo(stream: "T", consumer: "worker")
                return info?.acknowledgedThrough == 500 && info?.acknowledgementsPending == 0
            }
            #expect(try await consumer.next(maximum: 10, within: .milliseconds(50)).isEmpty)
            await consumer.close()
        }
    }

    @Test("nak brings a message again with its count, after its delay; term never; silence after the wait")
    func settle() async throws {
        try await Fixture.with { fixture in
            try await fixture.publishAll(numbered(0..<4))
            let consumer = try worker(fixture, wait: .seconds(1))
            var first: [NATSMessage] = []
            try await eventually {
                first += try await consumer.next(maximum: 4, within: .milliseconds(100))
                return first.count == 4
            }
            first[0].nak()
            first[1].nak(delay: .milliseconds(50))
            first[2].term()
            // first[3] stays unsettled.
            var again: [NATSMessage] = []
            try await eventually {
                let more = try await consumer.next(maximum: 4, within: .milliseconds(100))
                more.ackAll()
                again += more
                return again.count == 3
            }
            #expect(Set(again.map(\.sequence)) == [1, 2, 4])
            #expect(again.allSatisfy { $0.deliveries == 2 })
            try await eventually {
                try await fixture.admin.consumerInfo(stream: "T", consumer: "worker")?.acknowledgementsPending == 0
            }
            await consumer.close()
        }
    }

    @Test("a delayed retry survives its consumer's restart and its server's", .proves("MSG-12"))
    func delayedRetrySurvives() async throws {
        try await Fixture.with { fixture in
            try await fixture.publishAll(numbered(0..<1))
            let first = try worker(fixture, wait: .seconds(30))
            var got: [NATSMessage] = []
            try await eventually {
                got += try await first.next(maximum: 1, within: .milliseconds(100))
                return got.count == 1
            }
            got[0].nak(delay: .milliseconds(1_500))
            try await fixture.client.flush()
            await first.close()
            try await fixture.server.stop()
            try await fixture.server.start()
            let second = try worker(fixture, wait: .seconds(30))
            var again: [NATSMessage] = []
            try await eventually {
                again += try await second.next(maximum: 1, within: .milliseconds(100))
                return again.count == 1
            }
            #expect(again[0].sequence == got[0].sequence && again[0].deliveries == 2)
            again[0].ack()
            await second.close()
        }
    }

    @Test("two consumers of one durable share its messages, each to one of them", .proves("MSG-04"))
    func share() async throws {
        try await Fixture.with { fixture in
            let other = try Fixture.makeClient(fixture.server)
            let configuration = ConsumerConfiguration(stream: "T", durable: "worker")
            let one = try worker(fixture, batch: 10)
            let two = try PullConsumer(other, configuration, batch: 10, requests: 2)
            try await eventually {
                try await fixture.admin.consumerInfo(stream: "T", consumer: "worker") != nil
                    && other.state == .connected
            }
            var (left, right): (Set<UInt64>, Set<UInt64>) = ([], [])
            var published = 0
            try await eventually(within: .seconds(40)) {
                if published < 2_000 {
                    try await fixture.publishAll(numbered(published..<published + 200))
                    published += 200
                }
                let first = try await one.next(maximum: 100, within: .milliseconds(20))
                let second = try await two.next(maximum: 100, within: .milliseconds(20))
                (first + second).ackAll()
                #expect(left.isDisjoint(with: second.map(\.sequence)) && right.isDisjoint(with: first.map(\.sequence)))
                left.formUnion(first.map(\.sequence))
                right.formUnion(second.map(\.sequence))
                return left.count + right.count == 2_000
            }
            #expect(!left.isEmpty && !right.isEmpty)
            await one.close()
            await two.close()
            await other.close()
        }
    }

    @Test("a killed and restarted server loses no acknowledged message for the consumer", .proves("G-02"))
    func kill() async throws {
        try await Fixture.with { fixture in
            let consumer = try worker(fixture, wait: .seconds(2))
            var seen: Set<String> = []
            for round in 0..<3 {
                try await fixture.publishAll(numbered(round * 300..<round * 300 + 150))
                try await fixture.server.kill()
                try await fixture.server.start()
                try await fixture.publishAll(numbered(round * 300 + 150..<round * 300 + 300))
            }
            try await eventually(within: .seconds(40)) {
                let messages = try await consumer.next(maximum: 500, within: .milliseconds(100))
                messages.ackAll()
                seen.formUnion(messages.compactMap(\.messageID))
                return seen.count == 900
            }
            #expect(fixture.client.connections >= 4)
            await consumer.close()
        }
    }

    @Test("a durable that was deleted, or whose stream appears late, is made again")
    func recreate() async throws {
        try await Fixture.with(stream: nil) { fixture in
            let consumer = try worker(fixture)
            try await eventually { consumer.problem?.code == .notFound || consumer.problem?.code == .refused }
            try await fixture.admin.ensureStream(Fixture.stream)
            try await fixture.publishAll(numbered(0..<10))
            #expect(try await drain(consumer, 10).count == 10)
            try await fixture.admin.deleteConsumer(stream: "T", consumer: "worker")
            // The new one begins at the start again: at least once.
            #expect(try await drain(consumer, 10).map(\.sequence) == Array(1...10))
            #expect(consumer.problem == nil)
            await consumer.close()
        }
    }

    @Test("a waiting reader ends when its task is cancelled or the consumer is closed")
    func cancel() async throws {
        try await Fixture.with { fixture in
            let consumer = try worker(fixture)
            await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask { try await consumer.next(maximum: 1, within: .seconds(600)).count }
                group.cancelAll()
                let result = await group.nextResult()
                #expect(throws: CancellationError.self) { try result?.get() }
            }
            await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask { try await consumer.next(maximum: 1, within: .seconds(600)).count }
                await consumer.close()
                let result = await group.nextResult()
                #expect(throws: NATSError.self) { try result?.get() }
            }
        }
    }

    @Test("fetching ahead is bounded by what was asked for")
    func bounded() async throws {
        try await Fixture.with { fixture in
            try await fixture.publishAll(numbered(0..<300))
            let consumer = try worker(fixture, batch: 20, requests: 2)
            try await eventually { consumer.buffered == 40 }
            let info = try await fixture.admin.consumerInfo(stream: "T", consumer: "worker")
            #expect(info?.acknowledgementsPending == 40)
            #expect(info?.pending == 260)
            #expect(try await drain(consumer, 300).map(\.sequence) == Array(1...300))
            await consumer.close()
        }
    }
}
