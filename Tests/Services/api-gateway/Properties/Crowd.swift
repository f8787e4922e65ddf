import Domain
import Persistence

@testable import APIGateway

/// A tenant with two thousand rows of everything, in each of which stands the tenant's word.
struct Crowd: Sendable {
    static let size = 2_000

    let plot: Plot
    let mark: String
    /// How many rows each entity's list has for the tenant, as SQL counts them.
    let counts: [String: Int]

    init(_ world: GatewayWorld, _ mark: String, octet: Int) async throws {
        let plot = try await Plot(world, customers: 1)
        let tenant = plot.tenant
        try await plot.sql(Self.rows(plot, mark, octet: octet))
        let entries = (0..<Self.size).map { number in
            AuditEntry(
                id: world.parts.ids.next(),
                tenantID: tenant,
                origin: .system(),
                action: .update,
                resource: AuditResource("customer", "\(mark)-\(number)"),
                time: GatewayWorld.clock.now()
            )
        }
        try await world.parts.database.transaction(in: tenant) { try await AuditLog($0).append(entries) }
        let tables = [
            "customer": "customers", "plan": "plans", "bandwidth_profile": "bandwidth_profiles",
            "customer_contact": "customer_contacts", "service": "services", "nas": "nas_devices",
            "ip_pool": "ip_pools", "device": "devices",
            "user": "users", "customer_note": "customer_notes", "service_change": "service_history",
            "session": "sessions", "usage": "usage_daily", "lease": "ip_allocations", "operation": "operations",
            "dead_letter": "dead_letters", "api_key": "api_keys", "audit": "audit_logs", "wallet": "wallets",
            "payment": "payments", "cash_shift": "cash_shifts", "adjustment": "adjustment_requests",
            "conversion": "conversions",
            "ledger_exposure": "billing_exposure", "enforcement": "enforcements",
        ]
        var counts = ["tenant": 1]
        for (name, table) in tables {
            let condition = name == "audit" ? " AND resource_type = 'customer'" : ""
            let count = try await plot.texts(
                "SELECT count(*)::text FROM \(table) WHERE tenant_id = '\(tenant)'\(condition)"
            )
            counts[name] = count.first.flatMap { Int($0) }
        }
        (self.plot, self.mark, self.counts) = (plot, mark, counts)
    }

    private static func rows(_ plot: Plot, _ mark: String, octet: Int) -> String {
        let (tenant, first, root) = (plot.tenant, plot.customers[0], plot.world.operatorID)
        return """
            INSERT INTO customers (tenant_id, code, name, phone, address, email, notes, tags, installed_on)
                SELECT '\(tenant)', '\(mark)-' || i, '\(mark) ' || i, '+1 555 ' || i, '\(mark) street',
                    '\(mark)' || i || '@example.net', '\(mark)', ARRAY['\(mark)'], '2026-01-01' FROM \(Self.series);
            INSERT INTO plans (tenant_id, name, description, download_bps, upload_bps, price)
                SELECT '\(tenant)', '\(mark) ' || i, '\(mark)', i, i, i FROM \(Self.series);
            INSERT INTO services (tenant_id, customer_id, plan_id, username, static_ipv4, expires_at)
                SELECT '\(tenant)', c.id, p.id, c.code, ('\(octet).1.' || i / 250 || '.' || i % 250)::inet, now()
                FROM \(Self.series) JOIN customers c ON c.tenant_id = '\(tenant)' AND c.code = '\(mark)-' || i
                JOIN plans p ON p.tenant_id = '\(tenant)' AND p.name = '\(mark) ' || i;
            INSERT INTO nas_devices (tenant_id, name, address, identifier, secret)
                SELECT '\(tenant)', '\(mark) ' || i, ('\(octet).2.' || i / 250 || '.' || i % 250)::cidr, '\(mark)' || i, 'x'
                FROM \(Self.series);
            INSERT INTO devices (tenant_id, name, kind, host, location, username, tags)
                SELECT '\(tenant)', '\(mark) ' || i, 'router', '\(mark)' || i || '.example.net', '\(mark)', '\(mark)', ARRAY['\(mark)']
                FROM \(Self.series);
            INSERT INTO ip_pools (tenant_id, name, range, use, unit_length, is_active)
                SELECT '\(tenant)', '\(mark) ' || i, ('\(octet).3.' || i / 250 || '.' || i % 250)::cidr, 'ipv4', 32, false
                FROM \(Self.series);
            INSERT INTO ip_allocations (tenant_id, id, pool_id, unit, service_id, status, allocated_at)
                SELECT tenant_id, gen_random_uuid(), id, range, gen_random_uuid(), 'allocated', now() FROM ip_pools
                WHERE tenant_id = '\(tenant)';
            INSERT INTO sessions (tenant_id, session_key, nas_id, service_id, customer_id, username, acct_session_id, started_at,
                    last_update_at, framed_ipv4, calling_station_id)
                SELECT tenant_id, gen_random_uuid(), gen_random_uuid(), id, customer_id, username, '\(mark)', now(), now(),
                    static_ipv4, '\(mark)' FROM services WHERE tenant_id = '\(tenant)';
            INSERT INTO enforcements (tenant_id, id, kind, cause, nas_id, session_id, service_id, state, requested_at, stored_at,
                    next_at)
                SELECT tenant_id, uuid_v7(), 'disconnect', 'requested', id, id, id, 'pending', now(), now(), now()
                FROM services WHERE tenant_id = '\(tenant)';
            INSERT INTO usage_daily (tenant_id, service_id, day, input_octets)
                SELECT tenant_id, id, '2026-01-01', 1 FROM services WHERE tenant_id = '\(tenant)';
            INSERT INTO operations (tenant_id, kind, resource_type, resource_id, customer_id, requested_by, outcome)
                SELECT tenant_id, '\(mark)', 'service', id, customer_id, id, '\(mark)' FROM services
                WHERE tenant_id = '\(tenant)';
            INSERT INTO dead_letters (tenant_id, stream, consumer, subject, message_id, reason, payload)
                SELECT '\(tenant)', '\(mark)', '\(mark)', '\(mark)', '\(mark)' || i, '\(mark)', '{"x":"\(mark)"}'
                FROM \(Self.series);
            INSERT INTO customer_notes (tenant_id, customer_id, author, body)
                SELECT '\(tenant)', '\(first)', '\(mark)', '\(mark) ' || i FROM \(Self.series);
            INSERT INTO customer_contacts (tenant_id, customer_id, name, role, phone, email)
                SELECT '\(tenant)', '\(first)', '\(mark) ' || i, '\(mark)', '+1 555 ' || i, '\(mark)' || i || '@example.net'
                FROM \(Self.series);
            INSERT INTO bandwidth_profiles (tenant_id, name, description, download_bps, upload_bps)
                SELECT '\(tenant)', '\(mark) ' || i, '\(mark)', i, i FROM \(Self.series);
            INSERT INTO service_history (tenant_id, service_id, customer_id, before)
                SELECT '\(tenant)', gen_random_uuid(), '\(first)', '{"username":"\(mark)"}' FROM \(Self.series);
            INSERT INTO users (tenant_id, email, name, role)
                SELECT '\(tenant)', '\(mark)' || i || '@example.net', '\(mark) ' || i, 'viewer' FROM \(Self.series);
            INSERT INTO api_keys (tenant_id, user_id, name, prefix, hash, scopes, created_at)
                SELECT tenant_id, id, '\(mark)', translate(substr(md5(id::text), 1, 8), '0189', 'wxyz'),
                    sha256(id::text::bytea), ARRAY['customers.read'], now()
                FROM users WHERE tenant_id = '\(tenant)' AND role = 'viewer' ON CONFLICT DO NOTHING;
            """ + money(tenant, mark, root: root) + "; ANALYZE"
    }

