import Billing
import Domain
import Persistence
import Postgres
import SharedTesting
import Synchronization
import Testing

/// What can be asked of a service, and how it ends.
private enum Story: CaseIterable {
    case activate, addressTaken, suspend, suspendLate, suspendedByOthers, resume, upgrade, downgrade, terminate

    var kind: LifecycleKind {
        switch self {
        case .activate, .addressTaken: .activate
        case .suspend, .suspendLate, .suspendedByOthers: .suspend
        case .resume: .resume
        case .upgrade: .upgrade
        case .downgrade: .downgrade
        case .terminate: .terminate
        }
    }

    var end: LifecycleRun.State {
        switch self {
        case .addressTaken, .suspendLate: .rolledBack
        case .suspendedByOthers: .failed
        case .activate, .suspend, .resume, .upgrade, .downgrade, .terminate: .completed
        }
    }

    var status: ServiceStatus {
        switch self {
        case .activate: .pending
        case .resume: .suspended
        case .addressTaken: .pending
        case .suspend, .suspendLate, .suspendedByOthers, .upgrade, .downgrade, .terminate: .active
        }
    }

    var hasSubscription: Bool { self != .downgrade && self != .addressTaken && self != .suspendedByOthers }
    var hasSession: Bool { isLate || self == .suspend || self == .terminate }
    /// Its session does not end until the run's deadline.
    var isLate: Bool { self == .suspendLate || self == .suspendedByOthers }
    var hasPassword: Bool { kind != .activate }
}

/// The process died.
private struct Killed: Error {}

/// A service whose run is carried out by processes that die.
private struct Life {
    let world: DirectoryWorld
    let superuser: PostgresSession
    let pipeline: PostgresSession
    let pool: PostgresPool
    let story: Story
    let service: ServiceID
    let session: SessionID
    let run: LifecycleRun
    let clock: TestClock

    /// A clock that stands until it is set.
    final class TestClock: Sendable {
        private let now = Mutex(DirectoryWorld.now)
        var time: Timestamp { now.withLock { $0 } }
        func reach(_ time: Timestamp) { now.withLock { $0 = max($0, time) } }
    }

    private var tenant: TenantID { world.one.tenant }

    init(
        _ story: Story,
        _ world: DirectoryWorld,
        _ sessions: (superuser: PostgresSession, pipeline: PostgresSession, pool: PostgresPool)
    ) async throws {
        self.world = world
        (superuser, pipeline, pool) = sessions
        self.story = story
        (service, session, clock) = (world.ids.next(), world.ids.next(), TestClock())
        let id = world.ids.uuid()
        let dear = try await Self.plan(world, "30"), cheap = try await Self.plan(world, "10")
        var parameters = LifecycleParameters()
        switch story {
        case .activate: parameters.staticIPv4 = IPAddress(ipv4: UInt32(truncatingIfNeeded: id.low))
        // Another service has it.
        case .addressTaken: parameters.staticIPv4 = world.one.service.staticIPv4
        case .upgrade: parameters.planID = dear.id
        case .downgrade: parameters.planID = cheap.id
        case .suspend, .suspendLate, .suspendedByOthers, .resume, .terminate: break
        }
        run = LifecycleRun(
            tenantID: world.one.tenant,
            id: LifecycleRunID(id),
            serviceID: service,
            customerID: world.one.customer.id,
            kind: story.kind,
            parameters: parameters,
            operationID: id,
            requestedBy: id,
            requestedAt: clock.time
        )
        try await plant()
    }

    private static func plan(_ world: DirectoryWorld, _ price: String) async throws -> Plan {
        let plan = Plan(
            tenantID: world.one.tenant,
            id: world.ids.next(),
            name: "plan \(world.ids.uuid())",
            downloadBitsPerSecond: 1,
            uploadBitsPerSecond: 1,
            price: try Money(price, currency: .euro)
        )
        try await world.within(world.one.tenant) { try await PlanRepository($0).insert(plan) }
        return plan
    }

