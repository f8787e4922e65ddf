import Billing
import Domain
import Events
import FoundationEssentials
import Ledger
import SharedTesting
import Testing

/// Commands and their answers as they stand in GoldenCommands/: what Tests/Conformance/events_contract_test.py parses with protobuf's
/// own reader. `NEXORA_WRITE_GOLDENS=1` writes them anew.
@Suite(.proves("MSG-06", "MSG-11")) struct CommandGoldenTests {
    private static let directory =
        URL(filePath: #filePath).deletingLastPathComponent().path + "/GoldenCommands"

    @Test func `commands and answers are written as their goldens`() throws {
        var golden: [String: [UInt8]] = [:]
        for (name, action) in try actions() {
            golden["MoneyCommand.\(name)"] = Self.text("nexora.billing.v1.MoneyCommand", try command(action).json)
        }
        for (name, answer) in try answers() {
            golden["MoneyAnswer.\(name)"] = Self.text("nexora.billing.v1.MoneyAnswer", answer.json)
        }
        let several = try actions().prefix(2).map { try command($0.1) }
        golden["MoneyCommands.several"] = Self.text("nexora.billing.v1.MoneyCommands", MoneyCommands.json(several))
        let numbered = try answers().enumerated().map { MoneyAnswers.Numbered(place: $0.offset, answer: $0.element.1) }
        golden["MoneyAnswers.several"] = Self.text("nexora.billing.v1.MoneyAnswers", MoneyAnswers(numbered).json)
        if ProcessInfo.processInfo.environment["NEXORA_WRITE_GOLDENS"] == "1" {
            try FileManager.default.createDirectory(atPath: Self.directory, withIntermediateDirectories: true)
            for (name, text) in golden {
                try Data(text).write(to: URL(filePath: "\(Self.directory)/\(name).json"))
            }
        }
        let names = try Set(FileManager.default.contentsOfDirectory(atPath: Self.directory))
        #expect(names == Set(golden.keys.map { "\($0).json" }))
        for (name, text) in golden {
            let kept = try Data(contentsOf: URL(filePath: "\(Self.directory)/\(name).json"))
            #expect(Array(kept) == text, "\(name)")
        }
    }

    private static func text(_ type: String, _ json: [UInt8]) -> [UInt8] {
        Array("{\"type\":\"\(type)\",\"data\":".utf8) + json + Array("}\n".utf8)
    }

    private func command(_ action: MoneyCommand.Action) throws -> MoneyCommand {
        MoneyCommand(
            id: TransferID(Samples.id(1)),
            tenantID: Samples.tenant,
            lane: Lane(rootID: TenantID(Samples.id(2)), currency: .euro),
            key: try #require(IdempotencyKey("payment:1")),
            action: action,
            effectiveAt: Samples.time,
            details: try TransferDetails(
                .invoice,
                reference: "INV-1",
                description: "October",
                metadata: ["by": "somebody"]
            ),
            trace: CommandTrace(
                correlationID: "request-1",
                traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
            )
        )
    }

    private func actions() throws -> [(String, MoneyCommand.Action)] {
        let customer = AccountOwner.customer(CustomerID(Samples.id(3)))
        let (tenant, target) = (AccountOwner.tenant(Samples.tenant), TransferID(Samples.id(4)))
        let amount = try Money("12.3400", currency: .euro)
        let dollars = try Money("13.5740", currency: try Currency("USD"))
        let rate = try #require(ExchangeRate("1.1"))
        let sale = ExchangeRecord(rate: rate, sold: amount, bought: dollars, sale: nil)
        let back = try #require(ExchangeRate("0.9"))
        let purchase = ExchangeRecord(rate: back, sold: dollars, bought: amount, sale: target)
        return [
            ("sale", .exchange(customer, sale)), ("purchase", .exchange(customer, purchase)),
            ("topUp", .topUp(customer, amount: amount, gateway: "cash")),
            ("charge", .charge(customer, amount: amount, shared: true)),
            ("adjust", .adjust(customer, amount: amount.negated)),
            ("payOut", .payOut(tenant, amount: amount, gateway: "bank")),
            ("hold", .hold(customer, amount: amount, expiresAt: Samples.time)),
            ("capture", .capture(hold: target, amount: amount, shared: false)), ("release", .release(hold: target)),
            ("expire", .expire(hold: target)), ("refund", .refund(target, amount: amount)),
            ("refundOfTheRest", .refund(target, amount: nil)), ("reverse", .reverse(target)),
        ]
    }

    private func answers() throws -> [(String, MoneyAnswer)] {
        let id = TransferID(Samples.id(1))
        let balance = MoneyAnswer.Balance(
            account: AccountRef(tenantID: Samples.tenant, id: LedgerAccountID(Samples.id(5))),
            owner: .customer(CustomerID(Samples.id(3))),
            amount: try Money("-12.3400", currency: .euro),
            balance: try Money("0.0001", currency: .euro),
            sequence: 9_007_199_254_740_993
        )
        return [
            ("decided", MoneyAnswer(.decided(.posted, id, repeated: false), balances: [balance])),
            (
                "ended",
                MoneyAnswer(
                    .decided(.accountClosed, id, repeated: false),
                    ending: .init(at: Samples.time, version: 9_007_199_254_740_993)
                )
            ),
            ("repeated", MoneyAnswer(.decided(.insufficient, id, repeated: true))),
            ("keyReused", MoneyAnswer(.keyReused)), ("invalid", MoneyAnswer(.invalid(.ownerMissing))),
        ]
    }
}
