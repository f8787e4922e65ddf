import Concurrency
import Domain
import Events
import Messaging
import NATS
import Persistence
import SharedTesting
import Testing

/// The daemon itself, over what radius-servers tell of their NASes.
@Suite(.serialized) struct PostureDaemonTests {
    @Test(.proves("RAD-07", "G-02", "MSG-03"))
    func `what a NAS sends is stored, its ratchet turns, and what cannot be read is buried alone`() async throws {
        let world = try await AccountingWorld()
        let nats = try await RealNATS.start()
        let folder = try TemporaryDirectory()
        try await TenantScope(root: world.tenant).transaction(on: world.owner) { transaction in
            _ = try await transaction.query(
                """
                INSERT INTO nas_devices (tenant_id, id, name, address, secret, require_message_authenticator,
                    ratchets_message_authenticator)
                VALUES ('\(world.tenant)', '\(world.nas)', 'core', '192.0.2.1', '\\x00', false, true)
                """
            )
        }
        let daemon = try await ConsumerDaemon.start(
            world,
            nats,
            folder,
            settings: [
                "NEXORA_POSTURE_RATCHET_REQUESTS=1000", "NEXORA_POSTURE_RATCHET_AFTER=0s",
                "NEXORA_POSTURE_INTERVAL=20ms",
                "NEXORA_OUTBOX_IDLE=5ms",
            ]
        )
        let bus = try Bus(nats)
        try await Streams.ensureWhenReady(on: bus.client)
        var broken = EventEnvelope(event(world, logins: 1))
        broken.data = Array("{}".utf8)
        let subject = Subjects.event(NASPostureSeen.self, tenant: world.tenant)
        try await bus.publisher.publish(broken, subject: subject)
        for logins in [UInt64(400), 999, 999, 600] { try await bus.publisher.publish(event(world, logins: logins)) }
        try await eventually(within: .seconds(60)) {
            try await world.number("SELECT coalesce(sum(logins), 0)::bigint FROM nas_posture") == 999
        }
        #expect(try await world.number("SELECT count(*) FROM nas_devices WHERE require_message_authenticator") == 0)
        try await bus.publisher.publish(event(world, logins: 1_000))
        try await eventually(within: .seconds(60)) {
            try await world.number("SELECT count(*) FROM nas_devices WHERE require_message_authenticator") == 1
        }
        try await eventually(within: .seconds(60)) {
            let events = try await bus.domainEvents().values
            return events.contains { $0.type == NASTightened.type }
                && events.contains { $0.type == DirectoryChanged.type }
        }
        let letters = try DeadLetterQueue(bus.client, publisher: bus.publisher)
        try await eventually(within: .seconds(20)) {
            try await letters.list().map(\.messageID) == [broken.id.description]
        }
        await bus.close()
        #expect(try await daemon.process.stop() == 0)
    }

    private func event(_ world: AccountingWorld, logins: UInt64) -> Event<NASPostureSeen> {
        var posture = NASPosture()
        (posture.logins, posture.signed, posture.pap) = (logins, logins, logins)
        let now = Timestamp(microseconds: SystemClock.microsecondsSince1970())
        return Event(
            id: EventID(UUID128(high: .random(in: .min ... .max), low: logins)),
            source: "/radius-server/test",
            time: now,
            tenantID: world.tenant,
            payload: NASPostureSeen(
                nasID: world.nas,
                day: Self.today,
                runID: UUID128(high: 1, low: 1),
                posture: posture,
                firstSeenAt: now,
                lastSeenAt: now,
                sourceAddress: "192.0.2.1",
                secretOctets: 32
            )
        )
    }

    /// The daemon's own clock says which days count.
    private static let today = Timestamp(microseconds: SystemClock.microsecondsSince1970()).day.description
}
