import Crypto
import Domain
import Persistence
import Postgres
import SharedTesting

/// A directory in which people have left something in every table that can hold any of it, each under a word of his own.
struct ErasureWorld {
    /// Somebody with two services that are over.
    struct Person: Sendable {
        let tenant: TenantID
        let customer: CustomerID
        /// Stands in each of his texts and in nobody else's.
        let word: String
        let number: Int
        let service, second: ServiceID
        let user: UserID
        let login: LoginSessionID
        let key: APIKeyID
        let pastContact: UUID128

        var code: String { "K-\(word)" }
        var staticAddress: String { "203.0.113.\(10 * number + 7)" }
        var device: String { "02:5a:51:00:00:0\(number)" }
        var station: String { "02-5A-51-00-00-0\(number)" }
        var telephone: String { "+1 777 000 4\(number)" }

        /// What a scan looks for: in small letters, as text, and as the octets of a column.
        var needles: [String] {
            let texts = [word, staticAddress, device, station.lowercased(), telephone, "7770004\(number)"]
            return texts + texts.map { text in text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
        }
    }

    let base: DirectoryWorld
    let superuser: PostgresSession
    let keyring = Keyring.ephemeral()
    /// Who is erased; another of his tenant; one of another tenant.
    let ann, bob, eve: Person

    init() async throws {
        base = try await DirectoryWorld()
        superuser = try await base.superuser()
        ann = Self.person("qzvxann", 1, base.one, base.ids)
        bob = Self.person("wpjkbob", 2, base.one, base.ids)
        eve = Self.person("hgfdeve", 3, base.two, base.ids)
        for (person, branch) in [(ann, base.one), (bob, base.one), (eve, base.two)] {
            for script in [
                Self.directory(person, branch), Self.accounts(person), Self.told(person), Self.past(person, branch),
                Self.money(person, branch),
            ] {
                try await superuser.script(script)
            }
            let entries = trail(person)
            try await base.within(base.operatorID) { try await AuditLog($0).append(entries) }
        }
        try await base.within(base.operatorID) { [keyring] in
            _ = try await AuditCheckpoints($0).sign(with: keyring, now: DirectoryWorld.now)
        }
    }

    private static func person(
        _ word: String,
        _ number: Int,
        _ branch: DirectoryWorld.Branch,
        _ ids: IDGenerator
    ) -> Person {
        Person(
            tenant: branch.tenant,
            customer: ids.next(),
            word: word,
            number: number,
            service: ids.next(),
            second: ids.next(),
            user: ids.next(),
            login: ids.next(),
            key: ids.next(),
            pastContact: ids.uuid()
        )
    }

    // MARK: - Rows

    private static func directory(_ p: Person, _ branch: DirectoryWorld.Branch) -> String {
        """
        INSERT INTO customers (tenant_id, id, code, name, email, phone, address, notes, tags, latitude, longitude, installed_on,
                monthly_fee, fee_currency)
            VALUES ('\(p.tenant)', '\(p.customer)', '\(p.code)', 'Name \(p.word)', '\(p.word)@example.org', '\(p.telephone)',
                'Street of \(p.word) 1', 'Note \(p.word)', ARRAY['\(p.word)'], 48.1, 11.5, '2026-01-02', 19.9, 'EUR');
        INSERT INTO services (tenant_id, id, customer_id, plan_id, username, static_ipv4, service_address, cpe_serial, cpe_mac,
                bound_mac, bound_at)
            VALUES ('\(p.tenant)', '\(p.service)', '\(p.customer)', '\(branch.plan.id)', 'line-\(p.word)', '\(p.staticAddress)',
                'Roof of \(p.word)', 'ONU-\(p.word)', '\(p.device)', '\(p.device)', now());
        INSERT INTO services (tenant_id, id, customer_id, plan_id, username)
            VALUES ('\(p.tenant)', '\(p.second)', '\(p.customer)', '\(branch.plan.id)', 'before-\(p.word)');
        UPDATE services SET username = 'after-\(p.word)' WHERE id = '\(p.second)';
        INSERT INTO service_credentials (tenant_id, service_id, password)
            VALUES ('\(p.tenant)', '\(p.service)', convert_to('pass \(p.word)', 'UTF8'));
        INSERT INTO service_reply_attributes (tenant_id, service_id, position, name, operator, value)
            VALUES ('\(p.tenant)', '\(p.service)', 1, 'Class', ':=', '\(p.word)');
        UPDATE services SET status = 'terminated' WHERE customer_id = '\(p.customer)';
        INSERT INTO customer_contacts (tenant_id, customer_id, name, role, phone, email)
            VALUES ('\(p.tenant)', '\(p.customer)', 'Brother of \(p.word)', 'kin \(p.word)', '\(p.telephone)',
                'kin.\(p.word)@example.org');
        INSERT INTO customer_notes (tenant_id, customer_id, author, body)
            VALUES ('\(p.tenant)', '\(p.customer)', 'staff@example.net', 'Said: \(p.word)');
        """
    }

