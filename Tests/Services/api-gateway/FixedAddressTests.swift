import Domain
import Persistence
import Postgres
import Redis
import SharedTesting
import Testing

@testable import APIGateway

@Suite struct FixedAddressTests {
    /// A tenant's admin with a pool and a way to make services.
    private struct Net: Sendable {
        let world: GatewayWorld
        let admin: GatewayWorld.Person
        let customer, plan, pool: String

        init(_ range: String, _ use: String = "ipv4", _ more: String = "") async throws {
            world = try await GatewayWorld()
            admin = try await world.person(.tenantAdmin)
            customer = try await world.customer(as: admin)
            plan = try await world.plan(as: admin)
            let made = try await world.must(
                201,
                "POST",
                "/api/v1/network/ipam/pools",
                as: admin,
                "{\"name\":\"homes\",\"range\":\"\(range)\",\"use\":\"\(use)\"\(more)}"
            )
            pool = try #require(made["data.id"]?.text)
        }

        func service(_ name: String) async throws -> String {
            try await world.service(as: admin, customer: customer, plan: plan, name)
        }

        func allocate(_ service: String, _ more: String = "", key: String? = nil) async throws -> Answer {
            try await world.send(
                "POST",
                "/api/v1/network/ipam/allocate",
                as: admin,
                "{\"service_id\":\"\(service)\",\"pool_id\":\"\(pool)\"\(more)}",
                headers: key.map { ["Idempotency-Key": $0] } ?? [:]
            )
        }

        func release(_ service: String, _ more: String = "") async throws -> Answer {
            try await world.send(
                "POST",
                "/api/v1/network/ipam/release",
                as: admin,
                "{\"service_id\":\"\(service)\"\(more)}"
            )
        }

        /// As the pipelines write.
        func pipeline(_ sql: String) async throws {
            let session = PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_pipeline"))
            _ = try await session.query(sql)
            await session.close()
        }

        /// A session of the service that has the address.
        func open(_ service: String, _ address: String) async throws {
            try await pipeline(
                """
                INSERT INTO sessions (tenant_id, session_key, nas_id, username, acct_session_id, started_at, last_update_at,
                    service_id, framed_ipv4)
                VALUES ('\(world.one)', uuid_v7(), uuid_v7(), 'u', 's', now(), now(), '\(service)', '\(address)')
                """
            )
        }

        /// A lease of the service; its id.
        func lease(_ service: String, _ address: String, _ status: String = "allocated") async throws -> UUID128 {
            let id = world.parts.ids.uuid()
            try await pipeline(
                """
                INSERT INTO ip_allocations (tenant_id, id, pool_id, unit, service_id, status, allocated_at, released_at)
                VALUES ('\(world.one)', '\(id)', '\(pool)', '\(address)', '\(service)', '\(status)', now(),
                    \(status == "allocated" ? "NULL" : "now()"))
                """
            )
            return id
        }
    }

