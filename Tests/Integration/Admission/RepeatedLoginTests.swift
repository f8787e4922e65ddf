import Admission
import Concurrency
import Domain
import Redis
import SharedTesting
import Testing

/// Logins that two servers admitted, grants that are told again, and reports that come late.
@Suite(.serialized) struct RepeatedLoginTests {
    private final class World {
        let server: RealRedis
        let redis: Connection
        let keeper: AdmissionKeeper
        let addresses: AddressPool

        init(sticky: UInt32 = 0) async throws {
            server = try await RealRedis.start()
            redis = try Connection(server)
            keeper = AdmissionKeeper(try RedisPlace(server.url))
            addresses = try #require(pool(1, "192.168.0.0/24", sticky: sticky))
            _ = try redis.command("SET", "ipam:ready", "1")
        }

        func login(_ service: Int = 1, device: UInt64 = 1, admission: Int, limit: UInt8 = 1) throws -> UInt64 {
            var wanted = request(service, device: device, admission: admission, limit: limit)
            wanted.pools[0] = PoolTerms(addresses)
            guard case .admitted(let admitted) = try redis.admit([wanted], pools: [addresses])[0] else {
                throw Connection.Lost()
            }
            return try #require(admitted.offsets[0])
        }

        func report(_ kind: SessionReport.Kind, device: UInt64 = 1, admission: Int, isAgain: Bool = false) throws {
            var report = SessionReport(
                kind,
                service: id(1, 1),
                device: DeviceKey(device),
                admission: id(3, admission),
                nas: id(2, 1)
            )
            report.isAgain = isAgain
            _ = try redis.report(report)
        }

        func claim(
            _ service: Int = 1,
            device: UInt64 = 1,
            admission: Int,
            offset: UInt64,
            since: Timestamp
        ) throws -> Bool {
            var claim = AdmissionClaim(
                service: id(1, service),
                device: DeviceKey(device),
                admission: id(3, admission),
                nas: id(2, 1),
                since: since
            )
            claim.unit = (PoolTerms(addresses), .ipv4, offset)
            claim.state = .pending
            var octets: [UInt8] = []
            claim.append(to: &octets)
            return try redis.ask { $0.claim(octets, token: 0) } == [1]
        }

        /// What stands of the service's sessions: admission and address.
        func slots(_ service: Int = 1) async throws -> [Int: UInt64] {
            let record = try await keeper.records(of: [id(1, service)]).first
            let slots = record?.slots.filter { $0.state != .released } ?? []
            return Dictionary(
                slots.map { (Int($0.admission.low & 0xFFFF), $0.units[0]?.offset ?? 0) },
                uniquingKeysWith: { first, _ in first }
            )
        }

        func owner(_ offset: UInt64) async throws -> UUID128? {
            try await keeper.owners([AllocationLedger.Unit(pool: addresses.id, offset: offset)])[0]
        }

        var soon: Timestamp { Timestamp(microseconds: SystemClock.microsecondsSince1970() + 5_000_000) }
        var past: Timestamp { Timestamp(microseconds: SystemClock.microsecondsSince1970() - 5_000_000) }
    }

    @Test(.proves("SES-04", "IPAM-08")) func `the NAS's Start tells which of two admissions of one login stands`()
        async throws
    {
        let world = try await World()
        let address = try world.login(admission: 1)
        #expect(try world.login(admission: 2) == address)
        try world.report(.began, admission: 1)
        #expect(try await world.slots() == [1: address])
        // Only its own end gives the address back.
        try world.report(.ended, admission: 9)
        #expect(try await world.slots() == [1: address])
        try world.report(.ended, admission: 1)
        #expect(try await world.slots().isEmpty)
        #expect(try await world.owner(address) == nil)
        try await world.server.kill()
    }

