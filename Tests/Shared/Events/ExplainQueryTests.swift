import Domain
import Events
import SharedTesting
import Testing
import WireFormat

/// What nexora and radius-server say to each other reads back as it was written.
@Suite struct ExplainQueryTests {
    private static func text(_ random: inout SeededRandom) -> String {
        let alphabet = Array("aZ0-_.@\\\" \n\u{e9}\u{1f600}")
        return String(
            (0..<Int.random(in: 0...12, using: &random)).compactMap { _ in alphabet.randomElement(using: &random) }
        )
    }

    private static func texts(_ random: inout SeededRandom) -> [String] {
        (0..<Int.random(in: 0...3, using: &random)).map { _ in text(&random) }
    }

    private static func id(_ random: inout SeededRandom) -> UUID128 { UUID128(high: random.next(), low: random.next()) }

    private static func time(_ random: inout SeededRandom) -> Timestamp {
        // Fractions of every length.
        let step: Int64 = [1, 10, 1_000, 10_000, 100_000, 1_000_000, 60_000_000].randomElement(using: &random) ?? 1
        return Timestamp(microseconds: Int64.random(in: 0...4_000_000_000_000_000 / step, using: &random) * step)
    }

    private static func query(_ random: inout SeededRandom) -> ExplainQuery {
        var query = ExplainQuery(
            Bool.random(using: &random) ? .explain : .replay,
            tenantID: TenantID(id(&random)),
            logins: (0..<Int.random(in: 0...3, using: &random)).map { _ in
                LoginQuestion(
                    username: text(&random),
                    nas: text(&random),
                    callingStationID: text(&random),
                    nasPort: Bool.random(using: &random) ? UInt32.random(in: 0 ... .max, using: &random) : nil,
                    method: text(&random),
                    at: Bool.random(using: &random) ? time(&random) : nil,
                    recorded: Bool.random(using: &random) ? text(&random) : nil
                )
            }
        )
        if Bool.random(using: &random) {
            query.change = ProposedChange(planID: PlanID(id(&random)), plan: texts(&random), policy: texts(&random))
        }
        return query
    }

    private static func source(_ random: inout SeededRandom) -> ValueSource {
        ValueSource(
            text(&random),
            id: Bool.random(using: &random) ? id(&random) : nil,
            version: Int64.random(in: 0 ... .max, using: &random),
            name: text(&random)
        )
    }

    private static func content(_ random: inout SeededRandom) -> ExplainAnswer.Content {
        switch Int.random(in: 0...2, using: &random) {
        case 0:
            var told = LoginExplanation(outcome: "reject", reason: text(&random), decisionVersion: 2, at: time(&random))
            for outcome in ExplainedRule.Outcome.allCases {
                told.rules.append(
                    ExplainedRule(text(&random), text(&random), outcome, [source(&random), source(&random)])
                )
            }
            told.attributes = [ExplainedAttribute(text(&random), text(&random), source(&random))]
            told.notes = texts(&random)
            return .explanation(told)
        case 1:
            let words = texts(&random)
            return .verdicts(
                ReplayVerdicts(
                    verdicts: words.map { .init(now: $0, changed: $0 + "!") },
                    differences: [.init(vendor: text(&random), lines: words, logins: 7)],
                    notes: words
                )
            )
        default:
            let code = QueryRefusal.Code.allCases.randomElement(using: &random) ?? .busy
            return .refusal(QueryRefusal(code, text(&random)))
        }
    }

    @Test func `questions and answers read back`() throws {
        var random = SeededRandom()
        for _ in 0..<200 {
            let query = Self.query(&random)
            #expect(try ExplainQuery(json: query.json) == query)
            let answer = ExplainAnswer(server: Self.text(&random), Self.content(&random))
            #expect(try ExplainAnswer(json: answer.json) == answer)
        }
    }

    @Test func `what a later release adds is passed over, and what cannot be done without is missed`() throws {
        let later =
            #"{"kind":"KIND_REPLAY","tenantId":"00000000-0000-0001-0000-000000000001","more":{"a":[1]},"logins":[{"username":"a","b":1}]}"#
        #expect(try ExplainQuery(json: Array(later.utf8)).logins == [LoginQuestion(username: "a")])
        for text in ["{}", "[]", #"{"kind":"KIND_REPLAY"}"#, #"{"server":"x"}"#, later + "x"] {
            #expect(throws: JSONError.self) { try ExplainQuery(json: Array(text.utf8)) }
            #expect(throws: JSONError.self) { try ExplainAnswer(json: Array(text.utf8)) }
        }
    }
}
