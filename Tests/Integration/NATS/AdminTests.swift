import NATS
import SharedTesting
import Testing

@Suite(.serialized) struct AdminTests {
    private func refusal(_ body: () async throws -> Void) async -> NATSError? {
        do { try await body() } catch { return error as? NATSError }
        return nil
    }

    @Test("making sure of a stream twice changes nothing; a harmless difference is brought in line")
    func idempotent() async throws {
        try await Fixture.with(stream: nil) { fixture in
            var stream = Fixture.stream
            #expect(try await fixture.admin.ensureStream(stream) == .created)
            #expect(try await fixture.admin.ensureStream(stream) == .unchanged)
            let info = try #require(try await fixture.admin.streamInfo("T"))
            #expect(info.lastSequence == 0 && info.createdMicroseconds > 0)
            stream.maximumAge = .seconds(7_200)
            stream.subjects.append("more.>")
            #expect(try await fixture.admin.ensureStream(stream) == .updated(["subjects", "maximum age"]))
            #expect(try await fixture.admin.ensureStream(stream) == .unchanged)
            #expect(try await fixture.admin.streamInfo("T")?.createdMicroseconds == info.createdMicroseconds)
            #expect(try await fixture.admin.streamInfo("NONE") == nil)
        }
    }

    @Test("a difference that would lose messages is refused by name and nothing changes")
    func destructive() async throws {
        try await Fixture.with { fixture in
            try await fixture.publishAll([(id: "a", payload: "x")])
            var changes: [(String, StreamConfiguration)] = []
            var changed = Fixture.stream
            changed.subjects = ["other.>"]
            changes.append(("subjects", changed))
            changed = Fixture.stream
            changed.maximumAge = .seconds(60)
            changes.append(("maximum age", changed))
            changed = Fixture.stream
            changed.maximumBytes = 1_000
            changes.append(("maximum bytes", changed))
            changed = Fixture.stream
            changed.retention = .workQueue
            changes.append(("retention", changed))
            for (name, configuration) in changes {
                let error = await refusal { try await fixture.admin.ensureStream(configuration) }
                #expect(error?.code == .destructiveChange)
                #expect(error?.message.contains(name) == true)
            }
            #expect(try await fixture.admin.ensureStream(Fixture.stream) == .unchanged)
            #expect(try await fixture.messages() == 1)
        }
    }

    @Test("a durable is made once, follows its limits, and keeps its filter")
    func consumer() async throws {
        try await Fixture.with { fixture in
            let wanted = ConsumerConfiguration(stream: "T", durable: "worker", filter: "t.a")
            let results = [
                try await fixture.admin.ensureConsumer(wanted), try await fixture.admin.ensureConsumer(wanted),
            ]
            #expect(results == [.created, .unchanged])
            var changed = wanted
            changed.maximumAcknowledgementsPending = 4_000
            changed.acknowledgementWait = .seconds(60)
            let later = [
                try await fixture.admin.ensureConsumer(changed), try await fixture.admin.ensureConsumer(changed),
            ]
            #expect(later == [.updated(["acknowledgement wait", "acknowledgements pending"]), .unchanged])
            let other = ConsumerConfiguration(stream: "T", durable: "worker", filter: "t.b")
            let error = await refusal { try await fixture.admin.ensureConsumer(other) }
            #expect(error?.code == .destructiveChange)
        }
    }

    @Test("without a connection every request fails at once, and a client starts before its server does")
    func offline() async throws {
        try await Fixture.with { fixture in
            try await fixture.server.stop()
            try await eventually { fixture.client.state == .disconnected }
            let error = await refusal { _ = try await fixture.admin.streamInfo("T") }
            #expect(error?.code == .disconnected)
            let early = try Fixture.makeClient(fixture.server)
            #expect(early.state == .disconnected)
            try await fixture.server.start()
            try await eventually { early.state == .connected }
            #expect(try await JetStreamAdmin(early).streamInfo("T")?.name == "T")
            await early.close()
            #expect(early.state == .closed)
        }
    }
}
