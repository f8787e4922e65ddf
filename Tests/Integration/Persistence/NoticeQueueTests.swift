import Crypto
import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

/// The queue of notices and the roster of their providers, in Postgres.
@Suite struct NoticeQueueTests {
    private struct Scene {
        let world: DirectoryWorld
        let superuser: PostgresSession
        let session: PostgresSession
        let rivalSession: PostgresSession
        let queue: NoticeQueue
        let rival: NoticeQueue

        init() async throws {
            world = try await DirectoryWorld()
            superuser = try await world.superuser()
            session = PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_notifier"))
            rivalSession = PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_notifier"))
            queue = NoticeQueue(session, ids: world.ids)
            rival = NoticeQueue(rivalSession, ids: world.ids)
        }

        func add(_ count: Int, to tenant: TenantID, priority: Int = 1) async throws {
            try await superuser.query(
                """
                INSERT INTO notices (tenant_id, cause, kind, channel, recipient_kind, recipient_id, address, language, priority,
                    next_at, created_at, expires_at)
                SELECT $1, uuid_v7()::text, 'bill_due', 'email', 'customer', uuid_v7(), 'a@example.net', 'en', $2, $3, $3, $4
                FROM generate_series(1, $5)
                """,
                [
                    .id(tenant), .int2(Int16(priority)), .time(DirectoryWorld.now), .time(NoticeQueueTests.late),
                    .int4(Int32(count)),
                ]
            )
        }

        func claim(_ limit: Int) async throws -> [ClaimedNotice] {
            try await queue.claim(NoticeShare(limit), at: DirectoryWorld.now, until: DirectoryWorld.now + .seconds(60))
        }

        func states() async throws -> [String: Int] {
            var states: [String: Int] = [:]
            for row in try await superuser.query("SELECT state, count(*) FROM notices GROUP BY state") {
                states[row[0].text ?? ""] = row[1].int
            }
            return states
        }

        func told() async throws -> Int {
            try await superuser.query("SELECT count(*) FROM outbox WHERE subject = 'notice.ended'").first?[0].int ?? 0
        }

        func close() async {
            await session.close()
            await rivalSession.close()
            await superuser.close()
            await world.close()
        }
    }

    private static let late = DirectoryWorld.now + .seconds(86_400)

    @Test(.proves("NTF-10")) func `codes go before campaigns, and one tenant's campaign leaves others their turn`()
        async throws
    {
        let scene = try await Scene()
        try await scene.add(200, to: scene.world.one.tenant)
        try await scene.add(3, to: scene.world.two.tenant)
        try await scene.add(1, to: scene.world.one.tenant, priority: 0)
        let claimed = try await scene.claim(20)
        #expect(claimed.first?.priority == 0)
        #expect(claimed.filter { $0.tenantID == scene.world.two.tenant }.count == 3)
        #expect(claimed.count >= 12)
        await scene.close()
    }

    @Test(.proves("NTF-10")) func `who has enough under way waits, and what is urgent has room of its own`()
        async throws
    {
        let scene = try await Scene()
        let (one, two) = (scene.world.one.tenant, scene.world.two.tenant)
        let until = DirectoryWorld.now + .seconds(60)
        try await scene.add(9, to: one)
        try await scene.add(3, to: two, priority: 3)
        let full = NoticeShare(limits: [4, 2, 0, 0], without: [])
        #expect(try await scene.queue.claim(full, at: DirectoryWorld.now, until: until).count == 2)
        var share = NoticeShare(10)
        share.without = [one]
        let others = try await scene.queue.claim(share, at: DirectoryWorld.now, until: until)
        #expect(others.map(\.tenantID) == [two, two, two])
        await scene.close()
    }

    @Test(.proves("NTF-03", "NTF-08")) func `two notifiers never hold one notice, and each is recorded once`()
        async throws
    {
        let scene = try await Scene()
        let until = DirectoryWorld.now + .seconds(60)
        try await scene.add(100, to: scene.world.one.tenant)
        var mine: [ClaimedNotice] = []
        var others: [ClaimedNotice] = []
        for _ in 0..<5 {
            async let first = scene.queue.claim(NoticeShare(15), at: DirectoryWorld.now, until: until)
            async let second = scene.rival.claim(NoticeShare(15), at: DirectoryWorld.now, until: until)
            mine += try await first
            others += try await second
        }
        #expect(Set((mine + others).map(\.id)).count == mine.count + others.count)
        // What the other holds is not ours to record.
        #expect(try await scene.queue.record(others.map { NoticeRecord($0, .sent) }, at: DirectoryWorld.now).isEmpty)
        let stored = try await scene.queue.record(mine.map { NoticeRecord($0, .sent) }, at: DirectoryWorld.now)
        #expect(stored == Set(mine.map(\.id)))
        #expect(try await scene.queue.record(mine.map { NoticeRecord($0, .sent) }, at: DirectoryWorld.now).isEmpty)
        #expect(try await scene.told() == mine.count)
        await scene.close()
    }

