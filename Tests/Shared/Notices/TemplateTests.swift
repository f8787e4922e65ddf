import Domain
import Notices
import SharedTesting
import Testing

/// The language in which words are written.
@Suite(.proves("NTF-02")) struct TemplateTests {
    private func problem(
        subject: String? = "s",
        text: String = "t",
        html: String? = nil,
        kind: NoticeKind = .deviceOffline
    ) -> TemplateError? {
        do throws(TemplateError) {
            _ = try render(
                NoticeTemplate(subject: subject, text: text, html: html),
                kind: kind,
                channel: .email,
                facts: WordsWorld.samples(of: kind),
                setting: WordsWorld.setting("en")
            )
            return nil
        } catch {
            return error
        }
    }

    private func said(
        _ text: String,
        _ facts: NoticeFacts,
        kind: NoticeKind = .deviceOffline,
        language: String = "en",
        channel: NoticeChannel = .slack
    ) throws -> String {
        let template = NoticeTemplate(subject: nil, text: text, html: nil)
        return try render(
            template,
            kind: kind,
            channel: channel,
            facts: facts,
            setting: WordsWorld.setting(language)
        ).text
    }

    @Test(
        arguments: [
            ("{{device", 1, .unclosedTag), ("a\nb {{", 2, .unclosedTag), ("{{}}", 1, .malformedTag),
            ("{{{device}}}", 1, .malformedTag), ("{{Device}}", 1, .malformedTag), ("{{> device}}", 1, .malformedTag),
            ("{{dev\nice}}", 1, .malformedTag), ("{{nobody}}", 1, .unknownVariable("nobody")),
            ("\n\n{{#nobody}}{{/nobody}}", 3, .unknownVariable("nobody")),
            ("{{reason}}", 1, .outsideSection("reason")),
            ("{{^reason}}{{reason}}{{/reason}}", 1, .outsideSection("reason")),
            ("{{#reason}}x", 1, .unclosedSection("reason")), ("x{{/reason}}", 1, .unexpectedEnd("reason")),
            ("{{#reason}}{{#url}}{{/reason}}{{/url}}", 1, .unexpectedEnd("reason")),
            ("{{plural device one=\"a\" other=\"b\"}}", 1, .notANumber("device")),
            ("{{plural device one=\"a\"}}", 1, .malformedPlural), ("{{plural device other=b}}", 1, .malformedPlural),
            ("{{plural device other=\"a\" other=\"b\"}}", 1, .malformedPlural),
            ("{{plural device other=\"a}}", 1, .malformedPlural), ("{{plural device lots=\"a\"}}", 1, .malformedPlural),
        ] as [(String, Int, TemplateError.Problem)]
    )
    func `what is wrong is told with its line`(text: String, line: Int, problem: TemplateError.Problem) {
        let found = self.problem(text: text)
        #expect(
            found?.problem == problem && found?.line == line && found?.part == .text,
            "\(String(describing: found))"
        )
    }

    @Test(
        arguments: [
            "<script>x</script>", "<p onclick=\"x\">x</p>", "<a href=\"javascript:x\">x</a>",
            "<a href=\"{{device}}\">x</a>",
            "<a href=\"java{{device}}\">x</a>", "<p style=\"{{device}}\">x</p>", "<p style=\"background:url(x)\">x</p>",
            "<p title={{device}}>x</p>", "<p title=x>x</p>", "<{{device}}>x", "<p {{device}}=\"x\">x</p>", "a < b",
            "<!-- x -->",
            "<p", "<p title=\"x", "<p title=\"{{#url}}x\"{{/url}}>", "{{#url}}<p{{/url}}>x",
            "<iframe src=\"https://x.example\">",
            "<img src=\"data:x\">", "<a href=\"{{#url}}{{url}}{{/url}}\">x</a>", "<svg>", "<p/title=\"\"onload=\"x\">",
            "<scr{{#url}}{{/url}}ipt>", "<p style=\"wid{{#url}}{{/url}}th:1px\">x</p>",
        ]
    )
    func `markup that mail does not need, or that a value could leave, is refused`(html: String) {
        #expect(problem(html: html)?.part == .html, "\(html)")
    }

    @Test(
        arguments: [
            "<p>{{device}}</p>", "<p title=\"{{device}}\" class='note'>x<br/></p>",
            "{{#url}}<a href=\"{{url}}\">x</a>{{/url}}",
            "<a href=\"mailto:noc@example.com?subject={{device}}\">x</a>", "<td {{#url}}align=\"left\"{{/url}}>x</td>",
            "<table width=\"100%\"><tr><td style=\"color:#fff;font:bold 12px Arial\">x</td></tr></table>",
            "a &lt; b &amp; c > d",
            "{{#url}}<a href=\"{{url}}&amp;device={{device}}\">x</a>{{/url}}", "<P TITLE = \"x\" >x</P>",
        ]
    )
    func `markup that mail is made of is taken`(html: String) {
        #expect(problem(html: html) == nil, "\(html)")
    }

    @Test func `too much of anything is refused`() {
        let deep = String(repeating: "{{#url}}", count: 9) + String(repeating: "{{/url}}", count: 9)
        #expect(problem(text: deep)?.problem == .tooDeep)
        #expect(problem(text: String(deep.dropFirst(8).dropLast(8))) == nil)
        #expect(problem(text: String(repeating: "{{device}}", count: 501))?.problem == .tooManyTags)
        #expect(problem(text: String(repeating: "a", count: 20_001))?.problem == .tooLong)
        #expect(problem(text: "{{" + String(repeating: " ", count: 1_000) + "device}}")?.problem == .unclosedTag)
        let body = NoticeFacts([
            "title": .text("t"), "body": .text(String(repeating: "b", count: 8_000)),
        ])
        let many = String(repeating: "{{body}}", count: 26)
        #expect(throws: TemplateError.self) { try said(many, body, kind: .announcement) }
    }

    @Test func `a channel has the parts it needs and no other`() throws {
        let full = NoticeTemplate(subject: "s", text: "t", html: "<p>h</p>")
        let plain = NoticeTemplate(subject: "s", text: "t", html: nil)
        let bare = NoticeTemplate(subject: nil, text: "t", html: nil)
        for channel in NoticeChannel.allCases {
            for (template, isGood) in [
                (full, channel == .email), (plain, channel != .sms), (bare, channel == .sms || channel == .slack),
            ] {
                let isTaken = (try? template.check(for: .deviceOffline, channel)) != nil
                #expect(isTaken == isGood, "\(channel)")
                let isSaid =
                    (try? render(
                        template,
                        kind: .deviceOffline,
                        channel: channel,
                        facts: WordsWorld.samples(of: .deviceOffline),
                        setting: WordsWorld.setting("en")
                    )) != nil
                #expect(isSaid == isGood, "\(channel)")
            }
        }
    }

    @Test func `all that is wrong with a template is told at once, without its words`() throws {
        let template = NoticeTemplate(subject: "a\nb", text: "ok\n{{hidden_words}}", html: "<blink>")
        let error = try #require(throws: ValidationError.self) { try template.check(for: .deviceOffline, .email) }
        #expect(error.fields.map(\.field) == ["subject", "text", "html"])
        #expect(error.description.contains("text cannot be used: line 2: hidden_words is no variable of this notice"))
        #expect(error.description.contains("<blink> is not allowed"))
        #expect(throws: ValidationError.self) {
            try NoticeTemplate(subject: " ", text: "t", html: nil).check(for: .test, .push)
        }
        let blank = try #require(throws: ValidationError.self) {
            try NoticeTemplate(subject: nil, text: " ", html: nil).check(for: .test, .push)
        }
        #expect(blank.fields.map(\.problem) == [.missing, .missing])
    }

    @Test func `secrets stand in no subject`() {
        #expect(problem(subject: "{{code}}", kind: .loginCode)?.problem == .secretInSubject("code"))
        #expect(problem(text: "{{code}}", kind: .loginCode) == nil)
    }

    @Test func `sections follow what is there, and take their lines with them`() throws {
        let text = "a\n{{#reason}}\nwhy: {{reason}}\n{{/reason}}\n{{^reason}}\nno why\n{{/reason}}\nz"
        #expect(try said(text, ["device": .text("d"), "reason": .text("r")]) == "a\nwhy: r\nz")
        #expect(try said(text, ["device": .text("d")]) == "a\nno why\nz")
        #expect(try said(text, ["device": .text("d"), "reason": .text("")]) == "a\nno why\nz")
        #expect(try said("a\r\n\u{7}{{device}}\u{7f}\tz", ["device": .text("d")]) == "a\nd\tz")
        #expect(try said("{{ # reason }}{{ reason }}{{/ reason}}.", ["reason": .text("r")]) == "r.")
    }

    @Test func `what must be there and is not is told`() throws {
        let error = try #require(throws: TemplateError.self) { try said("\n{{device}}", NoticeFacts()) }
        #expect(error.problem == .missingValue("device") && error.line == 2)
    }

    @Test(
        arguments: [
            ("en", [0: "other", 1: "one", 2: "other", 11: "other"]),
            ("fr", [0: "one", 1: "one", 2: "other", 1_000_000: "many", 1_000_001: "other"]),
            ("id", [0: "other", 1: "other", 2: "other"]),
            (
                "ar",
                [
                    0: "zero", 1: "one", 2: "two", 3: "few", 10: "few", 11: "many", 99: "many", 100: "other",
                    102: "other",
                    103: "few", 111: "many", 200: "other",
                ]
            ),
            ("ar-EG", [2: "two"]), ("de", [1: "one", 2: "other"]),
        ] as [(String, [Int: String])]
    )
    func `plurals are those of the language`(language: String, forms: [Int: String]) throws {
        let all = PluralCategory.allCases.map { "\($0.rawValue)=\"\($0.rawValue)\"" }.joined(separator: " ")
        for (count, form) in forms {
            let facts = NoticeFacts(["count": .count(count)])
            #expect(try said("{{plural count \(all)}}", facts, kind: .digest, language: language) == form, "\(count)")
            #expect(PluralCategory.of(-count, language: language).rawValue == form)
        }
        let facts = NoticeFacts(["count": .count(1_234)])
        #expect(try said("{{plural count other=\"# #\"}}", facts, kind: .digest) == "1,234 1,234")
    }

    @Test func `in a text that runs to the left each value keeps its own direction`() throws {
        let facts = NoticeFacts([
            "device": .text("olt-1\nolt-2"), "since": .instant(WordsWorld.now), "url": .url("https://x.example/a"),
        ])
        let text = "{{device}} {{#url}}{{url}}{{/url}}"
        #expect(
            try said(text, facts, language: "ar") == "\u{2068}olt-1\u{2069}\n\u{2068}olt-2\u{2069} https://x.example/a"
        )
        #expect(try said(text, facts, language: "ar", channel: .sms) == "olt-1\nolt-2 https://x.example/a")
        #expect(try said("{{device}}!", ["device": .text("مرحبا")]) == "\u{2068}مرحبا\u{2069}!")
        let html = try render(
            NoticeTemplate(subject: "s", text: "t", html: "<p title=\"{{device}}\">{{device}}</p>"),
            kind: .deviceOffline,
            channel: .email,
            facts: facts,
            setting: WordsWorld.setting("ar")
        ).html
        #expect(html?.contains("<p title=\"olt-1 olt-2\"><bdi>olt-1<br>olt-2</bdi></p>") == true)
    }

    @Test(
        arguments: [
            "javascript:alert(1)", "https://", "https:///x", "ftp://x.example", "https://x.example/\"",
            "https://x.example/a b",
            "HTTPS://x.example", "https://x.example/\n", "//x.example", "",
        ]
    )
    func `a link that is none is not told`(url: String) throws {
        let error = try #require(throws: TemplateError.self) {
            try render(
                NoticeTemplate(subject: nil, text: "{{url}}", html: nil),
                kind: .verifyEmail,
                channel: .sms,
                facts: ["url": .url(url)],
                setting: WordsWorld.setting("en")
            )
        }
        #expect(error.problem == .unusableValue("url"))
    }

    @Test func `the tenant's name, colours and ways to reach it are in its e-mails`() throws {
        var setting = WordsWorld.setting("fr")
        setting.branding = Branding(
            displayName: "Onde & Fils",
            logoURL: "https://cdn.example/logo.png?a=1&b=2",
            primaryColour: "#123456",
            supportEmail: "aide@onde.example"
        )
        setting.unsubscribeURL = nil
        let said = try render(
            NoticeTemplate(
                subject: "{{tenant}}",
                text: "t",
                html: "<a href=\"https://x.example\" class=\"button\">x</a>"
            ),
            kind: .test,
            channel: .email,
            facts: NoticeFacts(),
            setting: setting
        )
        #expect(said.subject == "Onde & Fils")
        #expect(
            said.text == """
                t

                -- 
                Onde & Fils
                Des questions ? aide@onde.example
                Choisir vos messages : https://my.bluewave.example/preferences
                """
        )
        let html = try #require(said.html)
        #expect(html.contains("<img src=\"https://cdn.example/logo.png?a=1&amp;b=2\" alt=\"Onde &amp; Fils\""))
        #expect(html.contains("background:#123456") && html.contains("<title>Onde &amp; Fils</title>"))
        #expect(!html.contains("désabonner"))
        setting.branding.logoURL = "javascript:x"
        setting.branding.primaryColour = "red;x"
        let careful = try render(
            NoticeTemplate(subject: "s", text: "t", html: "<p>x</p>"),
            kind: .test,
            channel: .email,
            facts: NoticeFacts(),
            setting: setting
        )
        #expect(careful.html?.contains("javascript") == false && careful.html?.contains("red;x") == false)
    }
}
