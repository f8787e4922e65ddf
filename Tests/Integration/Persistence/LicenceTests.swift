import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

/// Limits hold at creation, over the whole branch, for any number who create at once.
@Suite(.serialized, .proves("TEN-09")) struct LicenceTests {
    private static let actor = UUID128(high: 7, low: 7)

    private static func tenancy<Success: Sendable>(
        _ world: AuditWorld,
        at time: Timestamp = AuditWorld.now,
        _ body: (TenancyStore) async throws -> Success
    ) async throws -> Success {
        try await world.database.transaction(in: world.operatorID) {
            try await body(TenancyStore($0, ids: world.ids, time: .fixed(time)))
        }
    }

    private static func limit(
        _ world: AuditWorld,
        _ tenant: TenantID,
        _ limits: [LicensedResource: Int],
        graceDays: Int = 7,
        endsAt: Timestamp? = nil
    ) async throws {
        try await tenancy(world) {
            try await $0.setLicence(
                TenantLicence(tenantID: tenant, plan: "Small", limits: limits, graceDays: graceDays, endsAt: endsAt),
                of: tenant,
                by: actor
            )
        }
    }

    private static func customer(_ world: AuditWorld, _ tenant: TenantID, _ code: String) -> Customer {
        Customer(
            tenantID: tenant,
            id: world.ids.next(),
            code: code,
            name: "Ann",
            email: nil,
            phone: "+1",
            address: "Street 1"
        )
    }

    /// Whether it was stored; false when the licence refused it.
    private static func add(_ customer: Customer, _ database: Database) async throws -> Bool {
        do {
            try await database.transaction(in: customer.tenantID) { try await CustomerRepository($0).insert(customer) }
            return true
        } catch PersistenceError.refused(let constraint) {
            #expect(LicenceLimit(constraint: constraint)?.resource == .subscribers)
            return false
        }
    }

    @Test func `many who create at once, in a tenant and below it, get exactly as many as the licence allows`()
        async throws
    {
        let world = try await AuditWorld()
        try await Self.limit(world, world.one, [.subscribers: 25])
        let (url, one, below) = (world.url, world.one, world.below)
        let stored = try await withThrowingTaskGroup(of: Int.self) { group in
            for writer in 0..<8 {
                group.addTask {
                    let database = Database(url: url, applicationName: "writer")
                    var stored = 0
                    for round in 0..<10 {
                        let tenant = round % 2 == 0 ? one : below
                        if try await Self.add(Self.customer(world, tenant, "c\(writer)-\(round)"), database) {
                            stored += 1
                        }
                    }
                    await database.close()
                    return stored
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(stored == 25)
        let usage = try await Self.tenancy(world) { try await $0.usage(of: world.one) }
        #expect(usage.counts[.subscribers] == 25 && usage.counts[.tenants] == 1)
        // Another branch has no limit.
        #expect(try await Self.add(Self.customer(world, world.two, "c"), world.database))
        await world.close()
    }

    @Test func `who left makes room, and who comes back needs room`() async throws {
        let world = try await AuditWorld()
        try await Self.limit(world, world.one, [.subscribers: 1])
        let first = Self.customer(world, world.one, "first")
        #expect(try await Self.add(first, world.database))
        #expect(try await !Self.add(Self.customer(world, world.one, "second"), world.database))
        for (leave, back) in [
            ("deleted_at = now()", "deleted_at = NULL"), ("status = 'terminated'", "status = 'active'"),
        ] {
            try await world.database.transaction(in: world.one) {
                _ = try await $0.query("UPDATE customers SET \(leave) WHERE code = 'first'")
            }
            #expect(try await Self.add(Self.customer(world, world.one, "other \(leave)"), world.database))
            await #expect(throws: PersistenceError.refused(constraint: "licence_max_subscribers")) {
                try await world.database.transaction(in: world.one) {
                    _ = try await $0.query("UPDATE customers SET \(back) WHERE code = 'first'")
                }
            }
            try await world.database.transaction(in: world.one) {
                _ = try await $0.query("DELETE FROM customers WHERE code <> 'first'")
                _ = try await $0.query("UPDATE customers SET \(back) WHERE code = 'first'")
            }
        }
        await world.close()
    }

    @Test func `NASes and tenants below are limited as well, and zero is none`() async throws {
        let world = try await AuditWorld()
        try await Self.limit(world, world.one, [.nases: 0, .tenants: 1])
        await #expect(throws: PersistenceError.refused(constraint: "licence_max_nases")) {
            try await world.database.transaction(in: world.below) {
                _ = try await $0.query(
                    "INSERT INTO nas_devices (tenant_id, name, address, secret) VALUES ($1, 'n', '192.0.2.1', '\\x00')",
                    [.id(world.below)]
                )
            }
        }
        let more = Tenant(id: world.ids.next(), parentID: world.one, kind: .reseller, name: "More", subdomain: "more")
        await #expect(throws: PersistenceError.refused(constraint: "licence_max_tenants")) {
            try await world.database.transaction(in: world.one, joining: [more.id]) {
                try await TenantRepository($0).insert(more)
            }
        }
        try await Self.tenancy(world) { try await $0.setLicence(nil, of: world.one, by: Self.actor) }
        try await world.database.transaction(in: world.one, joining: [more.id]) {
            try await TenantRepository($0).insert(more)
        }
        await world.close()
    }

    @Test(.proves("TEN-10", "TEN-11")) func `an overage has its grace, then suspends; mended, it is forgiven`()
        async throws
    {
        let world = try await AuditWorld()
        for number in 0..<3 {
            #expect(try await Self.add(Self.customer(world, world.one, "c\(number)"), world.database))
        }
        try await Self.limit(world, world.one, [.subscribers: 2], graceDays: 5)
        func look(afterDays days: Int) async throws -> LicenceRound {
            try await Self.tenancy(world, at: AuditWorld.now + .seconds(days * 86_400)) {
                try await $0.enforceLicences()
            }
        }
        #expect(try await look(afterDays: 0) == LicenceRound())
        #expect(try await look(afterDays: 4) == LicenceRound())
        let told = try await world.superuser.query("SELECT data FROM outbox WHERE subject = 'tenancy.licence'")
        #expect(told.count == 1 && told.first?[0].text?.contains("subscribers") == true)
        #expect(try await look(afterDays: 5) == LicenceRound(suspended: [world.one]))
        #expect(try await look(afterDays: 6) == LicenceRound())
        let standing = try await Self.tenancy(world) { try await $0.standing(of: world.below) }
        #expect(!standing.isActive && standing.suspensions.map(\.reason) == [.licence])
        // More is bought.
        try await Self.limit(world, world.one, [.subscribers: 3], graceDays: 5)
        #expect(try await look(afterDays: 7) == LicenceRound(resumed: [world.one]))
        #expect(try await Self.tenancy(world) { try await $0.standing(of: world.below).isActive })
        #expect(try await Self.tenancy(world) { try await $0.licence(of: world.one)?.exceededSince } == nil)
        // And is over one day.
        try await Self.limit(world, world.one, [:], graceDays: 0, endsAt: AuditWorld.now + .seconds(20 * 86_400))
        #expect(try await look(afterDays: 19) == LicenceRound())
        #expect(try await look(afterDays: 20) == LicenceRound(suspended: [world.one]))
        try await Self.tenancy(world) { try await $0.recordUsage() }
        let daily = try await world.superuser.query(
            "SELECT subscribers FROM tenant_usage_daily WHERE tenant_id = $1",
            [.id(world.operatorID)]
        )
        #expect(daily.first?[0].int == 3)
        await world.close()
    }
}
