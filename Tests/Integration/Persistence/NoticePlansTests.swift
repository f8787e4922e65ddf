import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

/// What is planned and what stands behind it, in Postgres, as the notifier's role.
@Suite struct NoticePlansTests {
    private struct Scene {
        let world: DirectoryWorld
        let superuser: PostgresSession
        let session: PostgresSession
        let tenant: TenantID
        let user: UserID

        init() async throws {
            world = try await DirectoryWorld()
            superuser = try await world.superuser()
            session = PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_notifier"))
            (tenant, user) = (world.one.tenant, world.ids.next())
            try await superuser.query(
                "INSERT INTO users (tenant_id, id, email, name, role) VALUES ($1, $2, 'ada@example.net', 'Ada', 'viewer')",
                [.id(tenant), .id(user)]
            )
        }

        func planned(_ cause: String, _ channel: String) -> PlannedNotice {
            var planned = PlannedNotice(
                tenantID: tenant,
                cause: cause,
                kind: "account_locked",
                channel: channel,
                recipient: .user(user),
                expiresAt: DirectoryWorld.now + .seconds(3_600)
            )
            planned.address = channel == "email" ? "ada@example.net" : nil
            return planned
        }

        func claimed(_ queue: NoticeQueue, at time: Timestamp = DirectoryWorld.now) async throws -> [ClaimedNotice] {
            try await queue.claim(NoticeShare(10), at: time, until: time + .seconds(60))
        }

        func close() async {
            await session.close()
            await superuser.close()
            await world.close()
        }
    }

    @Test(.proves("NTF-03")) func `what is planned twice stands once, and what is held waits`() async throws {
        let scene = try await Scene()
        let plans = NoticePlans(scene.session)
        var held = scene.planned("two", "email")
        held.heldUntil = DirectoryWorld.now + .seconds(600)
        let rows = [scene.planned("one", "email"), scene.planned("one", "in_app"), held]
        #expect(try await plans.write(rows, at: DirectoryWorld.now) == 3)
        #expect(try await plans.write(rows, at: DirectoryWorld.now + .seconds(1)) == 0)
        let queue = NoticeQueue(scene.session, ids: scene.world.ids)
        #expect(try await scene.claimed(queue).map(\.cause) == ["one", "one"])
        #expect(try await scene.claimed(queue, at: DirectoryWorld.now + .seconds(601)).map(\.cause) == ["two"])
        await scene.close()
    }

    @Test(.proves("NTF-06"))
    func `addressees come with their wishes and their tenant's rule, and who may not sign in is none`()
        async throws
    {
        let scene = try await Scene()
        let plans = NoticePlans(scene.session)
        try await scene.superuser.query(
            "INSERT INTO notice_providers (tenant_id, channel, kind, name) VALUES ($1, 'email', 'smtp', 'mail')",
            [.id(scene.tenant)]
        )
        let asked = [
            (tenant: scene.world.two.tenant, recipient: NoticeRecipient.user(scene.user), kind: "account_locked"),
            (tenant: scene.tenant, recipient: NoticeRecipient.user(scene.user), kind: "account_locked"),
        ]
        #expect(try await plans.addressees(asked) == [1: NoticeAddressee(email: "ada@example.net")])
        try await scene.superuser.query(
            """
            INSERT INTO notice_preferences (tenant_id, recipient_kind, recipient_id, language, time_zone, quiet_from, quiet_until,
                channels, refused) VALUES ($1, 'user', $2, 'fr', 'Europe/Rome', 1320, 420, '{in_app,email}', '{news}')
            """,
            [.id(scene.tenant), .id(scene.user)]
        )
        try await scene.superuser.query(
            "INSERT INTO notice_rules (tenant_id, kind, is_enabled, channels) VALUES ($1, 'account_locked', false, '{email}')",
            [.id(scene.tenant)]
        )
        var expected = NoticeAddressee(email: "ada@example.net")
        (expected.language, expected.timeZone) = ("fr", "Europe/Rome")
        (expected.quietFrom, expected.quietUntil) = (1_320, 420)
        (expected.channels, expected.refused) = (["in_app", "email"], ["news"])
        (expected.isRuleOn, expected.ruleChannels) = (false, ["email"])
        #expect(try await plans.addressees(asked) == [1: expected])
        try await scene.superuser.query("UPDATE users SET is_active = false WHERE id = $1", [.id(scene.user)])
        #expect(try await plans.addressees(asked).isEmpty)
        await scene.close()
    }

