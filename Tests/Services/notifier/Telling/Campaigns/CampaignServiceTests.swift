import Domain
import Lifecycle
import Notices
import Observability
import Persistence
import SharedTesting
import Synchronization
import Testing

@testable import Notifier

/// Announcements in memory, so many customers each.
private final class MemoryCampaigns: CampaignStepping {
    private struct State: Sendable {
        var left: [CampaignRef: Int]
        var planned: [PlannedNotice] = []
    }

    private let state: Mutex<State>
    private let campaign: Campaign
    private let faults: [CampaignRef: StorageFault]

    init(_ campaign: Campaign, _ left: [CampaignRef: Int], faults: [CampaignRef: StorageFault] = [:]) {
        state = Mutex(State(left: left))
        (self.campaign, self.faults) = (campaign, faults)
    }

    var left: [Int] { state.withLock { Array($0.left.values) } }
    var planned: [PlannedNotice] { state.withLock(\.planned) }

    func due(at now: Timestamp, limit: Int) -> [CampaignRef] {
        state.withLock { state in
            state.left.filter { $0.value > 0 }.keys.sorted { $0.id.value < $1.id.value }.prefix(limit).map { $0 }
        }
    }

    func standing() -> [CampaignState: Int] { [.running: due(at: .epoch, limit: .max).count] }

    func step(
        _ ref: CampaignRef,
        at now: Timestamp,
        most: Int,
        plan: @Sendable (Campaign, CampaignRecipient) -> [PlannedNotice]
    ) throws(StorageFault) -> CampaignStep? {
        if let fault = faults[ref] { throw fault }
        return state.withLock { state in
            var step = CampaignStep()
            step.recipients = min(most, state.left[ref] ?? 0)
            for number in 0..<step.recipients {
                // Every fifth has no address.
                let recipient = CampaignRecipient(
                    id: CustomerID(UUID128(high: 7, low: UInt64(number))),
                    addressee: NoticeAddressee(email: number % 5 == 0 ? nil : "c\(number)@example.net")
                )
                var campaign = campaign
                campaign.channels = ["email"]
                let rows = plan(campaign, recipient)
                step.skipped += rows.isEmpty ? 1 : 0
                state.planned += rows
            }
            step.notices = step.recipients - step.skipped
            state.left[ref, default: 0] -= step.recipients
            step.isLast = state.left[ref] == 0
            return step
        }
    }
}