    private static func money(_ tenant: TenantID, _ mark: String, root: TenantID) -> String {
        """
        INSERT INTO ledger_accounts (tenant_id, id, root_id, currency, owner_kind, owner_id, kind, floor)
            SELECT tenant_id, uuid_v7(), '\(root)', 'EUR', 'customer', id, 'wallet', 0 FROM customers
            WHERE tenant_id = '\(tenant)' AND code LIKE '\(mark)-%';
        INSERT INTO payments (tenant_id, id, customer_id, amount, currency, method, gateway, external_id, status,
                description, created_by, created_at)
            SELECT tenant_id, uuid_v7(), id, 1, 'EUR', 'transfer', '\(mark)', code, 'pending', '\(mark)', id, now()
            FROM customers WHERE tenant_id = '\(tenant)' AND code LIKE '\(mark)-%';
        INSERT INTO cash_shifts (tenant_id, id, user_id, opening, note, opened_at)
            SELECT '\(tenant)', uuid_v7(), gen_random_uuid(), '{}', '\(mark)', now() FROM \(Self.series);
        INSERT INTO adjustment_requests (tenant_id, id, owner_kind, owner_id, amount, currency, reason, requested_by, created_at)
            SELECT tenant_id, uuid_v7(), 'customer', id, 1, 'EUR', '\(mark)', id, now()
            FROM customers WHERE tenant_id = '\(tenant)' AND code LIKE '\(mark)-%';
        INSERT INTO conversions (tenant_id, id, customer_id, sold, sold_currency, bought, bought_currency, rate, sale_id,
                purchase_id, request_key, description, created_by, created_at)
            SELECT tenant_id, uuid_v7(), id, 1, 'EUR', 1, 'USD', 10000000000, uuid_v7(), uuid_v7(), code, '\(mark)', id, now()
            FROM customers WHERE tenant_id = '\(tenant)' AND code LIKE '\(mark)-%';
        INSERT INTO plan_versions (tenant_id, plan_id, number, price, currency, cycle_unit, cycle_count, mode,
                grace_seconds, suspension, reminders, promises, longest_promise_seconds)
            SELECT tenant_id, id, 1, 1, 'EUR', 'month', 1, 'prepaid', 0, 'extend', '{}', 1, 1 FROM plans
            WHERE tenant_id = '\(tenant)' AND name = '\(mark) 1';
        INSERT INTO subscriptions (tenant_id, customer_id, service_id, plan_version_id, state)
            SELECT s.tenant_id, s.customer_id, s.id, v.id, 'paused' FROM services s
            JOIN plan_versions v ON v.tenant_id = s.tenant_id WHERE s.tenant_id = '\(tenant)'
        """
    }

    private static let series = "generate_series(1, \(size)) i"
}