    private func plant() async throws {
        let (story, run, ids, secrets) = (story, run, world.ids, DirectorySecrets(world.keyring))
        let plain = Service(
            tenantID: tenant,
            id: service,
            customerID: world.one.customer.id,
            planID: world.one.plan.id,
            username: "life-\(service)",
            status: story == .resume ? .active : story.status
        )
        let price = world.one.plan.price
        try await world.within(tenant) { transaction in
            try await ServiceRepository(transaction).insert(plain)
            if story.hasPassword {
                try await ServiceRepository(transaction).setPassword(
                    of: plain,
                    sealed: try secrets.seal(password: [1], of: plain.id, tenant: plain.tenantID)
                )
            }
            if story.hasSubscription { try await Self.subscribe(plain, price, story, ids, transaction) }
            _ = try await LifecycleStore(transaction).request(run)
        }
        guard story.hasSession else { return }
        try await pipeline.query(
            """
            INSERT INTO sessions (tenant_id, id, session_key, nas_id, service_id, username, acct_session_id, started_at,
                last_update_at)
            VALUES ($1, $2, $2, $3, $4, 'life', 'x', $5, $5)
            """,
            [.id(tenant), .id(session), .id(world.one.nas.id), .id(service), .time(DirectoryWorld.now)]
        )
    }

    /// A contract as the story finds it: not begun, running, or paused.
    private static func subscribe(
        _ service: Service,
        _ price: Money,
        _ story: Story,
        _ ids: IDGenerator,
        _ transaction: ScopedTransaction
    ) async throws {
        let store = SubscriptionStore(transaction, ids: ids)
        let terms = PlanTerms(
            version: ids.next(),
            planID: service.planID,
            price: price,
            cycle: .monthly,
            mode: .postpaid
        )
        var row = try await store.create(
            service: service.id,
            terms: try await store.pin(terms, tenant: service.tenantID),
            timeZone: "UTC"
        )
        let events: [SubscriptionEvent] =
            story == .activate ? [] : story == .resume ? [.activate, .pause] : [.activate]
        for event in events {
            row = try await store.step(row, event, at: DirectoryWorld.now, calendar: BillingCalendar(.utc)).row
        }
    }

    // MARK: - Carrying it out

    /// A process, which dies where `witness` throws.
    func process(_ witness: @escaping @Sendable (LifecycleWork.Moment) throws -> Void) -> LifecycleWork {
        var rules = LifecycleRules()
        if story.isLate { rules.deadline = .seconds(2) }
        let clock = clock
        return LifecycleWork(
            pipeline,
            pool: TenantPool(pool),
            terms: LifecycleTerms(
                rules: rules,
                sessions: .seconds(60),
                ids: IDGenerator(time: TimeSource { clock.time }),
                secrets: DirectorySecrets(world.keyring),
                calendar: { _ in BillingCalendar(.utc) }
            ),
            witness: witness
        )
    }

    /// Makes moves until the run has ended. The process dies at the moment of that number and another one goes on; returns how many
    /// moments there were.
    func carryOut(killedAt moment: Int?) async throws -> Int {
        let count = Mutex(0)
        var work = process { _ in
            let number = count.withLock { count in
                defer { count += 1 }
                return count
            }
            if number == moment { throw Killed() }
        }
        let ref = LifecycleRef(tenantID: tenant, id: run.id)
        for _ in 0..<200 {
            let id = run.id
            let now = try await world.within(tenant) { try await LifecycleStore($0).find(id) }
            guard let nextAt = now?.nextAt else { return count.withLock { $0 } }
            // Events of one millisecond have no order.
            clock.reach(max(nextAt, clock.time.adding(microseconds: 1_000)))
            #expect(try await work.due(at: clock.time, limit: 1_000).contains(ref))
            do {
                _ = try await work.advance(ref)
            } catch is Killed {
                work = process { _ in }
            }
            try await obey()
        }
        Issue.record("\(story) does not end")
        return 0
    }

