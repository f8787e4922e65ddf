import Domain
import Ledger
import Persistence
import Postgres
import SharedTesting
import Testing

/// Refunds as they are kept: across batches, and against a verifier that knows what they may take back.
@Suite(.serialized, .proves("WAL-11", "COM-06")) struct LedgerRefundTests {
    /// A charge of a customer of `one` with a share for `two`, whose own wallet that opens.
    private static func charged(_ world: LedgerWorld) async throws -> (charge: TransferCommand, share: LedgerAccount) {
        let wish = AccountWish(
            tenantID: world.two,
            rootID: world.operatorID,
            owner: .tenant(world.two),
            kind: .wallet,
            currency: .euro
        )
        let share = try await AccountOpener(world.billing, ids: world.ids).open([wish])[0]
        let charge = try world.command(
            "charge",
            .post([
                Leg(world.wallets[0].ref, try world.euro(-100)), Leg(share.ref, try world.euro(60)),
                Leg(world.revenue.ref, try world.euro(40)),
            ])
        )
        #expect(try await world.commit(world.topUp("a", 100), charge) == [.posted, .posted])
        return (charge, share)
    }

    @Test func `a charge is given back in parts by several batches, from a share that was paid out too`() async throws {
        let world = try await LedgerWorld()
        let (charge, share) = try await Self.charged(world)
        #expect(share.floor == nil && world.wallets[0].floor == 0)
        let payout = try world.command(
            "out",
            .transfer(from: share.ref, to: world.till.ref, amount: world.euro(60)),
            tenant: world.two
        )
        func refund(_ key: String, _ amount: Int64?) throws -> TransferCommand {
            try world.command(
                key,
                .refund(charge.id, amount: try amount.map { try world.euro($0) }),
                details: TransferDetails(.refund)
            )
        }
        #expect(try await world.commit(payout, refund("r1", 51)) == [.posted, .posted])
        #expect(try await world.balance(share) == -31)
        // What is left is known to a writer that was not there, and shared by the commands of its batch.
        let reversal = try world.command("back", .reverse(charge.id))
        #expect(
            try await world.commit(refund("r2", 50), refund("r3", 30), refund("r4", 30), refund("r1", 51), reversal)
                == [.overRefund, .posted, .overRefund, .posted, .alreadyRefunded]
        )
        let last = try refund("r5", nil)
        #expect(try await world.commit(last, refund("r6", nil)) == [.posted, .overRefund])
        #expect(try await world.balance(world.wallets[0]) == 100)
        #expect(try await world.balance(share) == -60)
        #expect(try await world.balance(world.revenue) == 0)
        let kept = try #require(try await LedgerKeys(world.billing).answer(last.tenantID, last.key)?.transfer)
        #expect(kept.row.kind == .refund && kept.row.target == charge.id)
        #expect(kept.entries.map(\.amount.tenThousandths) == [19, -11, -8])
        #expect(try await world.verify().discrepancy == nil)
        #expect(try await world.stretch().discrepancy == nil)
        await world.close()
    }

    @Test func `of a reversed transfer nothing is refunded, and of a hold neither`() async throws {
        let world = try await LedgerWorld()
        let fill = try world.topUp("a", 100)
        let hold = try world.command("h", .hold(account: world.wallets[0].ref, amount: world.euro(5), expiresAt: nil))
        try await world.commit(fill, hold, try world.topUp("b", 50))
        #expect(try await world.commit(world.command("r", .refund(hold.id, amount: nil))) == [.notRefundable])
        #expect(try await world.commit(world.command("back", .reverse(fill.id))) == [.posted])
        #expect(try await world.commit(world.command("s", .refund(fill.id, amount: nil))) == [.alreadyReversed])
        let elsewhere = try world.command("t", .refund(fill.id, amount: nil), tenant: world.two)
        #expect(try await world.commit(elsewhere) == [.transferMissing])
        await world.close()
    }

    /// Writes something wrong in a whole chain: the refund is out of sight while the next command is decided.
    private static func hide(
        _ refund: TransferCommand,
        _ world: LedgerWorld,
        while wrong: TransferCommand
    ) async throws {
        try await world.tamper(["UPDATE ledger_transfers SET kind = 'release' WHERE id = '\(refund.id)'"])
        #expect(try await world.commit(wrong) == [.posted])
        try await world.tamper(["UPDATE ledger_transfers SET kind = 'refund' WHERE id = '\(refund.id)'"])
    }

    @Test(.proves("WAL-13"), arguments: [false, true])
    func `a transfer of which too much was taken back is found, though the chain is whole`(reversed: Bool) async throws
    {
        let world = try await LedgerWorld()
        let (charge, _) = try await Self.charged(world)
        // Refunds of others are as they should be, before and behind the wrong ones.
        let others = try (0..<3).map { try world.topUp("t\($0)", 10) }
        for (number, other) in others.enumerated() {
            let refund = try world.command("u\(number)", .refund(other.id, amount: world.euro(3)))
            #expect(try await world.commit(other, refund) == [.posted, .posted])
        }
        let refund = try world.command("r", .refund(charge.id, amount: world.euro(70)))
        #expect(try await world.commit(refund) == [.posted])
        let before = try await world.stretch()
        #expect(before.discrepancy == nil && before.isAtEnd)
        let action: TransferCommand.Action =
            reversed ? .reverse(charge.id) : .refund(charge.id, amount: try world.euro(31))
        try await Self.hide(refund, world, while: try world.command("wrong", action))
        for stretch in [1, 2, 100] {
            #expect(try await world.verify(stretch: stretch).discrepancy == .refundDiffers(charge.id))
        }
        let behind = try await world.stretch(since: before.head)
        #expect(behind.discrepancy == .refundDiffers(charge.id) && behind.head == before.head && behind.batches == 1)
        await world.close()
    }
}
