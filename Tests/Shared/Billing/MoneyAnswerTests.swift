import Billing
import Domain
import Ledger
import Testing

struct MoneyAnswerTests {
    @Test func moneyMovedOnlyWhereTheLedgerSaysSo() {
        let id = TransferID(UUID128(high: 1, low: 2))
        for verdict in TransferVerdict.allCases {
            for repeated in [false, true] {
                #expect(MoneyAnswer(.decided(verdict, id, repeated: repeated)).isPosted == (verdict == .posted))
            }
        }
        #expect(!MoneyAnswer(.keyReused).isPosted)
        #expect(!MoneyAnswer(.invalid(.ownerMissing)).isPosted)
    }

    @Test func whatMovedNothingSaysWhyInAWord() {
        let id = TransferID(UUID128(high: 1, low: 2))
        for verdict in TransferVerdict.allCases {
            let answer = MoneyAnswer(.decided(verdict, id, repeated: false))
            #expect(answer.refusal == (verdict == .posted ? nil : verdict.rawValue))
        }
        #expect(MoneyAnswer(.keyReused).refusal == "key_reused")
        for flaw in MoneyAnswer.Flaw.allCases { #expect(MoneyAnswer(.invalid(flaw)).refusal == flaw.rawValue) }
    }
}
