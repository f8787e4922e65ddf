import Domain
import Persistence
import Postgres
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

/// The end of a tenant takes all of it, and nothing of anybody else.
@Suite struct DeletionPropertyTests {
    /// Sends the tenant's end on its way over HTTP, lets the waiting time pass, and carries it out.
    private func end(_ plot: Plot, _ tenant: TenantID, _ owner: PostgresSession) async throws {
        let world = plot.world
        let asked = try await world.send(
            "POST",
            "/api/v1/tenants/\(tenant)/delete",
            as: plot.above,
            "{\"waiting_days\":7}"
        )
        try #require((200...204).contains(asked.status), "\(asked.text)")
        let purge = TenantPurge(owner, keyring: world.keyring, ids: world.parts.ids, time: GatewayWorld.clock)
        await #expect(throws: TenancyError.deletionNotDue) { _ = try await purge.purge(tenant) }
        try await plot.sql(
            """
            UPDATE tenant_deletions SET requested_at = requested_at - interval '8 days', due_at = due_at - interval '8 days'
            WHERE tenant_id = '\(tenant)'
            """
        )
        _ = try await purge.purge(tenant)
    }

    /// Rows in all that HTTP does not fill.
    private func fill(_ plot: Plot, _ draw: inout Draw) async throws {
        for entity in EntityCase.all where entity.name != EntityCase.tenants.name {
            _ = try await entity.plant(plot, 3, &draw)
        }
        let service = try await plot.world.service(
            as: plot.admin,
            customer: plot.customers[0],
            plan: plot.plans[0],
            "filled-\(Plot.number())"
        )
        _ = try await plot.world.must(200, "POST", "/api/v1/services/\(service)/credentials/generate", as: plot.admin)
        let (body, key) = (
            #"{"name":"Once","phone":"1","address":"x"}"#, ["Idempotency-Key": "filled-\(Plot.number())"]
        )
        _ = try await plot.world.must(201, "POST", "/api/v1/customers", as: plot.admin, body, headers: key)
        let (tenant, plan) = (plot.tenant, plot.plans[0])
        let nas = try await plot.texts("SELECT id::text FROM nas_devices WHERE tenant_id = '\(tenant)' LIMIT 1")[0]
        try await plot.sql(
            """
            INSERT INTO plan_advanced_settings (tenant_id, plan_id) VALUES ('\(tenant)', '\(plan)') ON CONFLICT DO NOTHING;
            INSERT INTO plan_reply_attributes (tenant_id, plan_id, position, name, operator, value)
                VALUES ('\(tenant)', '\(plan)', 1, 'Class', ':=', 'x');
            INSERT INTO nas_reply_attributes (tenant_id, nas_id, position, name, operator, value)
                VALUES ('\(tenant)', '\(nas)', 1, 'Class', ':=', 'x');
            INSERT INTO service_reply_attributes (tenant_id, service_id, position, name, operator, value)
                VALUES ('\(tenant)', '\(service)', 1, 'Class', ':=', 'x');
            INSERT INTO sessions_history (tenant_id, session_key, nas_id, username, acct_session_id, started_at,
                    last_update_at, ended_at, closed_by)
                VALUES ('\(tenant)', gen_random_uuid(), '\(nas)', 'ann', 'h', now(), now(), now(), 'stop');
            INSERT INTO usage_pending (tenant_id, day, service_ids, input_octets, output_octets, sessions)
                VALUES ('\(tenant)', '2026-01-01', ARRAY['\(service)'::uuid], '{1}', '{1}', '{1}');
            INSERT INTO nas_restarts (tenant_id, nas_id, at) VALUES ('\(tenant)', '\(nas)', now());
            INSERT INTO nas_posture VALUES ('\(tenant)', '\(nas)', '2026-01-01', gen_random_uuid(), 0, 0, 0, 0, 0, 0, 0, 0,
                0, 0, 0, 0, 0, NULL, now(), now());
            INSERT INTO plan_speed_windows (tenant_id, plan_id, position, days, start_minute, end_minute, download_bps, upload_bps)
                VALUES ('\(tenant)', '\(plan)', 1, 1, 0, 60, 1, 1);
            INSERT INTO bandwidth_profile_windows (tenant_id, profile_id, position, days, start_minute, end_minute,
                    download_bps, upload_bps)
                SELECT tenant_id, id, 1, 1, 0, 60, 1, 1 FROM bandwidth_profiles WHERE tenant_id = '\(tenant)';
            INSERT INTO nas_tightenings (tenant_id, nas_id, nas_name, setting, actor, requests)
                VALUES ('\(tenant)', '\(nas)', 'nas', 'limit-proxy-state', 'operator', 1);
            INSERT INTO tenant_partners (tenant_id, kind, commission_basis_points) VALUES ('\(tenant)', 'retail', 5);
            INSERT INTO tenant_licences (tenant_id, plan) VALUES ('\(tenant)', 'Small') ON CONFLICT DO NOTHING;
            INSERT INTO tenant_usage_daily VALUES ('\(tenant)', '2026-01-01', 1, 1, 1, 1);
            INSERT INTO user_recovery_codes (tenant_id, user_id, hash)
                VALUES ('\(tenant)', '\(plot.admin.user.id)', sha256('x'));
            INSERT INTO exports (tenant_id, user_id, reach, entity, format, source, created_at)
                VALUES ('\(tenant)', '\(plot.admin.user.id)', 'subtree', 'customers', 'csv', '127.0.0.1', now());
            UPDATE tenants SET settings = '{"grace_days": 4}' WHERE id = '\(tenant)';
            INSERT INTO devices (tenant_id, name, kind, vendor, host)
                VALUES ('\(tenant)', 'a router of services', 'router', 'mikrotik', '192.0.2.3');
            UPDATE services SET router_id = (SELECT id FROM devices WHERE tenant_id = '\(tenant)' AND name = 'a router of services')
                WHERE id = '\(service)';
            INSERT INTO nas_capabilities VALUES ('\(tenant)', '\(nas)', 'takes-no-change', now());
            INSERT INTO session_terms (tenant_id, session_id, nas_id, is_confined, evidence, since)
                VALUES ('\(tenant)', uuid_v7(), '\(nas)', false, 'presumed', now());
            INSERT INTO enforcements (tenant_id, id, kind, cause, nas_id, session_id, state, requested_at, stored_at, next_at)
                VALUES ('\(tenant)', uuid_v7(), 'disconnect', 'requested', '\(nas)', uuid_v7(), 'pending', now(), now(), now());
            INSERT INTO lifecycle_runs (tenant_id, id, service_id, customer_id, kind, operation_id, requested_by, requested_at, next_at)
                VALUES ('\(tenant)', '\(service)', '\(service)', uuid_v7(), 'suspend', uuid_v7(), uuid_v7(), now(), now());
            INSERT INTO lifecycle_steps (tenant_id, run_id, position, name)
                VALUES ('\(tenant)', '\(service)', 0, 'eligibility');
            """
        )
        for rows in [webhooks(tenant), notices(tenant), money(plot, service)] { try await plot.sql(rows) }
        let world = plot.world
        try await world.parts.database.transaction(in: tenant) { transaction in
            _ = try await AuditCheckpoints(transaction).sign(with: world.keyring, now: GatewayWorld.clock.now())
        }
    }

