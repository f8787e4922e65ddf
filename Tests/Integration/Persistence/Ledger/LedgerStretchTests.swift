import Crypto
import Domain
import Ledger
import Persistence
import Postgres
import SharedTesting
import Testing

/// Verifying as the ledger grows: what one stretch says is what the next begins with.
@Suite(.serialized, .proves("WAL-13")) struct LedgerStretchTests {
    @Test func `stretches follow each other to the end, and then only what is new is read`() async throws {
        let world = try await LedgerVerifierTests.filled()
        let whole = try await world.stretch()
        #expect(whole.discrepancy == nil && whole.isAtEnd && whole.head.number == 5 && whole.batches == 5)
        #expect(whole.checkpoints == 1 && whole.unknownCheckpoints == 0 && whole.accounts == 5)
        #expect(try await world.verify().rows == whole.rows)
        var rows: Int64 = 0
        var head = VerifiedHead.beginning(of: world.lane)
        for number in 1...5 {
            let verdict = try await world.stretch(since: head, StretchLimit(batches: 100, rows: 1))
            #expect(verdict.discrepancy == nil && verdict.batches == 1 && verdict.isAtEnd == (number == 5))
            rows += verdict.rows
            head = verdict.head
        }
        #expect(head == whole.head && rows == whole.rows)
        let idle = try await world.stretch(since: head)
        #expect(idle.head == head && idle.isAtEnd && idle.batches == 0 && idle.discrepancy == nil)
        // An account that the stretch touches in its middle, and one that later batches moved on.
        try await world.commit(world.topUp("more", 3), world.spend("less", 2))
        try await world.commit(world.spend("least", 1))
        let next = try await world.stretch(since: head, StretchLimit(batches: 1))
        #expect(next.discrepancy == nil && next.batches == 1 && next.rows == 6 && next.accounts == 3 && !next.isAtEnd)
        await world.close()
    }

    @Test func `what a stretch reads does not grow with what its accounts did before`() async throws {
        let world = try await LedgerWorld()
        // What the planner knows is a ledger of many accounts with an entry or two each.
        let (one, root, ids) = (world.one, world.operatorID, world.ids)
        let wishes = (0..<300).map { _ in
            AccountWish(tenantID: one, rootID: root, owner: .customer(ids.next()), kind: .wallet, currency: .euro)
        }
        let wallets = try await AccountOpener(world.billing, ids: ids).open(wishes)
        let first = try wallets.enumerated().map { place, wallet in
            try world.command("w-\(place)", .transfer(from: world.till.ref, to: wallet.ref, amount: world.euro(1)))
        }
        _ = try await world.writing { try await $0.commit(first) }
        _ = try await world.superuser.query("ANALYZE ledger_entries")
        for round in 0..<8 {
            let commands = try (0..<250).map { try world.topUp("\(round)-\($0)", 1) }
            _ = try await world.writing { try await $0.commit(commands) }
        }
        let head = try await world.stretch().head
        try await world.commit(world.topUp("last", 1))
        func read() async throws -> Int64 {
            try await rowsRead(
                "seq_tup_read + idx_tup_fetch",
                of: "ledger_entries",
                by: world.billing,
                world.superuser
            )
        }
        let before = try await read()
        let verdict = try await world.stretch(since: head)
        #expect(verdict.discrepancy == nil && verdict.isAtEnd && verdict.batches == 1 && verdict.accounts == 2)
        let rows = try await read() - before
        #expect(rows > 0 && rows < 50, "\(rows) of 4,602 entries")
        await world.close()
    }

    @Test func `what is changed behind is found by a sample, and what is changed before by the next stretch`()
        async throws
    {
        let world = try await LedgerVerifierTests.filled()
        let whole = try await world.stretch()
        func sample(_ number: Int64, _ limit: StretchLimit = StretchLimit()) async throws -> StretchVerdict {
            try await LedgerVerifier.sample(
                on: world.billing,
                lane: world.lane,
                keyring: world.keyring,
                limit: limit
            ) { range in
                #expect(range == 0...4)
                return number
            }
        }
        for number in 0...4 {
            let verdict = try await sample(Int64(number))
            #expect(verdict.discrepancy == nil && verdict.batches == Int64(5 - number))
        }
        try await world.tamper(["UPDATE ledger_transfers SET description = 'x' WHERE batch = 2 AND place = 0"])
        #expect(try await world.stretch(since: whole.head).discrepancy == nil)
        #expect(try await sample(2).discrepancy == nil)
        #expect(try await sample(1).discrepancy == .batchAltered(number: 2))
        try await world.tamper(["UPDATE ledger_batches SET previous = sha256(previous) WHERE number = 5"])
        #expect(try await sample(3, StretchLimit(batches: 1)).discrepancy == .linkBroken(number: 5))
        try await world.tamper(["DELETE FROM ledger_batches WHERE number = 4"])
        #expect(try await sample(4).discrepancy == .batchMissing(number: 5))
        await world.close()
    }

    @Test func `an account is followed from the entry before the stretch to the one it says is its last`() async throws
    {
        let world = try await LedgerVerifierTests.filled()
        let wallet = world.wallets[0].ref.id
        let head = try await world.stretch(.init(batches: 4)).head
        #expect(head.number == 4)
        for (statement, found) in [
            // The last entry before the stretch, whose batch is verified already.
            (
                "UPDATE ledger_entries SET balance_after = balance_after + 1 WHERE account_id = '\(wallet)' AND sequence = 3",
                .sequenceBroken(wallet, sequence: 4)
            ),
            (
                "DELETE FROM ledger_entries WHERE account_id = '\(wallet)' AND sequence = 3",
                .sequenceBroken(wallet, sequence: 4)
            ),
            ("UPDATE ledger_accounts SET balance = balance + 1 WHERE id = '\(wallet)'", .balanceDiffers(wallet)),
            ("UPDATE ledger_accounts SET sequence = 3 WHERE id = '\(wallet)'", .balanceDiffers(wallet)),
            ("UPDATE ledger_accounts SET held = held + 1 WHERE id = '\(wallet)'", .heldDiffers(wallet)),
        ] as [(String, LedgerDiscrepancy)] {
            let tables = ["ledger_entries", "ledger_accounts"]
            try await world.tamper(tables.map { "CREATE TABLE whole_\($0) AS SELECT * FROM \($0)" } + [statement])
            let verdict = try await world.stretch(since: head)
            #expect(verdict.discrepancy == found && verdict.head == head, "\(statement)")
            try await world.tamper(
                tables.flatMap {
                    ["DELETE FROM \($0)", "INSERT INTO \($0) SELECT * FROM whole_\($0)", "DROP TABLE whole_\($0)"]
                }
            )
        }
        #expect(try await world.stretch(since: head).discrepancy == nil)
        await world.close()
    }

    @Test func `after a start verifying goes on from the newest checkpoint that the keyring vouches for`() async throws
    {
        let world = try await LedgerVerifierTests.filled()
        let verifier = LedgerVerifier(world.billing)
        let vouched = try await verifier.vouchedHead(of: world.lane, keyring: world.keyring)
        #expect(vouched.number == 3)
        let rest = try await world.stretch(since: vouched)
        #expect(rest.discrepancy == nil && rest.batches == 2 && rest.isAtEnd)
        let stranger = try await verifier.vouchedHead(of: world.lane, keyring: Keyring.ephemeral())
        #expect(stranger == .beginning(of: world.lane))
        // A place that the lane never had, or no longer has.
        let wrong = VerifiedHead(lane: world.lane, number: 3, digest: BatchHeader.genesis)
        #expect(try await world.stretch(since: wrong).discrepancy == .linkBroken(number: 4))
        let beyond = VerifiedHead(lane: world.lane, number: 6, digest: vouched.digest)
        #expect(try await world.stretch(since: beyond).discrepancy == .headDiffers(number: 6))
        // A lane that nobody wrote to yet.
        let franc = Lane(rootID: world.operatorID, currency: try Currency("XOF"))
        let idle = try await world.stretch(since: .beginning(of: franc))
        #expect(idle.discrepancy == nil && idle.isAtEnd && idle.batches == 0)
        #expect(try await verifier.vouchedHead(of: franc, keyring: world.keyring) == .beginning(of: franc))
        await world.close()
    }
}
