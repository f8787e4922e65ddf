import Domain
import Ledger
import Persistence
import Postgres
import SharedTesting
import Testing

/// Who may do what to the ledger's rows: nobody changes them, and nobody sees another tenant's.
@Suite(.serialized) struct LedgerRightsTests {
    private static func filled() async throws -> LedgerWorld {
        let world = try await LedgerWorld()
        try await world.writing { writer in
            let hold = try world.command(
                "h",
                .hold(account: world.wallets[0].ref, amount: world.euro(1), expiresAt: nil)
            )
            _ = try await writer.commit([
                try world.topUp("a", 10),
                try world.command(
                    "b",
                    .transfer(
                        from: world.till.ref,
                        to: world.wallets[2].ref,
                        amount: world.euro(20)
                    ),
                    tenant: world.two
                ), hold,
            ])
        }
        _ = try await LedgerCheckpoints(world.billing).sign(with: world.keyring, now: LedgerWorld.now)
        return world
    }

    private func refused(_ session: PostgresSession, _ statement: String) async {
        let error = await #expect(throws: PostgresError.self, "\(statement)") { try await session.query(statement) }
        #expect(error?.sqlState == "42501", "\(statement): \(String(describing: error))")
    }

    @Test(.proves("WAL-12")) func `rows are changed by nobody, neither by right nor by ownership`() async throws {
        let world = try await Self.filled()
        let appendOnly = [
            "ledger_keys", "ledger_transfers", "ledger_entries", "ledger_batches", "ledger_checkpoints",
        ]
        let before = try await world.counts()
        for table in LedgerWorld.tables {
            // By grants: not even its writer deletes.
            await refused(world.billing, "DELETE FROM \(table)")
            await refused(world.billing, "TRUNCATE \(table)")
            // By triggers: not even who stands above all rights.
            await refused(world.superuser, "DELETE FROM \(table)")
            await refused(world.superuser, "TRUNCATE \(table)")
        }
        for table in appendOnly {
            await refused(world.billing, "UPDATE \(table) SET tenant_id = tenant_id")
            await refused(world.superuser, "UPDATE \(table) SET tenant_id = tenant_id")
        }
        for statement in [
            "UPDATE ledger_accounts SET owner_id = owner_id", "UPDATE ledger_accounts SET currency = 'USD'",
            "UPDATE ledger_holds SET amount = amount", "UPDATE ledger_lanes SET tenant_id = gen_random_uuid()",
        ] {
            await refused(world.billing, statement)
            await refused(world.superuser, statement)
        }
        for statement in [
            "UPDATE ledger_lanes SET epoch = epoch - 1", "UPDATE ledger_lanes SET last_batch = 0",
            "UPDATE ledger_lanes SET last_batch = last_batch + 2",
            "UPDATE ledger_lanes SET last_digest = sha256(last_digest)",
        ] {
            await refused(world.billing, statement)
            await refused(world.superuser, statement)
        }
        #expect(try await world.counts() == before)
        #expect(try await world.verify().discrepancy == nil)
        await world.close()
    }

    @Test(.proves("WAL-03")) func `the database itself keeps floors and holds`() async throws {
        let world = try await Self.filled()
        for (statement, constraint) in [
            ("UPDATE ledger_accounts SET balance = -1 WHERE kind = 'wallet'", "ledger_accounts_floor"),
            ("UPDATE ledger_accounts SET held = 11 WHERE id = '\(world.wallets[0].ref.id)'", "ledger_accounts_floor"),
            ("UPDATE ledger_holds SET captured = 2", "ledger_holds_amount"),
        ] {
            let error = await #expect(throws: PostgresError.self) { try await world.billing.query(statement) }
            #expect(error?.sqlState == "23514" && error?.constraint == constraint)
        }
        await world.close()
    }

    @Test(.proves("TEN-03")) func `a tenant sees its own rows of the ledger and writes none`() async throws {
        let world = try await Self.filled()
        func seen(_ tenant: TenantID) async throws -> [String: Int64] {
            try await world.database.transaction(in: tenant) { transaction in
                var counts: [String: Int64] = [:]
                for table in LedgerWorld.tables {
                    counts[table] = try await transaction.query("SELECT count(*) FROM \(table)").first?[0].int64
                }
                return counts
            }
        }
        let one = try await seen(world.one)
        #expect(one["ledger_accounts"] == 2 && one["ledger_entries"] == 1 && one["ledger_transfers"] == 2)
        #expect(one["ledger_holds"] == 1 && one["ledger_lanes"] == 0 && one["ledger_batches"] == 0)
        #expect(one["ledger_checkpoints"] == 0 && one["ledger_keys"] == 2)
        let two = try await seen(world.two)
        #expect(two["ledger_accounts"] == 1 && two["ledger_entries"] == 1 && two["ledger_holds"] == 0)
        let all = try await seen(world.operatorID)
        #expect(all["ledger_entries"] == 4 && all["ledger_lanes"] == 1 && all["ledger_batches"] == 1)
        // A foreign wallet is not there, and an entry whose transfer is foreign has no more than its amount.
        let (foreign, till) = (world.wallets[2].ref, world.till.ref)
        try await world.database.transaction(in: world.one) { (transaction) async throws in
            #expect(try await LedgerReader(transaction).account(foreign) == nil)
            #expect(try await LedgerReader(transaction).history(of: till, before: nil, limit: 9).isEmpty)
            #expect(try await LedgerReader(transaction).history(of: foreign, before: nil, limit: 9).isEmpty)
        }
        for statement in [
            "INSERT INTO ledger_keys SELECT * FROM ledger_keys", "UPDATE ledger_accounts SET balance = 0",
            "DELETE FROM ledger_entries",
            "INSERT INTO ledger_lanes (tenant_id, currency) VALUES ('\(world.one)', 'EUR')",
        ] {
            let error = await #expect(throws: PostgresError.self, "\(statement)") {
                try await world.database.transaction(in: world.one) { _ = try await $0.query(statement) }
            }
            #expect(error?.sqlState == "42501")
        }
        await world.close()
    }

    @Test func `a tenant's purge leaves the ledger as it is`() async throws {
        let world = try await Self.filled()
        let before = try await world.counts()
        // What the purge sends to every table with a tenant's column, as the owner.
        try await world.database.session.transaction(settings: [("nexora.audit_removal", "on")]) { transaction in
            for table in LedgerWorld.tables {
                let rows = try await transaction.query(
                    "DELETE FROM \(table) WHERE tenant_id = $1",
                    [.id(world.one)]
                )
                #expect(rows.affectedRows == 0, "\(table)")
            }
        }
        #expect(try await world.counts() == before)
        #expect(try await world.verify().discrepancy == nil)
        await world.close()
    }
}
