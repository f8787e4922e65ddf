import Balances
import Billing
import Domain
import Events
import Ledger
import Persistence
import Postgres
import Redis
import SharedTesting
import Testing

/// The daemon itself, driven by commands as the gateway sends them.
@Suite(.serialized) struct LedgerCommandTests {
    @Test(.proves("WAL-03", "WAL-06", "WAL-07", "WAL-11", "WAL-15", "WAL-16"))
    func `commands are done once and answered with what became of them`() async throws {
        let world = try await MoneyWorld()
        let worker = try await world.worker()
        let topUp = try world.topUp("a", "100.0000")
        let first = try await world.settle(topUp)
        #expect(first.isPosted)
        #expect(first.balances.map(\.balance.decimal) == ["100.0000"])
        // Another sending has another id, and is the same command.
        let again = try await world.settle(try world.topUp("a", "100.0000"))
        #expect(again.outcome == .decided(.posted, topUp.id, repeated: true))
        #expect(try await world.settle(try world.topUp("a", "100.0001")).outcome == .keyReused)
        let spent = try await world.settle(try world.charge("b", "30.0000"))
        #expect(spent.balances.map(\.amount.decimal) == ["-30.0000"])
        let tooMuch = try world.charge("c", "70.0001")
        #expect(
            try await world.settle(tooMuch).outcome == .decided(.insufficient, tooMuch.id, repeated: false)
        )
        #expect(try await world.balance() == 700_000)
        try await checkCorrections(world)
        try await checkCover(world)
        try await checkConversion(world)
        try await checkFlaws(world)
        try await checkCache(world)
        try await world.verify()
        #expect(try await worker.stop() == 0)
        try await world.close()
    }

    /// A sale in one lane, a purchase in another; what does not follow from the rate is none.
    private func checkConversion(_ world: MoneyWorld) async throws {
        let (customer, franc) = (AccountOwner.customer(world.customers[1]), try Currency("XOF"))
        #expect(try await world.settle(world.topUp("rich", "100", customer: 1)).isPosted)
        let rate = try #require(ExchangeRate("655.957"))
        func record(_ sold: String, _ bought: String, sale: TransferID? = nil) throws -> ExchangeRecord {
            ExchangeRecord(
                rate: rate,
                sold: try world.euro(sold),
                bought: try Money(bought, currency: franc),
                sale: sale
            )
        }
        let other = Lane(rootID: world.lane.rootID, currency: franc)
        let sale = try world.command("sale", .exchange(customer, record("60", "39357.42")), purpose: .exchange)
        let sold = try await world.settle(sale)
        #expect(sold.isPosted && sold.balances.map(\.balance.decimal) == ["40.0000"])
        let purchase = try world.command(
            "purchase",
            .exchange(customer, record("60", "39357.42", sale: sale.id)),
            purpose: .exchange,
            lane: other
        )
        let bought = try await world.settle(purchase)
        #expect(bought.isPosted && bought.balances.map(\.balance.decimal) == ["39357.4200"])
        let much = try world.command("too much", .exchange(customer, record("60", "39357.42")), purpose: .exchange)
        #expect(try await world.settle(much).outcome == .decided(.insufficient, much.id, repeated: false))
        let wrong = try world.command("wrong", .exchange(customer, record("1", "656")), purpose: .exchange)
        #expect(try await world.settle(wrong).outcome == .invalid(.unreadable))
        let stray = try world.command(
            "stray",
            .exchange(customer, record("1", "655.957")),
            purpose: .exchange,
            lane: other
        )
        #expect(try await world.settle(stray).outcome == .invalid(.currencyMismatch))
        let kept = try await world.billing.query(
            "SELECT count(*) FROM ledger_transfers WHERE rate = 6559570000000 AND (sale_id IS NULL) = (currency = 'EUR')"
        )
        #expect(kept.first?[0].int64 == 2)
    }

    /// Adjustments, holds, payouts and reversals.
    private func checkCorrections(_ world: MoneyWorld) async throws {
        let customer = AccountOwner.customer(world.customers[0])
        let up = try world.command("up", .adjust(customer, amount: world.euro("5")), purpose: .adjustment)
        #expect(try await world.settle(up).isPosted)
        let down = try world.command("down", .adjust(customer, amount: world.euro("-15")), purpose: .adjustment)
        #expect(try await world.settle(down).isPosted)
        #expect(try await world.settle(world.command("undo", .reverse(down.id), purpose: .correction)).isPosted)
        let hold = try world.command(
            "hold",
            .hold(customer, amount: world.euro("50"), expiresAt: nil),
            purpose: .invoice
        )
        #expect(try await world.settle(hold).isPosted)
        let paidOut = try world.command(
            "payout",
            .payOut(customer, amount: world.euro("25.0001"), gateway: "cash"),
            purpose: .payout
        )
        // 75 are there and 50 of them are held.
        #expect(
            try await world.settle(paidOut).outcome == .decided(.insufficient, paidOut.id, repeated: false)
        )
        let captured = try world.command(
            "capture",
            .capture(hold: hold.id, amount: world.euro("20"), shared: true),
            purpose: .invoice
        )
        #expect(try await world.settle(captured).isPosted)
        #expect(try await world.settle(world.command("release", .release(hold: hold.id))).isPosted)
        #expect(try await world.balance() == 550_000)
    }

    /// A tenant's wallet may be clawed back below zero; nobody takes out of it what is not there.
    private func checkCover(_ world: MoneyWorld) async throws {
        let owner = AccountOwner.tenant(world.provider)
        let topUp = try world.command("cover", .topUp(owner, amount: world.euro("10"), gateway: "cash"))
        #expect(try await world.settle(topUp).isPosted)
        let much = try world.command("much", .payOut(owner, amount: world.euro("10.0001"), gateway: "bank"))
        #expect(try await world.settle(much).outcome == .decided(.insufficient, much.id, repeated: false))
        let held = try world.command("held", .hold(owner, amount: world.euro("10.0001"), expiresAt: nil))
        #expect(try await world.settle(held).outcome == .decided(.insufficient, held.id, repeated: false))
        let down = try world.command("below", .adjust(owner, amount: world.euro("-10.0001")), purpose: .adjustment)
        #expect(try await world.settle(down).isPosted)
    }

    /// What cannot be meant is told so and leaves the key free.
    private func checkFlaws(_ world: MoneyWorld) async throws {
        let stranger = AccountOwner.customer(world.ids.next())
        let nobody = try world.command("n", .topUp(stranger, amount: world.euro("1"), gateway: "cash"))
        #expect(try await world.settle(nobody).outcome == .invalid(.ownerMissing))
        let elsewhere = AccountOwner.tenant(world.operatorID)
        let other = try world.command("n", .topUp(elsewhere, amount: world.euro("1"), gateway: "cash"))
        #expect(try await world.settle(other).outcome == .invalid(.ownerMissing))
        let unnamed = try world.command("n", .topUp(.tenant(world.provider), amount: world.euro("1"), gateway: ""))
        #expect(try await world.settle(unnamed).outcome == .invalid(.malformedGateway))
        let nothing = try world.command("n", .topUp(.tenant(world.provider), amount: world.euro("0"), gateway: "x"))
        #expect(try await world.settle(nothing).outcome == .invalid(.amountNotPositive))
        let good = try world.command("n", .topUp(.tenant(world.provider), amount: world.euro("1"), gateway: "x"))
        #expect(try await world.settle(good).isPosted)
    }

    /// Redis has what Postgres has, with the batch as its version (WAL-08).
    private func checkCache(_ world: MoneyWorld) async throws {
        let row = try #require(
            try await world.billing.query(
                "SELECT id, balance, held, sequence FROM ledger_accounts WHERE owner_id = $1 AND kind = 'wallet'",
                [.id(world.customers[0])]
            ).first
        )
        let account = AccountRef(tenantID: world.provider, id: try #require(row["id"].id()))
        // The outbox's relay is another daemon: the event is handed over as it stands there.
        let events = try await world.billing.query(
            "SELECT max(number) AS number FROM ledger_batches WHERE tenant_id = $1",
            [.id(world.operatorID)]
        )
        let batch = try #require(events.first?["number"].int64)
        let cache = BalanceCache(
            RedisSession(
                try RedisURL("redis://127.0.0.1:\(world.redis.port)"),
                scripts: BalanceCache.scripts
            )
        )
        let event = try LedgerAdvanced(
            currency: .euro,
            batch: batch,
            recordedAt: .epoch,
            digest: "",
            transfers: 1,
            refusals: 0,
            accounts: [
                .init(
                    tenantID: world.provider,
                    accountID: account.id.value,
                    balance: #require(row["balance"].int64),
                    held: #require(row["held"].int64),
                    sequence: #require(row["sequence"].int64)
                )
            ]
        )
        #expect(try await cache.keep(event) == 1)
        var older = event
        older.batch -= 1
        older.accounts[0].balance = 1
        #expect(try await cache.keep(older) == 0)
        let kept = try await cache.balances(of: [account, AccountRef(tenantID: world.provider, id: world.ids.next())])
        #expect(kept[0]?.balance == 550_000 && kept[0]?.batch == batch && kept[0]?.currency == .euro)
        #expect(kept[1] == nil)
    }

    @Test(.proves("WAL-05", "WAL-06"))
    func `one key sent a thousand times at once has one effect and a thousand equal answers`() async throws {
        let world = try await MoneyWorld()
        let worker = try await world.worker()
        let answers = try await withThrowingTaskGroup(of: MoneyAnswer.Outcome.self) { group in
            for _ in 0..<1_000 {
                group.addTask { try await world.settle(try world.topUp("the key", "12.3400")).outcome }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let decided = Set(
            answers.map { outcome -> TransferID? in
                guard case .decided(.posted, let id, _) = outcome else { return nil }
                return id
            }
        )
        #expect(answers.count == 1_000 && decided.count == 1 && !decided.contains(nil))
        #expect(try await world.balance() == 123_400)
        #expect(try await world.number("SELECT count(*) FROM ledger_transfers") == 1)
        try await world.verify()
        #expect(try await worker.stop() == 0)
        try await world.close()
    }

    @Test(.proves("WAL-03", "WAL-05"))
    func `a thousand clients empty one wallet and not a cent more`() async throws {
        let world = try await MoneyWorld()
        let worker = try await world.worker()
        #expect(try await world.settle(world.topUp("a", "500.0000")).isPosted)
        let posted = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<1_000 {
                group.addTask { try await world.settle(try world.charge("c\(number)", "0.7777")).isPosted }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(posted == 642)
        #expect(try await world.balance() == 5_000_000 - 642 * 7_777)
        try await world.verify()
        #expect(try await worker.stop() == 0)
        try await world.close()
    }
}
