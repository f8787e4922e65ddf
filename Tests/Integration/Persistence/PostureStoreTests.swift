import Domain
import Events
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite struct PostureStoreTests {
    private let run = UUID128(high: 9, low: 1)

    private func event(
        _ nas: NAS,
        logins: UInt64,
        signed: UInt64? = nil,
        eap: UInt64 = 0,
        run: UInt64 = 1,
        at time: Timestamp = DirectoryWorld.now
    ) -> Event<NASPostureSeen> {
        var posture = NASPosture()
        (posture.logins, posture.signed, posture.eap, posture.pap) = (logins, signed ?? logins, eap, logins - eap)
        return Event(
            id: EventID(UUID128(high: 1, low: logins)),
            source: "/tests",
            time: time,
            tenantID: nas.tenantID,
            payload: NASPostureSeen(
                nasID: nas.id,
                day: time.day.description,
                runID: UUID128(high: 9, low: run),
                posture: posture,
                firstSeenAt: time - .seconds(3_600),
                lastSeenAt: time + .seconds(Int64(logins)),
                sourceAddress: "192.0.2.\(logins % 200)",
                secretOctets: 16
            )
        )
    }

    private func store(_ world: DirectoryWorld) -> PostureStore {
        PostureStore(PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_pipeline")))
    }

    private func summary(_ world: DirectoryWorld, _ nas: NAS, since day: CivilDate = DirectoryWorld.now.day)
        async throws
        -> NASPostureSummary?
    {
        try await world.within(nas.tenantID) {
            try await NASPostureRepository($0).summaries(of: [nas.id], since: day)[nas.id]
        }
    }

    @Test(.proves("RAD-07", "MSG-04"))
    func `tellings in any order and number add up to the newest of each run and day`() async throws {
        let world = try await DirectoryWorld()
        let store = store(world)
        let nas = world.one.nas
        var random = SeededRandom()
        for round in 0..<10 {
            let time = DirectoryWorld.now + .seconds(Int64(round) * 86_400)
            var events: [Event<NASPostureSeen>] = []
            for run in UInt64(1)...3 {
                for logins in UInt64(1)...10 {
                    events.append(event(nas, logins: logins * 5, eap: logins, run: run, at: time))
                }
            }
            events += events.shuffled(using: &random).prefix(10)
            events.shuffle(using: &random)
            var rest = events[...]
            while !rest.isEmpty {
                let part = rest.prefix(Int.random(in: 1...7, using: &random))
                try await store.store(Array(part))
                rest = rest.dropFirst(part.count)
            }
            let found = try #require(try await summary(world, nas, since: time.day))
            #expect(found.posture.logins == 150 && found.posture.eap == 30 && found.posture.pap == 120)
            #expect(found.secretOctets == 16 && found.source == "192.0.2.50")
            #expect(found.firstSeenAt == time - .seconds(3_600) && found.lastSeenAt == time + .seconds(50))
        }
        #expect(try await summary(world, nas)?.posture.logins == 1_500)
        try await store.forget(before: DirectoryWorld.now.day.adding(days: 9))
        #expect(try await summary(world, nas)?.posture.logins == 150)
        // Another tenant sees nothing of it, and a NAS that is gone is passed over and takes its days along.
        let others = try await world.within(world.two.tenant) {
            try await NASPostureRepository($0).summaries(of: [nas.id], since: DirectoryWorld.now.day)
        }
        #expect(others.isEmpty)
        try await world.within(nas.tenantID) { try await NASRepository($0).remove(nas) }
        try await store.store([event(nas, logins: 1), event(world.two.nas, logins: 2)])
        #expect(try await summary(world, nas) == nil)
        #expect(try await summary(world, world.two.nas)?.posture.logins == 2)
        await world.close()
    }

    @Test(.proves("G-02")) func `the ratchet turns once, forwards, and only for who earned it`() async throws {
        let world = try await DirectoryWorld()
        let store = store(world)
        var nas = world.one.nas
        (nas.requireMessageAuthenticator, nas.ratchetsMessageAuthenticator) = (false, true)
        try await world.within(nas.tenantID) { [nas] in try await NASRepository($0).update(nas) }
        let terms = PostureStore.Ratchet(requests: 100, observation: .seconds(3_600), days: 7)
        let now = DirectoryWorld.now
        #expect(try await store.ratchet(terms, now: now) == [])
        try await store.store([event(nas, logins: 150, eap: 60)])
        #expect(try await store.ratchet(terms, now: now) == [], "EAP says nothing of other logins")
        try await store.store([event(nas, logins: 200, eap: 60)])
        #expect(try await store.ratchet(terms, now: now - .seconds(60)) == [], "not watched for long enough")
        try await store.store([event(nas, logins: 1, signed: 0, run: 2)])
        #expect(try await store.ratchet(terms, now: now) == [], "one had none")
        #expect(try await store.ratchet(terms, now: now + .seconds(7 * 86_400)) == [], "too long ago to count")
        let later = now + .seconds(7 * 86_400)
        try await store.store([event(nas, logins: 500, at: later)])
        #expect(try await store.ratchet(terms, now: later) == ["nas"])
        #expect(try await store.ratchet(terms, now: later) == [])
        let changed = try await world.within(nas.tenantID) { try await NASRepository($0).find(nas.id) }
        #expect(changed?.requireMessageAuthenticator == true && changed?.ratchetsMessageAuthenticator == true)
        let other = try await world.within(world.two.tenant) { try await NASRepository($0).find(world.two.nas.id) }
        #expect(other?.requireMessageAuthenticator == true, "it was before")
        let told = try await world.asRole("nexora_pipeline") { transaction in
            try await transaction.query("SELECT data FROM outbox WHERE subject = 'radius.tightened'").compactMap {
                $0[0].text
            }
        }
        #expect(told.count == 1 && told.first?.contains("\"actor\":\"ratchet\"") == true)
        let kept = try await world.within(nas.tenantID) { try await NASPostureRepository($0).tightenings(of: nas.id) }
        #expect(kept.map(\.actor) == ["ratchet"] && kept.map(\.forced) == [false])
        // Loosened by an operator it earns it anew; the pipelines themselves cannot loosen anything.
        let untouched = try await world.asRole("nexora_pipeline") {
            try await $0.query("UPDATE nas_devices SET require_message_authenticator = false").affectedRows
        }
        #expect(untouched == 0)
        nas.requireMessageAuthenticator = false
        try await world.within(nas.tenantID) { [nas] in try await NASRepository($0).update(nas) }
        for column in [
            "require_message_authenticator = false", "auth_rate = 0", "ratchets_message_authenticator = true",
        ] {
            await #expect(throws: (any Error).self) {
                try await world.asRole("nexora_pipeline") { try await $0.query("UPDATE nas_devices SET \(column)") }
            }
        }
        #expect(try await store.ratchet(terms, now: later) == ["nas"])
        await world.close()
    }

    @Test(.proves("G-02")) func `a range of addresses never ratchets`() async throws {
        let world = try await DirectoryWorld()
        var nas = world.one.nas
        nas.address = try #require(IPPrefix("10.0.0.0/24"))
        nas.ratchetsMessageAuthenticator = true
        #expect(throws: ValidationError.self) { try nas.validate() }
        await #expect(throws: (any Error).self) {
            try await world.asRole("nexora_gateway", settings: [("nexora.tenants", "{\(nas.tenantID)}")]) {
                transaction in
                try await transaction.query(
                    "UPDATE nas_devices SET ratchets_message_authenticator = true, address = '10.0.0.0/24' WHERE id = '\(nas.id)'"
                )
            }
        }
        await world.close()
    }
}
