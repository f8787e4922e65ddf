extension IDTag {
    package enum Campaign {}
}

package typealias CampaignID = ID<IDTag.Campaign>

/// Where an announcement to many customers stands.
package enum CampaignState: String, Hashable, Sendable, CaseIterable {
    case draft, running, paused, cancelled, completed

    /// What somebody, or the one who tells its customers, does with it.
    package enum Act: String, Hashable, Sendable, CaseIterable {
        case start, pause, resume, cancel
        /// All of its customers were looked at, and nothing of it waits.
        case complete
    }

    /// Nothing is done with it any more.
    package var isEnded: Bool { self == .cancelled || self == .completed }

    /// Where it stands after that; nil where that cannot be done with it, such as starting it twice.
    package func after(_ act: Act) -> CampaignState? {
        switch (self, act) {
        case (.draft, .start), (.paused, .resume): .running
        case (.running, .pause): .paused
        case (.running, .complete): .completed
        case (.draft, .cancel), (.running, .cancel), (.paused, .cancel): .cancelled
        default: nil
        }
    }
}

/// What is said in one language.
package struct CampaignText: Hashable, Sendable {
    package var title: String
    package var body: String

    package init(title: String, body: String) {
        self.title = title
        self.body = body
    }

    package static let mostTitle = 200
    /// Octets of UTF-8: what one fact of a notice may have.
    package static let mostBody = 8_000
}

/// Which of a tenant's customers are told.
package struct CampaignSegment: Hashable, Sendable {
    package var statuses: Set<CustomerStatus>
    /// Who has a service of one of them that is not terminated; whichever plans where it is empty.
    package var plans: [PlanID]
    /// Who has one of them; whichever tags where it is empty.
    package var tags: [String]

    package init(
        statuses: Set<CustomerStatus> = [.active, .suspended],
        plans: [PlanID] = [],
        tags: [String] = []
    ) {
        (self.statuses, self.plans, self.tags) = (statuses, plans, tags)
    }

    /// In the order of their names.
    package var orderedStatuses: [CustomerStatus] { CustomerStatus.allCases.filter(statuses.contains) }

    package static let mostPlans = 100
}

/// How far it came.
package struct CampaignProgress: Hashable, Sendable {
    /// Customers that it was for when it was started.
    package var targeted: Int64 = 0
    /// Customers that were looked at: those who are told and those who are not.
    package var recipients: Int64 = 0
    package var planned: Int64 = 0
    /// They refuse news, or have no address.
    package var skipped: Int64 = 0

    package init() {}
}

/// An announcement to many customers of one tenant (table campaigns; NTF-02).
package struct Campaign: Hashable, Sendable {
    package var tenantID: TenantID
    package var id: CampaignID
    package var name: String
    /// Who wants a language that has no text is told in this one.
    package var language: String
    package var texts: [String: CampaignText]
    /// Where one may read more.
    package var url: String?
    /// Names of ways, in the order in which they are tried; nil for what the tenant's rule says.
    package var channels: [String]?
    package var segment: CampaignSegment
    /// Customers a minute at most.
    package var perMinute: Int
    /// Not before that; nil for at once.
    package var startsAt: Timestamp?
    package var state: CampaignState
    /// When the next customer may be told, while it runs.
    package var nextAt: Timestamp?
    /// The last customer that was looked at.
    package var lastID: CustomerID?
    package var progress: CampaignProgress
    package var createdBy: UUID128
    package var startedBy: UUID128?
    package var startedAt: Timestamp?
    package var endedAt: Timestamp?
    /// Nil until stored.
    package var stamp: RowStamp?

    package init(tenantID: TenantID, id: CampaignID, name: String, createdBy: UUID128) {
        (self.tenantID, self.id, self.name, self.createdBy) = (tenantID, id, name, createdBy)
        (language, texts, segment, perMinute) = ("en", [:], CampaignSegment(), 600)
        (state, progress) = (.draft, CampaignProgress())
    }

    package static let mostTexts = 20
    /// Ways by which customers are told of news.
    package static let ways = ["email", "sms", "in_app"]

    /// The text for who wants that language, of itself or its base, and the language of all that is said around it.
    package func words(for wanted: String?) -> (language: String, text: CampaignText)? {
        if let wanted {
            for language in [wanted, String(wanted.prefix { $0 != "-" })] {
                if let text = texts[language] { return (wanted, text) }
            }
        }
        return texts[language].map { (language, $0) }
    }
}

extension Campaign: Validated {
    package func check(_ checks: inout FieldChecks) {
        checks.text("name", name, maximum: 100)
        checks.number("texts", texts.count, in: 1...Int64(Self.mostTexts))
        if texts[language] == nil {
            checks.refuse("language", .conflicts(reason: "is none of those that have a text"))
        }
        for (language, text) in texts.sorted(by: { $0.key < $1.key }) {
            checks.text("texts.\(language).title", text.title, maximum: CampaignText.mostTitle)
            checks.oneLine("texts.\(language).title", text.title)
            checks.text("texts.\(language).body", text.body, maximum: CampaignText.mostBody)
            if text.body.utf8.count > CampaignText.mostBody {
                checks.refuse(
                    "texts.\(language).body",
                    .conflicts(reason: "must be at most \(CampaignText.mostBody) octets of UTF-8")
                )
            }
        }
        if let url {
            checks.text("url", url, maximum: 1_000)
            checks.oneLine("url", url)
            if !url.hasPrefix("https://"), !url.hasPrefix("http://") {
                checks.refuse("url", .conflicts(reason: "must begin with https:// or http://"))
            }
        }
        if let channels {
            checks.number("channels", channels.count, in: 1...Int64(Self.ways.count))
            if Set(channels).count < channels.count || !channels.allSatisfy(Self.ways.contains) {
                checks.refuse("channels", .conflicts(reason: "must be different ones of email, sms and in_app"))
            }
        }
        checks.number("statuses", segment.statuses.count, in: 1...Int64(CustomerStatus.allCases.count))
        checks.number("plans", segment.plans.count, in: 0...Int64(CampaignSegment.mostPlans))
        checks.tags("tags", segment.tags)
        checks.number("per_minute", perMinute, in: 1...60_000)
    }
}
