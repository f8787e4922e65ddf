import Domain
import HTTPServer
import Observability
import Persistence
import Postgres
import SharedTesting
import Synchronization
import Testing

@testable import APIGateway

@Suite struct RowCacheTests {
    /// A cache with a clock and a line to the database of its own.
    private final class Bench: Sendable {
        let now = Mutex(Timestamp(microseconds: 0))
        let isCurrent = Atomic(true)
        let reads = Atomic(0)
        let scope = TenantID(UUID128(high: 1, low: 1))

        func cache(_ capacity: Int = 10) -> RowCache {
            RowCache(capacity: capacity, time: TimeSource { self.now.withLock { $0 } }, registry: MetricsRegistry()) {
                self.isCurrent.load(ordering: .relaxed)
            }
        }

        /// What a read answers, and whether the database was asked.
        func read(
            _ cache: RowCache,
            _ id: UInt64,
            _ kind: CachedKind = .customer,
            in scope: TenantID? = nil,
            row: String = "row",
            meanwhile: () -> Void = {}
        ) async throws -> (String, Bool) {
            let before = reads.load(ordering: .relaxed)
            let found = try await cache.row(kind, UUID128(high: 0, low: id), in: scope ?? self.scope) {
                reads.wrappingAdd(1, ordering: .relaxed)
                meanwhile()
                return row
            }
            return (found, reads.load(ordering: .relaxed) > before)
        }
    }

    private let bench = Bench()

    @Test(.proves("CCH-01", "CCH-02")) func `a row is read once until its time is over`() async throws {
        let cache = bench.cache()
        #expect(try await bench.read(cache, 1, row: "first") == ("first", true))
        #expect(try await bench.read(cache, 1, row: "second") == ("first", false))
        bench.now.withLock { $0 = Timestamp(microseconds: 599_999_999) }
        #expect(try await bench.read(cache, 1, row: "second") == ("first", false))
        bench.now.withLock { $0 = Timestamp(microseconds: 600_000_000) }
        #expect(try await bench.read(cache, 1, row: "second") == ("second", true))
        #expect(cache.count == 1)
    }

    @Test(.proves("CCH-03")) func `what is announced is forgotten: a row, a kind, or everything`() async throws {
        for (text, gone) in [
            ("customers 00000000-0000-0000-0000-000000000001", [true, false, false]),
            ("customers", [true, true, false]),
            ("tenants 00000000-0000-0000-0000-000000000009", [true, true, true]), ("what is this", [true, true, true]),
            ("", [true, true, true]), ("customers nonsense", [true, true, false]),
            ("plans 00000000-0000-0000-0000-000000000001", [false, false, false]),
        ] {
            let cache = bench.cache()
            let places: [(UInt64, CachedKind)] = [(1, .customer), (2, .customer), (3, .plan)]
            for (id, kind) in places { _ = try await bench.read(cache, id, kind) }
            cache.take(announcement: text)
            for ((id, kind), gone) in zip(places, gone) {
                #expect(try await bench.read(cache, id, kind).1 == gone, "\(text): \(kind) \(id)")
            }
        }
    }

    @Test(.proves("CCH-03")) func `a row that changes while it is read is not kept`() async throws {
        let cache = bench.cache()
        _ = try await bench.read(cache, 1, row: "old") {
            cache.take(announcement: "customers 00000000-0000-0000-0000-000000000001")
        }
        #expect(try await bench.read(cache, 1, row: "new") == ("new", true))
        _ = try await bench.read(cache, 2, row: "old") {
            cache.forget([AuditResource("customer", UUID128(high: 0, low: 2))])
        }
        #expect(try await bench.read(cache, 2, row: "new") == ("new", true))
        _ = try await bench.read(cache, 3, row: "old") {
            cache.forget([AuditResource("tenant", UUID128(high: 0, low: 9))])
        }
        #expect(try await bench.read(cache, 3, row: "new") == ("new", true))
    }