    @Test(.proves("NTF-04")) func `a user's pages are told of what stands there, once`() async throws {
        let scene = try await Scene()
        try await NoticePlans(scene.session).write(
            [scene.planned("one", "in_app"), scene.planned("one", "email")],
            at: DirectoryWorld.now
        )
        let queue = NoticeQueue(scene.session, ids: scene.world.ids)
        let records = try await scene.claimed(queue).map { NoticeRecord($0, .sent) }
        for _ in 0..<2 { try await queue.record(records, at: DirectoryWorld.now) }
        let rows = try await scene.superuser.query(
            "SELECT subject, count(*) FROM outbox WHERE subject LIKE 'notice.%' GROUP BY subject ORDER BY subject"
        )
        #expect(rows.map { $0[0].text } == ["notice.ended", "notice.posted"])
        #expect(rows.map { $0[1].int } == [2, 1])
        await scene.close()
    }

    @Test(.proves("NTF-05", "NTF-10")) func `words and links are read as they are, and nothing of who is gone`()
        async throws
    {
        let scene = try await Scene()
        let sources = NoticeSources(scene.session)
        var notice = ClaimedNotice(
            tenantID: scene.tenant,
            id: scene.world.ids.next(),
            kind: "reset_password",
            channel: "email",
            recipientID: scene.user.value,
            createdAt: DirectoryWorld.now,
            expiresAt: DirectoryWorld.now + .seconds(60)
        )
        notice.recipientKind = "user"
        let question = NoticeQuestion(notice, address: nil, languages: ["fr-CA", "fr", "en"])
        #expect(try await sources.standings(of: [question])[0].background?.recipientName == "Ada")
        for (version, isCurrent) in [(1, false), (2, true)] {
            try await scene.superuser.query(
                """
                INSERT INTO notice_templates (tenant_id, kind, channel, language, version, subject, text, is_current, created_by)
                VALUES ($1, 'reset_password', 'email', 'fr', $2, 'Sujet', $3, $4, $5)
                """,
                [
                    .id(scene.tenant), .int4(Int32(version)), .text("version \(version)"), .bool(isCurrent),
                    .id(scene.user),
                ]
            )
        }
        let words = try await sources.standings(of: [question])[0].words
        #expect(words == [NoticeWords(language: "fr", subject: "Sujet", text: "version 2", html: nil)])
        let link: OneTimeLinkID = scene.world.ids.next()
        try await scene.superuser.query(
            """
            INSERT INTO one_time_links (tenant_id, id, user_id, purpose, email, hash, sealed_token, created_at, expires_at)
            VALUES ($1, $2, $3, 'reset_password', 'ada@example.net', decode(repeat('00', 32), 'hex'), '\\x01', $4, $5)
            """,
            [
                .id(scene.tenant), .id(link), .id(scene.user), .time(DirectoryWorld.now),
                .time(DirectoryWorld.now + .seconds(3_600)),
            ]
        )
        let open = try await sources.link(link, in: scene.tenant)
        #expect(open?.isOpen == true && open?.sealedToken == [1] && open?.userID == scene.user)
        #expect(try await sources.link(link, in: scene.world.two.tenant) == nil)
        try await scene.superuser.query(
            "UPDATE users SET deleted_at = clock_timestamp() WHERE id = $1",
            [.id(scene.user)]
        )
        #expect(try await sources.standings(of: [question])[0].background == nil)
        await scene.close()
    }
}
