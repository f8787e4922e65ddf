import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

/// Endpoints, deliveries and replays in Postgres, as people and as the notifier.
@Suite(.proves("PLT-25")) struct WebhookStoreTests {
    private struct Scene {
        let world: DirectoryWorld
        let session: PostgresSession
        let store: WebhookStore
        let secrets: WebhookSecrets

        init() async throws {
            world = try await DirectoryWorld()
            session = PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_notifier"))
            store = WebhookStore(session, ids: world.ids)
            secrets = WebhookSecrets(world.keyring)
        }

        var tenant: TenantID { world.one.tenant }

        func add(_ name: String = "a", tenant: TenantID? = nil, secret: [UInt8] = [UInt8](repeating: 1, count: 32))
            async throws -> WebhookEndpoint
        {
            let tenant = tenant ?? self.tenant
            return try await world.within(tenant) { transaction in
                let change = try await WebhookWriter(transaction, ids: world.ids).create(
                    WebhookEndpoint(
                        tenantID: tenant,
                        id: WebhookEndpointID(.zero),
                        url: "https://\(name).example.net/",
                        events: ["session.*"],
                        createdBy: .zero
                    ),
                    tenant: tenant,
                    keys: WebhookSigningKeys(secret: secret),
                    secrets: secrets
                )
                return try #require(change.after)
            }
        }

        func planned(_ endpoint: WebhookEndpoint, _ sequences: [UInt64]) -> [PlannedDelivery] {
            sequences.map {
                PlannedDelivery(
                    tenantID: endpoint.tenantID,
                    endpointID: endpoint.id,
                    eventID: EventID(UUID128(high: 9, low: $0)),
                    eventTenantID: endpoint.tenantID,
                    kind: "session.started",
                    sequence: $0,
                    payload: Array("{\"n\":\($0)}".utf8)
                )
            }
        }

        func claim(_ endpoint: WebhookEndpoint, at now: Timestamp = DirectoryWorld.now) async throws -> ClaimedDelivery?
        {
            try await store.claim(ref(endpoint), at: now, until: now + .seconds(30))
        }

        func ref(_ endpoint: WebhookEndpoint) -> WebhookRef { WebhookRef(tenantID: endpoint.tenantID, id: endpoint.id) }

        func outcome(_ end: WebhookOutcome.End, disabled: String? = nil) -> WebhookOutcome {
            let error = end == .delivered ? nil : "timeout"
            return WebhookOutcome(
                end: end,
                attempt: WebhookAttempt(
                    number: 1,
                    at: DirectoryWorld.now,
                    status: end == .delivered ? 200 : nil,
                    latencyMilliseconds: 5,
                    error: error,
                    excerpt: "said"
                ),
                standing: end == .delivered
                    ? WebhookStanding(lastSuccessAt: DirectoryWorld.now)
                    : WebhookStanding(failingSince: DirectoryWorld.now, failures: 1, lastError: error),
                disabled: disabled.map { ($0, "a.example.net") }
            )
        }

        func replay(_ replay: WebhookReplay) async throws -> WebhookReplay {
            try await world.within(tenant) { try await WebhookWriter($0, ids: world.ids).replay(replay) }
        }

        func close() async {
            await session.close()
            await world.close()
        }
    }

    private static let place = WebhookPosition(sequence: 10, created: 1)

    @Test func `deliveries are written once, with the place, by whoever has read so far`() async throws {
        let scene = try await Scene()
        let endpoint = try await scene.add()
        #expect(try await scene.store.position() == nil)
        try await scene.store.begin(at: Self.place)
        let planned = scene.planned(endpoint, [12, 11])
        #expect(try await scene.store.advance(from: Self.place, through: 12, planned, at: DirectoryWorld.now) == 2)
        await #expect(throws: StorageFault.self) {
            try await scene.store.advance(from: Self.place, through: 12, planned, at: DirectoryWorld.now)
        }
        let place = WebhookPosition(sequence: 12, created: 1)
        #expect(try await scene.store.position() == place)
        #expect(try await scene.store.advance(from: place, through: 13, planned, at: DirectoryWorld.now) == 0)
        var gone = planned[0]
        gone.endpointID = scene.world.ids.next()
        let next = WebhookPosition(sequence: 13, created: 1)
        #expect(try await scene.store.advance(from: next, through: 14, [gone], at: DirectoryWorld.now) == 0)
        await scene.close()
    }

    @Test func `the first of the stream is claimed, by one, and again when its claim has lapsed`() async throws {
        let scene = try await Scene()
        let endpoint = try await scene.add()
        try await scene.store.begin(at: Self.place)
        try await scene.store.advance(
            from: Self.place,
            through: 12,
            scene.planned(endpoint, [12, 11]),
            at: DirectoryWorld.now
        )
        #expect(try await scene.store.due(at: DirectoryWorld.now, limit: 9) == [scene.ref(endpoint)])
        let first = try #require(try await scene.claim(endpoint))
        #expect(first.delivery.sequence == 11 && first.payload == Array("{\"n\":11}".utf8))
        #expect(try scene.secrets.open(secret: first.sealedSecret, of: endpoint.id, tenant: scene.tenant).count == 32)
        #expect(try await scene.claim(endpoint) == nil)
        #expect(try await scene.store.due(at: DirectoryWorld.now, limit: 9).isEmpty)
        let late = DirectoryWorld.now + .seconds(31)
        let again = try #require(try await scene.claim(endpoint, at: late))
        #expect(again.delivery.id == first.delivery.id && again.delivery.attempts == 2)
        #expect(try await !scene.store.finish(first, scene.outcome(.delivered), at: late), "the claim is another's")
        #expect(try await scene.store.finish(again, scene.outcome(.delivered), at: late))
        #expect(try await scene.claim(endpoint, at: late)?.delivery.sequence == 12)
        let told = try await scene.world.within(scene.tenant) { transaction in
            let repository = WebhookRepository(transaction)
            let delivery = try #require(try await repository.delivery(first.delivery.id))
            return (delivery, try await repository.attempts(of: delivery), try await repository.find(endpoint.id))
        }
        #expect(
            told.0.state == .delivered && told.0.lastStatus == 200 && told.1.count == 1 && told.1[0].excerpt == "said"
        )
        #expect(told.2?.standing.lastSuccessAt == DirectoryWorld.now)
        await scene.close()
    }

    @Test func `disabling holds what waits and tells it once, enabling lets it go on`() async throws {
        let scene = try await Scene()
        let endpoint = try await scene.add()
        try await scene.store.begin(at: Self.place)
        try await scene.store.advance(
            from: Self.place,
            through: 12,
            scene.planned(endpoint, [11, 12]),
            at: DirectoryWorld.now
        )
        let claimed = try #require(try await scene.claim(endpoint))
        #expect(try await scene.store.finish(claimed, scene.outcome(.held, disabled: "gone"), at: DirectoryWorld.now))
        #expect(try await scene.store.due(at: DirectoryWorld.now, limit: 9).isEmpty)
        #expect(try await scene.store.figures().held == 2)
        let events = try await scene.world.database.session.query(
            "SELECT data FROM outbox WHERE subject = 'webhook.endpoint_disabled'"
        ).compactMap { $0["data"].text }
        #expect(events.count == 1 && events[0].contains("\"host\":\"a.example.net\"") && events[0].contains("\"gone\""))
        let enabled = try await scene.world.within(scene.tenant) { transaction in
            try await WebhookWriter(transaction, ids: scene.world.ids)
                .update(endpoint.id, at: DirectoryWorld.now) { $0.isEnabled = true }
        }
        #expect(enabled.before?.disabledReason == "gone" && enabled.after?.isEnabled == true)
        #expect(try await scene.claim(endpoint)?.delivery.sequence == 11)
        await scene.close()
    }

    @Test func `while a secret is rotated both are claimed, and the old one no longer than that`() async throws {
        let scene = try await Scene()
        let endpoint = try await scene.add()
        try await scene.store.begin(at: Self.place)
        try await scene.store.advance(
            from: Self.place,
            through: 11,
            scene.planned(endpoint, [11]),
            at: DirectoryWorld.now
        )
        let until = DirectoryWorld.now + .seconds(10)
        _ = try await scene.world.within(scene.tenant) { transaction in
            try await WebhookWriter(transaction, ids: scene.world.ids).rotate(
                endpoint.id,
                keys: WebhookSigningKeys(secret: [UInt8](repeating: 2, count: 32)),
                overlap: until,
                secrets: scene.secrets
            )
        }
        let claimed = try #require(try await scene.claim(endpoint))
        let previous = try #require(claimed.sealedPrevious)
        #expect(try scene.secrets.open(secret: previous, of: endpoint.id, tenant: scene.tenant)[0] == 1)
        #expect(try scene.secrets.open(secret: claimed.sealedSecret, of: endpoint.id, tenant: scene.tenant)[0] == 2)
        #expect(try await scene.claim(endpoint, at: DirectoryWorld.now + .seconds(60))?.sealedPrevious == nil)
        await scene.close()
    }

    @Test func `a replay writes again what has ended, and another one waits until it is over`() async throws {
        let scene = try await Scene()
        let endpoint = try await scene.add()
        try await scene.store.begin(at: Self.place)
        let planned = scene.planned(endpoint, [11])
        try await scene.store.advance(from: Self.place, through: 11, planned, at: DirectoryWorld.now)
        let claimed = try #require(try await scene.claim(endpoint))
        #expect(try await scene.store.finish(claimed, scene.outcome(.delivered), at: DirectoryWorld.now))
        let wanted = WebhookReplay(
            tenantID: scene.tenant,
            id: scene.world.ids.next(),
            endpointID: endpoint.id,
            start: .sequence(1),
            requestedBy: .zero,
            requestedAt: DirectoryWorld.now
        )
        let replay = try await scene.replay(wanted)
        let second = WebhookReplay(
            tenantID: scene.tenant,
            id: scene.world.ids.next(),
            endpointID: endpoint.id,
            start: .time(DirectoryWorld.now),
            requestedBy: .zero,
            requestedAt: DirectoryWorld.now
        )
        await #expect(throws: PersistenceError.alreadyExists(constraint: "webhook_replays_open")) {
            _ = try await scene.replay(second)
        }
        #expect(try await scene.store.openReplay()?.entry?.events == ["session.*"])
        #expect(try await scene.store.begin(replay, after: 0, until: 12))
        #expect(try await scene.store.advance(replay, through: 11, planned, at: DirectoryWorld.now) == 1)
        #expect(try await scene.store.advance(replay, through: 12, planned, at: DirectoryWorld.now) == 0)
        try await scene.store.end(replay, because: nil, at: DirectoryWorld.now)
        #expect(try await scene.store.openReplay() == nil)
        #expect(try await scene.claim(endpoint)?.delivery.attempts == 1)
        await scene.close()
    }

    @Test(.proves("TEN-03")) func `another tenant's endpoints are not there`() async throws {
        let scene = try await Scene()
        let foreign = try await scene.add(tenant: scene.world.two.tenant)
        try await scene.world.within(scene.tenant) { (transaction) async throws in
            let writer = WebhookWriter(transaction, ids: scene.world.ids)
            #expect(try await WebhookRepository(transaction).find(foreign.id) == nil)
            await #expect(throws: PersistenceError.notFound) { _ = try await writer.delete(foreign.id) }
            await #expect(throws: PersistenceError.notFound) {
                _ = try await writer.update(foreign.id, at: DirectoryWorld.now) { $0.rate = 1 }
            }
        }
        await scene.close()
    }
}
