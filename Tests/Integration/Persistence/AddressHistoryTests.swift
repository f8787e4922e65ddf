import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite(.proves("IPAM-09", "IPAM-12")) struct AddressHistoryTests {
    /// A database with two pools of one tenant, and what keeps their allocations.
    private struct World {
        let directory: DirectoryWorld
        let store: AllocationStore
        let pools: PoolCatalogue
        let homes, delegated: IPPool

        init() async throws {
            directory = try await DirectoryWorld()
            homes = IPPool(
                tenantID: directory.one.tenant,
                id: directory.ids.next(),
                name: "homes",
                range: try #require(IPPrefix("100.64.0.0/16")),
                use: .ipv4
            )
            delegated = IPPool(
                tenantID: directory.one.tenant,
                id: directory.ids.next(),
                name: "homes6",
                range: try #require(IPPrefix("2001:db8:100::/40")),
                use: .delegated
            )
            try await directory.within(directory.one.tenant) { [homes, delegated] transaction in
                try await PoolRepository(transaction).insert(homes)
                try await PoolRepository(transaction).insert(delegated)
            }
            store = AllocationStore(
                PostgresSession(PostgresConfiguration(url: directory.url, role: "nexora_pipeline"))
            )
            pools = PoolCatalogue(try await store.pools())
        }

        func entry(
            _ kind: AllocationEntry.Kind,
            _ second: Int,
            _ pool: IPPool,
            _ offset: UInt64,
            service: ServiceID? = nil,
            mac: UInt64 = 0
        ) -> AllocationEntry {
            AllocationEntry(
                kind,
                at: DirectoryWorld.now + .seconds(second),
                service: service ?? directory.one.service.id,
                admission: AdmissionID(UUID128(high: 3, low: UInt64(second))),
                nas: directory.one.nas.id,
                pool: pool.id,
                offset: offset,
                hardwareAddress: mac
            )
        }

        func holders(_ prefix: String, at second: Int? = nil, tenant: TenantID? = nil) async throws -> [String] {
            let prefix = try #require(IPPrefix(prefix))
            return try await directory.within(tenant ?? directory.one.tenant) { transaction in
                try await AddressHistory(transaction).holders(
                    of: prefix,
                    at: second.map { DirectoryWorld.now + .seconds($0) },
                    limit: 10
                )
            }.map { holder in
                let times = [holder.from, holder.until].map { time in
                    time.map { String($0.microseconds(since: DirectoryWorld.now) / 1_000_000) } ?? ""
                }
                return
                    "\(holder.source) \(holder.username ?? "?") \(holder.unit) \(times[0])-\(times[1]) \(holder.status)"
            }
        }

        /// A session as accounting keeps it.
        func insertSession(
            _ table: String,
            _ user: String,
            from: Int,
            until: Int?,
            _ columns: [String: String]
        ) async throws {
            let names = columns.keys.sorted()
            let values = names.map { "'\(columns[$0] ?? "")'" }
            func time(_ second: Int) -> String {
                "timestamptz '1970-01-01 00:00:00+00' + interval '\(DirectoryWorld.now.microseconds / 1_000_000 + Int64(second)) s'"
            }
            _ = try await directory.asRole("nexora_pipeline") { transaction in
                try await transaction.query(
                    """
                    INSERT INTO \(table) (tenant_id, session_key, nas_id, service_id, username, acct_session_id, started_at,
                        last_update_at, ended_at, closed_by\(names.map { ", " + $0 }.joined()))
                    VALUES ('\(directory.one.tenant)', uuid_v7(), '\(directory.one.nas.id)', '\(directory.one.service.id)',
                        '\(user)', 's', \(time(from)), \(time(from)), \(until.map(time) ?? "NULL"),
                        \(until == nil ? "NULL" : "'stop'")\(values.map { ", " + $0 }.joined()))
                    """
                )
            }
        }

        func close() async {
            await directory.close()
        }
    }

    @Test func `who had an address at a time is one row, whatever happened before and after`() async throws {
        let world = try await World()
        let other = ServiceID(UUID128(high: 9, low: 9))
        let log = [
            world.entry(.leased, 10, world.homes, 7, mac: 0x0200_0000_0001),
            world.entry(.leased, 11, world.delegated, 5),
            world.entry(.freed, 20, world.homes, 7),
            world.entry(.leased, 30, world.homes, 7, service: other),
            world.entry(.freed, 40, world.homes, 7, service: other),
            world.entry(.leased, 50, world.homes, 7),
        ]
        #expect(try await world.store.store(log, pools: world.pools).opened == 4)
        // Again, as after a kill before the log was trimmed.
        let again = try await world.store.store(log, pools: world.pools)
        #expect(again.opened == 0 && again.closed == 0)
        let address = "100.64.0.7"
        #expect(try await world.holders(address, at: 5) == [])
        #expect(try await world.holders(address, at: 15) == ["allocation ann 100.64.0.7/32 10-20 released"])
        #expect(try await world.holders(address, at: 25) == [])
        #expect(try await world.holders(address, at: 35) == ["allocation ? 100.64.0.7/32 30-40 released"])
        #expect(try await world.holders(address, at: 500) == ["allocation ann 100.64.0.7/32 50- allocated"])
        #expect(try await world.holders(address).count == 3)
        // An address or a prefix within the delegated prefix, and the prefix itself.
        for part in ["2001:db8:100:500::1", "2001:db8:100:5a0::/64", "2001:db8:100:500::/56"] {
            #expect(
                try await world.holders(part, at: 100) == ["allocation ann 2001:db8:100:500::/56 11- allocated"],
                "\(part)"
            )
        }
        #expect(try await world.holders("2001:db8:100:600::1") == [])
        // Another tenant is told nothing.
        #expect(try await world.holders(address, tenant: world.directory.two.tenant) == [])
        let mine = try await world.directory.within(world.directory.operatorID) {
            try await AddressHistory($0).holdings(of: world.directory.one.service.id, limit: 10)
        }
        #expect(mine.map(\.unit.description) == ["100.64.0.7/32", "2001:db8:100:500::/56", "100.64.0.7/32"])
        #expect(
            mine.last?.device == "02:00:00:00:00:01" && mine.last?.nasName == "nas" && mine.last?.poolName == "homes"
        )
        await world.close()
    }

    @Test func `addresses that the NAS gave are found in sessions and their history`() async throws {
        let world = try await World()
        let six = [
            "framed_ipv6_prefix": "2001:db8:7:1::/64", "framed_ipv6_address": "2001:db8:7:2::9",
            "delegated_ipv6_prefix": "2001:db8:8:100::/56", "framed_ipv4": "192.0.2.200",
        ]
        try await world.insertSession("sessions_history", "old", from: 0, until: 100, six)
        try await world.insertSession("sessions", "closed", from: 200, until: 300, ["framed_ipv4": "192.0.2.200"])
        try await world.insertSession("sessions", "live", from: 400, until: nil, six)
        for (address, unit) in [
            ("192.0.2.200", "192.0.2.200/32"), ("2001:db8:7:1::42", "2001:db8:7:1::/64"),
            ("2001:db8:7:2::9", "2001:db8:7:2::9/128"), ("2001:db8:8:1ff::/64", "2001:db8:8:100::/56"),
        ] {
            #expect(try await world.holders(address, at: 50) == ["session old \(unit) 0-100 stop"])
            #expect(try await world.holders(address, at: 350) == [])
            #expect(try await world.holders(address, at: 450) == ["session live \(unit) 400- live"])
        }
        #expect(try await world.holders("192.0.2.200").count == 3)
        let mine = try await world.directory.within(world.directory.one.tenant) {
            try await AddressHistory($0).holdings(
                of: world.directory.one.service.id,
                at: DirectoryWorld.now + .seconds(450),
                limit: 10
            )
        }
        #expect(Set(mine.map(\.unit.description)).count == 4 && mine.allSatisfy { $0.username == "live" })
        await world.close()
    }

    @Test func `an answer comes from the indexes`() async throws {
        let world = try await World()
        _ = try await world.directory.asRole("nexora_pipeline") { transaction in
            try await transaction.query(
                """
                INSERT INTO ip_allocations (tenant_id, id, pool_id, unit, service_id, status, allocated_at, released_at)
                SELECT '\(world.directory.one.tenant)', uuid_v7(), '\(world.homes.id)', ('100.64.0.0'::inet + i % 2000)::cidr,
                    uuid_v7(), 'released', now() - interval '1 min' * i, now() - interval '1 min' * (i - 1)
                FROM generate_series(1, 20000) i
                """
            )
            return try await transaction.query(
                """
                INSERT INTO sessions (tenant_id, session_key, nas_id, username, acct_session_id, started_at, last_update_at,
                    framed_ipv4)
                SELECT '\(world.directory.one.tenant)', uuid_v7(), uuid_v7(), 'u', 's', now(), now(),
                    '100.64.0.0'::inet + i FROM generate_series(1, 20000) i
                """
            )
        }
        try await world.directory.database.session.script("ANALYZE ip_allocations; ANALYZE sessions")
        try await world.directory.within(world.directory.operatorID) { transaction in
            let before = try await Self.walked(transaction)
            let address = try #require(IPPrefix("100.64.0.77"))
            let found = try await AddressHistory(transaction).holders(
                of: address,
                at: Timestamp(microseconds: 4_000_000_000_000_000),
                limit: 10
            )
            #expect(found.map(\.source) == [.session])
            #expect(try await Self.walked(transaction) == before, "a table was walked")
        }
        await world.close()
    }

    /// How often the transaction has walked one of the large tables so far.
    private static func walked(_ transaction: ScopedTransaction) async throws -> Int {
        try await transaction.query(
            """
            SELECT coalesce(sum(pg_stat_get_xact_numscans(oid)), 0)::bigint AS scans FROM pg_class
            WHERE relname IN ('sessions', 'ip_allocations')
            """
        ).first?["scans"].int ?? 0
    }

    @Test(.proves("IPAM-08")) func `whatever the log tells, a unit is open once at most`() async throws {
        let world = try await World()
        var random = SeededRandom()
        var log: [AllocationEntry] = []
        for second in 0..<600 {
            log.append(
                world.entry(
                    Bool.random(using: &random) ? .leased : .freed,
                    second,
                    world.homes,
                    UInt64.random(in: 2..<8, using: &random),
                    service: ServiceID(UUID128(high: 1, low: UInt64.random(in: 1...4, using: &random)))
                )
            )
        }
        var done = 0
        while done < log.count {
            let end = min(log.count, done + Int.random(in: 1...80, using: &random))
            _ = try await world.store.store(Array(log[done..<end]), pools: world.pools)
            done = Int.random(in: done...end, using: &random)
            if end == log.count { done = end }
        }
        let rows = try await world.directory.asRole("nexora_pipeline") { transaction in
            try await transaction.query("SELECT count(*) FROM ip_allocations WHERE status <> 'released'")
        }
        #expect((1...6).contains(rows.first?[0].int ?? 0))
        // Entries of a pool that is not there are counted and passed over.
        let stranger = AllocationEntry(.leased, at: .epoch, service: ServiceID(.zero), pool: PoolID(.zero), offset: 1)
        #expect(try await world.store.store([stranger], pools: world.pools).unknown == 1)
        await world.close()
    }
}
