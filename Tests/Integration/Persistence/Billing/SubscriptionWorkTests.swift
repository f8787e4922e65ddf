import Billing
import Domain
import Ledger
import Persistence
import Postgres
import SharedTesting
import Testing

/// Subscriptions on a real Postgres, as the worker's role.
@Suite(.proves("INV-12", "INV-13", "INV-15", "INV-20")) struct SubscriptionWorkTests {
    /// A monthly prepaid plan of 30 euros, and a subscription for a customer's service.
    private struct Scene {
        let world: LedgerWorld
        let customer, service, plan, version, subscription: UUID128
        let work: SubscriptionWork

        init(_ world: LedgerWorld, mode: String = "prepaid") async throws {
            self.world = world
            let ids = world.ids
            (customer, service, plan) = (ids.uuid(), ids.uuid(), ids.uuid())
            (version, subscription) = (ids.uuid(), ids.uuid())
            work = SubscriptionWork(world.billing, ids: ids) { _ in .utc }
            for statement in [
                "INSERT INTO plans (tenant_id, id, name, download_bps, upload_bps, price) VALUES ('\(world.one)', '\(plan)', 'P', 1, 1, 30)",
                """
                INSERT INTO customers (tenant_id, id, code, name, phone, address, due_day)
                VALUES ('\(world.one)', '\(customer)', 'C', 'A customer', '1', 'A street', 20)
                """,
                """
                INSERT INTO services (tenant_id, id, customer_id, plan_id, username)
                VALUES ('\(world.one)', '\(service)', '\(customer)', '\(plan)', 'ann')
                """,
                """
                INSERT INTO plan_versions (tenant_id, id, plan_id, number, price, currency, cycle_unit, cycle_count, mode,
                    grace_seconds, suspension, reminders, promises, longest_promise_seconds)
                VALUES ('\(world.one)', '\(version)', '\(plan)', 1, 300000, 'EUR', 'month', 1, '\(mode)', 259200,
                    '\(mode == "prepaid" ? "extend" : "charge")', '{-86400,86400}', 1, 604800)
                """,
                """
                INSERT INTO subscriptions (tenant_id, id, customer_id, service_id, plan_version_id)
                VALUES ('\(world.one)', '\(subscription)', '\(customer)', '\(service)', '\(version)')
                """,
            ] { try await world.superuser.query(statement) }
        }

        func tell(
            _ event: SubscriptionEvent,
            at now: Timestamp,
            of other: UUID128? = nil
        ) async throws -> SubscriptionCommit {
            let id = SubscriptionID(other ?? subscription)
            return try await world.database.transaction(in: world.one) { transaction in
                let store = SubscriptionStore(transaction, ids: world.ids)
                let row = try #require(try await store.find(id, forUpdate: true))
                return try await store.step(row, event, at: now, calendar: BillingCalendar(.utc))
            }
        }

        func text(_ sql: String) async throws -> String? { try await world.superuser.query(sql).first?[0].text }

        func status() async throws -> String? {
            try await text("SELECT status FROM services WHERE id = '\(service)'")
        }

        func state() async throws -> String? {
            try await text("SELECT state FROM subscriptions WHERE id = '\(subscription)'")
        }
    }

    @Test func `from activation through suspension to payment, with the service's standing and its events`()
        async throws
    {
        let world = try await LedgerWorld()
        let scene = try await Scene(world)
        let start = LedgerWorld.now
        _ = try await scene.tell(.activate, at: start)
        #expect(try await scene.status() == "suspended", "prepaid and not paid")
        // The worker asks, and asks the same again while it is not answered.
        let first = try await scene.work.advance(at: start, limit: 10)
        let charge = try #require(first.charges.first)
        #expect(first.charges.count == 1 && charge.attempt == 1 && charge.rootID == world.operatorID)
        #expect(try await scene.work.advance(at: start, limit: 10).charges.isEmpty)
        let again = try await scene.work.advance(at: start + SubscriptionBook.resend, limit: 10)
        #expect(again.charges == [charge])
        // Paid: told twice.
        for _ in 0..<2 {
            _ = try await scene.work.settle([BillOutcome(charge, transfer: world.ids.next())], at: start)
        }
        #expect(try await scene.status() == "active")
        #expect(try await scene.state() == "active")
        // A month later there is no money: overdue, then suspended.
        let end = BillingCalendar(.utc).boundary(1, of: .monthly, anchor: start)
        var now = end
        for _ in 0..<8 where try await scene.state() != "suspended" {
            for charge in try await scene.work.advance(at: now, limit: 10).charges {
                _ = try await scene.work.settle([BillOutcome(charge, transfer: nil)], at: now)
            }
            now = now + .seconds(86_400)
        }
        #expect(try await scene.state() == "suspended")
        #expect(try await scene.status() == "suspended")
        let bills = try await world.superuser.query("SELECT status, ordinal FROM bills ORDER BY ordinal")
        #expect(bills.map { $0["status"].text } == ["paid", "overdue"])
        let told = try await world.superuser.query("SELECT DISTINCT subject FROM outbox ORDER BY subject").map {
            $0[0].text
        }
        for subject in [
            "access.changed", "billing.bill_changed", "billing.bill_reminded", "billing.subscription_changed",
            "directory.changed",
        ] { #expect(told.contains(subject), "\(subject)") }
        await world.close()
    }

    @Test func `a service whose contract ended is let in under a new one, and what people suspended is not`()
        async throws
    {
        let world = try await LedgerWorld()
        let scene = try await Scene(world)
        let start = LedgerWorld.now
        _ = try await scene.tell(.activate, at: start)
        _ = try await scene.tell(.cancel(.now), at: start + .seconds(60))
        #expect(try await scene.status() == "suspended")
        func contract(at now: Timestamp) async throws {
            let id = world.ids.uuid()
            try await world.superuser.query(
                """
                INSERT INTO subscriptions (tenant_id, id, customer_id, service_id, plan_version_id)
                VALUES ('\(world.one)', '\(id)', '\(scene.customer)', '\(scene.service)', '\(scene.version)')
                """
            )
            _ = try await scene.tell(.activate, at: now, of: id)
            let charges = try await scene.work.advance(at: now, limit: 10).charges
            _ = try await scene.work.settle(charges.map { BillOutcome($0, transfer: world.ids.next()) }, at: now)
            let status = try await scene.status()
            _ = try await scene.tell(.cancel(.now), at: now + .seconds(60), of: id)
            #expect(status == (now < start + .seconds(7_200) ? "active" : "suspended"), "\(now)")
        }
        try await contract(at: start + .seconds(3_600))
        // By hand, between two contracts: suspended by people and by nobody else.
        try await world.superuser.query("UPDATE subscriptions SET suspended_service = false")
        #expect(try await scene.status() == "suspended")
        try await contract(at: start + .seconds(10_800))
        await world.close()
    }

    @Test func `money in the wallet has the bill asked for at once`() async throws {
        let world = try await LedgerWorld()
        let scene = try await Scene(world)
        _ = try await scene.tell(.activate, at: LedgerWorld.now)
        let charge = try #require(try await scene.work.advance(at: LedgerWorld.now, limit: 10).charges.first)
        _ = try await scene.work.settle([BillOutcome(charge, transfer: nil)], at: LedgerWorld.now)
        let wallet = try await AccountOpener(world.billing, ids: world.ids).open([
            AccountWish(
                tenantID: world.one,
                rootID: world.operatorID,
                owner: .customer(CustomerID(scene.customer)),
                kind: .wallet,
                currency: .euro
            )
        ])[0]
        #expect(try await scene.work.fund([wallet.ref], at: LedgerWorld.now) == 0, "it is empty")
        let topUp = try world.command(
            "top-up",
            .transfer(from: world.till.ref, to: wallet.ref, amount: try world.euro(300_000))
        )
        _ = try await world.writing { try await $0.commit([topUp]) }
        #expect(try await scene.work.fund([wallet.ref], at: LedgerWorld.now) == 1)
        let next = try await scene.work.advance(at: LedgerWorld.now, limit: 10).charges
        #expect(next.map(\.attempt) == [2])
        await world.close()
    }

    @Test func `a service that people suspended stays suspended when its bill is paid`() async throws {
        let world = try await LedgerWorld()
        let scene = try await Scene(world)
        try await world.superuser.query("UPDATE services SET status = 'suspended' WHERE id = '\(scene.service)'")
        _ = try await scene.tell(.activate, at: LedgerWorld.now)
        let charge = try #require(try await scene.work.advance(at: LedgerWorld.now, limit: 10).charges.first)
        _ = try await scene.work.settle([BillOutcome(charge, transfer: world.ids.next())], at: LedgerWorld.now)
        #expect(try await scene.state() == "active")
        #expect(try await scene.status() == "suspended")
        await world.close()
    }

    @Test func `a contract whose service is terminated ends`() async throws {
        let world = try await LedgerWorld()
        let scene = try await Scene(world, mode: "postpaid")
        _ = try await scene.tell(.activate, at: LedgerWorld.now)
        try await world.superuser.query("UPDATE services SET status = 'terminated' WHERE id = '\(scene.service)'")
        let end = BillingCalendar(.utc).boundary(1, of: .monthly, anchor: LedgerWorld.now)
        _ = try await scene.work.advance(at: end, limit: 10)
        #expect(try await scene.state() == "cancelled")
        #expect(try await scene.status() == "terminated")
        await world.close()
    }

    @Test func `plan versions, the history and settled bills are changed by nobody`() async throws {
        let world = try await LedgerWorld()
        let scene = try await Scene(world)
        _ = try await scene.tell(.activate, at: LedgerWorld.now)
        _ = try await scene.tell(.settled(ordinal: 1), at: LedgerWorld.now)
        for statement in [
            "UPDATE plan_versions SET price = 1", "UPDATE subscription_events SET kind = 'x'",
            "UPDATE bills SET amount = 0, price = credit", "UPDATE bills SET due_at = now()",
            "UPDATE subscriptions SET customer_id = gen_random_uuid()",
        ] {
            await #expect(throws: PostgresError.self, "\(statement)") { try await world.superuser.query(statement) }
        }
        await world.close()
    }

    @Test(.proves("PLN-07")) func `terms are pinned once for each price, and a service has one contract`() async throws
    {
        let world = try await LedgerWorld()
        let scene = try await Scene(world)
        func terms(_ price: Int64) throws -> PlanTerms {
            PlanTerms(
                version: world.ids.next(),
                planID: PlanID(scene.plan),
                price: try world.euro(price),
                cycle: .monthly,
                mode: .prepaid,
                periods: 3
            )
        }
        let (cheap, dear) = (try terms(100_000), try terms(200_000))
        let (first, same, other) = try await world.database.transaction(in: world.one) { transaction in
            let store = SubscriptionStore(transaction, ids: world.ids)
            return (
                try await store.pin(cheap, tenant: world.one), try await store.pin(cheap, tenant: world.one),
                try await store.pin(dear, tenant: world.one)
            )
        }
        #expect(first == same && other.version != first.version && other.price == dear.price)
        await #expect(throws: PersistenceError.alreadyExists(constraint: "subscriptions_service")) {
            try await world.database.transaction(in: world.one) { transaction in
                let store = SubscriptionStore(transaction, ids: world.ids)
                _ = try await store.create(service: ServiceID(scene.service), terms: other, timeZone: "UTC")
            }
        }
        _ = try await scene.tell(.activate, at: LedgerWorld.now)
        _ = try await scene.tell(.cancel(.now), at: LedgerWorld.now)
        let made = try await world.database.transaction(in: world.one) { transaction in
            try await SubscriptionStore(transaction, ids: world.ids)
                .create(service: ServiceID(scene.service), terms: other, timeZone: "Europe/Rome")
        }
        #expect(made.subscription.state == .pending && made.subscription.terms == other)
        #expect(made.timeZone == "Europe/Rome" && made.billingDay == 20)
        await world.close()
    }

    @Test func `what somebody else has locked is passed over`() async throws {
        let world = try await LedgerWorld()
        let scene = try await Scene(world)
        _ = try await scene.tell(.activate, at: LedgerWorld.now)
        let found = try await world.superuser.transaction { transaction in
            _ = try await transaction.query("SELECT FROM subscriptions WHERE id = '\(scene.subscription)' FOR UPDATE")
            return try await scene.work.advance(at: LedgerWorld.now, limit: 10).found
        }
        #expect(found == 0)
        #expect(try await scene.work.advance(at: LedgerWorld.now, limit: 10).found == 1)
        await world.close()
    }
}
