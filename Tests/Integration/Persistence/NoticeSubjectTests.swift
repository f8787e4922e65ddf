import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

/// What notices tell of, looked at again in Postgres as the notifier's role.
@Suite struct NoticeSubjectTests {
    private struct Scene {
        let world: DirectoryWorld
        let superuser: PostgresSession
        let session: PostgresSession
        let tenant: TenantID
        let customer: CustomerID
        let service: ServiceID
        let thing: UUID128

        init() async throws {
            world = try await DirectoryWorld()
            superuser = try await world.superuser()
            session = PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_notifier"))
            (tenant, customer, service) = (world.one.tenant, world.ids.next(), world.ids.next())
            thing = world.ids.uuid()
        }

        /// Rows are as a test says, whatever they would refer to.
        func row(_ sql: String, _ values: [PGValue] = []) async throws {
            try await superuser.transaction { transaction in
                try await transaction.query("SET LOCAL session_replication_role = replica")
                try await transaction.query(sql, values)
            }
        }

        func verdict(_ subject: NoticeSubject, at now: Timestamp = DirectoryWorld.now) async throws -> NoticeVerdict {
            try await NoticeSources(session).verdict(on: subject, in: tenant, recipient: customer.value, at: now)
        }

        var id: PGValue { .uuid(high: thing.high, low: thing.low) }

        func close() async {
            await session.close()
            await superuser.close()
            await world.close()
        }
    }

    @Test(.proves("NTF-10")) func `a bill is told until it is paid or void`() async throws {
        let scene = try await Scene()
        #expect(try await scene.verdict(.bill(scene.thing)) == .ended("gone"))
        try await scene.row(
            """
            INSERT INTO bills (tenant_id, id, subscription_id, customer_id, ordinal, period_start, period_end, currency, price, credit,
                amount, issued_at, due_at, deadline, status)
            VALUES ($1, $2, $2, $3, 1, now(), now() + interval '1 month', 'EUR', 100, 0, 100, now(), now(), now(), 'pending')
            """,
            [.id(scene.tenant), scene.id, .id(scene.customer)]
        )
        #expect(try await scene.verdict(.bill(scene.thing)) == .holds)
        try await scene.row("UPDATE bills SET status = 'paid', paid_at = now()")
        #expect(try await scene.verdict(.bill(scene.thing)) == .ended("paid"))
        await scene.close()
    }

    @Test(.proves("NTF-10")) func `a wallet is told until it has enough, and a boost as it was decided`() async throws {
        let scene = try await Scene()
        try await scene.row(
            """
            INSERT INTO ledger_accounts (tenant_id, id, root_id, currency, owner_kind, owner_id, kind, balance, held)
            VALUES ($1, $2, $1, 'EUR', 'customer', $3, 'wallet', 1000, 200)
            """,
            [.id(scene.tenant), scene.id, .id(scene.customer)]
        )
        // What is available is told as it is in this moment.
        var moment = NoticeMoment()
        moment.balance = try Money(tenThousandths: 800, currency: .euro)
        #expect(try await scene.verdict(.wallet(scene.thing, threshold: 801)) == .holdsAs(moment))
        #expect(try await scene.verdict(.wallet(scene.thing, threshold: 800)) == .ended("topped_up"))
        try await scene.row(
            """
            INSERT INTO boosts (tenant_id, id, subscription_id, customer_id, service_id, current_plan_id, boost_plan_id, days, price,
                currency, state, reason)
            VALUES ($1, $2, $2, $3, $2, $2, $2, 1, 100, 'EUR', 'rejected', 'no')
            """,
            [.id(scene.tenant), scene.id, .id(scene.customer)]
        )
        #expect(try await scene.verdict(.boost(scene.thing, isApproved: false)) == .holds)
        #expect(try await scene.verdict(.boost(scene.thing, isApproved: true)) == .ended("decided_anew"))
        await scene.close()
    }

    @Test(.proves("NTF-10")) func `a quota is told while so much of it is used and its window lasts`() async throws {
        let scene = try await Scene()
        let from = DirectoryWorld.now
        try await scene.row(
            """
            INSERT INTO plan_quotas (tenant_id, plan_id, id, position, name, allowance, policy) VALUES ($1, $2, $2, 1, 'Month', 1000, 'tell')
            """,
            [.id(scene.tenant), scene.id]
        )
        try await scene.row(
            """
            INSERT INTO quota_usage (tenant_id, service_id, quota_id, window_start, window_end, weighted, bonus)
            VALUES ($1, $2, $3, $4, $5, 950, 0)
            """,
            [.id(scene.tenant), .id(scene.service), scene.id, .time(from), .time(from + .seconds(60))]
        )
        func subject(_ percent: Int) -> NoticeSubject {
            .quota(scene.thing, of: scene.service, from: from, percent: percent)
        }
        #expect(try await scene.verdict(subject(95)) == .holds)
        #expect(try await scene.verdict(subject(100)) == .ended("topped_up"))
        #expect(try await scene.verdict(subject(95), at: from + .seconds(60)) == .ended("window_over"))
        try await scene.row("UPDATE quota_usage SET bonus = 1")
        #expect(try await scene.verdict(subject(95)) == .ended("topped_up"))
        await scene.close()
    }

