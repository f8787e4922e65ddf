import Persistence
import Postgres
import SharedTesting
import Testing

/// What the released schema does with data, under each of its roles.
@Suite struct ReleasedSchemaTests {
    /// A migrated database with an operator, a provider below it and another provider beside that.
    private struct World {
        static let operatorID = "00000000-0000-7000-8000-000000000001"
        static let providerID = "00000000-0000-7000-8000-000000000002"
        static let otherID = "00000000-0000-7000-8000-000000000003"
        let owner, gateway, pipeline: PostgresSession

        init() async throws {
            let url = try await RealPostgres.shared().createDatabase()
            owner = PostgresSession(PostgresConfiguration(url: url))
            try await Migrator(session: owner, directory: RealPostgres.migrations).up()
            gateway = PostgresSession(PostgresConfiguration(url: url, role: "nexora_gateway"))
            pipeline = PostgresSession(PostgresConfiguration(url: url, role: "nexora_pipeline"))
            try await owner.query(
                "INSERT INTO tenants (id, kind, name, subdomain) VALUES ($1::text::uuid, 'operator', 'Op', 'op')",
                [.text(Self.operatorID)]
            )
            for (id, name) in [(Self.providerID, "one"), (Self.otherID, "two")] {
                try await gateway.transaction(settings: [("nexora.tenants", "{\(Self.operatorID)}")]) { transaction in
                    try await transaction.query(
                        """
                        INSERT INTO tenants (id, parent_id, kind, name, subdomain)
                        VALUES ($1::text::uuid, $2::text::uuid, 'provider', $3, $3)
                        """,
                        [.text(id), .text(Self.operatorID), .text(name)]
                    )
                }
            }
        }

        /// Runs `statements` as the gateway does for somebody of the tenant `id`.
        func asGateway(_ id: String, _ statements: [(sql: String, parameters: [PGValue])]) async throws -> [PGRows] {
            try await gateway.transaction(settings: [("nexora.tenants", "{\(id)}")]) { transaction in
                try await transaction.pipeline(statements)
            }
        }

        func close() async { for session in [owner, gateway, pipeline] { await session.close() } }
    }

    private static let directory: [(sql: String, parameters: [PGValue])] = [
        (
            "INSERT INTO nas_devices (tenant_id, name, address, secret) VALUES ($1::text::uuid, 'nas', '10.0.0.0/24', '\\x00')",
            [.text(World.providerID)]
        ),
        (
            "INSERT INTO plans (tenant_id, name, download_bps, upload_bps, price) VALUES ($1::text::uuid, 'p', 2, 1, 9.9)",
            [.text(World.providerID)]
        ),
        ("INSERT INTO plan_advanced_settings (tenant_id, plan_id) SELECT tenant_id, id FROM plans", []),
        (
            """
            INSERT INTO customers (tenant_id, code, name, phone, address)
            SELECT $1::text::uuid, 'c' || i, 'n', '1', 'a' FROM generate_series(1, 2500) i
            """, [.text(World.providerID)]
        ),
        (
            """
            INSERT INTO services (tenant_id, customer_id, plan_id, username)
            SELECT c.tenant_id, c.id, p.id, c.code FROM customers c, plans p
            """, []
        ),
        (
            """
            INSERT INTO service_credentials (tenant_id, service_id, password)
            SELECT tenant_id, id, '\\x00' FROM services WHERE username = 'c1'
            """, []
        ),
    ]

