import Crypto
import Domain
import Events
import Persistence
import Postgres
import SharedTesting
import Testing

/// A tenant's end: after its waiting time, with everything, and with nothing of anybody else's.
@Suite(.serialized, .proves("TEN-06")) struct TenantPurgeTests {
    private static let actor = UUID128(high: 7, low: 7)
    private static let filled = [
        "nas_devices", "plans", "plan_advanced_settings", "customers", "services", "service_credentials", "sessions",
        "sessions_history", "usage_daily", "usage_pending", "dead_letters", "ip_pools", "plan_reply_attributes",
        "nas_tightenings", "nas_restarts", "audit_chains", "audit_logs", "audit_checkpoints", "tenant_settings_history",
        "tenant_suspensions", "tenant_licences", "tenant_usage_daily", "tenant_partners", "tenant_deletions",
        "commission_rates", "payout_requests", "tenants",
        "bandwidth_profiles", "bandwidth_profile_windows",
    ]

    /// Two providers with a row in every table that a tenant can have rows in.
    private struct World {
        let base: DirectoryWorld
        let superuser: PostgresSession
        let keyring = Keyring.ephemeral()
        var one: TenantID { base.one.tenant }
        var two: TenantID { base.two.tenant }

        init() async throws {
            base = try await DirectoryWorld()
            superuser = try await base.superuser()
            for branch in [base.one, base.two] { try await fill(branch) }
        }

        private func fill(_ branch: DirectoryWorld.Branch) async throws {
            let tenant = branch.tenant
            try await superuser.script(
                """
                INSERT INTO plan_advanced_settings (tenant_id, plan_id) VALUES ('\(tenant)', '\(branch.plan.id)')
                    ON CONFLICT DO NOTHING;
                INSERT INTO bandwidth_profiles (tenant_id, name, download_bps, upload_bps) VALUES ('\(tenant)', 'b', 2, 1);
                INSERT INTO bandwidth_profile_windows (tenant_id, profile_id, position, days, start_minute, end_minute, download_bps, upload_bps)
                    SELECT tenant_id, id, 1, 127, 0, 60, 2, 1 FROM bandwidth_profiles WHERE tenant_id = '\(tenant)';
                UPDATE plans SET bandwidth_profile_id = b.id FROM bandwidth_profiles b
                    WHERE plans.tenant_id = '\(tenant)' AND b.tenant_id = plans.tenant_id;
                INSERT INTO plan_reply_attributes (tenant_id, plan_id, position, name, operator, value)
                    VALUES ('\(tenant)', '\(branch.plan.id)', 1, 'Class', ':=', 'x');
                INSERT INTO sessions (tenant_id, session_key, nas_id, username, acct_session_id, started_at, last_update_at)
                    SELECT '\(tenant)', uuid_v7(), '\(branch.nas.id)', 'ann', 's' || i, now(), now()
                    FROM generate_series(1, 25) i;
                INSERT INTO sessions_history (tenant_id, session_key, nas_id, username, acct_session_id, started_at,
                        last_update_at, ended_at, closed_by)
                    VALUES ('\(tenant)', uuid_v7(), '\(branch.nas.id)', 'ann', 'h', now(), now(), now(), 'stop');
                INSERT INTO usage_daily (tenant_id, service_id, day) VALUES ('\(tenant)', '\(branch.service.id)', '2026-01-01');
                INSERT INTO usage_pending (tenant_id, day, service_ids, input_octets, output_octets, sessions)
                    VALUES ('\(tenant)', '2026-01-01', ARRAY['\(branch.service.id)'::uuid], '{1}', '{1}', '{1}');
                INSERT INTO dead_letters (tenant_id, stream, consumer, subject, message_id, reason, payload)
                    VALUES ('\(tenant)', 's', 'c', 'x', 'm', 'r', '{}');
                INSERT INTO ip_pools (tenant_id, name, range, use, unit_length) VALUES ('\(tenant)', 'p', '10.9.0.0/24', 'ipv4', 32);
                INSERT INTO nas_restarts (tenant_id, nas_id, at) VALUES ('\(tenant)', '\(branch.nas.id)', now());
                INSERT INTO nas_tightenings (tenant_id, nas_id, nas_name, setting, actor, requests)
                    VALUES ('\(tenant)', '\(branch.nas.id)', 'nas', 'limit-proxy-state', 'operator', 1);
                INSERT INTO tenant_partners (tenant_id, kind, commission_basis_points) VALUES ('\(tenant)', 'retail', 5);
                INSERT INTO tenant_licences (tenant_id, plan) VALUES ('\(tenant)', 'Small');
                INSERT INTO commission_rates (tenant_id, number, rate, valid_from, set_at, set_by)
                    VALUES ('\(tenant)', 1, 600000, now(), now(), uuid_v7());
                INSERT INTO payout_requests (tenant_id, amount, currency, requested_by, requested_at)
                    VALUES ('\(tenant)', 1, 'EUR', uuid_v7(), now());
                INSERT INTO tenant_usage_daily VALUES ('\(tenant)', '2026-01-01', 1, 1, 1, 1);
                UPDATE tenants SET settings = '{"grace_days": 4}' WHERE id = '\(tenant)';
                """
            )
            let entries = (1...5).map { number in
                AuditEntry(
                    id: base.ids.next(),
                    tenantID: tenant,
                    origin: .system(),
                    action: .update,
                    resource: AuditResource("customer", number),
                    time: DirectoryWorld.now
                )
            }
            try await base.within(base.operatorID) { try await AuditLog($0).append(entries) }
            try await base.within(base.operatorID) {
                _ = try await AuditCheckpoints($0).sign(with: keyring, now: DirectoryWorld.now)
            }
        }

        func tenancy<Success: Sendable>(_ body: (TenancyStore) async throws -> Success) async throws -> Success {
            try await base.within(base.operatorID) {
                try await body(TenancyStore($0, ids: base.ids, time: .fixed(DirectoryWorld.now)))
            }
        }

        func purge(_ tenant: TenantID) async throws -> TenantPurge.Outcome {
            try await TenantPurge(
                base.database.session,
                keyring: keyring,
                ids: base.ids,
                time: .fixed(DirectoryWorld.now),
                partRows: 10
            ).purge(tenant)
        }

        /// Thirty days pass.
        func wait() async throws {
            try await superuser.query(
                "UPDATE tenant_deletions SET requested_at = requested_at - interval '31 days', due_at = due_at - interval '31 days'"
            )
        }

        /// Each table with a tenant's column: how many rows the tenant has, and a digest of everybody else's.
        func tables(_ tenant: TenantID) async throws -> [String: (own: Int, others: String)] {
            var found: [String: (own: Int, others: String)] = [:]
            let names = try await superuser.query(
                """
                SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
                WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
                    AND a.attname = 'tenant_id' AND NOT a.attisdropped
                """
            ).compactMap { $0[0].text }
            for (name, column) in names.map({ ($0, "tenant_id") }) + [("tenants", "id")] {
                let row = try await superuser.query(
                    """
                    SELECT count(*) FILTER (WHERE \(column) = $1),
                        coalesce(md5(string_agg(t::text, '|' ORDER BY t::text) FILTER (WHERE \(column) <> $1)), '')
                    FROM \(name) t
                    """,
                    [.id(tenant)]
                ).first
                found[name] = (row?[0].int ?? -1, row?[1].text ?? "")
            }
            return found
        }

        func close() async {
            await superuser.close()
            await base.close()
        }
    }

    @Test(.proves("TEN-06", "TEN-05")) func `all of the tenant goes and nothing of anybody else`() async throws {
        let world = try await World()
        // The reseller below goes first.
        await #expect(throws: TenancyError.hasTenantsBelow) {
            _ = try await world.tenancy { try await $0.requestDeletion(of: world.one, waitingDays: 30, by: Self.actor) }
        }
        for tenant in [world.base.reseller, world.one] {
            _ = try await world.tenancy { try await $0.requestDeletion(of: tenant, waitingDays: 30, by: Self.actor) }
            await #expect(throws: TenancyError.deletionNotDue) { _ = try await world.purge(tenant) }
            try await world.wait()
            #expect(try await world.tenancy { try await $0.dueDeletions().map(\.tenantID) } == [tenant])
            guard tenant == world.one else {
                _ = try await world.purge(tenant)
                continue
            }
            let before = try await world.tables(tenant)
            // The test would prove nothing about a table without rows.
            for table in Self.filled { #expect((before[table]?.own ?? 0) > 0, "\(table)") }
            let outcome = try await world.purge(tenant)
            #expect(outcome.removed > 40 && outcome.archives.count == 2)
            let after = try await world.tables(tenant)
            for (name, state) in after where name != "outbox" {
                #expect(state.own == 0, "\(name)")
                // The tenant above is told in its trail; its chain moved.
                guard !name.hasPrefix("audit_") else { continue }
                #expect(state.others == before[name]?.others, "\(name)")
            }
        }
        #expect(try await world.tenancy { try await $0.pendingDeletions() }.isEmpty)
        let trail = try await world.base.within(world.base.operatorID) {
            try await AuditLog($0).page(AuditFilter(), after: nil, limit: 100)
        }
        // The reseller's end stands in the trail of the provider above it, which went with the provider into the archive.
        let ends = trail.filter { $0.entry.action == .delete }.compactMap(\.entry.resource.id)
        #expect(ends == [world.one.description])
        for tenant in [world.two, world.base.operatorID] {
            let verdict = try await world.base.within(world.base.operatorID) {
                try await AuditVerifier($0).verify(tenant, keyring: world.keyring)
            }
            #expect(verdict.flaw == nil && verdict.entries > 0)
        }
        let events = try await world.superuser.query(
            "SELECT data FROM outbox WHERE subject = 'tenancy.deletion' AND data LIKE '%PURGED%'"
        )
        #expect(events.count == 2)
        await world.close()
    }

    @Test func `until it is carried out a deletion can be taken back, and nothing was lost`() async throws {
        let world = try await World()
        let before = try await world.tables(world.two)
        let deletion = try await world.tenancy {
            try await $0.requestDeletion(of: world.two, waitingDays: 30, note: "contract ended", by: Self.actor)
        }
        #expect(deletion.dueAt - deletion.requestedAt == .seconds(30 * 86_400))
        #expect(try await world.tenancy { try await $0.standing(of: world.two).isActive } == false)
        await #expect(throws: TenancyError.deletionPending) {
            _ = try await world.tenancy { try await $0.requestDeletion(of: world.two, waitingDays: 30, by: Self.actor) }
        }
        await #expect(throws: TenancyError.waitingTooShort(minimumDays: 7)) {
            _ = try await world.tenancy { try await $0.requestDeletion(of: world.two, waitingDays: 6, by: Self.actor) }
        }
        try await world.wait()
        await #expect(throws: TenancyError.deletionPending) {
            _ = try await world.tenancy { try await $0.resume(world.two, by: Self.actor) }
        }
        try await world.tenancy { try await $0.cancelDeletion(of: world.two, by: Self.actor) }
        await #expect(throws: TenancyError.deletionNotDue) { _ = try await world.purge(world.two) }
        #expect(try await world.tenancy { try await $0.standing(of: world.two).isActive })
        let after = try await world.tables(world.two)
        for (name, state) in after where name != "outbox" { #expect(state.own == before[name]?.own, "\(name)") }
        await world.close()
    }

    @Test(.proves("SEC-09"))
    func `the archive holds what the law asks for, opens with the keyring alone, and ends with its key`()
        async throws
    {
        let world = try await World()
        _ = try await world.tenancy { try await $0.requestDeletion(of: world.two, waitingDays: 7, by: Self.actor) }
        try await world.wait()
        _ = try await world.purge(world.two)
        let store = LegalArchiveStore(world.base.database.session)
        let archives = try await store.list()
        #expect(Set(archives.map(\.purpose)) == [.audit, .connections])
        #expect(archives.allSatisfy { $0.formerTenantID == world.two && $0.subdomain == "two" && $0.rows > 0 })
        var rows: [String: Int] = [:]
        var text = ""
        for archive in archives {
            try await store.read(archive.id, keyring: world.keyring) { source, lines in
                rows[source, default: 0] += lines.count { $0 == UInt8(ascii: "\n") }
                text += String(decoding: lines, as: UTF8.self)
            }
        }
        #expect(
            rows == [
                "tenants": 1, "audit_logs": 5, "audit_chains": 1, "audit_checkpoints": 1, "customers": 1, "services": 1,
                "nas_devices": 1, "sessions": 25, "sessions_history": 1,
            ]
        )
        #expect(text.contains("\"username\":\"ann\""))
        let stored = try await world.superuser.query(
            "SELECT count(*) FROM legal_archive_parts WHERE position('ann'::bytea IN sealed) > 0"
        )
        #expect(stored.first?[0].int == 0)
        await #expect(throws: KeyringError.self) {
            try await store.read(archives[0].id, keyring: .ephemeral()) { _, _ in }
        }
        // A part taken from elsewhere, or left out, is noticed.
        let connections = try #require(archives.first { $0.purpose == .connections })
        try await world.superuser.query(
            "UPDATE legal_archive_parts SET part = 99 WHERE archive_id = $1 AND part = (SELECT max(part) FROM legal_archive_parts WHERE archive_id = $1)",
            [.uuid(high: connections.id.high, low: connections.id.low)]
        )
        await #expect(throws: PersistenceError.self) {
            try await store.read(connections.id, keyring: world.keyring) { _, _ in }
        }
        // Connections go after two years, the trail after seven.
        let years: (Int) -> Timestamp = { DirectoryWorld.now + .seconds($0 * 366 * 86_400) }
        #expect(try await store.shredExpired(now: years(1)) == 0)
        #expect(try await store.shredExpired(now: years(3)) == 1)
        await #expect(throws: PersistenceError.notFound) {
            try await store.read(connections.id, keyring: world.keyring) { _, _ in }
        }
        let audit = try #require(archives.first { $0.purpose == .audit })
        try await store.read(audit.id, keyring: world.keyring) { _, _ in }
        try await store.shred(audit.id)
        await #expect(throws: PersistenceError.notFound) { try await store.shred(audit.id) }
        #expect(try await store.list().allSatisfy { $0.shreddedAt != nil })
        for role in ["nexora_gateway", "nexora_pipeline"] {
            await #expect(throws: PostgresError.self) {
                try await world.base.asRole(role) { _ = try await $0.query("SELECT * FROM legal_archives") }
            }
        }
        await world.close()
    }
}
