import Billing
import Domain
import Ledger
import SharedTesting
import Testing

@Suite struct CommissionSplitTests {
    private static func tenant(_ number: Int) -> TenantID { TenantID(UUID128(high: 1, low: UInt64(number))) }
    private static let operatorID = tenant(0)

    private static func rate(_ percent: String) throws -> CommissionRate {
        try #require(CommissionRate(percent: percent))
    }

    private static func euro(_ amount: String) throws -> Money { try Money(amount, currency: .euro) }

    /// Levels 1, 2, … with these rates in percent; `-` is none.
    private static func chain(_ percents: String...) throws -> CommissionChain {
        let levels = try percents.enumerated().map { number, text in
            CommissionChain.Level(tenant(number + 1), text == "-" ? nil : try rate(text))
        }
        return CommissionChain(operatorID: operatorID, levels: levels)
    }

    private static func amounts(_ split: CommissionSplit?) -> [String]? { split?.shares.map(\.amount.decimal) }

    @Test(.proves("COM-01", "COM-02")) func `of 100 EUR the reseller has 60, the provider 20 and the operator 20`()
        throws
    {
        let chain = try Self.chain("60", "80")
        let split = CommissionSplit(try Self.euro("100"), along: chain)
        #expect(Self.amounts(split) == ["60.0000", "20.0000", "20.0000"])
        #expect(split?.shares.map(\.tenantID) == [Self.tenant(1), Self.tenant(2), Self.operatorID])
        #expect(chain.rate(of: Self.operatorID) == .all && chain.payerTenantID == Self.tenant(1))
    }

    @Test(.proves("COM-05")) func `who has no rate is passed over, and a rate above the next higher one is that one`()
        throws
    {
        let hundred = try Self.euro("100")
        #expect(Self.amounts(CommissionSplit(hundred, along: try Self.chain("-", "80"))) == ["80.0000", "20.0000"])
        #expect(Self.amounts(CommissionSplit(hundred, along: try Self.chain("60", "-"))) == ["60.0000", "40.0000"])
        #expect(Self.amounts(CommissionSplit(hundred, along: try Self.chain("-", "-"))) == ["100.0000"])
        #expect(Self.amounts(CommissionSplit(hundred, along: try Self.chain())) == ["100.0000"])
        let clamped = CommissionSplit(hundred, along: try Self.chain("90", "50", "70"))
        #expect(Self.amounts(clamped) == ["50.0000", "0.0000", "20.0000", "30.0000"])
    }

    @Test(.proves("COM-04")) func `what rounding leaves is the operator's`() throws {
        let thirds = try Self.chain("33.3333", "66.6666")
        #expect(
            Self.amounts(CommissionSplit(try Self.euro("0.0001"), along: thirds)) == ["0.0000", "0.0000", "0.0001"]
        )
        #expect(
            Self.amounts(CommissionSplit(try Self.euro("10"), along: thirds)) == ["3.3333", "3.3333", "3.3334"]
        )
        let most = try Money(tenThousandths: Money.range.upperBound, currency: .euro)
        let split = try #require(CommissionSplit(most, along: thirds))
        #expect(split.shares.reduce(0) { $0 + $1.amount.tenThousandths } == most.tenThousandths)
        #expect(CommissionSplit(try Self.euro("-1"), along: thirds) == nil)
    }

    @Test func `rates are read as percents and written so`() {
        for (text, millionths) in [
            ("0", 0), ("60", 600_000), ("12.5", 125_000), ("0.0001", 1), ("100", 1_000_000), ("100.0000", 1_000_000),
        ] {
            #expect(CommissionRate(percent: text)?.millionths == millionths, "\(text)")
        }
        for text in ["", "-1", "100.0001", "1e2", "1.", ".5", "1.00001", "1000", "60 %", "+5", "1.2.3"] {
            #expect(CommissionRate(percent: text) == nil, "\(text)")
        }
        for millionths in [0, 1, 10, 125_000, 999_999, 1_000_000] {
            let rate = CommissionRate(millionths: millionths)
            #expect(rate.flatMap { CommissionRate(percent: $0.percent) } == rate)
        }
        #expect(CommissionRate(millionths: 125_000)?.description == "12.5 %")
        #expect(CommissionRate(millionths: -1) == nil && CommissionRate(millionths: 1_000_001) == nil)
    }

    // MARK: - Legs

    private static func account(_ number: Int) -> AccountRef {
        AccountRef(tenantID: tenant(number), id: LedgerAccountID(UUID128(high: 2, low: UInt64(number))))
    }

    private static func wallet(_ tenant: TenantID) -> AccountRef? { account(Int(tenant.value.low)) }

    @Test(.proves("COM-03")) func `a charge is one transfer with the operator's revenue last`() throws {
        let payer = Self.account(99)
        let split = try #require(CommissionSplit(try Self.euro("100"), along: try Self.chain("60", "60", "80")))
        let legs = try #require(split.legs(from: payer, wallet: Self.wallet, revenue: Self.account(50)))
        // The second has nothing and so no leg.
        #expect(legs.map(\.account) == [payer, Self.account(1), Self.account(3), Self.account(50)])
        #expect(legs.map(\.amount.decimal) == ["-100.0000", "60.0000", "20.0000", "20.0000"])
        #expect(split.legs(from: payer, wallet: { _ in nil }, revenue: Self.account(50)) == nil)
        let nothing = CommissionSplit(.zero(.euro), along: try Self.chain("60"))
        #expect(nothing?.legs(from: payer, wallet: Self.wallet, revenue: Self.account(50)) == nil)
        let given = try #require(CommissionSplit(try Self.euro("10"), along: try Self.chain("100")))
        #expect(given.legs(from: payer, wallet: Self.wallet, revenue: Self.account(50))?.count == 2)
    }
}
