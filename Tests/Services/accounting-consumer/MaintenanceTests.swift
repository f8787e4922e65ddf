import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite struct MaintenanceTests {
    private let start = Timestamp("2026-11-20T10:00:00Z") ?? .epoch

    @Test(.proves("SES-08", "G-03"))
    func `only sessions silent before the watermark are reaped, and a report reopens one`()
        async throws
    {
        let world = try await AccountingWorld()
        let writer = world.writer()
        _ = try await writer.commit([
            Subscriber(world, 1, start: start).record(.interimUpdate, age: 0),
            Subscriber(world, 2, start: start).record(.interimUpdate, age: 3_000),
        ])
        let stale = StaleSessions(world.session())
        let early = try await stale.close(silentFor: .seconds(900), before: start + .seconds(899), limit: 100)
        #expect(early == (0, 0))
        let result = try await stale.close(silentFor: .seconds(900), before: start + .seconds(3_100), limit: 100)
        #expect(result == (1, 1))
        #expect(
            try await world.texts("SELECT username FROM sessions WHERE closed_by = 'reaper'") == ["user1"]
        )
        #expect(try await world.number("SELECT count(*) FROM outbox WHERE subject = 'session.stopped'") == 1)
        _ = try await writer.commit([Subscriber(world, 1, start: start).record(.interimUpdate, age: 3_200)])
        #expect(try await world.number("SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 2)
        let reopened =
            "SELECT count(*) FROM outbox WHERE subject = 'session.started' AND data::jsonb ->> 'reopened' = 'true'"
        #expect(try await world.number(reopened) == 1)
        #expect(try await world.octets().sessions == (3_000 + 3_200) * 1_100)
    }

    @Test(.proves("SES-08")) func `three interim intervals of the plan are waited for`() async throws {
        let world = try await AccountingWorld()
        _ = try await world.writer().commit([Subscriber(world, 1, start: start).record(.start, age: 0)])
        let stale = StaleSessions(world.session())
        // Without a plan an interval counts as 300 s.
        #expect(try await stale.close(silentFor: .seconds(60), before: start + .seconds(899), limit: 10) == (0, 0))
        #expect(try await stale.close(silentFor: .seconds(60), before: start + .seconds(901), limit: 10) == (1, 1))
    }

    @Test(.proves("SES-08", "ACC-14")) func `a session that a writer holds is left alone`() async throws {
        let world = try await AccountingWorld()
        _ = try await world.writer().commit([Subscriber(world, 1, start: start).record(.start, age: 0)])
        let rival = world.session()
        try await rival.query(
            "SELECT pg_advisory_lock(n) FROM (SELECT ('x' || substr(session_key::text, 1, 8) || substr(session_key::text, 10, 4) || substr(session_key::text, 15, 4))::bit(64)::bigint AS n FROM sessions) k"
                .replacing("pg_advisory_lock(n)", with: "count(pg_advisory_lock(n))")
        )
        let stale = StaleSessions(world.session())
        #expect(try await stale.close(silentFor: .seconds(60), before: start + .seconds(9_000), limit: 10) == (1, 0))
        await rival.close()
        try await eventually {
            try await stale.close(silentFor: .seconds(60), before: start + .seconds(9_000), limit: 10) == (1, 1)
        }
    }

    @Test(.proves("ACC-09")) func `ended sessions move to their month's partition and old months are dropped`()
        async throws
    {
        let world = try await AccountingWorld()
        let old = Timestamp("2026-10-03T10:00:00Z") ?? .epoch
        let subscribers = [
            Subscriber(world, 1, start: old), Subscriber(world, 2, start: old), Subscriber(world, 3, start: start),
        ]
        let writer = world.writer()
        _ = try await writer.commit(
            subscribers.map { $0.record(.stop, age: 60) } + [Subscriber(world, 4, start: old).record(.start, age: 0)]
        )
        let history = SessionHistory(world.session())
        #expect(try await history.oldestEnded(before: start) == old + .seconds(60))
        try await history.ensurePartitions(from: old.day, months: 3)
        #expect(try await history.move(endedBefore: start, limit: 1) == (1, 1))
        #expect(try await history.move(endedBefore: start, limit: 10) == (1, 1))
        #expect(try await history.move(endedBefore: start, limit: 10) == (0, 0))
        let partition = "SELECT count(*) FROM sessions_history WHERE tableoid = 'radacct_2026_10'::regclass"
        #expect(try await world.number(partition) == 2)
        #expect(try await world.number("SELECT count(*) FROM sessions") == 2)
        #expect(try await history.live().map(\.count) == [1])
        let nextYear = try #require(CivilDate(year: 2026, month: 11, day: 1))
        #expect(try await history.dropPartitions(before: nextYear) == 1)
        #expect(try await world.number("SELECT count(*) FROM sessions_history") == 0)
    }

    @Test(.proves("ACC-02", "ACC-14")) func `usage reaches its day once, whoever folds and however often`() async throws
    {
        let world = try await AccountingWorld()
        let writer = world.writer()
        for age in [300, 600, 900] {
            _ = try await writer.commit(
                (1...3).map { Subscriber(world, $0, start: start).record(.interimUpdate, age: age) }
            )
        }
        #expect(try await world.number("SELECT count(*) FROM usage_pending") == 3)
        #expect(try await world.number("SELECT count(*) FROM usage_daily") == 0)
        let folders = [PendingUsage(world.session()), PendingUsage(world.session())]
        #expect(try await folders[0].fold(limit: 1) == 1)
        #expect(
            try await world.number("SELECT sum(input_octets + output_octets)::bigint FROM usage_daily") == 3 * 300
                * 1_100
        )
        let together = try await withThrowingTaskGroup(of: Int.self) { group in
            for folder in folders { group.addTask { try await folder.fold(limit: 10) } }
            return try await group.reduce(0, +)
        }
        #expect(together == 2)
        #expect(try await folders[1].fold(limit: 10) == 0)
        #expect(try await world.octets().days == 3 * 900 * 1_100)
        #expect(try await world.number("SELECT sum(sessions)::bigint FROM usage_daily") == 3)
    }

    @Test(.proves("ACC-02")) func `one process folds at a time, and a tenant that is gone takes its usage along`()
        async throws
    {
        let world = try await AccountingWorld()
        _ = try await world.writer().commit([Subscriber(world, 1, start: start).record(.interimUpdate, age: 300)])
        try await world.run(
            """
            INSERT INTO usage_pending (tenant_id, day, service_ids, input_octets, output_octets, sessions)
            VALUES (gen_random_uuid(), '2026-11-20', ARRAY[gen_random_uuid()], '{1}', '{1}', '{1}')
            """
        )
        let rival = world.session()
        let folded = try await rival.transaction { transaction in
            try await transaction.query("SELECT pg_advisory_xact_lock(21830, 0)")
            return try await PendingUsage(world.session()).fold(limit: 10)
        }
        #expect(folded == 0)
        #expect(try await PendingUsage(world.session()).fold(limit: 10) == 2)
        #expect(try await world.number("SELECT count(*) FROM usage_pending") == 0)
        #expect(try await world.number("SELECT count(*) FROM usage_daily") == 1)
        await rival.close()
    }

    @Test(.proves("MIG-03", "ACC-02")) func `the way back folds what waits`() async throws {
        let world = try await AccountingWorld()
        _ = try await world.writer().commit([Subscriber(world, 1, start: start).record(.interimUpdate, age: 300)])
        try await Migrator(session: world.owner, directory: RealPostgres.migrations).down(to: 5)
        #expect(
            try await world.number("SELECT sum(input_octets + output_octets)::bigint FROM usage_daily") == 300 * 1_100
        )
    }
}
