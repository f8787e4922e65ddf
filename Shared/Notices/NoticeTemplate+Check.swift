package import Domain

extension NoticeTemplate {
    /// Throws unless it can be kept, and said with any values that the kind's variables may have. Each part's first problem is told with its
    /// line.
    package func check(for kind: NoticeKind, _ channel: NoticeChannel) throws(ValidationError) {
        try CheckedTemplate(template: self, kind: kind, channel: channel).validate()
    }
}

private struct CheckedTemplate: Validated {
    let template: NoticeTemplate
    let kind: NoticeKind
    let channel: NoticeChannel

    func check(_ checks: inout FieldChecks) {
        let (subject, text, html) = (template.subject, template.text, template.html)
        if let subject { checks.text("subject", subject, maximum: TemplateError.Part.subject.greatestLength) }
        checks.oneLine("subject", subject)
        checks.text("text", text, maximum: TemplateError.Part.text.greatestLength)
        checks.optional("html", html, maximum: TemplateError.Part.html.greatestLength, emptyAllowed: false)
        let needsSubject = channel != .sms && channel != .slack
        if subject == nil, needsSubject { checks.refuse("subject", .missing) }
        if subject != nil, channel == .sms { checks.refuse("subject", .conflicts(reason: "has no place in an SMS")) }
        if html != nil, channel != .email { checks.refuse("html", .conflicts(reason: "goes with e-mail alone")) }
        for (part, words) in [(TemplateError.Part.subject, subject), (.text, text), (.html, html)] {
            guard let words, words.unicodeScalars.count <= part.greatestLength else { continue }
            do throws(TemplateError) {
                _ = try TemplateCompiler.compile(words, part, for: kind)
            } catch {
                checks.refuse(part.rawValue, .conflicts(reason: "cannot be used: line \(error.line): \(error.problem)"))
            }
        }
    }
}
