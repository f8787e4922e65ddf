import Domain
import Notices
import SharedTesting
import Testing

/// No value breaks out of its place, and any words are said or refused.
@Suite(.proves("NTF-02", "NTF-10")) struct TemplatePropertyTests {
    private func said(
        _ template: NoticeTemplate,
        _ kind: NoticeKind,
        _ channel: NoticeChannel,
        _ facts: NoticeFacts,
        _ language: String,
        tenant: String = "Bluewave"
    ) throws(TemplateError) -> RenderedNotice {
        let setting = WordsWorld.setting(language, tenant: tenant)
        return try render(template, kind: kind, channel: channel, facts: facts, setting: setting)
    }

    @Test func `no value of a built-in notice leaves its place`() throws {
        var random = SeededRandom()
        for _ in 0..<200 {
            let kind = try #require(NoticeKind.allCases.randomElement(using: &random))
            let channel = try #require(NoticeChannel.allCases.randomElement(using: &random))
            let language = try #require(BuiltInTemplates.languages.randomElement(using: &random))
            guard let template = BuiltInTemplates.template(kind, channel, language: language) else { continue }
            let hostile = WordsWorld.hostile(&random)
            let tame = try said(template, kind, channel, WordsWorld.facts(of: kind, texts: "tame"), language)
            let wild = try said(
                template,
                kind,
                channel,
                WordsWorld.facts(of: kind, texts: hostile),
                language,
                tenant: hostile
            )
            check(wild, tame, Comment(rawValue: "\(kind) \(channel) \(language) \(Array(hostile.unicodeScalars))"))
        }
    }

    private func check(_ wild: RenderedNotice, _ tame: RenderedNotice, _ place: Comment) {
        for part in [wild.subject, wild.text, wild.html].compactMap({ $0 }) {
            let isClean = part.unicodeScalars.allSatisfy {
                $0 == "\n" || $0.properties.generalCategory != .control && !(0x202a...0x202e).contains($0.value)
            }
            #expect(isClean && areIsolatesClosed(part), place)
        }
        let isOneLine = wild.subject?.unicodeScalars.contains("\n") != true
        #expect(isOneLine && (wild.subject?.utf8.count ?? 0) <= 500, place)
        #expect((wild.html == nil) == (tame.html == nil), place)
        if let wild = wild.html, let tame = tame.html {
            #expect(WordsWorld.skeleton(wild) == WordsWorld.skeleton(tame), place)
            #expect(!wild.contains("<script") && !wild.contains("\" onload"), place)
        }
    }

    /// Each ends in its line, and none stands within another.
    private func areIsolatesClosed(_ text: String) -> Bool {
        var isOpen = false
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\u{2068}" where !isOpen: isOpen = true
            case "\u{2069}" where isOpen: isOpen = false
            case "\u{2066}", "\u{2067}", "\u{2068}", "\u{2069}": return false
            case "\n" where isOpen: return false
            default: continue
            }
        }
        return !isOpen
    }

    private static let pieces = [
        "{{device}}", "{{reason}}", "{{#reason}}", "{{^reason}}", "{{/reason}}", "{{#url}}", "{{/url}}", "{{url}}",
        "{{",
        "}}", "{", "}", "{{#", "/", "\n", " ", "a", "<p>", "</p>", "<a href=\"", "<a href='", "\">", "'>",
        "<p title=\"", ">", "<",
        "\"", "'", "=", "style", "<td width=\"", "https://x.example/", "mailto:", "#", "&", "<br/>", "é", "\0", "\r\n",
        "مر", "😀",
        "{{plural device other=\"x\"}}", "{{tenant}}", "{{since}}", "<b>{{device}}</b>", "<i title='{{device}}'>x</i>",
        "{{#url}}<a href=\"{{url}}\">x</a>{{/url}}", "{{#reason}}{{reason}}{{/reason}}",
    ]

    @Test func `any words are said or refused, and what may be kept can be said`() throws {
        var random = SeededRandom()
        var taken = 0
        for _ in 0..<2_000 {
            let count = Int.random(in: 1...10, using: &random)
            let html = (0..<count).map { _ in Self.pieces.randomElement(using: &random) ?? "" }.joined()
            let template = NoticeTemplate(subject: "s", text: "x" + html, html: html)
            let tame = try? said(
                template,
                .deviceOffline,
                .email,
                WordsWorld.facts(of: .deviceOffline, texts: "tame"),
                "en"
            )
            guard (try? template.check(for: .deviceOffline, .email)) != nil else { continue }
            taken += 1
            let hostile = WordsWorld.hostile(&random)
            let facts = WordsWorld.facts(of: .deviceOffline, texts: hostile)
            let wild = try said(template, .deviceOffline, .email, facts, "ar")
            let expected = try #require(tame?.html)
            // Only the layout differs between the languages.
            let english = try said(template, .deviceOffline, .email, facts, "en")
            #expect(WordsWorld.skeleton(try #require(wild.html)).count == WordsWorld.skeleton(expected).count)
            #expect(
                WordsWorld.skeleton(try #require(english.html)) == WordsWorld.skeleton(expected),
                "\(html) \(Array(hostile.unicodeScalars))"
            )
        }
        #expect(taken >= 100)
    }

    @Test func `a template as a value is a text like any other`() throws {
        let template = NoticeTemplate(subject: nil, text: "{{device}}", html: nil)
        let facts = WordsWorld.facts(of: .deviceOffline, texts: "{{#url}}{{url}}{{/url}}")
        #expect(try said(template, .deviceOffline, .slack, facts, "en").text == "{{#url}}{{url}}{{/url}}")
    }

    @Test func `a subject is one line, whatever stands in it`() throws {
        let template = NoticeTemplate(subject: "A: {{device}}!", text: "t", html: nil)
        let facts = WordsWorld.facts(
            of: .deviceOffline,
            texts: "x\r\nBcc: eve@example.com\r\n\r\nhello\u{2028}\u{85}z\0"
        )
        #expect(try said(template, .deviceOffline, .email, facts, "en").subject == "A: x Bcc: eve@example.com hello z!")
        let long = WordsWorld.facts(of: .deviceOffline, texts: String(repeating: "é", count: 2_000))
        let cut = try #require(try said(template, .deviceOffline, .email, long, "ar").subject)
        #expect((450...500).contains(cut.utf8.count) && areIsolatesClosed(cut) && !cut.hasSuffix("!"))
    }
}
