import Domain
import Notices
import SharedTesting
import Testing

/// What a notice is about, as it is kept.
@Suite(.proves("NTF-02")) struct NoticeFactsTests {
    @Test func `it is kept in one form, with names in order`() throws {
        let facts: NoticeFacts = [
            "url": .url("https://x.example/?a=1"), "amount": .money(125_000, currency: "EUR"),
            "at": .instant(Timestamp(microseconds: -5)),
            "due_on": .day(CivilDate(daysSince1970: 0)), "share": .percent(80), "used": .octets(.max),
            "count": .count(-3),
            "lasts": .duration(seconds: 60), "name": .text("a\"\n\u{1}é"),
        ]
        #expect(
            facts.json()
                == #"{"amount":{"money":"125000 EUR"},"at":{"instant":"-5"},"count":{"count":"-3"},"due_on":{"day":"1970-01-01"},"#
                + #""lasts":{"duration":"60"},"name":{"text":"a\"\n\u0001é"},"share":{"percent":"80"},"#
                + #""url":{"url":"https://x.example/?a=1"},"used":{"octets":"9223372036854775807"}}"#
        )
        #expect(try NoticeFacts(json: Array(facts.json().utf8)) == facts)
        // As jsonb writes it: the shorter name first, blanks between.
        let kept = #"{"at": {"instant": "-5"}, "url": {"url": "https://x.example"}, "name": {"text": "n"}}"#
        let read = try NoticeFacts(json: Array(kept.utf8))
        #expect(
            read == ["name": .text("n"), "at": .instant(Timestamp(microseconds: -5)), "url": .url("https://x.example")]
        )
        #expect(read.names == ["at", "name", "url"] && read["nobody"] == nil)
    }

    @Test(
        arguments: [
            "", "[]", "{", "{}x", #"{"a":1}"#, #"{"a":{}}"#, #"{"a":{"what":"x"}}"#, #"{"a":{"text":1}}"#,
            #"{"A":{"text":"x"}}"#,
            #"{"":{"text":"x"}}"#, #"{"a":{"text":"x"},"a":{"text":"y"}}"#, #"{"a":{"text":"x","url":"y"}}"#,
            #"{"a":{"money":"1"}}"#, #"{"a":{"money":"1 eur"}}"#, #"{"a":{"money":"1.5 EUR"}}"#,
            #"{"a":{"money":"1 EUR EUR"}}"#,
            #"{"a":{"money":"9999999999999999999 EUR"}}"#, #"{"a":{"day":"2026-02-30"}}"#,
            #"{"a":{"instant":"9223372036854775807"}}"#, #"{"a":{"count":"9223372036854775808"}}"#,
            #"{"a":{"text":"\u0000"}}"#,
            #"{"a":{"text":""# + String(repeating: "x", count: 8_001) + #""}}"#,
        ]
    )
    func `anything else is refused`(text: String) {
        #expect(throws: (any Error).self) { try NoticeFacts(json: Array(text.utf8)) }
    }

    @Test func `what is too long is cut, in whole letters`() throws {
        var facts = NoticeFacts()
        facts["name"] = .text(String(repeating: "é", count: 4_001))
        #expect(facts["name"] == .text(String(repeating: "é", count: 4_000)))
        facts["name"] = .text("a\0b")
        #expect(facts["name"] == .text("ab"))
        facts["name"] = nil
        #expect(facts == NoticeFacts())
        facts["amount"] = .money(.max, currency: "?")
        #expect(facts["amount"] == .money(Int(Money.range.upperBound), currency: "XXX"))
        facts["day"] = .day(CivilDate(daysSince1970: .max))
        #expect(facts["day"] == .day(Timestamp.range.upperBound.day))
    }

    @Test func `all of it fits the table, whatever it says`() throws {
        var facts = NoticeFacts()
        for index in 0..<NoticeFacts.greatestCount {
            facts["v\(index)"] = .text(String(repeating: "\u{1}", count: 8_000))
        }
        let text = facts.json()
        #expect(text.utf8.count + 3 * NoticeFacts.greatestCount <= NoticeFacts.greatestJSON)
        let read = try NoticeFacts(json: Array(text.utf8))
        #expect(read.names == facts.names && read.json() == text)
    }

    @Test func `facts come back as they were`() throws {
        var random = SeededRandom()
        for _ in 0..<300 {
            var facts = NoticeFacts()
            for _ in 0..<Int.random(in: 0...20, using: &random) {
                facts["n\(Int.random(in: 0...99, using: &random))"] = Self.value(&random)
            }
            let text = facts.json()
            let read = try NoticeFacts(json: Array(text.utf8))
            #expect(read == facts, "\(text)")
            #expect(read.json() == text)
        }
    }

    @Test func `any octets are read or refused`() {
        var random = SeededRandom()
        for _ in 0..<500 {
            var octets = Array(NoticeFacts(["a": Self.value(&random), "b": Self.value(&random)]).json().utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                octets[Int.random(in: octets.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            guard let read = try? NoticeFacts(json: octets) else { continue }
            #expect((try? NoticeFacts(json: Array(read.json().utf8))) == read, "\(octets)")
        }
    }

    private static func value(_ random: inout SeededRandom) -> NoticeValue {
        let number =
            [0, 1, -1, .max, .min, Int.random(in: .min ... .max, using: &random)].randomElement(using: &random) ?? 0
        return switch NoticeValue.Kind.allCases.randomElement(using: &random) ?? .text {
        case .text: .text(WordsWorld.hostile(&random))
        case .url: .url(WordsWorld.hostile(&random))
        case .money: .money(number, currency: ["EUR", "XOF", "eu", ""].randomElement(using: &random) ?? "EUR")
        case .instant: .instant(Timestamp(microseconds: Int64(number)))
        case .day: .day(CivilDate(daysSince1970: number))
        case .percent: .percent(number)
        case .octets: .octets(Int64(number))
        case .count: .count(number)
        case .duration: .duration(seconds: number)
        }
    }
}
