import Billing
import Domain
import Ledger
import Observability
import Persistence
import SharedTesting
import Synchronization
import Testing

@testable import BillingWorker

/// What is asked of the ledger for a bill, and what is made of each answer.
@Suite(.proves("INV-04", "INV-15")) struct BillCollectorTests {
    /// Gives one answer to everything, and remembers what it was asked.
    private final class Desk: MoneyDesk {
        let answer: MoneyAnswer?
        let asked = Mutex<[MoneyCommand]>([])

        init(_ answer: MoneyAnswer?) { self.answer = answer }

        func submit(_ command: MoneyCommand, within wait: Duration) async throws -> MoneyAnswer? {
            asked.withLock { $0.append(command) }
            return answer
        }
    }

    private let ids = IDGenerator(time: .fixed(Timestamp(secondsSince1970: 1_790_000_000)))

    private func charge() throws -> BillCharge {
        let euro = try Money("30", currency: .euro)
        return BillCharge(
            tenantID: ids.next(),
            rootID: ids.next(),
            subscriptionID: ids.next(),
            customerID: ids.next(),
            billID: ids.next(),
            ordinal: 4,
            attempt: 2,
            amount: euro
        )
    }

    private func collector(_ desk: Desk) -> BillCollector {
        BillCollector(
            desk: desk,
            ids: ids,
            metrics: SubscriptionMetrics(MetricsRegistry()),
            logger: Logger(service: "test", sink: MemoryLogSink()),
            wait: .seconds(1)
        )
    }

    @Test func `a posted charge is paid, a refusal is not, and silence says nothing`() async throws {
        let charge = try charge()
        let transfer: TransferID = ids.next()
        for (answer, expected) in [
            (MoneyAnswer(.decided(.posted, transfer, repeated: true)), BillOutcome(charge, transfer: transfer)),
            (MoneyAnswer(.decided(.insufficient, transfer, repeated: false)), BillOutcome(charge, transfer: nil)),
            (MoneyAnswer(.invalid(.ownerMissing)), BillOutcome(charge, transfer: nil)), (MoneyAnswer(.keyReused), nil),
            (nil, nil),
        ] as [(MoneyAnswer?, BillOutcome?)] {
            #expect(await collector(Desk(answer)).ask(charge) == expected)
        }
    }

    @Test func `however often it is asked, the key and what it asks for are the same`() async throws {
        let (charge, desk) = (try charge(), Desk(nil))
        for _ in 0..<3 { _ = await collector(desk).ask(charge) }
        let asked = desk.asked.withLock { $0 }
        #expect(asked.count == 3)
        for command in asked {
            #expect(command.key.text == "bill:\(charge.billID):2" && command.tenantID == charge.tenantID)
            #expect(command.action == .charge(.customer(charge.customerID), amount: charge.amount, shared: true))
            #expect(command.lane == Lane(rootID: charge.rootID, currency: .euro))
            #expect(command.details == asked[0].details && command.effectiveAt == nil)
        }
    }
}
