import Billing
import Domain
import SharedTesting
import Testing

@Suite(.proves("INV-12")) struct ProrationTests {
    private func euro(_ text: String) throws -> Money { try Money(text, currency: .euro) }

    @Test func `a price is split to the cent, and the largest remainders get the cents that are left`() throws {
        let parts = Proration.split(try euro("10"), by: [1, 1, 1])
        #expect(parts == [try euro("3.34"), try euro("3.33"), try euro("3.33")])
        #expect(try Proration.split(euro("30"), by: [10, 20]) == [try euro("10"), try euro("20")])
    }

    @Test func `francs have no cents, dinars three decimals, and what is below a minor unit stays in one part`() throws
    {
        let franc = try Currency("XOF")
        let francs = Proration.split(try Money("100", currency: franc), by: [1, 2])
        #expect(francs == [try Money("33", currency: franc), try Money("67", currency: franc)])
        let dinar = try Currency("TND")
        let dinars = Proration.split(try Money("1", currency: dinar), by: [1, 2])
        #expect(dinars == [try Money("0.333", currency: dinar), try Money("0.667", currency: dinar)])
        let odd = Proration.split(try euro("0.0150"), by: [1, 1])
        #expect(odd == [try euro("0.01"), try euro("0.0050")])
    }

    @Test func `without weights the first part is all of it`() throws {
        #expect(try Proration.split(euro("5"), by: [0, 0]) == [try euro("5"), try euro("0")])
        #expect(try Proration.split(euro("5"), by: []).isEmpty)
    }

    @Test func `parts sum to the whole, and none is a minor unit away from what is due to it`() throws {
        var random = SeededRandom()
        let currencies = [Currency.euro, try Currency("XOF"), try Currency("TND")]
        for case_ in 0..<400 {
            let currency = currencies[case_ % currencies.count]
            let top: Int64 = case_ % 7 == 0 ? Money.range.upperBound : 5_000_000
            let price = try Money(tenThousandths: .random(in: 0...top, using: &random), currency: currency)
            let weights = (0..<Int.random(in: 1...9, using: &random)).map { _ in
                Int64.random(in: 0...31_622_400, using: &random)
            }
            let parts = Proration.split(price, by: weights)
            #expect(parts.map(\.tenThousandths).reduce(0, +) == price.tenThousandths)
            let total = weights.reduce(0) { $0 + Int128($1) }
            guard total > 0 else { continue }
            for (part, weight) in zip(parts, weights) {
                // Exactly, in units of a ten-thousandth times all seconds.
                let exact = Int128(price.tenThousandths) * Int128(weight)
                let off = (Int128(part.tenThousandths) * total - exact).magnitude
                #expect(off <= UInt128(total) * UInt128(currency.minorUnit))
            }
            #expect(parts.filter { $0.tenThousandths % currency.minorUnit != 0 }.count <= 1)
        }
    }
}
