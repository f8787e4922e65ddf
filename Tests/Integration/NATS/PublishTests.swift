import NATS
import SharedTesting
import Testing

@Suite(.serialized) struct PublishTests {
    /// Each token once, each unknown.
    private func expectUnsure(_ results: [(UInt64, AckResult)], _ count: Int) {
        #expect(Set(results.map(\.0)).count == count && results.count == count)
        #expect(results.allSatisfy { $0.1 == .unknown })
    }

    @Test("a message sent twice with one id is stored once, and told so", .proves("MSG-07"))
    func dedup() async throws {
        try await Fixture.with { fixture in
            let ledger = AckLedger()
            let publisher = try JetStreamPublisher(fixture.client, handler: ledger.handler)
            for token in UInt64(0)..<200 {
                let outcome = publisher.publish(
                    subject: "t.a",
                    payload: [1, 2, 3],
                    messageID: "id-\(token % 100)",
                    token: token
                )
                #expect(outcome == .accepted)
            }
            try await eventually { ledger.count == 200 }
            let results = ledger.take()
            #expect(Set(results.map(\.0)).count == 200)
            let duplicates = results.filter { if case .acknowledged(_, true) = $0.1 { true } else { false } }
            #expect(duplicates.count == 100)
            #expect(try await fixture.messages() == 100)
            #expect(publisher.outstanding == 0)
            await publisher.close()
        }
    }

    @Test("publishing never waits for room: a full window is told as stalled")
    func stalled() async throws {
        try await Fixture.with { fixture in
            let ledger = AckLedger()
            let publisher = try JetStreamPublisher(
                fixture.client,
                maximumOutstanding: 10,
                acknowledgementTimeout: .seconds(60),
                handler: ledger.handler
            )
            try await fixture.server.freeze()
            let outcomes = (UInt64(0)..<20).map {
                publisher.publish(subject: "t.a", payload: [], messageID: "s\($0)", token: $0)
            }
            #expect(outcomes.filter { $0 == .accepted }.count == 10)
            #expect(outcomes.suffix(10).allSatisfy { $0 == .stalled })
            fixture.server.resume()
            try await eventually { ledger.count == 10 }
            await publisher.close()
        }
    }

    @Test("an outage settles what is outstanding as unknown, refuses the rest at once, and ends by itself")
    func outage() async throws {
        try await Fixture.with { fixture in
            let ledger = AckLedger()
            let publisher = try JetStreamPublisher(
                fixture.client,
                acknowledgementTimeout: .seconds(600),
                handler: ledger.handler
            )
            try await fixture.server.freeze()
            for token in UInt64(0)..<100 {
                _ = publisher.publish(subject: "t.a", payload: [0], messageID: "o\(token)", token: token)
            }
            try await fixture.server.kill()
            try await eventually { ledger.count == 100 }
            expectUnsure(ledger.take(), 100)
            #expect(publisher.outstanding == 0)
            let outcome = publisher.publish(subject: "t.a", payload: [0], messageID: "late", token: 999)
            #expect(outcome == .disconnected)
            #expect(throws: NATSError.self) { try fixture.client.publish("t.a", [1]) }

            try await fixture.server.start()
            try await eventually { fixture.client.connections == 2 && fixture.client.state == .connected }
            let messages = (0..<100).map { (id: "o\($0)", payload: "x") }
            try await fixture.publishAll(messages)
            #expect(try await fixture.messages() == 100)
            await publisher.close()
        }
    }

    @Test("a frozen server makes acknowledgements unknown after their time, and sending again stores nothing twice")
    func frozen() async throws {
        try await Fixture.with { fixture in
            let ledger = AckLedger()
            let publisher = try JetStreamPublisher(
                fixture.client,
                acknowledgementTimeout: .milliseconds(100),
                handler: ledger.handler
            )
            try await fixture.server.freeze()
            for token in UInt64(0)..<50 {
                _ = publisher.publish(subject: "t.a", payload: [0], messageID: "f\(token)", token: token)
            }
            try await eventually { ledger.count == 50 }
            expectUnsure(ledger.take(), 50)
            fixture.server.resume()
            try await fixture.publishAll((0..<50).map { (id: "f\($0)", payload: "x") })
            #expect(try await fixture.messages() == 50)
            await publisher.close()
        }
    }

    @Test("a full stream, a subject without a stream and an oversized message are refused with the reason")
    func refused() async throws {
        var stream = Fixture.stream
        stream.maximumBytes = 4_096
        try await Fixture.with(stream: stream) { fixture in
            let ledger = AckLedger()
            let publisher = try JetStreamPublisher(fixture.client, handler: ledger.handler)
            _ = publisher.publish(subject: "nowhere", payload: [0], messageID: "a", token: 1)
            _ = publisher.publish(
                subject: "t.a",
                payload: .init(repeating: 0, count: 2_000_000),
                messageID: "b",
                token: 2
            )
            _ = publisher.publish(subject: "t.a", payload: .init(repeating: 0, count: 8_000), messageID: "c", token: 3)
            try await eventually { ledger.count == 3 }
            for (token, result) in ledger.take() {
                guard case .refused(let reason) = result else {
                    Issue.record("token \(token): \(result)")
                    continue
                }
                #expect(!reason.isEmpty)
            }
            await publisher.close()
        }
    }

    @Test("closing tells what is still outstanding")
    func close() async throws {
        try await Fixture.with { fixture in
            let ledger = AckLedger()
            let publisher = try JetStreamPublisher(
                fixture.client,
                acknowledgementTimeout: .seconds(600),
                handler: ledger.handler
            )
            try await fixture.server.freeze()
            for token in UInt64(0)..<10 {
                _ = publisher.publish(subject: "t.a", payload: [0], messageID: "c\(token)", token: token)
            }
            await publisher.close()
            #expect(ledger.count == 10)
            fixture.server.resume()
        }
    }
}
