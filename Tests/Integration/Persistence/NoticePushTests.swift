import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

/// Who can be pushed to, in Postgres, as the notifier's role.
@Suite(.proves("NTF-01")) struct NoticePushTests {
    private struct Scene {
        let world: DirectoryWorld
        let superuser: PostgresSession
        let session: PostgresSession
        let tenant: TenantID
        let staff, login: UserID
        let customer: CustomerID

        init() async throws {
            world = try await DirectoryWorld()
            superuser = try await world.superuser()
            session = PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_notifier"))
            (tenant, staff, login) = (world.one.tenant, UserID(world.ids.uuid()), UserID(world.ids.uuid()))
            customer = CustomerID(world.ids.uuid())
            try await superuser.query(
                "INSERT INTO customers (tenant_id, id, code, name, phone, address) VALUES ($1, $2, 'p1', 'Ada', '1', 'Street')",
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
                    ($1, 'user', $2, sha256('a'), 'staff', 'web', now()),
                    ($1, 'user', $3, sha256('b'), 'old', 'ios', now() - interval '1 day'),
                    ($1, 'user', $3, sha256('c'), 'new', 'ios', now())
                """,
                [.id(tenant), .id(staff), .id(login)]
            )
        }

        /// Whether the member of staff and the customer can be pushed to.
        func able() async throws -> [Bool] {
            let asked = [
                (tenant: tenant, recipient: NoticeRecipient.user(staff), kind: "quota_95"),
                (tenant: tenant, recipient: NoticeRecipient.customer(customer), kind: "quota_95"),
            ]
            let found = try await NoticePlans(session).addressees(asked)
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
            return try await NoticeSources(session).devices(of: notice, limit: 5).map {
                String(decoding: $0.sealedToken, as: UTF8.self)
            }
        }

        func close() async {
            await session.close()
            await superuser.close()
            await world.close()
        }
    }

    @Test func `a customer is pushed to on the devices of those who sign in for him, while they may`() async throws {
        let scene = try await Scene()
        // Nobody carries pushes yet.
        #expect(try await scene.able() == [false, false])
        try await scene.superuser.query(
            "INSERT INTO notice_providers (tenant_id, channel, kind, name) SELECT id, 'push', 'fcm', 'Push' FROM tenants WHERE parent_id IS NULL"
        )
        #expect(try await scene.able() == [true, true])
        #expect(try await scene.devices(.user(scene.staff)) == ["staff"])
        #expect(try await scene.devices(.customer(scene.customer)) == ["new", "old"])
        let old = try #require(
            try await scene.superuser.query("SELECT id::text FROM push_tokens WHERE sealed_token = 'old'").first?[0]
                .text
        )
        #expect(try await scene.devices(.user(scene.login), address: old) == ["old"])
        // Another's device is not his, whoever names it.
        #expect(try await scene.devices(.user(scene.staff), address: old).isEmpty)
        try await scene.superuser.query("UPDATE users SET is_active = false WHERE id = $1", [.id(scene.login)])
        #expect(try await scene.able() == [true, false])
        #expect(try await scene.devices(.customer(scene.customer)).isEmpty)
        await scene.close()
    }
}
