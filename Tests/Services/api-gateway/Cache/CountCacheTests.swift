import Domain
import Observability
import Postgres
import SharedTesting
import Synchronization
import Testing

@testable import APIGateway

@Suite struct CountCacheTests {
    /// A cache with a clock and a line to the database of its own, and a count that ends when it is let.
    private final class Bench: Sendable {
        let now = Mutex(Timestamp(microseconds: 0))
        let isCurrent = Atomic(true)
        let counts = Atomic(0)
        let scope = TenantID(UUID128(high: 1, low: 1))

        func cache(_ capacity: Int = 10) -> CountCache {
            CountCache(capacity: capacity, time: TimeSource { self.now.withLock { $0 } }, registry: MetricsRegistry()) {
                self.isCurrent.load(ordering: .relaxed)
            }
        }

        /// What is answered: how often was counted by then, unless something else is wanted.
        func count(
            _ cache: CountCache,
            in scope: TenantID? = nil,
            as reach: Reach? = nil,
            meanwhile: () async throws -> Void = {}
        ) async throws -> Int {
            let scope = scope ?? self.scope
            return try await cache.value("things", in: scope, as: reach ?? .subtree(scope)) {
                let number = counts.add(1, ordering: .relaxed).newValue
                try await meanwhile()
                return number
            }.value
        }
    }

    private struct Refused: Error {}

    private final class Tally: Sendable {
        let count = Atomic(0)
    }

    private final class Signal: Sendable {
        let isRaised = Atomic(false)
    }

    private let bench = Bench()

    @Test(.proves("CCH-02", "NOC-01")) func `what was counted is kept for five minutes, and says when`() async throws {
        let cache = bench.cache()
        #expect(try await bench.count(cache) == 1)
        bench.now.withLock { $0 = Timestamp(microseconds: 299_999_999) }
        let kept = try await cache.value("things", in: bench.scope, as: .subtree(bench.scope)) { 99 }
        #expect(kept.value == 1 && kept.time == Timestamp(microseconds: 0))
        bench.now.withLock { $0 = Timestamp(microseconds: 300_000_000) }
        #expect(try await bench.count(cache) == 2)
        #expect(cache.size == 1)
    }

