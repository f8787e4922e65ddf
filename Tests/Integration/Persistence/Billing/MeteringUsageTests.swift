import Billing
import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite(.serialized) struct MeteringUsageTests {
    private static let now = LedgerWorld.now
    private static let month = MeteredMonth(at: now)

    private func within<Success: Sendable>(
        _ world: LedgerWorld,
        _ tenant: TenantID,
        _ body: (MeteredProjects, MeteringUsage) async throws -> Success
    ) async throws -> Success {
        try await world.database.transaction(in: tenant) { transaction in
            try await body(MeteredProjects(transaction), MeteringUsage(transaction, ids: world.ids))
        }
    }

    private func project(_ world: LedgerWorld, _ name: String, of tenant: TenantID) async throws -> MeteredProject {
        let wanted = MeteredProject(tenantID: tenant, id: world.ids.next(), name: name, createdAt: Self.now)
        return try #require(try await within(world, tenant) { projects, _ in try await projects.create(wanted) })
    }

    private func traffic(_ project: MeteredProject, _ octets: Int64, of tenant: TenantID? = nil) -> ProjectTraffic {
        ProjectTraffic(
            tenantID: tenant ?? project.tenantID,
            projectID: project.id,
            month: Self.month,
            octets: octets
        )
    }

    private func summary(_ world: LedgerWorld, _ tenant: TenantID) async throws -> MeteringSummary {
        let found = try await within(world, tenant) { _, usage in
            try await usage.summaries(of: [tenant], in: Self.month, now: Self.now)
        }
        return try #require(found.first)
    }

    @Test(.proves("FUP-05", "FUP-06", "FUP-08"))
    func `traffic adds up by project and month, and counts for no project of another tenant`() async throws {
        let world = try await LedgerWorld()
        let (first, second) = (
            try await project(world, "a", of: world.one), try await project(world, "b", of: world.one)
        )
        let batch = [traffic(first, 7), traffic(second, 5), traffic(first, 9, of: world.two)]
        let counted = try await within(world, world.operatorID) { _, usage in try await usage.record(batch) }
        #expect(counted == [world.one])
        let again = [traffic(first, .max)]
        _ = try await within(world, world.operatorID) { _, usage in try await usage.record(again) }
        let (one, other) = try await within(world, world.one) { _, usage in
            (
                try await usage.usage(of: first, in: Self.month, isCurrent: true).trafficOctets,
                try await usage.usage(of: second, in: Self.month, isCurrent: true).trafficOctets
            )
        }
        // The sum stays what a row can hold.
        #expect(one == .max && other == 5)
        #expect(try await summary(world, world.one).trafficOctets == .max)
        #expect(try await summary(world, world.two).trafficOctets == 0)
        // A project that is gone moves nothing more, and what it moved stays.
        try await within(world, world.one) { projects, _ in try await projects.remove(second, at: Self.now) }
        let late = [traffic(second, 5)]
        #expect(try await within(world, world.one) { _, usage in try await usage.record(late) }.isEmpty)
        #expect(try await summary(world, world.one).projects == 1)
        await world.close()
    }

    @Test(.proves("FUP-12", "FUP-13", "FUP-15")) func `a plan's number of projects holds, set from above`()
        async throws
    {
        let world = try await LedgerWorld()
        _ = try await project(world, "a", of: world.one)
        let wanted = ["b", "c", "d"].map {
            MeteredProject(tenantID: world.one, id: world.ids.next(), name: $0, createdAt: Self.now)
        }
        var made = 0
        for project in wanted {
            if try await within(world, world.one, { projects, _ in try await projects.create(project) }) != nil {
                made += 1
            }
        }
        #expect(made == 1)
        // Nobody sets his own plan; who stands above does.
        await #expect(throws: PersistenceError.notFound) {
            try await within(world, world.one) { projects, _ in try await projects.set(.pro, of: world.one) }
        }
        try await within(world, world.operatorID) { projects, _ in try await projects.set(.pro, of: world.one) }
        for name in ["e", "f"] { _ = try await project(world, name, of: world.one) }
        await #expect(throws: PersistenceError.alreadyExists(constraint: "metered_projects_name")) {
            _ = try await project(world, "e", of: world.one)
        }
        let plans = try await within(world, world.operatorID) { projects, _ in
            (
                try await projects.subscription(of: world.operatorID).plan,
                try await projects.subscription(of: world.two).plan
            )
        }
        #expect(plans == (.pro, .free))
        await world.close()
    }

    @Test(.proves("FUP-03", "FUP-04")) func `each threshold is told once a month, whoever looks`() async throws {
        let world = try await LedgerWorld()
        let project = try await project(world, "a", of: world.one)
        let limit = MeteredPlan.free.limits.trafficOctets
        // Half, then 80, 95 and 100 percent to the octet.
        for (percent, expected) in [(50, 0), (30, 1), (15, 1), (0, 0), (5, 1), (100, 0)] as [(Int64, Int)] {
            let octets = limit / 100 * percent + limit % 100 * percent / 100
            let part = [traffic(project, octets)]
            let told = try await within(world, world.operatorID) { _, usage in
                _ = try await usage.record(part)
                return try await usage.tell(try await usage.tenants(), now: Self.now)
            }
            #expect(told == expected, "\(percent)")
        }
        let events = try await world.superuser.query(
            "SELECT data::text AS data FROM outbox WHERE subject = 'usage.limit_reached'"
        ).compactMap { $0["data"].text?.filter { $0 != " " } }
        #expect(events.count == 3)
        for threshold in [80, 95, 100] {
            #expect(events.filter { $0.contains("\"threshold\":\(threshold)") }.count == 1, "\(threshold)")
        }
        await world.close()
    }

    @Test(.proves("FUP-07")) func `storage is measured once a day, of what is still there`() async throws {
        let world = try await LedgerWorld()
        let project = try await project(world, "a", of: world.one)
        try await within(world, world.one) { projects, _ in
            try await projects.setStorage(1_000, of: project, at: Self.now)
        }
        let user = world.ids.uuid()
        try await world.superuser.script(
            """
            SET session_replication_role = replica;
            INSERT INTO exports (tenant_id, user_id, reach, entity, format, source, created_at, state, octets, started_at, finished_at,
                    expires_at, cleared_at)
                SELECT '\(world.one)', '\(user)', 'subtree', 'customers', 'csv', '127.0.0.1', now(), 'completed', o, now(), now(), now(), c
                FROM (VALUES (500000, NULL), (70000, NULL), (900000, now())) AS k (o, c);
            SET session_replication_role = origin;
            """
        )
        let day = Self.now.day
        for expected in [true, false, false] {
            let isDone = try await within(world, world.operatorID) { _, usage in
                try await usage.measureStorage(on: day, of: world.operatorID, now: Self.now)
            }
            #expect(isDone == expected)
        }
        let found = try await summary(world, world.one)
        // The settings take some octets too.
        #expect((570_000...580_000).contains(found.ownStorageOctets) && found.projectStorageOctets == 1_000)
        #expect(found.storageOctets == found.ownStorageOctets + 1_000)
        let rows = try await world.superuser.query("SELECT count(*) AS count FROM metered_storage_daily")
        #expect(rows.first?["count"].int64 == 3)
        // The next month begins with what is kept, and with no traffic.
        let next = Self.now.adding(microseconds: 32 * Timestamp.microsecondsPerDay)
        _ = try await within(world, world.operatorID) { _, usage in
            try await usage.measureStorage(on: next.day, of: world.operatorID, now: next)
        }
        let past = try await within(world, world.one) { _, usage in
            try await usage.usage(of: project, in: MeteredMonth(at: next), isCurrent: false)
        }
        #expect(past.storageOctets == 1_000 && past.trafficOctets == 0)
        await world.close()
    }

    @Test(.proves("FUP-16")) func `a tenant's own completed payment switches its plan, no other does`()
        async throws
    {
        let world = try await LedgerWorld()
        func pay(_ tenant: TenantID, _ amount: Int, customer: String = "NULL") async throws {
            try await world.superuser.script(
                """
                INSERT INTO payments (tenant_id, id, customer_id, amount, currency, method, gateway, status, metadata, created_by,
                        created_at)
                    VALUES ('\(tenant)', uuid_v7(), \(customer), \(amount), 'EUR', 'card', 'x', 'pending',
                        '{"plan_upgrade":"true","new_plan":"pro"}', uuid_v7(), now());
                UPDATE payments SET status = 'processing', transfer_id = uuid_v7() WHERE status = 'pending';
                UPDATE payments SET status = 'completed', completed_at = '2026-11-22T10:00:00Z' WHERE status = 'processing';
                """
            )
        }
        try await pay(world.two, 29_999)
        try await pay(world.two, 30_000, customer: "uuid_v7()")
        try await pay(world.one, 30_000)
        for (tenant, plan) in [(world.one, MeteredPlan.pro), (world.two, .free)] {
            let found = try await within(world, tenant) { projects, _ in try await projects.subscription(of: tenant) }
            #expect(found.plan == plan)
            #expect(found.completedAt == (plan == .pro ? Timestamp("2026-11-22T10:00:00Z") : nil))
        }
        await world.close()
    }
}
