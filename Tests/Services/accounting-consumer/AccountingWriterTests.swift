import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite struct AccountingWriterTests {
    private let start = Timestamp("2026-11-20T10:00:00Z") ?? .epoch

    /// Commits as a worker does: a rival or an outage means the same again.
    private func commit(_ records: [AccountingRecord], by writer: AccountingWriter) async throws {
        while true {
            do throws(StorageFault) {
                _ = try await writer.commit(records)
                return
            } catch {
                guard case .conflict = error else { throw error }
            }
        }
    }

    @Test(.proves("ACC-02", "ACC-04", "ACC-14"))
    func `three writers count every octet once whatever is repeated and reordered`() async throws {
        let world = try await AccountingWorld()
        var random = SeededRandom()
        let count = 60
        var deliveries: [AccountingRecord] = []
        for number in 1...count {
            let subscriber = Subscriber(world, number, start: start)
            var reports = [subscriber.record(.start, age: 0)]
            reports += (1...12).map { subscriber.record(.interimUpdate, age: $0 * 60) }
            reports.append(subscriber.record(.stop, age: 800))
            for report in reports {
                // A resend has the id of the first; a NAS's own retransmission has one of its own.
                for copy in 0..<Int.random(in: 1...3, using: &random) {
                    var again = report
                    if copy == 2 { again.id = EventID(UUID128(high: UInt64(number), low: random.next())) }
                    deliveries.append(again)
                }
            }
        }
        deliveries.shuffle(using: &random)
        var batches: [[AccountingRecord]] = []
        while !deliveries.isEmpty {
            let size = min(deliveries.count, Int.random(in: 1...120, using: &random))
            batches.append(Array(deliveries.suffix(size)))
            deliveries.removeLast(size)
        }
        let queue = batches
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<3 {
                group.addTask {
                    let writer = world.writer()
                    for index in queue.indices where index % 3 == worker { try await commit(queue[index], by: writer) }
                }
            }
            try await group.waitForAll()
        }
        let expected = count * 800 * 1_100
        let octets = try await world.octets()
        #expect(octets.sessions == expected)
        #expect(octets.days == expected)
        #expect(octets.events == expected)
        #expect(try await world.number("SELECT count(*) FROM sessions") == count)
        #expect(try await world.number("SELECT count(*) FROM sessions WHERE closed_by = 'stop'") == count)
        for kind in ["session.started", "session.stopped"] {
            let events = try await world.number("SELECT count(*) FROM outbox WHERE subject = '\(kind)'")
            #expect(events == count, "\(kind)")
        }
        try await world.fold()
        #expect(try await world.number("SELECT sum(sessions)::bigint FROM usage_daily") == count)
    }

    @Test(.proves("ACC-02", "ACC-05")) func `the same batch again changes nothing`() async throws {
        let world = try await AccountingWorld()
        let writer = world.writer()
        let batch = (1...50).flatMap { number in
            let subscriber = Subscriber(world, number, start: start)
            return [subscriber.record(.start, age: 0), subscriber.record(.interimUpdate, age: 300)]
        }
        let first = try await writer.commit(batch)
        #expect(first.appliedRecords == 100)
        #expect(first.volumes[world.tenant] == .init(input: 50 * 300_000, output: 50 * 30_000))
        let rows = try await world.number("SELECT count(*) FROM outbox")
        let again = try await writer.commit(batch)
        #expect(again == AccountingCommit(appliedRecords: 0, unchangedRecords: 100, volumes: [:]))
        #expect(try await world.number("SELECT count(*) FROM outbox") == rows)
    }

    @Test(.proves("ACC-02")) func `a row that does not take its update undoes the whole batch`() async throws {
        let world = try await AccountingWorld()
        let writer = world.writer()
        let subscribers = (1...2).map { Subscriber(world, $0, start: start) }
        _ = try await writer.commit(subscribers.map { $0.record(.start, age: 0) })
        let before = try await world.octets()
        // A row that somebody changed in spite of its lock is passed over in just this way.
        try await world.owner.script(
            """
            CREATE FUNCTION pass_over() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
            CREATE TRIGGER pass_over BEFORE UPDATE ON sessions FOR EACH ROW
            WHEN (OLD.username = 'user2') EXECUTE FUNCTION pass_over();
            """
        )
        let reports = subscribers.map { $0.record(.interimUpdate, age: 300) }
        await #expect(throws: StorageFault.conflict("sessions changed under their locks")) {
            _ = try await writer.commit(reports)
        }
        #expect(try await world.octets() == before)
        try await world.owner.script("DROP TRIGGER pass_over ON sessions")
        _ = try await writer.commit(reports)
        let after = try await world.octets()
        #expect(after == (600 * 1_100, 600 * 1_100, 600 * 1_100))
    }

    @Test(.proves("ACC-02")) func `a session's beginning tells the terms that Class told, and only where it told any`()
        async throws
    {
        let world = try await AccountingWorld()
        let writer = world.writer()
        var told = Subscriber(world, 1, start: start).record(.start, age: 0)
        told.termsDigest = .max
        told.grantedUntil = Timestamp(secondsSince1970: 1_800_000_000)
        _ = try await writer.commit([told, Subscriber(world, 2, start: start).record(.start, age: 0)])
        let digests = try await world.texts(
            """
            SELECT data::jsonb ->> 'termsDigest' FROM outbox WHERE subject = 'session.started'
            ORDER BY data::jsonb ->> 'username'
            """
        )
        #expect(digests == ["18446744073709551615", nil])
        let ends = try await world.texts(
            """
            SELECT data::jsonb ->> 'grantedUntil' FROM outbox WHERE subject = 'session.started'
            ORDER BY data::jsonb ->> 'username'
            """
        )
        #expect(ends == ["2027-01-15T08:00:00Z", nil])
    }

    @Test(.proves("COA-01")) func `where a NAS behind a range is, is kept with the session, live and closed`()
        async throws
    {
        let world = try await AccountingWorld()
        let writer = world.writer()
        let subscriber = Subscriber(world, 1, start: start)
        func known() async throws -> [String?] { try await world.texts("SELECT host(nas_address) FROM sessions") }
        var record = subscriber.record(.start, age: 0)
        _ = try await writer.commit([record])
        #expect(try await known() == [nil])
        for (age, source) in [(300, "192.0.2.7"), (600, "2001:db8:0:0:0:0:0:7")] {
            record = subscriber.record(.interimUpdate, age: age)
            record.sourceAddress = source
            _ = try await writer.commit([record])
            #expect(try await known() == [IPAddress(source)?.description])
        }
        // An ordinary report leaves it, and so does the end.
        _ = try await writer.commit([subscriber.record(.interimUpdate, age: 900)])
        _ = try await writer.commit([subscriber.record(.stop, age: 1_000)])
        #expect(try await known() == ["2001:db8::7"])
    }

    @Test(.proves("ACC-02")) func `an admission under another key stays one session`() async throws {
        let world = try await AccountingWorld()
        let writer = world.writer()
        let subscriber = Subscriber(world, 1, start: start)
        _ = try await writer.commit([subscriber.record(.start, age: 0)])
        var renamed = subscriber.record(.interimUpdate, age: 600)
        renamed.callingStationID = "02:00:00:00:00:99"
        _ = try await writer.commit([renamed])
        #expect(try await world.number("SELECT count(*) FROM sessions") == 1)
        #expect(try await world.octets().sessions == 600 * 1_100)
    }

    @Test(.proves("ACC-07", "G-03")) func `Accounting-On closes what its NAS began before it and nothing else`()
        async throws
    {
        let world = try await AccountingWorld()
        let writer = world.writer()
        let elsewhere = NASID(UUID128(high: 9, low: 9))
        var other = Subscriber(world, 3, start: start).record(.start, age: 0)
        other.nasID = elsewhere
        let batch = [
            Subscriber(world, 1, start: start).record(.start, age: 0),
            Subscriber(world, 2, start: start + .seconds(500)).record(.start, age: 0), other,
        ]
        _ = try await writer.commit(batch)
        let restart = AccountingRecord(
            id: EventID(UUID128(high: 1, low: 77)),
            tenantID: world.tenant,
            nasID: world.nas,
            statusType: .accountingOn,
            receivedAt: start + .seconds(400)
        )
        _ = try await writer.commit([restart])
        let closed = try await world.texts(
            "SELECT username FROM sessions WHERE closed_by = 'nas_reboot' AND ended_at = '2026-11-20 10:06:40+00'"
        )
        #expect(closed == ["user1"])
        #expect(try await world.number("SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 2)
        #expect(try await world.number("SELECT count(*) FROM outbox WHERE subject = 'session.stopped'") == 1)
        // Another consumer takes a Start that the restart overtook.
        _ = try await world.writer().commit([Subscriber(world, 4, start: start).record(.start, age: 0)])
        #expect(try await world.number("SELECT count(*) FROM sessions WHERE closed_by = 'nas_reboot'") == 2)
        // Heard of after the boundary: its NAS only restarted its accounting.
        _ = try await writer.commit([Subscriber(world, 1, start: start).record(.interimUpdate, age: 700)])
        #expect(try await world.number("SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 3)
        #expect(try await world.octets().sessions == 700 * 1_100)
    }

    @Test(.proves("ACC-02", "ACC-08"))
    func `a report that its Stop and a reset overtook counts, and the row remembers the fall between commits`()
        async throws
    {
        let world = try await AccountingWorld()
        let writer = world.writer()
        let subscriber = Subscriber(world, 1, start: start)
        func behind(_ status: AccountingStatus, age: Int) -> AccountingRecord {
            // The counters began again at the age of 600.
            var record = subscriber.record(status, age: age)
            (record.inputOctets, record.outputOctets) = (Int64(age - 600) * 1_000, Int64(age - 600) * 100)
            return record
        }
        let batches = [
            [subscriber.record(.start, age: 0), subscriber.record(.interimUpdate, age: 500)],
            [behind(.interimUpdate, age: 700)], [behind(.stop, age: 900)],
            [subscriber.record(.interimUpdate, age: 560), subscriber.record(.interimUpdate, age: 600)],
        ]
        for batch in batches { _ = try await writer.commit(batch) }
        let expected = 900 * 1_100
        #expect(try await world.octets() == (expected, expected, expected))
        #expect(
            try await world.texts("SELECT counter_fall::text FROM sessions")
                == ["{600,600000,60000,700,100000,10000,1}"]
        )
        for batch in batches.reversed() { _ = try await writer.commit(batch) }
        #expect(try await world.octets() == (expected, expected, expected))
    }

    @Test(.proves("G-03")) func `of a NAS that restarts all the time the newest restarts are kept`() async throws {
        let world = try await AccountingWorld()
        let restarts = (1...40).map { second in
            AccountingRecord(
                id: EventID(UUID128(high: 1, low: UInt64(second))),
                tenantID: world.tenant,
                nasID: world.nas,
                statusType: .accountingOn,
                receivedAt: start + .seconds(second)
            )
        }
        for batch in [restarts, restarts.reversed()] { _ = try await world.writer().commit(batch) }
        #expect(
            try await world.texts("SELECT count(*) || ' ' || min(at) FROM nas_restarts")
                == ["16 2026-11-20 10:00:25+00"]
        )
    }

    @Test(.proves("MSG-09", "ACC-05")) func `a batch with a record that cannot be stored leaves nothing behind`()
        async throws
    {
        let world = try await AccountingWorld()
        let writer = world.writer()
        let batch = [
            Subscriber(world, 1, start: start).record(.start, age: 0),
            Subscriber(world, 2, start: start).record(.start, age: 0, framedIPv4: "not an address"),
        ]
        await #expect(throws: StorageFault.self) { _ = try await writer.commit(batch) }
        #expect(try await world.number("SELECT count(*) FROM sessions") == 0)
        #expect(try await world.number("SELECT count(*) FROM outbox WHERE subject <> 'directory.changed'") == 0)
        _ = try await writer.commit([batch[0]])
        #expect(try await world.number("SELECT count(*) FROM sessions") == 1)
    }

    @Test(.proves("MSG-09")) func `interims write no session event and usage travels as one event per commit`()
        async throws
    {
        let world = try await AccountingWorld()
        let writer = world.writer()
        let subscribers = (1...200).map { Subscriber(world, $0, start: start) }
        _ = try await writer.commit(subscribers.map { $0.record(.start, age: 0) })
        let before = try await world.number("SELECT count(*) FROM outbox")
        _ = try await writer.commit(subscribers.map { $0.record(.interimUpdate, age: 60) })
        #expect(try await world.number("SELECT count(*) FROM outbox") == before + 1)
        #expect(try await world.number("SELECT sum(record_count)::bigint FROM sessions") == 400)
    }
}
