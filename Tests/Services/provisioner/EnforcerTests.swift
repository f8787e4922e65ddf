import CoA
import Domain
import Events
import Messaging
import SharedTesting
import Testing

@testable import Provisioner

/// The enforcer over a real database and a real stream; its NASes are models.
@Suite(.serialized, .proves("COA-05", "COA-07", "PLT-35")) struct EnforcerTests {
    @Test func `an intent becomes a request, an acknowledgement and a proof, once, however often it comes`()
        async throws
    {
        let world = try await ProvisionerWorld()
        let nases = ModelNASes.obedient()
        try await world.withEnforcer(nases) {
            let session = try await world.session()
            let id = try await world.ask(session)
            try await eventually { try await world.states() == ["acknowledged"] }
            try await world.ask(session, id: id)
            try await world.end(session)
            try await eventually { try await world.states() == ["confirmed"] }
            #expect(try await world.told() == 1)
            #expect(nases.count == 1)
        }
        await world.close()
    }

    @Test func `a hundred sessions of a NAS all go, each asked about once`() async throws {
        let world = try await ProvisionerWorld()
        let nases = ModelNASes.obedient()
        try await world.withEnforcer(nases) {
            var sessions: [SessionID] = []
            for _ in 0..<100 { sessions.append(try await world.session()) }
            for session in sessions { try await world.ask(session) }
            try await eventually(within: .seconds(60)) {
                try await world.states().filter { $0 == "acknowledged" }.count == 100
            }
            for session in sessions { try await world.end(session) }
            try await eventually(within: .seconds(60)) { try await world.told() == 100 }
            #expect(nases.count == 100)
            #expect(Set(try await world.states()) == ["confirmed"])
        }
        await world.close()
    }

    @Test(.proves("COA-04")) func `what a killed process had begun is done by the next, and only what is open`()
        async throws
    {
        let world = try await ProvisionerWorld()
        let (open, over) = (try await world.session(), try await world.session())
        let mute = ModelNASes.mute()
        try await world.withEnforcer(mute, isKilled: true) {
            try await world.ask(open)
            try await world.ask(over)
            try await eventually { mute.count == 2 }
        }
        #expect(try await world.states() == ["sent", "sent"])
        try await world.end(over)
        let nases = ModelNASes.obedient()
        try await world.withEnforcer(nases) {
            try await eventually { try await world.states().sorted() == ["acknowledged", "confirmed"] }
            try await world.end(open)
            try await eventually { try await world.told() == 2 }
        }
        #expect(nases.count == 1)
        await world.close()
    }

    @Test func `one process leads, and the next takes over when it is gone`() async throws {
        let world = try await ProvisionerWorld()
        let (first, second) = (ModelNASes.obedient(), ModelNASes.obedient())
        try await world.withEnforcer(first) {
            let session = try await world.session()
            try await world.ask(session)
            try await eventually { first.count == 1 }
        }
        try await world.withEnforcer(second) {
            try await world.ask(try await world.session())
            try await eventually { second.count == 1 }
            #expect(first.count == 1)
        }
        await world.close()
    }

    @Test func `an intent that names nobody is buried, and the others go on`() async throws {
        let world = try await ProvisionerWorld()
        let nases = ModelNASes.obedient()
        let event = Event(
            id: world.ids.next(),
            source: "/tests",
            time: ProvisionerWorld.clock.now(),
            tenantID: world.tenant,
            payload: DisconnectRequested(admissionID: nil, nasID: world.nas.id, serviceID: nil, reason: .requested)
        )
        #expect(Enforcer.order(event, storedAt: .epoch) == nil)
        let subject = Subjects.event(DisconnectRequested.self, tenant: world.tenant)
        try await world.publisher.publish(EventEnvelope(event), subject: subject)
        try await world.withEnforcer(nases) {
            try await world.ask(try await world.session())
            try await eventually(within: .seconds(60)) { nases.count == 1 }
            let letters = try DeadLetterQueue(world.client, publisher: world.publisher)
            try await eventually(within: .seconds(60)) {
                try await letters.list().map(\.messageID) == [event.id.description]
            }
        }
        await world.close()
    }
}
