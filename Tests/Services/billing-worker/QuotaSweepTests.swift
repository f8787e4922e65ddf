import Domain
import SharedTesting
import Testing

@testable import BillingWorker

@Suite struct QuotaSweepTests {
    @Test(.proves("FUP-04")) func `the daily sweep begins at six, by UTC`() throws {
        func day(_ text: String) throws -> String {
            QuotaUpkeep.sweepDay(try #require(Timestamp(text))).description
        }
        #expect(try day("2026-11-22T05:59:59.999999Z") == "2026-11-21")
        #expect(try day("2026-11-22T06:00:00Z") == "2026-11-22")
        #expect(try day("2026-11-23T05:59:59Z") == "2026-11-22")
    }
}