    /// Rows in what is sent to other systems.
    private func webhooks(_ tenant: TenantID) -> String {
        """
        INSERT INTO webhook_endpoints (tenant_id, id, url, events, sealed_secret, created_by)
            VALUES ('\(tenant)', '\(tenant)', 'https://example.net/', '{*}', 'x', uuid_v7());
        INSERT INTO webhook_deliveries (tenant_id, id, endpoint_id, event_id, event_tenant_id, kind, sequence, payload, next_at)
            VALUES ('\(tenant)', '\(tenant)', '\(tenant)', uuid_v7(), '\(tenant)', 'session.started', 1, '{}', now());
        INSERT INTO webhook_attempts (tenant_id, delivery_id, number, at, latency_ms) VALUES ('\(tenant)', '\(tenant)', 1, now(), 1);
        INSERT INTO webhook_replays (tenant_id, endpoint_id, from_sequence, requested_by)
            VALUES ('\(tenant)', '\(tenant)', 1, uuid_v7());
        """
    }

    /// Rows in what people are told.
    private func notices(_ tenant: TenantID) -> String {
        """
        INSERT INTO notice_providers (tenant_id, id, channel, kind, name) VALUES ('\(tenant)', '\(tenant)', 'email', 'smtp', 'mail');
        INSERT INTO notice_callbacks (tenant_id, provider_id, host, target, body) VALUES ('\(tenant)', '\(tenant)', 'h', '/x', '');
        INSERT INTO login_codes (tenant_id, user_id, purpose, channel, address, digest, created_at, expires_at)
            SELECT tenant_id, id, 'enrol', 'sms', '+491701234567', sha256('x'), now(), now() + interval '1 h'
            FROM users WHERE tenant_id = '\(tenant)' LIMIT 1;
        INSERT INTO notice_rules (tenant_id, kind) VALUES ('\(tenant)', 'welcome');
        INSERT INTO notice_templates (tenant_id, kind, channel, language, version, text, created_by)
            VALUES ('\(tenant)', 'welcome', 'sms', 'en', 1, 'Hello', uuid_v7());
        INSERT INTO notice_preferences (tenant_id, recipient_kind, recipient_id) VALUES ('\(tenant)', 'user', uuid_v7());
        INSERT INTO push_tokens (tenant_id, recipient_kind, recipient_id, digest, sealed_token, platform)
            VALUES ('\(tenant)', 'user', uuid_v7(), decode(repeat('00', 32), 'hex'), 'x', 'web');
        INSERT INTO notice_suppressions (tenant_id, channel, digest, reason)
            VALUES ('\(tenant)', 'email', decode(repeat('00', 32), 'hex'), 'manual');
        INSERT INTO notices (tenant_id, id, cause, kind, channel, recipient_kind, recipient_id, language, next_at, expires_at)
            VALUES ('\(tenant)', '\(tenant)', 'one', 'welcome', 'sms', 'user', uuid_v7(), 'en', now(), now() + interval '1 day');
        INSERT INTO notice_attempts (tenant_id, notice_id, number, outcome, at)
            VALUES ('\(tenant)', '\(tenant)', 1, 'outage', now());
        INSERT INTO campaigns (tenant_id, name, language, texts, statuses, created_by)
            VALUES ('\(tenant)', 'Works', 'en', '{"en": {"title": "Works", "body": "On Tuesday."}}', '{active}', uuid_v7());
        """
    }