    @Test(.proves("CCH-02")) func `a hundred at once cost one count`() async throws {
        let cache = bench.cache()
        let arrived = Tally()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    arrived.count.add(1, ordering: .relaxed)
                    return try await bench.count(cache) {
                        try await eventually { arrived.count.load(ordering: .relaxed) == 100 }
                    }
                }
            }
            for try await found in group { #expect(found == 1) }
        }
        #expect(bench.counts.load(ordering: .relaxed) == 1)
    }

    @Test(.proves("CCH-02")) func `a count that fails fails for those who wait, and is made again for the next`()
        async throws
    {
        let cache = bench.cache()
        let arrived = Tally()
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<10 {
                group.addTask {
                    arrived.count.add(1, ordering: .relaxed)
                    do {
                        _ = try await bench.count(cache) {
                            try await eventually { arrived.count.load(ordering: .relaxed) == 10 }
                            throw Refused()
                        }
                        return false
                    } catch {
                        return error is Refused
                    }
                }
            }
            for await isRefused in group { #expect(isRefused) }
        }
        let before = bench.counts.load(ordering: .relaxed)
        #expect(try await bench.count(cache) == before + 1)
    }

    @Test func `who gives up takes nobody with him`() async throws {
        let cache = bench.cache()
        let isCounting = Signal()
        let mayEnd = Signal()
        try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask {
                try await bench.count(cache) {
                    isCounting.isRaised.store(true, ordering: .relaxed)
                    try await eventually { mayEnd.isRaised.load(ordering: .relaxed) }
                }
            }
            try await eventually { isCounting.isRaised.load(ordering: .relaxed) }
            // One who waits for that count, and leaves.
            await #expect(throws: CancellationError.self) {
                try await withThrowingTaskGroup(of: Int.self) { impatient in
                    impatient.addTask { try await bench.count(cache) }
                    impatient.cancelAll()
                    return try await impatient.next() ?? 0
                }
            }
            mayEnd.isRaised.store(true, ordering: .relaxed)
            for try await found in group { #expect(found == 1) }
        }
        // Whoever counts and leaves is followed by one of those who wait.
        cache.forgetAll()
        let began = Signal()
        try await withThrowingTaskGroup(of: Void.self) { group in
            let leaving = Signal()
            group.addTask {
                await #expect(throws: CancellationError.self) {
                    _ = try await bench.count(cache) {
                        began.isRaised.store(true, ordering: .relaxed)
                        try await eventually { leaving.isRaised.load(ordering: .relaxed) }
                        throw CancellationError()
                    }
                }
            }
            try await eventually { began.isRaised.load(ordering: .relaxed) }
            for _ in 0..<5 {
                group.addTask {
                    let found = try await bench.count(cache)
                    #expect(found == 3)
                }
            }
            leaving.isRaised.store(true, ordering: .relaxed)
            try await group.waitForAll()
        }
    }

    @Test(.proves("CCH-03")) func `what is announced is forgotten, and no more`() async throws {
        let other = TenantID(UUID128(high: 2, low: 2))
        for (text, gone) in [
            ("counts \(bench.scope)", [true, false]), ("counts \(other)", [false, true]), ("counts", [true, true]),
            ("counts nonsense", [true, true]), ("tenants \(other)", [true, true]), ("what is this", [true, true]),
            ("", [true, true]), ("customers \(other)", [false, false]), ("plans", [false, false]),
        ] {
            let cache = bench.cache()
            let scopes = [bench.scope, other]
            var before: [Int] = []
            for scope in scopes { before.append(try await bench.count(cache, in: scope)) }
            cache.take(announcement: text)
            for ((scope, known), isGone) in zip(zip(scopes, before), gone) {
                #expect((try await bench.count(cache, in: scope) != known) == isGone, "\(text)")
            }
        }
    }

    @Test(.proves("CCH-03")) func `what changes while it is counted is not kept, and who asks then is counted for`()
        async throws
    {
        let cache = bench.cache()
        let first = try await bench.count(cache) {
            cache.take(announcement: "counts \(self.bench.scope)")
            // Who asks now knows of the change.
            let second = try await self.bench.count(cache)
            #expect(second == 2)
        }
        #expect(first == 1)
        #expect(try await bench.count(cache) == 2)
    }

    @Test(.proves("CCH-02", "TEN-05")) func `nobody is shown what another scope or reach counted`() async throws {
        let cache = bench.cache()
        let other = TenantID(UUID128(high: 2, low: 2))
        let reaches: [Reach] = [
            .subtree(bench.scope), .tenant(bench.scope), .customer(bench.scope, CustomerID(UUID128(high: 0, low: 1))),
            .customer(bench.scope, CustomerID(UUID128(high: 0, low: 2))), .tenant(other),
        ]
        var seen: Set<Int> = []
        for scope in [bench.scope, other] {
            for reach in reaches { seen.insert(try await bench.count(cache, in: scope, as: reach)) }
        }
        #expect(seen.count == 10)
    }

    @Test func `nothing is kept while changes are not heard of, and never more than fits`() async throws {
        let cache = bench.cache(3)
        bench.isCurrent.store(false, ordering: .relaxed)
        for number in 1...3 { #expect(try await bench.count(cache) == number) }
        bench.isCurrent.store(true, ordering: .relaxed)
        for number in 0..<20 {
            bench.now.withLock { $0 = Timestamp(microseconds: Int64(number)) }
            _ = try await bench.count(cache, in: TenantID(UUID128(high: 3, low: UInt64(number))))
            #expect(cache.size <= 3)
        }
        let before = bench.counts.load(ordering: .relaxed)
        _ = try await bench.count(cache, in: TenantID(UUID128(high: 3, low: 19)))
        #expect(bench.counts.load(ordering: .relaxed) == before)
        let none = bench.cache(0)
        _ = try await bench.count(none)
        #expect(none.size == 0)
    }

    // MARK: - Through the gateway

    @Test(.proves("CCH-02", "CUS-04", "TEN-05"))
    func `statistics follow whoever changes a customer, and are each tenant's own`() async throws {
        let world = try await GatewayWorld.shared()
        let (one, two) = (try await Plot(world, customers: 2), try await Plot(world, customers: 1))
        let path = "/api/v1/customers/statistics"
        try await eventually { world.listener.isCurrent() }
        func total(_ person: GatewayWorld.Person) async throws -> Int64 {
            let answer = try await world.must(200, "GET", path, as: person)
            #expect(answer["data.counted_at"]?.text != nil)
            #expect(answer.headers["age"].flatMap { Int($0) }.map { (0...300).contains($0) } == true)
            return try #require(answer["data.total"]?.integer)
        }
        for _ in 0..<2 {
            #expect(try await total(one.admin) == 2)
            #expect(try await total(two.admin) == 1)
            #expect(try await total(one.above) >= 3)
        }
        let id = try await world.customer(as: one.admin, "Counted")
        #expect(try await total(one.admin) == 3)
        #expect(try await total(two.admin) == 1)
        // By another program: made, and taken away.
        _ = try await world.superuser.query(
            """
            INSERT INTO customers (tenant_id, code, name, phone, address) VALUES ($1::uuid, 'BY-HAND', 'By hand', '1', 'x')
            """,
            [.text(one.tenant.description)]
        )
        try await eventually { try await total(one.admin) == 4 }
        _ = try await world.superuser.query("DELETE FROM customers WHERE id = $1::uuid", [.text(id)])
        try await eventually { try await total(one.admin) == 3 }
        #expect(try await total(two.admin) == 1)
    }
}
