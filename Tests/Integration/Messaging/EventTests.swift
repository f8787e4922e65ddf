import Domain
import Events
import Messaging
import NATS
import SharedTesting
import Synchronization
import Testing

@Suite(.serialized) struct EventTests {
    @Test("all streams are made with files, their ages and a 10 s duplicate window, once", .proves("MSG-01"))
    func streams() async throws {
        try await Fixture.with { fixture in
            let again = try await Streams.ensure(on: fixture.client)
            #expect(again.count == Streams.allCases.count)
            #expect(again.values.allSatisfy { $0 == .unchanged })
            let accounting = Streams.accounting.configuration()
            #expect(accounting.maximumAge == .seconds(7 * 86_400))
            #expect(accounting.duplicateWindow == .seconds(10))
            #expect(Streams.commands.configuration().retention == .workQueue)
            for stream in Streams.allCases {
                #expect(try await fixture.admin.streamInfo(stream.name) != nil)
            }
        }
    }

    @Test("an event is stored once however often it is published, and is read as it was written", .proves("MSG-07"))
    func roundTrip() async throws {
        try await Fixture.with { fixture in
            let first = try await fixture.publisher.publish(fixture.event(7))
            let second = try await fixture.publisher.publish(fixture.event(7))
            #expect(!first.duplicate && second.duplicate && first.sequence == second.sequence)
            #expect(fixture.publisher.offer(fixture.event(8)))
            let received = Mutex<[Event<Tested>]>([])
            try await fixture.running(try fixture.consumer()) { events in
                received.withLock { $0 += events }
            } until: {
                try await eventually { received.withLock { $0.count } == 2 }
            }
            #expect(received.withLock { $0 } == [fixture.event(7), fixture.event(8)])
        }
    }

    @Test("an event waits out a server's restart and is stored once")
    func outage() async throws {
        try await Fixture.with { fixture in
            try await fixture.server.kill()
            async let receipt = fixture.publisher.publish(fixture.event(1))
            try await eventually { fixture.client.state == .disconnected }
            try await fixture.server.start()
            #expect(try await receipt.sequence == 1)
            #expect(try await fixture.admin.streamInfo("DOMAIN")?.messages == 1)
        }
    }

    @Test("an event that nobody takes is given up with the reason")
    func refused() async throws {
        try await Fixture.with { fixture in
            let publisher = try EventPublisher(fixture.client, limit: .milliseconds(300))
            let error = await #expect(throws: EventNotAcknowledged.self) {
                try await publisher.publish([1], subject: "nowhere.at.all", messageID: "x")
            }
            #expect(error?.reason.contains("no stream") == true)
            await publisher.close()
        }
    }

    @Test("one poisoned message among many is found, tried, buried with its reason, and replayed", .proves("MSG-03"))
    func deadLetter() async throws {
        try await Fixture.with { fixture in
            for number in 0..<100 { try await fixture.publisher.publish(fixture.event(number)) }
            let seen = Seen()
            let tries = Atomic(0)
            try await fixture.running(try fixture.consumer()) { events in
                if events.contains(where: { $0.payload.number == 42 }) {
                    if events.count == 1 { tries.add(1, ordering: .relaxed) }
                    throw Trouble.poisoned(42)
                }
                seen.add(events)
            } until: {
                try await eventually { try await !fixture.deadLetters.list().isEmpty && seen.numbers.count == 99 }
            }
            #expect(tries.load(ordering: .relaxed) == 3)
            #expect(seen.numbers == Set(0..<100).subtracting([42]))
            let letters = try await fixture.deadLetters.list()
            let letter = try #require(letters.first)
            #expect(letters.count == 1)
            #expect(letter.reason.contains("poisoned(42)"))
            #expect(letter.subject == "usage.tested.\(Fixture.tenant)")
            #expect(letter.stream == "DOMAIN" && letter.consumer == "tester")
            #expect(letter.messageID == fixture.event(42).id.description)
            #expect(try Event<Tested>(decoding: letter.payload) == fixture.event(42))

            // Mended, it is replayed and handled; the queue is empty again.
            #expect(try await fixture.deadLetters.replay(letter.sequence))
            #expect(try await !fixture.deadLetters.replay(letter.sequence))
            try await fixture.running(try fixture.consumer()) {
                seen.add($0)
            } until: {
                try await eventually { seen.numbers.contains(42) }
            }
            #expect(try await fixture.deadLetters.list().isEmpty)
        }
    }

    @Test("a message that cannot be read is buried at once and holds up nothing", .proves("MSG-03"))
    func unreadable() async throws {
        try await Fixture.with { fixture in
            try await fixture.publisher.publish(fixture.event(1))
            try await fixture.publisher.publish(
                Array("{\"no\":\"event\"".utf8),
                subject: "usage.tested.x",
                messageID: "bad\nid"
            )
            try await fixture.publisher.publish(fixture.event(2))
            let seen = Seen()
            try await fixture.running(try fixture.consumer(5)) {
                seen.add($0)
            } until: {
                try await eventually { try await fixture.deadLetters.list().count == 1 && seen.numbers == [1, 2] }
            }
            #expect(try await fixture.deadLetters.list().first?.reason.contains("nexora.usage.v1.Tested") == true)
        }
    }

    @Test("an outage holds the batch and consumes no attempt, however long it lasts")
    func held() async throws {
        try await Fixture.with { fixture in
            for number in 0..<20 { try await fixture.publisher.publish(fixture.event(number)) }
            let seen = Seen()
            let tries = Atomic(0)
            try await fixture.running(try fixture.consumer(2)) { events in
                if tries.add(1, ordering: .relaxed).newValue <= 5 { throw Trouble.databaseDown }
                seen.add(events)
            } until: {
                try await eventually { seen.numbers.count == 20 }
            }
            #expect(try await fixture.deadLetters.list().isEmpty)
            try await eventually {
                let info = try await fixture.admin.consumerInfo(stream: "DOMAIN", consumer: "tester")
                return info?.acknowledgedThrough == 20
            }
        }
    }

    @Test("two workers share a durable over the server's death: every event handled, none buried", .proves("MSG-04"))
    func workers() async throws {
        try await Fixture.with { fixture in
            let seen = Seen()
            let other = try fixture.consumer()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await other.run(Tested.self) { seen.add($0) } }
                try await fixture.running(try fixture.consumer()) {
                    seen.add($0)
                } until: {
                    for number in 0..<100 { try await fixture.publisher.publish(fixture.event(number)) }
                    try await fixture.server.kill()
                    try await fixture.server.start()
                    for number in 100..<200 { try await fixture.publisher.publish(fixture.event(number)) }
                    try await eventually(within: .seconds(40)) { seen.numbers.count == 200 }
                }
                other.stop()
                try await group.waitForAll()
            }
            await other.close()
            #expect(try await fixture.deadLetters.list().isEmpty)
        }
    }
}
