import Domain
import Notices
import Persistence

/// Says notices in words: the tenant's own or its ancestors' in the language that is wanted, the product's otherwise.
struct NoticeScribe: Sendable {
    /// Where the pages are.
    let pages: String
    let zone: @Sendable (String) -> TimeZoneRules?
    /// Signs what stands in a link that ends messages of a category (RFC 8058).
    var wayOut: @Sendable (UnsubscribeWish) -> String? = { _ in nil }
    private let product = BuiltInShelf()

    /// Where a link leads. The token stands behind the `#`: no server's log has it.
    func url(of purpose: LinkPurpose, token: String) -> String { "\(pages)/#/link/\(purpose.rawValue)?token=\(token)" }

    /// What is told as it is in this moment, in place of how it was when it was planned.
    func tell(_ moment: NoticeMoment, in facts: inout NoticeFacts) {
        if let balance = moment.balance {
            facts["balance"] = .money(Int(balance.tenThousandths), currency: balance.currency.code)
        }
        if moment.hasPages { facts["url"] = .url(pages) }
    }

    /// Nil where no words can be made of it, not even the product's.
    func message(
        _ notice: ClaimedNotice,
        _ kind: NoticeKind,
        _ channel: NoticeChannel,
        _ facts: NoticeFacts,
        _ background: NoticeBackground,
        _ words: [NoticeWords],
        _ languages: [String],
        _ now: Timestamp
    ) -> OutgoingMessage? {
        var setting = NoticeSetting(
            language: "",
            zone: (background.timeZone ?? background.settings.timeZone).flatMap(zone),
            branding: background.settings.branding,
            tenantName: background.settings.branding.displayName ?? background.tenantName,
            now: now
        )
        setting.recipientName = background.recipientName
        setting.unsubscribeURL = ending(notice, kind, channel)
        // Words that cannot be said, since their tenant wrote them for other facts, stop no notice.
        for language in languages {
            setting.language = language
            for template in templates(kind, channel, words, language) {
                guard let rendered = try? template.rendered(facts, setting) else { continue }
                return message(rendered, notice, setting)
            }
        }
        return nil
    }

    private func message(_ rendered: RenderedNotice, _ notice: ClaimedNotice, _ setting: NoticeSetting)
        -> OutgoingMessage
    {
        var message = OutgoingMessage(
            id: notice.id.value,
            address: notice.address ?? "",
            text: rendered.text,
            language: setting.language,
            expiresAt: notice.expiresAt
        )
        message.recipientName = setting.recipientName
        message.subject = rendered.subject
        message.html = rendered.html
        message.unsubscribeURL = setting.unsubscribeURL
        return message
    }

    /// Where mail of a kind that may be refused is ended at one press.
    private func ending(_ notice: ClaimedNotice, _ kind: NoticeKind, _ channel: NoticeChannel) -> String? {
        guard channel == .email, kind.terms.category.mayBeRefused, let address = notice.address else { return nil }
        let wish = UnsubscribeWish(
            tenantID: notice.tenantID,
            digest: NoticeAddress.digest(.email, address),
            category: kind.terms.category
        )
        return wayOut(wish).map { "\(pages)/api/v1/notices/unsubscribe?token=\($0)" }
    }

    /// In the order in which they are tried.
    private func templates(
        _ kind: NoticeKind,
        _ channel: NoticeChannel,
        _ words: [NoticeWords],
        _ language: String
    ) -> [CompiledTemplate] {
        var templates = words.filter { $0.language == language }.compactMap {
            try? NoticeTemplate(subject: $0.subject, text: $0.text, html: $0.html).compiled(for: kind, channel)
        }
        if let own = product.template(kind, channel, language: language) { templates.append(own) }
        return templates
    }
}
