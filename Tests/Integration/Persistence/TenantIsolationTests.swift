import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

/// Tries to get round row-level security, as every role, by every statement.
@Suite(.proves("TEN-03")) struct TenantIsolationTests {
    private static let tables = [
        "nas_devices", "plans", "plan_advanced_settings", "customers", "services", "service_credentials", "sessions",
        "sessions_history", "usage_pending", "usage_daily", "usage_monthly", "dead_letters", "radacct", "nas",
        "tenants", "ip_pools", "ip_allocations", "plan_reply_attributes", "nas_reply_attributes",
        "service_reply_attributes", "plan_speed_windows", "bandwidth_profiles", "bandwidth_profile_windows", "users",
        "user_recovery_codes", "login_sessions",
        "refresh_tokens", "api_keys", "one_time_links", "login_codes", "idempotency_keys", "operations", "exports",
        "audit_logs",
        "audit_chains",
        "audit_checkpoints",
        "tenant_settings_history", "tenant_suspensions", "tenant_licences", "tenant_usage_daily", "tenant_partners",
        "tenant_deletions",
        "customer_code_counters", "customer_notes", "customer_contacts", "service_history",
        "ledger_lanes", "ledger_accounts", "ledger_keys", "ledger_transfers", "ledger_entries", "ledger_holds",
        "ledger_batches", "ledger_checkpoints", "commission_rates", "payout_requests",
        "wallets", "payments", "cash_shifts", "adjustment_requests", "conversions",
        "plan_versions", "subscriptions", "bills", "boosts", "subscription_events",
        "plan_quotas", "quota_usage", "usage_hourly", "quota_orders", "quota_headroom",
        "metered_plans", "metered_projects", "project_usage", "metered_storage_daily", "metered_alerts",
        "enforcements", "nas_capabilities", "session_terms", "devices", "device_status", "router_operations",
        "lifecycle_runs", "lifecycle_steps",
        "notice_providers", "notice_rules", "notice_templates", "notice_preferences", "push_tokens",
        "notice_suppressions", "notices", "notice_attempts", "notice_callbacks", "campaigns",
        "webhook_endpoints", "webhook_standings", "webhook_deliveries", "webhook_attempts", "webhook_replays",
    ]

    @Test func `without a setting the gateway sees nothing, with an empty or foreign one neither`() async throws {
        let world = try await DirectoryWorld()
        for settings in [
            [], [("nexora.tenants", "")], [("nexora.tenants", "{}")], [("nexora.tenants", "{\(UUID128.zero)}")],
        ] {
            try await world.asRole("nexora_gateway", settings: settings) { transaction in
                for table in Self.tables {
                    let count = try await transaction.query("SELECT count(*) FROM \(table)").first?[0].int64
                    #expect(count == 0, "\(table) under \(settings)")
                }
            }
        }
        await world.close()
    }

    @Test func `the role that reads all sees nothing unless it is said that all are seen, and changes nothing then`()
        async throws
    {
        let world = try await DirectoryWorld()
        for settings in [[], [("nexora.all_tenants", "")], [("nexora.all_tenants", "no")]] {
            try await world.asRole("nexora_operator", settings: settings) { transaction in
                for table in Self.tables {
                    let count = try await transaction.query("SELECT count(*) FROM \(table)").first?[0].int64
                    #expect(count == 0, "\(table) under \(settings)")
                }
            }
        }
        let changed = try await world.asRole("nexora_operator", settings: [("nexora.all_tenants", "yes")]) {
            #expect(try await $0.query("SELECT count(*) FROM customers").first?[0].int64 == 2)
            return try await $0.query("UPDATE customers SET name = 'x' RETURNING id").count
        }
        #expect(changed == 0)
        await world.close()
    }

    @Test(.proves("TEN-05")) func `only the one root reads without naming tenants, however many somebody else sees`()
        async throws
    {
        let world = try await DirectoryWorld()
        func reads(_ tenant: TenantID) async throws -> (role: String?, tenants: Int64?, customers: Int64?) {
            let scope = ScopedDatabase(root: tenant, on: world.database.session)
            let row = try await scope.transaction(isReading: true) { transaction in
                try await transaction.query(
                    """
                    SELECT current_user::text AS role, (SELECT count(*) FROM tenants) AS tenants,
                        (SELECT count(*) FROM customers) AS customers
                    """
                ).first
            }
            return (row?["role"].text, row?["tenants"].int64, row?["customers"].int64)
        }
        #expect(try await reads(world.operatorID) == ("nexora_gateway", 4, 2))
        try await world.database.transaction(in: world.one.tenant) { transaction in
            _ = try await transaction.query(
                """
                INSERT INTO tenants (parent_id, kind, name, subdomain)
                SELECT $1, 'reseller', 'R' || i, 'many-' || i FROM generate_series(1, 40) i
                """,
                [.id(world.one.tenant)]
            )
        }
        #expect(try await reads(world.operatorID) == ("nexora_operator", 44, 2))
        #expect(try await reads(world.one.tenant) == ("nexora_gateway", 42, 1))
        #expect(try await reads(world.two.tenant) == ("nexora_gateway", 1, 1))
        // Beside a second root the first is not above everybody.
        try await world.database.session.transaction { transaction in
            try await transaction.query(
                "INSERT INTO tenants (kind, name, subdomain) VALUES ('operator', 'Other', 'other')"
            )
        }
        #expect(try await reads(world.operatorID) == ("nexora_gateway", 44, 2))
        await #expect(throws: (any Error).self) {
            try await ScopedDatabase(root: world.operatorID, on: world.database.session).transaction(isReading: true) {
                _ = try await $0.query("UPDATE customers SET name = 'x'")
            }
        }
        await world.close()
    }

    @Test(.proves("TEN-05", "TEN-07")) func `visibility goes down the tree, never up or sideways`() async throws {
        let world = try await DirectoryWorld()
        let seen = try await world.within(world.one.tenant) { try await TenantRepository($0).all().map(\.id) }
        #expect(Set(seen) == [world.one.tenant, world.reseller])
        #expect(
            try await world.within(world.reseller) { try await TenantRepository($0).all().map(\.id) } == [
                world.reseller
            ]
        )
        #expect(try await world.within(world.operatorID) { try await TenantRepository($0).all().count } == 4)
        #expect(try await world.within(world.reseller) { try await CustomerRepository($0).list(limit: 10).count } == 0)
        #expect(
            try await world.within(world.operatorID) { try await CustomerRepository($0).list(limit: 10).count } == 2
        )
        await world.close()
    }

    @Test(.proves("TEN-05")) func `another tenant's ids are not there, whatever is done with them`() async throws {
        let world = try await DirectoryWorld()
        let foreign = world.two
        try await world.within(world.one.tenant) { (transaction) async throws in
            #expect(try await NASRepository(transaction).find(foreign.nas.id) == nil)
            #expect(try await PlanRepository(transaction).find(foreign.plan.id) == nil)
            #expect(try await CustomerRepository(transaction).find(foreign.customer.id) == nil)
            #expect(try await ServiceRepository(transaction).find(foreign.service.id) == nil)
            #expect(try await ServiceRepository(transaction).sealedPassword(of: foreign.service) == nil)
            #expect(try await TenantRepository(transaction).find(subdomain: "two") == nil)
            for refused in [
                { try await NASRepository(transaction).update(foreign.nas) },
                { try await NASRepository(transaction).remove(foreign.nas) },
                { try await NASRepository(transaction).replaceSecret(of: foreign.nas, sealed: [1]) },
                { try await PlanRepository(transaction).update(foreign.plan) },
                { try await CustomerRepository(transaction).update(foreign.customer) },
                { try await CustomerRepository(transaction).remove(foreign.customer) },
                { try await ServiceRepository(transaction).update(foreign.service) },
                { try await ServiceRepository(transaction).remove(foreign.service) },
                { try await TenantRepository(transaction).remove(foreign.tenant) },
            ] as [() async throws -> Void] {
                await #expect(throws: PersistenceError.notFound) { try await refused() }
            }
        }
        #expect(
            try await world.within(foreign.tenant) { try await ServiceRepository($0).find(foreign.service.id) } != nil
        )
        await world.close()
    }

    @Test(.proves("TEN-05")) func `nothing can be stored for another tenant or moved to him`() async throws {
        let world = try await DirectoryWorld()
        var customer = world.two.customer
        customer.id = world.ids.next()
        customer.code = "C9"
        await #expect(throws: PersistenceError.notFound) {
            try await world.within(world.one.tenant) { [customer] in try await CustomerRepository($0).insert(customer) }
        }
        for statement in [
            "UPDATE customers SET tenant_id = '\(world.two.tenant)'",
            "UPDATE tenants SET parent_id = '\(world.two.tenant)' WHERE kind = 'reseller'",
            "UPDATE tenants SET id = '\(UUID128.zero)' WHERE kind = 'reseller'",
            "INSERT INTO outbox (tenant_id, type, subject, data) VALUES ('\(world.two.tenant)', 't', 'a.b', '{}')",
            "INSERT INTO services (tenant_id, customer_id, plan_id, username) SELECT tenant_id, '\(world.two.customer.id)', '\(world.two.plan.id)', 'x' FROM customers",
        ] {
            await #expect(throws: (any Error).self, "\(statement)") {
                try await world.within(world.one.tenant) { _ = try await $0.query(statement) }
            }
        }
        await world.close()
    }

    @Test(.proves("TEN-03")) func `a service cannot point at another tenant's customer even inside one scope`()
        async throws
    {
        let world = try await DirectoryWorld()
        var service = world.one.service
        service.id = world.ids.next()
        service.username = "bob"
        (service.staticIPv4, service.framedIPv6Prefix, service.delegatedIPv6Prefix) = (nil, nil, nil)
        service.customerID = world.two.customer.id
        await #expect(throws: PersistenceError.stillReferenced(constraint: "services_tenant_id_customer_id_fkey")) {
            try await world.within(world.operatorID) { [service] in try await ServiceRepository($0).insert(service) }
        }
        await world.close()
    }

    @Test func `partitions cannot be read by their own names`() async throws {
        let world = try await DirectoryWorld()
        _ = try await world.asRole("nexora_pipeline") { transaction in
            try await transaction.query("SELECT ensure_session_partitions('2026-01-01', 2)")
        }
        for role in ["nexora_gateway", "nexora_pipeline"] {
            for partition in ["radacct_2026_01", "sessions_history_default"] {
                for statement in ["SELECT * FROM \(partition)", "DELETE FROM \(partition)"] {
                    await refused("42501") {
                        try await world.asRole(role, settings: [("nexora.tenants", "{\(world.one.tenant)}")]) {
                            _ = try await $0.query(statement)
                        }
                    }
                }
            }
        }
        await world.close()
    }

    @Test func `each role is held to its tables and its rights`() async throws {
        let world = try await DirectoryWorld()
        let forbidden: [(role: String, statement: String)] = [
            ("nexora_pipeline", "INSERT INTO tenants (kind, name, subdomain) VALUES ('operator', 'x', 'x')"),
            ("nexora_pipeline", "UPDATE customers SET name = 'x'"), ("nexora_pipeline", "DELETE FROM services"),
            ("nexora_pipeline", "UPDATE service_credentials SET password = ''"),
            ("nexora_pipeline", "DELETE FROM nas_devices"),
            ("nexora_pipeline", "INSERT INTO keyring_canary (sealed) VALUES ('')"),
            ("nexora_pipeline", "SELECT tenant_subtree('\(world.one.tenant)')"),
            ("nexora_pipeline", "UPDATE services SET status = 'active'"), ("nexora_pipeline", "DELETE FROM ip_pools"),
            ("nexora_pipeline", "UPDATE services SET binding_generation = 0"),
            ("nexora_gateway", "UPDATE ip_pools SET range = '10.0.0.0/8'"),
            ("nexora_gateway", "UPDATE ip_pools SET unit_length = 24"),
            ("nexora_gateway", "DELETE FROM ip_allocations"),
            ("nexora_gateway", "SELECT * FROM outbox"), ("nexora_gateway", "DELETE FROM outbox"),
            ("nexora_gateway", "DELETE FROM sessions"),
            ("nexora_gateway", "INSERT INTO dead_letters SELECT * FROM dead_letters"),
            ("nexora_gateway", "UPDATE usage_daily SET input_octets = 0"),
            ("nexora_gateway", "DELETE FROM keyring_canary"),
            ("nexora_gateway", "SELECT ensure_session_partitions('2026-01-01', 1)"),
            ("nexora_gateway", "CREATE TABLE mine (a integer)"),
            ("nexora_gateway", "ALTER TABLE customers DISABLE ROW LEVEL SECURITY"),
            ("nexora_gateway", "CREATE POLICY mine ON customers USING (true)"),
            ("nexora_gateway", "DROP TABLE customers"),
            ("nexora_gateway", "TRUNCATE customers"), ("nexora_gateway", "COPY customers TO PROGRAM 'cat'"),
            ("nexora_gateway", "SELECT * FROM schema_migrations"),
        ]
        for (role, statement) in forbidden {
            await refused("42501", statement) { try await world.asRole(role) { _ = try await $0.query(statement) } }
        }
        await world.close()
    }

    @Test func `row-level security cannot be switched off, nor another role be taken`() async throws {
        let world = try await DirectoryWorld()
        await refused("42501", "row_security off") {
            try await world.asRole("nexora_gateway") { transaction in
                try await transaction.query("SET LOCAL row_security = off")
                _ = try await transaction.query("SELECT * FROM customers")
            }
        }
        let roles = try await world.database.session.query(
            """
            SELECT bool_or(rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolcanlogin) FROM pg_roles
            WHERE rolname IN ('nexora_gateway', 'nexora_pipeline', 'nexora_billing')
            """
        )
        #expect(roles.first?[0].bool == false)
        let members = try await world.database.session.query(
            "SELECT pg_has_role('nexora_gateway', 'nexora_pipeline', 'member') OR pg_has_role('nexora_pipeline', 'nexora_gateway', 'member')"
        )
        #expect(members.first?[0].bool == false)
        let owned = try await world.database.session.query(
            """
            SELECT count(*) FROM pg_class WHERE relowner IN
                (SELECT oid FROM pg_roles WHERE rolname IN ('nexora_gateway', 'nexora_pipeline', 'nexora_billing'))
            """
        )
        #expect(owned.first?[0].int64 == 0)
        await world.close()
    }

    @Test func `every table with a tenant is closed, and the doctor would see one that is not`() async throws {
        let world = try await DirectoryWorld()
        let facts = try await world.database.facts()
        #expect(facts.hasSchema && facts.openTables.isEmpty && facts.grantedPartitions.isEmpty)
        #expect(facts.missingRoles.isEmpty && facts.strongRoles.isEmpty && !facts.loginBypassesRowSecurity)
        #expect(facts.fsync == "on" && facts.versionNumber >= 150_000)
        try await world.database.session.script("CREATE TABLE careless (tenant_id uuid)")
        #expect(try await world.database.facts().openTables == ["careless"])
        await world.close()
    }

    @Test func `scope and role end with the transaction, also one that failed`() async throws {
        let world = try await DirectoryWorld()
        _ = try? await world.within(world.one.tenant) { _ = try await $0.query("SELECT 1 / 0") }
        _ = try await world.within(world.one.tenant) { try await $0.query("SELECT 1") }
        let row = try await world.database.session.query(
            "SELECT current_user::text AS role, coalesce(current_setting('nexora.tenants', true), '') AS tenants"
        ).first
        #expect(row?["role"].text == "nexora_owner")
        #expect(row?["tenants"].text == "")
        await world.close()
    }

    private func refused(
        _ state: String,
        _ comment: String = "",
        _ body: () async throws -> Void,
        at location: SourceLocation = #_sourceLocation
    ) async {
        do {
            try await body()
            Issue.record("not refused: \(comment)", sourceLocation: location)
        } catch let error as PostgresError {
            #expect(error.sqlState == state, "\(comment): \(error)", sourceLocation: location)
        } catch {
            Issue.record("\(comment): \(error)", sourceLocation: location)
        }
    }
}
