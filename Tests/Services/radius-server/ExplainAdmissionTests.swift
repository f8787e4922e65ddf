import Admission
import Crypto
import Domain
import Events
import Observability
import RADIUS
import Redis
import SharedTesting
import Testing

@testable import RadiusServer

/// Explanations beside real logins over a real socket, with a real Redis: what is told is what happens.
@Suite(.serialized) struct ExplainAdmissionTests {
    private let folder: TemporaryDirectory
    private let secret = SharedSecret(Array(SampleDirectory.secret.utf8))

    init() throws { folder = try TemporaryDirectory() }

    private final class World {
        let redis: RealRedis
        let server: LoopbackServer
        let desk: ExplainDesk

        init(_ folder: TemporaryDirectory, _ policy: TenantPolicy, pool: String) async throws {
            redis = try await RealRedis.start()
            let locator = RedisLocator(try RedisPlace(redis.url))
            _ = try await locator.locate()
            server = try LoopbackServer(
                try Self.directory(policy, pool),
                journalPath: "\(folder.path)/journal",
                redis: locator
            )
            let loaded = DirectoryStore(Directory(expectedServices: 0))
            loaded.replace(with: server.store.read { $0 })
            desk = ExplainDesk(
                settings: .init(),
                store: loaded,
                reader: AdmissionReader(locator),
                dictionary: try BuiltInDictionary.load(),
                time: TimeSource { Timestamp(microseconds: 1_000_000_000_000) }
            )
            let server = server
            try await eventually(within: .seconds(20)) { server.admission?.metrics.open.value == 2 }
            try await command("SET", "ipam:ready", "1")
        }

        private static func directory(_ policy: TenantPolicy, _ range: String) throws -> Directory {
            let directory = SampleDirectory.make()
            directory.apply(TenantRow(id: SampleDirectory.tenant, isActive: true, policy: policy, version: 20))
            directory.apply(
                PoolRow(
                    pool: IPPool(
                        tenantID: TenantID(SampleDirectory.tenant),
                        id: PoolID(UUID128(high: 8, low: 1)),
                        name: "homes",
                        range: try #require(IPPrefix(range)),
                        use: .ipv4
                    ),
                    version: 21
                )
            )
            let number = try #require(directory.planNumber(SampleDirectory.plan))
            var plan = try #require(directory.plan(number)?.row)
            (plan.addressPool, plan.version) = ("homes", 22)
            directory.apply(plan)
            return directory
        }

        @discardableResult
        func command(_ words: String...) async throws -> String { try await RedisProbe(url: redis.url).command(words) }

        func explain(_ question: LoginQuestion) async throws -> LoginExplanation {
            let query = ExplainQuery(.explain, tenantID: TenantID(SampleDirectory.tenant), logins: [question])
            guard case .explanation(let told) = try await desk.answer(query) else {
                throw RedisError.refused("no answer")
            }
            return told
        }

        func replay(_ change: ProposedChange, _ logins: [LoginQuestion]) async throws -> ReplayVerdicts {
            let tenant = TenantID(SampleDirectory.tenant)
            let query = ExplainQuery(.replay, tenantID: tenant, logins: logins, change: change)
            guard case .verdicts(let told) = try await desk.answer(query) else { throw RedisError.refused("no answer") }
            return told
        }

        func stop() async throws {
            server.stop()
            try await redis.kill()
        }
    }

