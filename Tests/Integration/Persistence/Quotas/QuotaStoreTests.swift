import Billing
import Domain
import Events
import Ledger
import Persistence
import Postgres
import SharedTesting
import Testing
import WireFormat

/// The worker's store of quotas over a real database.
@Suite(.proves("FUP-01", "FUP-03", "FUP-11", "ACC-11")) struct QuotaStoreTests {
    private static let stream = "TEST"

    /// A provider whose plan has quotas, and the store at work.
    private struct World {
        let base: DirectoryWorld
        let store: QuotaStore
        let other: QuotaStore
        let superuser: PostgresSession
        var service: ServiceRef { ServiceRef(tenantID: base.one.tenant, serviceID: base.one.service.id) }

        init(quotas: String) async throws {
            let base = try await DirectoryWorld()
            let configuration = PostgresConfiguration(url: base.url, role: "nexora_billing")
            let store = QuotaStore(PostgresSession(configuration)) { _ in .utc }
            let other = QuotaStore(PostgresSession(configuration)) { _ in .utc }
            (self.base, self.store, self.other) = (base, store, other)
            let superuser = try await base.superuser()
            self.superuser = superuser
            let (tenant, plan) = (base.one.tenant, base.one.plan.id)
            try await superuser.script(
                """
                INSERT INTO plan_quotas (tenant_id, plan_id, position, name, allowance, span, policy, throttle_download_bps,
                    throttle_upload_bps, overage_price, overage_unit, hours)
                SELECT '\(tenant)', '\(plan)', q.* FROM (VALUES \(quotas)) AS q
                """
            )
            #expect(try await store.lead())
            #expect(try await !other.lead())
        }

        func use(_ octets: Int64, at time: Timestamp = DirectoryWorld.now, of service: ServiceRef? = nil) -> ServiceUse
        {
            ServiceUse(service: service ?? self.service, inputOctets: 0, outputOctets: octets, seconds: 10, at: time)
        }

        /// Counts from one place in the stream to the next.
        @discardableResult
        func count(
            _ uses: [ServiceUse],
            _ from: UInt64?,
            _ to: UInt64,
            now: Timestamp = DirectoryWorld.now
        ) async throws -> QuotaCommit {
            try await store.count(
                uses,
                of: QuotaStoreTests.stream,
                from: from.map { QuotaProgress(created: 1, last: $0) },
                to: QuotaProgress(created: 1, last: to),
                now: now
            )
        }

        func restriction() async throws -> String {
            try await superuser.query(
                """
                SELECT restriction || coalesce(' ' || restricted_position, '') AS found FROM services WHERE id = $1
                """,
                [.id(service.serviceID)]
            ).first?["found"].text ?? ""
        }

        func number(_ sql: String) async throws -> Int64? { try await superuser.query(sql).first?[0].int64 }

        /// What was told of quotas, in the order of the events' ids.
        func told() async throws -> [String] {
            try await superuser.query(
                "SELECT subject, data FROM outbox WHERE subject IN ('quota.crossed', 'access.changed') ORDER BY id"
            ).map { row in
                var reader = JSONReader(Array((row["data"].text ?? "").utf8))
                if row["subject"].text == QuotaCrossed.subject {
                    return "\(try QuotaCrossed(from: &reader).threshold)"
                }
                return "\(try AccessChanged(from: &reader).effect)"
            }
        }

        func close() async {
            await superuser.close()
            await base.close()
        }
    }

    private static let throttled =
        "(1::smallint, 'Fair', 1000::bigint, 'month', 'throttle', 2000000::bigint, 1000000::bigint, NULL::bigint, NULL::bigint, '{}'::integer[])"
    private static let billed =
        "(1::smallint, 'Paid', 1000::bigint, 'month', 'bill', NULL::bigint, NULL::bigint, 5000::bigint, 100::bigint, '{}'::integer[])"

    /// The end of the month of ``DirectoryWorld/now``.
    private var end: Timestamp { QuotaCalendar(zone: .utc).window(.month, at: DirectoryWorld.now).end }

    @Test func `use counts once, thresholds are told once, and the window's end restores`() async throws {
        let world = try await World(quotas: Self.throttled)
        let gone = ServiceRef(tenantID: world.base.one.tenant, serviceID: world.base.ids.next())
        let first = try await world.count([world.use(500), world.use(299), world.use(7, of: gone)], nil, 5)
        #expect((first.counted, first.lost, first.crossings) == (2, 1, 0))
        // Those who answer logins are told by hundredths, and that the end is reached.
        let told = "SELECT used[2] FROM quota_headroom"
        #expect(try await world.number(told) == 799)
        // The same again: the place has moved on.
        await #expect(throws: StorageFault.self) { try await world.count([world.use(500)], nil, 5) }
        #expect(try await world.store.progress(Self.stream) == QuotaProgress(created: 1, last: 5))
        #expect(try await world.count([world.use(1)], 5, 6).crossings == 1)
        #expect(try await world.number(told) == 799)
        #expect(try await world.restriction() == "none")
        // Later than the first: ids are in the order of their times.
        let later = DirectoryWorld.now.adding(microseconds: 1_000)
        let capped = try await world.count([world.use(300)], 6, 9, now: later)
        #expect((capped.crossings, capped.throttled) == (2, 1))
        #expect(try await world.number(told) == 1100)
        #expect(try await world.restriction() == "throttled 1")
        #expect(try await world.count([world.use(5000)], 9, 10).didAnything == false)
        #expect(try await world.told() == ["80", "95", "100", "throttled"])
        #expect(try await world.number("SELECT sum(output_octets)::bigint FROM usage_hourly") == 6100)
        #expect(try await world.number("SELECT sum(seconds)::bigint FROM usage_hourly") == 50)
        #expect(try await world.store.due(now: end.adding(microseconds: -1), limit: 10).isEmpty)
        #expect(try await world.store.due(now: end, limit: 10) == [world.service])
        #expect(try await world.store.review([world.service], now: end).restored == 1)
        #expect(try await world.restriction() == "none")
        #expect(try await world.told().last == "restored")
        #expect(try await world.store.watched(after: nil, now: end, limit: 10).isEmpty)
        await world.close()
    }

    @Test func `a stream that was made anew is counted from its own beginning`() async throws {
        let world = try await World(quotas: Self.throttled)
        try await world.count([world.use(100)], nil, 70)
        _ = try await world.store.count(
            [world.use(100)],
            of: Self.stream,
            from: QuotaProgress(created: 1, last: 70),
            to: QuotaProgress(created: 2, last: 3),
            now: DirectoryWorld.now
        )
        #expect(try await world.number("SELECT weighted FROM quota_usage") == 20_000)
        #expect(try await world.store.progress(Self.stream) == QuotaProgress(created: 2, last: 3))
        await world.close()
    }

    @Test func `overage is ordered by started units, and blocks while it is owed`() async throws {
        let world = try await World(quotas: Self.billed)
        #expect(try await world.count([world.use(1001)], nil, 1).ordered == 1)
        #expect(try await world.count([world.use(250)], 1, 2).ordered == 1)
        let orders = try await world.store.pendingOrders(now: DirectoryWorld.now, limit: 10)
        #expect(orders.map(\.price.tenThousandths).sorted() == [5000, 10_000])
        #expect(orders.allSatisfy { $0.kind == .overage && $0.rootID == world.base.operatorID })
        let refused = try await world.store.refused(orders[0], reason: "insufficient", now: DirectoryWorld.now)
        #expect(refused.blocked == 1)
        #expect(try await world.restriction() == "blocked")
        #expect(try await world.store.pendingOrders(now: DirectoryWorld.now, limit: 10).map(\.id) == [orders[1].id])
        let later = DirectoryWorld.now + QuotaStore.retry
        let again = try await world.store.pendingOrders(now: later, limit: 10).first { $0.id == orders[0].id }
        #expect(again?.refusals == 1)
        #expect(try await world.store.posted(try #require(again), now: later).restored == 1)
        #expect(try await world.store.posted(orders[1], now: later).didAnything == false)
        #expect(try await world.restriction() == "none")
        await world.close()
    }

    @Test func `a grant extends the window once, and another plan or quota lets the service be`() async throws {
        let world = try await World(quotas: Self.throttled)
        try await world.count([world.use(1500)], nil, 1)
        #expect(try await world.restriction() == "throttled 1")
        try await world.superuser.script(
            """
            INSERT INTO quota_orders (tenant_id, service_id, customer_id, quota_id, kind, amount, price, currency, state)
            SELECT s.tenant_id, s.id, s.customer_id, q.id, 'grant', 1000, 0, 'EUR', 'posted'
            FROM services s JOIN plan_quotas q ON q.tenant_id = s.tenant_id AND q.plan_id = s.plan_id
            """
        )
        #expect(try await world.store.applyTopUps(now: DirectoryWorld.now, limit: 10).restored == 1)
        #expect(try await world.store.applyTopUps(now: DirectoryWorld.now, limit: 10) == QuotaCommit())
        #expect(try await world.number("SELECT bonus FROM quota_usage") == 1000)
        #expect(try await world.restriction() == "none")
        try await world.count([world.use(600)], 1, 2)
        #expect(try await world.restriction() == "throttled 1")
        // A larger allowance is looked at without any use.
        try await world.superuser.script("UPDATE plan_quotas SET allowance = 100000")
        let due = try await world.store.due(now: DirectoryWorld.now, limit: 10)
        #expect(due == [world.service])
        #expect(try await world.store.review(due, now: DirectoryWorld.now).restored == 1)
        try await world.superuser.script("UPDATE plan_quotas SET allowance = 1000")
        try await world.count([world.use(1)], 2, 3)
        #expect(try await world.restriction() == "throttled 1")
        try await world.superuser.script(
            """
            INSERT INTO plans (tenant_id, name, download_bps, upload_bps, price)
                SELECT tenant_id, 'other', 1, 1, 1 FROM services WHERE id = '\(world.service.serviceID)';
            UPDATE services s SET plan_id = p.id FROM plans p
                WHERE s.id = '\(world.service.serviceID)' AND p.tenant_id = s.tenant_id AND p.name = 'other';
            """
        )
        #expect(try await world.restriction() == "none")
        await world.close()
    }

    @Test func `whoever does not lead changes nothing`() async throws {
        let world = try await World(quotas: Self.throttled)
        await #expect(throws: StorageFault.self) {
            _ = try await world.other.review([world.service], now: DirectoryWorld.now)
        }
        await #expect(throws: StorageFault.self) {
            _ = try await world.other.count(
                [world.use(1)],
                of: Self.stream,
                from: nil,
                to: QuotaProgress(created: 1, last: 1),
                now: DirectoryWorld.now
            )
        }
        #expect(try await world.number("SELECT count(*) FROM quota_usage") == 0)
        #expect(try await world.store.progress(Self.stream) == nil)
        await world.close()
    }

    @Test func `any parts and orders of commits leave the same rows`() async throws {
        let world = try await World(quotas: Self.billed)
        var random = SeededRandom()
        var total: Int64 = 0
        var place: UInt64?
        for round in 1...40 {
            let uses = (0..<Int.random(in: 1...20, using: &random)).map { _ in
                world.use(
                    .random(in: 0...90, using: &random),
                    at: DirectoryWorld.now + .seconds(.random(in: -200_000...0, using: &random))
                )
            }
            total += uses.reduce(0) { $0 + $1.outputOctets }
            try await world.count(uses, place, UInt64(round))
            place = UInt64(round)
        }
        // 2026-09-21: 200,000 seconds before are the same month.
        #expect(try await world.number("SELECT sum(weighted)::bigint FROM quota_usage") == total * 100)
        #expect(try await world.number("SELECT sum(output_octets)::bigint FROM usage_hourly") == total)
        let units = max(0, total - 1000 + 99) / 100
        #expect(try await world.number("SELECT coalesce(max(last_unit), 0) FROM quota_orders") == units)
        #expect(
            try await world.number("SELECT coalesce(sum(last_unit - first_unit + 1), 0)::bigint FROM quota_orders")
                == units
        )
        #expect(try await world.number("SELECT coalesce(sum(price), 0)::bigint FROM quota_orders") == units * 5000)
        await world.close()
    }
}
