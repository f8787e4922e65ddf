import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

/// Announcements in Postgres: drafted as the gateway, told as the notifier.
@Suite(.proves("NTF-02")) struct CampaignStepsTests {
    private static let now = DirectoryWorld.now

    private struct Scene {
        let world: DirectoryWorld
        let superuser: PostgresSession
        let sessions: [PostgresSession]
        let steps: [CampaignSteps]
        let tenant: TenantID

        init(customers: Int = 0) async throws {
            let world = try await DirectoryWorld()
            self.world = world
            superuser = try await world.superuser()
            sessions = (0..<2).map { _ in
                PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_notifier"))
            }
            steps = sessions.map { CampaignSteps($0) }
            tenant = world.one.tenant
            try await row(
                """
                INSERT INTO customers (tenant_id, id, code, name, email, phone, address, status, tags)
                SELECT $1, ('00000000-0000-7000-b000-' || lpad(n::text, 12, '0'))::uuid, 'K' || n, 'Customer ' || n,
                    CASE WHEN n % 10 > 0 THEN 'c' || n || '@example.net' END, '+1 555', 'Street', 'active', '{harbour}'
                FROM generate_series(1, $2) n
                """,
                [.id(tenant), .int4(Int32(customers))]
            )
        }

        func row(_ sql: String, _ values: [PGValue] = []) async throws {
            try await superuser.transaction { transaction in
                try await transaction.query("SET LOCAL session_replication_role = replica")
                try await transaction.query(sql, values)
            }
        }

        func drafted(_ change: (inout Campaign) -> Void = { _ in }) async throws -> Campaign {
            var campaign = Campaign(tenantID: tenant, id: world.ids.next(), name: "Works", createdBy: world.ids.uuid())
            campaign.texts = ["en": CampaignText(title: "Works", body: "On \"Tuesday\".\nFor an hour.")]
            campaign.perMinute = 60_000
            change(&campaign)
            let draft = campaign
            return try await world.within(tenant) { try await Campaigns($0).insert(draft) }
        }

        func take(_ act: CampaignState.Act, _ campaign: Campaign, at now: Timestamp = now) async throws -> Campaign? {
            try await world.within(tenant) { transaction in
                let store = Campaigns(transaction)
                guard let found = try await store.find(campaign.id, forUpdate: true) else { return nil }
                return try await store.take(act, on: found, by: UUID128(high: 9, low: 9), at: now)
            }
        }

        func find(_ campaign: Campaign) async throws -> Campaign {
            try #require(try await world.within(tenant) { try await Campaigns($0).find(campaign.id) })
        }

        func step(_ campaign: Campaign, most: Int = 50, at time: Timestamp = now + .seconds(60), by number: Int = 0)
            async throws -> CampaignStep?
        {
            let ref = CampaignRef(tenantID: campaign.tenantID, id: campaign.id)
            return try await steps[number].step(ref, at: time, most: most) { campaign, recipient in
                CampaignStepsTests.plan(campaign, recipient, at: time)
            }
        }

        func close() async {
            for session in sessions { await session.close() }
            await superuser.close()
            await world.close()
        }
    }

    /// One by e-mail to who has an address.
    private static func plan(_ campaign: Campaign, _ recipient: CampaignRecipient, at time: Timestamp)
        -> [PlannedNotice]
    {
        guard let email = recipient.addressee.email else { return [] }
        var planned = PlannedNotice(
            tenantID: campaign.tenantID,
            cause: "campaign:\(campaign.id)",
            kind: "announcement",
            channel: "email",
            recipient: .customer(recipient.id),
            expiresAt: time + .seconds(604_800)
        )
        (planned.address, planned.priority, planned.campaignID) = (email, 3, campaign.id)
        return [planned]
    }

    @Test func `what is drafted is read back as it was, and a page goes from the newest on`() async throws {
        let scene = try await Scene()
        let first = try await scene.drafted { draft in
            draft.texts["fr"] = CampaignText(title: "Travaux", body: "Mardi.\u{1F6A7}")
            (draft.url, draft.channels) = ("https://bluewave.example/news", ["sms", "email"])
            draft.segment = CampaignSegment(statuses: [.suspended], plans: [scene.world.one.plan.id], tags: ["x", "y"])
            (draft.perMinute, draft.startsAt) = (7, Self.now + .seconds(60))
        }
        let found = try await scene.find(first)
        #expect(found == first && found.texts.count == 2 && found.channels == ["sms", "email"] && found.perMinute == 7)
        #expect(found.segment.plans == [scene.world.one.plan.id] && found.startsAt == Self.now + .seconds(60))
        let second = try await scene.drafted()
        // One moment made both.
        let newest = [first.id, second.id].sorted { $0 > $1 }
        try await scene.world.within(scene.tenant) { transaction in
            let store = Campaigns(transaction)
            var filter = CampaignFilter()
            let all = try await store.list(filter, after: nil, limit: 10)
            let rest = try await store.list(filter, after: newest[0], limit: 10)
            filter.state = .running
            let running = try await store.list(filter, after: nil, limit: 10)
            #expect(all.map(\.id) == newest && rest.map(\.id) == [newest[1]] && running.isEmpty)
            var changed = found
            changed.name = "Other works"
            let updated = try await store.update(changed)
            #expect(updated.name == "Other works" && updated.texts == found.texts)
        }
        let foreign = try await scene.world.within(scene.world.two.tenant) { try await Campaigns($0).find(first.id) }
        #expect(foreign == nil)
        await scene.close()
    }

    @Test(.proves("NTF-10")) func `two processes tell each customer once, and who has no address is skipped`()
        async throws
    {
        let scene = try await Scene(customers: 200)
        let campaign = try await scene.drafted { $0.segment.tags = ["harbour"] }
        #expect(try await scene.steps[0].due(at: Self.now, limit: 10).isEmpty)
        let started = try #require(try await scene.take(.start, campaign))
        #expect(started.progress.targeted == 200 && started.state == .running && started.nextAt == Self.now)
        #expect(try await scene.take(.start, campaign) == nil)
        #expect(try await scene.steps[1].due(at: Self.now, limit: 10).map(\.id) == [campaign.id])
        for _ in 0..<500 where try await scene.find(campaign).progress.recipients < 200 {
            async let first = scene.step(campaign, most: 30)
            async let second = scene.step(campaign, most: 30, by: 1)
            _ = try await [first, second]
        }
        // It ends when what was planned has.
        let (wait, end) = (Self.now + .seconds(70), Self.now + .seconds(80))
        #expect(try await scene.step(campaign, at: wait)?.isLast == false)
        #expect(try await scene.find(campaign).state == .running)
        try await scene.row("UPDATE notices SET state = 'sent', next_at = NULL, ended_at = now()")
        #expect(try await scene.step(campaign, at: end)?.isLast == true)
        let ended = try await scene.find(campaign)
        #expect(ended.state == .completed && ended.endedAt == end && ended.nextAt == nil)
        #expect(ended.progress.recipients == 200 && ended.progress.planned == 180 && ended.progress.skipped == 20)
        let row = try #require(
            try await scene.superuser.query(
                "SELECT count(*) AS rows, count(DISTINCT recipient_id) AS people FROM notices WHERE campaign_id = $1",
                [.id(campaign.id)]
            ).first
        )
        #expect(row["rows"].int == 180 && row["people"].int == 180)
        let tally = try await scene.world.within(scene.tenant) { try await Campaigns($0).tally(of: ended) }
        #expect(tally.map(\.state) == [.sent] && tally.map(\.count) == [180])
        #expect(try await scene.step(campaign, at: end + .seconds(60)) == nil)
        await scene.close()
    }

    @Test(.proves("NTF-08")) func `a step that fails leaves nothing behind, and is taken again as a whole`()
        async throws
    {
        let scene = try await Scene(customers: 20)
        let campaign = try await scene.drafted { $0.segment.tags = ["harbour"] }
        _ = try await scene.take(.start, campaign)
        let ref = CampaignRef(tenantID: scene.tenant, id: campaign.id)
        await #expect(throws: StorageFault.self) {
            try await scene.steps[0].step(ref, at: Self.now + .seconds(60), most: 50) { campaign, recipient in
                Self.plan(campaign, recipient, at: Self.now).map { planned in
                    var planned = planned
                    // The last of them cannot be written.
                    if recipient.addressee.email == "c19@example.net" { planned.language = "none" }
                    return planned
                }
            }
        }
        let count = "SELECT count(*) AS number FROM notices"
        #expect(try await scene.superuser.query(count).first?["number"].int == 0)
        let after = try await scene.find(campaign)
        #expect(after.lastID == nil && after.progress.recipients == 0 && after.state == .running)
        let step = try #require(try await scene.step(campaign))
        #expect(step.recipients == 20 && step.skipped == 2 && step.notices == 18 && !step.isLast)
        await scene.close()
    }

    @Test func `its pace holds over steps, and it begins when it says`() async throws {
        let scene = try await Scene(customers: 40)
        let campaign = try await scene.drafted { draft in
            (draft.segment.tags, draft.perMinute) = (["harbour"], 60)
            draft.startsAt = Self.now + .seconds(30)
        }
        _ = try await scene.take(.start, campaign)
        let start = Self.now + .seconds(30)
        #expect(try await scene.step(campaign, at: start + .seconds(-1)) == nil)
        #expect(try await scene.step(campaign, at: start)?.recipients == 1)
        #expect(try await scene.step(campaign, at: start) == nil)
        #expect(try await scene.step(campaign, at: start + .seconds(2))?.recipients == 2)
        // Nobody looked for a while: five seconds' worth, and the one that is due.
        #expect(try await scene.step(campaign, at: start + .seconds(600))?.recipients == 6)
        await scene.close()
    }

    @Test func `a segment is of one's own customers by state, plan and tag`() async throws {
        let scene = try await Scene(customers: 10)
        try await scene.row("UPDATE customers SET status = 'suspended' WHERE code = 'K1'")
        try await scene.row("UPDATE customers SET status = 'terminated' WHERE code = 'K2'")
        try await scene.row("UPDATE customers SET deleted_at = now() WHERE code = 'K3'")
        try await scene.row(
            "INSERT INTO notice_preferences (tenant_id, recipient_kind, recipient_id, language, refused) "
                + "SELECT tenant_id, 'customer', id, 'fr', '{news}' FROM customers WHERE code = 'K4'"
        )
        let plan = scene.world.one.plan.id
        try await scene.world.within(scene.tenant) { transaction in
            let store = Campaigns(transaction)
            for (segment, count) in [
                (CampaignSegment(), 9), (CampaignSegment(tags: ["harbour", "none"]), 8),
                (CampaignSegment(tags: ["none"]), 0),
                (CampaignSegment(statuses: [.suspended]), 1), (CampaignSegment(statuses: [.terminated]), 1),
                (CampaignSegment(plans: [plan]), 1), (CampaignSegment(plans: [plan], tags: ["harbour"]), 0),
                (CampaignSegment(plans: [scene.world.two.plan.id]), 0),
            ] {
                let audience = try await store.audience(of: segment, in: scene.tenant)
                #expect(audience.recipients == Int64(count), "\(segment)")
            }
            let audience = try await store.audience(of: CampaignSegment(tags: ["harbour"]), in: scene.tenant)
            #expect(audience.refusing == 1 && audience.withoutEmail == 1)
            let samples = try await store.samples(of: CampaignSegment(tags: ["harbour"]), in: scene.tenant, limit: 3)
            #expect(samples.map(\.name) == ["Customer 1", "Customer 5", "Customer 6"])
        }
        let campaign = try await scene.drafted { $0.segment.plans = [plan] }
        _ = try await scene.take(.start, campaign)
        #expect(try await scene.step(campaign)?.recipients == 1)
        await scene.close()
    }

    @Test(.proves("NTF-10")) func `a pause stands still, a resumption goes on, a cancellation takes back`() async throws
    {
        let scene = try await Scene(customers: 40)
        let campaign = try await scene.drafted { $0.segment.tags = ["harbour"] }
        _ = try await scene.take(.start, campaign)
        #expect(try await scene.step(campaign, most: 20)?.recipients == 20)
        let queue = NoticeQueue(scene.sessions[1], ids: scene.world.ids)
        let sources = NoticeSources(scene.sessions[0])
        let (soon, later) = (Self.now + .seconds(60), Self.now + .seconds(120))
        func claim(_ limit: Int, at time: Timestamp) async throws -> Int {
            try await queue.claim(NoticeShare(limit), at: time, until: time + .seconds(600)).count
        }
        func verdict() async throws -> NoticeVerdict {
            try await sources.verdict(
                on: .campaign(campaign.id),
                in: scene.tenant,
                recipient: .zero,
                at: soon
            )
        }
        #expect(try await claim(4, at: soon) == 4)
        #expect(try await verdict() == .holds)
        #expect(try await scene.take(.pause, campaign, at: soon)?.state == .paused)
        #expect(try await scene.take(.pause, campaign, at: soon) == nil)
        #expect(try await verdict() == .waits("campaign_paused"))
        #expect(try await scene.step(campaign, at: later) == nil)
        #expect(try await claim(100, at: later) == 0)
        #expect(try await scene.take(.resume, campaign, at: later)?.nextAt == later)
        #expect(try await claim(3, at: later) == 3)
        #expect(try await scene.step(campaign, most: 10, at: later + .seconds(5))?.recipients == 10)
        let cancelled = try #require(try await scene.take(.cancel, campaign, at: later))
        #expect(cancelled.state == .cancelled && cancelled.endedAt == later)
        for act in CampaignState.Act.allCases { #expect(try await scene.take(act, campaign) == nil) }
        #expect(try await verdict() == .ended("campaign_cancelled"))
        #expect(try await claim(100, at: later + .seconds(60)) == 0)
        let tally = try await scene.world.within(scene.tenant) { try await Campaigns($0).tally(of: cancelled) }
        // Of 30 each tenth has no address: 27 were planned, 7 of them claimed.
        #expect(Dictionary(tally.map { ($0.state, $0.count) }) { $0 + $1 } == [.cancelled: 20, .sending: 7])
        await scene.close()
    }

    @Test(.proves("SEC-01")) func `what was started is told in the words that it was started with`() async throws {
        let scene = try await Scene()
        let campaign = try await scene.drafted()
        _ = try await scene.take(.start, campaign)
        for change in [
            "texts = '{\"en\": {\"title\": \"x\", \"body\": \"y\"}}'", "tags = '{x}'",
            "state = 'draft', next_at = NULL",
        ] {
            await #expect(throws: (any Error).self, "\(change)") {
                try await scene.superuser.query("UPDATE campaigns SET \(change) WHERE id = $1", [.id(campaign.id)])
            }
        }
        var changed = campaign
        changed.name = "Late"
        let late = changed
        await #expect(throws: (any Error).self) {
            _ = try await scene.world.within(scene.tenant) { try await Campaigns($0).update(late) }
        }
        // The notifier moves it on, and writes no words.
        await #expect(throws: (any Error).self) {
            try await scene.sessions[0].query("UPDATE campaigns SET name = 'x' WHERE id = $1", [.id(campaign.id)])
        }
        await scene.close()
    }
}
