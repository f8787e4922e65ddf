import Billing
import Domain
import Ledger
import Observability
import Persistence
import SharedTesting
import Synchronization
import Testing

@testable import BillingWorker

/// What is asked of the ledger for a bill, a boost or an order, and what is made of each answer.
@Suite(.proves("INV-04", "INV-15", "BST-05")) struct ChargeDeskTests {
    /// A desk that nobody reaches.
    private struct Away: MoneyDesk {
        struct Unreachable: Error {}

        func submit(_ command: MoneyCommand, within wait: Duration) async throws -> MoneyAnswer? { throw Unreachable() }
    }

    private let ids = IDGenerator(time: .fixed(Timestamp(secondsSince1970: 1_790_000_000)))

    private func bill() throws -> BillCharge {
        BillCharge(
            tenantID: ids.next(),
            rootID: ids.next(),
            subscriptionID: ids.next(),
            customerID: ids.next(),
            billID: ids.next(),
            ordinal: 4,
            attempt: 2,
            amount: try Money("30", currency: .euro)
        )
    }

    private func desk(_ desk: any MoneyDesk) -> ChargeDesk {
        ChargeDesk(
            desk: desk,
            ids: ids,
            logger: Logger(service: "test", sink: MemoryLogSink()),
            wait: .seconds(1)
        )
    }

    @Test func `a posted charge is paid, a refusal says why, and silence says nothing; each is counted`() async throws {
        let charge = Charge(try bill())
        let transfer: TransferID = ids.next()
        for (answer, expected, word) in [
            (MoneyAnswer(.decided(.posted, transfer, repeated: true)), .paid(transfer), "paid"),
            (MoneyAnswer(.decided(.insufficient, transfer, repeated: false)), .refused("insufficient"), "refused"),
            (MoneyAnswer(.invalid(.ownerMissing)), .refused(MoneyAnswer.Flaw.ownerMissing.rawValue), "refused"),
            (MoneyAnswer(.keyReused), nil, "unknown"), (nil, nil, "unknown"),
        ] as [(MoneyAnswer?, ChargeDesk.Outcome?, String)] {
            var counted: [String] = []
            #expect(await desk(AnsweringDesk(answer)).ask(charge) { counted.append($0) } == expected)
            #expect(counted == [word])
        }
    }

    @Test func `where nobody can be asked nothing is known, and who wants to hear of it does`() async throws {
        let charge = Charge(try bill())
        var counted: [String] = []
        #expect(await desk(Away()).ask(charge) { counted.append($0) } == nil)
        #expect(counted == ["unknown"])
        await #expect(throws: Away.Unreachable.self) { try await desk(Away()).submit(charge) }
    }

    @Test func `however often it is asked, the key and what it asks for are the same`() async throws {
        let (bill, silent) = (try bill(), AnsweringDesk(nil))
        for _ in 0..<3 { _ = await desk(silent).ask(Charge(bill)) { _ in } }
        let asked = silent.asked.withLock { $0 }
        #expect(asked.count == 3)
        for command in asked {
            #expect(command.key.text == "bill:\(bill.billID):2" && command.tenantID == bill.tenantID)
            #expect(command.action == .charge(.customer(bill.customerID), amount: bill.amount, shared: true))
            #expect(command.lane == Lane(rootID: bill.rootID, currency: .euro))
            #expect(command.details == asked[0].details && command.effectiveAt == nil)
        }
    }

    @Test func `each kind says what it is for`() throws {
        let bill = try bill()
        let boost = BoostCharge(
            tenantID: bill.tenantID,
            rootID: bill.rootID,
            boostID: ids.next(),
            serviceID: ids.next(),
            customerID: bill.customerID,
            attempt: 3,
            amount: bill.amount
        )
        let billed = try Charge(bill).command(ids.next())
        #expect(billed.details.purpose == .subscription && billed.details.reference == bill.billID.description)
        #expect(billed.details.metadata == ["subscription": bill.subscriptionID.description])
        let boosted = try Charge(boost).command(ids.next())
        #expect(boosted.key.text == "boost:\(boost.boostID):3" && boosted.details.purpose == .boost)
        #expect(boosted.details.reference == boost.boostID.description)
        #expect(boosted.details.metadata == ["service": boost.serviceID.description])
        #expect(boosted.lane == billed.lane && boosted.action == billed.action)
    }
}