    @Test(.proves("SES-04", "IPAM-08")) func `the end of the session before does not end the one that stands`()
        async throws
    {
        let world = try await World()
        let address = try world.login(admission: 1)
        try world.report(.began, admission: 1)
        #expect(try world.login(admission: 2) == address)
        try world.report(.began, admission: 2)
        try world.report(.isAlive, admission: 1)
        try world.report(.ended, admission: 1)
        #expect(try await world.slots() == [2: address])
        #expect(try await world.owner(address) == id(1, 1))
        try await world.server.kill()
    }

    @Test(.proves("IPAM-08"))
    func `of two grants to one device the later stands, and gives the earlier's address back`()
        async throws
    {
        let world = try await World()
        let before = try world.login(admission: 1)
        try world.report(.began, admission: 1)
        // Granted while Redis was away, from addresses that were kept back.
        #expect(try world.claim(admission: 2, offset: 200, since: world.soon))
        #expect(try await world.slots() == [2: 200])
        #expect(try await world.owner(before) == nil)
        // The end of the first does not take the second's address.
        try world.report(.ended, admission: 1)
        #expect(try await world.owner(200) == id(1, 1))
        // An older grant that is told late changes nothing.
        #expect(try world.claim(admission: 3, offset: 201, since: world.past))
        #expect(try await world.slots() == [2: 200])
        #expect(try await world.owner(201) == nil)
        try await world.server.kill()
    }

    @Test(.proves("IPAM-08", "SES-04")) func `a grant that is told again after its session ended does not come back`()
        async throws
    {
        let world = try await World()
        let address = try world.login(admission: 1)
        try world.report(.began, admission: 1)
        try world.report(.ended, admission: 1)
        #expect(try world.claim(admission: 1, offset: address, since: world.past))
        #expect(try await world.slots().isEmpty)
        #expect(try await world.owner(address) == nil)
        try await world.server.kill()
    }

    @Test(.proves("IPAM-02", "IPAM-08")) func `an address that another device of the service has is not given again`()
        async throws
    {
        let world = try await World(sticky: 86_400)
        let first = try world.login(device: 1, admission: 1, limit: 5)
        try world.report(.ended, device: 1, admission: 1)
        #expect(try world.login(device: 2, admission: 2, limit: 5) == first)
        // Told again by a server that did not hear of its end.
        #expect(try world.claim(device: 1, admission: 1, offset: first, since: world.past))
        var seen: Set<UInt64> = [first]
        for device in UInt64(3)...5 {
            #expect(seen.insert(try world.login(device: device, admission: Int(device), limit: 5)).inserted)
        }
        try await world.server.kill()
    }

    @Test(.proves("IPAM-08", "SES-04"))
    func `of two grants of one address to two services the later stands where Redis forgot the end of the earlier`()
        async throws
    {
        let world = try await World(sticky: 86_400)
        let address = try world.login(1, admission: 1)
        try world.report(.began, admission: 1)
        // Its predecessor had given the address to another, which this Redis does not know.
        #expect(try !world.claim(2, admission: 2, offset: address, since: world.past))
        #expect(try await world.slots() == [1: address])
        #expect(try world.claim(2, admission: 2, offset: address, since: world.soon))
        #expect(try await world.owner(address) == id(1, 2))
        #expect(try await world.slots().isEmpty)
        #expect(try await world.slots(2) == [2: address])
        // Whoever had it before does not get it back, and its end takes it from nobody.
        try world.report(.ended, admission: 1)
        #expect(try world.login(1, admission: 3) != address)
        #expect(try await world.owner(address) == id(1, 2))
        try await world.server.kill()
    }

    @Test(.proves("IPAM-08"))
    func `an address that is only kept for another service belongs to whom it was granted`() async throws {
        let world = try await World(sticky: 86_400)
        let address = try world.login(1, admission: 1)
        try world.report(.ended, admission: 1)
        #expect(try world.claim(2, admission: 2, offset: address, since: world.past))
        #expect(try await world.owner(address) == id(1, 2))
        #expect(try world.login(1, admission: 3) != address)
        try await world.server.kill()
    }

