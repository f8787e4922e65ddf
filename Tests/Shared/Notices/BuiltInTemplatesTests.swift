import Domain
import Notices
import SharedTesting
import Testing

/// The words of the product itself.
@Suite(.proves("NTF-02", "NTF-10")) struct BuiltInTemplatesTests {
    @Test(arguments: BuiltInTemplates.languages)
    func `every kind has words for all its channels, and they may be kept as a tenant's own`(language: String) throws {
        for kind in NoticeKind.allCases {
            for channel in NoticeChannel.allCases {
                let template = BuiltInTemplates.template(kind, channel, language: language)
                let isSecret = kind.terms.variables.contains(where: \.isSecret)
                let isPrivate = channel == .email || channel == .sms
                guard let template else {
                    #expect(isSecret && !isPrivate && !kind.terms.channels.contains(channel), "\(kind) \(channel)")
                    continue
                }
                #expect(!isSecret || isPrivate, "\(kind) \(channel)")
                #expect(throws: Never.self, "\(kind) \(channel)") { try template.check(for: kind, channel) }
                #expect((template.html != nil) == (channel == .email), "\(kind) \(channel)")
            }
        }
    }

    @Test(arguments: BuiltInTemplates.languages + ["tlh"])
    func `the shelf has the same words, at the first time and later`(language: String) throws {
        let shelf = BuiltInShelf()
        for _ in 0..<2 {
            for kind in NoticeKind.allCases {
                for channel in NoticeChannel.allCases {
                    let (facts, setting) = (WordsWorld.samples(of: kind, optional: true), WordsWorld.setting(language))
                    let kept = try shelf.template(kind, channel, language: language)?.rendered(facts, setting)
                    let template = BuiltInTemplates.template(kind, channel, language: language)
                    let made = try template.map {
                        try render($0, kind: kind, channel: channel, facts: facts, setting: setting)
                    }
                    #expect(kept == made, "\(kind) \(channel)")
                }
            }
        }
    }

    @Test(arguments: BuiltInTemplates.languages)
    func `every kind is said with its samples, and with nothing that may be missing`(language: String) throws {
        for kind in NoticeKind.allCases {
            for channel in NoticeChannel.allCases {
                guard let template = BuiltInTemplates.template(kind, channel, language: language) else { continue }
                for optional in [true, false] {
                    let said = try render(
                        template,
                        kind: kind,
                        channel: channel,
                        facts: WordsWorld.samples(of: kind, optional: optional),
                        setting: WordsWorld.setting(language)
                    )
                    check(said, "\(kind) \(channel) \(language) \(optional)", kind, channel, language)
                }
            }
        }
    }

    private func check(
        _ said: RenderedNotice,
        _ place: Comment,
        _ kind: NoticeKind,
        _ channel: NoticeChannel,
        _ language: String
    ) {
        for part in [said.subject, said.text, said.html].compactMap({ $0 }) {
            #expect(!part.contains("{{") && !part.contains("}}") && !part.isEmpty, place)
        }
        #expect((said.subject != nil) == (channel != .sms), place)
        #expect(said.subject?.contains("\n") != true, place)
        #expect(!said.text.contains("\n\n\n") && !said.text.contains("  "), place)
        guard channel == .email else { return #expect(said.html == nil, place) }
        #expect(said.html?.contains("lang=\"\(language)\" dir=\"\(language == "ar" ? "rtl" : "ltr")\"") == true, place)
        #expect(said.html?.contains("#0a7d4f") == true && said.html?.contains("class=") == false, place)
        #expect(said.html?.contains("<p></p>") == false, place)
        let canEnd = kind.terms.category.mayBeRefused
        #expect(said.text.hasSuffix("https://my.bluewave.example/unsubscribe?t=4f1c") == canEnd, place)
        #expect(said.html?.contains("unsubscribe?t=4f1c\"") == canEnd, place)
    }

    @Test func `a language without words has none, and English has them all`() {
        #expect(BuiltInTemplates.template(.test, .email, language: "de") == nil)
        #expect(BuiltInTemplates.languages.first == "en")
    }

    @Test func `no language says another's words, but for those of a tenant`() {
        for kind in NoticeKind.allCases where kind != .announcement {
            let subjects = BuiltInTemplates.languages.map {
                BuiltInTemplates.template(kind, .email, language: $0)?.text
            }
            #expect(Set(subjects).count == BuiltInTemplates.languages.count, "\(kind)")
        }
    }

    @Test(.proves("NTF-11"), arguments: BuiltInTemplates.languages)
    func `a payment, four fifths and nearly all of an allowance are told in words of their own`(language: String) throws
    {
        let kinds: [NoticeKind] = [.paymentReceived, .quota80, .quota95]
        for channel in [NoticeChannel.email, .sms, .push, .inApp] {
            let said = try kinds.map { kind in
                let template = try #require(BuiltInTemplates.template(kind, channel, language: language))
                return try render(
                    template,
                    kind: kind,
                    channel: channel,
                    facts: WordsWorld.samples(of: kind),
                    setting: WordsWorld.setting(language)
                )
            }
            #expect(Set(said.map(\.text)).count == 3)
            if channel != .sms { #expect(Set(said.map(\.subject)).count == 3) }
        }
    }

    @Test func `a bill that is due today says so`() throws {
        let template = try #require(BuiltInTemplates.template(.billDue, .email, language: "en"))
        for (days, words) in [(0, "is due today, 20 November"), (1, "in 1 day, on 20"), (3, "in 3 days, on 20")] {
            var facts = WordsWorld.samples(of: .billDue)
            facts["days"] = .count(days)
            let said = try render(
                template,
                kind: .billDue,
                channel: .email,
                facts: facts,
                setting: WordsWorld.setting("en")
            )
            #expect(said.text.contains(words), "\(said.text)")
        }
    }
}