    @Test(.proves("CCH-01", "TEN-05")) func `one scope's copy is never another's`() async throws {
        let cache = bench.cache()
        let other = TenantID(UUID128(high: 2, low: 2))
        #expect(try await bench.read(cache, 1, row: "mine") == ("mine", true))
        #expect(try await bench.read(cache, 1, in: other, row: "theirs") == ("theirs", true))
        #expect(try await bench.read(cache, 1) == ("mine", false))
        #expect(try await bench.read(cache, 1, in: other) == ("theirs", false))
        cache.take(announcement: "customers 00000000-0000-0000-0000-000000000001")
        #expect(try await bench.read(cache, 1).1)
        #expect(try await bench.read(cache, 1, in: other).1)
    }

    @Test func `nothing is shown from memory while changes are not heard of`() async throws {
        let cache = bench.cache()
        _ = try await bench.read(cache, 1, row: "old")
        bench.isCurrent.store(false, ordering: .relaxed)
        #expect(try await bench.read(cache, 1, row: "new") == ("new", true))
        bench.isCurrent.store(true, ordering: .relaxed)
        cache.forgetAll()
        #expect(try await bench.read(cache, 1, row: "newest") == ("newest", true))
        // 0 keeps nothing.
        let none = bench.cache(0)
        _ = try await bench.read(none, 1)
        #expect(try await bench.read(none, 1).1)
    }

    @Test func `no more is kept than fits, and the oldest goes first`() async throws {
        let cache = bench.cache(10)
        for round in 0..<50 {
            for id in 0..<20 { _ = try await bench.read(cache, UInt64(id)) }
            #expect(cache.count <= 10)
            if round % 7 == 0 { cache.take(announcement: "customers") }
            if round % 3 == 0 { cache.take(announcement: "customers 00000000-0000-0000-0000-000000000013") }
        }
        for id in 100..<110 { _ = try await bench.read(cache, UInt64(id)) }
        for id in 100..<110 { #expect(try await bench.read(cache, UInt64(id)).1 == false) }
        _ = try await bench.read(cache, 200)
        #expect(try await bench.read(cache, 100).1)
    }

    @Test func `a row that was forgotten and read again is as young as its reading`() async throws {
        let cache = bench.cache(3)
        for id in 1...3 { _ = try await bench.read(cache, UInt64(id)) }
        cache.take(announcement: "customers 00000000-0000-0000-0000-000000000001")
        _ = try await bench.read(cache, 1)
        _ = try await bench.read(cache, 4)
        #expect(try await bench.read(cache, 1).1 == false)
        #expect(try await bench.read(cache, 3).1 == false)
        #expect(try await bench.read(cache, 2).1)
        // However often it happens.
        for _ in 0..<1_000 {
            cache.take(announcement: "customers 00000000-0000-0000-0000-000000000001")
            _ = try await bench.read(cache, 1)
        }
        #expect(cache.count == 3)
    }

    @Test(.proves("CCH-03")) func `what is read ahead is kept like what was asked for, unless it changed meanwhile`()
        async throws
    {
        let cache = bench.cache(10)
        let other = TenantID(UUID128(high: 2, low: 2))
        func rows(_ ids: ClosedRange<UInt64>) -> [(UUID128, String)] {
            ids.map { (UUID128(high: 0, low: $0), "ahead") }
        }
        #expect(try await cache.fill(.plan, in: bench.scope) { rows(1...3) } == 3)
        #expect(try await bench.read(cache, 2, .plan) == ("ahead", false))
        #expect(try await bench.read(cache, 2, .plan, in: other) == ("row", true))
        let late = try await cache.fill(.plan, in: bench.scope) {
            cache.take(announcement: "plans 00000000-0000-0000-0000-000000000004")
            return rows(4...4)
        }
        #expect(late == 0)
        #expect(try await bench.read(cache, 4, .plan) == ("row", true))
        #expect(try await cache.fill(.customer, in: bench.scope) { rows(1...50) } == 50)
        #expect(cache.count == 10)
        bench.isCurrent.store(false, ordering: .relaxed)
        #expect(try await cache.fill(.plan, in: bench.scope) { rows(1...3) } == 0)
    }

    // MARK: - Through the gateway

    @Test(.proves("CCH-03", "TEN-05")) func `a gateway that starts has its tenants' rows before they are asked for`()
        async throws
    {
        let world = try await GatewayWorld()
        let (one, two) = (try await Plot(world, customers: 2, plans: 1), try await Plot(world, customers: 1))
        try await eventually { world.listener.isCurrent() }
        // What is announced of the fixtures may still be on its way, and is forgotten then.
        try await eventually {
            world.parts.rows.forgetAll()
            await RowWarming(world.parts).warm()
            return world.parts.rows.count >= 4
        }
        #expect(world.logs.lines.contains { $0.contains("rows were read ahead") && $0.contains("\"is_whole\":true") })
        var asked = 0
        for (plot, id) in [(one, one.customers[0]), (one, one.customers[1]), (two, two.customers[0])] {
            let row: Customer = try await world.parts.rows.row(
                .customer,
                try #require(UUID128(id)),
                in: plot.tenant
            ) {
                asked += 1
                throw Problem.notFound
            }
            #expect(row.tenantID == plot.tenant)
        }
        #expect(asked == 0)
        // The other's is none of his.
        await #expect(throws: Problem.self) {
            _ = try await world.parts.rows.row(.customer, try #require(UUID128(one.customers[0])), in: two.tenant) {
                () async throws -> Customer in throw Problem.notFound
            }
        }
        try await world.close()
    }