    @Test(.proves("IPAM-14", "IPAM-03", "AUD-08"))
    func `a service gets what nobody has, from the end of the range, and gives it back`() async throws {
        // .1 to .6 of a /29; .1 is the first, .0 and .7 are the network's; .6 is the gateway.
        let net = try await Net("10.9.0.0/29", "ipv4", ",\"gateway\":\"10.9.0.6\"")
        let (leased, session) = (try await net.service("leased"), try await net.service("session"))
        _ = try await net.lease(leased, "10.9.0.5")
        try await net.open(session, "10.9.0.4")
        let redis = RedisSession(try RedisURL(net.world.redis.url))
        let pool = try #require(UUID128(net.pool))
        let other = try #require(UUID128(leased))
        var owner: [UInt8] = []
        for word in [other.high, other.low] {
            for shift in stride(from: 56, through: 0, by: -8) {
                owner.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        _ = try await redis.pipeline([
            [Array("HSET".utf8), Array("pool:\(pool):leased".utf8), Array("3".utf8), owner]
        ])
        let (one, two) = (try await net.service("one"), try await net.service("two"))
        let first = try await net.allocate(one, ",\"family\":\"ipv4\"")
        #expect(first.status == 201 && first["data.address"]?.text == "10.9.0.2/32", "\(first.text)")
        let read = try await net.world.must(200, "GET", "/api/v1/services/\(one)", as: net.admin)
        #expect(read["data.static_ipv4"]?.text == "10.9.0.2")
        #expect(try await net.allocate(two)["error.code"]?.text == "POOL_EXHAUSTED")
        for (address, code) in [
            ("10.9.0.2", "ADDRESS_TAKEN"), ("10.9.0.3", "ADDRESS_TAKEN"), ("10.9.0.4", "ADDRESS_TAKEN"),
            ("10.9.0.5", "ADDRESS_TAKEN"), ("10.9.0.6", "ADDRESS_RESERVED"), ("10.9.0.7", "ADDRESS_RESERVED"),
            ("10.9.0.8", "ADDRESS_OUTSIDE"), ("2001:db8::1", "ADDRESS_OUTSIDE"), ("10.9.0.4/30", "ADDRESS_OUTSIDE"),
        ] {
            let refused = try await net.allocate(two, ",\"address\":\"\(address)\"")
            #expect(refused.status == 409 && refused["error.code"]?.text == code, "\(address): \(refused.text)")
        }
        let told = try await net.allocate(two, ",\"address\":\"10.9.0.2\"")
        #expect(told["error.message"]?.text?.contains("one") == true, "\(told.text)")
        #expect(try await net.allocate(one)["error.code"]?.text == "ALREADY_ALLOCATED")
        #expect(try await net.allocate(one, ",\"address\":\"10.9.0.2\"").status == 201)
        #expect(try await net.allocate(two, ",\"family\":\"ipv6\"").status == 400)
        // What he has by a lease or a session may become his for good.
        #expect(try await net.allocate(leased, ",\"address\":\"10.9.0.5\"").status == 201)
        let freed = try await net.release(one)
        #expect(freed.status == 200 && freed["data.address"]?.text == "10.9.0.2/32", "\(freed.text)")
        #expect(try await net.release(one)["error.code"]?.text == "NOT_ALLOCATED")
        #expect(try await net.allocate(two)["data.address"]?.text == "10.9.0.2/32")
        for (action, count) in [("ip_allocate", 3), ("ip_release", 1)] {
            let trail = try await net.world.must(200, "GET", "/api/v1/audit-logs?action=\(action)", as: net.admin)
            #expect(trail.list("data").count == count, "\(action)")
        }
        try await net.world.close()
    }

    @Test(.proves("IPAM-14"))
    func `an address that a session stands on is taken back by force alone, and that says what stays`()
        async throws
    {
        let net = try await Net("10.9.0.0/24")
        let service = try await net.service("ann")
        let given = try await net.allocate(service)
        #expect(given["data.address"]?.text == "10.9.0.254/32")
        try await net.open(service, "10.9.0.254")
        #expect(try await net.release(service)["error.code"]?.text == "SESSION_OPEN")
        let forced = try await net.release(service, ",\"address\":\"10.9.0.254\",\"force\":true")
        #expect(forced.status == 200 && forced.list("data.sessions").count == 1)
        // While it stands nobody else gets it.
        let other = try await net.service("bob")
        #expect(try await net.allocate(other)["data.address"]?.text == "10.9.0.253/32")
        try await net.world.close()
    }

    @Test(.proves("IPAM-10", "IPAM-18")) func `prefixes are given as addresses are`() async throws {
        let net = try await Net("2001:db8:40::/48", "delegated", ",\"unit_length\":56")
        let (one, two) = (try await net.service("one"), try await net.service("two"))
        let given = try await net.allocate(one)
        #expect(given["data.address"]?.text == "2001:db8:40:ff00::/56", "\(given.text)")
        #expect(
            try await net.allocate(two, ",\"address\":\"2001:db8:40:ff00::/56\"")["error.code"]?.text == "ADDRESS_TAKEN"
        )
        #expect(
            try await net.allocate(two, ",\"address\":\"2001:db8:40:fe00::\"")["data.address"]?.text
                == "2001:db8:40:fe00::/56"
        )
        #expect(try await net.release(two).status == 200)
        try await net.world.close()
    }

    @Test(.proves("IPAM-08", "IPAM-14", "API-11")) func `a hundred who ask at once get a hundred addresses`()
        async throws
    {
        let net = try await Net("10.9.0.0/24")
        var services: [String] = []
        for number in 0..<100 { services.append(try await net.service("user\(number)")) }
        let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
            for service in services { group.addTask { try await net.allocate(service) } }
            return try await group.reduce(into: [Answer]()) { $0.append($1) }
        }
        let given = answers.compactMap { $0["data.address"]?.text }
        #expect(answers.allSatisfy { $0.status == 201 }, "\(answers.first { $0.status != 201 }?.text ?? "")")
        #expect(Set(given).count == 100)
        // One request under one key, however often it comes.
        let last = try await net.service("last")
        let first = try await net.allocate(last, key: "same")
        let again = try await net.allocate(last, key: "same")
        #expect(first.status == 201 && again.body == first.body && again.headers["idempotent-replayed"] == "true")
        try await net.world.close()
    }

    @Test(.proves("IPAM-14", "AUD-08"))
    func `a stuck lease is ended by whoever keeps Redis, unless a session stands on it`()
        async throws
    {
        let net = try await Net("10.9.0.0/24")
        let (stuck, used) = (try await net.service("stuck"), try await net.service("used"))
        let lease = try await net.lease(stuck, "10.9.0.9")
        func ask(_ id: UUID128, _ body: String = "{}") async throws -> Answer {
            try await net.world.send("POST", "/api/v1/network/ipam/leases/\(id)/release", as: net.admin, body)
        }
        let asked = try await ask(lease)
        #expect(asked.status == 202 && asked["data.kind"]?.text == "lease_release", "\(asked.text)")
        let path = try #require(asked.headers["location"])
        #expect(try await net.world.must(200, "GET", path, as: net.admin)["data.state"]?.text == "pending")
        let live = try await net.lease(used, "10.9.0.10")
        try await net.open(used, "10.9.0.10")
        #expect(try await ask(live)["error.code"]?.text == "SESSION_OPEN")
        #expect(try await ask(live, "{\"force\":true}").status == 202)
        let kept = try await net.lease(stuck, "10.9.0.11", "reserved")
        #expect(try await ask(kept)["error.code"]?.text == "LEASE_KEPT")
        let foreign = try await net.world.person(.tenantAdmin, in: net.world.two)
        let hidden = try await net.world.send("POST", "/api/v1/network/ipam/leases/\(lease)/release", as: foreign, "{}")
        #expect(hidden.status == 404)
        try await net.world.close()
    }
}