    private static func accounts(_ p: Person) -> String {
        """
        INSERT INTO users (tenant_id, id, email, name, role, customer_id, password_hash, totp_secret)
            VALUES ('\(p.tenant)', '\(p.user)', 'login.\(p.word)@example.org', 'User \(p.word)', 'customer', '\(p.customer)',
                '\(p.word) and a digest of it', convert_to('\(p.word)', 'UTF8'));
        INSERT INTO user_recovery_codes (tenant_id, user_id, hash) VALUES ('\(p.tenant)', '\(p.user)', sha256('\(p.word)'));
        INSERT INTO login_sessions (tenant_id, id, user_id, source, user_agent, created_at, last_used_at, expires_at)
            VALUES ('\(p.tenant)', '\(p.login)', '\(p.user)', '198.51.100.9', 'Browser \(p.word)', now(), now(),
                now() + interval '1 day');
        INSERT INTO refresh_tokens (tenant_id, session_id, hash, issued_at, expires_at)
            VALUES ('\(p.tenant)', '\(p.login)', sha256('\(p.word)'), now(), now() + interval '1 day');
        INSERT INTO api_keys (tenant_id, id, user_id, name, prefix, hash, scopes, created_at)
            VALUES ('\(p.tenant)', '\(p.key)', '\(p.user)', 'Key \(p.word)', 'abcdefg\(p.number + 1)', sha256('\(p.word)'),
                ARRAY['customers.read'], now());
        UPDATE users SET code_phone = '+491709\(1_000_000 + p.number)', code_phone_at = now() WHERE id = '\(p.user)';
        INSERT INTO login_codes (tenant_id, user_id, purpose, channel, address, digest, created_at, expires_at)
            VALUES ('\(p.tenant)', '\(p.user)', 'enrol', 'email', 'login.\(p.word)@example.org', sha256('\(p.word)'), now(),
                now() + interval '1 day');
        INSERT INTO one_time_links (tenant_id, user_id, purpose, email, hash, created_at, expires_at)
            VALUES ('\(p.tenant)', '\(p.user)', 'invite', 'login.\(p.word)@example.org', sha256('\(p.word)'), now(),
                now() + interval '1 day');
        """
    }

    /// What he was told and is to be told, how he wants it, and where.
    private static func told(_ p: Person) -> String {
        """
        INSERT INTO notices (tenant_id, cause, kind, channel, recipient_kind, recipient_id, address, language, facts, next_at, expires_at)
            VALUES ('\(p.tenant)', 'waits', 'welcome', 'email', 'customer', '\(p.customer)', '\(p.word)@example.org', 'en',
                '{"username": {"text": "line-\(p.word)"}}', now(), now() + interval '1 day');
        INSERT INTO notices (tenant_id, cause, kind, channel, recipient_kind, recipient_id, address, language, facts, state, expires_at,
                sent_at, ended_at)
            VALUES ('\(p.tenant)', 'sent', 'quota_95', 'sms', 'customer', '\(p.customer)', '\(p.telephone)', 'en',
                '{"service": {"text": "line-\(p.word)"}}', 'sent', now() + interval '1 day', now(), now()),
                ('\(p.tenant)', 'user', 'password_changed', 'email', 'user', '\(p.user)', 'login.\(p.word)@example.org', 'en', '{}',
                'sent', now() + interval '1 day', now(), now());
        INSERT INTO notice_preferences (tenant_id, recipient_kind, recipient_id, language)
            VALUES ('\(p.tenant)', 'customer', '\(p.customer)', 'fr');
        INSERT INTO push_tokens (tenant_id, recipient_kind, recipient_id, digest, sealed_token, platform)
            VALUES ('\(p.tenant)', 'user', '\(p.user)', sha256('\(p.word)'), convert_to('\(p.word)', 'UTF8'), 'ios');
        """
    }

