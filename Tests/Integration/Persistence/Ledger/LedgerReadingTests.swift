import Domain
import Ledger
import Persistence
import Postgres
import SharedTesting
import Testing

/// What is read of the ledger: answers by key, an account's past, due holds, figures.
@Suite(.serialized) struct LedgerReadingTests {
    @Test(.proves("WAL-06", "TEN-03")) func `a lost answer is asked for by its key, with what the asker may see`()
        async throws
    {
        let world = try await LedgerWorld()
        let details = try TransferDetails(.topUp, reference: "pay_1")
        let fill = try world.command(
            "a",
            .transfer(from: world.till.ref, to: world.wallets[0].ref, amount: world.euro(10)),
            details: details
        )
        let hold = try world.command("h", .hold(account: world.wallets[0].ref, amount: world.euro(4), expiresAt: nil))
        // The refusal brings the id of another's transfer.
        let refused = TransferCommand(
            id: fill.id,
            tenantID: world.one,
            key: try #require(IdempotencyKey("b")),
            action: .release(hold: fill.id),
            details: TransferDetails(.topUp)
        )
        #expect(try await world.commit(fill, hold, refused) == [.posted, .posted, .idTaken])
        func check(_ keys: LedgerKeys, legs: [Int16]) async throws {
            let kept = try #require(try await keys.answer(world.one, fill.key))
            #expect(kept.decision.verdict == .posted && kept.fingerprint == fill.fingerprint)
            let transfer = try #require(kept.transfer)
            #expect(transfer.ref == fill.ref && transfer.at == LanePlace(batch: 1, place: 0))
            #expect(transfer.row.details == details && transfer.row.recordedAt == LedgerWorld.now)
            #expect(transfer.entries.map(\.leg) == legs)
            let terms = try await keys.transfer(hold.ref)?.row.hold
            #expect(terms?.amount == (try world.euro(4)) && terms?.accountID == world.wallets[0].ref.id)
            let refusal = try #require(try await keys.answer(world.one, refused.key))
            #expect(refusal.decision.verdict == .idTaken && refusal.transfer == nil)
            #expect(try await keys.answer(to: fill) == .repeated(kept.decision))
            #expect(try await keys.answer(to: world.topUp("a", 11)) == .keyReused)
            #expect(try await keys.answer(to: world.topUp("new", 11)) == nil)
        }
        try await check(LedgerKeys(world.billing), legs: [0, 1])
        // The tenant sees its wallet's leg and not the till's; the operator both; another tenant nothing.
        try await world.database.transaction(in: world.one) { (transaction) async throws in
            try await check(LedgerKeys(transaction), legs: [1])
        }
        try await world.database.transaction(in: world.operatorID) { (transaction) async throws in
            try await check(LedgerKeys(transaction), legs: [0, 1])
        }
        try await world.database.transaction(in: world.two) { (transaction) async throws in
            #expect(try await LedgerKeys(transaction).answer(world.one, fill.key) == nil)
            #expect(try await LedgerKeys(transaction).transfer(fill.ref) == nil)
        }
        await world.close()
    }

    /// Batches of one top-up each, a minute apart, of 1, 2, 3 … units.
    private static func minutes(_ count: Int) async throws -> LedgerWorld {
        let world = try await LedgerWorld()
        for number in 1...count {
            try await world.commit(
                try world.topUp("m\(number)", Int64(number)),
                at: LedgerWorld.now + .seconds(60 * number)
            )
        }
        return world
    }