    /// The network does what it was asked to, where the story is one of an obedient network.
    private func obey() async throws {
        guard story.hasSession, try await orders() > 0 else { return }
        if story == .suspendedByOthers {
            // For a reason of theirs: the word is the same.
            try await superuser.query(
                "UPDATE services SET status = status WHERE tenant_id = $1 AND id = $2 AND status = 'suspended'",
                [.id(tenant), .id(service)]
            )
        }
        guard !story.isLate else { return }
        try await pipeline.query(
            "UPDATE sessions SET ended_at = last_update_at, closed_by = 'stop' WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL",
            [.id(tenant), .id(session)]
        )
    }

    private func orders() async throws -> Int {
        try await superuser.query(
            "SELECT count(*) FROM outbox WHERE subject = 'session.disconnect_requested' AND aggregate_id = $1",
            [.id(session)]
        ).first?[0].int ?? 0
    }

    /// Everything that a run touches, in words.
    func snapshot() async throws -> [String] {
        let row = try await superuser.query(
            """
            SELECT v.status, v.plan_id = $3 AS has_first_plan, v.static_ipv4 IS NOT NULL AS has_address,
                EXISTS (SELECT FROM service_credentials c WHERE c.service_id = v.id) AS has_password,
                (SELECT string_agg(s.state, ',') FROM subscriptions s WHERE s.service_id = v.id) AS contracts,
                (SELECT count(*) FROM subscription_events e JOIN subscriptions s ON s.id = e.subscription_id
                    WHERE s.service_id = v.id) AS told,
                (SELECT count(*) FROM bills b JOIN subscriptions s ON s.id = b.subscription_id WHERE s.service_id = v.id) AS bills,
                (SELECT string_agg(data::jsonb->>'state', ',' ORDER BY id) FROM outbox
                    WHERE subject = 'provisioning.lifecycle_changed' AND aggregate_id = $2) AS events,
                (SELECT o.state || ': ' || o.outcome FROM operations o WHERE o.id = $2) AS operation,
                (SELECT count(*) FROM audit_logs a WHERE a.new_values->>'lifecycle_run_id' = $2::uuid::text) AS entries,
                (SELECT r.state || ' ' || coalesce(r.reason, '-') FROM lifecycle_runs r WHERE r.id = $2) AS run,
                (SELECT string_agg(p.name || ' ' || p.state || ' ' || coalesce(p.reason, '-'), ', ' ORDER BY p.position)
                    FROM lifecycle_steps p WHERE p.run_id = $2) AS steps
            FROM services v WHERE v.id = $1
            """,
            [.id(service), .id(run.id), .id(world.one.plan.id)]
        ).first
        let found = try #require(row)
        var lines = ["status", "contracts", "events", "operation", "run", "steps"].map {
            "\($0): \(found[$0].text ?? "-")"
        }
        for name in ["has_first_plan", "has_address", "has_password"] {
            lines.append("\(name): \(found[name].bool == true)")
        }
        for name in ["told", "bills", "entries"] { lines.append("\(name): \(found[name].int ?? -1)") }
        lines.append("orders: \(try await orders())")
        return lines
    }
}