    private static func past(_ p: Person, _ branch: DirectoryWorld.Branch) -> String {
        let columns = """
            (tenant_id, session_key, nas_id, service_id, customer_id, username, acct_session_id, started_at, last_update_at, ended_at,
                closed_by, nas_port_id, calling_station_id, framed_ipv4, framed_ipv6_prefix, input_octets)
            """
        let values = """
            SELECT '\(p.tenant)', gen_random_uuid(), '\(branch.nas.id)', '\(p.service)', '\(p.customer)', 'line-\(p.word)',
                's' || i, now(), now(), now(), 'stop', 'port \(p.word)', '\(p.station)', '\(p.staticAddress)', '2001:db8:77::/64', 5
            FROM generate_series(1, 4) i
            """
        return """
            INSERT INTO sessions \(columns) \(values);
            INSERT INTO sessions_history \(columns) \(values);
            INSERT INTO usage_daily (tenant_id, service_id, day, input_octets) VALUES ('\(p.tenant)', '\(p.service)', '2026-02-01', 5);
            INSERT INTO ip_pools (tenant_id, name, range, use, unit_length)
                SELECT '\(p.tenant)', 'pool', '203.0.113.0/24', 'ipv4', 32
                WHERE NOT EXISTS (SELECT FROM ip_pools WHERE tenant_id = '\(p.tenant)');
            INSERT INTO ip_allocations (tenant_id, id, pool_id, unit, service_id, hardware_address, status, allocated_at, released_at)
                SELECT '\(p.tenant)', gen_random_uuid(), id, '\(p.staticAddress)/32', '\(p.service)', '\(p.device)', 'released', now(), now()
                FROM ip_pools WHERE tenant_id = '\(p.tenant)';
            INSERT INTO operations (tenant_id, kind, resource_type, resource_id, customer_id, requested_by, outcome)
                VALUES ('\(p.tenant)', 'session_disconnect', 'session', gen_random_uuid(), '\(p.customer)', gen_random_uuid(),
                    'ended line-\(p.word)');
            INSERT INTO dead_letters (tenant_id, stream, consumer, subject, message_id, reason, payload)
                VALUES ('\(p.tenant)', 's', 'c', 'x', 'm\(p.number)', 'r', '{"records":[{"username":"line-\(p.word)"}]}');
            INSERT INTO idempotency_keys (tenant_id, actor_id, key, fingerprint, claimed_at, status, headers, body)
                SELECT t.id, gen_random_uuid(), 'k', sha256('x'), now(), 201, '{}',
                    convert_to('{"data":{"id":"\(p.customer)","name":"\(p.word)"}}', 'UTF8')
                FROM tenants t WHERE t.id = '\(p.tenant)' OR t.kind = 'operator';
            """
    }

    /// A contract, a bill with a remark, and a boost that was asked for with one and rejected with another.
    private static func money(_ p: Person, _ branch: DirectoryWorld.Branch) -> String {
        """
        WITH version AS (
            INSERT INTO plan_versions (tenant_id, plan_id, number, price, currency, cycle_unit, cycle_count, mode, grace_seconds,
                suspension, reminders, promises, longest_promise_seconds)
            VALUES ('\(p.tenant)', '\(branch.plan.id)', \(p.number), 300000, 'EUR', 'month', 1, 'prepaid', 0, 'extend', '{}', 1, 1)
            RETURNING id),
        contract AS (
            INSERT INTO subscriptions (tenant_id, customer_id, service_id, plan_version_id, state, ended_at)
            SELECT '\(p.tenant)', '\(p.customer)', '\(p.service)', id, 'ended', now() FROM version RETURNING id),
        bill AS (
            INSERT INTO bills (tenant_id, subscription_id, customer_id, ordinal, period_start, period_end, currency, price, credit,
                amount, issued_at, due_at, deadline, status, notes)
            SELECT '\(p.tenant)', id, '\(p.customer)', 1, now(), now(), 'EUR', 300000, 0, 300000, now(), now(), now(), 'void',
                'Called \(p.word)' FROM contract)
        INSERT INTO boosts (tenant_id, subscription_id, customer_id, service_id, current_plan_id, boost_plan_id, days, price, currency,
            state, notes, reason)
        SELECT '\(p.tenant)', id, '\(p.customer)', '\(p.service)', '\(branch.plan.id)', '\(branch.plan.id)', 3, 20000, 'EUR',
            'rejected', 'For \(p.word)', '\(p.word) was not there' FROM contract;
        INSERT INTO notices (tenant_id, cause, kind, channel, recipient_kind, recipient_id, address, language, facts, state, expires_at,
                sent_at, ended_at)
            SELECT tenant_id, 'boost:' || id || ':pending', 'boost_requested', 'email', 'user', uuid_v7(), 'desk@example.org', 'en',
                '{"service": {"text": "line-\(p.word)"}}', 'sent', now() + interval '1 day', now(), now()
            FROM boosts WHERE customer_id = '\(p.customer)';
        """
    }

    // MARK: - The trail

