import Billing
import Domain
import HTTPServer
import Ledger
import Persistence
import SharedTesting
import Testing

@testable import APIGateway

/// Keys, and what refusals are to a client.
@Suite struct MoneyRequestTests {
    @Test(.proves("WAL-06")) func `a request has one key of the ledger, and no two have the same`() throws {
        var random = SeededRandom()
        var seen: Set<String> = []
        for number in 0..<500 as Range<UInt64> {
            let keyed = KeyedRequest(
                tenantID: TenantID(UUID128(high: 1, low: number % 5)),
                actor: UUID128(high: 2, low: number % 7),
                key: "k\(number / 35)",
                fingerprint: random.bytes(32)
            )
            for path in ["/api/v1/a", "/api/v1/b"] {
                let key = MoneyKey(keyed, path: path)
                #expect(MoneyKey(keyed, path: path) == key)
                #expect(seen.insert(key.text).inserted)
                #expect(IdempotencyKey(key.text) != nil && key.text == "api:\(key.transferID)")
                // RFC 9562 §5.8: version 8.
                #expect(key.transferID.value.high >> 12 & 0xf == 8)
            }
        }
    }

    @Test func `every refusal of the ledger is the client's to read`() {
        for verdict in TransferVerdict.allCases where !verdict.isPosted {
            let problem = MoneyProblems.problem(verdict)
            #expect([404, 409, 422].contains(problem.status.code), "\(verdict)")
        }
        #expect(MoneyProblems.problem(TransferVerdict.insufficient).code == "insufficient_funds")
        for flaw in MoneyAnswer.Flaw.allCases {
            #expect([409, 422].contains(MoneyProblems.problem(flaw).status.code), "\(flaw)")
        }
    }
}