    @Test(.proves("NTF-03")) func `a claim that lapsed is unknown, told once, and cannot be recorded any more`()
        async throws
    {
        let scene = try await Scene()
        try await scene.add(3, to: scene.world.one.tenant)
        let claimed = try await scene.claim(10)
        #expect(try await scene.rival.lapse(at: DirectoryWorld.now + .seconds(59), limit: 10) == 0)
        #expect(try await scene.rival.lapse(at: DirectoryWorld.now + .seconds(61), limit: 10) == 3)
        #expect(try await scene.queue.record(claimed.map { NoticeRecord($0, .sent) }, at: DirectoryWorld.now).isEmpty)
        #expect(try await scene.states() == ["unknown": 3])
        #expect(try await scene.told() == 3)
        #expect(try await scene.claim(10).isEmpty)
        await scene.close()
    }

    @Test(.proves("NTF-03")) func `what failed waits with its attempts, and each time a provider was asked stands`()
        async throws
    {
        let scene = try await Scene()
        try await scene.add(1, to: scene.world.one.tenant)
        let notice = try #require(try await scene.claim(1).first)
        let again = DirectoryWorld.now + .seconds(30)
        var record = NoticeRecord(notice, .queued, reason: "greylisted", nextAt: again)
        record.attempts = 1
        record.asked = [
            .init(provider: nil, outcome: .outage, reason: "away", at: DirectoryWorld.now),
            .init(provider: nil, outcome: .failed, reason: "greylisted", detail: "451 \0later", at: DirectoryWorld.now),
        ]
        #expect(try await scene.queue.record([record], at: DirectoryWorld.now) == [notice.id])
        #expect(try await scene.claim(1).isEmpty)
        #expect(try await scene.told() == 0)
        let once = try await scene.queue.claim(NoticeShare(1), at: again, until: again + .seconds(60))
        #expect(once.map(\.attempts) == [1])
        let asked = try await scene.superuser.query(
            "SELECT number, outcome, detail FROM notice_attempts ORDER BY number"
        )
        #expect(asked.map { $0[1].text } == ["outage", "failed"])
        #expect(asked.map { $0[2].text } == [nil, "451 later"])
        await scene.close()
    }

    @Test(.proves("NTF-10")) func `what waited too long expires, and what ended long ago is removed`() async throws {
        let scene = try await Scene()
        try await scene.add(2, to: scene.world.one.tenant)
        #expect(try await scene.queue.expire(at: DirectoryWorld.now, limit: 10) == 0)
        #expect(try await scene.queue.expire(at: Self.late, limit: 10) == 2)
        #expect(try await scene.states() == ["expired": 2])
        #expect(try await scene.queue.depth().isEmpty)
        #expect(try await scene.queue.prune(before: Self.late, limit: 10) == 0)
        #expect(try await scene.queue.prune(before: Self.late + .seconds(1), limit: 10) == 2)
        await scene.close()
    }

    @Test(.proves("NTF-01")) func `a tenant without providers is carried by its nearest ancestor's`() async throws {
        let scene = try await Scene()
        let secrets = NoticeSecrets(scene.world.keyring)
        let (id, tenant) = (scene.world.ids.uuid(), scene.world.one.tenant)
        try await scene.superuser.query(
            """
            INSERT INTO notice_providers (tenant_id, id, channel, kind, name, settings, sealed_secrets)
            VALUES ($1, $2, 'email', 'smtp', 'mail', '{"host": "mail.example.net", "port": 587}', $3)
            """,
            [
                .id(tenant), .uuid(high: id.high, low: id.low),
                .bytea(try secrets.seal(["password": "a \"b\""], of: id, tenant: tenant)),
            ]
        )
        let sources = NoticeSources(scene.session)
        func providers(_ tenant: TenantID, _ channel: String) async throws -> [NoticeProviderRow] {
            let notice = ClaimedNotice(
                tenantID: tenant,
                id: scene.world.ids.next(),
                kind: "bill_due",
                channel: channel,
                recipientID: scene.world.ids.uuid(),
                createdAt: DirectoryWorld.now,
                expiresAt: DirectoryWorld.now
            )
            return try await sources.standings(of: [NoticeQuestion(notice, address: nil, languages: ["en"])])[0]
                .providers
        }
        let found = try #require(try await providers(scene.world.reseller, "email").first)
        #expect(found.tenantID == tenant && found.kind == "smtp")
        #expect(found.settings == ["host": "mail.example.net", "port": "587"])
        let sealed = try #require(found.sealedSecrets)
        #expect(try secrets.open(sealed, of: id, tenant: tenant) == ["password": "a \"b\""])
        #expect(throws: KeyringError.self) { try secrets.open(sealed, of: id, tenant: scene.world.two.tenant) }
        #expect(try await providers(scene.world.two.tenant, "email").isEmpty)
        #expect(try await providers(tenant, "sms").isEmpty)
        await scene.close()
    }
}