    @Test func `without a database nothing is read ahead, and nothing fails`() async throws {
        let world = try await GatewayWorld.shared()
        var parts = world.parts
        let logs = MemoryLogSink()
        parts = Parts(
            accounts: parts.accounts,
            database: TenantPool(PostgresPool(PostgresConfiguration(url: "postgres://nobody@127.0.0.1:1/none"))),
            audit: parts.audit,
            limiter: parts.limiter,
            leases: parts.leases,
            rows: RowCache(capacity: 10, time: parts.time, registry: MetricsRegistry()) { true },
            counts: parts.counts,
            secrets: parts.secrets,
            notices: parts.notices,
            cursors: parts.cursors,
            messages: parts.messages,
            money: parts.money,
            payments: parts.payments,
            policy: parts.policy,
            time: parts.time,
            ids: parts.ids,
            logger: Logger(service: "test", level: .info, sink: logs)
        )
        await RowWarming(parts, within: .milliseconds(500)).warm()
        #expect(parts.rows.count == 0)
        #expect(logs.lines.count == 1 && logs.lines[0].contains("\"is_whole\":false"))
    }

    @Test(.proves("CCH-03")) func `whoever changes a row, the next read has it as it is`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let id = try await world.customer(as: admin, "Before")
        try await eventually { world.listener.isCurrent() }
        func read() async throws -> Answer { try await world.must(200, "GET", "/api/v1/customers/\(id)", as: admin) }
        func version() async throws -> [String: String] { ["If-Match": try #require(try await read().headers["etag"])] }
        for round in 0..<20 {
            let change = "{\"name\":\"Name \(round)\"}"
            let match = try await version()
            _ = try await world.must(200, "PATCH", "/api/v1/customers/\(id)", as: admin, change, headers: match)
            #expect(try await read()["data.name"]?.text == "Name \(round)")
        }
        // By another program.
        _ = try await world.superuser.query("UPDATE customers SET name = 'By hand' WHERE id = $1::uuid", [.text(id)])
        try await eventually { try await read()["data.name"]?.text == "By hand" }
        _ = try await world.must(204, "DELETE", "/api/v1/customers/\(id)", as: admin, headers: try await version())
        #expect(try await world.send("GET", "/api/v1/customers/\(id)", as: admin).status == 404)
    }

    @Test(.proves("TEN-05", "CCH-01")) func `what one tenant has in memory no other is shown`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let stranger = try await world.person(.tenantAdmin, in: world.two)
        let id = try await world.customer(as: admin)
        let neighbour = try await world.customer(as: admin, "Neighbour")
        let viewer = try await world.person(.customer, customer: CustomerID(try #require(UUID128(neighbour))))
        try await eventually { world.listener.isCurrent() }
        for _ in 0..<3 {
            _ = try await world.must(200, "GET", "/api/v1/customers/\(id)", as: admin)
            #expect(try await world.send("GET", "/api/v1/customers/\(id)", as: stranger).status == 404)
            let seen = try await world.send("GET", "/api/v1/customers/\(id)", as: viewer).status
            #expect(seen == 403 || seen == 404)
        }
    }
}
