import Billing
import Domain
import Ledger
import SharedTesting
import Testing

@Suite struct ConversionStateTests {
    @Test(.proves("WAL-15"))
    func `whatever the ledger says, nothing stays sold that is neither bought for nor given back`() {
        var random = SeededRandom()
        for _ in 0..<500 {
            var state = ConversionState()
            var (sold, bought) = (false, false)
            for _ in 0..<8 {
                let (before, refusal) = (state, Bool.random(using: &random) ? nil : "account_closed")
                let isChanged = state.hear(refusal)
                #expect(isChanged == (state != before), "seed \(random.seed)")
                #expect(!before.status.isFinal || !isChanged, "seed \(random.seed)")
                guard isChanged else { continue }
                switch (before.status, refusal) {
                case (.selling, nil): sold = true
                case (.buying, nil): bought = true
                case (.undoing, nil): sold = false
                default: break
                }
            }
            if state.status.isFinal { #expect(sold == bought, "seed \(random.seed)") }
            #expect((state.status == .completed) == bought, "seed \(random.seed)")
            #expect([.refused, .undoing, .undone].contains(state.status) == (state.failure != nil))
        }
    }

    @Test(.proves("WAL-15")) func `each step asks its own lane under a key of its own, and the same again`() throws {
        let ids = IDGenerator(time: TimeSource { .epoch })
        let (euro, franc) = (Currency.euro, try Currency("XOF"))
        let rate = try #require(ExchangeRate("655.957"))
        let sold = try Money("60", currency: euro)
        let (sale, purchase): (TransferID, TransferID) = (ids.next(), ids.next())
        let conversion = try #require(
            Conversion(
                tenantID: ids.next(),
                id: ids.next(),
                owner: .customer(ids.next()),
                sold: sold,
                into: franc,
                at: rate,
                saleID: sale,
                purchaseID: purchase
            )
        )
        #expect(conversion.bought.decimal == "39357.4200")
        let (root, fresh): (TenantID, TransferID) = (ids.next(), ids.next())
        let details = TransferDetails(.exchange)
        func command(_ status: ConversionStatus) -> MoneyCommand? {
            conversion.command(status, below: root, details, fresh: fresh)
        }
        let steps = [ConversionStatus.selling, .buying, .undoing].compactMap(command)
        #expect(steps.map(\.id) == [sale, purchase, fresh])
        #expect(steps.map(\.lane.currency) == [euro, franc, euro] && steps.allSatisfy { $0.lane.rootID == root })
        #expect(Set(steps.map(\.key)).count == 3 && steps == [.selling, .buying, .undoing].compactMap(command))
        #expect(steps[2].action == .reverse(sale))
        #expect([ConversionStatus.completed, .refused, .undone].allSatisfy { command($0) == nil })
    }

    @Test func `what would come to nothing, or to too much, or to itself is no conversion`() throws {
        let ids = IDGenerator(time: TimeSource { .epoch })
        func make(_ amount: String, _ rate: String, into: String) throws -> Conversion? {
            Conversion(
                tenantID: ids.next(),
                id: ids.next(),
                owner: .customer(ids.next()),
                sold: try Money(amount, currency: .euro),
                into: try Currency(into),
                at: try #require(ExchangeRate(rate)),
                saleID: ids.next(),
                purchaseID: ids.next()
            )
        }
        #expect(try make("1", "1", into: "EUR") == nil)
        #expect(try make("0.0001", "0.1", into: "USD") == nil)
        #expect(try make("0", "1", into: "USD") == nil && make("-1", "1", into: "USD") == nil)
        #expect(try make("99999999999999", "922337203", into: "USD") == nil)
        #expect(try make("0.0001", "1", into: "USD") != nil)
    }
}
