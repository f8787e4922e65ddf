/// The words that hold where neither the tenant nor one above it wrote its own.
package enum BuiltInTemplates {
    package static let languages = ["en", "fr", "id", "ar"]

    /// Of each kind in each of ``languages`` for every channel that may carry it; nil for another language, and where the kind has secrets and
    /// the channel is not the recipient's alone.
    package static func template(_ kind: NoticeKind, _ channel: NoticeChannel, language: String) -> NoticeTemplate? {
        guard let set = WordSet.of(language), let words = set.words[kind] else { return nil }
        let terms = kind.terms
        switch channel {
        case .email: return words.email(terms, set)
        case .sms:
            let sender = kind == .test ? "" : "{{tenant}}: "
            return NoticeTemplate(subject: nil, text: sender + words.short + words.link(terms), html: nil)
        case .slack where !terms.hasSecrets:
            return NoticeTemplate(subject: words.subject, text: words.short + words.link(terms), html: nil)
        case .push where !terms.hasSecrets, .inApp where !terms.hasSecrets:
            return NoticeTemplate(subject: words.subject, text: words.short, html: nil)
        case .slack, .push, .inApp: return nil
        }
    }
}

/// One kind's words in one language.
struct KindWords: Sendable {
    var subject: String
    /// What happened, what it means, what to do. One that may be missing is a section as a whole.
    var paragraphs: [String]
    /// What stands on the button that leads to the kind's `url`.
    var action: String?
    /// All of it in one breath.
    var short: String

    init(_ subject: String, _ paragraphs: [String], action: String? = nil, short: String) {
        self.subject = subject
        self.paragraphs = paragraphs
        self.action = action
        self.short = short
    }

    fileprivate func email(_ terms: NoticeTerms, _ set: WordSet) -> NoticeTemplate {
        var text = ""
        var html: [String] = []
        for paragraph in (terms.isPersonal ? [set.greeting] : []) + paragraphs {
            if let (open, inner, close) = Self.section(paragraph) {
                text += "\(open)\(inner)\n\n\(close)"
                html.append("\(open)<p>\(inner)</p>\(close)")
            } else {
                text += paragraph + "\n\n"
                html.append("<p>\(paragraph)</p>")
            }
        }
        if let action, let url = terms.variables.first(where: { $0.name == "url" }) {
            let (open, close) = url.isOptional ? ("{{#url}}", "{{/url}}") : ("", "")
            text += "\(open)\(action)\(set.colon)\n{{url}}\n\(close)"
            html.append("\(open)<p><a href=\"{{url}}\" class=\"button\">\(action)</a></p>\(close)")
            if !url.isOptional { html.append("<p class=\"note\">\(set.noButton)<br>{{url}}</p>") }
        }
        return NoticeTemplate(subject: subject, text: text, html: html.joined(separator: "\n"))
    }

    /// The address at the end of a short message.
    fileprivate func link(_ terms: NoticeTerms) -> String {
        guard let url = terms.variables.first(where: { $0.name == "url" }) else { return "" }
        return url.isOptional ? "{{#url}} {{url}}{{/url}}" : " {{url}}"
    }

    /// The parts of a paragraph that is one section.
    private static func section(_ text: String) -> (open: String, inner: String, close: String)? {
        guard text.hasPrefix("{{#") || text.hasPrefix("{{^"), text.hasSuffix("}}") else { return nil }
        let name = text.dropFirst(3).prefix { $0 != "}" }
        let close = "{{/\(name)}}"
        guard text.hasSuffix(close) else { return nil }
        let open = text.prefix(name.count + 5)
        let inner = String(text.dropFirst(open.count).dropLast(close.count))
        // Not where two sections of one name follow each other.
        return inner.contains(close) ? nil : (String(open), inner, close)
    }
}

/// A language's words.
struct WordSet: Sendable {
    var greeting: String
    /// As the language sets it.
    var colon = ":"
    /// Above the address in full, for programs that show no buttons.
    var noButton: String
    var words: [NoticeKind: KindWords]

    static func of(_ language: String) -> WordSet? {
        switch language {
        case "en": english
        case "fr": french
        case "id": indonesian
        case "ar": arabic
        default: nil
        }
    }
}

extension NoticeTerms {
    var hasSecrets: Bool { variables.contains(where: \.isSecret) }

    /// One person is spoken to, in the provider's own words.
    fileprivate var isPersonal: Bool { audience != .staff && category != .news }
}
