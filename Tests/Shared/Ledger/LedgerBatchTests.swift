import Domain
import Ledger
import SharedTesting
import Testing

/// The batch's rules one by one.
@Suite struct LedgerBatchTests {
    private static let now = LedgerScene.start
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
            details: TransferDetails(.topUp)
        )
    }

    private func batch(lane: Lane? = nil) -> LedgerBatch {
        LedgerBatch(number: 1, recordedAt: Self.now, lane: lane, state: LedgerState(accounts: scene.accounts))
    }

    private func verdict(_ answer: TransferAnswer) -> TransferVerdict? { answer.decision?.verdict }

    @Test(.proves("WAL-04", "WAL-07", "WAL-16")) func `a top-up moves money from the till's clearing account`() throws {
        var batch = batch()
        let amount = try LedgerScene.euro(100_000)
        let answer = batch.apply(try command(1, .transfer(from: till.ref, to: wallet.ref, amount: amount)))
        #expect(verdict(answer) == .posted)
        #expect(batch.entries.map(\.amount) == [amount.negated, amount])
        #expect(batch.entries.map(\.balanceAfter) == [amount.negated, amount])
        #expect(batch.changedAccounts.map(\.balance) == [100_000, -100_000])
        #expect(batch.decisions.map { $0.transfer?.details.purpose } == [.topUp])
    }

    @Test(.proves("WAL-03")) func `a later command of the batch sees the earlier, and order decides`() throws {
        let amount = try LedgerScene.euro(500)
        let spend = try command(1, .transfer(from: wallet.ref, to: revenue.ref, amount: amount))
        let fill = try command(2, .transfer(from: till.ref, to: wallet.ref, amount: amount))
        var spendFirst = batch()
        #expect([spend, fill].map { verdict(spendFirst.apply($0)) } == [.insufficient, .posted])
        var fillFirst = batch()
        #expect([fill, spend].map { verdict(fillFirst.apply($0)) } == [.posted, .posted])
        #expect(fillFirst.changedAccounts.map(\.balance).reduce(0, +) == 0)
    }

    @Test(.proves("WAL-06")) func `a refusal uses its key up, and another command under a used key is told nothing`()
        throws
    {
        var batch = batch()
        let amount = try LedgerScene.euro(500)
        let spend = try command(1, .transfer(from: wallet.ref, to: revenue.ref, amount: amount), key: "k")
        let first = batch.apply(spend)
        #expect(verdict(first) == .insufficient)
        _ = batch.apply(try command(2, .transfer(from: till.ref, to: wallet.ref, amount: amount)))
        // With another id it is the same command, and the money that is there now changes nothing.
        let again = TransferCommand(
            id: TransferID(LedgerScene.id(77)),
            tenantID: spend.tenantID,
            key: spend.key,
            action: spend.action,
            details: spend.details
        )
        #expect(batch.apply(again) == first.decision.map { .repeated($0) })
        let dearer = try command(
            3,
            .transfer(from: wallet.ref, to: revenue.ref, amount: try LedgerScene.euro(1)),
            key: "k"
        )
        #expect(batch.apply(dearer) == .keyReused)
        // Another tenant's key is another key.
        let foreign = try command(
            4,
            .transfer(from: wallet.ref, to: revenue.ref, amount: try LedgerScene.euro(1)),
            key: "k",
            tenant: LedgerScene.shop
        )
        #expect(verdict(batch.apply(foreign)) == .posted)
        #expect(batch.decisions.count == 3)
    }

    @Test(.proves("WAL-09")) func `a hold locks, is captured in parts, and gives back what is left`() throws {
        var batch = batch()
        _ = batch.apply(try command(1, .transfer(from: till.ref, to: wallet.ref, amount: try LedgerScene.euro(1000))))
        let hold = try command(2, .hold(account: wallet.ref, amount: try LedgerScene.euro(700), expiresAt: nil))
        #expect(verdict(batch.apply(hold)) == .posted)
        func spend(_ number: UInt64, _ amount: Int64) throws -> TransferVerdict? {
            let action = TransferCommand.Action.transfer(
                from: wallet.ref,
                to: revenue.ref,
                amount: try LedgerScene.euro(amount)
            )
            return verdict(batch.apply(try command(number, action)))
        }
        func capture(_ number: UInt64, _ amount: Int64) throws -> TransferVerdict? {
            let credits = [Leg(revenue.ref, try LedgerScene.euro(amount))]
            return verdict(batch.apply(try command(number, .capture(hold: hold.id, credits: credits))))
        }
        #expect(try spend(3, 301) == .insufficient)
        #expect(try spend(4, 300) == .posted)
        #expect(try capture(5, 701) == .overCapture)
        #expect(try capture(6, 400) == .posted)
        #expect(try capture(7, 301) == .overCapture)
        #expect(try capture(8, 100) == .posted)
        #expect(verdict(batch.apply(try command(9, .release(hold: hold.id)))) == .posted)
        #expect(try capture(10, 1) == .nothingHeld)
        #expect(verdict(batch.apply(try command(11, .release(hold: hold.id)))) == .nothingHeld)
        #expect(try spend(12, 200) == .posted)
        let end = try #require(batch.changedAccounts.first { $0.ref == wallet.ref })
        #expect(end.balance == 0 && end.held == 0)
        #expect(batch.placedHolds.map { [$0.captured, $0.released] } == [[500, 200]])
    }

    @Test(.proves("WAL-09")) func `a hold ends at its time and not before`() throws {
        let ends = Self.now + .seconds(10)
        var first = batch()
        _ = first.apply(try command(1, .transfer(from: till.ref, to: wallet.ref, amount: try LedgerScene.euro(10))))
        let hold = try command(2, .hold(account: wallet.ref, amount: try LedgerScene.euro(10), expiresAt: ends))
        #expect(verdict(first.apply(hold)) == .posted)
        #expect(verdict(first.apply(try command(3, .expire(hold: hold.id)))) == .holdNotDue)
        let late = try command(4, .hold(account: wallet.ref, amount: try LedgerScene.euro(1), expiresAt: Self.now))
        #expect(verdict(first.apply(late)) == .holdExpired)
        var accounts = scene.accounts
        for account in first.changedAccounts {
            accounts = accounts.map { $0.ref == account.ref ? account : $0 }
        }
        let state = LedgerState(accounts: accounts, holds: first.placedHolds)
        var second = LedgerBatch(number: 2, recordedAt: ends, state: state)
        let credits = [Leg(revenue.ref, try LedgerScene.euro(10))]
        #expect(verdict(second.apply(try command(5, .capture(hold: hold.id, credits: credits)))) == .holdExpired)
        #expect(verdict(second.apply(try command(6, .expire(hold: hold.id)))) == .posted)
        #expect(second.usedHolds.map(\.remaining) == [0] && second.placedHolds.isEmpty)
        #expect(second.changedAccounts.map(\.held) == [0])
    }

    @Test func `what leaves the range of money, or has too many legs, is refused and leaves nothing`() throws {
        var batch = batch()
        let most = try Money(tenThousandths: Money.range.upperBound, currency: .euro)
        #expect(
            verdict(batch.apply(try command(1, .transfer(from: till.ref, to: revenue.ref, amount: most)))) == .posted
        )
        let one = try LedgerScene.euro(1)
        #expect(
            verdict(batch.apply(try command(2, .transfer(from: wallet.ref, to: revenue.ref, amount: one))))
                == .amountTooLarge
        )
        let many = (0..<65).map { Leg($0 % 2 == 0 ? revenue.ref : till.ref, $0 % 2 == 0 ? one.negated : one) }
        #expect(verdict(batch.apply(try command(3, .post(many)))) == .tooManyLegs)
        #expect(batch.entries.count == 2 && batch.decisions.count == 3)
    }

    @Test func `an account of another lane is refused`() throws {
        let lane = Lane(rootID: LedgerScene.root, currency: .euro)
        var batch = batch(lane: lane)
        let franc = try #require(LedgerScene.franc)
        let amount = try Money(tenThousandths: 5, currency: franc)
        let foreign = scene.accounts.filter { $0.currency == franc }
        let action = TransferCommand.Action.transfer(from: foreign[3].ref, to: foreign[4].ref, amount: amount)
        #expect(verdict(batch.apply(try command(1, action))) == .currencyMismatch)
        let wrong = TransferCommand.Action.transfer(from: till.ref, to: wallet.ref, amount: amount)
        #expect(verdict(batch.apply(try command(2, wrong))) == .currencyMismatch)
    }

    @Test(.proves("WAL-12")) func `a transfer is reversed once, and a reversal not at all`() throws {
        var batch = batch()
        let amount = try LedgerScene.euro(500)
        let fill = try command(1, .transfer(from: till.ref, to: wallet.ref, amount: amount))
        _ = batch.apply(fill)
        let reversal = try command(2, .reverse(fill.id))
        #expect(verdict(batch.apply(reversal)) == .posted)
        #expect(verdict(batch.apply(try command(3, .reverse(fill.id)))) == .alreadyReversed)
        #expect(verdict(batch.apply(try command(4, .reverse(reversal.id)))) == .notReversible)
        #expect(verdict(batch.apply(try command(5, .reverse(TransferID(LedgerScene.id(999)))))) == .transferMissing)
        let foreign = try command(6, .reverse(fill.id), tenant: LedgerScene.shop)
        #expect(verdict(batch.apply(foreign)) == .transferMissing)
        // Spent money cannot be taken back: the refusal is the answer, never a balance below the floor.
        let second = try command(7, .transfer(from: till.ref, to: wallet.ref, amount: amount))
        _ = batch.apply(second)
        _ = batch.apply(try command(8, .transfer(from: wallet.ref, to: revenue.ref, amount: amount)))
        #expect(verdict(batch.apply(try command(9, .reverse(second.id)))) == .insufficient)
    }
}
