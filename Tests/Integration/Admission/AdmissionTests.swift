import Admission
import Domain
import Redis
import SharedTesting
import Testing

@Suite(.serialized) struct AdmissionTests {
    private func connection() async throws -> (RealRedis, Connection) {
        let server = try await RealRedis.start()
        let connection = try Connection(server)
        _ = try connection.command("SET", "ipam:ready", "1")
        return (server, connection)
    }

    private func admitted(_ result: AdmissionResult?) throws -> AdmissionResult.Admitted {
        guard case .admitted(let admitted) = result else {
            Issue.record("\(String(describing: result))")
            throw Connection.Lost()
        }
        return admitted
    }

    @Test(.proves("SES-04", "SES-06"))
    func `a second device replaces the oldest session, or is refused where the policy says so`()
        async throws
    {
        let (server, redis) = try await connection()
        #expect(try admitted(redis.admit([request(1, device: 1, admission: 1)]).first).replaced.isEmpty)
        // The same device again continues its session.
        #expect(try admitted(redis.admit([request(1, device: 1, admission: 2)]).first).isRepeat)
        var refused = request(1, device: 2, admission: 3)
        refused.replacesOldest = false
        #expect(try redis.admit([refused]) == [.limitReached])
        let second = try admitted(redis.admit([request(1, device: 2, admission: 4)]).first)
        #expect(second.replaced == [.init(admission: id(3, 2), nas: id(2, 1))])
        // The one that was told to leave is no longer counted, and comes back as a newcomer.
        #expect(try redis.admit([refused]).first != .limitReached)
        try await server.kill()
    }

