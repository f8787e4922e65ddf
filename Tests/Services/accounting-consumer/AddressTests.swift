import Concurrency
import Domain
import Observability
import Persistence
import Postgres
import Redis
import SharedTesting
import Testing

@testable import AccountingConsumer
@testable import Admission

/// What keeps the addresses in Redis and in Postgres one, against both.
@Suite(.serialized) struct AddressTests {
    private func admitted(_ result: AdmissionResult) throws -> AdmissionResult.Admitted {
        guard case .admitted(let given) = result else {
            Issue.record("\(result)")
            throw Refused()
        }
        return given
    }

    private struct Refused: Error {}

    @Test(.proves("IPAM-05")) func `the log reaches Postgres once, also when it was killed before it trimmed`()
        async throws
    {
        let world = try await AddressWorld()
        for number in 1...8 { _ = try await world.login(number, admission: number, binds: number == 1) }
        try await world.report(.ended, 3, admission: 3)
        let log = try await world.redis.command("LRANGE", "ipam:log", "0", "-1")
        let waiting = try await world.keeper.waiting()
        #expect(waiting == 8 * 2 + 2 + 1)
        // Killed between the commit and the trim, twice, at different places.
        let batch = try await world.keeper.oldest(100)
        let entries = batch.entries.compactMap { $0 }
        _ = try await world.store.store(Array(entries.prefix(5)), pools: world.pools)
        _ = try await world.store.store(Array(entries.prefix(14)), pools: world.pools)
        #expect(try await world.redis.command("LRANGE", "ipam:log", "0", "-1") == log)
        try await world.persister.drain(world.pools)
        #expect(try await world.keeper.waiting() == 0)
        // A leader that was slow to trim does not trim what came after.
        _ = try await world.login(9, admission: 9)
        #expect(try await world.keeper.forget(batch) == 2)
        try await world.persister.drain(world.pools)
        #expect(try await world.allocations() == world.leases())
        #expect(try await world.accounting.number("SELECT count(*) FROM ip_allocations") == 18)
        #expect(
            try await world.accounting.texts("SELECT bound_mac::text FROM services WHERE bound_mac IS NOT NULL")
                == ["02:00:00:00:00:01"]
        )
        // What was dynamic is free, what is sticky is kept.
        #expect(try await world.leases().filter { $0.hasPrefix("\(AddressWorld.service(3)) ") }.count == 1)
        try await world.close()
    }

    @Test(.proves("IPAM-06", "IPAM-08", "IPAM-13"))
    func `an emptied Redis gets back exactly what was given, and gives nothing before`() async throws {
        let world = try await AddressWorld()
        var given: [Int: [UInt64?]] = [:]
        for number in 1...10 { given[number] = try admitted(try await world.login(number, admission: number)).offsets }
        for number in 1...5 { try await world.record(number, admission: number, .start) }
        try await world.report(.ended, 9, admission: 9)
        _ = try await world.login(10, admission: 10, binds: true)
        try await world.persister.drain(world.pools)
        let before = try await world.leases()
        _ = try await world.redis.command("FLUSHALL")
        #expect(try await world.login(11, admission: 11) == .notReady)
        try await world.warmUp.run(world.pools)
        #expect(try await world.leases() == before)
        #expect(try await world.keeper.waiting() == 0, "what Postgres told is not written there again")
        try await world.loadBlocks()
        // Everybody keeps what he has, and newcomers get other units.
        for number in 1...8 {
            #expect(try admitted(try await world.login(number, admission: 100 + number)).offsets == given[number])
        }
        #expect(try admitted(try await world.login(9, admission: 109)).offsets[0] == given[9]?[0])
        let fresh = try admitted(try await world.login(12, admission: 112)).offsets
        #expect(!given.values.contains { $0[0] == fresh[0] })
        let record = try await world.keeper.records(of: [AddressWorld.service(10)]).first
        #expect(record?.boundMAC == 0x0200_0000_000a)
        #expect(try await world.login(10, admission: 110, device: 99, binds: true) == .deviceMismatch)
        // A second warm-up of what is there changes nothing.
        try await world.persister.drain(world.pools)
        let after = try await world.leases()
        try await world.warmUp.run(world.pools)
        #expect(try await world.leases() == after)
        try await world.close()
    }

    @Test(.proves("IPAM-06")) func `without Postgres an empty Redis stays unready`() async throws {
        let world = try await AddressWorld()
        _ = try await world.redis.command("FLUSHALL")
        let away = PostgresConfiguration(url: "postgresql://127.0.0.1:9/none", connectTimeout: .milliseconds(200))
        let nobody = AllocationStore(PostgresSession(away))
        let warmUp = WarmUp(
            keeper: world.keeper,
            store: nobody,
            logger: world.persister.logger,
            clock: world.clock,
            replay: .zero,
            leaseSeconds: 900
        )
        await #expect(throws: StorageFault.self) { try await warmUp.run(world.pools) }
        #expect(try await world.keeper.isReady() == false)
        try await world.close()
    }

    @Test(.proves("IPAM-07", "SES-08")) func `a round leaves alone what is right`() async throws {
        let world = try await AddressWorld()
        for number in 1...6 { _ = try await world.login(number, admission: number, binds: number < 3) }
        for number in 1...4 { try await world.record(number, admission: number, .start) }
        for number in 1...4 { try await world.report(.began, number, admission: number) }
        try await world.report(.ended, 6, admission: 6)
        let leases = try await world.leases()
        // Nothing was stored yet: the round stores it and takes no delay for a difference.
        try await world.reconcile()
        #expect(try await world.leases() == leases)
        #expect(try await world.allocations() == leases)
        for repair in Repair.allCases { #expect(world.repairs(repair) == 0, "\(repair)") }
        try await world.close()
    }

    @Test(.proves("IPAM-07")) func `each damage is mended`() async throws {
        let world = try await AddressWorld()
        var given: [Int: [UInt64?]] = [:]
        for number in 1...9 { given[number] = try admitted(try await world.login(number, admission: number)).offsets }
        for number in 1...8 { try await world.record(number, admission: number, .start) }
        for number in 1...8 { try await world.report(.began, number, admission: number) }
        try await world.persister.drain(world.pools)
        let homes = "pool:\(world.homes.id):"
        func offset(_ number: Int) -> String { String(given[number].flatMap { $0[0] } ?? 0) }
        // 1: its session ended, and nobody told Redis.
        try await world.record(1, admission: 1, .stop, age: 1)
        // 2: Redis lost its unit. 3: Redis lost its unit, and its session is over.
        _ = try await world.redis.command("HDEL", homes + "leased", offset(2))
        try await world.record(3, admission: 3, .stop, age: 1)
        _ = try await world.redis.command("HDEL", homes + "leased", offset(3))
        // 4: Postgres lost its unit.
        try await world.accounting.run(
            "DELETE FROM ip_allocations WHERE service_id = '\(AddressWorld.service(4))' AND family(unit) = 4"
        )
        // 5: its record is gone, and its session is over.
        try await world.record(5, admission: 5, .stop, age: 1)
        let record = Array("s:".utf8) + AddressWorld.service(5).bytes
        _ = try await world.redis.pipeline([[Array("DEL".utf8), record]])
        // A unit that nobody has, and one that must not be handed out.
        let free = try await world.redis.command("SPOP", homes + "available").octets ?? []
        _ = try await world.redis.command("SADD", homes + "available", "0")

        try await world.reconcile()
        try await world.reconcile()
        #expect(try await world.allocations() == world.leases())
        let leases = try await world.leases()
        func has(_ number: Int, _ kept: String = "") -> Bool {
            leases.contains("\(AddressWorld.service(number)) ipv4 \(offset(number))\(kept)")
        }
        #expect(
            has(1, " kept") && has(2) && !has(3) && !has(3, " kept") && has(4) && has(5, " kept") && has(6) && has(9)
        )
        #expect(world.repairs(.slotEnded) == 2, "1 and 3")
        #expect(world.repairs(.leaseClaimed) == 2, "2's, and what is kept for 5 since it was taken from him")
        #expect(world.repairs(.allocationStored) == 1)
        #expect(world.repairs(.unitOrphaned) == 2, "both of 5's")
        #expect(world.repairs(.unitExcluded) == 1 && world.repairs(.unitLost) >= 1)
        let available =
            try await world.redis.command("SMEMBERS", homes + "available").elements?.compactMap(\.octets) ?? []
        #expect(available.contains(free) && !available.contains(Array("0".utf8)))
        // Each usable unit of the loaded blocks is in one place.
        let counts = try await world.keeper.counts([world.homes.id])[0]
        let loaded = (0..<counts.blocks).flatMap { world.homes.usable(inBlock: $0) }
        #expect(counts.available + counts.leased == loaded.count)
        try await world.close()
    }

    @Test(.proves("IPAM-14"))
    func `a lease that somebody asks to be ended is ended in Redis, and its operation says so`()
        async throws
    {
        let world = try await AddressWorld()
        for number in 1...2 { _ = try await world.login(number, admission: number) }
        try await world.persister.drain(world.pools)
        let tenant = world.accounting.tenant
        try await TenantScope(root: tenant).transaction(on: world.accounting.owner) { transaction in
            _ = try await transaction.query(
                """
                INSERT INTO operations (tenant_id, kind, resource_type, resource_id, requested_by)
                SELECT tenant_id, 'lease_release', 'lease', id, uuid_v7() FROM ip_allocations
                WHERE service_id = '\(AddressWorld.service(1))' AND family(unit) = 4
                UNION ALL SELECT '\(tenant)', 'lease_release', 'lease', uuid_v7(), uuid_v7()
                UNION ALL SELECT '\(tenant)', 'session_disconnect', 'session', uuid_v7(), uuid_v7()
                """
            )
        }
        let releases = AskedReleases(keeper: world.keeper, store: world.store, leaseSeconds: 900)
        try await releases.run(world.pools)
        try await world.persister.drain(world.pools)
        let mine = try await world.leases().filter { $0.hasPrefix("\(AddressWorld.service(1)) ") }
        #expect(mine.count == 1 && mine.first?.hasSuffix(" kept") == true, "\(mine)")
        #expect(try await world.leases().filter { $0.hasPrefix("\(AddressWorld.service(2)) ") }.count == 2)
        #expect(try await world.allocations() == world.leases())
        let outcomes = try await world.accounting.texts(
            "SELECT outcome FROM operations WHERE state = 'succeeded' ORDER BY 1"
        )
        #expect(outcomes == ["Ended; the pool keeps it for its owner for 86400 s.", "The lease had ended."])
        // Nothing is asked twice, and nobody else's operations are touched.
        #expect(try await world.store.askedReleases(limit: 10, pools: world.pools).isEmpty)
        #expect(try await world.accounting.number("SELECT count(*) FROM operations WHERE state = 'pending'") == 1)
        try await world.close()
    }

    @Test(.proves("IPAM-02", "IPAM-07")) func `units that are somebody's for good, or a server's, are left alone`()
        async throws
    {
        let world = try await AddressWorld()
        let homes = "pool:\(world.homes.id):"
        func isAvailable(_ offset: Int) async throws -> Bool {
            try await world.redis.command("SISMEMBER", homes + "available", String(offset)).number == 1
        }
        try await TenantScope(root: world.accounting.tenant).transaction(on: world.accounting.owner) { transaction in
            _ = try await transaction.query("UPDATE services SET static_ipv4 = '192.168.0.9' WHERE username = 'user1'")
        }
        // Struck out of the pool when it was come upon.
        for command in ["SREM \(homes)available 9", "SREM \(homes)available 10"] {
            _ = try await world.redis.pipeline([command.split(separator: " ").map { Array($0.utf8) }])
        }
        for offset in ["9", "10"] {
            let struck = [
                Array("HSET".utf8), Array((homes + "leased").utf8), Array(offset.utf8),
                [UInt8](repeating: 0, count: 16),
            ]
            _ = try await world.redis.pipeline([struck])
        }
        // The last block is kept by a server that lives.
        let last = Int(world.homes.blockCount) - 1
        let first = last * Int(world.homes.blockSize)
        _ = try await world.redis.command("HSET", homes + "reserved", String(last), "radius-1")
        _ = try await world.redis.command("SREM", homes + "available", String(first))
        _ = try await world.redis.command("SET", "server:radius-1", "1")
        try await world.reconcile()
        #expect(try await !isAvailable(9), "it is user1's")
        #expect(try await isAvailable(10), "it is nobody's any more")
        #expect(try await !isAvailable(first))
        // The server is gone: its block is everybody's once it stayed away.
        _ = try await world.redis.command("DEL", "server:radius-1")
        try await world.reconcile()
        #expect(try await !isAvailable(first))
        var cursor = BlockCursor()
        var verdicts: [Bool] = []
        for (holder, alive, second) in [
            ("a", false, 0), ("a", false, 119), ("b", false, 120), ("a", false, 120), ("a", true, 121),
            ("a", false, 300),
        ] {
            verdicts.append(cursor.isDead(holder, alive: alive, now: .epoch + .seconds(second)))
        }
        #expect(verdicts == [false, false, false, true, false, false])
        try await world.keeper.release(UInt32(last), of: world.homes.id)
        try await world.reconcile()
        #expect(try await isAvailable(first))
        try await world.close()
    }

    @Test(.proves("SES-04", "SES-08")) func `slots of logins without a session and of silent sessions are given up`()
        async throws
    {
        let world = try await AddressWorld()
        let now = world.clock.now()
        func slot(_ state: ServiceRecord.Slot.State, since: Int, until: Int, admission: Int = 1) -> ServiceRecord.Slot {
            ServiceRecord.Slot(
                state: state,
                device: DeviceKey(callingStationID: AddressWorld.station(1), nas: world.accounting.nas, port: nil),
                admission: AddressWorld.admission(admission),
                nas: world.accounting.nas.value,
                since: now + .seconds(since),
                until: now + .seconds(until),
                units: [nil, nil, nil]
            )
        }
        try await world.record(1, admission: 1, .start)
        let open = try await world.store.sessions(of: [ServiceID(AddressWorld.service(1))])
        try await world.record(1, admission: 1, .stop, age: 1)
        let closed = try await world.store.sessions(of: [ServiceID(AddressWorld.service(1))])
        #expect(open.count == 1 && closed.count == 1 && closed[0].endedAt != nil)
        let judge = { (slot: ServiceRecord.Slot, sessions: [KnownSession]) in
            SlotJudge.judge(slot, sessions: sessions, now: now)
        }
        #expect(judge(slot(.pending, since: -70, until: -10), []) == .fine)
        #expect(judge(slot(.pending, since: -130, until: -70), []) == .end(.slotPending))
        #expect(judge(slot(.active, since: -5_000, until: -800), []) == .fine)
        #expect(judge(slot(.active, since: -5_000, until: -1_000), []) == .end(.slotSilent))
        #expect(judge(slot(.active, since: -10, until: 800), open) == .fine)
        #expect(judge(slot(.active, since: -10, until: -1), open) == .renew(AddressWorld.admission(1)))
        #expect(judge(slot(.pending, since: -10, until: 50), open) == .renew(AddressWorld.admission(1)))
        #expect(judge(slot(.leaving, since: -10, until: -1), open) == .fine)
        #expect(judge(slot(.active, since: -10, until: 800), closed) == .end(.slotEnded))
        #expect(judge(slot(.released, since: -10, until: -800), closed) == .fine)
        // Two servers admitted one login, and the NAS took the answer that Redis has as the one before.
        var second = slot(.pending, since: -100, until: -40, admission: 2)
        second.alternative = AddressWorld.admission(1)
        #expect(judge(second, open) == .renew(AddressWorld.admission(1)))
        #expect(judge(second, closed) == .fine)
        second = slot(.active, since: -100, until: 800, admission: 2)
        second.alternative = AddressWorld.admission(1)
        #expect(judge(second, open) == .fine && judge(second, closed) == .fine)
        // Another login of the same device is another matter, whatever became of the last.
        #expect(judge(slot(.pending, since: -10, until: 50, admission: 2), closed) == .fine)
        try await world.close()
    }

    @Test(.proves("SES-04")) func `slots of ended sessions are given back behind the commit`() async throws {
        let world = try await AddressWorld()
        _ = try await world.login(1, admission: 1)
        try await world.record(1, admission: 1, .start)
        try await world.report(.began, 1, admission: 1)
        let release = SlotRelease(keeper: world.keeper, metrics: world.metrics, logger: world.persister.logger)
        var stop = Subscriber(world.accounting, 1, start: world.clock.now() - .seconds(1)).record(.stop, age: 1)
        stop.serviceID = ServiceID(AddressWorld.service(1))
        stop.admissionID = AdmissionID(AddressWorld.admission(1))
        stop.callingStationID = AddressWorld.station(1)
        stop.framedIPv4 = nil
        let commit = try await world.accounting.writer().commit([stop])
        #expect(commit.ended.count == 1)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await release.run() }
            release.offer(commit.ended)
            try await eventually { try await world.leases().allSatisfy { $0.hasSuffix("kept") } }
            group.cancelAll()
            while await group.nextResult() != nil {}
        }
        #expect(try await world.leases().count == 1, "the delegated prefix is not kept")
        try await world.close()
    }

    @Test(.proves("ACC-09")) func `past allocations go with their retention, what is had stays`() async throws {
        let world = try await AddressWorld()
        _ = try await world.login(1, admission: 1)
        _ = try await world.login(2, admission: 2)
        try await world.report(.ended, 2, admission: 2)
        try await world.persister.drain(world.pools)
        #expect(try await world.store.forget(endedBefore: world.clock.now() + .seconds(60), limit: 100) == 1)
        #expect(try await world.accounting.number("SELECT count(*) FROM ip_allocations") == 3)
        try await world.close()
    }

    @Test(.proves("IPAM-14")) func `a pool that is nearly exhausted is told once, until it is not`() async throws {
        let world = try await AddressWorld()
        let watch = PoolWatch(
            keeper: world.keeper,
            store: world.store,
            metrics: world.metrics,
            logger: world.persister.logger
        )
        func lease(_ count: Int) async throws {
            _ = try await world.redis.command("DEL", "pool:\(world.homes.id):leased")
            for offset in 2..<2 + count {
                _ = try await world.redis.command("HSET", "pool:\(world.homes.id):leased", String(offset), "x")
            }
            try await watch.look(world.pools)
        }
        func told() async throws -> Int {
            try await world.accounting.number("SELECT count(*) FROM outbox WHERE subject = 'ipam.utilisation_high'")
        }
        try await lease(54)  // of 61
        #expect(try await told() == 0)
        try await lease(56)
        try await lease(60)
        try await lease(53)
        try await lease(57)
        #expect(try await told() == 1)
        try await lease(40)
        try await lease(57)
        #expect(try await told() == 2)
        let text = String(decoding: world.registry.render(), as: UTF8.self)
        #expect(text.contains("ipam_pool_used{tenant=\"\(world.accounting.tenant)\",pool=\"homes\"} 57"))
        #expect(text.contains("ipam_pool_usable{tenant=\"\(world.accounting.tenant)\",pool=\"homes\"} 61"))
        try await world.close()
    }
}
