import Crypto
import Domain
import Ledger
import Persistence
import Postgres
import SharedTesting
import Testing

/// Somebody who owns the server changes the ledger by hand; the verifier says what is wrong first.
@Suite(.serialized, .proves("WAL-12", "WAL-13")) struct LedgerVerifierTests {
    /// A world with five batches, holds in every state, a reversal and a refusal; the first three batches vouched for.
    static func filled() async throws -> LedgerWorld {
        let world = try await LedgerWorld()
        let wallet = world.wallets[0].ref
        let open = try world.command("h1", .hold(account: wallet, amount: world.euro(300), expiresAt: nil))
        let spent = try world.command("h2", .hold(account: wallet, amount: world.euro(50), expiresAt: nil))
        let wrong = try world.topUp("wrong", 77, wallet: 1)
        try await world.writing { writer in
            _ = try await writer.commit([try world.topUp("a", 1000), try world.topUp("b", 500, wallet: 2)])
            _ = try await writer.commit([open, spent, try world.spend("too much", 5000)])
            let credits = [Leg(world.revenue.ref, try world.euro(20))]
            _ = try await writer.commit([
                try world.command("c1", .capture(hold: open.id, credits: credits)),
                try world.command("c2", .capture(hold: spent.id, credits: credits)),
            ])
            _ = try await LedgerCheckpoints(world.billing).sign(with: world.keyring, now: LedgerWorld.now)
            _ = try await writer.commit([try world.command("r", .release(hold: spent.id)), wrong])
            _ = try await writer.commit([try world.command("back", .reverse(wrong.id)), try world.spend("d", 100)])
        }
        return world
    }

    /// One kind of damage and what the verifier calls it.
    private struct Deed {
        let statements: [String]
        let isFound: (LedgerDiscrepancy) -> Bool
        /// Whether it is in what a batch touched, so that verifying by stretches finds it too.
        let isTouched: Bool

        init(
            _ statements: String...,
            isTouched: Bool = true,
            finding isFound: @escaping (LedgerDiscrepancy) -> Bool
        ) {
            self.statements = statements
            self.isTouched = isTouched
            self.isFound = isFound
        }
    }

    private static func altered(_ batch: Int64) -> (LedgerDiscrepancy) -> Bool {
        { $0 == .batchAltered(number: batch) }
    }

    private static func chainDeeds(_ world: LedgerWorld) -> [Deed] {
        let (stranger, wallet) = (UUID128(high: 5, low: 5), world.wallets[0].ref.id)
        var deeds = [
            "UPDATE ledger_entries SET amount = amount + 1 WHERE batch = 3 AND place = 0 AND leg = 0",
            "UPDATE ledger_entries SET balance_after = balance_after + 1 WHERE batch = 3 AND leg = 1 AND place = 1",
            "UPDATE ledger_entries SET transfer_id = '\(stranger)' WHERE batch = 3 AND place = 0",
            "UPDATE ledger_entries SET recorded_at = recorded_at + interval '1 us' WHERE batch = 3 AND place = 0",
            "UPDATE ledger_entries SET account_id = '\(stranger)' WHERE batch = 3 AND place = 0 AND leg = 0",
            "DELETE FROM ledger_entries WHERE batch = 3 AND place = 1",
            "UPDATE ledger_transfers SET description = 'x' WHERE batch = 3 AND place = 0",
            "UPDATE ledger_transfers SET reference = 'x' WHERE batch = 3 AND place = 0",
            "UPDATE ledger_transfers SET metadata = '{\"a\": \"b\"}' WHERE batch = 3 AND place = 0",
            "UPDATE ledger_transfers SET metadata = '{\"a\": 1}' WHERE batch = 3 AND place = 0",
            "UPDATE ledger_transfers SET purpose = 'refund' WHERE batch = 3 AND place = 0",
            "UPDATE ledger_transfers SET effective_at = effective_at - interval '1 day' WHERE batch = 3 AND place = 0",
            "UPDATE ledger_transfers SET target_id = '\(stranger)' WHERE batch = 3 AND place = 0",
            "DELETE FROM ledger_transfers WHERE batch = 3 AND place = 0",
            "UPDATE ledger_keys SET key = 'another' WHERE batch = 3 AND place = 0",
            "UPDATE ledger_keys SET fingerprint = sha256(fingerprint) WHERE batch = 3 AND place = 0",
            "UPDATE ledger_keys SET outcome = 'insufficient' WHERE batch = 3 AND place = 0",
            "DELETE FROM ledger_keys WHERE batch = 3 AND place = 1",
            "DELETE FROM ledger_keys WHERE batch = 3",
            "UPDATE ledger_batches SET epoch = epoch + 1 WHERE number = 3",
            "UPDATE ledger_batches SET recorded_at = recorded_at + interval '1 us' WHERE number = 3",
            "UPDATE ledger_batches SET digest = sha256(digest) WHERE number = 3",
            "UPDATE ledger_batches SET root = sha256(root) WHERE number = 3",
            "UPDATE ledger_batches SET leaves = leaves + 1 WHERE number = 3",
        ].map { Deed($0, finding: altered(3)) }
        deeds += [
            // Whose account it is stands in every entry of it.
            Deed("UPDATE ledger_accounts SET owner_id = '\(stranger)' WHERE id = '\(wallet)'", finding: altered(1)),
            Deed("UPDATE ledger_accounts SET kind = 'revenue' WHERE id = '\(wallet)'", finding: altered(1)),
            Deed("UPDATE ledger_holds SET amount = amount + 1", finding: altered(2)),
            Deed("DELETE FROM ledger_holds", finding: altered(2)),
            Deed("UPDATE ledger_keys SET outcome = 'posted' WHERE outcome = 'insufficient'", finding: altered(2)),
            Deed("DELETE FROM ledger_batches WHERE number = 3") { $0 == .batchMissing(number: 4) },
            Deed("UPDATE ledger_batches SET previous = sha256(previous) WHERE number = 1", finding: altered(1)),
            Deed("DELETE FROM ledger_batches WHERE number = 5") { $0 == .headDiffers(number: 4) },
            Deed("UPDATE ledger_lanes SET last_digest = sha256(last_digest)") { $0 == .headDiffers(number: 5) },
            Deed(
                "UPDATE ledger_lanes SET (last_batch, last_digest) = (SELECT number, digest FROM ledger_batches WHERE number = 4)"
            ) { $0 == .headDiffers(number: 5) },
            Deed("UPDATE ledger_checkpoints SET signed_at = signed_at + interval '1 s'") {
                $0 == .checkpointForged(number: 3)
            },
        ]
        return deeds
    }

    private static func stateDeeds(_ world: LedgerWorld) -> [Deed] {
        let wallet = world.wallets[0].ref.id
        let other = world.wallets[2].ref
        return [
            Deed("UPDATE ledger_accounts SET balance = balance + 1 WHERE id = '\(wallet)'") {
                $0 == .balanceDiffers(wallet)
            },
            Deed("UPDATE ledger_accounts SET sequence = sequence + 1 WHERE id = '\(wallet)'") {
                $0 == .balanceDiffers(wallet)
            },
            Deed("UPDATE ledger_accounts SET held = held + 1 WHERE id = '\(wallet)'") { $0 == .heldDiffers(wallet) },
            // Both at once, so that only the hold's transfers know.
            Deed(
                "UPDATE ledger_holds SET captured = captured + 1 WHERE released = 0",
                "UPDATE ledger_accounts SET held = held - 1 WHERE id = '\(wallet)'"
            ) { if case .holdDiffers = $0 { true } else { false } },
            // An account that the lane lost keeps nobody's entries.
            Deed(
                """
                INSERT INTO ledger_transfers SELECT (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid()))).*
                FROM ledger_transfers t WHERE batch = 1 AND place = 0
                """
            ) { if case .strayTransfer = $0 { true } else { false } },
            Deed(
                """
                INSERT INTO ledger_entries SELECT (jsonb_populate_record(e, '{"batch": 9, "sequence": 2}')).*
                FROM ledger_entries e WHERE account_id = '\(other.id)'
                """
            ) { $0 == .beyondHead(number: 9) },
            Deed(
                "INSERT INTO ledger_keys SELECT (jsonb_populate_record(k, '{\"batch\": 6, \"key\": \"z\"}')).* FROM ledger_keys k WHERE key = 'a'"
            ) { $0 == .beyondHead(number: 6) },
            // An account that nobody opened with money that nobody paid.
            Deed(
                """
                INSERT INTO ledger_accounts SELECT (jsonb_populate_record(a,
                    jsonb_build_object('id', gen_random_uuid(), 'owner_id', gen_random_uuid(), 'balance', 5, 'held', 0))).*
                FROM ledger_accounts a WHERE id = '\(wallet)'
                """,
                isTouched: false
            ) { if case .balanceDiffers = $0 { true } else { false } },
        ]
    }

    @Test func `each kind of damage is found and named`() async throws {
        let world = try await Self.filled()
        let whole = try await world.verify()
        #expect(whole.discrepancy == nil && whole.batches == 5 && whole.checkpoints == 1 && whole.vouchedThrough == 3)
        #expect(whole.accounts == 5)
        try await world.tamper(LedgerWorld.tables.map { "CREATE TABLE whole_\($0) AS SELECT * FROM \($0)" })
        for deed in Self.chainDeeds(world) + Self.stateDeeds(world) {
            try await world.tamper(deed.statements)
            for stretch in [1, 2, 100] {
                let found = try await world.verify(stretch: stretch).discrepancy
                #expect(found.map(deed.isFound) == true, "\(deed.statements): \(String(describing: found))")
            }
            let stretch = try await world.stretch()
            #expect(stretch.discrepancy.map(deed.isFound) ?? false == deed.isTouched, "\(deed.statements): \(stretch)")
            #expect(stretch.head.number == (deed.isTouched ? 0 : 5))
            // In small stretches it may show earlier, by what it did to an account.
            for limit in [StretchLimit(batches: 1), StretchLimit(rows: 1), StretchLimit(batches: 2)] {
                let found = try await world.stretches(limit).discrepancy
                #expect((found != nil) == deed.isTouched, "\(deed.statements)")
            }
            try await Self.restore(world)
        }
        #expect(try await world.verify().discrepancy == nil)
        await world.close()
    }

    /// Everything as it was; the lanes keep their numbers.
    private static func restore(_ world: LedgerWorld) async throws {
        try await world.tamper(
            LedgerWorld.tables.flatMap { table in
                let overriding = table == "ledger_lanes" ? "OVERRIDING SYSTEM VALUE" : ""
                return [
                    "DELETE FROM \(table)", "INSERT INTO \(table) \(overriding) SELECT * FROM whole_\(table)",
                ]
            }
        )
    }

    @Test func `the end cut off with its checkpoints is told by a copy that was kept elsewhere`() async throws {
        let world = try await Self.filled()
        let kept = try await LedgerCheckpoints(world.billing).sign(with: world.keyring, now: LedgerWorld.now)
        #expect(kept.map(\.checkpoint.number) == [5])
        try await world.tamper([
            "DELETE FROM ledger_checkpoints WHERE number = 5", "DELETE FROM ledger_batches WHERE number > 3",
            "DELETE FROM ledger_keys WHERE batch > 3", "DELETE FROM ledger_transfers WHERE batch > 3",
            "DELETE FROM ledger_entries WHERE batch > 3",
            "UPDATE ledger_lanes SET (last_batch, last_digest) = (SELECT number, digest FROM ledger_batches WHERE number = 3)",
            """
            UPDATE ledger_accounts a SET (balance, sequence) = (SELECT coalesce(sum(amount), 0), count(*) FROM ledger_entries e
                WHERE e.account_id = a.id)
            """,
            "UPDATE ledger_holds SET released = 0",
            """
            UPDATE ledger_accounts a SET held = (SELECT coalesce(sum(amount - captured - released), 0) FROM ledger_holds h
                WHERE h.account_id = a.id)
            """,
        ])
        #expect(try await world.verify().discrepancy == nil)
        #expect(try await world.verify(kept: kept).discrepancy == .checkpointBeyondEnd(number: 5))
        await world.close()
    }

    @Test func `another installation's checkpoint says nothing, and without a keyring none does`() async throws {
        let world = try await Self.filled()
        _ = try await LedgerCheckpoints(world.billing).sign(with: Keyring.ephemeral(), now: LedgerWorld.now)
        let verdict = try await world.verify()
        #expect(verdict.discrepancy == nil && verdict.unknownCheckpoints == 1 && verdict.vouchedThrough == 3)
        let blind = try await LedgerVerifier(world.billing).verify(world.lane, keyring: nil)
        #expect(blind.discrepancy == nil && blind.unknownCheckpoints == 2 && blind.vouchedThrough == 0)
        await world.close()
    }

    @Test func `every entry is proven offline, and no changed proof holds`() async throws {
        let world = try await Self.filled()
        let checkpoints = LedgerCheckpoints(world.billing)
        let publicKey = try world.keyring.publicKey(world.keyring.activeKeyID, for: .ledgerCheckpoint)
        let wallet = world.wallets[0]
        let last = try #require(try await LedgerReader(world.billing).account(wallet.ref)?.sequence)
        #expect(last == 4)
        // The last entry is in no checkpoint yet.
        #expect(try await checkpoints.prove(wallet.ref, sequence: last) == nil)
        _ = try await checkpoints.sign(with: world.keyring, now: LedgerWorld.now + .seconds(1))
        for sequence in 1...last {
            let proof = try #require(try await checkpoints.prove(wallet.ref, sequence: sequence))
            #expect(proof.entry.sequence == sequence && proof.entry.account == wallet.ref)
            #expect(try proof.flaw(publicKey: publicKey) == nil)
            let read = try #require(InclusionProof(json: proof.json))
            #expect(read == proof)
            var text = String(decoding: proof.json, as: UTF8.self)
            text = text.replacing("\"amount\":\"\(proof.entry.amount.decimal)\"", with: "\"amount\":\"9.0000\"")
            let changed = try #require(InclusionProof(json: Array(text.utf8)))
            #expect(try changed.flaw(publicKey: publicKey) == .entryNotInBatch)
        }
        #expect(try await checkpoints.prove(wallet.ref, sequence: last + 1) == nil)
        #expect(InclusionProof(json: Array("{}".utf8)) == nil)
        await world.close()
    }
}
