import Domain
import Persistence
import Postgres
import SharedTesting

/// A migrated database with two providers below an operator, each with as many customers, services and other rows as are asked
/// for, whose texts have their provider's letter in them and nothing else that tells them apart.
struct ListingWorld {
    let url: String
    let database: Database
    let pool: PostgresPool
    let ids = IDGenerator(time: TimeSource { Timestamp(microseconds: 1_790_000_000_000_000) })
    let operatorID, one, two: TenantID
    let cursors = CursorSealer.random()

    init(customers: Int) async throws {
        url = try await RealPostgres.shared().createMigratedDatabase()
        database = Database(url: url, applicationName: "tests")
        pool = PostgresPool(PostgresConfiguration(url: url, maximumConnections: 2))
        let planted = Tenant(id: ids.next(), parentID: nil, kind: .operator, name: "Op", subdomain: "op")
        operatorID = try await database.plantOperator(planted)
        var tenants: [TenantID] = []
        for name in ["one", "two"] {
            let tenant = Tenant(id: ids.next(), parentID: operatorID, kind: .provider, name: name, subdomain: name)
            try await database.transaction(in: operatorID, joining: [tenant.id]) {
                try await TenantRepository($0).insert(tenant)
            }
            tenants.append(tenant.id)
        }
        (one, two) = (tenants[0], tenants[1])
        for tenant in tenants { try await fill(tenant, customers) }
        try await asPipeline { transaction in
            for tenant in tenants {
                for statement in Self.past { try await transaction.query(statement, [.id(tenant)]) }
            }
        }
    }

    /// The scope of a tenant, on the pool.
    func scope(_ tenant: TenantID) -> ScopedDatabase { ScopedDatabase(root: tenant, on: pool) }

    /// A page of a list.
    func page<Row>(
        of source: ListSource<Row>,
        _ parameters: ListParameters = ListParameters(),
        in tenant: TenantID
    ) async throws -> ListPage<Row> {
        let query = try ListQuery(parameters, of: source)
        return try await scope(tenant).transaction { transaction in
            try await Listing(transaction, scope: tenant, cursors: cursors).page(of: source, query)
        }
    }

    /// All pages of a list, each row as `value` has it.
    func walk<Row, Value: Sendable>(
        of source: ListSource<Row>,
        _ parameters: ListParameters = ListParameters(),
        in tenant: TenantID,
        between: (Int) async throws -> Void = { _ in },
        _ value: (Row) -> Value
    ) async throws -> [Value] {
        var parameters = parameters
        var values: [Value] = []
        var pages = 0
        repeat {
            let page = try await page(of: source, parameters, in: tenant)
            values += page.rows.map(value)
            parameters.cursor = page.next
            pages += 1
            try await between(pages)
        } while parameters.cursor != nil
        return values
    }

    func asPipeline(_ body: (PostgresSessionTransaction) async throws -> Void) async throws {
        try await database.session.transaction { transaction in
            try await transaction.query("SET LOCAL ROLE nexora_pipeline")
            try await body(transaction)
        }
    }

    func close() async {
        await pool.close()
        await database.close()
    }

    private func fill(_ tenant: TenantID, _ customers: Int) async throws {
        try await database.transaction(in: tenant) { transaction in
            for statement in Self.rows {
                _ = try await transaction.query(
                    statement,
                    [.id(tenant), .int8(Int64(customers))]
                )
            }
        }
    }

