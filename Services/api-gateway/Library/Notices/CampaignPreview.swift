import Domain
import HTTPServer
import Identity
import Notices
import Persistence
import Profiles
import WireFormat

/// For whom an announcement is, and how it reads to a few of them.
struct CampaignPreview: Sendable {
    private let parts: Parts

    init(_ parts: Parts) { self.parts = parts }

    /// How it reads to one of them.
    struct Sample: Sendable {
        let customer: CustomerID
        let channel: NoticeChannel
        let address: String?
        let language: String
        let notice: RenderedNotice
    }

    struct Seen: Sendable {
        let audience: CampaignAudience
        let samples: [Sample]
    }

    private static let count = Schema.integer(0...Int64.max)

    private static let sample = View<Sample>([
        .init("customer_id", .uuid) { .id($0.customer) },
        .init("channel", NoticeDesk.channels) { .text($0.channel.rawValue) },
        .init("address", .nullable(.text(320))) { .text($0.address) },
        .init("language", .text(6)) { .text($0.language) },
        .init("subject", .nullable(.text())) { .text($0.notice.subject) },
        .init("text", .text()) { .text($0.notice.text) },
        .init("html", .nullable(.text())) { .text($0.notice.html) },
    ])

    static let view = View<Seen>([
        .init("recipients", count) { .integer($0.audience.recipients) },
        .init("refusing", count) { .integer($0.audience.refusing) },
        .init("without_email", count) { .integer($0.audience.withoutEmail) },
        .init("samples", .list(sample.schema)) { seen in
            NoticeDesk.json { json in
                json.beginArray()
                for one in seen.samples { sample.write(one, to: &json) }
                json.endArray()
            }
        },
    ])

    func look(at campaign: Campaign, _ transaction: ScopedTransaction, _ caller: Caller) async throws -> Seen {
        let (store, tenant) = (Campaigns(transaction), campaign.tenantID)
        let rule = try await NoticeRules(transaction).find(.announcement, of: tenant)
        let ways =
            campaign.channels?.compactMap(NoticeChannel.init)
            ?? rule?.channels ?? NoticeKind.announcement.terms.channels
        let seesAddress = caller.principal.permissions.contains(.noticesManage)
        var samples: [Sample] = []
        for customer in try await store.samples(of: campaign.segment, in: tenant, limit: 3) {
            guard let words = campaign.words(for: customer.language) else { continue }
            let channel = ways.first { Self.address(of: customer, by: $0) != nil || $0 == .inApp } ?? .email
            let address = Self.address(of: customer, by: channel)
            samples.append(
                Sample(
                    customer: customer.customerID,
                    channel: channel,
                    address: address.map { seesAddress ? $0 : NoticeAddress.masked(channel, $0) },
                    language: words.language,
                    notice: try await say(words, of: campaign, to: customer, by: channel, transaction)
                )
            )
        }
        return Seen(audience: try await store.audience(of: campaign.segment, in: tenant), samples: samples)
    }

    private static func address(of customer: CampaignSample, by channel: NoticeChannel) -> String? {
        switch channel {
        case .email: customer.email
        case .sms: customer.phone.flatMap(TelephoneNumber.international)
        case .push, .slack, .inApp: nil
        }
    }

    /// In the tenant's own words around it, or the product's; those of its parents are not in sight.
    private func say(
        _ words: (language: String, text: CampaignText),
        of campaign: Campaign,
        to customer: CampaignSample,
        by channel: NoticeChannel,
        _ transaction: ScopedTransaction
    ) async throws -> RenderedNotice {
        var facts: NoticeFacts = ["title": .text(words.text.title), "body": .text(words.text.body)]
        if let url = campaign.url { facts["url"] = .url(url) }
        let languages = LanguageChain.languages(wanted: words.language, tenant: nil)
        let place = NoticeTemplatePlace(kind: .announcement, channel: channel, language: words.language)
        let own = try await NoticeTemplates(transaction).current(place, languages: languages, of: campaign.tenantID)
        for language in languages {
            let candidates =
                own.filter { $0.place.language == language }.map(\.template)
                + [BuiltInTemplates.template(.announcement, channel, language: language)].compactMap { $0 }
            guard !candidates.isEmpty else { continue }
            var setting = try await NoticeSamples.setting(
                parts,
                of: campaign.tenantID,
                language: language,
                transaction
            )
            setting.recipientName = customer.name
            if let zone = customer.timeZone.flatMap({ SystemFiles.timeZone($0) }) { setting.zone = zone }
            for template in candidates {
                let notice = try? render(
                    template,
                    kind: .announcement,
                    channel: channel,
                    facts: facts,
                    setting: setting
                )
                if let notice { return notice }
            }
        }
        throw ValidationError.single("texts", .conflicts(reason: "cannot be said in any words"))
    }
}
