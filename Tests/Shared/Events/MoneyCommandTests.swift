import Billing
import Domain
import Events
import Ledger
import SharedTesting
import Testing
import WireFormat

struct MoneyCommandTests {
    private static let lane = Lane(rootID: TenantID(UUID128(high: 1, low: 1)), currency: .euro)

    private static func action(_ random: inout SeededRandom) throws -> MoneyCommand.Action {
        let id = UUID128(high: random.next(), low: random.next())
        let owner = Bool.random(using: &random) ? AccountOwner.customer(CustomerID(id)) : .tenant(TenantID(id))
        let amount = try Money(tenThousandths: .random(in: -99_999_999...99_999_999, using: &random), currency: .euro)
        let target = TransferID(UUID128(high: random.next(), low: random.next()))
        let flag = Bool.random(using: &random)
        let at = Timestamp(microseconds: .random(in: 0...2_000_000_000_000_000, using: &random))
        return switch Int.random(in: 0..<10, using: &random) {
        case 0: .topUp(owner, amount: amount, gateway: "cash")
        case 1: .charge(owner, amount: amount, shared: flag)
        case 2: .adjust(owner, amount: amount)
        case 3: .payOut(owner, amount: amount, gateway: "a \"gateway\"")
        case 4: .hold(owner, amount: amount, expiresAt: flag ? at : nil)
        case 5: .capture(hold: target, amount: amount, shared: flag)
        case 6: .release(hold: target)
        case 7: .expire(hold: target)
        case 8: .refund(target, amount: flag ? amount : nil)
        default: .reverse(target)
        }
    }

    @Test func whatWasSentIsWhatIsRead() throws {
        var random = SeededRandom()
        for number in 0..<500 {
            let command = MoneyCommand(
                id: TransferID(UUID128(high: random.next(), low: random.next())),
                tenantID: TenantID(UUID128(high: random.next(), low: random.next())),
                lane: Self.lane,
                key: try #require(IdempotencyKey("key \(number) ~")),
                action: try Self.action(&random),
                effectiveAt: Bool.random(using: &random) ? Timestamp(secondsSince1970: 1_790_000_000) : nil,
                details: try TransferDetails(
                    .invoice,
                    reference: Bool.random(using: &random) ? "INV-1" : nil,
                    description: "für \u{1F4B6}\n",
                    metadata: ["b": "2", "a": "1", "é": ""]
                ),
                trace: CommandTrace(correlationID: Bool.random(using: &random) ? "request \(number)" : nil)
            )
            #expect(try MoneyCommand(json: command.json) == command)
            let resent = MoneyCommand(
                id: TransferID(UUID128(high: 9, low: 9)),
                tenantID: command.tenantID,
                lane: command.lane,
                key: command.key,
                action: command.action,
                effectiveAt: command.effectiveAt,
                details: command.details
            )
            #expect(resent.comparedJSON == command.comparedJSON && resent.json != command.json)
        }
    }

