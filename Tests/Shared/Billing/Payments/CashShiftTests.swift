import Billing
import Domain
import SharedTesting
import Testing

/// What must lie in a till, and what does.
@Suite struct CashShiftTests {
    private static func amounts(_ random: inout SeededRandom) throws -> [Money] {
        let currencies = try ["EUR", "USD", "XOF"].map { try Currency($0) }
        return try (0..<Int.random(in: 0...9, using: &random)).map { _ in
            try Money(
                tenThousandths: Int64.random(in: 0...9_999_999, using: &random),
                currency: currencies.randomElement(using: &random) ?? .euro
            )
        }
    }

    private static func sum(_ amounts: [Money], _ code: String) -> Int64 {
        amounts.filter { $0.currency.code == code }.reduce(0) { $0 + $1.tenThousandths }
    }

    @Test func `the difference is what was counted less what had to be there, in each currency`() throws {
        var random = SeededRandom()
        for _ in 0..<500 {
            let (opening, taken) = (try Self.amounts(&random), try Self.amounts(&random))
            let (given, counted) = (try Self.amounts(&random), try Self.amounts(&random))
            var shift = try CashShift(opening: CashCount(opening))
            try shift.close(
                counted: CashCount(counted),
                taken: CashCount(taken),
                given: CashCount(given),
                underWay: 0
            )
            let closing = try #require(shift.closing)
            for code in ["EUR", "USD", "XOF"] {
                let currency = try Currency(code)
                let expected = Self.sum(opening, code) + Self.sum(taken, code) - Self.sum(given, code)
                #expect(closing.expected[currency].tenThousandths == expected)
                #expect(closing.difference[currency].tenThousandths == Self.sum(counted, code) - expected)
                // Nothing is left out of what is stated.
                if closing.expected.amounts[currency] != nil || closing.counted.amounts[currency] != nil {
                    #expect(closing.difference.amounts[currency] != nil)
                }
            }
            let before = shift
            #expect(throws: CashShift.Refusal.closed) {
                try shift.close(counted: CashCount(), taken: CashCount(), given: CashCount(), underWay: 0)
            }
            #expect(shift == before)
        }
    }

    @Test func `a shift with payments under way, or a count below nothing, stays open`() throws {
        var shift = try CashShift(opening: CashCount())
        #expect(throws: CashShift.Refusal.paymentsUnderWay) {
            try shift.close(counted: CashCount(), taken: CashCount(), given: CashCount(), underWay: 1)
        }
        let less = try CashCount([Money("-0.0001", currency: .euro)])
        #expect(throws: CashShift.Refusal.malformedCount) {
            try shift.close(counted: less, taken: CashCount(), given: CashCount(), underWay: 0)
        }
        #expect(throws: CashShift.Refusal.malformedCount) { try CashShift(opening: less) }
        #expect(shift.isOpen)
    }
}
