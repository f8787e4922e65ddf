import Billing
import Domain
import Ledger
import SharedTesting
import Testing

/// What must hold of every tree, rate and amount.
@Suite struct CommissionPropertyTests {
    private static let rounds = 500
    private static let operatorID = tenant(0)

    private static func tenant(_ number: Int) -> TenantID { TenantID(UUID128(high: 1, low: UInt64(number))) }

    private static func levels(_ random: inout SeededRandom) -> [CommissionChain.Level] {
        (0..<Int.random(in: 0...10, using: &random)).map { number in
            let millionths = Int.random(in: 0...CommissionRate.whole, using: &random)
            let isRated = Int.random(in: 0...3, using: &random) > 0
            return CommissionChain.Level(tenant(number + 1), isRated ? CommissionRate(millionths: millionths) : nil)
        }
    }

    /// Small ones, in which rounding is seen, and those of any size.
    private static func units(_ random: inout SeededRandom) -> Int64 {
        Bool.random(using: &random)
            ? Int64.random(in: 0...50, using: &random) : Int64.random(in: 0...Money.range.upperBound, using: &random)
    }

    private static func split(_ units: Int64, _ levels: [CommissionChain.Level]) throws -> CommissionSplit {
        let chain = CommissionChain(operatorID: operatorID, levels: levels)
        return try #require(CommissionSplit(try Money(tenThousandths: units, currency: .euro), along: chain))
    }

    @Test(.proves("COM-04")) func `shares sum to the amount, none is negative, each is his rate's but for rounding`()
        throws
    {
        var random = SeededRandom()
        for _ in 0..<Self.rounds {
            let (levels, units) = (Self.levels(&random), Self.units(&random))
            let split = try Self.split(units, levels)
            #expect(split.shares.allSatisfy { $0.amount.tenThousandths >= 0 })
            #expect(split.shares.reduce(Int64(0)) { $0 + $1.amount.tenThousandths } == units)
            #expect(split.shares.last?.tenantID == Self.operatorID)
            let chain = CommissionChain(operatorID: Self.operatorID, levels: levels)
            #expect(split.shares.dropLast().map(\.tenantID) == chain.links.map(\.tenantID))
            var below = 0
            for (link, share) in zip(chain.links, split.shares) {
                // share <= exact < share + 1, without dividing.
                let exact = Int128(units) * Int128(link.rate.millionths - below)
                let counted = Int128(share.amount.tenThousandths) * Int128(CommissionRate.whole)
                #expect(counted <= exact && exact < counted + Int128(CommissionRate.whole))
                below = link.rate.millionths
            }
        }
    }

    @Test(.proves("COM-04")) func `more money or a higher rate takes nothing from a tenant`() throws {
        var random = SeededRandom()
        for _ in 0..<Self.rounds {
            let (levels, units) = (Self.levels(&random), Self.units(&random))
            let less = try Self.split(units, levels)
            let more = try Self.split(min(Money.range.upperBound, units + Int64(random.next() % 100)), levels)
            for (before, after) in zip(less.shares.dropLast(), more.shares.dropLast()) {
                #expect(before.amount.tenThousandths <= after.amount.tenThousandths)
            }
            // The payer's own tenant has the lowest rate: raising it takes from those above alone.
            guard let first = levels.first, let rate = first.rate else { continue }
            let higher = CommissionRate(
                millionths: Int.random(in: rate.millionths...CommissionRate.whole, using: &random)
            )
            let raised = try Self.split(units, [.init(first.tenantID, higher)] + levels.dropFirst())
            #expect(
                (less.shares.first?.amount.tenThousandths ?? 0) <= (raised.shares.first?.amount.tenThousandths ?? 0)
            )
        }
    }

    @Test(.proves("COM-05")) func `taking a level's rate away is as if the level were not there`() throws {
        var random = SeededRandom()
        for _ in 0..<Self.rounds {
            let (levels, units) = (Self.levels(&random), Self.units(&random))
            guard let gone = levels.indices.randomElement(using: &random) else { continue }
            var (unrated, removed) = (levels, levels)
            unrated[gone] = .init(levels[gone].tenantID, nil)
            removed.remove(at: gone)
            #expect(try Self.split(units, unrated).shares == Self.split(units, removed).shares)
            // What he had is the next's above him, but for rounding: nobody else's changes where no rate was clamped.
            let rates = levels.compactMap(\.rate)
            guard rates == rates.sorted(), levels[gone].rate != nil else { continue }
            let (with, without) = (try Self.split(units, levels), try Self.split(units, unrated))
            let place = try #require(with.shares.firstIndex { $0.tenantID == levels[gone].tenantID })
            let next = with.shares[place + 1].tenantID
            for share in without.shares where share.tenantID != next && share.tenantID != Self.operatorID {
                #expect(with.shares.contains(share))
            }
        }
    }

    @Test(.proves("COM-05")) func `rates never fall on the way up, whatever was set`() throws {
        var random = SeededRandom()
        for _ in 0..<Self.rounds {
            let levels = Self.levels(&random)
            let chain = CommissionChain(operatorID: Self.operatorID, levels: levels)
            let rates = chain.links.map(\.rate)
            #expect(rates == rates.sorted())
            for link in chain.links {
                let set = levels.first { $0.tenantID == link.tenantID }?.rate
                #expect(set.map { link.rate <= $0 } == true)
            }
            // What needs no clamping is not touched.
            let asked = levels.compactMap(\.rate)
            if asked == asked.sorted() { #expect(rates == asked) }
        }
    }

    @Test(.proves("COM-03", "COM-04")) func `the legs of a charge sum to zero, each account once, the operator's last`()
        throws
    {
        var random = SeededRandom()
        for _ in 0..<Self.rounds {
            let (levels, units) = (Self.levels(&random), max(1, Self.units(&random)))
            let split = try Self.split(units, levels)
            let (payer, revenue) = (Self.account(99), Self.account(50))
            let legs = try #require(
                split.legs(from: payer, wallet: { Self.account(Int($0.value.low)) }, revenue: revenue)
            )
            #expect(legs.reduce(Int64(0)) { $0 + $1.amount.tenThousandths } == 0)
            #expect(Set(legs.map(\.account)).count == legs.count)
            #expect(legs.allSatisfy { $0.amount.tenThousandths != 0 } && legs.first?.account == payer)
            if let place = legs.firstIndex(where: { $0.account == revenue }) { #expect(place == legs.count - 1) }
        }
    }

    private static func account(_ number: Int) -> AccountRef {
        AccountRef(tenantID: tenant(number), id: LedgerAccountID(UUID128(high: 2, low: UInt64(number))))
    }
}
