import NexoraCommand
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite struct AddressCommandTests {
    private func start() async throws -> CommandRun {
        let run = try await CommandRun()
        for line in ["bootstrap", "tenant add 'Acme Net' --subdomain acme", "tenant add Other --subdomain other"] {
            try await run.expect(.success, line)
        }
        return run
    }

    @Test(.proves("IPAM-01", "IPAM-03", "IPAM-18")) func `pools are added, changed, narrowed and removed`() async throws
    {
        let run = try await start()
        let added = try await run.expect(
            .success,
            """
            pool add homes 100.64.0.0/24 --tenant acme --gateway 100.64.0.1 --dns 192.0.2.53 --dns 192.0.2.54
            --exclude 100.64.0.0/28 --json
            """
        ).json()
        #expect(added["use"] == .text("ipv4") && added["unitLength"] == .integer(32))
        #expect(added["stickySeconds"] == .integer(86_400) && added["usable"] == .integer(239))
        #expect(
            added["allocated"] == .integer(0)
                && added["dnsServers"] == .list([.text("192.0.2.53"), .text("192.0.2.54")])
        )
        let home = try await run.expect(
            .success,
            "pool add homes6 2001:db8:100::/40 --tenant acme --use delegated --json"
        ).json()
        #expect(home["unitLength"] == .integer(56) && home["usable"] == .integer(65_536))
        let overlap = try await run.expect(.conflict, "pool add small 100.64.0.128/25 --tenant acme")
        #expect(overlap.errors.contains("overlaps 100.64.0.0/24 of pool \"homes\""))
        try await run.expect(.success, "pool add small 100.64.0.128/25 --tenant other")
        try await run.expect(.conflict, "pool add homes 10.0.0.0/24 --tenant acme")
        try await run.expect(.usage, "pool add bad 100.64.0.1/24 --tenant acme")
        try await run.expect(.badData, "pool add bad 2001:db8::/32 --use ipv4 --tenant acme")
        try await run.expect(.badData, "pool add bad 2001:db8::/32 --use delegated --unit 24 --tenant acme")
        let narrowed = try await run.expect(.success, "pool exclude homes 100.64.0.128/25 --json").json()
        #expect(narrowed["usable"] == .integer(112))
        try await run.expect(.notFound, "pool exclude homes 100.64.0.32/28 --lift")
        #expect(
            try await run.expect(.success, "pool exclude homes 100.64.0.128/25 --lift --json").json()["usable"]
                == .integer(239)
        )
        try await run.expect(.badData, "pool exclude homes 172.16.0.0/16")
        let changed = try await run.expect(.success, "pool change homes --name houses --sticky 0 --gateway '' --json")
            .json()
        #expect(
            changed["name"] == .text("houses") && changed["stickySeconds"] == .integer(0) && changed["gateway"] == .null
        )
        try await run.expect(.success, "pool change houses --active no")
        #expect(try await run.expect(.success, "pool list --active --tenant acme --json").list().count == 1)
        try await run.expect(.success, "pool add again 100.64.0.0/25 --tenant acme")
        let twice = try await run.expect(.conflict, "pool change houses --active yes")
        #expect(twice.errors.contains("again"))
        try await run.expect(.success, "pool remove again")
        try await run.expect(.notFound, "pool show again")
        await run.close()
    }

    @Test(.proves("IPAM-10", "IPAM-11")) func `NASes and plans name pools`() async throws {
        let run = try await start()
        let nas = try await run.expect(
            .success,
            "nas add core --tenant acme --address 192.0.2.1 --address-pool homes --delegated-ipv6-pool homes6 --json"
        ).json()
        #expect(
            nas["addressPool"] == .text("homes") && nas["ipv6Pool"] == .null
                && nas["delegatedIPv6Pool"] == .text("homes6")
        )
        let cleared = try await run.expect(.success, "nas set core --address-pool '' --ipv6-pool link --json").json()
        #expect(cleared["addressPool"] == .null && cleared["ipv6Pool"] == .text("link"))
        let plan = try await run.expect(
            .success,
            "plan add Home --tenant acme --download 5M --upload 1M --price 9 --ipv6-pool link --address-pool homes --json"
        ).json()
        #expect(plan["advanced"]["ipv6Pool"] == .text("link") && plan["advanced"]["addressPool"] == .text("homes"))
        await run.close()
    }

    @Test(.proves("IPAM-09", "IPAM-12", "SES-01")) func `who had an address is told, and a device is let go`()
        async throws
    {
        let run = try await start()
        for line in [
            "pool add homes 100.64.0.0/24 --tenant acme", "nas add core --tenant acme --address 192.0.2.1",
            "plan add Home --tenant acme --download 5M --upload 1M --price 9",
            "customer add C1 --tenant acme --name Ann --phone +1 --address 'Street 1'",
            "service add ann --customer C1 --plan Home",
        ] { try await run.expect(.success, line) }
        try await run.database.session.transaction { transaction in
            try await transaction.query("SET LOCAL ROLE nexora_pipeline")
            for (from, until) in [("2026-11-01", "'2026-11-02'"), ("2026-11-05", "NULL")] {
                try await transaction.query(
                    """
                    INSERT INTO ip_allocations (tenant_id, id, pool_id, unit, service_id, nas_id, hardware_address, status,
                        allocated_at, released_at)
                    SELECT p.tenant_id, uuid_v7(), p.id, '100.64.0.9', s.id, n.id, '02:00:00:00:00:01',
                        \(until == "NULL" ? "'allocated'" : "'released'"), '\(from)', \(until)
                    FROM ip_pools p, services s, nas_devices n
                    """
                )
            }
            try await transaction.query("UPDATE services SET bound_mac = '02:00:00:00:00:01', bound_at = now()")
        }
        let then = try await run.expect(.success, "ip who 100.64.0.9 --at 2026-11-01T12:00:00Z --json").list()
        #expect(then.count == 1 && then.first?["username"] == .text("ann") && then.first?["nas"] == .text("core"))
        #expect(then.first?["device"] == .text("02:00:00:00:00:01") && then.first?["pool"] == .text("homes"))
        #expect(try await run.expect(.success, "ip who 100.64.0.9 --at 2026-11-03 --json").list().isEmpty)
        #expect(try await run.expect(.success, "ip who 100.64.0.9 --json").list().count == 2)
        #expect(try await run.expect(.success, "ip who --service ann --at 2026-11-06 --json").list().count == 1)
        #expect(try await run.expect(.success, "ip who 100.64.0.9 --tenant other").output.contains("ann") == false)
        try await run.expect(.usage, "ip who")
        try await run.expect(.usage, "ip who 100.64.0.9 --service ann")
        try await run.expect(.usage, "ip who somewhere")
        try await run.expect(.notFound, "ip who --service bob")
        try await run.expect(.conflict, "pool remove homes")
        let shown = try await run.expect(.success, "service show ann --json").json()
        #expect(shown["boundDevice"] == .text("02:00:00:00:00:01"))
        let freed = try await run.expect(.success, "service unbind ann --json").json()
        #expect(freed["boundDevice"] == .null && freed["bindingGeneration"] == .integer(1))
        await run.close()
    }
}