    /// Entries about somebody and by him, and one of neither.
    private func trail(_ p: Person) -> [AuditEntry] {
        let staff = AuditOrigin(actor: .user(UUID128(high: 5, low: 5)), address: IPAddress(ipv4: 0x0a00_0001))
        let own = AuditOrigin(
            actor: .subscriber(p.user.value),
            address: IPAddress(ipv4: 0xc633_6409),
            userAgent: "Browser \(p.word)"
        )
        let key = AuditOrigin(actor: .apiKey(p.key.value), impersonator: p.user.value, address: own.address)
        let network = AuditOrigin(actor: .subscriber(p.customer.value), address: own.address)
        let nobody = AuditOrigin(actor: .anonymous, address: own.address, userAgent: "Browser \(p.word)")
        func entry(_ origin: AuditOrigin, _ action: AuditAction, _ resource: AuditResource, _ change: AuditChange)
            -> AuditEntry
        {
            AuditEntry(
                id: base.ids.next(),
                tenantID: p.tenant,
                origin: origin,
                action: action,
                resource: resource,
                reason: action == .failedLogin ? "as \(p.word)" : nil,
                change: change,
                time: DirectoryWorld.now
            )
        }
        let name = AuditValue.text("Name \(p.word)")
        return [
            entry(staff, .create, AuditResource("customer", p.customer), .created(["name": name, "status": "active"])),
            entry(staff, .update, AuditResource("service", p.service), .updated(["username": "x"], ["username": name])),
            entry(staff, .create, AuditResource("credential", p.service), .created(["note": name])),
            // A contact that is gone: tied to him by the entry of its making alone.
            entry(
                staff,
                .create,
                AuditResource("customer_contact", p.pastContact),
                .created(["customer_id": .text(p.customer.description), "name": name])
            ),
            entry(
                staff,
                .update,
                AuditResource("customer_contact", p.pastContact),
                .updated(["name": name], ["name": "y"])
            ),
            entry(staff, .read, AuditResource("customer"), .created(["q": .text("find \(p.word)@EXAMPLE.org")])),
            entry(
                nobody,
                .failedLogin,
                AuditResource("user"),
                .created(["email": .text("login.\(p.word)@example.org")])
            ),
            entry(own, .update, AuditResource("user", p.user), .created(["name": name])),
            entry(key, .read, AuditResource("usage"), .created(["filters": .list([name])])),
            entry(
                network,
                .sessionStart,
                AuditResource("session", base.ids.uuid()),
                .created([
                    "username": .text("line-\(p.word)"), "calling_station_id": .text(p.station), "input_octets": 5,
                ])
            ),
            entry(staff, .update, AuditResource("plan", base.one.plan.id), .created(["name": "Fibre"])),
        ]
    }

    /// Erases somebody as the gateway does: with the entries that vouch for what is left.
    @discardableResult
    func erase(_ p: Person, in root: TenantID? = nil, reason: String = "asked in writing") async throws
        -> CustomerErasure.Outcome
    {
        try await base.within(root ?? p.tenant) { transaction in
            let outcome = try await CustomerErasure(transaction, ids: base.ids)
                .erase(p.customer, reason: reason, IdentityChange(now: DirectoryWorld.now, ids: base.ids))
            let entries = (outcome.left.isEmpty ? [[:]] : outcome.left).map { left in
                AuditEntry(
                    id: base.ids.next(),
                    tenantID: p.tenant,
                    origin: .system(),
                    action: .erase,
                    resource: AuditResource("customer", p.customer),
                    reason: reason,
                    change: .created(AuditErasure.vouching(for: left)),
                    time: DirectoryWorld.now
                )
            }
            try await AuditLog(transaction).append(entries)
            return outcome
        }
    }

    func verify(_ tenant: TenantID) async throws -> AuditVerdict {
        try await base.within(base.operatorID) { [keyring] in
            try await AuditVerifier($0).verify(tenant, keyring: keyring, now: DirectoryWorld.now)
        }
    }

    // MARK: - Scans

    /// Every table, by its name.
    func tables() async throws -> [String] {
        try await superuser.query(
            """
            SELECT relname::text FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1
            """
        ).compactMap { $0[0].text }
    }

    /// The tables in whose rows one of these stands, whatever the column's type; octets are looked through as well.
    func places(of needles: [String]) async throws -> Set<String> {
        var found: Set<String> = []
        for table in try await tables() {
            let row = try await superuser.query(
                """
                SELECT EXISTS (SELECT FROM \(table) t CROSS JOIN LATERAL (SELECT lower(t::text) AS whole OFFSET 0) w
                    WHERE EXISTS (SELECT FROM unnest($1::text[]) n WHERE strpos(w.whole, n) > 0)) AS found
                """,
                [.textArray(needles)]
            ).first
            if row?["found"].bool == true { found.insert(table) }
        }
        return found
    }

    /// A digest of each table's rows that belong to a tenant, or in which a word stands.
    func digests(of tenant: TenantID, word: String? = nil) async throws -> [String: String] {
        var digests: [String: String] = [:]
        for table in try await tables() {
            let needle = word ?? tenant.description
            digests[table] =
                try await superuser.query(
                    """
                    SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM \(table) t
                    WHERE strpos(lower(t::text), $1) > 0
                    """,
                    [.text(needle)]
                ).first?[0].text
        }
        return digests
    }

    func close() async {
        await superuser.close()
        await base.close()
    }
}
