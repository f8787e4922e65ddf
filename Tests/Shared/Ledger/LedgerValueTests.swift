import Domain
import Ledger
import SharedTesting
import Testing

/// Rates, keys, texts and conversions.
@Suite struct LedgerValueTests {
    @Test(
        arguments: [
            ("655.957", 6_559_570_000_000, "655.9570000000"), ("0.0015244902", 15_244_902, "0.0015244902"),
            ("1", 10_000_000_000, "1.0000000000"), ("0.0000000001", 1, "0.0000000001"),
        ] as [(String, Int64, String)]
    )
    func `a rate is exact`(text: String, units: Int64, printed: String) throws {
        let rate = try #require(ExchangeRate(text))
        #expect(rate.tenBillionths == units && rate.description == printed)
        #expect(ExchangeRate(printed) == rate)
    }

    @Test(arguments: ["", "0", "-1", ".5", "1.", "1.00000000001", "1e3", "1,5", "1.2.3", "1234567890", "+1", " 1"])
    func `what is no rate is refused`(text: String) {
        #expect(ExchangeRate(text) == nil)
    }

    @Test(.proves("WAL-15")) func `a conversion is exact to the ten-thousandth, halves to the even one`() throws {
        let franc = try Currency("XOF")
        let rate = try #require(ExchangeRate("655.957"))
        #expect(try rate.convert(Money("100", currency: .euro), to: franc) == Money("65595.7", currency: franc))
        let half = try #require(ExchangeRate("0.5"))
        for (units, result) in [(1, 0), (3, 2), (5, 2), (-1, 0), (-3, -2), (4, 2)] as [(Int64, Int64)] {
            let money = try Money(tenThousandths: units, currency: .euro)
            #expect(try half.convert(money, to: franc).tenThousandths == result)
        }
        let most = try Money(tenThousandths: Money.range.upperBound, currency: .euro)
        #expect(throws: MoneyError.overflow) { try rate.convert(most, to: franc) }
    }

