import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

/// Lists of sessions, of which there are more than of anything else.
@Suite(.proves("API-05", "SES-07")) struct SessionListTests {
    @Test func `a customer's sessions are read through an index, in partitions of later months too`() async throws {
        let world = try await ListingWorld(customers: 300)
        try await world.asPipeline { _ = try await $0.query("SELECT ensure_session_partitions('2031-01-01', 2)") }
        let customer = try await world.scope(world.one).transaction { transaction in
            try await transaction.query("SELECT id FROM customers LIMIT 1").first?["id"].uuid
        }
        let id = try #require(customer)
        for table in ["sessions", "radacct_2031_01", "radacct_2031_02", "sessions_history_default"] {
            let found = try await world.database.session.query(
                """
                SELECT count(*) AS n FROM pg_index i WHERE i.indrelid = $1::text::regclass
                    AND (SELECT array_agg(a.attname::text ORDER BY k.place) FROM unnest(i.indkey) WITH ORDINALITY k (number, place)
                        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number)
                    = '{tenant_id,customer_id,started_at,id}'
                """,
                [.text(table)]
            ).first?["n"].int
            #expect(found == 1, "\(table)")
        }
        try await world.database.session.query("ANALYZE sessions, sessions_history")
        try await world.asPipeline { transaction in
            _ = try await transaction.query("SET LOCAL enable_seqscan = off")
            let plan = try await transaction.query(
                """
                EXPLAIN SELECT id FROM sessions WHERE tenant_id = '\(world.one)' AND customer_id = '\(UUID128(high: id.high, low: id.low))'
                ORDER BY started_at DESC, id DESC LIMIT 10
                """
            ).compactMap { $0[0].text }.joined(separator: "\n")
            #expect(plan.contains("sessions_customer"), "\(plan)")
            #expect(!plan.contains("Sort"), "\(plan)")
        }
        await world.close()
    }

    @Test(.proves("ACC-10")) func `no column that interims change stands in an index of the hot table`() async throws {
        let world = try await ListingWorld(customers: 1)
        let changed = [
            "last_update_at", "session_seconds", "input_octets", "output_octets", "input_packets", "output_packets",
            "raw_input_octets", "raw_output_octets", "record_count",
        ]
        let indexed = try await world.database.session.query(
            """
            SELECT count(*) AS n FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
            WHERE i.indrelid = 'sessions'::regclass AND a.attname = ANY ($1)
            """,
            [.textArray(changed)]
        ).first?["n"].int
        #expect(indexed == 0)
        await world.close()
    }

    @Test func `a part of a user name is sought only where something else bounds the rows`() async throws {
        let world = try await ListingWorld(customers: 20)
        func page(_ filters: String...) async throws -> Int {
            try await world.page(of: .sessions, ListParameters(filters: filters, count: "true"), in: world.one).total
                ?? -1
        }
        for filter in ["username:contains:user", "username:prefix:user", "calling_station_id:contains:0"] {
            for others in [[], ["is_open:eq:false"], ["started_at:lt:2030-01-01T00:00:00Z"]] as [[String]] {
                await #expect(throws: ListError.self, "\(filter) \(others)") {
                    _ = try await world.page(
                        of: .sessions,
                        ListParameters(filters: [filter] + others),
                        in: world.one
                    )
                }
                #expect(throws: ListError.self) {
                    _ = try ListExport(
                        of: .sessions,
                        ListQuery(ListParameters(filters: [filter] + others), of: .sessions),
                        as: .csv,
                        in: world.scope(world.one)
                    )
                }
            }
        }
        #expect(try await page("username:contains:user", "started_at:gte:2026-01-01T00:00:00Z") == 20)
        #expect(try await page("username:prefix:userC1", "is_open:eq:true") >= 0)
        #expect(try await page("username:eq:userC1") > 0)
        await world.close()
    }

    @Test(.proves("API-05")) func `a page that takes too long ends and says what narrows it`() async throws {
        let world = try await ListingWorld(customers: 1)
        try await world.database.session.transaction { transaction in
            // As slow as can be.
            _ = try await transaction.query("LOCK TABLE sessions_history IN ACCESS EXCLUSIVE MODE")
            do {
                try await world.scope(world.one).transaction { transaction in
                    _ = try await Listing(
                        transaction,
                        scope: world.one,
                        cursors: world.cursors,
                        patience: .milliseconds(200)
                    ).page(of: .sessions, ListQuery(of: .sessions))
                }
                Issue.record("it was read")
            } catch let error as ListTooWide {
                #expect(error.limit == .milliseconds(200))
                #expect(Set(error.narrowing).isSuperset(of: ["customer_id", "service_id", "started_at", "is_open"]))
            }
        }
        // What the limit held for is over with the page.
        let limit = try await world.scope(world.one).transaction { transaction in
            _ = try await Listing(transaction, scope: world.one, cursors: world.cursors)
                .page(of: .sessions, ListQuery(of: .sessions))
            return try await transaction.query("SELECT current_setting('statement_timeout') AS t").first?["t"].text
        }
        #expect(limit == "0")
        await world.close()
    }
}

/// How much of a pool is one tenant's.
@Suite(.proves("RTL-01")) struct TenantShareTests {
    private let one = TenantID(UUID128(high: 1, low: 1))
    private let two = TenantID(UUID128(high: 2, low: 2))

    @Test func `who comes beyond the share waits his while and is refused, others are not`() async throws {
        let share = TenantShare(places: 2, patience: .milliseconds(20))
        try await share.run(for: one) {
            try await share.run(for: one) {
                await #expect(throws: TenantBusy.self) { try await share.run(for: one) {} }
                try await share.run(for: two) {}
            }
            try await share.run(for: one) {}
        }
    }

    @Test func `a place that comes free goes to who waits, and none is ever lost`() async throws {
        let share = TenantShare(places: 3, patience: .seconds(60), mostWaiting: 1_000)
        let counts = RunningCount()
        var random = SeededRandom()
        let cancelled = (0..<300).map { _ in Int.random(in: 0..<4, using: &random) == 0 }
        await withTaskGroup(of: Void.self) { group in
            for isCancelled in cancelled {
                group.addTask {
                    let task = Task {
                        try await share.run(for: one) {
                            await counts.enter()
                            await Task.yield()
                            await counts.leave()
                        }
                    }
                    if isCancelled { task.cancel() }
                    _ = try? await task.value
                }
            }
        }
        #expect(await counts.most <= 3)
        // All three are free again.
        try await share.run(for: one) { try await share.run(for: one) { try await share.run(for: one) {} } }
    }

    @Test func `no more wait than may`() async throws {
        let share = TenantShare(places: 1, patience: .seconds(60), mostWaiting: 0)
        try await share.run(for: one) {
            _ = await #expect(throws: TenantBusy.self) { try await share.run(for: one) {} }
        }
    }
}

private actor RunningCount {
    private var now = 0
    private(set) var most = 0

    func enter() {
        now += 1
        most = max(most, now)
    }

    func leave() { now -= 1 }
}
