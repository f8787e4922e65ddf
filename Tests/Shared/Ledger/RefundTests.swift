import Domain
import Ledger
import SharedTesting
import Testing

/// Refunds in parts: what each leg gives back, and what is refused.
@Suite(.proves("WAL-11", "COM-06")) struct RefundTests {
    private let scene = LedgerScene()
    private var wallet: LedgerAccount { scene.accounts[0] }
    private var other: LedgerAccount { scene.accounts[1] }
    private var till: LedgerAccount { scene.accounts[3] }
    private var revenue: LedgerAccount { scene.accounts[4] }

    private func command(
        _ number: UInt64,
        _ action: TransferCommand.Action,
        key: String? = nil,
        tenant: TenantID = LedgerScene.root
    ) throws -> TransferCommand {
        TransferCommand(
            id: TransferID(LedgerScene.id(number)),
            tenantID: tenant,
            key: try scene.keyed(key ?? "key \(number)"),
            action: action,
            details: TransferDetails(.refund)
        )
    }

    private func batch(_ state: LedgerState? = nil) -> LedgerBatch {
        LedgerBatch(
            number: 1,
            recordedAt: LedgerScene.start,
            state: state ?? LedgerState(accounts: scene.accounts)
        )
    }

    /// A transfer that takes what the amounts come to from an account and gives each of them to another.
    private static func transfer(_ amounts: [Int64]) throws -> RefundableTransfer {
        let account = { (number: Int) in
            AccountRef(tenantID: LedgerScene.root, id: LedgerAccountID(LedgerScene.id(UInt64(number))))
        }
        let legs = try amounts.enumerated().map { Leg(account($0.offset), try LedgerScene.euro($0.element)) }
        // The one that debits stands anywhere.
        let debit = Leg(account(99), try LedgerScene.euro(-amounts.reduce(0, +)))
        return try #require(RefundableTransfer(legs: legs.dropLast() + [debit] + legs.suffix(1)))
    }

    @Test func `shares are those of units taken one by one, and follow from the whole alone`() throws {
        var random = SeededRandom()
        for _ in 0..<120 {
            let amounts = (0..<Int.random(in: 1...7, using: &random)).map { _ in
                Int64.random(in: 1...(Bool.random(using: &random) ? 4 : 30), using: &random)
            }
            let transfer = try Self.transfer(amounts)
            let total = transfer.total.tenThousandths
            var before = amounts.map { _ in Int64(0) }
            for refunded in 0...total {
                let shares = transfer.shares(of: refunded)
                #expect(shares == LedgerOracle.given(amounts, refunded), "\(refunded) of \(amounts)")
                #expect(shares.reduce(0, +) == refunded)
                for (place, share) in shares.enumerated() {
                    #expect(before[place]...amounts[place] ~= share)
                    #expect(share >= refunded * amounts[place] / total)
                    #expect((share - Int64(amounts.count)) * total < refunded * amounts[place])
                }
                before = shares
            }
            #expect(before == amounts)
        }
    }

    @Test func `parts of any size come to the same as the whole, up to the largest amounts`() throws {
        var random = SeededRandom()
        for _ in 0..<200 {
            let count = Int.random(in: 1...63, using: &random)
            let most = Money.range.upperBound / Int64(count)
            let amounts = (0..<count).map { _ in Int64.random(in: 1...most, using: &random) }
            let transfer = try Self.transfer(amounts)
            let end = Int64.random(in: 1...transfer.total.tenThousandths, using: &random)
            var sums: [AccountRef: Int64] = [:]
            var parts: [[Leg]] = []
            var refunded: Int64 = 0
            while refunded < end {
                let part =
                    Bool.random(using: &random)
                    ? end - refunded : Int64.random(in: 1...(end - refunded), using: &random)
                let legs = transfer.legs(taking: part, after: refunded)
                #expect(legs.first == Leg(transfer.payer, try LedgerScene.euro(part)))
                #expect(legs.dropFirst().allSatisfy { !$0.amount.isPositive })
                for leg in legs { sums[leg.account, default: 0] += leg.amount.tenThousandths }
                parts.append(legs)
                refunded += part
            }
            for leg in transfer.legs(taking: end, after: 0) {
                sums[leg.account, default: 0] -= leg.amount.tenThousandths
            }
            #expect(sums.values.allSatisfy { $0 == 0 })
            #expect(transfer.allows(parts))
            // A unit more than all of it, a part twice, or one from somebody else.
            let rest = transfer.total.tenThousandths - end
            if rest > 0 { #expect(transfer.allows(parts + [transfer.legs(taking: rest, after: end)])) }
            let whole = transfer.legs(taking: transfer.total.tenThousandths, after: 0)
            #expect(!transfer.allows(parts + [whole]))
            #expect(!transfer.allows(parts + [[]]))
            #expect(!transfer.allows([whole.reversed()]))
        }
    }

    @Test func `only one who pays can be refunded`() throws {
        let refs = scene.accounts.map(\.ref)
        func legs(_ amounts: Int64...) throws -> [Leg] {
            try amounts.enumerated().map { Leg(refs[$0.offset], try LedgerScene.euro($0.element)) }
        }
        #expect(RefundableTransfer(legs: try legs(-5, 5)) != nil)
        #expect(RefundableTransfer(legs: try legs(2, -5, 3))?.credits.map(\.amount.tenThousandths) == [2, 3])
        for wrong in [try legs(), try legs(5), try legs(-5), try legs(-2, -3, 5), try legs(-5, 4), try legs(0, -5, 5)] {
            #expect(RefundableTransfer(legs: wrong) == nil)
        }
    }

    @Test func `a charge is given back in parts, and never more than all of it`() throws {
        var batch = batch()
        func verdict(_ number: UInt64, _ action: TransferCommand.Action) throws -> TransferVerdict? {
            batch.apply(try command(number, action)).decision?.verdict
        }
        func balances() -> [Int64] {
            [wallet, other, revenue].map { account in
                batch.changedAccounts.first { $0.ref == account.ref }?.balance ?? 0
            }
        }
        _ = try verdict(1, .transfer(from: till.ref, to: wallet.ref, amount: try LedgerScene.euro(100)))
        let charge = try command(
            2,
            .post([
                Leg(wallet.ref, try LedgerScene.euro(-100)), Leg(other.ref, try LedgerScene.euro(60)),
                Leg(revenue.ref, try LedgerScene.euro(40)),
            ])
        )
        #expect(batch.apply(charge).decision?.verdict == .posted)
        #expect(try verdict(3, .refund(charge.id, amount: try LedgerScene.euro(101))) == .overRefund)
        #expect(try verdict(4, .refund(charge.id, amount: try LedgerScene.euro(0))) == .amountNotPositive)
        #expect(
            try verdict(5, .refund(charge.id, amount: try Money("1", currency: Currency("XOF")))) == .currencyMismatch
        )
        #expect(try verdict(6, .refund(charge.id, amount: try LedgerScene.euro(51))) == .posted)
        #expect(balances() == [51, 60 - 31, 40 - 20])
        #expect(batch.entries.suffix(3).map(\.amount.tenThousandths) == [51, -31, -20])
        #expect(try verdict(7, .refund(charge.id, amount: try LedgerScene.euro(50))) == .overRefund)
        #expect(try verdict(8, .reverse(charge.id)) == .alreadyRefunded)
        let rest = try command(9, .refund(charge.id, amount: nil))
        #expect(batch.apply(rest).decision?.verdict == .posted)
        #expect(balances() == [100, 0, 0])
        #expect(try verdict(10, .refund(charge.id, amount: nil)) == .overRefund)
        #expect(try verdict(11, .refund(charge.id, amount: try LedgerScene.euro(1))) == .overRefund)
        // A refund is final: neither taken back nor refunded, and of a reversed transfer nothing is left.
        #expect(try verdict(12, .refund(rest.id, amount: nil)) == .notRefundable)
        #expect(try verdict(13, .reverse(rest.id)) == .notReversible)
        #expect(try verdict(14, .refund(TransferID(LedgerScene.id(999)), amount: nil)) == .transferMissing)
        #expect(try verdict(15, .reverse(TransferID(LedgerScene.id(1)))) == .posted)
        #expect(try verdict(16, .refund(TransferID(LedgerScene.id(1)), amount: nil)) == .alreadyReversed)
    }

    @Test func `two refunds of one transfer share what an earlier batch left of it`() throws {
        let target = TransferRef(tenantID: LedgerScene.root, id: TransferID(LedgerScene.id(500)))
        let legs = [Leg(till.ref, try LedgerScene.euro(-90)), Leg(wallet.ref, try LedgerScene.euro(90))]
        var accounts = scene.accounts
        accounts[0].balance = 60
        accounts[3].balance = -60
        let known = KnownTransfer(ref: target, kind: .post, legs: legs, isReversed: false, refunded: 30)
        var batch = batch(LedgerState(accounts: accounts, transfers: [known]))
        let part = TransferCommand.Action.refund(target.id, amount: try LedgerScene.euro(40))
        let first = batch.apply(try command(1, part))
        #expect(first.decision?.verdict == .posted)
        #expect(batch.apply(try command(2, part)).decision?.verdict == .overRefund)
        // The same command is one refund, also with another id; another amount under its key is another command.
        #expect(batch.apply(try command(3, part, key: "key 1")) == first.decision.map { .repeated($0) })
        #expect(batch.apply(try command(4, .refund(target.id, amount: nil), key: "key 1")) == .keyReused)
        #expect(batch.apply(try command(5, .reverse(target.id))).decision?.verdict == .alreadyRefunded)
        let rest = TransferCommand.Action.refund(target.id, amount: nil)
        #expect(batch.apply(try command(6, rest, tenant: LedgerScene.shop)).decision?.verdict == .transferMissing)
        #expect(batch.apply(try command(7, rest)).decision?.verdict == .posted)
        #expect(batch.entries.map(\.amount.tenThousandths) == [40, -40, 20, -20])
        #expect(batch.changedAccounts.map(\.balance) == [0, 0])
    }

    @Test func `a capture is refunded and locks nothing again, and a customer keeps what he spent`() throws {
        var batch = batch()
        func verdict(_ number: UInt64, _ action: TransferCommand.Action) throws -> TransferVerdict? {
            batch.apply(try command(number, action)).decision?.verdict
        }
        let fill = TransferCommand.Action.transfer(from: till.ref, to: wallet.ref, amount: try LedgerScene.euro(100))
        #expect(try verdict(1, fill) == .posted)
        #expect(
            try verdict(2, .hold(account: wallet.ref, amount: try LedgerScene.euro(80), expiresAt: nil)) == .posted
        )
        let hold = TransferID(LedgerScene.id(2))
        let credits = [Leg(revenue.ref, try LedgerScene.euro(50))]
        #expect(try verdict(3, .capture(hold: hold, credits: credits)) == .posted)
        #expect(try verdict(4, .refund(hold, amount: nil)) == .notRefundable)
        #expect(try verdict(5, .refund(TransferID(LedgerScene.id(3)), amount: try LedgerScene.euro(20))) == .posted)
        let after = try #require(batch.changedAccounts.first { $0.ref == wallet.ref })
        #expect(after.balance == 70 && after.held == 30)
        // The top-up goes back to the gateway as far as it is still there and not held.
        #expect(
            try verdict(6, .refund(TransferID(LedgerScene.id(1)), amount: try LedgerScene.euro(41))) == .insufficient
        )
        #expect(try verdict(7, .refund(TransferID(LedgerScene.id(1)), amount: try LedgerScene.euro(40))) == .posted)
    }

    @Test(.proves("WAL-03")) func `what a tenant earned is taken back though it is gone`() throws {
        #expect(AccountKind.wallet.defaultFloor(.euro, for: .customer) == .zero(.euro))
        for kind in [AccountKind.wallet, .revenue, .commission, .exchange, .adjustment, .clearing(gateway: "till")] {
            #expect(kind.defaultFloor(.euro, for: .tenant) == nil)
        }
        var accounts = scene.accounts
        accounts[1].floor = AccountKind.wallet.defaultFloor(.euro, for: .tenant)?.tenThousandths
        var batch = batch(LedgerState(accounts: accounts))
        let (hundred, sixty) = (try LedgerScene.euro(100), try LedgerScene.euro(60))
        let charge = try command(
            2,
            .post([
                Leg(wallet.ref, hundred.negated), Leg(other.ref, sixty), Leg(revenue.ref, try LedgerScene.euro(40)),
            ])
        )
        for command in [
            try command(1, .transfer(from: till.ref, to: wallet.ref, amount: hundred)), charge,
            try command(3, .transfer(from: other.ref, to: till.ref, amount: sixty)),
            try command(4, .refund(charge.id, amount: nil)),
        ] {
            #expect(batch.apply(command).decision?.verdict == .posted)
        }
        #expect(batch.changedAccounts.map(\.balance) == [100, -60, -40, 0])
    }

    @Test(.proves("WAL-09")) func `a hold expires under one key, whoever finds it due`() throws {
        let terms = HoldTerms(accountID: wallet.ref.id, amount: try LedgerScene.euro(5), expiresAt: LedgerScene.start)
        let ref = TransferRef(tenantID: LedgerScene.root, id: TransferID(LedgerScene.id(7)))
        let hold = Hold(ref: ref, terms: terms)
        let one = hold.expiry(id: TransferID(LedgerScene.id(8)))
        #expect(one.key.text == "expire:\(ref.id)" && IdempotencyKey(one.key.text) == one.key)
        #expect(one.fingerprint == hold.expiry(id: TransferID(LedgerScene.id(9))).fingerprint)
        var accounts = scene.accounts
        (accounts[0].balance, accounts[0].held) = (5, 5)
        var batch = batch(LedgerState(accounts: accounts, holds: [hold]))
        #expect(batch.apply(one).decision?.verdict == .posted)
        #expect(batch.changedAccounts.map(\.held) == [0])
    }
}
