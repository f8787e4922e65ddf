import Domain
import Notices
import Persistence
import Postgres
import SharedTesting
import Synchronization
import Testing

/// What providers tell of messages, and what people answer, in Postgres.
@Suite(.proves("NTF-02")) struct NoticeReceiptsTests {
    private struct Scene {
        let world: DirectoryWorld
        let superuser: PostgresSession
        let session: PostgresSession
        let receipts: NoticeReceipts
        /// An account of the operator's for both tenants, and one of the first tenant's own.
        let shared: UUID128
        let own: UUID128

        init() async throws {
            world = try await DirectoryWorld()
            superuser = try await world.superuser()
            session = PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_notifier"))
            receipts = NoticeReceipts(session, ids: world.ids)
            shared = try await Self.account("operator_tenant()", "shared", superuser)
            own = try await Self.account("'\(world.one.tenant)'", "own", superuser)
        }

        private static func account(_ tenant: String, _ name: String, _ session: PostgresSession) async throws
            -> UUID128
        {
            let row = try await session.query(
                """
                INSERT INTO notice_providers (tenant_id, channel, kind, name) VALUES (\(tenant), 'sms', 'kannel', '\(name)')
                RETURNING id
                """
            ).first
            let id = try #require(row?["id"].uuid)
            return UUID128(high: id.high, low: id.low)
        }

        /// A notice that an account took, or of which nobody knows; its id.
        func notice(_ state: String, of tenant: TenantID, by account: UUID128?, message: String?) async throws
            -> UUID128
        {
            let row = try await superuser.query(
                """
                INSERT INTO notices (tenant_id, cause, kind, channel, recipient_kind, recipient_id, address, language, state, reason,
                    provider_id, provider_message, created_at, expires_at, sent_at, ended_at)
                VALUES ($1, uuid_v7()::text, 'bill_due', 'sms', 'customer', uuid_v7(), '+49 1511 2345678', 'en', $2, NULL, $3, $4, $5,
                    $6, $5, $5) RETURNING id
                """,
                [
                    .id(tenant), .text(state), account.map { .uuid(high: $0.high, low: $0.low) } ?? .null,
                    .text(message), .time(DirectoryWorld.now), .time(DirectoryWorld.now + .seconds(86_400)),
                ]
            ).first
            let id = try #require(row?["id"].uuid)
            return UUID128(high: id.high, low: id.low)
        }

        /// A request of an account's, which waits.
        func wait(_ account: UUID128) async throws {
            try await superuser.query(
                """
                INSERT INTO notice_callbacks (tenant_id, provider_id, host, target, body, received_at, next_at)
                SELECT tenant_id, id, 'isp.example', '/callbacks', 'x', $2, $2 FROM notice_providers WHERE id = $1
                """,
                [.uuid(high: account.high, low: account.low), .time(DirectoryWorld.now)]
            )
        }

        func settle(
            after seconds: Int64 = 0,
            _ reading: @escaping @Sendable (WaitingCallback) -> CallbackReading
        ) async throws -> SettledCallbacks {
            try await receipts.settle(
                limit: 100,
                at: DirectoryWorld.now + .seconds(seconds),
                keep: .seconds(86_400),
                read: reading
            )
        }

        func tell(_ account: UUID128, after seconds: Int64 = 0, _ told: [NoticeReceipt]) async throws
            -> SettledCallbacks
        {
            try await wait(account)
            return try await settle(after: seconds) { _ in .read(told, []) }
        }

        func row(_ notice: UUID128) async throws -> String {
            let row = try await superuser.query(
                "SELECT state, reason FROM notices WHERE id = $1",
                [.uuid(high: notice.high, low: notice.low)]
            ).first
            return "\(row?[0].text ?? "") \(row?[1].text ?? "-")"
        }

        func count(_ sql: String) async throws -> Int {
            try await superuser.query("SELECT count(*) FROM \(sql)").first?[0].int ?? -1
        }

        func isSuppressed(in tenant: TenantID) async throws -> Bool {
            let address = NoticeQuestion.Address(
                digest: NoticeAddress.digest(.sms, "+4915112345678"),
                category: "money",
                mayBeRefused: true
            )
            let notice = ClaimedNotice(
                tenantID: tenant,
                id: world.ids.next(),
                kind: "bill_due",
                channel: "sms",
                recipientID: world.ids.uuid(),
                createdAt: DirectoryWorld.now,
                expiresAt: DirectoryWorld.now
            )
            let question = NoticeQuestion(notice, address: address, languages: [])
            return try await NoticeSources(session).standings(of: [question])[0].isSuppressed
        }

        func close() async {
            await session.close()
            await superuser.close()
            await world.close()
        }
    }

    private static func receipt(
        _ state: NoticeReceipt.State,
        _ message: String? = nil,
        notice: UUID128? = nil,
        reason: String? = nil,
        suppression: NoticeSuppression.Reason? = nil
    ) -> NoticeReceipt {
        var receipt = NoticeReceipt(messageID: message, notice: notice, state: state, at: DirectoryWorld.now)
        (receipt.reason, receipt.suppression) = (reason, suppression)
        return receipt
    }

    @Test func `a receipt says once what became of a notice, and another's account says nothing of it`() async throws {
        let scene = try await Scene()
        let notice = try await scene.notice("sent", of: scene.world.two.tenant, by: scene.shared, message: "m1")
        let foreign = try await scene.tell(scene.own, [Self.receipt(.bounced, "m1", notice: notice, reason: "barred")])
        #expect(foreign.told.isEmpty)
        #expect(try await scene.row(notice) == "sent -")
        let first = try await scene.tell(
            scene.shared,
            [Self.receipt(.delivered, "m1"), Self.receipt(.delivered, "m1")]
        )
        #expect(first.told == [.delivered: 1] && first.known == 1)
        #expect(try await scene.row(notice) == "delivered -")
        let late = try await scene.tell(scene.shared, [Self.receipt(.bounced, "m1", reason: "expired")])
        #expect(late.known == 1 && late.told.isEmpty)
        // Unwanted it may still be called.
        _ = try await scene.tell(
            scene.shared,
            [Self.receipt(.complained, "m1", reason: "spam", suppression: .complained)]
        )
        #expect(try await scene.row(notice) == "complained spam")
        #expect(try await scene.isSuppressed(in: scene.world.two.tenant))
        #expect(try await !scene.isSuppressed(in: scene.world.one.tenant))
        #expect(try await scene.count("outbox WHERE subject = 'notice.ended'") == 2)
        #expect(try await scene.count("notice_attempts WHERE outcome IN ('delivered', 'complained')") == 2)
        await scene.close()
    }

    @Test(.proves("NTF-03")) func `what nobody knew is known by a receipt that names the notice`() async throws {
        let scene = try await Scene()
        let (one, two) = (scene.world.one.tenant, scene.world.two.tenant)
        let lapsed = try await scene.notice("unknown", of: two, by: nil, message: nil)
        let another = try await scene.notice("unknown", of: two, by: nil, message: nil)
        let mine = try await scene.notice("unknown", of: one, by: scene.own, message: nil)
        // The first tenant's account cannot have carried the second's; the operator's can.
        _ = try await scene.tell(
            scene.own,
            [Self.receipt(.delivered, notice: lapsed), Self.receipt(.delivered, notice: mine)]
        )
        #expect(try await scene.row(lapsed) == "unknown -")
        #expect(try await scene.row(mine) == "delivered -")
        _ = try await scene.tell(scene.shared, [Self.receipt(.delivered, notice: lapsed)])
        #expect(try await scene.row(lapsed) == "delivered -")
        #expect(try await scene.row(another) == "unknown -")
        await scene.close()
    }

    @Test func `a receipt that comes before its notice is recorded waits for it, and not for ever`() async throws {
        let scene = try await Scene()
        let told = [Self.receipt(.bounced, "m2", reason: "number_unknown", suppression: .bounced)]
        let early = try await scene.tell(scene.shared, told)
        #expect(early.unmatched == 0 && early.looked == 1)
        #expect(try await scene.settle(after: 1) { _ in .read(told, []) }.looked == 0)
        let notice = try await scene.notice("sent", of: scene.world.one.tenant, by: scene.shared, message: "m2")
        #expect(try await scene.settle(after: 3) { _ in .read(told, []) }.told == [.bounced: 1])
        #expect(try await scene.row(notice) == "bounced number_unknown")
        #expect(try await scene.isSuppressed(in: scene.world.one.tenant))
        #expect(try await scene.count("notice_callbacks") == 0)
        // Of what is nowhere it is given up in the end.
        var (settled, after): (SettledCallbacks, Int64) = (
            try await scene.tell(scene.shared, [Self.receipt(.delivered, "m3")]), 0
        )
        for _ in 0..<4 {
            after += 600
            settled = try await scene.settle(after: after) { _ in .read([Self.receipt(.delivered, "m3")], []) }
        }
        #expect(settled.unmatched == 1)
        #expect(try await scene.count("notice_callbacks") == 0)
        await scene.close()
    }

    @Test func `STOP to the operator's number holds for all below, and START takes it back alone`() async throws {
        let scene = try await Scene()
        let (one, two) = (scene.world.one.tenant, scene.world.two.tenant)
        let digest = NoticeAddress.digest(.sms, "+4915112345678")
        try await scene.wait(scene.shared)
        let stopped = try await scene.settle { _ in .read([], [NoticeReply(.stop, digest: digest)]) }
        #expect(stopped.suppressed == 1)
        for tenant in [one, two] { #expect(try await scene.isSuppressed(in: tenant)) }
        try await scene.wait(scene.shared)
        #expect(try await scene.settle { _ in .read([], [NoticeReply(.start, digest: digest)]) }.allowed == 1)
        for tenant in [one, two] { #expect(try await !scene.isSuppressed(in: tenant)) }
        // To a tenant's own number: for that one. What people of the tenant suppressed stays.
        try await scene.wait(scene.own)
        _ = try await scene.settle { _ in .read([], [NoticeReply(.stop, digest: digest)]) }
        #expect(try await scene.isSuppressed(in: one))
        #expect(try await !scene.isSuppressed(in: two))
        try await scene.superuser.query("UPDATE notice_suppressions SET reason = 'manual'")
        try await scene.wait(scene.own)
        #expect(try await scene.settle { _ in .read([], [NoticeReply(.start, digest: digest)]) }.allowed == 0)
        #expect(try await scene.isSuppressed(in: one))
        await scene.close()
    }

    @Test func `what is not believed is gone, what cannot be read yet waits a day, and two readers read each once`()
        async throws
    {
        let scene = try await Scene()
        try await scene.wait(scene.own)
        #expect(try await scene.settle { _ in .waits(.seconds(60)) }.looked == 1)
        #expect(try await scene.count("notice_callbacks WHERE attempts = 1") == 1)
        #expect(try await scene.settle(after: 86_401) { _ in .waits(.seconds(60)) }.looked == 1)
        #expect(try await scene.count("notice_callbacks") == 0)
        for _ in 0..<150 { try await scene.wait(scene.own) }
        let second = PostgresSession(PostgresConfiguration(url: scene.world.url, role: "nexora_notifier"))
        let rival = NoticeReceipts(second, ids: scene.world.ids)
        let read = Mutex<[UUID128]>([])
        let note: @Sendable (WaitingCallback) -> CallbackReading = { waiting in
            read.withLock { $0.append(waiting.id) }
            return .refused
        }
        for _ in 0..<4 {
            async let mine = scene.settle(note)
            async let others = rival.settle(limit: 100, at: DirectoryWorld.now, keep: .seconds(60), read: note)
            _ = try await (mine, others)
        }
        let seen = read.withLock { $0 }
        #expect(seen.count == 150 && Set(seen).count == 150)
        await second.close()
        await scene.close()
    }
}