    @Test(.proves("WAL-10")) func `a history is read by pages and by time, and a balance at any moment`() async throws {
        let world = try await Self.minutes(9)
        let wallet = world.wallets[0].ref
        let reader = LedgerReader(world.billing)
        func minute(_ number: Int, _ more: Duration = .zero) -> Timestamp {
            LedgerWorld.now + .seconds(60 * number) + more
        }
        for number in 0...10 {
            // Before a moment is before it: what was recorded just then is not in it.
            let before = Int64((number - 1) * number / 2)
            let at = try await reader.balance(of: wallet, at: minute(number))
            #expect(at?.tenThousandths == (number == 0 ? 0 : min(before, 45)), "\(number)")
            let after = try await reader.balance(of: wallet, at: minute(number, .microseconds(1)))
            #expect(after?.tenThousandths == min(before + Int64(number), 45), "\(number)")
        }
        for first in 0...10 {
            for last in 0...10 {
                let found = try await reader.history(of: wallet, from: minute(first), until: minute(last), limit: 20)
                let expected = (1...9).filter { (first..<max(first, last)).contains($0) }.reversed().map { Int64($0) }
                #expect(found.map(\.sequence) == expected, "\(first) \(last)")
            }
        }
        // Pages within a range, and ranges with one end.
        let page = try await reader.history(of: wallet, from: minute(3), until: minute(8), limit: 2)
        #expect(page.map(\.amount.tenThousandths) == [7, 6])
        let rest = try await reader.history(of: wallet, before: 6, from: minute(3), until: minute(8), limit: 9)
        #expect(rest.map(\.amount.tenThousandths) == [5, 4, 3])
        #expect(try await reader.history(of: wallet, from: minute(8), limit: 9).map(\.sequence) == [9, 8])
        #expect(try await reader.history(of: wallet, until: minute(3), limit: 9).map(\.sequence) == [2, 1])
        #expect(try await reader.history(of: wallet, limit: 2).map(\.balanceAfter.tenThousandths) == [45, 36])
        #expect(try await reader.balance(of: world.wallets[1].ref, at: minute(5)) == Money.zero(.euro))
        let nobody = AccountRef(tenantID: world.one, id: world.ids.next())
        #expect(try await reader.balance(of: nobody, at: minute(5)) == nil)
        #expect(try await reader.history(of: nobody, from: minute(1), until: minute(5), limit: 9).isEmpty)
        await world.close()
    }

    @Test(.proves("WAL-10", "TEN-03")) func `a tenant reads its own accounts' past and no others'`() async throws {
        let world = try await Self.minutes(3)
        let (own, till, end) = (world.wallets[0].ref, world.till.ref, LedgerWorld.now + .seconds(600))
        try await world.database.transaction(in: world.one) { (transaction) async throws in
            let reader = LedgerReader(transaction)
            #expect(try await reader.balance(of: own, at: end)?.tenThousandths == 6)
            let history = try await reader.history(of: own, until: end, limit: 9)
            #expect(history.map { $0.transfer?.kind } == [.post, .post, .post])
            #expect(try await reader.balance(of: till, at: end) == nil)
            #expect(try await reader.history(of: till, until: end, limit: 9).isEmpty)
        }
        await world.close()
    }

    @Test(.proves("WAL-09")) func `holds that are due are found in pages, the longest over first, and expire`()
        async throws
    {
        let world = try await LedgerWorld()
        let ends = [3, 1, 2, 1, 9].map { LedgerWorld.now + .seconds($0) }
        let holds = try ends.enumerated().map { number, end in
            try world.command(
                "h\(number)",
                .hold(account: world.wallets[0].ref, amount: world.euro(10), expiresAt: end)
            )
        }
        let open = try world.command("o", .hold(account: world.wallets[0].ref, amount: world.euro(1), expiresAt: nil))
        try await world.commit(try world.topUp("a", 100), open)
        try await world.writing { _ = try await $0.commit(holds) }
        let due = LedgerHoldsDue(world.billing)
        let now = LedgerWorld.now + .seconds(3)
        #expect(try await due.page(of: world.lane, at: LedgerWorld.now, limit: 9).holds.isEmpty)
        var found: [Hold] = []
        var cursor: LedgerHoldsDue.Cursor?
        repeat {
            let page = try await due.page(of: world.lane, at: now, after: cursor, limit: 2)
            #expect(page.holds.count <= 2)
            found += page.holds
            cursor = page.next
        } while cursor != nil
        let firsts = Set([holds[1].ref, holds[3].ref])
        #expect(found.count == 4 && Set(found.prefix(2).map(\.ref)) == firsts)
        #expect(found.suffix(2).map(\.ref) == [holds[2].ref, holds[0].ref])
        // One is released meanwhile: its expiry is refused, and nothing is wrong.
        try await world.commit(try world.command("r", .release(hold: holds[2].id)))
        let verdicts = try await world.writing(at: now) { writer in
            try await writer.commit(found.map { $0.expiry(id: world.ids.next()) }).answers.map { $0.decision?.verdict }
        }
        #expect(verdicts == [.posted, .posted, .nothingHeld, .posted])
        #expect(try await due.page(of: world.lane, at: now, limit: 9).holds.isEmpty)
        #expect(try await LedgerReader(world.billing).account(world.wallets[0].ref)?.held == 11)
        #expect(try await world.verify().discrepancy == nil)
        await world.close()
    }

