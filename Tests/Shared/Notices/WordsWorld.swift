import Domain
import Notices
import SharedTesting

/// What tests of words speak about.
enum WordsWorld {
    /// 2026-11-20 09:30 UTC.
    static let now = Timestamp(secondsSince1970: 1_795_167_000)

    static func setting(_ language: String, zone: TimeZoneRules? = nil, tenant: String = "Bluewave") -> NoticeSetting {
        var setting = NoticeSetting(
            language: language,
            zone: zone,
            branding: Branding(
                primaryColour: "#0a7d4f",
                supportEmail: "help@bluewave.example",
                supportPhone: "+1 202 555 0143"
            ),
            tenantName: tenant,
            now: now
        )
        setting.recipientName = "Ada Lovelace"
        setting.preferencesURL = "https://my.bluewave.example/preferences"
        setting.unsubscribeURL = "https://my.bluewave.example/unsubscribe?t=4f1c"
        return setting
    }

    static func samples(of kind: NoticeKind, optional: Bool = true) -> NoticeFacts {
        var facts = NoticeFacts()
        for variable in kind.terms.variables where optional || !variable.isOptional {
            facts[variable.name] = variable.sample
        }
        return facts
    }

    /// The samples with every text in the place of theirs.
    static func facts(of kind: NoticeKind, texts: String) -> NoticeFacts {
        var facts = samples(of: kind)
        for variable in kind.terms.variables where variable.kind == .text { facts[variable.name] = .text(texts) }
        return facts
    }

    static let fragments = [
        "<", ">", "\"", "'", "&", "\r\n", "\n", "\r", "\0", "\u{1b}[31m", "\u{202e}", "\u{2066}", "\u{2069}",
        "\u{2028}",
        "\u{85}", "</p>", "<script>alert(1)</script>", "\" onload=\"x", "' onload='x", "{{url}}", "{{#url}}",
        "{{/url}}",
        "-->", "<!--", "javascript:alert(1)", "Bcc: eve@example.com", "a", " ", "\t", "é", "مرحبا", "😀", "\u{7f}",
    ]

    static func hostile(_ random: inout SeededRandom) -> String {
        let count = Int.random(in: 1...8, using: &random)
        let text = (0..<count).map { _ in fragments.randomElement(using: &random) ?? "" }.joined()
        return "x" + text
    }

    /// The tags of markup with their quoted values taken out, as a reader of HTML meets them. What values may bring with them is left out.
    static func skeleton(_ html: String) -> [String] {
        var tags: [String] = []
        var tag: String?
        var quote: Character?
        for character in html {
            if let open = quote {
                if character == open { quote = nil }
            } else if tag == nil {
                if character == "<" { tag = "" }
            } else if character == ">" {
                tags.append(tag ?? "")
                tag = nil
            } else {
                if character == "\"" || character == "'" { quote = character }
                tag?.append(character)
            }
        }
        return tags.filter { !["br", "bdi", "/bdi"].contains($0) } + [tag.map { "unfinished \($0)" } ?? ""]
    }
}
