import Crypto
import Domain
import Events
import Glibc
import Observability
import RADIUS
import Redis
import SharedTesting
import Testing

@testable import RadiusServer

/// Logins and accounting over real sockets, with a real Redis behind them.
@Suite(.serialized) struct AdmissionAccessTests {
    private let folder: TemporaryDirectory
    private let secret = SharedSecret(Array(SampleDirectory.secret.utf8))

    init() throws { folder = try TemporaryDirectory() }

    /// A world of one server, or two, on one Redis.
    private final class World {
        let redis: RealRedis
        let servers: [LoopbackServer]

        init(_ folder: TemporaryDirectory, servers count: Int = 1, _ directory: () throws -> Directory) async throws {
            redis = try await RealRedis.start()
            let locator = RedisLocator(try RedisPlace(redis.url))
            _ = try await locator.locate()
            servers = try (1...count).map { number in
                try LoopbackServer(directory(), journalPath: "\(folder.path)/journal-\(number)", redis: locator)
            }
            try await connected()
            try await command("SET", "ipam:ready", "1")
        }

        func connected() async throws {
            try await eventually(within: .seconds(20)) {
                self.servers.allSatisfy { $0.admission?.metrics.open.value == 2 }
            }
        }

        @discardableResult
        func command(_ words: String...) async throws -> String { try await RedisProbe(url: redis.url).command(words) }

        func stop() async throws {
            for server in servers { server.stop() }
            try await redis.kill()
        }
    }

    private static func directory(
        pool: String? = nil,
        sticky: Int = 86_400,
        policy: TenantPolicy = TenantPolicy()
    ) throws -> Directory {
        let directory = SampleDirectory.make()
        directory.apply(TenantRow(id: SampleDirectory.tenant, isActive: true, policy: policy, version: 10))
        guard let pool else { return directory }
        directory.apply(
            PoolRow(
                pool: IPPool(
                    tenantID: TenantID(SampleDirectory.tenant),
                    id: PoolID(UUID128(high: 8, low: 1)),
                    name: "homes",
                    range: try #require(IPPrefix(pool)),
                    use: .ipv4,
                    stickySeconds: sticky
                ),
                version: 11
            )
        )
        let number = try #require(directory.planNumber(SampleDirectory.plan))
        var plan = try #require(directory.plan(number)?.row)
        (plan.addressPool, plan.version) = ("homes", 12)
        directory.apply(plan)
        return directory
    }

    private func login(
        _ server: LoopbackServer,
        _ user: String = "bob",
        _ password: String = "hello123",
        device: String? = "02-00-00-00-00-01",
        port: UInt32 = 1
    ) throws -> Packet? {
        var extra = [Attribute(AttributeType.nasPort, port)]
        if let device { extra.append(Attribute(AttributeType.callingStationID, text: device)) }
        let request = try SampleRequests.pap(user, password, extra: extra)
        return try SampleRequests.answer(request, server).map { try Packet(parsing: $0) }
    }

    private func account(
        _ server: LoopbackServer,
        _ status: UInt32,
        of accept: Packet?,
        device: String = "02-00-00-00-00-01"
    ) throws {
        var attributes: [Attribute] = [
            Attribute(AttributeType.acctStatusType, status), Attribute(AttributeType.userName, text: "bob"),
            Attribute(AttributeType.acctSessionID, text: "1"), Attribute(AttributeType.callingStationID, text: device),
        ]
        if let value = accept?.first(AttributeType.class) { attributes.append(Attribute(AttributeType.class, value)) }
        let packet = Packet(.accountingRequest, identifier: UInt8(status), authenticator: [], attributes: attributes)
        let request = try #require(packet.encodedRequest(secret: secret))
        _ = try #require(LoopbackClient().ask(request, server.acctPort))
    }

    private func address(_ packet: Packet?) -> [UInt8]? { packet?.first(AttributeType.framedIPAddress) }

    @Test(.proves("SES-04", "SES-06", "PLT-35")) func `at the limit the oldest must leave, and that is asked for`()
        async throws
    {
        let world = try await World(folder) { try Self.directory() }
        let server = world.servers[0]
        let first = try login(server, device: "02-00-00-00-00-01")
        #expect(first?.knownCode == .accessAccept)
        #expect(try login(server, device: "02-00-00-00-00-01")?.knownCode == .accessAccept)
        #expect(server.feed.intents.drain().disconnects.isEmpty)
        #expect(try login(server, device: "02-00-00-00-00-02")?.knownCode == .accessAccept)
        let asked = server.feed.intents.drain().disconnects
        #expect(asked.map(\.request.reason) == [.sessionLimit])
        #expect(asked.first?.request.serviceID == ServiceID(UUID128(high: 4, low: 1)))
        try await world.stop()
    }

