import Domain
import Persistence
import SharedTesting
import Testing

@testable import AccountingConsumer

@Suite struct RelayRoundTests {
    private func row(_ number: UInt64, aggregate: UInt64?) -> OutboxRow {
        OutboxRow(
            id: EventID(UUID128(high: 0, low: number)),
            tenantID: TenantID(.zero),
            type: "t",
            subject: "a.b",
            aggregateID: aggregate.map { UUID128(high: 1, low: $0) },
            data: [],
            createdAt: .epoch
        )
    }

    @Test(.proves("MSG-09")) func `of each aggregate only the oldest row is in flight`() {
        let rows = [
            row(1, aggregate: 7), row(2, aggregate: nil), row(3, aggregate: 7), row(4, aggregate: 8),
            row(5, aggregate: nil),
        ]
        let round = RelayRound(oldest: rows)
        #expect(round.rows.map(\.id.value.low) == [1, 2, 4, 5])
        #expect(round.hasLeftOver)
    }

    @Test func `a round is complete when every row was answered`() {
        var round = RelayRound(oldest: [row(1, aggregate: nil), row(2, aggregate: nil), row(3, aggregate: nil)])
        #expect(!round.isComplete)
        round.acknowledge(0)
        round.refuse(1, "too large")
        #expect(!round.isComplete)
        round.doubt()
        #expect(round.isComplete)
        #expect(round.accepted.map(\.value.low) == [1])
        #expect(round.refused.map(\.id.value.low) == [2])
    }

    @Test(.proves("MSG-03")) func `an event is buried at its fifth refusal among accepted ones`() {
        var ledger = RefusalLedger()
        let id = EventID(UUID128(high: 0, low: 9))
        let first = (1...6).map { _ in ledger.refused(id) }
        #expect(first == [false, false, false, false, true, false])
        ledger.accepted([id])
        let second = (1...4).map { _ in ledger.refused(id) }
        #expect(second == [false, false, false, false])
    }
}
