import Domain
import Identity
import Notices
import Persistence
import WireFormat

/// How announcements go out and come in.
enum CampaignBody {
    /// One, with what became of its notices where that was counted.
    struct Shown: Sendable {
        let campaign: Campaign
        var tally: [(state: NoticeEntry.State, count: Int64)] = []

        init(_ campaign: Campaign, tally: [(state: NoticeEntry.State, count: Int64)] = []) {
            (self.campaign, self.tally) = (campaign, tally)
        }
    }

    static let states = Schema.choice(CampaignState.allCases.map(\.rawValue))
    private static let ways = Schema.choice(Way.allCases.map(\.rawValue))
    private static let count = Schema.integer(0...Int64.max)

    private static let said: [View<Shown>.Member] = [
        .init("id", .uuid) { .id($0.campaign.id) }, .init("tenant_id", .uuid) { .id($0.campaign.tenantID) },
        .init("name", .text(100)) { .text($0.campaign.name) },
        .init("language", .text(6)) { .text($0.campaign.language) },
        .init("texts", .object([], isOpen: true)) { texts($0.campaign.texts) },
        .init("url", .nullable(.text(1_000))) { .text($0.campaign.url) },
        .init("channels", .nullable(.list(ways))) { $0.campaign.channels.map { .texts($0) } ?? .null },
        .init("statuses", .list(.choice(CustomerStatus.allCases.map(\.rawValue)))) {
            .texts($0.campaign.segment.orderedStatuses.map(\.rawValue))
        },
        .init("plan_ids", .list(.uuid)) { .texts($0.campaign.segment.plans.map(\.description)) },
        .init("tags", .list(.text(50))) { .texts($0.campaign.segment.tags) },
        .init("per_minute", .integer(1...60_000)) { .integer($0.campaign.perMinute) },
        .init("starts_at", .nullable(.time)) { .time($0.campaign.startsAt) },
    ]

    private static let course: [View<Shown>.Member] = [
        .init("state", states) { .text($0.campaign.state.rawValue) },
        .init("targeted", count) { .integer($0.campaign.progress.targeted) },
        .init("recipients", count) { .integer($0.campaign.progress.recipients) },
        .init("planned", count) { .integer($0.campaign.progress.planned) },
        .init("skipped", count) { .integer($0.campaign.progress.skipped) },
        .init("created_by", .uuid) { .text($0.campaign.createdBy.description) },
        .init("started_by", .nullable(.uuid)) { .text($0.campaign.startedBy?.description) },
        .init("started_at", .nullable(.time)) { .time($0.campaign.startedAt) },
        .init("ended_at", .nullable(.time)) { .time($0.campaign.endedAt) },
        .init("created_at", .nullable(.time)) { .time($0.campaign.stamp?.createdAt) },
        .init("updated_at", .nullable(.time)) { .time($0.campaign.stamp?.updatedAt) },
    ]

    static let view = View<Shown>(said + course)

    /// With how many of its notices stand in which state.
    static let whole = View<Shown>(
        said + course + [
            .init("notices", .list(.object([.init("state", .text(20)), .init("count", count)]))) { shown in
                NoticeDesk.json { json in
                    json.beginArray()
                    for (state, count) in shown.tally {
                        json.beginObject()
                        json.pair("state", state.rawValue)
                        json.pair("count", count)
                        json.endObject()
                    }
                    json.endArray()
                }
            }
        ]
    )

    private static func texts(_ texts: [String: CampaignText]) -> FieldValue {
        NoticeDesk.json { json in
            json.beginObject()
            for (language, text) in texts.sorted(by: { $0.key < $1.key }) {
                json.key(string: language)
                json.beginObject()
                json.pair("title", text.title)
                json.pair("body", text.body)
                json.endObject()
            }
            json.endObject()
        }
    }

    // MARK: - Coming in

    enum Way: String, Hashable, Sendable, CaseIterable {
        case email, sms
        case inApp = "in_app"
    }

    /// What a body says of one.
    struct Draft: Sendable {
        var campaign: Campaign

        var statuses: [CustomerStatus] {
            get { campaign.segment.orderedStatuses }
            set { campaign.segment.statuses = Set(newValue) }
        }

        var ways: [Way]? {
            get { campaign.channels?.compactMap(Way.init) }
            set { campaign.channels = newValue?.map(\.rawValue) }
        }

        static let shape = InputShape<Draft>([
            InputField("name", .text(100, minimum: 1), \.campaign.name, isRequired: true),
            InputField("language", .language, \.campaign.language),
            InputField("texts", .campaignTexts, \.campaign.texts, isRequired: true),
            InputField("url", .text(1_000, minimum: 1), clearable: \.campaign.url),
            InputField("channels", InputKind.choice().list(3, minimum: 1), clearable: \.ways),
            InputField("statuses", InputKind.choice().list(3, minimum: 1), \.statuses),
            InputField("plan_ids", InputKind.id().list(CampaignSegment.mostPlans), \.campaign.segment.plans),
            InputField("tags", InputKind.text(50, minimum: 1).list(50), \.campaign.segment.tags),
            InputField("per_minute", .whole(1...60_000), \.campaign.perMinute),
            InputField("starts_at", .time, clearable: \.campaign.startsAt),
        ])
    }
}

extension InputKind where Value == [String: CampaignText] {
    /// An object with a title and a body for each language.
    static var campaignTexts: InputKind {
        InputKind(
            .object([], isOpen: true),
            "an object of at most \(Campaign.mostTexts) languages, such as {\"en\": {\"title\": \"…\", \"body\": \"…\"}}"
        ) { value in
            guard case .object(let languages) = value, (1...Campaign.mostTexts).contains(languages.count) else {
                return nil
            }
            var texts: [String: CampaignText] = [:]
            for (language, member) in languages {
                guard NoticeDesk.isLanguage(language), case .object(let parts) = member, parts.count == 2,
                    let title = parts["title"]?.text, let body = parts["body"]?.text
                else { return nil }
                texts[language] = CampaignText(title: title, body: body)
            }
            return texts
        }
    }
}
