import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

/// Payments and new services that notices tell of, looked at again in Postgres as the notifier's role.
@Suite struct NoticePaymentTests {
    private struct Scene {
        let world: DirectoryWorld
        let superuser: PostgresSession
        let session: PostgresSession
        let tenant: TenantID
        let customer: CustomerID
        let service: ServiceID

        init() async throws {
            world = try await DirectoryWorld()
            superuser = try await world.superuser()
            session = PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_notifier"))
            (tenant, customer, service) = (world.one.tenant, world.ids.next(), world.ids.next())
        }

        /// Rows are as a test says, whatever they would refer to.
        func row(_ sql: String, _ values: [PGValue] = []) async throws {
            try await superuser.transaction { transaction in
                try await transaction.query("SET LOCAL session_replication_role = replica")
                try await transaction.query(sql, values)
            }
        }

        /// A payment that ended so many seconds after the others could.
        @discardableResult
        func payment(
            _ status: String,
            _ amount: Int64,
            after seconds: Int64 = 0,
            refunding: UUID128? = nil
        ) async throws -> UUID128 {
            let id = world.ids.uuid()
            try await row(
                """
                INSERT INTO payments (tenant_id, id, customer_id, amount, currency, method, gateway, refund_of, status, transfer_id,
                    failure, created_by, created_at, completed_at)
                VALUES ($1, $2, $3, $4, 'EUR', 'card', 'card', $5, $6, CASE WHEN $6 = 'completed' THEN $2::uuid END,
                    CASE WHEN $6 = 'failed' THEN 'not_paid' END, $3, $7, $7)
                """,
                [
                    .id(tenant), .uuid(high: id.high, low: id.low), .id(customer), .int8(amount),
                    refunding.map { .uuid(high: $0.high, low: $0.low) } ?? .null, .text(status),
                    .time(DirectoryWorld.now + .seconds(seconds)),
                ]
            )
            return id
        }

        func verdict(_ subject: NoticeSubject) async throws -> NoticeVerdict {
            try await NoticeSources(session)
                .verdict(on: subject, in: tenant, recipient: customer.value, at: DirectoryWorld.now)
        }

        func close() async {
            await session.close()
            await superuser.close()
            await world.close()
        }
    }

    @Test(.proves("NTF-10", "PAY-16"))
    func `what was paid is told with the balance as it is, until all of it is given back`() async throws {
        let scene = try await Scene()
        let paid = try await scene.payment("completed", 1_000)
        let subject = NoticeSubject.payment(paid, isReceived: true)
        #expect(try await scene.verdict(subject) == .holdsAs(NoticeMoment()))
        try await scene.row(
            """
            INSERT INTO ledger_accounts (tenant_id, id, root_id, currency, owner_kind, owner_id, kind, balance, held)
            VALUES ($1, $2, $1, 'EUR', 'customer', $2, 'wallet', 1200, 200)
            """,
            [.id(scene.tenant), .id(scene.customer)]
        )
        var moment = NoticeMoment()
        moment.balance = try Money(tenThousandths: 1_000, currency: .euro)
        #expect(try await scene.verdict(subject) == .holdsAs(moment))
        try await scene.payment("completed", 400, refunding: paid)
        try await scene.payment("failed", 600, refunding: paid)
        #expect(try await scene.verdict(subject) == .holdsAs(moment))
        try await scene.payment("completed", 600, refunding: paid)
        #expect(try await scene.verdict(subject) == .ended("reversed"))
        #expect(try await scene.verdict(.payment(scene.world.ids.uuid(), isReceived: true)) == .ended("gone"))
        await scene.close()
    }

    @Test(.proves("NTF-10", "PAY-16")) func `what failed is told until as much was paid after it`() async throws {
        let scene = try await Scene()
        // Before it: another matter.
        try await scene.payment("completed", 5_000, after: -60)
        let failed = try await scene.payment("failed", 1_000)
        let subject = NoticeSubject.payment(failed, isReceived: false)
        #expect(try await scene.verdict(subject) == .holds)
        #expect(try await scene.verdict(.payment(failed, isReceived: true)) == .ended("failed"))
        try await scene.payment("completed", 999, after: 60)
        try await scene.payment("failed", 1_000, after: 60)
        #expect(try await scene.verdict(subject) == .holds)
        try await scene.payment("completed", 1_000, after: 60)
        #expect(try await scene.verdict(subject) == .ended("paid_since"))
        await scene.close()
    }

    @Test(.proves("NTF-10", "LCY-03")) func `a new service is told while it is active, with what it is called`()
        async throws
    {
        let scene = try await Scene()
        let plan: PlanID = scene.world.ids.next()
        #expect(try await scene.verdict(.activation(scene.service)) == .ended("gone"))
        try await scene.row(
            """
            INSERT INTO services (tenant_id, id, customer_id, plan_id, kind, username, status)
            VALUES ($1, $2, $3, $4, 'pppoe', 'ada.lovelace', 'active')
            """,
            [.id(scene.tenant), .id(scene.service), .id(scene.customer), .id(plan)]
        )
        #expect(try await scene.verdict(.activation(scene.service)) == .holdsAs(NoticeMoment()))
        let plans = NoticePlans(scene.session)
        var names = try await plans.names(services: [(scene.tenant, scene.service)], plans: [])
        #expect(names.services == [scene.service: "ada.lovelace"] && names.plansOfServices.isEmpty)
        try await scene.row(
            "INSERT INTO plans (tenant_id, id, name, download_bps, upload_bps, price) VALUES ($1, $2, 'Fibre 500', 1000000, 1000000, 30)",
            [.id(scene.tenant), .id(plan)]
        )
        names = try await plans.names(services: [(scene.tenant, scene.service)], plans: [])
        #expect(names.plansOfServices == [scene.service: "Fibre 500"])
        try await scene.row("UPDATE services SET status = 'terminated' WHERE id = $1", [.id(scene.service)])
        #expect(try await scene.verdict(.activation(scene.service)) == .ended("terminated"))
        await scene.close()
    }
}