    @Test(.proves("WAL-13", "WAL-14", "WAL-16")) func `figures tell where each lane stands`() async throws {
        let world = try await LedgerWorld()
        let figures = LedgerFigures(world.billing)
        let new = try #require(try await figures.read().first)
        #expect(new.lane == world.lane && new.accounts == 5 && new.sum == 0 && new.progress == nil)
        #expect(new.clearing.map(\.unsettledSince) == [nil] && new.clearing.map(\.gateway) == ["till"])
        func minute(_ number: Int) -> Timestamp { LedgerWorld.now + .seconds(60 * number) }
        let hold = try world.command("h", .hold(account: world.wallets[0].ref, amount: world.euro(4), expiresAt: nil))
        try await world.commit(try world.topUp("a", 10), hold, at: minute(1))
        try await world.commit(try world.topUp("b", 5, wallet: 2), at: minute(2))
        let owing = try #require(try await figures.read().first)
        #expect(owing.clearing.map(\.balance) == [-15] && owing.clearing.map(\.unsettledSince) == [minute(1)])
        #expect(owing.sum == 0 && owing.held == 4)
        let wallets = Dictionary(uniqueKeysWithValues: owing.wallets.map { ($0.tenantID, $0) })
        #expect(wallets.count == 2 && wallets.values.allSatisfy { $0.owners == .customer })
        #expect(wallets[world.one]?.balance == 10 && wallets[world.one]?.held == 4 && wallets[world.one]?.accounts == 2)
        #expect(wallets[world.two]?.balance == 5 && wallets[world.two]?.held == 0)
        #expect(owing.progress?.batch == 2 && owing.progress?.recordedAt == minute(2))
        #expect(owing.progress?.checkpoint == 0 && owing.progress?.unsignedSince == minute(1))
        // Settled to the last unit, and then owing anew.
        let settle = try world.command(
            "s",
            .transfer(from: world.revenue.ref, to: world.till.ref, amount: world.euro(15))
        )
        try await world.commit(settle, at: minute(3))
        _ = try await LedgerCheckpoints(world.billing).sign(with: world.keyring, now: minute(4))
        let settled = try #require(try await figures.read().first)
        #expect(settled.clearing.map(\.balance) == [0] && settled.clearing.map(\.unsettledSince) == [nil])
        #expect(settled.progress?.checkpoint == 3 && settled.progress?.signedAt == minute(4))
        #expect(settled.progress?.unsignedSince == nil)
        try await world.commit(try world.topUp("c", 1), at: minute(5))
        try await world.commit(try world.topUp("d", 1), at: minute(6))
        let anew = try #require(try await figures.read().first)
        #expect(anew.clearing.map(\.unsettledSince) == [minute(5)] && anew.progress?.unsignedSince == minute(5))
        // What does not add up shows.
        try await world.tamper(["UPDATE ledger_accounts SET balance = balance + 7 WHERE id = '\(world.revenue.ref.id)'"]
        )
        #expect(try await figures.read().map(\.sum) == [7])
        await world.close()
    }
}