    @Test(.proves("SES-04")) func `up to five sessions, one batch or many`() async throws {
        let (server, redis) = try await connection()
        let batch = (1...6).map { number in
            var wanted = request(7, device: UInt64(number), admission: number, limit: 5)
            wanted.replacesOldest = false
            return wanted
        }
        let results = try redis.admit(batch)
        #expect(results.count == 6)
        #expect(results.last == .limitReached)
        #expect(try results.prefix(5).allSatisfy { try admitted($0).replaced.isEmpty })
        #expect(
            try redis.report(
                SessionReport(.ended, service: id(1, 7), device: DeviceKey(3), admission: id(3, 3), nas: id(2, 1))
            ) == 1
        )
        #expect(try admitted(redis.admit([batch[5]]).first).replaced.isEmpty)
        try await server.kill()
    }

    @Test(.proves("SES-01", "SES-02", "SES-03"))
    func `the first device is bound, others are refused until the binding is reset`()
        async throws
    {
        let (server, redis) = try await connection()
        var first = request(1, device: 1, admission: 1)
        first.bindsDevice = true
        first.hardwareAddress = 0x0200_0000_0001
        #expect(try admitted(redis.admit([first]).first).isNewlyBound)
        #expect(try !admitted(redis.admit([first]).first).isNewlyBound)
        var other = first
        other.device = DeviceKey(2)
        other.hardwareAddress = 0x0200_0000_0002
        #expect(try redis.admit([other]) == [.deviceMismatch])
        other.bindingGeneration = 1
        #expect(try admitted(redis.admit([other]).first).isNewlyBound)
        #expect(try redis.admit([first]) == [.deviceMismatch])
        var optional = first
        optional.bindsDevice = false
        #expect(try !admitted(redis.admit([optional]).first).isNewlyBound)
        try await server.kill()
    }

    @Test(.proves("IPAM-02", "IPAM-03", "IPAM-04"))
    func `addresses come from blocks that are loaded when they are needed`() async throws {
        let (server, redis) = try await connection()
        let vast = try #require(pool(1, "10.0.0.0/8"))
        let home = try #require(pool(2, "2001:db8::/32", use: .delegated, unit: 56))
        var wanted = request(1, admission: 1)
        wanted.pools = [PoolTerms(vast), nil, PoolTerms(home)]
        let given = try admitted(redis.admit([wanted], pools: [vast, home]).first)
        let address = try #require(given.offsets[0])
        #expect(vast.isUsable(address) && address < vast.blockSize)
        #expect(given.offsets[1] == nil && given.offsets[2] != nil)
        #expect(try Int(redis.command("SCARD", "pool:\(vast.id):available")) == Int(vast.blockSize) - 3)
        #expect(try redis.command("GET", "pool:\(vast.id):blocks") == "1")
        // The device that comes back while its session lives keeps both.
        wanted.admission = id(3, 2)
        #expect(try admitted(redis.admit([wanted], pools: [vast, home]).first).offsets == given.offsets)
        // A static address wants no pool; what it had from one is free for others, but kept for it.
        wanted.pools = [nil, nil, PoolTerms(home)]
        #expect(try admitted(redis.admit([wanted], pools: [home]).first).offsets == [nil, nil, given.offsets[2]])
        #expect(try redis.command("ZCARD", "pool:\(vast.id):idle") == "1")
        try await server.kill()
    }

    @Test(.proves("IPAM-02")) func `who comes back gets the same address, unless the pool ran out meanwhile`()
        async throws
    {
        let (server, redis) = try await connection()
        let small = try #require(pool(1, "192.168.0.0/29"))  // .2 to .6
        func login(_ service: Int, _ admission: Int) throws -> AdmissionResult {
            var wanted = request(service, admission: admission)
            wanted.pools[0] = PoolTerms(small)
            return try redis.admit([wanted], pools: [small])[0]
        }
        func logoff(_ service: Int, _ admission: Int) throws {
            let report = SessionReport(
                .ended,
                service: id(1, service),
                device: DeviceKey(1),
                admission: id(3, admission),
                nas: id(2, 1)
            )
            #expect(try redis.report(report) == 1)
            #expect(try redis.report(report) == 0)
        }
        let mine = try admitted(login(1, 1)).offsets[0]
        try logoff(1, 1)
        #expect(try admitted(login(2, 2)).offsets[0] != mine)
        #expect(try admitted(login(1, 3)).offsets[0] == mine)
        try logoff(1, 3)
        let others = try (3...6).map { try admitted(login($0, $0 + 10)).offsets[0] }
        #expect(others.last == mine)
        #expect(try login(7, 20) == .exhausted(.ipv4))
        #expect(try login(1, 21) == .exhausted(.ipv4))
        try logoff(3, 13)
        #expect(try admitted(login(1, 22)).offsets[0] == others[0])
        try await server.kill()
    }

    @Test(.proves("IPAM-02")) func `a dynamic address is free at once, and a refused login leaves nothing behind`()
        async throws
    {
        let (server, redis) = try await connection()
        let four = try #require(pool(1, "192.168.0.0/29", sticky: 0))
        let none = try #require(pool(2, "2001:db8::/64", use: .ipv6, unit: 64))
        var first = request(1, admission: 1)
        first.pools = [PoolTerms(four), PoolTerms(none), nil]
        #expect(try admitted(redis.admit([first], pools: [four, none]).first).offsets[1] == 0)
        var second = request(2, admission: 2)
        second.pools = first.pools
        #expect(try redis.admit([second], pools: [four, none]) == [.exhausted(.ipv6)])
        #expect(try redis.command("SCARD", "pool:\(four.id):available") == "4")
        #expect(try redis.command("EXISTS", "s:x") == "0")
        _ = try redis.report(
            SessionReport(.ended, service: id(1, 1), device: DeviceKey(1), admission: id(3, 1), nas: id(2, 1))
        )
        #expect(try redis.command("SCARD", "pool:\(four.id):available") == "5")
        #expect(try redis.command("HLEN", "pool:\(four.id):leased") == "0")
        try await server.kill()
    }

    @Test(.proves("IPAM-06", "IPAM-08"))
    func `nothing is given before the leases were loaded, and a claim keeps others away`() async throws {
        let (server, redis) = try await connection()
        _ = try redis.command("DEL", "ipam:ready")
        let small = try #require(pool(1, "192.168.0.0/29"))
        var wanted = request(2, admission: 2)
        wanted.pools[0] = PoolTerms(small)
        #expect(try redis.admit([wanted], pools: [small]) == [.notReady])
        var claims: [UInt8] = []
        for offset in [UInt64(2), 3, 4, 5] {
            var claim = AdmissionClaim(
                service: id(1, Int(offset) + 100),
                device: DeviceKey(1),
                admission: id(3, Int(offset) + 100),
                nas: id(2, 1),
                since: .epoch
            )
            claim.unit = (PoolTerms(small), .ipv4, offset)
            claim.append(to: &claims)
        }
        #expect(try redis.ask { $0.claim(claims, token: 0) } == [1, 1, 1, 1])
        var rival = AdmissionClaim(
            service: id(1, 9),
            device: DeviceKey(1),
            admission: id(3, 9),
            nas: id(2, 1),
            since: .epoch
        )
        rival.unit = (PoolTerms(small), .ipv4, 5)
        var octets: [UInt8] = []
        rival.append(to: &octets)
        #expect(try redis.ask { $0.claim(octets, token: 0) } == [0])
        _ = try redis.command("SET", "ipam:ready", "1")
        #expect(try admitted(redis.admit([wanted], pools: [small]).first).offsets[0] == 6)
        #expect(try redis.command("LLEN", "ipam:log") == "5")
        try await server.kill()
    }

    @Test(.proves("IPAM-08", "SES-04")) func `whatever comes in whatever order, no address and no slot is given twice`()
        async throws
    {
        let (server, redis) = try await connection()
        let rival = try Connection(server)
        var random = SeededRandom()
        let pools = try [#require(pool(1, "192.168.0.0/25", sticky: 0)), #require(pool(2, "192.168.1.0/26"))]
        var held: [UUID128: (pool: Int, offset: UInt64)] = [:]  // by service
        for step in 1...4_000 {
            let service = Int.random(in: 1...150, using: &random)
            let who = Bool.random(using: &random) ? redis : rival
            if Bool.random(using: &random) {
                let which = service % 2
                var wanted = request(service, admission: step)
                wanted.pools[0] = PoolTerms(pools[which])
                switch try who.admit([wanted], pools: pools)[0] {
                case .admitted(let given):
                    let offset = try #require(given.offsets[0])
                    #expect(pools[which].isUsable(offset))
                    #expect(!held.contains { $0.key != id(1, service) && $0.value == (which, offset) }, "step \(step)")
                    if let before = held[id(1, service)] { #expect(before == (which, offset)) }
                    held[id(1, service)] = (which, offset)
                case .exhausted: #expect(held[id(1, service)] == nil)
                case let other: Issue.record("\(other)")
                }
            } else {
                let ended = try who.report(
                    SessionReport(.ended, service: id(1, service), device: DeviceKey(1), nas: id(2, 1))
                )
                #expect(ended == (held.removeValue(forKey: id(1, service)) == nil ? 0 : 1), "step \(step)")
            }
        }
        #expect(!held.isEmpty)
        try await server.kill()
    }
}
