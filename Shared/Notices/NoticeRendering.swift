import Domain

/// Says a notice in words: the parts that its channel has, each value written for the recipient's language and zone and escaped for
/// its place.
///
/// Nothing that a value holds leaves its place: subjects stay one line, markup stays the template's, controls and overrides of the
/// writing direction are taken out. Takes any template and any facts.
package func render(
    _ template: NoticeTemplate,
    kind: NoticeKind,
    channel: NoticeChannel,
    facts: NoticeFacts,
    setting: NoticeSetting
) throws(TemplateError) -> RenderedNotice {
    try template.compiled(for: kind, channel).rendered(facts, setting)
}

extension CompiledTemplate {
    /// Says it with these facts; see `render`.
    package func rendered(_ facts: NoticeFacts, _ setting: NoticeSetting) throws(TemplateError) -> RenderedNotice {
        let writer = NoticeWriter(kind: kind, channel: channel, facts: facts, setting: setting)
        var title: String?
        if let nodes = subject { title = TextRules.subject(try writer.write(nodes, .subject)) }
        var words = TextRules.paragraphs(try writer.write(text, .text))
        var page: String?
        if channel == .email {
            let layout = EmailLayout(setting, kind)
            words += layout.textFooter
            if let nodes = html {
                page = layout.page(title: title ?? "", body: layout.styled(try writer.write(nodes, .html)))
            }
        }
        return RenderedNotice(subject: title, text: words, html: page)
    }
}

/// Puts values in their places.
struct NoticeWriter {
    /// In octets.
    static let longest = 200_000

    private let values: [String: NoticeValue]
    private let format: NoticeFormat
    private let language: String
    private let isolates: Bool
    private let isRightToLeft: Bool

    init(kind: NoticeKind, channel: NoticeChannel, facts: NoticeFacts, setting: NoticeSetting) {
        var values: [String: NoticeValue] = [:]
        for variable in kind.terms.variables { values[variable.name] = facts[variable.name] }
        values["tenant"] = .text(setting.branding.displayName ?? setting.tenantName)
        values["recipient"] = setting.recipientName.map(NoticeValue.text)
        values["support_email"] = setting.branding.supportEmail.map(NoticeValue.text)
        values["support_phone"] = setting.branding.supportPhone.map(NoticeValue.text)
        values["preferences_url"] = setting.preferencesURL.map(NoticeValue.url)
        values["unsubscribe_url"] = setting.unsubscribeURL.map(NoticeValue.url)
        self.values = values
        format = NoticeFormat(language: setting.language, zone: setting.zone, channel: channel)
        language = setting.language
        // Telephones that show SMS know the letters of Arabic, not always the marks.
        isolates = channel != .sms
        isRightToLeft = NoticeLanguage.isRightToLeft(setting.language)
    }

    func write(_ nodes: [TemplateNode], _ part: TemplateError.Part) throws(TemplateError) -> String {
        var text = ""
        try write(nodes, part, to: &text)
        return text
    }

    private func write(
        _ nodes: [TemplateNode],
        _ part: TemplateError.Part,
        to text: inout String
    ) throws(TemplateError) {
        for node in nodes {
            switch node {
            case .literal(let literal, let line):
                text += literal
                try check(text, part, line)
            case .value(let name, let place, let line):
                guard let value = values[name] else {
                    throw TemplateError(part: part, line: line, problem: .missingValue(name))
                }
                guard let written = write(value, at: place) else {
                    throw TemplateError(part: part, line: line, problem: .unusableValue(name))
                }
                text += written
                try check(text, part, line)
            case .plural(let name, let forms, let place, let line):
                text += try plural(name, forms, place, part, line)
                try check(text, part, line)
            case .section(let name, let isNegated, let inner, _):
                if isTrue(values[name]) != isNegated { try write(inner, part, to: &text) }
            }
        }
    }

    private func check(_ text: String, _ part: TemplateError.Part, _ line: Int) throws(TemplateError) {
        guard text.utf8.count <= Self.longest else {
            throw TemplateError(part: part, line: line, problem: .resultTooLong)
        }
    }

    /// There, and neither an empty text nor a count of none.
    private func isTrue(_ value: NoticeValue?) -> Bool {
        switch value {
        case nil, .count(0): false
        case .text(let text), .url(let text): !text.isEmpty
        default: true
        }
    }

    private func plural(
        _ name: String,
        _ forms: [PluralCategory: String],
        _ place: TemplateNode.Place,
        _ part: TemplateError.Part,
        _ line: Int
    ) throws(TemplateError) -> String {
        guard let value = values[name] else {
            throw TemplateError(part: part, line: line, problem: .missingValue(name))
        }
        let number: Int
        switch value {
        case .count(let count), .percent(let count): number = count
        default: throw TemplateError(part: part, line: line, problem: .notANumber(name))
        }
        let form = forms[.of(number, language: language)] ?? forms[.other] ?? ""
        let text = TextRules.clean(form.replacing("#", with: format.text(value)))
        return place == .text ? text : TextRules.escaped(text)
    }

    /// Nil for an address that is none.
    private func write(_ value: NoticeValue, at place: TemplateNode.Place) -> String? {
        if case .url(let url) = value, !TextRules.isAddress(url) { return nil }
        let text = TextRules.clean(format.text(value))
        switch place {
        case .text: return isolated(text, value)
        case .markup:
            let escaped = TextRules.escaped(text).replacing("\n", with: "<br>")
            return needsIsolation(text) ? "<bdi>\(escaped)</bdi>" : escaped
        case .attribute: return TextRules.escaped(TextRules.oneLine(text))
        case .address:
            guard case .url = value else { return nil }
            return TextRules.escaped(text)
        case .addressPart: return TextRules.percentEncoded(text)
        }
    }

    private func needsIsolation(_ text: String) -> Bool {
        isolates && (isRightToLeft || TextRules.hasRightToLeft(text))
    }

    /// Every line of its own: an isolate ends with its paragraph. An address has none around it, which programs that make links of
    /// addresses would take for a part of it.
    private func isolated(_ text: String, _ value: NoticeValue) -> String {
        if case .url = value { return text }
        guard needsIsolation(text) else { return text }
        return text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? "" : "\u{2068}\($0)\u{2069}" }
            .joined(separator: "\n")
    }
}
