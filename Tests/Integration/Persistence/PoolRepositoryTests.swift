import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite struct PoolRepositoryTests {
    private func pool(
        _ world: DirectoryWorld,
        _ name: String,
        _ range: String,
        _ use: AddressPool.Use = .ipv4,
        unit: Int? = nil
    ) throws -> IPPool {
        IPPool(
            tenantID: world.one.tenant,
            id: world.ids.next(),
            name: name,
            range: try #require(IPPrefix(range)),
            use: use,
            unitLength: unit
        )
    }

    @Test(.proves("IPAM-01", "IPAM-03", "IPAM-18")) func `pools are kept with all they are`() async throws {
        let world = try await DirectoryWorld()
        var homes = try pool(world, "homes", "100.64.0.0/16")
        homes.gateway = IPAddress("100.64.0.1")
        homes.dnsServers = [IPAddress("192.0.2.53"), IPAddress("2001:db8::53")].compactMap { $0 }
        homes.exclusions = [try #require(IPPrefix("100.64.0.0/28")), try #require(IPPrefix("100.64.9.9"))]
        homes.stickySeconds = 0
        var six = try pool(world, "homes6", "2001:db8:100::/40", .delegated)
        // Ids of one instant are in any order; pools are listed in theirs.
        if six.id < homes.id { swap(&six.id, &homes.id) }
        try await world.within(world.one.tenant) { [homes, six] transaction in
            let pools = PoolRepository(transaction)
            try await pools.insert(homes)
            try await pools.insert(six)
            var kept = try #require(try await pools.find(homes.id))
            #expect(kept.stamp?.version ?? 0 > 0)
            kept.stamp = nil
            #expect(kept == homes)
            #expect(try await pools.list(limit: 1).map(\.name) == ["homes"])
            #expect(try await pools.list(after: homes.id, limit: 10).map(\.name) == ["homes6"])
            kept.name = "houses"
            kept.isActive = false
            kept.exclusions = []
            try await pools.update(kept)
            #expect(try await pools.find(name: "houses").first?.exclusions == [])
            #expect(try await pools.list(limit: 10, onlyActive: true).map(\.name) == ["homes6"])
            try await pools.remove(six)
        }
        // Another tenant sees none of it.
        #expect(try await world.within(world.two.tenant) { try await PoolRepository($0).list(limit: 10).count } == 0)
        await #expect(throws: PersistenceError.notFound) {
            try await world.within(world.two.tenant) { [homes] in try await PoolRepository($0).insert(homes) }
        }
        let kinds = try await world.asRole("nexora_pipeline") { transaction in
            try await transaction.query(
                "SELECT DISTINCT data::json ->> 'deleted' FROM outbox WHERE data::json ->> 'kind' = 'POOL' ORDER BY 1"
            ).map { $0[0].text }
        }
        #expect(kinds == ["false", "true"])
        await world.close()
    }

    @Test(.proves("IPAM-04")) func `an address is in one active pool of a tenant only`() async throws {
        let world = try await DirectoryWorld()
        let large = try pool(world, "large", "10.0.0.0/8")
        var small = try pool(world, "small", "10.1.0.0/16")
        try await world.within(world.one.tenant) { try await PoolRepository($0).insert(large) }
        await #expect(throws: PersistenceError.refused(constraint: "ip_pools_no_overlap")) {
            try await world.within(world.one.tenant) { [small] in try await PoolRepository($0).insert(small) }
        }
        let others = try await world.within(world.one.tenant) { [small] transaction in
            try await PoolRepository(transaction).overlapping(small).map(\.name)
        }
        #expect(others == ["large"])
        small.isActive = false
        try await world.within(world.one.tenant) { [small] in try await PoolRepository($0).insert(small) }
        small.isActive = true
        await #expect(throws: PersistenceError.refused(constraint: "ip_pools_no_overlap")) {
            try await world.within(world.one.tenant) { [small] in try await PoolRepository($0).update(small) }
        }
        for constraint in ["ip_pools_tenant_id_name_key", "ip_pools_tenant_id_range_key"] {
            var twin = try pool(world, constraint.contains("name") ? "large" : "other", "10.0.0.0/8")
            twin.isActive = false
            if constraint.contains("name") { twin.range = try #require(IPPrefix("11.0.0.0/8")) }
            await #expect(throws: PersistenceError.alreadyExists(constraint: constraint)) {
                try await world.within(world.one.tenant) { [twin] in try await PoolRepository($0).insert(twin) }
            }
        }
        // Beside one another in the tree they may have the same range.
        var other = large
        other.tenantID = world.two.tenant
        other.id = world.ids.next()
        try await world.within(world.two.tenant) { [other] in try await PoolRepository($0).insert(other) }
        await world.close()
    }

    @Test func `two who add overlapping pools at one moment do not both succeed`() async throws {
        let world = try await DirectoryWorld()
        let one = try pool(world, "one", "10.0.0.0/8")
        let two = try pool(world, "two", "10.2.0.0/16")
        let other = Database(url: world.url, applicationName: "rival")
        var added = 0
        await withTaskGroup(of: Bool.self) { group in
            for (database, pool) in [(world.database, one), (other, two)] {
                group.addTask {
                    do {
                        try await database.transaction(in: world.one.tenant) {
                            try await PoolRepository($0).insert(pool)
                        }
                        return true
                    } catch {
                        return false
                    }
                }
            }
            for await done in group where done { added += 1 }
        }
        #expect(added == 1)
        await other.close()
        await world.close()
    }

    @Test(.proves("SES-01")) func `a binding is reset with a new generation`() async throws {
        let world = try await DirectoryWorld()
        let store = AllocationStore(PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_pipeline")))
        func bound(_ generation: UInt64, _ mac: UInt64) -> AllocationEntry {
            AllocationEntry(
                .bound,
                at: DirectoryWorld.now,
                service: world.one.service.id,
                nas: world.one.nas.id,
                offset: generation,
                hardwareAddress: mac
            )
        }
        let none = PoolCatalogue([])
        #expect(
            try await store.store([bound(0, 0x0200_0000_0001), bound(0, 0x0200_0000_0002)], pools: none).bound == 1
        )
        #expect(try await store.store([bound(0, 0x0200_0000_0001)], pools: none).bound == 0)
        let service = try await world.within(world.one.tenant) { transaction in
            let services = ServiceRepository(transaction)
            let before = try await services.find(world.one.service.id)
            #expect(before?.boundMAC?.description == "02:00:00:00:00:01" && before?.boundAt == DirectoryWorld.now)
            try await services.unbind(world.one.service)
            return try await services.find(world.one.service.id)
        }
        #expect(service?.boundMAC == nil && service?.bindingGeneration == 1)
        // The old one, late, binds nobody any more.
        #expect(try await store.store([bound(0, 0x0200_0000_0003)], pools: none).bound == 0)
        #expect(try await store.store([bound(1, 0x0200_0000_0004)], pools: none).bound == 1)
        let events = try await world.asRole("nexora_pipeline") { transaction in
            try await transaction.query(
                "SELECT data::json ->> 'hardwareAddress' FROM outbox WHERE subject = 'access.device_bound' ORDER BY id"
            ).map { $0[0].text }
        }
        #expect(events == ["02:00:00:00:00:01", "02:00:00:00:00:04"])
        await world.close()
    }

    @Test(
        .proves("SES-06"),
        arguments: [
            #"{"session_policy": "kick"}"#, #"{"bind_device": "yes"}"#, #"{"walled_garden_plan": 7}"#,
            #"{"walled_garden_plan": "basic"}"#, #"{"session_policy": null}"#,
        ]
    )
    func `settings of another shape are refused`(settings: String) async throws {
        let world = try await DirectoryWorld()
        await #expect(throws: PersistenceError.refused(constraint: "tenants_access_settings")) {
            try await world.within(world.one.tenant) { transaction in
                _ = try await transaction.query("UPDATE tenants SET settings = $1", [.jsonb(settings)])
            }
        }
        let good =
            #"{"session_policy": "reject_new", "bind_device": true, "walled_garden_plan": "\#(world.one.plan.id)", "other": 1}"#
        try await world.within(world.one.tenant) { transaction in
            _ = try await transaction.query("UPDATE tenants SET settings = $1", [.jsonb(good)])
        }
        await world.close()
    }
}
