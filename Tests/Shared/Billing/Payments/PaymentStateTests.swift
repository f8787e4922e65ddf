import Billing
import Domain
import Ledger
import SharedTesting
import Testing

/// Payments, whatever is done to them in whatever order.
@Suite struct PaymentStateTests {
    private enum Step: CaseIterable {
        case begin, move, complete, refuse, fail, cancel
    }

    private static func id(_ number: UInt64) -> TransferID { TransferID(UUID128(high: 1, low: number)) }

    private static func take(_ step: Step, _ state: inout PaymentState, _ number: UInt64) throws(PaymentRefusal) {
        switch step {
        case .begin: try state.begin()
        case .move: try state.move(as: id(number))
        case .complete: try state.complete()
        case .refuse: try state.refuse("insufficient")
        case .fail: try state.fail("bounced")
        case .cancel: try state.cancel()
        }
    }

    @Test(.proves("PAY-10")) func `a payment that has ended never changes, and one refused stays as it was`() {
        var random = SeededRandom()
        var ends: Set<PaymentStatus> = []
        for number in 0..<2_000 as Range<UInt64> {
            var state = PaymentState()
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                let before = state
                let step = Step.allCases.randomElement(using: &random) ?? .begin
                do throws(PaymentRefusal) {
                    try Self.take(step, &state, number &+ random.next())
                    #expect(!before.status.isFinal, "\(before) went on with \(step)")
                } catch {
                    #expect(state == before, "\(step) was refused with \(error) and changed something")
                    #expect((error == .ended) == before.status.isFinal)
                }
                if let asked = before.transferID { #expect(state.transferID == asked) }
                #expect(state.status != .completed || state.transferID != nil)
                #expect((state.status == .failed) == (state.failure != nil))
            }
            if state.status.isFinal { ends.insert(state.status) }
        }
        #expect(ends == [.completed, .failed, .cancelled])
    }

    @Test(.proves("PAY-10")) func `while the money is on its way only the ledger ends a payment`() throws {
        var state = PaymentState()
        try state.move(as: Self.id(1))
        #expect(throws: PaymentRefusal.moving) { try state.cancel() }
        #expect(throws: PaymentRefusal.moving) { try state.fail("bounced") }
        #expect(throws: PaymentRefusal.moving) { try state.begin() }
        // Whoever asks again asks for the same transfer.
        try state.move(as: Self.id(2))
        #expect(state.transferID == Self.id(1) && state.isMoving)
        try state.complete()
        #expect(state.status == .completed && !state.isMoving)
    }

    @Test func `nothing is completed that nobody asked the ledger for`() throws {
        var state = PaymentState()
        #expect(throws: PaymentRefusal.notMoving) { try state.complete() }
        try state.begin()
        #expect(throws: PaymentRefusal.notMoving) { try state.complete() }
        #expect(throws: PaymentRefusal.notMoving) { try state.refuse("insufficient") }
        #expect(throws: PaymentRefusal.underWay) { try state.cancel() }
        try state.fail("declined")
        #expect(state.status == .failed && state.failure == "declined")
    }

    @Test(.proves("WAL-11")) func `a correction takes two people, and is decided once`() {
        var random = SeededRandom()
        let people = (1...3).map { UserID(UUID128(high: 2, low: UInt64($0))) }
        var seen: Set<AdjustmentStatus> = []
        for number in 0..<2_000 as Range<UInt64> {
            var state = AdjustmentState(requestedBy: people[0])
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let before = state
                let person = people.randomElement(using: &random) ?? people[0]
                do throws(AdjustmentRefusal) {
                    switch Int.random(in: 0..<5, using: &random) {
                    case 0: try state.approve(by: person, as: Self.id(number &+ random.next()))
                    case 1: try state.reject(by: person)
                    case 2: try state.withdraw(by: person)
                    case 3: try state.post()
                    default: try state.refuse("insufficient")
                    }
                } catch {
                    #expect(state == before)
                }
                if before.status.isDecided { #expect(state.status == before.status) }
                if before.isPosted || before.failure != nil { #expect(state == before) }
                if let asked = before.transferID { #expect(state.transferID == asked) }
                switch state.status {
                case .approved, .rejected: #expect(state.decidedBy != nil && state.decidedBy != state.requestedBy)
                case .withdrawn: #expect(state.decidedBy == state.requestedBy)
                case .requested: #expect(state.decidedBy == nil && state.transferID == nil)
                }
                #expect(!(state.isPosted && state.failure != nil))
                seen.insert(state.status)
            }
        }
        #expect(seen == Set(AdjustmentStatus.allCases))
    }
}
