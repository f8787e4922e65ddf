import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite struct DirectoryRepositoryTests {
    @Test func `what is stored is read back as it was`() async throws {
        let world = try await DirectoryWorld()
        let one = world.one
        try await world.within(world.operatorID) { transaction in
            var nas = try #require(try await NASRepository(transaction).find(one.nas.id))
            #expect((nas.stamp?.version ?? 0) > 0)
            nas.stamp = nil
            #expect(nas == one.nas)
            var plan = try #require(try await PlanRepository(transaction).find(one.plan.id))
            plan.stamp = nil
            #expect(plan == one.plan)
            var customer = try #require(try await CustomerRepository(transaction).find(one.customer.id))
            customer.stamp = nil
            #expect(customer == one.customer)
            var service = try #require(try await ServiceRepository(transaction).find(one.service.id))
            service.stamp = nil
            #expect(service == one.service)
        }
        await world.close()
    }

    @Test(.proves("PLN-04", "PLN-05")) func `advanced settings are stored, replaced and read apart from their plan`()
        async throws
    {
        let world = try await DirectoryWorld()
        var settings = PlanAdvancedSettings(
            tenantID: world.one.tenant,
            planID: world.one.plan.id,
            burstEnabled: true,
            burstDownload: 80,
            burstUpload: 20,
            thresholdDownload: 40,
            thresholdUpload: 8,
            burstSeconds: 16,
            priority: 2,
            guaranteedDownload: 10,
            guaranteedUpload: 5,
            maxConnections: 9,
            addressPool: "home",
            delegatedIPv6Pool: "pd",
            dnsServers: [IPAddress("192.0.2.53"), IPAddress("2001:db8::53")].compactMap { $0 },
            addressList: "list",
            transparentProxy: true,
            queueType: "sfq",
            parentQueue: "all"
        )
        for _ in 0..<2 {
            var read = try await world.within(world.one.tenant) { [settings] transaction in
                try await PlanRepository(transaction).setAdvanced(settings)
                return try await PlanRepository(transaction).advanced(of: world.one.plan)
            }
            read?.rowVersion = 0
            #expect(read == settings)
            settings = PlanAdvancedSettings(tenantID: world.one.tenant, planID: world.one.plan.id)
        }
        await world.close()
    }

    @Test(.proves("PLN-03")) func `what is in use cannot be removed, what is taken cannot be taken twice`() async throws
    {
        let world = try await DirectoryWorld()
        let one = world.one
        await #expect(throws: PersistenceError.stillReferenced(constraint: "services_tenant_id_plan_id_fkey")) {
            try await world.within(one.tenant) { try await PlanRepository($0).remove(one.plan) }
        }
        await #expect(throws: PersistenceError.stillReferenced(constraint: "services_tenant_id_customer_id_fkey")) {
            try await world.within(one.tenant) { try await CustomerRepository($0).remove(one.customer) }
        }
        var twin = one.customer
        twin.id = world.ids.next()
        await #expect(throws: PersistenceError.alreadyExists(constraint: "idx_tenant_code")) {
            try await world.within(one.tenant) { [twin] in try await CustomerRepository($0).insert(twin) }
        }
        try await world.within(one.tenant) { transaction in
            try await ServiceRepository(transaction).remove(one.service)
            #expect(try await ServiceRepository(transaction).sealedPassword(of: one.service) == nil)
            try await CustomerRepository(transaction).remove(one.customer)
            try await PlanRepository(transaction).remove(one.plan)
            try await NASRepository(transaction).remove(one.nas)
        }
        await world.close()
    }

    @Test func `lists are paged by the id before`() async throws {
        let world = try await DirectoryWorld()
        let found = try await world.within(world.operatorID) { transaction in
            var ids: [CustomerID] = []
            while let next = try await CustomerRepository(transaction).list(after: ids.last, limit: 1).first {
                ids.append(next.id)
            }
            return ids
        }
        #expect(found == [world.one.customer.id, world.two.customer.id].sorted())
        await world.close()
    }

    @Test(.proves("ACC-13"))
    func `sessions are listed over hot table and history, and FreeRADIUS' views show the same`() async throws {
        let world = try await DirectoryWorld()
        try await world.asRole("nexora_pipeline") { transaction in
            for (table, tenant, nas, day, closed) in [
                ("sessions", world.one.tenant, world.one.nas.id, "2026-11-20", false),
                ("sessions", world.one.tenant, world.one.nas.id, "2026-11-19", true),
                ("sessions_history", world.one.tenant, world.one.nas.id, "2026-10-01", true),
                ("sessions", world.two.tenant, world.two.nas.id, "2026-11-20", false),
            ] {
                try await transaction.query(
                    """
                    INSERT INTO \(table) (tenant_id, session_key, nas_id, username, acct_session_id, started_at,
                        last_update_at, ended_at, closed_by, terminate_cause, input_octets, framed_ipv4)
                    VALUES ($1, gen_random_uuid(), $2, 'ann', 's', $3::text::timestamptz, $3::text::timestamptz,
                        CASE WHEN $4 THEN $3::text::timestamptz END, CASE WHEN $4 THEN 'stop' END, CASE WHEN $4 THEN 1 END,
                        5000000000, '192.0.2.9')
                    """,
                    [.id(tenant), .id(nas), .text("\(day) 10:00:00+00"), .bool(closed)]
                )
            }
        }
        try await world.within(world.one.tenant) { transaction in
            let listing = SessionListing(transaction)
            let all = try await listing.page(SessionFilter(), after: nil, limit: 10)
            #expect(all.map(\.startedAt.day.description) == ["2026-11-20", "2026-11-19", "2026-10-01"])
            #expect(all[0].nasName == "nas" && all[0].inputOctets == 5_000_000_000 && all[0].framedIPv4 == "192.0.2.9")
            #expect(try await listing.page(SessionFilter(isLive: true), after: nil, limit: 10) == [all[0]])
            #expect(
                try await listing.page(SessionFilter(isLive: false, username: "ann"), after: nil, limit: 10) == [
                    all[1], all[2],
                ]
            )
            let cursor = try #require(SessionCursor(SessionCursor(after: all[0]).description))
            #expect(try await listing.page(SessionFilter(), after: cursor, limit: 1) == [all[1]])
            #expect(try await listing.page(SessionFilter(username: "bob"), after: nil, limit: 10).isEmpty)
            let view = try await transaction.query(
                """
                SELECT acctterminatecause, host(nasipaddress) AS nas, acctinputoctets, acctuniqueid FROM radacct
                ORDER BY acctstarttime DESC
                """
            )
            #expect(view.map { $0["acctterminatecause"].text } == [nil, "User-Request", "User-Request"])
            #expect(view.allSatisfy { $0["nas"].text == "10.0.0.1" && $0["acctinputoctets"].int64 == 5_000_000_000 })
            #expect(view[0]["acctuniqueid"].text == all[0].id.description.filter { $0 != "-" })
            let clients = try await transaction.query("SELECT nasname, shortname, secret FROM nas")
            #expect(clients.count == 1 && clients[0]["nasname"].text == "10.0.0.1" && clients[0]["secret"].isNull)
        }
        await world.close()
    }
}