    @Test(.proves("WAL-15")) func `a conversion's halves keep each currency at zero and name each other`() throws {
        var random = SeededRandom()
        let scene = LedgerScene()
        let franc = try Currency("XOF")
        let (euros, francs) = (
            scene.accounts.filter { $0.currency == .euro }, scene.accounts.filter { $0.currency == franc }
        )
        for _ in 0..<100 {
            let rate = try #require(
                ExchangeRate(tenBillionths: Int64.random(in: 1...9_000_000_000_000, using: &random))
            )
            let sold = try Money(tenThousandths: Int64.random(in: 1...10_000_000, using: &random), currency: .euro)
            let bought = try rate.convert(sold, to: franc)
            guard bought.isPositive else {
                // Less than half a ten-thousandth buys nothing.
                #expect(Int128(sold.tenThousandths) * Int128(rate.tenBillionths) <= Int128(ExchangeRate.one / 2))
                continue
            }
            var accounts = scene.accounts
            accounts[0].balance = sold.tenThousandths
            let state = LedgerState(accounts: accounts)
            var batch = LedgerBatch(number: 1, recordedAt: LedgerScene.start, state: state)
            func half(_ id: UInt64, _ from: AccountRef, _ to: AccountRef, _ sale: TransferID?) throws -> TransferCommand
            {
                let record = ExchangeRecord(rate: rate, sold: sold, bought: bought, sale: sale)
                return TransferCommand(
                    id: TransferID(LedgerScene.id(id)),
                    tenantID: LedgerScene.root,
                    key: try scene.keyed("k\(id)"),
                    action: .transfer(from: from, to: to, amount: record.amount),
                    details: TransferDetails(.exchange),
                    exchange: record
                )
            }
            let sale = try half(1, euros[0].ref, euros[5].ref, nil)
            #expect(batch.apply(sale).decision?.verdict == .posted)
            let purchase = try half(2, francs[5].ref, francs[0].ref, sale.id)
            #expect(batch.apply(purchase).decision?.verdict == .posted)
            #expect(batch.decisions.count == 2 && batch.entries.count == 4)
            #expect(batch.decisions.last?.transfer?.exchange?.sale == sale.id)
            let balances = batch.changedAccounts.map(\.balance)
            let (gone, come) = (sold.tenThousandths, bought.tenThousandths)
            #expect(balances.sorted() == [0, gone, -come, come].sorted())
        }
    }

    @Test(.proves("WAL-06")) func `a key is printable ASCII of 1 to 128 octets`() {
        for text in ["a", "5f1c-…".replacing("…", with: "~ "), String(repeating: "k", count: 128)] {
            #expect(IdempotencyKey(text)?.text == text)
        }
        for text in ["", String(repeating: "k", count: 129), "é", "a\nb", "a\u{7f}", "\0"] {
            #expect(IdempotencyKey(text) == nil)
        }
    }

    @Test func `texts that the database would not keep are refused`() {
        #expect(throws: TransferTextError.malformedDescription) {
            try TransferDetails(.topUp, description: String(repeating: "x", count: 501))
        }
        #expect(throws: TransferTextError.malformedReference) { try TransferDetails(.topUp, reference: "") }
        #expect(throws: TransferTextError.malformedReference) { try TransferDetails(.topUp, reference: "a\0b") }
        #expect(throws: TransferTextError.malformedMetadata) { try TransferDetails(.topUp, metadata: ["": "x"]) }
        for name in ["", "Top", "1a", "a-b", String(repeating: "a", count: 41)] {
            #expect(throws: TransferTextError.malformedPurpose) { try TransferPurpose(name) }
        }
    }

    @Test func `each part of a command is in its fingerprint, and its id and key are not`() throws {
        let accounts = LedgerScene().accounts.map(\.ref)
        let now = LedgerScene.start
        func fingerprint(
            _ action: TransferCommand.Action,
            id: UInt64 = 1,
            key: String = "k",
            tenant: TenantID = LedgerScene.root,
            effectiveAt: Timestamp? = nil,
            details: TransferDetails = TransferDetails(.topUp),
            exchange: ExchangeRecord? = nil
        ) throws -> [UInt8] {
            TransferCommand(
                id: TransferID(LedgerScene.id(id)),
                tenantID: tenant,
                key: try LedgerScene().keyed(key),
                action: action,
                effectiveAt: effectiveAt,
                details: details,
                exchange: exchange
            ).fingerprint
        }
        let (one, two) = (try LedgerScene.euro(1), try LedgerScene.euro(2))
        let move = TransferCommand.Action.transfer(from: accounts[0], to: accounts[1], amount: one)
        let same = try fingerprint(move)
        #expect(try fingerprint(move, id: 2, key: "other") == same)
        let legs = [Leg(accounts[0], one.negated), Leg(accounts[1], one)]
        #expect(try fingerprint(.post(legs)) == same)
        let target = TransferID(LedgerScene.id(5))
        let rate = try #require(ExchangeRate("2"))
        let others = [
            try fingerprint(.transfer(from: accounts[0], to: accounts[1], amount: two)),
            try fingerprint(.transfer(from: accounts[1], to: accounts[0], amount: one)),
            try fingerprint(.post(legs.reversed())), try fingerprint(.post(legs + legs)),
            try fingerprint(.hold(account: accounts[0], amount: one, expiresAt: nil)),
            try fingerprint(.hold(account: accounts[0], amount: one, expiresAt: now)),
            try fingerprint(.capture(hold: target, credits: legs)), try fingerprint(.release(hold: target)),
            try fingerprint(.expire(hold: target)), try fingerprint(.reverse(target)),
            try fingerprint(.refund(target, amount: nil)), try fingerprint(.refund(target, amount: one)),
            try fingerprint(.refund(target, amount: two)),
            try fingerprint(.refund(target, amount: Money(tenThousandths: 1, currency: Currency("XOF")))),
            try fingerprint(.refund(TransferID(LedgerScene.id(6)), amount: one)),
            try fingerprint(move, tenant: LedgerScene.shop), try fingerprint(move, effectiveAt: now),
            try fingerprint(move, details: TransferDetails(.refund)),
            try fingerprint(move, details: TransferDetails(.topUp, reference: "r")),
            try fingerprint(move, details: TransferDetails(.topUp, description: "r")),
            try fingerprint(move, details: TransferDetails(.topUp, metadata: ["r": ""])),
            try fingerprint(move, details: TransferDetails(.topUp, metadata: ["r": "s"])),
            try fingerprint(move, exchange: ExchangeRecord(rate: rate, sold: one, bought: two, sale: nil)),
            try fingerprint(move, exchange: ExchangeRecord(rate: rate, sold: one, bought: two, sale: target)),
        ]
        #expect(Set(others + [same]).count == others.count + 1)
    }
}
