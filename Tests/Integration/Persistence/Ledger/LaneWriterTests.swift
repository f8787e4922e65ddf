import Domain
import Events
import Ledger
import Persistence
import Postgres
import SharedTesting
import Testing
import WireFormat

/// The lane's writer against a real server.
@Suite(.serialized) struct LaneWriterTests {
    @Test(.proves("WAL-04", "WAL-05", "WAL-07", "WAL-10", "WAL-16"))
    func `a batch is written whole, with one event, and is read back`() async throws {
        let world = try await LedgerWorld()
        let details = try TransferDetails(
            .topUp,
            reference: "pay_1",
            description: "Cash \"é\" \\ \u{1F600}",
            metadata: ["b": "2", "a": "\"\u{1}\""]
        )
        let topUp = try world.command(
            "a",
            .transfer(from: world.till.ref, to: world.wallets[0].ref, amount: world.euro(1_000_000)),
            details: details
        )
        let answers = try await world.writing { writer in
            try await writer.commit([
                topUp, world.spend("b", 400_000), world.spend("c", 600_001), world.spend("b", 400_000),
            ]).answers
        }
        #expect(answers.map { $0.decision?.verdict } == [.posted, .posted, .insufficient, .posted])
        #expect(answers[3] == answers[1].decision.map { .repeated($0) })
        #expect(try await world.balance(world.wallets[0]) == 600_000)
        #expect(try await world.balance(world.revenue) == 400_000)
        let counts = try await world.counts()
        #expect(counts["ledger_keys"] == 3 && counts["ledger_transfers"] == 2 && counts["ledger_entries"] == 4)
        #expect(counts["ledger_batches"] == 1 && counts["outbox"] == 1)
        let reader = LedgerReader(world.billing)
        let history = try await reader.history(of: world.wallets[0].ref, before: nil, limit: 1)
        #expect(history.map(\.amount.tenThousandths) == [-400_000])
        #expect(history.map(\.balanceAfter.tenThousandths) == [600_000])
        let older = try await reader.history(of: world.wallets[0].ref, before: history[0].sequence, limit: 5)
        #expect(older.map(\.transfer?.details) == [details] && older.map(\.transferID) == [topUp.id])
        let kept = try await LedgerKeys(world.billing).answer(topUp.tenantID, topUp.key)
        #expect(kept?.decision == answers[0].decision && kept?.transfer?.entries.map(\.leg) == [0, 1])
        try await Self.checkEvent(world)
        #expect(try await world.verify().discrepancy == nil)
        await world.close()
    }

    private static func checkEvent(_ world: LedgerWorld) async throws {
        let row = try await world.superuser.query(
            "SELECT tenant_id::text, type, data FROM outbox WHERE subject = 'ledger.advanced'"
        ).first
        #expect(row?[0].text == world.operatorID.description && row?[1].text == LedgerAdvanced.type)
        var json = JSONReader(Array((row?[2].text ?? "").utf8))
        let event = try LedgerAdvanced(from: &json)
        #expect(event.batch == 1 && event.currency == .euro && event.transfers == 2 && event.refusals == 1)
        let wallet = event.accounts.first { $0.accountID == world.wallets[0].ref.id.value }
        #expect(wallet?.balance == 600_000 && wallet?.sequence == 2 && event.accounts.count == 3)
        let digest = try await world.superuser.query("SELECT encode(last_digest, 'hex') FROM ledger_lanes").first
        #expect(event.digest == digest?[0].text)
    }

    @Test(.proves("WAL-05")) func `a writer that was replaced writes nothing`() async throws {
        let world = try await LedgerWorld()
        let (first, firstSession) = world.writer("first", lease: .zero)
        let (second, secondSession) = world.writer("second")
        #expect(try await first.take())
        _ = try await first.commit([try world.topUp("a", 10)])
        #expect(try await second.take())
        let before = try await world.counts()
        await #expect(throws: LaneFault.fenced) { try await first.commit([try world.topUp("b", 10)]) }
        await #expect(throws: LaneFault.notLeading) { try await first.commit([try world.topUp("c", 10)]) }
        #expect(try await world.counts() == before)
        #expect(try await world.balance(world.wallets[0]) == 10)
        // While the other's lease lasts the lane is not to be had; when it is given back it is.
        #expect(try await !first.take())
        _ = try await second.commit([try world.topUp("b", 5)])
        try await second.renew()
        try await second.giveBack()
        #expect(try await first.take())
        await #expect(throws: LaneFault.notLeading) { try await second.renew() }
        #expect(try await world.verify().discrepancy == nil)
        await firstSession.close()
        await secondSession.close()
        await world.close()
    }

