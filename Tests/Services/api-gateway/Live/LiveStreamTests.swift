import Domain
import Events
import Identity
import Messaging
import NATS
import Observability
import SharedTesting
import Testing

@testable import APIGateway

/// Tails over a real JetStream.
@Suite(.serialized, .proves("WS-05", "WS-06", "WS-07")) struct LiveStreamTests {
    private struct Server {
        let nats: RealNATS
        let client: NATSClient
        let publisher: EventPublisher
        let tails: EventTails

        func publish(_ count: Int, tenant: (Int) -> UInt64 = { _ in 2 }) async throws -> [PublishReceipt] {
            var receipts: [PublishReceipt] = []
            for number in 0..<count {
                let tenant = LiveSample.tenant(tenant(number))
                receipts.append(
                    try await publisher.publish(
                        LiveSample.json(tenant, username: "user\(number % 3)"),
                        subject: "session.started.\(tenant)",
                        messageID: "\(LiveSample.id(UInt64.random(in: 0...UInt64(UInt32.max))))"
                    )
                )
            }
            return receipts
        }
    }

    private func withServer(_ body: (Server) async throws -> Void) async throws {
        let nats = try await RealNATS.start()
        let logger = Logger(service: "test", level: .fatal, sink: MemoryLogSink())
        let client = try NATSClient(
            NATSConfiguration(url: nats.url, name: "test", reconnectWait: .milliseconds(20)),
            logger: logger
        )
        let publisher = try EventPublisher(client)
        let result: Result<Void, any Error>
        do {
            try await Streams.ensureWhenReady(on: client)
            let server = Server(
                nats: nats,
                client: client,
                publisher: publisher,
                tails: try EventTails(client, stream: .domain)
            )
            result = .success(try await body(server))
        } catch {
            result = .failure(error)
        }
        await publisher.close()
        await client.close()
        try? await nats.kill()
        try result.get()
    }

    @Test func `resuming from any place delivers exactly the events after it, from memory or from the stream`()
        async throws
    {
        try await withServer { server in
            var random = SeededRandom()
            let homes = (0..<240).map { _ in UInt64.random(in: 2...4, using: &random) }
            let receipts = try await server.publish(homes.count) { homes[$0] }
            #expect(receipts.map(\.sequence) == Array(1...240))
            let bench = LiveBench(server.tails, events: 120)
            let cases = (0..<100).map { _ in
                (UInt64.random(in: 0...240, using: &random), UInt64.random(in: 1...4, using: &random))
            }
            try await bench.running {
                try await eventually { bench.feed.end?.sequence == 240 }
                for (place, home) in cases {
                    let visible: Set<UInt64> = home == 1 ? [2, 3, 4] : home == 2 ? [2, 4] : [home]
                    let expected = homes.indices.filter { visible.contains(homes[$0]) }.map { UInt64($0) + 1 }.filter {
                        $0 > place
                    }
                    let principal = Principal.sample(.nocEngineer, LiveSample.tenant(home))
                    try await bench.watching(principal, LiveFilter(), .after(place)) { output, _, _ in
                        try await eventually { output.isReady && output.sequences.count >= expected.count }
                        #expect(output.sequences == expected)
                    }
                }
            }
        }
    }

    @Test func `a tail goes on where it stood when the server comes back`() async throws {
        try await withServer { server in
            _ = try await server.publish(5)
            let bench = LiveBench(server.tails)
            try await bench.running {
                try await bench.watching(.sample(.nocEngineer, LiveSample.tenant(1))) { output, _, _ in
                    try await eventually { output.isReady }
                    _ = try await server.publish(20)
                    try await eventually { output.sequences.count >= 20 }
                    try await server.nats.stop()
                    try await server.nats.start()
                    try await eventually { server.client.state == .connected }
                    _ = try await server.publish(20)
                    try await eventually(within: .seconds(30)) { output.sequences.count >= 40 }
                    #expect(output.sequences == Array(6...45))
                }
            }
        }
    }

    @Test func `a stream that was made anew is told, and read on`() async throws {
        try await withServer { server in
            _ = try await server.publish(30)
            let bench = LiveBench(server.tails)
            let admin = try JetStreamAdmin(server.client)
            try await bench.running {
                try await bench.watching(.sample(.nocEngineer, LiveSample.tenant(1)), LiveFilter(), .after(25)) {
                    output,
                    _,
                    _ in
                    try await eventually { output.sequences.last == 30 }
                    try await admin.deleteStream(Streams.domain.name)
                    try await Streams.ensure([.domain], on: server.client)
                    _ = try await server.publish(3)
                    try await eventually(within: .seconds(60)) { output.sequences.count >= 8 }
                    #expect(output.sequences == Array(26...30) + [1, 2, 3])
                    #expect(output.notices.contains { if case .gap(.rewound, _, _) = $0 { true } else { false } })
                }
            }
        }
    }

    @Test func `the place of a time is in front of the first message that was stored since`() async throws {
        try await withServer { server in
            #expect(try await server.tails.place(at: 0) == 0)
            let last = UInt64(try await server.publish(60).count)
            let admin = try JetStreamAdmin(server.client)
            var times: [Int64] = []
            for sequence in 1...last {
                let message = try await admin.message(stream: Streams.domain.name, sequence: sequence)
                times.append(try #require(message).timeMicroseconds)
            }
            #expect(times == times.sorted())
            var random = SeededRandom()
            func holds(_ time: Int64, from first: UInt64) async throws {
                let found = times.indices.map { UInt64($0) + 1 }.first { $0 >= first && times[Int($0) - 1] >= time }
                let expected = found.map { $0 == first ? 0 : $0 - 1 } ?? last
                #expect(try await server.tails.place(at: time) == expected, "\(time) of \(times) from \(first)")
            }
            for _ in 0..<100 {
                // The very time of a message, and a microsecond beside it.
                let time = (times.randomElement(using: &random) ?? 0) + Int64.random(in: -1...1, using: &random)
                try await holds(time, from: 1)
            }
            for sequence: UInt64 in 1...20 {
                #expect(try await admin.deleteMessage(stream: Streams.domain.name, sequence: sequence))
            }
            for time in [0, times[0], times[19], times[20], times[40], times[59], times[59] + 1] {
                try await holds(time, from: 21)
            }
            try await admin.purgeStream(Streams.domain.name)
            #expect(try await server.tails.place(at: times[10]) == 0)
        }
    }

    @Test func `a tail begins at a time of the stream's own, and says where it is live`() async throws {
        try await withServer { server in
            _ = try await server.publish(40)
            let admin = try JetStreamAdmin(server.client)
            let message = try await admin.message(stream: Streams.domain.name, sequence: 25)
            let time = Timestamp(microseconds: try #require(message).timeMicroseconds)
            // From the stream, and from memory.
            for events in [10, 1_000] {
                let bench = LiveBench(server.tails, events: events)
                try await bench.running {
                    try await eventually { bench.feed.end?.sequence == 40 }
                    let principal = Principal.sample(.nocEngineer, LiveSample.tenant(1))
                    try await bench.watching(principal, LiveFilter(), .since(time)) { output, _, _ in
                        try await eventually { output.live == [40] }
                        // Messages of one microsecond have one time.
                        let first = try #require(output.sequences.first)
                        #expect(first <= 25 && output.sequences == Array(first...40))
                        #expect(output.gaps.isEmpty)
                    }
                }
            }
        }
    }

    @Test func `what is no event is passed over and counted`() async throws {
        try await withServer { server in
            let bench = LiveBench(server.tails)
            try await bench.running {
                try await bench.watching(.sample(.nocEngineer, LiveSample.tenant(1))) { output, _, _ in
                    try await eventually { output.isReady }
                    _ = try await server.publisher.publish(
                        Array("nonsense".utf8),
                        subject: "session.started.x",
                        messageID: "a"
                    )
                    _ = try await server.publish(1)
                    try await eventually { output.sequences == [2] }
                    let metrics = String(decoding: bench.registry.render(), as: UTF8.self)
                    #expect(metrics.contains("live_unreadable_total 1"))
                }
            }
        }
    }
}