    /// Rows that the gateway writes: `$1` the tenant, `$2` how many customers.
    private static let rows = [
        """
        INSERT INTO customers (tenant_id, code, name, email, phone, address, status, tags, created_at)
        SELECT $1, 'C' || i, (ARRAY['Ann', 'Bob', 'Çelik', 'dora', '_Eve%'])[1 + i % 5] || ' ' || i % 37,
            CASE WHEN i % 3 = 0 THEN NULL ELSE 'mail' || i || '@example.net' END, '+49 30 ' || i, 'Street ' || i,
            (ARRAY['active', 'suspended', 'terminated'])[1 + i % 3], CASE WHEN i % 7 = 0 THEN ARRAY['vip'] ELSE '{}' END,
            timestamptz '2026-01-01' + make_interval(hours => i % 100)
        FROM generate_series(1, $2::integer) i
        """,
        """
        INSERT INTO plans (tenant_id, name, download_bps, upload_bps, price)
        SELECT $1, 'plan ' || i, 1000 * i, 1, i FROM generate_series(1, 5 + 0 * $2) i
        """,
        """
        INSERT INTO services (tenant_id, customer_id, plan_id, username)
        SELECT $1, c.id, (SELECT p.id FROM plans p WHERE p.tenant_id = $1 ORDER BY p.name LIMIT 1), 'user' || c.code
        FROM customers c WHERE c.tenant_id = $1 AND $2 > 0
        """,
        """
        INSERT INTO nas_devices (tenant_id, name, address, secret)
        SELECT $1, 'nas ' || i, ('10.0.0.' || i)::cidr, '\\x00' FROM generate_series(1, 5 + 0 * $2) i
        """,
        """
        INSERT INTO ip_pools (tenant_id, name, range, use, unit_length)
        SELECT $1, 'pool ' || i, ('10.' || i || '.0.0/16')::cidr, 'ipv4', 32 FROM generate_series(1, 5 + 0 * $2) i
        """,
        """
        INSERT INTO customer_notes (tenant_id, customer_id, author, body)
        SELECT $1, id, 'me', 'note' FROM customers WHERE tenant_id = $1 AND $2 > 0 LIMIT 50
        """,
        """
        UPDATE services SET status = 'suspended'
        WHERE tenant_id = $1 AND $2 > 0 AND id IN (SELECT id FROM services WHERE tenant_id = $1 LIMIT 50)
        """,
    ]

    /// Rows that the pipelines write: `$1` the tenant.
    private static let past = [
        """
        INSERT INTO sessions (tenant_id, session_key, nas_id, service_id, customer_id, username, acct_session_id, started_at,
            last_update_at, framed_ipv4, ended_at, closed_by)
        SELECT $1, gen_random_uuid(), (SELECT n.id FROM nas_devices n WHERE n.tenant_id = $1 LIMIT 1), s.id, s.customer_id,
            s.username, s.username, timestamptz '2026-02-01' + make_interval(mins => (row_number() OVER ())::integer % 50),
            '2026-02-02', '10.1.0.1', CASE WHEN s.status = 'active' THEN timestamptz '2026-02-03' END,
            CASE WHEN s.status = 'active' THEN 'stop' END
        FROM services s WHERE s.tenant_id = $1
        """,
        """
        INSERT INTO sessions_history (tenant_id, session_key, nas_id, service_id, username, acct_session_id, started_at,
            last_update_at, ended_at, closed_by)
        SELECT tenant_id, session_key, nas_id, service_id, username, acct_session_id, '2025-12-01', '2025-12-01', '2025-12-02', 'stop'
        FROM sessions WHERE tenant_id = $1 LIMIT 100
        """,
        """
        INSERT INTO usage_daily (tenant_id, service_id, day, input_octets, output_octets, sessions)
        SELECT $1, id, d::date, 1, 2, 1 FROM (SELECT id FROM services WHERE tenant_id = $1 LIMIT 100) s,
            generate_series(timestamptz '2026-02-01', '2026-02-03', interval '1 day') d
        """,
        """
        INSERT INTO ip_allocations (tenant_id, id, pool_id, unit, service_id, status, allocated_at)
        SELECT $1, gen_random_uuid(), (SELECT id FROM ip_pools WHERE tenant_id = $1 ORDER BY name LIMIT 1),
            set_masklen('10.1.0.0'::inet + i, 32)::cidr, s.id, 'allocated', '2026-02-01'
        FROM (SELECT id, row_number() OVER () AS i FROM services WHERE tenant_id = $1 LIMIT 100) s
        """,
        """
        INSERT INTO dead_letters (tenant_id, stream, consumer, subject, message_id, reason, payload)
        SELECT $1, 'ACCOUNTING', 'writers', 'accounting.sessions', 'm' || i, 'bad', '{}' FROM generate_series(1, 60) i
        """,
    ]
}
