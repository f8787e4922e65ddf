import Domain
import SharedTesting
import Testing

/// Announcements to many: their course, their pace and their words.
@Suite(.proves("NTF-02")) struct CampaignTests {
    private static let now = Timestamp(secondsSince1970: 1_795_167_000)

    private static func campaign(_ change: (inout Campaign) -> Void = { _ in }) -> Campaign {
        var campaign = Campaign(
            tenantID: TenantID(UUID128(high: 1, low: 1)),
            id: CampaignID(UUID128(high: 2, low: 2)),
            name: "Works",
            createdBy: UUID128(high: 3, low: 3)
        )
        campaign.texts["en"] = CampaignText(title: "Works", body: "On Tuesday.\nFor an hour.")
        change(&campaign)
        return campaign
    }

    @Test func `whatever people do, it starts once, ends once, and does nothing after that`() {
        var random = SeededRandom()
        for _ in 0..<500 {
            var (state, starts, ends) = (CampaignState.draft, 0, 0)
            for _ in 0..<40 {
                guard let act = CampaignState.Act.allCases.randomElement(using: &random) else { continue }
                guard let next = state.after(act) else { continue }
                #expect(!state.isEnded && next != state, "\(act) of \(state), seed \(random.seed)")
                if act == .start { starts += 1 }
                if next.isEnded { ends += 1 }
                if act == .cancel { #expect(next == .cancelled) }
                state = next
            }
            #expect(starts <= 1 && ends <= 1, "seed \(random.seed)")
            #expect(state != .running || starts == 1, "seed \(random.seed)")
        }
        for ended in [CampaignState.cancelled, .completed] {
            #expect(CampaignState.Act.allCases.allSatisfy { ended.after($0) == nil })
        }
        #expect(CampaignState.running.after(.start) == nil && CampaignState.draft.after(.pause) == nil)
    }

    @Test func `no more are told than its pace allows, however it is looked at, and none is lost to it`() {
        var random = SeededRandom()
        for _ in 0..<300 {
            let pace = CampaignPace(perMinute: Int.random(in: 1...60_000, using: &random))
            let most = Int.random(in: 1...300, using: &random)
            var (nextAt, now, told) = (Self.now, Self.now, 0)
            for _ in 0..<60 {
                now = now.adding(microseconds: Int64.random(in: 0...8_000_000, using: &random))
                let step = pace.step(from: nextAt, at: now, most: most)
                #expect(step.count <= most && (step.count > 0) == (now >= nextAt), "seed \(random.seed)")
                #expect(step.nextAt >= nextAt, "seed \(random.seed)")
                (nextAt, told) = (step.nextAt, told + step.count)
                // The first goes at once; rounding never makes it faster.
                let seconds = Double(now.microseconds(since: Self.now)) / 1_000_000
                #expect(Double(told) <= 1 + seconds * Double(pace.perMinute) / 60 + 0.001, "seed \(random.seed)")
            }
        }
    }

    @Test func `an hour that nobody looked is not made up for at once`() {
        let pace = CampaignPace(perMinute: 60)
        #expect(pace.step(from: Self.now, at: Self.now, most: 200).count == 1)
        let later = pace.step(from: Self.now, at: Self.now + .seconds(3_600), most: 200)
        #expect(later.count == 6 && later.nextAt == Self.now + .seconds(3_601))
        #expect(pace.step(from: later.nextAt, at: Self.now + .seconds(3_600), most: 200) == (0, later.nextAt))
    }

    @Test func `everybody has words: his language's, its base's, or the campaign's`() {
        let campaign = Self.campaign { $0.texts["fr"] = CampaignText(title: "Travaux", body: "Mardi.") }
        #expect(campaign.words(for: "fr")?.text.title == "Travaux")
        let canadian = campaign.words(for: "fr-CA")
        #expect(canadian?.text.title == "Travaux" && canadian?.language == "fr-CA")
        for other in [nil, "de", "de-AT", "en"] {
            let words = campaign.words(for: other)
            #expect(words?.text.title == "Works" && words?.language == "en", "\(other ?? "none")")
        }
        #expect(Self.campaign { $0.texts = [:] }.words(for: "en") == nil)
    }

    @Test func `what could not be told, or is for nobody, is refused by its field`() throws {
        try Self.campaign().validate()
        let long = String(repeating: "я", count: 4_001)
        for (field, change) in [
            ("name", { $0.name = " " }), ("language", { $0.language = "fr" }), ("texts", { $0.texts = [:] }),
            ("texts.en.title", { $0.texts["en"]?.title = "a\nb" }),
            ("texts.en.title", { $0.texts["en"]?.title = "" }), ("texts.en.body", { $0.texts["en"]?.body = long }),
            ("url", { $0.url = "javascript:alert(1)" }), ("url", { $0.url = "https://a.example/\n" }),
            ("channels", { $0.channels = ["email", "email"] }), ("channels", { $0.channels = ["slack"] }),
            ("channels", { $0.channels = [] }), ("statuses", { $0.segment.statuses = [] }),
            ("tags", { $0.segment.tags = ["a b"] }), ("per_minute", { $0.perMinute = 0 }),
            ("per_minute", { $0.perMinute = 60_001 }),
        ] as [(String, (inout Campaign) -> Void)] {
            let error = #expect(throws: ValidationError.self, "\(field)") { try Self.campaign(change).validate() }
            #expect(error?.fields.contains { $0.field == field } == true, "\(field)")
        }
    }
}