    /// Rows in what billing keeps.
    private func money(_ plot: Plot, _ service: String) -> String {
        let (tenant, plan) = (plot.tenant, plot.plans[0])
        return """
            INSERT INTO plan_quotas (tenant_id, plan_id, position, name, allowance, policy)
                VALUES ('\(tenant)', '\(plan)', 1, 'Fair use', 1000, 'block');
            INSERT INTO quota_usage (tenant_id, service_id, quota_id, window_start, window_end)
                SELECT tenant_id, '\(service)', id, '2026-01-01', '2026-02-01' FROM plan_quotas WHERE tenant_id = '\(tenant)';
            INSERT INTO quota_headroom (tenant_id, service_id, used) VALUES ('\(tenant)', '\(service)', '{1,2,3}');
            INSERT INTO usage_hourly (tenant_id, service_id, hour) VALUES ('\(tenant)', '\(service)', '2026-01-01');
            INSERT INTO quota_orders (tenant_id, service_id, customer_id, quota_id, kind, amount, price, currency, state)
                SELECT tenant_id, '\(service)', '\(plot.customers[0])', id, 'grant', 1, 0, 'EUR', 'posted'
                FROM plan_quotas WHERE tenant_id = '\(tenant)';
            INSERT INTO commission_rates (tenant_id, number, rate, valid_from, set_at, set_by)
                VALUES ('\(tenant)', 1, 600000, now(), now(), '\(plot.above.user.id)');
            INSERT INTO payout_requests (tenant_id, amount, currency, requested_by, requested_at)
                VALUES ('\(tenant)', 1, 'EUR', '\(plot.admin.user.id)', now());
            WITH version AS (
                INSERT INTO plan_versions (tenant_id, plan_id, number, price, currency, cycle_unit, cycle_count, mode,
                    grace_seconds, suspension, reminders, promises, longest_promise_seconds)
                VALUES ('\(tenant)', '\(plan)', 1, 1, 'EUR', 'month', 1, 'prepaid', 0, 'extend', '{}', 1, 1) RETURNING id)
            INSERT INTO subscriptions (tenant_id, customer_id, service_id, plan_version_id)
                SELECT '\(tenant)', '\(plot.customers[0])', '\(service)', id FROM version;
            INSERT INTO bills (tenant_id, subscription_id, customer_id, ordinal, period_start, period_end, currency, price,
                    credit, amount, issued_at, due_at, deadline, status)
                SELECT tenant_id, id, customer_id, 1, now(), now(), 'EUR', 1, 0, 1, now(), now(), now(), 'pending'
                FROM subscriptions WHERE tenant_id = '\(tenant)';
            INSERT INTO boosts (tenant_id, subscription_id, customer_id, service_id, current_plan_id, boost_plan_id, days,
                    price, currency)
                SELECT tenant_id, id, customer_id, service_id, '\(plan)', '\(plan)', 1, 1, 'EUR'
                FROM subscriptions WHERE tenant_id = '\(tenant)';
            -- Nobody goes who has money with us or owes some.
            UPDATE bills SET status = 'paid', paid_at = now() WHERE tenant_id = '\(tenant)';
            UPDATE ledger_accounts SET balance = 0, held = 0 WHERE tenant_id = '\(tenant)';
            INSERT INTO wallet_lows (tenant_id, account_id, customer_id, threshold, told_at)
                VALUES ('\(tenant)', gen_random_uuid(), '\(plot.customers[0])', 1, now());
            INSERT INTO subscription_events (tenant_id, subscription_id, kind, state_before, state_after, at)
                SELECT tenant_id, id, 'activate', 'pending', 'pending', now() FROM subscriptions WHERE tenant_id = '\(tenant)';
            \(metering(tenant))
            """
    }

