import Domain
import SharedTesting
import Testing

@testable import RadiusServer

@Suite struct DirectoryPoolsTests {
    private func pool(
        _ number: UInt64,
        _ name: String,
        _ range: String,
        _ use: AddressPool.Use = .ipv4,
        version: Int64 = 20
    ) throws -> PoolRow {
        PoolRow(
            pool: IPPool(
                tenantID: TenantID(SampleDirectory.tenant),
                id: PoolID(UUID128(high: 8, low: number)),
                name: name,
                range: try #require(IPPrefix(range)),
                use: use,
                gateway: use == .ipv4 ? IPAddress("10.0.0.1") : nil,
                dnsServers: [try #require(IPAddress("192.0.2.53"))],
                exclusions: use == .ipv4 ? [try #require(IPPrefix("10.0.0.128/25"))] : []
            ),
            version: version
        )
    }

    private func entries(_ directory: Directory) throws -> (NASEntry, RadiusServer.Plan) {
        let number = try #require(directory.planNumber(SampleDirectory.plan))
        let nas = try #require(directory.nases[SampleDirectory.nas])
        return (nas, try #require(directory.plan(number)))
    }

    private func names(_ directory: Directory) throws -> [PoolID?] {
        let (nas, plan) = try entries(directory)
        let (first, second, third) = directory.pools(nas: nas, plan: plan)
        return [first?.id, second?.id, third?.id]
    }

    private func localName(_ directory: Directory) throws -> String? {
        let (nas, plan) = try entries(directory)
        return directory.localPoolName(.ipv4, nas: nas, plan: plan)
    }

    @Test(
        "The NAS's names win over the plan's, a name that is none of ours is the NAS's own",
        .proves("IPAM-10", "IPAM-11")
    )
    func precedence() throws {
        let directory = SampleDirectory.make()
        #expect(try names(directory) == [nil, nil, nil])
        let (homes, city, six) = (
            try pool(1, "homes", "10.0.0.0/24"), try pool(2, "city", "10.0.1.0/24"),
            try pool(3, "six", "2001:db8::/40", .delegated)
        )
        let known = try entries(directory).1
        var plan = try #require(known.row)
        (plan.addressPool, plan.delegatedIPv6Pool, plan.version) = ("homes", "six", 30)
        directory.apply(plan)
        // Pools that come after whoever names them.
        directory.apply(homes)
        directory.apply(six)
        #expect(try names(directory) == [homes.pool.id, nil, six.pool.id])
        var nas = SampleDirectory.nas(true, 0, SampleDirectory.secret)
        (nas.pools.ipv4, nas.version) = ("city", 31)
        directory.apply(nas, now: 0)
        #expect(try names(directory) == [nil, nil, six.pool.id])
        #expect(try localName(directory) == "city")
        directory.apply(city)
        #expect(try names(directory) == [city.pool.id, nil, six.pool.id])
        #expect(try localName(directory) == nil)
        var inactive = try pool(2, "city", "10.0.1.0/24", version: 40)
        inactive.pool.isActive = false
        directory.apply(inactive)
        #expect(try names(directory)[0] == nil)
        // A pool for another use is none.
        var crossed = plan
        (crossed.ipv6Pool, crossed.version) = ("six", 41)
        directory.apply(crossed)
        #expect(try names(directory)[1] == nil)
        directory.removePool(six.pool.id.value)
        #expect(try names(directory) == [nil, nil, nil])
        #expect(directory.pool(homes.pool.id)?.dnsServers.count == 1)
        #expect(directory.checksum.pools == .init(count: 2, sum: 60))
    }

    @Test("What a service has for good is reserved, and what holds it or lies in it", .proves("IPAM-02", "IPAM-04"))
    func reserved() throws {
        let directory = SampleDirectory.make()
        func isReserved(_ unit: String, tenant: UInt32 = 0) throws -> Bool {
            let prefix = try #require(IPPrefix(unit))
            return directory.isReserved(tenant: tenant, prefix)
        }
        var row = SampleDirectory.service(5, "fixed", nil)
        row.staticIPv4 = 0x0a00_0007
        row.prefixes = DelegatedPrefixes(
            framed: [0, 64, 0x20, 0x01, 0x0d, 0xb8, 0, 7, 1, 5],
            delegated: [0, 48, 0x20, 0x01, 0x0d, 0xb8, 0, 9]
        )
        directory.apply(row)
        #expect(try isReserved("10.0.0.7/32"))
        #expect(try !isReserved("10.0.0.8/32"))
        #expect(try isReserved("2001:db8:7:105::/64"))
        #expect(try !isReserved("2001:db8:7:106::/64"))
        #expect(try isReserved("2001:db8:9:ab00::/56"))
        #expect(directory.isReserved(tenant: 0, IPAddress(ipv4: 0x0a00_0007)))
        #expect(try !isReserved("10.0.0.7", tenant: 1))
        // A unit that is larger than what the service has: known once pools have such units.
        directory.apply(try pool(3, "six", "2001:db8::/32", .delegated))
        #expect(try isReserved("2001:db8:7:100::/56"))
        #expect(try !isReserved("2001:db8:7:200::/56"))
        row.staticIPv4 = 0x0a00_0009
        row.prefixes = nil
        row.version += 1
        directory.apply(row)
        #expect(try !isReserved("10.0.0.7/32"))
        #expect(try isReserved("10.0.0.9/32"))
        #expect(try !isReserved("2001:db8:7:100::/56"))
        directory.removeService(row.id)
        #expect(try !isReserved("10.0.0.9/32"))
    }

    @Test(
        "Policies, limits and bindings are there, and all of it is in the snapshot",
        .proves("SES-01", "SES-06", "RAD-23")
    )
    func snapshot() throws {
        let directory = SampleDirectory.make()
        var tenant = TenantRow(id: SampleDirectory.tenant, isActive: true, version: 50)
        tenant.policy = TenantPolicy(
            sessionPolicy: .rejectNew,
            bindsDevice: true,
            walledGardenPlan: PlanID(SampleDirectory.plan)
        )
        directory.apply(tenant)
        directory.apply(try pool(1, "homes", "10.0.0.0/24"))
        directory.apply(try pool(3, "six", "2001:db8::/40", .delegated))
        var nas = SampleDirectory.nas(true, 0, SampleDirectory.secret)
        (nas.pools.ipv4, nas.pools.delegated, nas.version) = ("homes", "six", 51)
        directory.apply(nas, now: 0)
        var row = SampleDirectory.service(1, "bob", "hello123")
        row.binding = DeviceBinding(hardwareAddress: 0x0200_0000_002a, generation: 3)
        (row.sessionLimit, row.staticIPv4, row.version) = (4, 0x0a00_0007, 52)
        directory.apply(row)
        var writer = SnapshotWriter()
        writer.add(directory)
        var reader = SnapshotReader(writer.octets)
        let restored = try reader.directory(now: 0)
        for directory in [directory, restored] {
            let policy = directory.tenantPolicy(0)
            #expect(policy.sessionPolicy == .rejectNew && policy.bindsDevice)
            #expect(directory.walledGardenPlan(0)?.row?.id == SampleDirectory.plan)
            let bob = try #require(directory.subscribers.find(service: row.id))
            #expect(directory.boundMAC(bob) == 0x0200_0000_002a && directory.bindingGeneration(bob) == 3)
            #expect(directory.sessionLimit(bob) == 4)
            let alice = try #require(directory.subscribers.find(service: UUID128(high: 4, low: 3)))
            #expect(directory.sessionLimit(alice) == 1 && directory.boundMAC(alice) == 0)
            #expect(try names(directory).compactMap { $0 }.count == 2)
            #expect(directory.isReserved(tenant: 0, IPAddress(ipv4: 0x0a00_0007)))
        }
        #expect(restored.checksum == directory.checksum)
        #expect(restored.pools.rows == directory.pools.rows)
    }
}