    @Test(.proves("NTF-10")) func `who was told that he is suspended is told that he is not, and nobody else`()
        async throws
    {
        let scene = try await Scene()
        try await scene.row(
            """
            INSERT INTO services (tenant_id, id, customer_id, plan_id, kind, username, status)
            VALUES ($1, $2, $3, $4, 'pppoe', 'ada.lovelace', 'suspended')
            """,
            [.id(scene.tenant), .id(scene.service), .id(scene.customer), scene.id]
        )
        #expect(try await scene.verdict(.access(scene.service, isSuspended: true)) == .holds)
        #expect(try await scene.verdict(.access(scene.service, isSuspended: false)) == .ended("suspended"))
        try await scene.row("UPDATE services SET status = 'active' WHERE id = $1", [.id(scene.service)])
        #expect(try await scene.verdict(.access(scene.service, isSuspended: true)) == .ended("restored"))
        #expect(try await scene.verdict(.access(scene.service, isSuspended: false)) == .ended("never_told"))
        try await scene.row(
            """
            INSERT INTO notices (tenant_id, cause, kind, channel, recipient_kind, recipient_id, language, about, state, created_at,
                expires_at, sent_at, ended_at)
            VALUES ($1, 'x', 'service_suspended', 'email', 'customer', $2, 'en', $3::jsonb, 'sent', now(), now() + interval '1 day',
                now(), now())
            """,
            [
                .id(scene.tenant), .id(scene.customer),
                .text("{\"service\": \"\(scene.service)\", \"access\": \"suspended\"}"),
            ]
        )
        #expect(try await scene.verdict(.access(scene.service, isSuspended: false)) == .holds)
        await scene.close()
    }

    @Test(.proves("NTF-04", "NTF-06"))
    func `a customer comes with his addresses, his tenant's clock and what may reach him`() async throws {
        let scene = try await Scene()
        let plans = NoticePlans(scene.session)
        try await scene.row(
            "INSERT INTO customers (tenant_id, id, code, name, email, phone, address) VALUES ($1, $2, 'C9', 'Ada', 'ada@example.net', '+491701234567', 'x')",
            [.id(scene.tenant), .id(scene.customer)]
        )
        try await scene.row(#"UPDATE tenants SET settings = '{"time_zone": "Europe/Rome"}'"#)
        let asked = [(tenant: scene.tenant, recipient: NoticeRecipient.customer(scene.customer), kind: "bill_due")]
        var expected = NoticeAddressee(email: "ada@example.net")
        (expected.phone, expected.timeZone) = ("+491701234567", "Europe/Rome")
        (expected.hasPages, expected.hasEmail) = (false, false)
        #expect(try await plans.addressees(asked) == [0: expected])
        try await scene.row(
            "INSERT INTO users (tenant_id, id, email, name, role, customer_id) VALUES ($1, $2, 'c@example.net', 'C', 'customer', $2)",
            [.id(scene.tenant), .id(scene.customer)]
        )
        // A provider of the operator above serves it.
        try await scene.row(
            "INSERT INTO notice_providers (tenant_id, channel, kind, name) SELECT id, 'sms', 'kannel', 'SMS' FROM tenants WHERE parent_id IS NULL"
        )
        // One that is turned off for now is there.
        try await scene.row(
            "INSERT INTO notice_providers (tenant_id, channel, kind, name, is_enabled) SELECT id, 'email', 'smtp', 'Mail', false FROM tenants WHERE parent_id IS NULL"
        )
        (expected.hasPages, expected.hasEmail, expected.hasSMS) = (true, true, true)
        #expect(try await plans.addressees(asked) == [0: expected])
        var planned = PlannedNotice(
            tenantID: scene.tenant,
            cause: "one",
            kind: "bill_due",
            channel: "email",
            recipient: .customer(scene.customer),
            expiresAt: DirectoryWorld.now + .seconds(60)
        )
        planned.address = "ada@example.net"
        #expect(try await plans.write([planned], at: DirectoryWorld.now) == 1)
        let claimed = try await NoticeQueue(scene.session, ids: scene.world.ids)
            .claim(NoticeShare(10), at: DirectoryWorld.now, until: DirectoryWorld.now + .seconds(60))
        #expect(claimed.map(\.recipientKind) == ["customer"] && claimed.first?.recipientID == scene.customer.value)
        try await scene.row(
            "UPDATE customers SET erased_at = now(), deleted_at = now(), status = 'terminated' WHERE id = $1",
            [.id(scene.customer)]
        )
        #expect(try await plans.addressees(asked).isEmpty)
        await scene.close()
    }
}
