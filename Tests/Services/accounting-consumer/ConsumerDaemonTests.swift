import Domain
import Events
import Messaging
import NATS
import Persistence
import Postgres
import SharedTesting
import Testing

/// The daemon itself, against servers that a test may stop and kill.
@Suite(.serialized) struct ConsumerDaemonTests {
    private let start = Timestamp("2026-11-20T10:00:00Z") ?? .epoch

    @Test(.proves("ACC-02", "ACC-03", "ACC-05", "ACC-14", "MSG-03", "MSG-09", "MSG-04", "AUD-06"))
    func `daemons and servers are killed under load and every octet counts once`() async throws {
        let server = try await RealPostgres.start()
        let world = try await AccountingWorld(on: server)
        let nats = try await RealNATS.start()
        let folder = try TemporaryDirectory()
        // The daemons start while NATS is away, and make the streams when it comes.
        try await nats.stop()
        var first = try await ConsumerDaemon.start(world, nats, folder)
        let second = try await ConsumerDaemon.start(world, nats, folder)
        try await nats.start()
        let bus = try Bus(nats)
        let count = 200
        let subscribers = (1...count).map { Subscriber(world, $0, start: start) }
        let id = { (number: Int, age: Int) in UUID128(high: UInt64(number), low: UInt64(age) + 1) }
        for round in 0...8 {
            let age = round * 60
            let status: AccountingStatus = round == 0 ? .start : round == 8 ? .stop : .interimUpdate
            let records = subscribers.map { $0.record(status, age: age, id: id($0.number, age)) }
            async let published: Void = bus.publish(records.shuffled())
            switch round {
            case 2:
                try await first.process.kill()
                first = try await ConsumerDaemon.start(world, nats, folder)
            case 4:
                try await nats.kill()
                try await nats.start()
            case 6:
                try await server.kill()
                try await server.start()
            default: break
            }
            try await published
        }
        let expected = count * 480 * 1_100
        try await eventually(within: .seconds(120)) { try await world.octets().sessions == expected }
        #expect(try await world.number("SELECT count(*) FROM sessions WHERE closed_by = 'stop'") == count)
        #expect(try await world.octets().days == expected)
        #expect(try await world.number("SELECT count(*) FROM dead_letters") == 0)
        try await eventually(within: .seconds(60)) { try await world.number("SELECT count(*) FROM outbox") == 0 }
        try await checkEvents(try await bus.domainEvents(), sessions: count, octets: Int64(expected))
        try await eventually(within: .seconds(60)) {
            let info = try await bus.admin.consumerInfo(stream: "ACCOUNTING", consumer: "accounting-writers")
            return info?.pending == 0 && info?.acknowledgementsPending == 0
        }
        try await checkTrail(world, Array(try await bus.domainEvents().values))
        await bus.close()
        for daemon in [first, second] { #expect(try await daemon.process.stop() == 0) }
    }

    /// Every beginning and end that was told stands in the audit trail, once.
    private func checkTrail(_ world: AccountingWorld, _ events: [EventEnvelope]) async throws {
        for (type, action) in [(SessionStarted.type, "session_start"), (SessionStopped.type, "session_stop")] {
            let told = events.filter { $0.type == type }.map(\.id.description)
            #expect(!told.isEmpty)
            let recorded = { () async throws -> [String] in
                try await world.owner.query("SELECT id::text FROM audit_logs WHERE action = $1", [.text(action)])
                    .compactMap { $0[0].text }
            }
            try await eventually(within: .seconds(60)) { try await recorded().count >= told.count }
            #expect(try await recorded().sorted() == told.sorted())
        }
    }

    /// What the stream DOMAIN says must add up to what happened.
    private func checkEvents(_ events: [EventID: EventEnvelope], sessions: Int, octets: Int64) async throws {
        let started = try events.values.filter { $0.type == SessionStarted.type }.map {
            try $0.payload(SessionStarted.self).session.sessionID
        }
        #expect(started.count == sessions)
        #expect(Set(started).count == sessions)
        #expect(events.values.count { $0.type == SessionStopped.type } == sessions)
        let sum = try events.values.filter { $0.type == UsageAdvanced.type }.reduce(Int64(0)) { sum, event in
            try event.payload(UsageAdvanced.self).deltas.reduce(sum) { $0 + $1.inputOctets + $1.outputOctets }
        }
        #expect(sum == octets)
    }

    @Test(.proves("MSG-03")) func `poison is buried alone and everything else commits`() async throws {
        let world = try await AccountingWorld()
        let nats = try await RealNATS.start()
        let folder = try TemporaryDirectory()
        let daemon = try await ConsumerDaemon.start(world, nats, folder)
        let bus = try Bus(nats)
        var records = (1...150).map { Subscriber(world, $0, start: start).record(.start, age: 0) }
        records[70] = Subscriber(world, 71, start: start).record(.start, age: 0, framedIPv4: "no address")
        try await bus.publish(records)
        let subject = Subjects.accounting(tenant: world.tenant, nas: world.nas)
        try await bus.publisher.publish(Array("not JSON".utf8), subject: subject, messageID: "broken")
        try await eventually(within: .seconds(60)) { try await world.number("SELECT count(*) FROM dead_letters") == 2 }
        #expect(try await world.number("SELECT count(*) FROM sessions") == 149)
        let reasons = try await world.texts("SELECT reason FROM dead_letters ORDER BY reason")
        #expect(reasons.contains { $0?.hasPrefix("cannot be decoded") == true })
        #expect(reasons.contains { $0?.contains("22P02") == true })
        let letters = try DeadLetterQueue(bus.client, publisher: bus.publisher)
        try await eventually(within: .seconds(20)) { try await letters.list().count == 2 }
        try await eventually(within: .seconds(20)) {
            let events = try await bus.domainEvents()
            return events.values.count { $0.type == MessageDeadLettered.type } == 2
        }
        await bus.close()
        #expect(try await daemon.process.stop() == 0)
    }

    @Test(.proves("SES-08", "G-03")) func `the reaper waits while somebody still holds records`() async throws {
        let world = try await AccountingWorld()
        let nats = try await RealNATS.start()
        let folder = try TemporaryDirectory()
        let bus = try Bus(nats)
        try await Streams.ensureWhenReady(on: bus.client)
        _ = try await world.writer().commit([Subscriber(world, 1, start: start).record(.start, age: 0)])
        try await bus.publish([Subscriber(world, 2, start: start).record(.start, age: 0)])
        // A colleague that took the message and does not settle it: the stream is not processed.
        let colleague = try PullConsumer(
            bus.client,
            ConsumerConfiguration(
                stream: "ACCOUNTING",
                durable: "accounting-writers",
                acknowledgementWait: .seconds(60),
                maximumAcknowledgementsPending: 800
            )
        )
        let held = try await colleague.batch(maximum: 1, within: .seconds(1), patience: .seconds(30))
        #expect(held.count == 1)
        await colleague.close()
        let daemon = try await ConsumerDaemon.start(
            world,
            nats,
            folder,
            settings: [
                "NEXORA_REAPER_SETTLING=100ms", "NEXORA_REAPER_INTERVAL=10ms",
                "NEXORA_REAPER_AFTER=1s", "NEXORA_OUTBOX_IDLE=5ms", "NEXORA_CONSUMER_BATCHES_IN_FLIGHT=8",
            ],
            acknowledgementWait: "60s"
        )
        // The daemon is at work, and its reaper has had many rounds, when an event went from the outbox to the stream.
        try await world.run(
            """
            INSERT INTO outbox (tenant_id, type, subject, data)
            VALUES ('\(world.tenant)', 'nexora.messaging.v1.MessageDeadLettered', 'messaging.dead_lettered', '{"stream":"x"}')
            """
        )
        try await eventually(within: .seconds(30)) { try await world.number("SELECT count(*) FROM outbox") == 0 }
        #expect(try await world.number("SELECT count(*) FROM sessions WHERE closed_by = 'reaper'") == 0)
        for message in held { message.ack() }
        try await eventually(within: .seconds(60)) {
            try await world.number("SELECT count(*) FROM sessions WHERE closed_by = 'reaper'") == 1
        }
        await bus.close()
        #expect(try await daemon.process.stop() == 0)
    }
}
