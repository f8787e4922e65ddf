import Domain
import SharedTesting
import Testing

@testable import AccountingConsumer

@Suite struct ReaperGateTests {
    private let start = Timestamp(microseconds: 1_790_000_000_000_000)

    private func gate() -> ReaperGate {
        ReaperGate(settling: .seconds(60), maximumLag: .seconds(30), margin: .seconds(10))
    }

    private func expect(
        _ gate: inout ReaperGate,
        _ reading: ReaperGate.Reading?,
        _ holds: (Timestamp?) -> Bool,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let watermark = gate.watermark(reading)
        #expect(holds(watermark), sourceLocation: sourceLocation)
    }

    private func reading(
        at seconds: Int,
        pending: UInt64 = 0,
        outstanding: Int = 0,
        redelivered: Int = 0,
        settled: Int? = nil
    ) -> ReaperGate.Reading {
        ReaperGate.Reading(
            now: start + .seconds(seconds),
            pending: pending,
            outstanding: outstanding,
            redelivered: redelivered,
            settledThrough: settled.map { start + .seconds($0) }
        )
    }

    @Test(.proves("SES-08", "G-03")) func `the gate opens only after the consumer has been caught up for a while`() {
        var gate = gate()
        expect(&gate, reading(at: 0)) { $0 == nil }
        expect(&gate, reading(at: 59)) { $0 == nil }
        expect(&gate, reading(at: 60)) { $0 == start + .seconds(50) }
    }

    @Test(.proves("SES-08")) func `under load the watermark is what was settled, not the clock`() {
        var gate = gate()
        _ = gate.watermark(reading(at: 0, pending: 10, settled: -1))
        expect(&gate, reading(at: 100, pending: 10, outstanding: 900, settled: 95)) { $0 == start + .seconds(85) }
    }

    @Test(.proves("SES-08")) func `lag, redelivery, ignorance and an unreachable server shut it`() {
        let shut: [ReaperGate.Reading?] = [
            reading(at: 61, pending: 5, settled: 20), reading(at: 61, outstanding: 3, redelivered: 1, settled: 61),
            reading(at: 61, pending: 5), nil,
        ]
        for reading in shut {
            var gate = gate()
            _ = gate.watermark(self.reading(at: 0))
            expect(&gate, self.reading(at: 60)) { $0 != nil }
            expect(&gate, reading) { $0 == nil }
            // And it has to settle again.
            expect(&gate, self.reading(at: 62)) { $0 == nil }
            expect(&gate, self.reading(at: 121)) { $0 == nil }
            expect(&gate, self.reading(at: 122)) { $0 != nil }
        }
    }
}

@Suite struct HistoryMonthTests {
    @Test(.proves("ACC-09")) func `months are counted across years`() throws {
        let day = try #require(CivilDate(year: 2026, month: 1, day: 31))
        #expect(day.adding(months: -24).description == "2024-01-01")
        #expect(day.adding(months: -1).description == "2025-12-01")
        #expect(day.adding(months: 11).description == "2026-12-01")
        let end = try #require(CivilDate(year: 2027, month: 2, day: 1))
        #expect(day.months(through: end) == 14)
        #expect(end.months(through: day) == 1)
    }
}