    @Test func subjectsNameTheirLanes() throws {
        let subject = Subjects.ledgerCommands(Self.lane)
        #expect(Subjects.ledgerLane(subject) == Self.lane)
        let id = Self.lane.rootID
        let wrong = [
            "commands.ledger", "commands.ledger.x.EUR", "commands.ledger.\(id).eur", "commands.ledger.\(id).EUR.x",
            "commands.other.\(id).EUR", "", "commands.ledger..EUR",
        ]
        for text in wrong { #expect(Subjects.ledgerLane(text) == nil, "\(text)") }
    }

    @Test func whatIsMissingOrWrongIsNamed() throws {
        let command = MoneyCommand(
            id: TransferID(UUID128(high: 1, low: 2)),
            tenantID: TenantID(UUID128(high: 1, low: 3)),
            lane: Self.lane,
            key: try #require(IdempotencyKey("k")),
            action: .topUp(.customer(CustomerID(UUID128(high: 1, low: 4))), amount: .zero(.euro), gateway: "cash"),
            details: TransferDetails(.topUp)
        )
        let text = String(decoding: command.json, as: UTF8.self)
        func read(_ old: String, _ new: String) throws(JSONError) -> MoneyCommand {
            try MoneyCommand(json: Array(text.replacing(old, with: new).utf8))
        }
        #expect(throws: JSONError.missingMember("amount")) { try read("\"amount\":\"0.0000\",", "") }
        #expect(throws: JSONError.invalidMember("amount")) { try read("\"0.0000\"", "\"1e3\"") }
        #expect(throws: JSONError.invalidMember("currency")) { try read("\"EUR\"", "\"euro\"") }
        #expect(throws: JSONError.invalidMember("key")) { try read("\"key\":\"k\"", "\"key\":\"\"") }
        #expect(throws: JSONError.missingMember("kind")) { try read("\"TOP_UP\"", "\"KIND_UNSPECIFIED\"") }
        #expect(throws: JSONError.invalidMember("purpose")) { try read("\"top_up\"", "\"Top Up\"") }
    }

    @Test func answersAreReadAsTheyWereGiven() throws {
        let account = AccountRef(
            tenantID: TenantID(UUID128(high: 1, low: 3)),
            id: LedgerAccountID(UUID128(high: 1, low: 4))
        )
        let balance = MoneyAnswer.Balance(
            account: account,
            owner: .tenant(account.tenantID),
            amount: try Money("-12.3456", currency: .euro),
            balance: try Money("0.0001", currency: .euro),
            sequence: 77
        )
        let id = TransferID(UUID128(high: 1, low: 2))
        var answers = [
            MoneyAnswer(.keyReused), MoneyAnswer(.decided(.posted, id, repeated: false), balances: [balance]),
        ]
        answers += MoneyAnswer.Flaw.allCases.map { MoneyAnswer(.invalid($0)) }
        answers += TransferVerdict.allCases.map { MoneyAnswer(.decided($0, id, repeated: true)) }
        for answer in answers { #expect(try MoneyAnswer(json: answer.json) == answer) }
    }

    @Test func `commands that travel together are read one by one`() throws {
        var random = SeededRandom()
        for number in 0..<100 {
            let commands = try (0..<Int.random(in: 1...MoneyCommands.most, using: &random)).map { place in
                MoneyCommand(
                    id: TransferID(UUID128(high: random.next(), low: random.next())),
                    tenantID: TenantID(UUID128(high: random.next(), low: random.next())),
                    lane: Self.lane,
                    key: try #require(IdempotencyKey("key \(number) \(place)")),
                    action: try Self.action(&random),
                    details: TransferDetails(.invoice)
                )
            }
            let together = MoneyCommands.json(commands)
            let read = try MoneyCommands(json: together)
            #expect(try !read.isSingle && read.commands.map { try $0.get() } == commands, "seed \(random.seed)")
            // One that makes no sense spoils none of the others.
            let wrong = Int.random(in: commands.indices, using: &random)
            let key = "\"key \(number) \(wrong)\""
            let spoilt = String(decoding: together, as: UTF8.self).replacing(key, with: "[{\"a\":[1,\"}\"]}]")
            let rest = try MoneyCommands(json: Array(spoilt.utf8)).commands
            #expect(rest.count == commands.count)
            for (place, command) in rest.enumerated() {
                #expect((try? command.get()) == (place == wrong ? nil : commands[place]), "seed \(random.seed)")
            }
            // By itself, as it travelled once.
            let single = try MoneyCommands(json: commands[0].json)
            #expect(try single.isSingle && single.commands.map { try $0.get() } == [commands[0]])
        }
        for text in ["", "[]", "{}", "{\"commands\":{}}", "{\"commands\":[{]}", "{\"commands\":[1]"] {
            #expect(throws: JSONError.self, "\(text)") { try MoneyCommands(json: Array(text.utf8)) }
        }
    }

    @Test func `answers that travel together keep their places`() throws {
        let answers = MoneyAnswers([
            .init(place: 31, answer: MoneyAnswer(.keyReused)),
            .init(place: 0, answer: MoneyAnswer(.invalid(.unreadable))),
        ])
        #expect(try MoneyAnswers(json: answers.json) == answers)
        // Protobuf's own writer leaves out a place of zero.
        let bare = "{\"answers\":[{\"answer\":{\"outcome\":\"KEY_REUSED\"}}]}"
        #expect(try MoneyAnswers(json: Array(bare.utf8)).answers.map(\.place) == [0])
        for text in ["", "{}", "{\"answers\":[{}]}", "{\"outcome\":\"KEY_REUSED\"}"] {
            #expect(throws: JSONError.self, "\(text)") { try MoneyAnswers(json: Array(text.utf8)) }
        }
    }
}
