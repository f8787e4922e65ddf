import Domain
import SharedTesting
import Testing

@Suite(.proves("WAL-02")) struct MoneyTests {
    @Test(
        arguments: [
            ("12", 120_000, "12.0000"), ("-0.5", -5000, "-0.5000"), ("0.0001", 1, "0.0001"),
            ("19.99", 199_900, "19.9900"),
            ("99999999999999.9999", 999_999_999_999_999_999, "99999999999999.9999"), ("0", 0, "0.0000"),
            ("-0", 0, "0.0000"),
        ] as [(String, Int64, String)]
    )
    func `an amount is exact`(text: String, tenThousandths: Int64, decimal: String) throws {
        let money = try Money(text, currency: .euro)
        #expect(money.tenThousandths == tenThousandths)
        #expect(money.decimal == decimal)
        #expect(try Money(money.decimal, currency: .euro) == money)
        #expect(money.description == decimal + " EUR")
    }

    @Test(arguments: ["", "-", ".5", "1.", "1.23456", "1e3", "1,5", "+1", "1-", "1.2.3", " 1"])
    func `what is no amount is refused`(text: String) {
        #expect(throws: MoneyError.malformedAmount(text)) { try Money(text, currency: .euro) }
    }

    @Test func `sums never leave the range nor mix currencies`() throws {
        let most = try Money(tenThousandths: Money.range.upperBound, currency: .euro)
        let least = try Money(tenThousandths: 1, currency: .euro)
        #expect(throws: MoneyError.overflow) { try most.adding(least) }
        #expect(throws: MoneyError.overflow) { try most.negated.subtracting(least) }
        #expect(throws: MoneyError.overflow) { try Money("100000000000000", currency: .euro) }
        #expect(throws: MoneyError.overflow) { try Money("99999999999999999999999", currency: .euro) }
        #expect(try most.subtracting(most) == .zero(.euro))
        let dollar = try Currency("USD")
        #expect(throws: MoneyError.currencyMismatch(.euro, dollar)) { try least.adding(.zero(dollar)) }
        for code in ["", "EU", "eur", "EURO", "E1R"] {
            #expect(throws: MoneyError.malformedCurrency(code)) { try Currency(code) }
        }
    }
}