/// Every kind of run is killed before and after every commit, and ends as if it had not been.
@Suite(.proves("LCY-01", "LCY-02", "LCY-07", "LCY-08", "LCY-09", "LCY-11", "LCY-12")) struct LifecycleKillTests {
    @Test(arguments: Story.allCases)
    private func `killed before and after every step it ends as if nothing had happened`(_ story: Story) async throws {
        let world = try await DirectoryWorld()
        let name = String(world.url.split(separator: "@/")[1].prefix { $0 != "?" })
        let server = try await RealPostgres.shared()
        let sessions = (
            superuser: PostgresSession(
                PostgresConfiguration(url: server.url(user: "postgres", database: name))
            ),
            pipeline: PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_pipeline")),
            pool: PostgresPool(PostgresConfiguration(url: world.url, maximumConnections: 2))
        )
        let whole = try await Life(story, world, sessions)
        let moments = try await whole.carryOut(killedAt: nil)
        let expected = try await whole.snapshot()
        #expect(expected.contains { $0.hasPrefix("run: \(story.end.rawValue) ") }, "\(expected)")
        #expect(expected.contains("entries: 1"))
        check(story, expected)
        // The story's other services let go of what they took.
        for moment in 0..<moments {
            let life = try await Life(story, world, sessions)
            _ = try await life.carryOut(killedAt: moment)
            #expect(try await life.snapshot() == expected, "\(story), killed at moment \(moment) of \(moments)")
        }
        #expect(moments >= 2)
        await sessions.superuser.close()
        await sessions.pipeline.close()
        await sessions.pool.close()
        await world.close()
    }

    /// What each story is about.
    private func check(_ story: Story, _ lines: [String]) {
        let wanted: [String] =
            switch story {
            case .activate:
                [
                    "status: active", "contracts: active", "has_address: true", "has_password: true",
                    "events: running,completed",
                ]
            case .addressTaken:
                [
                    "status: pending", "has_address: false", "has_password: false",
                    "events: running,rolling_back,rolled_back",
                ]
            case .suspend: ["status: suspended", "contracts: paused", "orders: 1"]
            case .suspendLate: ["status: active", "contracts: active", "run: rolled_back deadline", "orders: 1"]
            case .suspendedByOthers: ["status: suspended", "contracts: -", "run: failed deadline", "orders: 1"]
            case .resume: ["status: active", "contracts: active"]
            case .upgrade: ["status: active", "contracts: active", "has_first_plan: false"]
            case .downgrade: ["status: active", "contracts: -", "has_first_plan: false"]
            case .terminate: ["status: terminated", "contracts: cancelled", "has_password: false", "orders: 1"]
            }
        for line in wanted { #expect(lines.contains(line), "\(story): \(line) of \(lines)") }
        if story == .suspendedByOthers {
            #expect(lines.contains { $0.contains("service not_compensated changed_meanwhile") }, "\(lines)")
        }
    }

    @Test func `one that never began is stuck too, rests when it is put off, and is forgotten only once it ended`()
        async throws
    {
        let world = try await DirectoryWorld()
        let name = String(world.url.split(separator: "@/")[1].prefix { $0 != "?" })
        let server = try await RealPostgres.shared()
        let sessions = (
            superuser: PostgresSession(
                PostgresConfiguration(url: server.url(user: "postgres", database: name))
            ),
            pipeline: PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_pipeline")),
            pool: PostgresPool(PostgresConfiguration(url: world.url, maximumConnections: 2))
        )
        let ended = try await Life(.suspend, world, sessions)
        _ = try await ended.carryOut(killedAt: nil)
        let life = try await Life(.resume, world, sessions)
        let work = life.process { _ in }
        let begun = life.clock.time
        #expect(try await work.figures(at: begun + .seconds(299)).stuck == 0)
        #expect(try await work.figures(at: begun + .seconds(301)).stuck == 1)
        let ref = LifecycleRef(tenantID: life.run.tenantID, id: life.run.id)
        try await work.postpone(ref, failures: 3)
        #expect(try await work.due(at: begun + .seconds(3), limit: 10).isEmpty)
        #expect(try await work.due(at: begun + .seconds(4), limit: 10) == [ref])
        let far = begun + .seconds(86_400)
        #expect(try await work.forget(before: begun + .seconds(-86_400), limit: 10) == 0)
        #expect(try await work.forget(before: far, limit: 10) == 1)
        #expect(try await work.forget(before: far, limit: 10) == 0)
        let left = try await sessions.superuser.query(
            "SELECT DISTINCT run_id FROM lifecycle_steps WHERE tenant_id = $1",
            [.id(life.run.tenantID)]
        ).compactMap { row -> LifecycleRunID? in row[0].id() }
        #expect(left == [life.run.id])
        await sessions.superuser.close()
        await sessions.pipeline.close()
        await sessions.pool.close()
        await world.close()
    }
}
