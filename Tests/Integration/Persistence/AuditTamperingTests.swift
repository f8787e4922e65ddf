import Crypto
import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

/// Somebody who owns the server changes the trail by hand; the walk finds where.
@Suite(.serialized, .proves("AUD-15")) struct AuditTamperingTests {
    private static let length = 24

    /// A world with a trail in each of two tenants, all of it vouched for, and a few entries behind that.
    private static func filled() async throws -> AuditWorld {
        let world = try await AuditWorld()
        try await world.append((1...20).map { world.entry(world.one, $0) })
        try await world.append((1...5).map { world.entry(world.two, $0) })
        _ = try await world.sign()
        try await world.append((21...length).map { world.entry(world.one, $0) })
        return world
    }

    /// One way to tamper: the statements, and the entry that is then the first that cannot be trusted.
    private struct Deed {
        let name: String
        let statements: [(sql: String, parameters: [PGValue])]
        let broken: Int64
    }

    /// Every column that tells something, given another value.
    private static func assignments(_ world: AuditWorld) -> [String] {
        [
            "actor_id = gen_random_uuid()", "address = '192.0.2.77'", "action = 'login'", "resource_id = 'x'",
            "old_values = '{\"fee\": \"1\"}'", "new_values = NULL", "new_values = new_values || '{\"a\": 1}'",
            "new_values = new_values - 'fee'", "outcome = 'failed'", "reason = 'because'", "user_agent = NULL",
            "occurred_at = occurred_at + interval '1 microsecond'", "occurred_nanoseconds = 999 - occurred_nanoseconds",
            "impersonator_id = '\(world.two)'", "request_id = 'other'", "actor_kind = 'system'",
            "recorded_at = recorded_at + interval '1 microsecond'", "hash = sha256(hash)",
            "content_hash = sha256(content_hash)", "resource_type = 'plan'", "id = gen_random_uuid()",
            "erased_at = now()", "erased_at = now(), old_values = NULL, new_values = NULL",
        ]
    }

    private static func deed(_ world: AuditWorld, _ random: inout SeededRandom) -> Deed {
        let tenant = PGValue.id(world.one)
        let number = Int64(random.next() % UInt64(length)) + 1
        let this: [PGValue] = [tenant, .int8(number)]
        func deed(_ name: String, _ sql: String, broken: Int64, _ parameters: [PGValue]? = nil) -> Deed {
            Deed(name: name, statements: [(sql, parameters ?? this)], broken: broken)
        }
        switch random.next() % 8 {
        case 0:
            return deed("delete", "DELETE FROM audit_logs WHERE tenant_id = $1 AND number = $2", broken: number)
        case 1:
            let sql = "DELETE FROM audit_logs WHERE tenant_id = $1 AND number >= $2"
            return deed("delete the last", sql, broken: number)
        case 2: return cutOff(world, after: Int64(random.next() % 19) + 1)
        case 3:
            let other = number % Int64(length) + 1
            return deed("swap", swap, broken: min(number, other), [tenant, .int8(number), .int8(other)])
        case 4: return deed("insert once more", insert("recorded_at", "recorded_at + interval '1 us'"), broken: number)
        case 5: return deed("insert behind the end", insert("number", "25"), broken: Int64(length) + 1)
        default:
            let assignments = assignments(world)
            let change = assignments[Int(random.next() % UInt64(assignments.count))]
            let sql = "UPDATE audit_logs SET \(change) WHERE tenant_id = $1 AND number = $2"
            return deed(change, sql, broken: number)
        }
    }

    /// Head and rows agree again; the checkpoint of entry 20 does not.
    private static func cutOff(_ world: AuditWorld, after last: Int64) -> Deed {
        let place: [PGValue] = [.id(world.one), .int8(last)]
        return Deed(
            name: "delete the last and set the head back",
            statements: [
                ("DELETE FROM audit_logs WHERE tenant_id = $1 AND number > $2", place),
                (
                    """
                    UPDATE audit_chains SET (number, hash) = (SELECT number, hash FROM audit_logs
                        WHERE tenant_id = $1 AND number = $2) WHERE tenant_id = $1
                    """, place
                ),
            ],
            broken: last + 1
        )
    }

    /// Two entries in each other's places, under the numbers that belong there.
    private static let swap = """
        WITH pair AS (SELECT * FROM audit_logs WHERE tenant_id = $1 AND number IN ($2, $3))
        UPDATE audit_logs l SET new_values = b.new_values, id = b.id, content_hash = b.content_hash, hash = b.hash,
            resource_id = b.resource_id, request_id = b.request_id, occurred_at = b.occurred_at
        FROM pair b WHERE l.tenant_id = $1 AND l.number IN ($2, $3) AND b.number <> l.number
        """

    /// A copy of an entry with another value in one column.
    private static func insert(_ column: String, _ value: String) -> String {
        """
        INSERT INTO audit_logs SELECT (jsonb_populate_record(l, jsonb_build_object('\(column)', \(value)))).*
        FROM audit_logs l WHERE tenant_id = $1 AND number = $2
        """
    }

    @Test func `whatever is done to the rows, the first entry that cannot be trusted is named`() async throws {
        let world = try await Self.filled()
        #expect(try await world.verify(world.one).flaw == nil)
        var random = SeededRandom()
        try await world.tamper([
            ("CREATE TABLE whole_logs AS SELECT * FROM audit_logs", []),
            ("CREATE TABLE whole_chains AS SELECT * FROM audit_chains", []),
        ])
        for round in 0..<120 {
            let deed = Self.deed(world, &random)
            try await world.tamper(deed.statements)
            let verdict = try await world.verify(world.one, stretch: Int(random.next() % 30) + 1)
            #expect(verdict.flaw?.number == deed.broken, "\(round) \(deed.name): \(verdict)")
            #expect(try await world.verify(world.two).flaw == nil)
            try await world.tamper([
                ("DELETE FROM audit_logs", []), ("INSERT INTO audit_logs SELECT * FROM whole_logs", []),
                ("DELETE FROM audit_chains", []), ("INSERT INTO audit_chains SELECT * FROM whole_chains", []),
            ])
        }
        let verdict = try await world.verify(world.one)
        #expect(verdict.flaw == nil && verdict.entries == Int64(Self.length) && verdict.vouchedThrough == 20)
        await world.close()
    }

    @Test func `the end cut off with its checkpoints is told by a copy that was kept elsewhere`() async throws {
        let world = try await Self.filled()
        let kept = try await world.sign(at: AuditWorld.now + .seconds(86_400))
        #expect(kept.map(\.checkpoint.number) == [24])
        try await world.tamper([
            ("DELETE FROM audit_logs WHERE tenant_id = $1 AND number > 10", [.id(world.one)]),
            ("DELETE FROM audit_checkpoints WHERE tenant_id = $1", [.id(world.one)]),
            (
                """
                UPDATE audit_chains SET (number, hash) = (SELECT number, hash FROM audit_logs
                    WHERE tenant_id = $1 AND number = 10) WHERE tenant_id = $1
                """, [.id(world.one)]
            ),
        ])
        #expect(try await world.verify(world.one).flaw == nil)
        #expect(try await world.verify(world.one, kept: kept).flaw == .checkpointBeyondEnd(number: 24, last: 10))
        #expect(try await world.verify(world.two, kept: kept).flaw == nil)
        let lines = kept.map(\.json)
        #expect(lines.compactMap { SignedCheckpoint(json: $0) } == kept)
        await world.close()
    }

    @Test func `a checkpoint that another key signed, or that was changed, counts for nothing`() async throws {
        let world = try await Self.filled()
        let stranger = try await world.database.transaction(in: world.operatorID) {
            try await AuditCheckpoints($0).sign(with: Keyring.ephemeral(), now: AuditWorld.now)
        }
        #expect(stranger.map(\.checkpoint.number) == [24])
        let verdict = try await world.verify(world.one)
        #expect(verdict.flaw == nil && verdict.unknownCheckpoints == 1 && verdict.checkpoints == 1)
        try await world.tamper([
            (
                "UPDATE audit_checkpoints SET signed_at = signed_at + interval '1 day' WHERE tenant_id = $1 AND number = 20",
                [.id(world.one)]
            )
        ])
        #expect(try await world.verify(world.one).flaw == .checkpointForged(number: 20))
        await world.close()
    }

    @Test func `a chain whose head is gone, and one that is gone altogether, are missed`() async throws {
        let world = try await Self.filled()
        try await world.tamper([("DELETE FROM audit_chains WHERE tenant_id = $1", [.id(world.one)])])
        let tenants = try await world.database.transaction(in: world.operatorID) {
            try await AuditVerifier($0).tenants()
        }
        #expect(Set(tenants) == [world.one, world.two])
        #expect(try await world.verify(world.one).flaw == .headDiffers(number: 24))
        try await world.tamper([("DELETE FROM audit_logs WHERE tenant_id = $1", [.id(world.one)])])
        #expect(try await world.verify(world.one).flaw?.number == 1)
        await world.close()
    }

    @Test func `entries of the beginning called dropped are missed unless they are old and vouched for`() async throws {
        let world = try await Self.filled()
        func drop(_ number: Int64) async throws {
            try await world.tamper([
                (
                    """
                    UPDATE audit_chains SET (dropped_number, dropped_hash) = (SELECT number, hash FROM audit_logs
                        WHERE tenant_id = $1 AND number = $2) WHERE tenant_id = $1
                    """, [.id(world.one), .int8(number)]
                ), ("DELETE FROM audit_logs WHERE tenant_id = $1 AND number <= $2", [.id(world.one), .int8(number)]),
            ])
        }
        try await drop(7)
        #expect(try await world.verify(world.one).flaw == .beginningMissing(first: 8))
        try await drop(20)
        // Vouched for, but of today.
        #expect(try await world.verify(world.one).flaw == .beginningMissing(first: 21))
        await world.close()
    }
}
