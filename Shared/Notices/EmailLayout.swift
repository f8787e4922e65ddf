import Domain

/// The page around the words of an e-mail: tables and inline styles, which mail programs understand, in the tenant's colours (NTF-10).
struct EmailLayout {
    private let setting: NoticeSetting
    private let words: FooterWords
    private let colour: String
    private let isRightToLeft: Bool
    /// Whether who reads it may end messages of its category.
    private let mayBeRefused: Bool

    init(_ setting: NoticeSetting, _ kind: NoticeKind) {
        mayBeRefused = kind.terms.category.mayBeRefused
        self.setting = setting
        words = FooterWords(NoticeLanguage(setting.language))
        isRightToLeft = NoticeLanguage.isRightToLeft(setting.language)
        colour = setting.branding.primaryColour.flatMap { Self.isColour($0) ? $0 : nil } ?? "#1f4e79"
    }

    private var name: String { TextRules.oneLine(TextRules.clean(setting.branding.displayName ?? setting.tenantName)) }

    private var support: [String] {
        [setting.branding.supportEmail, setting.branding.supportPhone].compactMap { $0 }
            .map { TextRules.oneLine(TextRules.clean($0)) }
            .filter { !$0.isEmpty }
    }

    private var links: [(words: String, url: String)] {
        [
            (words.preferences, setting.preferencesURL),
            (words.unsubscribe, mayBeRefused ? setting.unsubscribeURL : nil),
        ].compactMap {
            words,
            url in
            url.flatMap { TextRules.isAddress($0) ? (words, $0) : nil }
        }
    }

    /// What stands below the words where they are plain text.
    var textFooter: String {
        var lines = ["", "", "-- ", name]
        if !support.isEmpty {
            let ways = support.map { isRightToLeft ? "\u{2068}\($0)\u{2069}" : $0 }
            lines.append("\(words.questions) \(ways.joined(separator: ", "))")
        }
        for link in links { lines.append("\(link.words)\(words.colon) \(link.url)") }
        return lines.joined(separator: "\n")
    }

    /// Elements of the classes `button` and `note` get their styles, which mail programs want in place.
    func styled(_ body: String) -> String {
        body
            .replacing(
                " class=\"button\"",
                with:
                    " style=\"display:inline-block;padding:12px 20px;border-radius:6px;background:\(colour);color:#ffffff;"
                    + "text-decoration:none;font-weight:bold\""
            )
            .replacing(" class=\"note\"", with: " style=\"color:#555555;font-size:14px\"")
    }

    func page(title: String, body: String) -> String {
        let direction = isRightToLeft ? "rtl" : "ltr"
        let side = isRightToLeft ? "right" : "left"
        return """
            <!DOCTYPE html>
            <html lang="\(TextRules.escaped(setting.language))" dir="\(direction)">
            <head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>\(TextRules.escaped(title))</title></head>
            <body style="margin:0;padding:0;background:#f3f4f6">
            <table role="presentation" width="100%" cellpadding="0" cellspacing="0" dir="\(direction)" style="background:#f3f4f6">
            <tr><td align="center" style="padding:24px 12px">
            <table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:600px;background:#ffffff;border-top:4px solid \(colour)">
            <tr><td align="\(side)" style="padding:24px 32px 0;font:bold 18px Arial,sans-serif;color:\(colour)">\(head)</td></tr>
            <tr><td align="\(side)" style="padding:16px 32px 24px;font:16px/1.5 Arial,sans-serif;color:#222222">
            \(body)
            </td></tr>
            <tr><td align="\(side)" style="padding:16px 32px 24px;border-top:1px solid #dddddd;font:13px/1.5 Arial,sans-serif;color:#555555">\(footer)</td></tr>
            </table>
            </td></tr>
            </table>
            </body>
            </html>

            """
    }

    private var head: String {
        let name = TextRules.escaped(name)
        guard let logo = setting.branding.logoURL, logo.hasPrefix("https://"), TextRules.isAddress(logo) else {
            return "<bdi>\(name)</bdi>"
        }
        return "<img src=\"\(TextRules.escaped(logo))\" alt=\"\(name)\" height=\"40\" style=\"border:0;height:40px\">"
    }

    private var footer: String {
        var lines = ["<bdi>\(TextRules.escaped(name))</bdi>"]
        if !support.isEmpty {
            let ways = support.map { "<bdi>\(TextRules.escaped($0))</bdi>" }.joined(separator: ", ")
            lines.append("\(words.questions) \(ways)")
        }
        for link in links {
            lines.append("<a href=\"\(TextRules.escaped(link.url))\" style=\"color:#555555\">\(link.words)</a>")
        }
        return lines.joined(separator: "<br>")
    }

    private static func isColour(_ text: String) -> Bool {
        text.utf8.count == 7 && text.hasPrefix("#") && text.dropFirst().allSatisfy { $0.isASCII && $0.isHexDigit }
    }
}

/// The layout's own words.
private struct FooterWords {
    let questions, preferences, unsubscribe: String
    /// As the language sets it.
    let colon: String

    init(_ language: NoticeLanguage) {
        colon = language == .french ? " :" : ":"
        (questions, preferences, unsubscribe) =
            switch language {
            case .english, .unknown: ("Questions?", "Choose what you are told", "Unsubscribe")
            case .french: ("Des questions ?", "Choisir vos messages", "Se désabonner")
            case .indonesian: ("Ada pertanyaan?", "Atur pemberitahuan", "Berhenti berlangganan")
            case .arabic: ("لديك سؤال؟", "اختر ما يصلك من رسائل", "إلغاء الاشتراك")
            }
    }
}