    @Test(.proves("SES-04"))
    func `a new session is refused where the tenant says so, over two servers, until the old one ends`()
        async throws
    {
        var policy = TenantPolicy()
        policy.sessionPolicy = .rejectNew
        let world = try await World(folder, servers: 2) { try Self.directory(policy: policy) }
        let first = try login(world.servers[0], device: "02-00-00-00-00-01")
        #expect(first?.knownCode == .accessAccept)
        let refused = try login(world.servers[1], device: "02-00-00-00-00-02")
        #expect(refused?.knownCode == .accessReject)
        #expect(refused?.first(AttributeType.replyMessage) == Array("Too many sessions".utf8))
        try account(world.servers[1], 1, of: first)
        #expect(try login(world.servers[1], device: "02-00-00-00-00-02")?.knownCode == .accessReject)
        try account(world.servers[1], 2, of: first)
        try await eventually(within: .seconds(10)) {
            try self.login(world.servers[1], device: "02-00-00-00-00-02")?.knownCode == .accessAccept
        }
        try await world.stop()
    }

    @Test(.proves("SES-01", "SES-02")) func `another device is a mismatch where the tenant binds`() async throws {
        var policy = TenantPolicy()
        policy.bindsDevice = true
        let world = try await World(folder, servers: 2) { try Self.directory(policy: policy) }
        #expect(try login(world.servers[0], device: "02-00-00-00-00-01")?.knownCode == .accessAccept)
        let other = try login(world.servers[1], device: "02:00:00:00:00:02")
        #expect(other?.first(AttributeType.replyMessage) == Array("DEVICE_MISMATCH".utf8))
        #expect(try login(world.servers[1], device: "0200.0000.0001")?.knownCode == .accessAccept)
        try await world.stop()
    }

    @Test(.proves("RAD-12", "IPAM-02", "IPAM-08"))
    func `two servers give addresses of one pool, none twice, and the same again`()
        async throws
    {
        let world = try await World(folder, servers: 2) { try Self.directory(pool: "10.0.0.0/24") }
        let bob = try login(world.servers[0])
        let user = try login(world.servers[1], "User", "clientPass")
        let alice = try login(world.servers[1], "alice", "MyPw")
        let given = [bob, user, alice].compactMap(address)
        #expect(Set(given).count == 3)
        #expect(given.allSatisfy { $0.starts(with: [10, 0, 0]) && $0[3] > 1 && $0[3] < 255 })
        #expect(bob?.first(AttributeType.framedPool) == nil)
        // 8.8.8.8 is the plan's: the pool's servers are for plans that name none.
        let octets = bob?.attributes.flatMap(\.value) ?? []
        #expect(octets.indices.contains { octets[$0...].starts(with: [8, 8, 8, 8]) })
        try account(world.servers[0], 1, of: bob)
        try account(world.servers[0], 2, of: bob)
        try await eventually(within: .seconds(10)) {
            try await world.command("ZCARD", "pool:\(PoolID(UUID128(high: 8, low: 1))):idle") == "1"
        }
        #expect(try address(login(world.servers[1])) == address(bob))
        try await world.stop()
    }

    @Test(.proves("IPAM-09")) func `an exhausted pool refuses, says so, and gives again what comes back`() async throws
    {
        let world = try await World(folder) { try Self.directory(pool: "10.0.0.0/30", sticky: 0) }  // .2 alone
        let bob = try login(world.servers[0])
        #expect(address(bob) == [10, 0, 0, 2])
        let refused = try login(world.servers[0], "alice", "MyPw")
        #expect(refused?.first(AttributeType.replyMessage) == Array("No address is free".utf8))
        #expect(world.servers[0].feed.intents.drain().exhausted.count == 1)
        try account(world.servers[0], 2, of: bob)
        try await eventually(within: .seconds(10)) {
            try self.address(self.login(world.servers[0], "alice", "MyPw")) == [10, 0, 0, 2]
        }
        try await world.stop()
    }

    @Test(.proves("IPAM-08", "SES-04"))
    func `without Redis the reserve and this server's own view serve, and Redis learns of it`() async throws {
        let world = try await World(folder) { try Self.directory(pool: "10.0.0.0/24") }
        let server = world.servers[0]
        let bob = try login(server)
        try await eventually(within: .seconds(10)) { server.admission?.metrics.reserve.value ?? 0 > 0 }
        try await world.redis.kill()
        let user = try login(server, "User", "clientPass")
        #expect(user?.knownCode == .accessAccept)
        #expect(address(user) != nil && address(user) != address(bob))
        // Its own view still keeps the limit.
        #expect(try login(server, device: "02-00-00-00-00-09")?.knownCode == .accessAccept)
        #expect(server.feed.intents.drain().disconnects.count == 1)
        try await world.redis.start()
        try await world.connected()
        // The leases were not loaded yet: nothing of the pool is given but from the reserve, and what was given is claimed.
        let pool = "pool:\(PoolID(UUID128(high: 8, low: 1))):leased"
        try await eventually(within: .seconds(10)) { try await world.command("HLEN", pool) == "3" }
        try await world.stop()
    }

