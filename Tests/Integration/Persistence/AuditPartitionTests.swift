import Crypto
import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

/// Months are made ahead, filled, and dropped after 7 years without breaking the rest of the chain.
@Suite(.serialized, .proves("AUD-02")) struct AuditPartitionTests {
    private static func pipeline(_ world: AuditWorld, _ sql: String) async throws -> Int? {
        try await world.database.session.transaction { transaction in
            try await transaction.query("SET LOCAL ROLE nexora_pipeline")
            return try await transaction.query(sql).first?[0].int
        }
    }

    private static func months(_ world: AuditWorld) async throws -> [String] {
        try await world.superuser.query(
            """
            SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'audit_logs'::regclass ORDER BY 1
            """
        ).map { $0[0].text ?? "" }
    }

    @Test func `the migration makes three months, the maintenance what is asked for, once`() async throws {
        let world = try await AuditWorld()
        #expect(try await Self.months(world).count == 4)
        let history = SessionHistory(PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_pipeline")))
        let day = try #require(CivilDate(year: 2040, month: 1, day: 31))
        try await history.ensureAuditPartitions(from: day, months: 3)
        try await history.ensureAuditPartitions(from: day, months: 3)
        #expect(
            try await Self.months(world).filter { $0.contains("2040") } == [
                "audit_logs_2040_01", "audit_logs_2040_02", "audit_logs_2040_03",
            ]
        )
        let facts = try await world.database.facts()
        #expect(facts.openTables.isEmpty && facts.grantedPartitions.isEmpty)
        await #expect(throws: PostgresError.self) {
            try await world.database.session.transaction { transaction in
                try await transaction.query("SET LOCAL ROLE nexora_gateway")
                _ = try await transaction.query("SELECT ensure_audit_partitions('2040-01-01', 1)")
            }
        }
        await world.close()
    }

    @Test func `rows that came while nobody made months move to theirs, and the chain holds`() async throws {
        let world = try await AuditWorld()
        for month in try await Self.months(world) where month != "audit_logs_default" {
            try await world.superuser.script("DROP TABLE \(month)")
        }
        try await world.append((1...5).map { world.entry(world.one, $0) })
        #expect(try await world.superuser.query("SELECT count(*) FROM audit_logs_default").first?[0].int == 5)
        #expect(try await Self.pipeline(world, "SELECT ensure_audit_partitions(current_date, 1)") == 1)
        #expect(try await world.superuser.query("SELECT count(*) FROM audit_logs_default").first?[0].int == 0)
        try await world.append([world.entry(world.one, 6)])
        let verdict = try await world.verify(world.one)
        #expect(verdict.flaw == nil && verdict.entries == 6)
        await #expect(throws: PostgresError.self) {
            try await world.superuser.query("DELETE FROM \(try await Self.months(world)[0])")
        }
        await world.close()
    }

    @Test func `months go after 7 years, each only when a checkpoint vouches for its end`() async throws {
        let world = try await AuditWorld()
        try await world.append((1...4).map { world.entry(world.one, $0) } + [world.entry(world.two, 5)])
        // Eight years pass: the rows and their heads are moved back, with the hashes that they would have had.
        try await Self.age(world, world.one)
        try await Self.age(world, world.two)
        #expect(try await Self.pipeline(world, "SELECT ensure_audit_partitions(current_date, 1)") == 1)
        try await world.append((6...9).map { world.entry(world.one, $0) })
        #expect(try await world.verify(world.one).flaw == nil)
        let before = try await Self.months(world)
        #expect(try await Self.pipeline(world, "SELECT drop_audit_partitions(current_date)") == 0)
        // The end of the old month as well as the present one are signed.
        let signed = try await world.sign()
        #expect(
            signed.filter { $0.checkpoint.tenantID == world.one }.map(\.checkpoint.number) == [4, 8]
        )
        #expect(try await Self.pipeline(world, "SELECT drop_audit_partitions(current_date - 400)") == 0)
        #expect(try await Self.pipeline(world, "SELECT drop_audit_partitions(current_date)") == 1)
        #expect(try await Self.months(world).count == before.count - 1)
        let verdict = try await world.verify(world.one)
        #expect(verdict.flaw == nil && verdict.first == 5 && verdict.last == 8)
        #expect(try await world.verify(world.two).flaw == nil)
        #expect(try await Self.pipeline(world, "SELECT drop_audit_partitions('2300-01-01')") == 0)
        // And goes on.
        try await world.append([world.entry(world.two, 10)])
        #expect(try await world.verify(world.two).flaw == nil)
        await world.close()
    }

    /// Moves a chain eight years back, into the default partition.
    private static func age(_ world: AuditWorld, _ tenant: TenantID) async throws {
        var filter = AuditFilter()
        filter.tenantID = tenant
        let records = try await world.records(filter, in: world.operatorID).reversed()
        var previous = AuditChain.genesis
        var statements: [(sql: String, parameters: [PGValue])] = []
        for record in records {
            let time = Timestamp(microseconds: record.recordedAt.microseconds - 8 * 366 * Timestamp.microsecondsPerDay)
            previous = AuditLog.chain.link(
                previous: previous,
                number: record.number,
                recordedAt: time,
                content: record.contentHash
            )
            statements.append(
                (
                    "UPDATE audit_logs SET recorded_at = $3, hash = $4 WHERE tenant_id = $1 AND number = $2",
                    [.id(tenant), .int8(record.number), .time(time), .bytea(previous)]
                )
            )
            statements.append(
                (
                    "UPDATE audit_chains SET recorded_at = $2, hash = $3 WHERE tenant_id = $1",
                    [
                        .id(tenant), .time(time), .bytea(previous),
                    ]
                )
            )
        }
        try await world.tamper(statements)
    }
}
