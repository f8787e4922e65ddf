import Domain
import Persistence
import Postgres
import SharedTesting
import Synchronization
import Testing

/// What people see of orders and of what NASes taught, over the real tables and in their tenant's scope; and what questions
/// about breakers need, over all of them.
@Suite(.proves("COA-05", "COA-07", "TEN-05")) struct EnforcementDeskTests {
    private static let now = DirectoryWorld.now

    /// Two providers whose NASes share an address, with orders and lessons.
    private struct Scene {
        let world: DirectoryWorld
        let pipeline: PostgresSession
        private static let planted = Atomic(0)

        init() async throws {
            world = try await DirectoryWorld()
            pipeline = PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_pipeline"))
        }

        func plant(
            _ branch: DirectoryWorld.Branch,
            state: String = "pending",
            reason: String? = nil,
            session: SessionID,
            service: ServiceID? = nil
        ) async throws -> EnforcementID {
            // The later one has the greater id, as with a clock that goes.
            let number = Self.planted.add(1, ordering: .relaxed).newValue
            let id: EnforcementID = IDGenerator(time: .fixed(now + .milliseconds(Int64(number)))).next()
            let isOver = ["confirmed", "unproven", "failed", "superseded"].contains(state)
            try await pipeline.query(
                """
                INSERT INTO enforcements (tenant_id, id, kind, cause, nas_id, session_id, service_id, state, reason, error_cause,
                    trials, attempts, requested_at, stored_at, answered_at, ended_at, next_at)
                VALUES ($1, $2, 'disconnect', 'requested', $3, $4, $5, $6, $7, 504,
                    '[{"kind": "disconnect", "set": "user-name", "outcome": "refused_504"}]', 1, $8, $8,
                    $8::timestamptz + interval '250 milliseconds',
                    CASE WHEN $9 THEN $8::timestamptz END, CASE WHEN NOT $9 THEN $8::timestamptz + interval '1 hour' END)
                """,
                [
                    .id(branch.tenant), .id(id), .id(branch.nas.id), .id(session), .id(service), .text(state),
                    .text(reason), .time(now), .bool(isOver),
                ]
            )
            return id
        }

        func learn(_ branch: DirectoryWorld.Branch, _ lesson: String) async throws {
            try await pipeline.query(
                "INSERT INTO nas_capabilities (tenant_id, nas_id, lesson, learned_at) VALUES ($1, $2, $3, $4)",
                [.id(branch.tenant), .id(branch.nas.id), .text(lesson), .time(now)]
            )
        }

        func list(in tenant: TenantID, _ filter: EnforcementFilter = .init()) async throws -> [EnforcementID] {
            try await world.within(tenant) {
                try await EnforcementRepository($0).list(filter, limit: 100).map(\.order.id)
            }
        }

        func close() async {
            await pipeline.close()
            await world.close()
        }
    }

    @Test func `orders are found by what they are, the newest first, and by nobody else`() async throws {
        let scene = try await Scene()
        let (one, two) = (scene.world.one, scene.world.two)
        let (first, second): (SessionID, SessionID) = (scene.world.ids.next(), scene.world.ids.next())
        let waiting = try await scene.plant(one, session: first, service: one.service.id)
        let failed = try await scene.plant(one, state: "failed", reason: "refused", session: second)
        let foreign = try await scene.plant(two, session: first)
        #expect(try await scene.list(in: one.tenant) == [failed, waiting])
        #expect(try await scene.list(in: two.tenant) == [foreign])
        #expect(try await scene.list(in: scene.world.reseller) == [])
        #expect(try await scene.list(in: scene.world.operatorID) == [foreign, failed, waiting])
        func found(_ edit: (inout EnforcementFilter) -> Void) async throws -> [EnforcementID] {
            var filter = EnforcementFilter()
            edit(&filter)
            return try await scene.list(in: one.tenant, filter)
        }
        #expect(try await found { $0.isOpen = true } == [waiting])
        #expect(try await found { $0.state = .failed } == [failed])
        #expect(try await found { $0.sessionID = second } == [failed])
        #expect(try await found { $0.serviceID = one.service.id } == [waiting])
        #expect(try await found { $0.nasID = two.nas.id } == [])
        #expect(try await found { $0.kind = .change } == [])
        #expect(try await found { $0.cause = .requested } == [failed, waiting])
        #expect(try await found { $0.since = Self.now + .seconds(1) } == [])
        #expect(try await found { $0.until = Self.now + .seconds(1) } == [failed, waiting])
        try await scene.world.within(one.tenant) { (transaction) async throws in
            let repository = EnforcementRepository(transaction)
            #expect(try await repository.list(after: failed, limit: 5).map(\.order.id) == [waiting])
            #expect(try await repository.find(foreign) == nil)
            let told = try #require(try await repository.find(failed))
            #expect(told.order.summary == "Failed: the NAS refused (Error-Cause 504).")
            #expect(told.latency == .milliseconds(250) && told.nasName == one.nas.name && told.username == nil)
            #expect(told.trials.contains("refused_504"))
            #expect(try await repository.find(waiting)?.username == one.service.username)
        }
        await scene.close()
    }

    @Test(.proves("COA-08")) func `what a NAS taught is forgotten for its own tenant alone`() async throws {
        let scene = try await Scene()
        let (one, two) = (scene.world.one, scene.world.two)
        for branch in [one, two] {
            try await scene.learn(branch, "takes-no-change")
            try await scene.learn(branch, "proven:user-name")
        }
        try await scene.world.within(one.tenant) { (transaction) async throws in
            let lessons = NASLessonRepository(transaction)
            #expect(try await lessons.list(of: one.nas).map(\.text) == ["proven:user-name", "takes-no-change"])
            #expect(try await lessons.list(of: two.nas) == [])
            #expect(try await lessons.forget(of: two.nas) == [])
            #expect(try await lessons.forget(of: one.nas).map(\.text) == ["proven:user-name", "takes-no-change"])
            #expect(try await lessons.list(of: one.nas) == [])
        }
        try await scene.world.within(two.tenant) { (transaction) async throws in
            #expect(try await NASLessonRepository(transaction).list(of: two.nas).count == 2)
        }
        await scene.close()
    }

    @Test func `an endpoint that two tenants share is known as such, and only what waits for the breaker is woken`()
        async throws
    {
        let scene = try await Scene()
        let (one, two) = (scene.world.one, scene.world.two)
        let store = BreakerStore(scene.pipeline)
        let gone: NASID = scene.world.ids.next()
        let asked = [(one.tenant, one.nas.id), (one.tenant, gone), (two.tenant, two.nas.id), (one.tenant, two.nas.id)]
        let both = try await store.endpoints(asked.map { (tenant: $0.0, nas: $0.1) })
        #expect(both.map(\.nasID) == [one.nas.id, two.nas.id])
        #expect(both.allSatisfy { $0.isShared && $0.port == 3_799 && $0.address == IPAddress("10.0.0.1") })
        try await scene.world.within(two.tenant) { transaction in
            var moved = two.nas
            moved.coaPort = 1_700
            try await NASRepository(transaction).update(moved)
        }
        let alone = try await store.endpoints([(one.tenant, one.nas.id)])
        #expect(alone.map(\.isShared) == [false])
        let session: SessionID = scene.world.ids.next()
        let held = try await scene.plant(one, reason: "breaker_open", session: session)
        _ = try await scene.plant(one, reason: "unanswered", session: session)
        _ = try await scene.plant(two, reason: "breaker_open", session: session)
        try await store.wake(alone, waitingFor: .breakerOpen, at: Self.now)
        let due = try await scene.pipeline.query("SELECT id FROM enforcements WHERE next_at <= $1", [.time(Self.now)])
        #expect(due.compactMap { $0[0].id() as EnforcementID? } == [held])
        await scene.close()
    }
}