    @Test(.proves("SES-04")) func `an end that Redis hears of before the grant keeps the grant from standing`()
        async throws
    {
        let world = try await World()
        try world.report(.ended, admission: 1)
        #expect(try world.claim(admission: 1, offset: 7, since: world.past))
        #expect(try await world.slots().isEmpty)
        #expect(try await world.owner(7) == nil)
        try await world.server.kill()
    }

    @Test(.proves("SES-03")) func `who was told to leave counts no more where that is told again`() async throws {
        let world = try await World()
        _ = try world.login(device: 1, admission: 1)
        try world.report(.began, device: 1, admission: 1)
        try world.report(.isLeaving, device: 0, admission: 1, isAgain: true)
        try world.report(.isLeaving, device: 0, admission: 7, isAgain: true)
        let record = try #require(try await world.keeper.records(of: [id(1, 1)]).first)
        #expect(record.slots.map(\.state) == [.leaving])
        // Its device comes in as any other would: in somebody's place.
        _ = try world.login(device: 2, admission: 2)
        let wanted = request(1, device: 1, admission: 3, limit: 1)
        guard case .admitted(let admitted) = try world.redis.admit([wanted], pools: [])[0] else {
            throw Connection.Lost()
        }
        #expect(!admitted.isRepeat)
        #expect(admitted.replaced.map(\.admission) == [id(3, 2)])
        try await world.server.kill()
    }

    @Test(.proves("SES-04")) func `a report that is told again makes no session, and wakes the one it names`()
        async throws
    {
        let world = try await World()
        try world.report(.began, admission: 9, isAgain: true)
        #expect(try await world.slots().isEmpty)
        let address = try world.login(admission: 1)
        #expect(try world.login(admission: 2) == address)
        // Of the admission before it: which one the NAS took is not told anew.
        try world.report(.began, admission: 1, isAgain: true)
        #expect(try await world.slots() == [2: address])
        try world.report(.began, admission: 2, isAgain: true)
        let record = try #require(try await world.keeper.records(of: [id(1, 1)]).first)
        #expect(record.slots.map(\.state) == [.active])
        try await world.server.kill()
    }

    @Test(.proves("IPAM-05"))
    func `a grant of what was kept for its service is written down when it is told`() async throws {
        let world = try await World(sticky: 86_400)
        let address = try world.login(admission: 1)
        try world.report(.ended, admission: 1)
        // Leased and freed; then leased once more, however often it is told.
        var written = try world.redis.command("LLEN", "ipam:log")
        #expect(written == "2")
        for _ in 0..<2 {
            #expect(try world.claim(admission: 2, offset: address, since: world.soon))
            written = try world.redis.command("LLEN", "ipam:log")
            #expect(written == "3")
        }
        try await world.server.kill()
    }

    @Test(.proves("SES-03")) func `whoever was told to leave is named again until it left`() async throws {
        let world = try await World()
        func replaced(device: UInt64, admission: Int) throws -> [AdmissionResult.Replaced] {
            var wanted = request(1, device: device, admission: admission, limit: 1)
            wanted.replacesOldest = true
            guard case .admitted(let admitted) = try world.redis.admit([wanted], pools: [])[0] else {
                throw Connection.Lost()
            }
            return admitted.replaced
        }
        let first = AdmissionResult.Replaced(admission: id(3, 1), nas: id(2, 1))
        #expect(try replaced(device: 1, admission: 1).isEmpty)
        #expect(try replaced(device: 2, admission: 2) == [first])
        // The answer was lost, and the NAS asks again.
        #expect(try replaced(device: 2, admission: 3) == [first])
        try world.report(.ended, device: 1, admission: 1)
        #expect(try replaced(device: 2, admission: 4).isEmpty)
        try await world.server.kill()
    }
}
