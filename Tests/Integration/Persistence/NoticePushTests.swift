import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

/// Who can be pushed to, in Postgres, as the notifier's role.
@Suite(.proves("NTF-01")) struct NoticePushTests {
    @Test func `a customer is pushed to on the devices of those who sign in for him, while they may`() async throws {
        let world = try await DirectoryWorld()
        let name = String(world.url.split(separator: "@/")[1].prefix { $0 != "?" })
        let superuser = PostgresSession(
            PostgresConfiguration(url: try await RealPostgres.shared().url(user: "postgres", database: name))
        )
        let session = PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_notifier"))
        let (tenant, staff, login, customer) = (
            world.one.tenant, UserID(world.ids.uuid()), UserID(world.ids.uuid()), CustomerID(world.ids.uuid())
        )
        try await superuser.query(
            """
            INSERT INTO customers (tenant_id, id, code, name, phone, address) VALUES ($1, $2, 'p1', 'Ada', '1', 'Street')
            """,
            [.id(tenant), .id(customer)]
        )
        try await superuser.query(
            """
            INSERT INTO users (tenant_id, id, email, name, role, customer_id) VALUES
                ($1, $2, 's@example.net', 'S', 'viewer', NULL), ($1, $3, 'c@example.net', 'C', 'customer', $4)
            """,
            [.id(tenant), .id(staff), .id(login), .id(customer)]
        )
        try await superuser.query(
            """
            INSERT INTO push_tokens (tenant_id, recipient_kind, recipient_id, digest, sealed_token, platform, last_seen_at) VALUES
                ($1, 'user', $2, sha256('a'), 'staff', 'web', now()), ($1, 'user', $3, sha256('b'), 'old', 'ios', now() - interval '1 day'),
                ($1, 'user', $3, sha256('c'), 'new', 'ios', now())
            """,
            [.id(tenant), .id(staff), .id(login)]
        )
        let (plans, sources) = (NoticePlans(session), NoticeSources(session))
        let asked = [
            (tenant: tenant, recipient: NoticeRecipient.user(staff), kind: "quota_95"),
            (tenant: tenant, recipient: NoticeRecipient.customer(customer), kind: "quota_95"),
        ]
        func able() async throws -> [Bool] {
            let found = try await plans.addressees(asked)
            return (0..<asked.count).map { found[$0]?.hasPush ?? false }
        }
        func devices(_ recipient: NoticeRecipient, address: String? = nil) async throws -> [String] {
            var notice = ClaimedNotice(
                tenantID: tenant,
                id: world.ids.next(),
                kind: "quota_95",
                channel: "push",
                recipientID: recipient.id,
                createdAt: DirectoryWorld.now,
                expiresAt: DirectoryWorld.now + .seconds(60)
            )
            (notice.recipientKind, notice.address) = (recipient.kind, address)
            return try await sources.devices(of: notice, limit: 5).map {
                String(decoding: $0.sealedToken, as: UTF8.self)
            }
        }
        // Nobody carries pushes yet.
        #expect(try await able() == [false, false])
        try await superuser.query(
            "INSERT INTO notice_providers (tenant_id, channel, kind, name) SELECT id, 'push', 'fcm', 'Push' FROM tenants WHERE parent_id IS NULL"
        )
        #expect(try await able() == [true, true])
        #expect(try await devices(.user(staff)) == ["staff"])
        #expect(try await devices(.customer(customer)) == ["new", "old"])
        let old = try #require(
            try await superuser.query("SELECT id::text FROM push_tokens WHERE sealed_token = 'old'").first?[0].text
        )
        #expect(try await devices(.user(login), address: old) == ["old"])
        // Another's device is not his, whoever names it.
        #expect(try await devices(.user(staff), address: old).isEmpty)
        try await superuser.query("UPDATE users SET is_active = false WHERE id = $1", [.id(login)])
        #expect(try await able() == [true, false])
        #expect(try await devices(.customer(customer)).isEmpty)
        await session.close()
        await superuser.close()
        await world.close()
    }
}