    @Test func `what Redis does not answer in time is decided alone`() async throws {
        let world = try await World(folder) { try Self.directory() }
        try await world.redis.freeze()
        #expect(try login(world.servers[0])?.knownCode == .accessAccept)
        #expect(world.servers[0].admission?.metrics.open.value ?? 9 < 2)
        world.redis.thaw()
        try await world.connected()
        try await world.stop()
    }

    @Test(.proves("G-20", "RAD-17")) func `a suspended service gets the walled garden where its tenant has one`()
        async throws
    {
        var policy = TenantPolicy()
        policy.walledGardenPlan = PlanID(UUID128(high: 2, low: 9))
        let world = try await World(folder) {
            let directory = try Self.directory(policy: policy)
            let number = try #require(directory.planNumber(SampleDirectory.plan))
            var garden = try #require(directory.plan(number)?.row)
            (garden.id, garden.downloadBPS, garden.addressList, garden.version) = (
                UUID128(high: 2, low: 9), 1_000_000, "garden", 20
            )
            directory.apply(garden)
            var bob = SampleDirectory.service(1, "bob", "hello123")
            (bob.serviceStatus, bob.version) = (.suspended, 21)
            directory.apply(bob)
            return directory
        }
        let accept = try login(world.servers[0])
        #expect(accept?.knownCode == .accessAccept)
        #expect(accept?.first(AttributeType.sessionTimeout) == [0, 0, 3, 132])
        let text = String(decoding: accept?.attributes.flatMap(\.value) ?? [], as: UTF8.self)
        #expect(text.contains("garden") && text.contains("10M/1M"))
        #expect(try login(world.servers[0], "bob", "wrong")?.knownCode == .accessReject)
        try await world.stop()
    }

    @Test(.proves("G-20", "IPAM-10"))
    func `a suspended service gets its address from the garden's pool, whatever its NAS names`()
        async throws
    {
        var policy = TenantPolicy()
        policy.walledGardenPlan = PlanID(UUID128(high: 2, low: 9))
        let world = try await World(folder) {
            let directory = try Self.directory(pool: "10.0.0.0/24", policy: policy)
            directory.apply(
                PoolRow(
                    pool: IPPool(
                        tenantID: TenantID(SampleDirectory.tenant),
                        id: PoolID(UUID128(high: 8, low: 2)),
                        name: "garden",
                        range: try #require(IPPrefix("172.16.0.0/24")),
                        use: .ipv4
                    ),
                    version: 19
                )
            )
            let number = try #require(directory.planNumber(SampleDirectory.plan))
            var garden = try #require(directory.plan(number)?.row)
            (garden.id, garden.addressPool, garden.version) = (UUID128(high: 2, low: 9), "garden", 20)
            directory.apply(garden)
            var nas = SampleDirectory.nas(true, 0, SampleDirectory.secret)
            (nas.pools, nas.version) = (PoolNames(ipv4: "homes", delegated: "of-the-nas"), 21)
            directory.apply(nas, now: 0)
            var bob = SampleDirectory.service(1, "bob", "hello123")
            (bob.serviceStatus, bob.version) = (.suspended, 22)
            directory.apply(bob)
            return directory
        }
        let server = world.servers[0]
        let confined = try login(server)
        #expect(address(confined).map { Array($0.prefix(3)) } == [172, 16, 0])
        let pool = confined?.first(AttributeType.delegatedIPv6PrefixPool).map { String(decoding: $0, as: UTF8.self) }
        #expect(pool == "of-the-nas", "what the garden does not name is the NAS's")
        #expect(address(try login(server, "User", "clientPass")).map { Array($0.prefix(3)) } == [10, 0, 0])
        // He paid: his own plan and pool at his next login.
        server.store.write { directory in
            var bob = SampleDirectory.service(1, "bob", "hello123")
            bob.version = 30
            directory.apply(bob)
        }
        let paid = try login(server, device: "02-00-00-00-00-02")
        #expect(address(paid).map { Array($0.prefix(3)) } == [10, 0, 0])
        #expect(paid?.first(AttributeType.sessionTimeout) == nil)
        try await world.stop()
    }
}

extension Packet {
    fileprivate var knownCode: PacketCode? { PacketCode(rawValue: code) }
}