    @Test(.proves("WAL-05", "WAL-06")) func `two writers that take the lane from each other leave one ledger`()
        async throws
    {
        let world = try await LedgerWorld()
        var answered: [String: Int] = [:]
        let results = try await withThrowingTaskGroup(of: [String: Int].self) { group in
            for name in ["left", "right"] {
                let (writer, session) = world.writer(name, lease: .zero)
                group.addTask {
                    var done: [String: Int] = [:]
                    for number in 0..<60 {
                        // Until it is answered, with the lane taken anew each time it was lost.
                        let command = try world.topUp("\(name) \(number)", 7)
                        try await eventually(within: .seconds(60)) {
                            if writer.epoch == nil, try await !writer.take() { return false }
                            guard let answer = try? await writer.commit([command]).answers else { return false }
                            if answer[0].decision?.verdict == .posted { done["\(name) \(number)"] = 7 }
                            return true
                        }
                    }
                    await session.close()
                    return done
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for part in results { answered.merge(part) { $0 + $1 } }
        #expect(answered.count == 120)
        #expect(try await world.balance(world.wallets[0]) == 120 * 7)
        let verdict = try await world.verify(stretch: 50)
        #expect(verdict.discrepancy == nil && verdict.batches == 120)
        let epochs = try await world.superuser.query("SELECT count(DISTINCT epoch) FROM ledger_batches").first?[0].int64
        #expect(epochs ?? 0 >= 1)
        await world.close()
    }

    @Test(.proves("WAL-06")) func `one key sent a hundred times at once has one effect and one answer`() async throws {
        let world = try await LedgerWorld()
        let decisions = try await world.writing { writer in
            try await withThrowingTaskGroup(of: TransferDecision?.self) { group in
                for _ in 0..<100 {
                    // Each with an id of its own, as resends have.
                    let command = try world.topUp("the key", 33)
                    group.addTask { try await writer.commit([command]).answers[0].decision }
                }
                return try await group.reduce(into: Set<TransferDecision?>()) { $0.insert($1) }
            }
        }
        #expect(decisions.count == 1 && decisions.first??.verdict == .posted)
        #expect(try await world.balance(world.wallets[0]) == 33)
        #expect(try await world.counts()["ledger_batches"] == 1)
        await world.close()
    }

    @Test(.proves("WAL-06")) func `a key is used once, also by lanes that are written at the same moment`() async throws
    {
        let world = try await LedgerWorld()
        let franc = try Currency("XOF")
        let accounts = try await AccountOpener(world.billing, ids: world.ids).open(
            [AccountKind.clearing(gateway: "till"), .revenue].map { kind in
                AccountWish(
                    tenantID: world.operatorID,
                    rootID: world.operatorID,
                    owner: .tenant(world.operatorID),
                    kind: kind,
                    currency: franc
                )
            }
        )
        let (euros, euroSession) = world.writer()
        let (francs, francSession) = world.writer(lane: Lane(rootID: world.operatorID, currency: franc))
        #expect(try await euros.take())
        #expect(try await francs.take())
        let amount = try Money(tenThousandths: 9, currency: franc)
        for number in 0..<40 {
            let euro = try world.topUp("k\(number)", 9)
            let other = try world.command(
                "k\(number)",
                .transfer(from: accounts[0].ref, to: accounts[1].ref, amount: amount)
            )
            async let left = euros.commit([euro])
            async let right = francs.commit([other])
            let answers = try await [left.answers[0], right.answers[0]]
            #expect(answers.filter { $0.decision?.verdict == .posted }.count == 1, "\(number)")
            #expect(answers.filter { $0 == .keyReused }.count == 1)
        }
        let inEuros = try await world.balance(world.wallets[0])
        #expect(try await world.balance(accounts[1]) + inEuros == 40 * 9)
        try await LedgerVerifier.run(on: world.billing, keyring: world.keyring) { #expect($0.discrepancy == nil) }
        await euroSession.close()
        await francSession.close()
        await world.close()
    }

    @Test(.proves("WAL-05", "WAL-06")) func `a connection that breaks anywhere leaves nothing half`() async throws {
        let world = try await LedgerWorld()
        let (writer, session) = world.writer()
        #expect(try await writer.take())
        for number in 0..<60 {
            let commands = try (0..<5).map { try world.topUp("k\(number)-\($0)", 3) }
            async let broken: Void = Self.breakConnections(world)
            var answers: [TransferAnswer] = []
            try await eventually(within: .seconds(60)) {
                // An unknown outcome: the same again.
                guard let committed = try? await writer.commit(commands) else { return false }
                answers = committed.answers
                return true
            }
            try await broken
            #expect(answers.allSatisfy { $0.decision?.verdict == .posted })
            #expect(try await world.balance(world.wallets[0]) == Int64((number + 1) * 15))
        }
        let counts = try await world.counts()
        #expect(counts["ledger_keys"] == 300 && counts["ledger_entries"] == 600)
        #expect(counts["ledger_batches"] == 60 && counts["outbox"] == 60)
        #expect(try await world.verify(stretch: 50).discrepancy == nil)
        await session.close()
        await world.close()
    }

    private static func breakConnections(_ world: LedgerWorld) async throws {
        _ = try await world.superuser.query(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'lane-writer' AND datname = current_database()
            """
        )
    }

    @Test func `what is stored decides as what is in memory does`() async throws {
        let world = try await LedgerWorld()
        var random = SeededRandom()
        var memory = LedgerBatch(
            number: 1,
            recordedAt: LedgerWorld.now,
            lane: world.lane,
            state: LedgerState(accounts: [world.till, world.revenue] + world.wallets)
        )
        try await world.writing { writer in
            var earlier: [TransferRef] = []
            for round in 0..<120 {
                var commands: [TransferCommand] = []
                for place in 0..<Int.random(in: 1...8, using: &random) {
                    let command = try Self.random(world, "k\(round)-\(place)", earlier, &random)
                    earlier.append(command.ref)
                    commands.append(command)
                }
                let answers = try await writer.commit(commands).answers
                let expected = commands.map { memory.apply($0).decision?.verdict }
                #expect(answers.map { $0.decision?.verdict } == expected, "round \(round)")
            }
        }
        for account in memory.changedAccounts {
            let stored = try await LedgerReader(world.billing).account(account.ref)
            #expect(stored == account)
        }
        for hold in memory.placedHolds { #expect(try await LedgerReader(world.billing).hold(hold.ref) == hold) }
        let verdict = try await world.verify(stretch: 11)
        #expect(verdict.discrepancy == nil && verdict.rows == Int64(memory.rows.leaves.count))
        await world.close()
    }

    private static func random(
        _ world: LedgerWorld,
        _ key: String,
        _ earlier: [TransferRef],
        _ random: inout SeededRandom
    ) throws -> TransferCommand {
        let accounts = [world.till, world.revenue] + world.wallets
        let from = accounts.randomElement(using: &random) ?? world.till
        let to = accounts.randomElement(using: &random) ?? world.revenue
        let amount = try world.euro(Int64.random(in: 1...500, using: &random))
        let target = earlier.randomElement(using: &random) ?? TransferRef(tenantID: world.one, id: world.ids.next())
        let action: TransferCommand.Action =
            switch Int.random(in: 0..<11, using: &random) {
            case 0...3: .transfer(from: from.ref, to: to.ref, amount: amount)
            case 4, 5: .hold(account: from.ref, amount: amount, expiresAt: nil)
            case 6, 7: .capture(hold: target.id, credits: [Leg(to.ref, amount)])
            case 8: .release(hold: target.id)
            case 9: .reverse(target.id)
            default: .refund(target.id, amount: Bool.random(using: &random) ? amount : nil)
            }
        let owner = action.target == nil ? from.ref.tenantID : target.tenantID
        return try world.command(key, action, tenant: owner)
    }

    @Test(.proves("WAL-01", "WAL-15")) func `an account is opened once, whoever asks, and closed only when empty`()
        async throws
    {
        let world = try await LedgerWorld()
        let wish = AccountWish(
            tenantID: world.one,
            rootID: world.operatorID,
            owner: world.wallets[0].owner,
            kind: .wallet,
            currency: try Currency("USD")
        )
        let opened = try await withThrowingTaskGroup(of: [LedgerAccount].self) { group in
            for _ in 0..<8 {
                let session = PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_billing"))
                group.addTask {
                    let accounts = try await AccountOpener(session, ids: world.ids).open([wish, wish])
                    await session.close()
                    return accounts
                }
            }
            return try await group.reduce(into: Set<LedgerAccount>()) { $0.formUnion($1) }
        }
        #expect(opened.count == 1)
        let own = try await LedgerReader(world.billing).accounts(of: wish.owner, in: world.one)
        #expect(own.map(\.currency.code) == ["EUR", "USD"])
        let opener = AccountOpener(world.billing, ids: world.ids)
        try await world.writing { writer in
            _ = try await writer.commit([try world.topUp("a", 10)])
            let wallet = world.wallets[0].ref
            await #expect(throws: PersistenceError.refused(constraint: "ledger_accounts_closed_empty")) {
                try await opener.close(wallet)
            }
            await #expect(throws: PersistenceError.refused(constraint: "ledger_accounts_floor")) {
                try await opener.setFloor(of: wallet, to: world.euro(11))
            }
            try await opener.setFloor(of: wallet, to: world.euro(-5))
            let spent = try await writer.commit([try world.spend("b", 15), try world.spend("c", 1)]).answers
            #expect(spent.map { $0.decision?.verdict } == [.posted, .insufficient])
            try await opener.close(world.wallets[1].ref)
            let late = try await writer.commit([try world.topUp("d", 1, wallet: 1)]).answers
            #expect(late[0].decision?.verdict == .accountClosed)
        }
        #expect(try await world.verify().discrepancy == nil)
        await world.close()
    }
}