    private func login(_ world: World, _ user: String = "bob", _ password: String = "hello123", device: String) throws
        -> Packet
    {
        let extra = [Attribute(AttributeType.nasPort, 1), Attribute(AttributeType.callingStationID, text: device)]
        let request = try SampleRequests.pap(user, password, extra: extra)
        return try Packet(parsing: try #require(try SampleRequests.answer(request, world.server)))
    }

    private func question(_ user: String = "bob", device: String) -> LoginQuestion {
        LoginQuestion(username: user, callingStationID: device, nasPort: 1)
    }

    @Test(.proves("SES-04", "IPAM-02"))
    func `session limit and address are told as they then come, and nothing is taken by asking`()
        async throws
    {
        var policy = TenantPolicy()
        policy.sessionPolicy = .rejectNew
        let world = try await World(folder, policy, pool: "10.0.0.0/24")
        let before = try await world.explain(question(device: "02-00-00-00-00-01"))
        #expect(before.outcome == "accept")
        let free = try #require(before.attributes.first { $0.name == "Framed-IP-Address" })
        #expect(free.value == "any that is free in 10.0.0.0/24")
        #expect((free.source.kind, free.source.name, free.source.version) == ("pool", "homes", 21))
        #expect(try await world.command("EXISTS", "pool:\(PoolID(UUID128(high: 8, low: 1))):blocks") == "0")
        let given = try #require(try login(world, device: "02-00-00-00-00-01").first(AttributeType.framedIPAddress))
        let again = try await world.explain(question(device: "0200.0000.0001"))
        let same = try #require(again.attributes.first { $0.name == "Framed-IP-Address" })
        #expect(same.value == given.map(String.init).joined(separator: "."))
        let address = try #require(again.rules.last)
        #expect(address.name == "address ipv4" && address.sources.map(\.kind) == ["plan_advanced", "pool", "redis"])
        let other = try await world.explain(question(device: "02-00-00-00-00-02"))
        #expect((other.outcome, other.reason) == ("reject", "session_limit"))
        let decisive = try #require(other.rules.last)
        #expect(decisive.name == "session limit" && decisive.outcome == .refused)
        #expect(decisive.sources.map(\.kind) == ["plan", "tenant", "redis"])
        #expect(decisive.value == "limit 1, 1 live of other devices, reject_new")
        let answer = try login(world, device: "02-00-00-00-00-02")
        #expect(answer.first(AttributeType.replyMessage) == Array("Too many sessions".utf8))
        // What the tenant, or the plan, could do about it.
        let recorded = [
            LoginQuestion(
                username: "bob",
                nas: "bras-1",
                callingStationID: "02-00-00-00-00-02",
                recorded: "session_limit"
            )
        ]
        let plan = ProposedChange(planID: PlanID(SampleDirectory.plan), plan: ["session-limit=2"])
        for change in [ProposedChange(policy: ["session_policy=disconnect_oldest"]), plan] {
            let verdicts = try await world.replay(change, recorded).verdicts
            #expect(verdicts == [.init(now: "reject session_limit", changed: "accept")])
        }
        try await world.stop()
    }

    @Test(.proves("SES-01", "SES-02")) func `a binding is told with the device that holds it`() async throws {
        var policy = TenantPolicy()
        policy.bindsDevice = true
        let world = try await World(folder, policy, pool: "10.0.0.0/24")
        #expect(try login(world, device: "02-00-00-00-00-01").code == PacketCode.accessAccept.rawValue)
        let other = try await world.explain(question(device: "02-00-00-00-00-02"))
        #expect((other.outcome, other.reason) == ("reject", "device_mismatch"))
        let decisive = try #require(other.rules.last)
        #expect(decisive.name == "device binding" && decisive.outcome == .refused)
        #expect(decisive.value == "bound to 02:00:00:00:00:01; this is 02:00:00:00:00:02")
        #expect(decisive.sources.map(\.kind) == ["tenant", "service", "redis"])
        #expect(try login(world, device: "02-00-00-00-00-02").code == PacketCode.accessReject.rawValue)
        try await world.stop()
    }

    @Test(.proves("IPAM-09")) func `an exhausted pool is told`() async throws {
        let world = try await World(folder, TenantPolicy(), pool: "10.0.0.0/30")
        #expect(try login(world, device: "02-00-00-00-00-01").code == PacketCode.accessAccept.rawValue)
        let other = try await world.explain(question("alice", device: "02-00-00-00-00-03"))
        #expect((other.outcome, other.reason) == ("reject", "no_address"))
        #expect(other.rules.last?.name == "address ipv4" && other.rules.last?.outcome == .refused)
        #expect(try login(world, "alice", "MyPw", device: "02-00-00-00-00-03").code == PacketCode.accessReject.rawValue)
        try await world.stop()
    }

    @Test func `a Redis that is away is told, and the rest still explained`() async throws {
        let world = try await World(folder, TenantPolicy(), pool: "10.0.0.0/24")
        try await world.redis.kill()
        let told = try await world.explain(question(device: "02-00-00-00-00-01"))
        #expect(told.outcome == "accept" && told.notes.contains { $0.hasPrefix("Redis does not answer") })
        #expect(told.rules.contains { $0.name == "session limit" && $0.value.contains("not known now") })
        world.server.stop()
    }
}
