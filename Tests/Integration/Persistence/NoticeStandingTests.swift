import Domain
import Notices
import Persistence
import Postgres
import SharedTesting
import Testing

/// What stands behind notices that are asked about together.
@Suite(.proves("NTF-07")) struct NoticeStandingTests {
    private struct Scene {
        let world: DirectoryWorld
        let superuser: PostgresSession
        let session: PostgresSession
        let tenants: [TenantID]
        let user: UserID

        init() async throws {
            world = try await DirectoryWorld()
            superuser = try await world.superuser()
            session = PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_notifier"))
            (tenants, user) = ([world.one.tenant, world.reseller, world.two.tenant], world.ids.next())
            try await superuser.query(
                "INSERT INTO users (tenant_id, id, email, name, role) VALUES ($1, $2, 'ada@example.net', 'Ada', 'viewer')",
                [.id(world.one.tenant), .id(user)]
            )
            for channel in ["email", "sms"] {
                try await superuser.query(
                    """
                    INSERT INTO notice_providers (tenant_id, channel, kind, name, position)
                    VALUES ($1, $2, 'any', 'second ' || $2::text, 2), ($1, $2, 'any', 'first ' || $2::text, 1),
                        (operator_tenant(), $2, 'any', 'operator ' || $2::text, 1)
                    """,
                    [.id(world.one.tenant), .text(channel)]
                )
            }
            try await superuser.query(
                """
                INSERT INTO notice_templates (tenant_id, kind, channel, language, version, subject, text, is_current, created_by)
                VALUES ($1, 'bill_due', 'email', 'fr', 1, 'Sujet', 'one', true, $2),
                    (operator_tenant(), 'bill_due', 'email', 'fr', 1, 'Sujet', 'operator', true, $2)
                """,
                [.id(world.one.tenant), .id(user)]
            )
            try await suppress(world.one.tenant, "sms", "stopped", category: nil)
            try await suppress(world.one.tenant, "email", "unsubscribed", category: nil)
            try await suppress(world.two.tenant, "email", "unsubscribed", category: "money")
        }

        private func suppress(_ tenant: TenantID, _ channel: String, _ reason: String, category: String?) async throws {
            try await superuser.query(
                "INSERT INTO notice_suppressions (tenant_id, channel, digest, category, reason) VALUES ($1, $2, $3, $4, $5)",
                [.id(tenant), .text(channel), .bytea(digest), .text(category), .text(reason)]
            )
        }

        let digest = NoticeAddress.digest(.email, "ada@example.net")

        /// Of any tenant, to somebody who is there or not, at an address that somebody refused or not.
        func question(_ random: inout SeededRandom) throws -> NoticeQuestion {
            let tenant = try #require(tenants.randomElement(using: &random))
            let channel = Bool.random(using: &random) ? "email" : "sms"
            let isThere = Bool.random(using: &random)
            var notice = ClaimedNotice(
                tenantID: tenant,
                id: world.ids.next(),
                kind: Bool.random(using: &random) ? "bill_due" : "bill_overdue",
                channel: channel,
                recipientID: isThere ? user.value : world.ids.uuid(),
                createdAt: DirectoryWorld.now,
                expiresAt: DirectoryWorld.now
            )
            notice.recipientKind = Bool.random(using: &random) ? "user" : "customer"
            let address = NoticeQuestion.Address(
                digest: Bool.random(using: &random) ? digest : NoticeAddress.digest(.email, "eve@example.net"),
                category: Bool.random(using: &random) ? "money" : "security",
                mayBeRefused: Bool.random(using: &random)
            )
            let languages = Bool.random(using: &random) ? ["fr", "en"] : []
            return NoticeQuestion(notice, address: Bool.random(using: &random) ? address : nil, languages: languages)
        }

        func close() async {
            await session.close()
            await superuser.close()
            await world.close()
        }
    }

    @Test func `asked together they stand as asked alone`() async throws {
        let scene = try await Scene()
        let sources = NoticeSources(scene.session)
        var random = SeededRandom()
        let questions = try (0..<150).map { _ in try scene.question(&random) }
        let together = try await sources.standings(of: questions)
        #expect(together.count == questions.count)
        for (question, standing) in zip(questions, together) {
            let alone = try await sources.standings(of: [question])
            #expect(alone == [standing], "seed \(random.seed)")
        }
        #expect(try await sources.standings(of: []).isEmpty)
        await scene.close()
    }

    @Test func `each has its own tenant's words, carriers and refusals, or those above it`() async throws {
        let scene = try await Scene()
        func standing(_ tenant: TenantID, _ channel: String, _ category: String, mayBeRefused: Bool) async throws
            -> NoticeStanding
        {
            var notice = ClaimedNotice(
                tenantID: tenant,
                id: scene.world.ids.next(),
                kind: "bill_due",
                channel: channel,
                recipientID: scene.user.value,
                createdAt: DirectoryWorld.now,
                expiresAt: DirectoryWorld.now
            )
            notice.recipientKind = "user"
            let address = NoticeQuestion.Address(digest: scene.digest, category: category, mayBeRefused: mayBeRefused)
            let question = NoticeQuestion(notice, address: address, languages: ["fr-CA", "fr", "en"])
            return try await NoticeSources(scene.session).standings(of: [question])[0]
        }
        let (one, reseller, two) = (scene.tenants[0], scene.tenants[1], scene.tenants[2])
        let own = try await standing(one, "email", "money", mayBeRefused: true)
        #expect(own.background?.recipientName == "Ada" && own.words.map(\.text) == ["one"] && own.isSuppressed)
        #expect(own.providers.count == 2 && own.providers.allSatisfy { $0.tenantID == one && !$0.isOperators })
        // He refused what may be refused, of that tenant alone.
        #expect(try await !standing(one, "email", "security", mayBeRefused: false).isSuppressed)
        #expect(try await standing(two, "email", "money", mayBeRefused: true).isSuppressed)
        #expect(try await !standing(two, "email", "usage", mayBeRefused: true).isSuppressed)
        // Below it the words and the carriers are those of the nearest above; of refusals STOP alone.
        let below = try await standing(reseller, "sms", "money", mayBeRefused: true)
        #expect(below.background == nil && below.isSuppressed && below.words.isEmpty)
        #expect(below.providers.map(\.tenantID) == [one, one])
        #expect(try await !standing(reseller, "email", "money", mayBeRefused: true).isSuppressed)
        let other = try await standing(two, "email", "money", mayBeRefused: true)
        #expect(other.words.map(\.text) == ["operator"] && other.providers.map(\.isOperators) == [true])
        await scene.close()
    }
}