    /// Rows in what is metered.
    private func metering(_ tenant: TenantID) -> String {
        """
        INSERT INTO metered_plans (tenant_id, plan) VALUES ('\(tenant)', 'pro');
        INSERT INTO metered_projects (tenant_id, id, name, created_at) VALUES ('\(tenant)', uuid_v7(), 'Shop', now());
        INSERT INTO project_usage (tenant_id, project_id, year, month, traffic_octets)
            SELECT tenant_id, id, 2026, 1, 1 FROM metered_projects WHERE tenant_id = '\(tenant)';
        INSERT INTO metered_storage_daily VALUES ('\(tenant)', '2026-01-01', 1, now());
        INSERT INTO metered_alerts VALUES ('\(tenant)', 2026, 1, 'traffic', 80, now());
        """
    }

    @Test(.proves("TEN-06", "TEN-05", "E-02"))
    func `property 2: no row of a tenant is left in any table, and no row of another is changed`() async throws {
        let world = try await GatewayWorld()
        let owner = PostgresSession(PostgresConfiguration(url: world.url))
        var draw = Draw(SeededRandom("property 2"))
        let gone = try await Plot(world, customers: 2, plans: 2)
        let kept = try await Plot(world, customers: 2, plans: 2)
        for plot in [gone, kept] { try await fill(plot, &draw) }
        let (before, others) = (try await gone.tables(), try await kept.tables())
        // A table that a migration adds is filled here too: about one without rows nothing would be proven.
        // The ledger is the operator's book, which no purge changes (docs/LEDGER.md).
        for (name, table) in before
        where !["tenant_suspensions", "tenant_deletions"].contains(name) && !name.hasPrefix("ledger_") {
            #expect(table.own > 0, "\(name) has no row of the tenant that is to go")
        }
        try await end(gone, gone.tenant, owner)
        let after = try await gone.tables()
        #expect(Set(after.keys) == Set(before.keys))
        // What waits in the outbox is still sent; the tenant above is told in its own trail and outbox.
        for (name, table) in after where name != "outbox" && !name.hasPrefix("ledger_") {
            #expect(table.own == 0, "\(name)")
            if !name.hasPrefix("audit_") { #expect(table.others == before[name]?.others, "\(name)") }
        }
        try await expectKept(kept, others)

        // Tenants of every make, one after the other.
        let many = try await tenants(100, in: world, &draw)
        for tenant in many { try await end(kept, tenant, owner) }
        for (name, count) in try await TenantTable.left(world, of: many) where name != "outbox" {
            #expect(count == 0, "\(name)")
        }
        try await expectKept(kept, others)
        await owner.close()
        try await world.close()
    }

    private func expectKept(_ plot: Plot, _ before: [String: TenantTable]) async throws {
        for (name, table) in try await plot.tables() { #expect(table.digest == before[name]?.digest, "\(name)") }
    }

    /// Tenants with some rows in some tables.
    private func tenants(_ count: Int, in world: GatewayWorld, _ draw: inout Draw) async throws -> [TenantID] {
        var made: [TenantID] = []
        for _ in 0..<count {
            let tenant = Tenant(
                id: world.parts.ids.next(),
                parentID: world.operatorID,
                kind: .provider,
                name: "Small",
                subdomain: "small-\(Plot.number())"
            )
            try await world.parts.database.transaction(in: world.operatorID, joining: [tenant.id]) {
                try await TenantRepository($0).insert(tenant)
            }
            try await world.superuser.script(
                """
                INSERT INTO customers (tenant_id, code, name, phone, address)
                    SELECT '\(tenant.id)', 'c' || i, 'x', '1', 'x' FROM generate_series(1, \(draw.whole(1...5))) i;
                INSERT INTO customer_code_counters (tenant_id, last) VALUES ('\(tenant.id)', \(draw.whole(0...9)));
                INSERT INTO customer_notes (tenant_id, customer_id, author, body)
                    SELECT tenant_id, id, 'a', 'x' FROM customers WHERE tenant_id = '\(tenant.id)';
                INSERT INTO plans (tenant_id, name, download_bps, upload_bps, price, currency)
                    VALUES ('\(tenant.id)', 'p', 1, 1, 1, 'EUR');
                INSERT INTO services (tenant_id, customer_id, plan_id, username)
                    SELECT c.tenant_id, c.id, p.id, c.code FROM customers c JOIN plans p USING (tenant_id)
                    WHERE tenant_id = '\(tenant.id)' LIMIT \(draw.whole(0...5));
                UPDATE services SET status = 'suspended' WHERE tenant_id = '\(tenant.id)';
                INSERT INTO usage_daily (tenant_id, service_id, day)
                    SELECT tenant_id, id, '2026-01-01' FROM services WHERE tenant_id = '\(tenant.id)';
                INSERT INTO operations (tenant_id, kind, resource_type, resource_id, requested_by)
                    SELECT tenant_id, 'x', 'service', id, id FROM services WHERE tenant_id = '\(tenant.id)';
                """
            )
            made.append(tenant.id)
        }
        return made
    }
}
