import Billing
import Domain
import Ledger
import SharedTesting
import Testing

@Suite(.proves("COM-07")) struct PayoutRequestTests {
    private static let now = Timestamp(secondsSince1970: 1_790_000_000)
    private static let tenant = TenantID(UUID128(high: 1, low: 1))
    private static let operatorID = TenantID(UUID128(high: 1, low: 9))
    private static let asker = UserID(UUID128(high: 2, low: 1))
    private static let other = UserID(UUID128(high: 2, low: 2))
    private static let transfer = TransferID(UUID128(high: 3, low: 1))

    private static func request() throws -> PayoutRequest {
        PayoutRequest(
            tenantID: tenant,
            id: PayoutID(UUID128(high: 4, low: 1)),
            amount: try Money("12.50", currency: .euro),
            note: "",
            requestedBy: asker,
            requestedAt: now
        )
    }

    private static func approved() throws -> PayoutRequest {
        var payout = try request()
        try payout.approve(by: other, at: now, through: "bank", as: transfer)
        return payout
    }

    @Test func `who asked decides nothing but to take it back, and nobody else takes it back`() throws {
        var payout = try Self.request()
        #expect(throws: PayoutRefusal.ownRequest) {
            try payout.approve(by: Self.asker, at: Self.now, through: "bank", as: Self.transfer)
        }
        #expect(throws: PayoutRefusal.ownRequest) {
            try payout.reject(by: Self.asker, at: Self.now, because: "no")
        }
        #expect(throws: PayoutRefusal.notOwn) { try payout.cancel(by: Self.other, at: Self.now) }
        #expect(payout == (try Self.request()))
        try payout.cancel(by: Self.asker, at: Self.now)
        #expect(payout.status == .cancelled && payout.decidedBy == Self.asker)
    }

    @Test func `what is final stays as it is`() throws {
        var (paid, rejected, cancelled) = (try Self.approved(), try Self.request(), try Self.request())
        try paid.settle(as: Self.transfer, at: Self.now)
        try rejected.reject(by: Self.other, at: Self.now, because: "no")
        try cancelled.cancel(by: Self.asker, at: Self.now)
        for final in [paid, rejected, cancelled] {
            #expect(final.status.isFinal)
            let refusal = PayoutRefusal.status(final.status)
            var payout = final
            #expect(throws: refusal) {
                try payout.approve(by: Self.other, at: Self.now, through: "till", as: Self.transfer)
            }
            #expect(throws: refusal) { try payout.reject(by: Self.other, at: Self.now, because: "no") }
            #expect(throws: refusal) { try payout.cancel(by: Self.asker, at: Self.now) }
            #expect(throws: refusal) { try payout.settle(as: Self.transfer, at: Self.now) }
            #expect(throws: refusal) { try payout.reopen() }
            #expect(payout == final && payout.command(below: Self.operatorID) == nil)
        }
    }

    @Test func `agreeing again asks for the same, and anew once the ledger has refused`() throws {
        var payout = try Self.approved()
        let command = try #require(payout.command(below: Self.operatorID))
        #expect(command.key.text == "payout:\(payout.id)" && command.id == Self.transfer)
        #expect(command.lane == Lane(rootID: Self.operatorID, currency: .euro) && command.tenantID == Self.tenant)
        #expect(command.action == .payOut(.tenant(Self.tenant), amount: payout.amount, gateway: "bank"))
        // Somebody else agrees by another gateway while nobody knows: the command stays what it was.
        let third = UserID(UUID128(high: 2, low: 3))
        try payout.approve(by: third, at: Self.now, through: "till", as: TransferID(UUID128(high: 3, low: 2)))
        #expect(payout.command(below: Self.operatorID) == command)
        #expect(throws: PayoutRefusal.status(.approved)) { try payout.cancel(by: Self.asker, at: Self.now) }
        #expect(throws: PayoutRefusal.status(.approved)) {
            try payout.reject(by: Self.other, at: Self.now, because: "no")
        }

        try payout.reopen()
        #expect(payout.status == .requested && payout.decidedBy == nil && payout.transferID == nil)
        #expect(payout.command(below: Self.operatorID) == nil)
        try payout.approve(by: third, at: Self.now, through: "till", as: TransferID(UUID128(high: 3, low: 2)))
        let anew = try #require(payout.command(below: Self.operatorID))
        #expect(anew.key.text == "payout:\(payout.id):1" && anew.key != command.key)
        #expect(anew.action == .payOut(.tenant(Self.tenant), amount: payout.amount, gateway: "till"))
    }
}