    @Test func `every change of the directory is announced in the same transaction, ids and versions only`()
        async throws
    {
        let world = try await World()
        _ = try await world.asGateway(World.providerID, Self.directory)
        let sizes = try await world.pipeline.query(
            """
            SELECT data::json ->> 'kind', count(*), max(json_array_length(data::json -> 'rows')),
                sum(json_array_length(data::json -> 'rows'))
            FROM outbox WHERE tenant_id = $1::text::uuid AND subject = 'directory.changed' GROUP BY 1 ORDER BY 1
            """,
            [.text(World.providerID)]
        )
        let found = sizes.map { row in
            [row[0].text ?? "", "\(row[1].int ?? 0)", "\(row[2].int ?? 0)", "\(row[3].int ?? 0)"]
        }
        #expect(
            found == [
                ["CREDENTIAL", "1", "1", "1"], ["CUSTOMER", "3", "1000", "2500"], ["NAS", "1", "1", "1"],
                ["PLAN", "2", "1", "2"], ["SERVICE", "3", "1000", "2500"], ["TENANT", "1", "1", "1"],
            ]
        )
        let order = try await world.pipeline.query(
            "SELECT max(row_version) < min(s.v) FROM customers, "
                + "(SELECT row_version v FROM services) s"
        )
        #expect(order.first?[0].bool == true)
        _ = try await world.asGateway(World.providerID, [("DELETE FROM services WHERE username = 'c1'", [])])
        let gone = try await world.pipeline.query(
            "SELECT data::json ->> 'kind' FROM outbox WHERE data::json ->> 'deleted' = 'true' ORDER BY 1"
        )
        #expect(gone.map { $0[0].text } == ["CREDENTIAL", "SERVICE"])
        await world.close()
    }

    @Test(.proves("TEN-03")) func `a gateway sees the tenants it was given and no others`() async throws {
        let world = try await World()
        _ = try await world.asGateway(World.providerID, Self.directory)
        let count: [(sql: String, parameters: [PGValue])] = [("SELECT count(*) FROM customers", [])]
        #expect(try await world.asGateway(World.providerID, count)[0].first?[0].int == 2500)
        #expect(try await world.asGateway(World.otherID, count)[0].first?[0].int == 0)
        // Neither an unset nor an empty setting shows anything.
        #expect(try await world.gateway.query("SELECT count(*) FROM customers").first?[0].int == 0)
        #expect(try await world.gateway.query("SELECT count(*) FROM tenants").first?[0].int == 0)
        let theft = await #expect(throws: PostgresError.self) {
            try await world.asGateway(
                World.otherID,
                [
                    (
                        "INSERT INTO plans (tenant_id, name, download_bps, upload_bps, price) VALUES ($1::text::uuid, 'x', 1, 1, 1)",
                        [.text(World.providerID)]
                    )
                ]
            )
        }
        #expect(theft?.sqlState == "42501")
        await world.close()
    }

    @Test func `the subtree and the root are found by whoever may ask`() async throws {
        let world = try await World()
        let rows = try await world.gateway.query(
            "SELECT tenant_subtree($1::text::uuid), operator_tenant()",
            [.text(World.operatorID)]
        )
        #expect(rows.first?[0].uuidArray?.count == 3 && rows.first?[1].text == World.operatorID)
        await world.close()
    }

    @Test func `partitions are made ahead, filled and dropped by the pipeline alone`() async throws {
        let world = try await World()
        #expect(
            try await world.pipeline.query("SELECT ensure_session_partitions('2026-01-15', 3)").first?[0].int32 == 3
        )
        #expect(
            try await world.pipeline.query("SELECT ensure_session_partitions('2026-01-15', 4)").first?[0].int32 == 1
        )
        try await world.pipeline.query(
            """
            INSERT INTO sessions_history (tenant_id, session_key, nas_id, username, acct_session_id, started_at,
                last_update_at, ended_at, closed_by)
            SELECT $1::text::uuid, uuid_v7(), uuid_v7(), 'u', 's', at, at, at, 'stop'
            FROM unnest(ARRAY['2026-01-31 23:59:59.999999+00', '2026-02-01 00:00:00+00']::timestamptz[]) at
            """,
            [.text(World.providerID)]
        )
        let parts = try await world.pipeline.query("SELECT tableoid::regclass::text FROM sessions_history ORDER BY 1")
        #expect(parts.map { $0[0].text } == ["radacct_2026_01", "radacct_2026_02"])
        await #expect(throws: PostgresError.self) { try await world.pipeline.query("SELECT FROM radacct_2026_01") }
        await #expect(throws: PostgresError.self) {
            try await world.gateway.query("SELECT drop_session_partitions('2030-01-01')")
        }
        #expect(try await world.pipeline.query("SELECT drop_session_partitions('2026-02-01')").first?[0].int32 == 1)
        #expect(try await world.pipeline.query("SELECT count(*) FROM sessions_history").first?[0].int == 1)
        await world.close()
    }

    @Test func `ids are version 7 and ordered by their millisecond`() async throws {
        let world = try await World()
        let rows = try await world.owner.query("SELECT uuid_v7() FROM generate_series(1, 100)")
        for row in rows {
            let id = try #require(row[0].uuid)
            #expect(id.high >> 12 & 0xf == 7 && id.low >> 62 == 2)
        }
        let age = try await world.owner.query("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")
        let newest = rows.map { $0[0].uuid?.high ?? 0 }.max() ?? 0
        #expect(abs((age.first?[0].int64 ?? 0) - Int64(newest >> 16)) < 60_000)
        await world.close()
    }

    @Test(.proves("MIG-03")) func `a full database goes all the way back and forward`() async throws {
        let world = try await World()
        _ = try await world.asGateway(World.providerID, Self.directory)
        try await world.pipeline.query("SELECT ensure_session_partitions('2026-01-15', 3)")
        let migrator = try Migrator(session: world.owner, directory: RealPostgres.migrations)
        try await migrator.down(to: 0)
        let left = try await world.owner.query(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname !~ '^schema_migrations'"
        )
        #expect(left.first?[0].int == 0)
        try await migrator.up()
        await world.close()
    }

    @Test func `databases of one server may be migrated at the same moment`() async throws {
        let server = try await RealPostgres.start()
        var urls: [String] = []
        for _ in 0..<6 { urls.append(try await server.createDatabase()) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for url in urls {
                group.addTask {
                    let session = PostgresSession(PostgresConfiguration(url: url))
                    try await Migrator(session: session, directory: RealPostgres.migrations).up()
                    await session.close()
                }
            }
            try await group.waitForAll()
        }
        try await server.stop()
    }
}