@Suite(.proves("NTF-02")) struct CampaignServiceTests {
    private static let now = Timestamp(secondsSince1970: 1_795_167_000)
    private static let tenant = TenantID(UUID128(high: 1, low: 1))

    private static var campaign: Campaign {
        var campaign = Campaign(
            tenantID: tenant,
            id: CampaignID(UUID128(high: 2, low: 2)),
            name: "Works",
            createdBy: UUID128(high: 3, low: 3)
        )
        campaign.texts = [
            "en": CampaignText(title: "Works", body: "On Tuesday."),
            "fr": CampaignText(title: "Travaux", body: "Mardi."),
        ]
        campaign.url = "https://bluewave.example/news"
        return campaign
    }

    private static func recipient(_ change: (inout NoticeAddressee) -> Void = { _ in }) -> CampaignRecipient {
        var addressee = NoticeAddressee(email: "ada@example.net")
        change(&addressee)
        return CampaignRecipient(id: CustomerID(UUID128(high: 4, low: 4)), addressee: addressee)
    }

    private static func rows(_ recipient: CampaignRecipient, _ campaign: Campaign = campaign) -> [PlannedNotice] {
        CampaignPlanning.rows(campaign, to: recipient, zone: nil, at: now)
    }

    private static func service(_ steps: MemoryCampaigns, _ registry: MetricsRegistry) -> CampaignService {
        CampaignService(
            steps: steps,
            interval: .seconds(1),
            zone: { _ in nil },
            time: TimeSource { now },
            metrics: CampaignMetrics(registry),
            health: Health(version: "test").component("campaigns"),
            logger: Logger(service: "test", sink: MemoryLogSink())
        )
    }

    private static func ref(_ number: UInt64) -> CampaignRef {
        CampaignRef(tenantID: tenant, id: CampaignID(UUID128(high: 5, low: number)))
    }

    @Test(.proves("NTF-10")) func `a customer is told once, last of all, by the first way that leads to him`() throws {
        let rows = Self.rows(Self.recipient())
        let row = try #require(rows.first)
        #expect(rows.count == 1 && row.channel == "email" && row.address == "ada@example.net" && row.priority == 3)
        #expect(row.cause == "campaign:\(Self.campaign.id)" && row.campaignID == Self.campaign.id)
        #expect(row.recipient == .customer(CustomerID(UUID128(high: 4, low: 4))) && row.kind == "announcement")
        #expect(try NoticeAbout(json: row.about) == NoticeAbout(subject: .campaign(Self.campaign.id)))
        #expect(row.heldUntil == nil && row.digestKey == nil)
        let pages = Self.rows(Self.recipient { $0.email = nil })
        #expect(pages.map(\.channel) == ["in_app"])
    }

    @Test func `he is told in his language, and what surrounds it is in the same`() throws {
        for (wanted, language, title) in [
            ("fr-CA", "fr-CA", "Travaux"), ("fr", "fr", "Travaux"), ("de", "en", "Works"), (nil, "en", "Works"),
        ] {
            let row = try #require(Self.rows(Self.recipient { $0.language = wanted }).first)
            let facts = try NoticeFacts(json: Array(row.facts.utf8))
            #expect(row.language == language && facts["title"] == .text(title), "\(wanted ?? "none")")
            #expect(facts["url"] == .url("https://bluewave.example/news"))
        }
    }

    @Test(.proves("NTF-07")) func `who refuses news, or has no way, is not told, and quiet hours are waited for`()
        throws
    {
        #expect(Self.rows(Self.recipient { $0.refused = ["news"] }).isEmpty)
        #expect(Self.rows(Self.recipient { $0.isRuleOn = false }).isEmpty)
        #expect(Self.rows(Self.recipient { ($0.email, $0.hasPages) = (nil, false) }).isEmpty)
        // The campaign's ways take the place of the rule's, and his own choice counts among them.
        var campaign = Self.campaign
        campaign.channels = ["sms", "email"]
        #expect(Self.rows(Self.recipient { $0.ruleChannels = ["in_app"] }, campaign).map(\.channel) == ["email"])
        #expect(Self.rows(Self.recipient { $0.channels = ["in_app"] }, campaign).isEmpty)
        let held = Self.rows(Self.recipient { ($0.quietFrom, $0.quietUntil) = (0, 1_439) })
        #expect(try #require(held.first?.heldUntil) > Self.now)
    }

    @Test func `each is gone through to its end, in steps, and counted`() async throws {
        let (count, registry) = (CampaignService.most * 3 + 7, MetricsRegistry())
        let steps = MemoryCampaigns(Self.campaign, [Self.ref(1): count, Self.ref(2): 5])
        // A look goes on while a step was full; what is left of it is for the next look.
        let service = Self.service(steps, registry)
        for _ in 0..<2 { try await service.look() }
        #expect(steps.left.allSatisfy { $0 == 0 })
        let text = String(decoding: registry.render(), as: UTF8.self)
        #expect(text.contains("notices_campaigns_completed_total 2\n"))
        #expect(text.contains("notices_campaign_recipients_total{outcome=\"planned\"} \(steps.planned.count)\n"))
        let skipped = count + 5 - steps.planned.count
        #expect(text.contains("notices_campaign_recipients_total{outcome=\"skipped\"} \(skipped)\n"))
    }

    @Test func `one that cannot be told keeps no other waiting, and an outage all`() async throws {
        let broken = MemoryCampaigns(
            Self.campaign,
            [Self.ref(1): 5, Self.ref(2): 5],
            faults: [Self.ref(1): .refused("unreadable")]
        )
        await #expect(throws: StorageFault.refused("unreadable")) {
            try await Self.service(broken, MetricsRegistry()).look()
        }
        #expect(broken.left.sorted() == [0, 5])
        let away = MemoryCampaigns(
            Self.campaign,
            [Self.ref(1): 5, Self.ref(2): 5],
            faults: [Self.ref(1): .outage("away")]
        )
        await #expect(throws: StorageFault.outage("away")) {
            try await Self.service(away, MetricsRegistry()).look()
        }
        #expect(away.left == [5, 5])
    }
}
