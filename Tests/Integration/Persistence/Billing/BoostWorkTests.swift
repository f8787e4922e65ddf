import Billing
import Domain
import Ledger
import Persistence
import Postgres
import SharedTesting
import Testing

/// Boosts on a real Postgres, as the gateway's role asks and decides, and as the worker's looks after them.
@Suite(.proves("BST-01", "BST-03", "BST-04", "BST-05", "BST-06", "BST-07")) struct BoostWorkTests {
    /// A customer on a plan of 30 euros a month, and a plan of 50.
    private struct Scene {
        let world: LedgerWorld
        let customer, service, plan, fast, subscription: UUID128
        let work: BoostWork

        init(_ world: LedgerWorld) async throws {
            self.world = world
            let ids = world.ids
            (customer, service, plan) = (ids.uuid(), ids.uuid(), ids.uuid())
            (fast, subscription) = (ids.uuid(), ids.uuid())
            let version = ids.uuid()
            work = BoostWork(world.billing, ids: ids) { _ in .utc }
            for statement in [
                """
                INSERT INTO plans (tenant_id, id, name, download_bps, upload_bps, price)
                VALUES ('\(world.one)', '\(plan)', 'P', 1, 1, 30), ('\(world.one)', '\(fast)', 'F', 9, 9, 50)
                """,
                """
                INSERT INTO customers (tenant_id, id, code, name, phone, address)
                VALUES ('\(world.one)', '\(customer)', 'C', 'A customer', '1', 'A street')
                """,
                """
                INSERT INTO services (tenant_id, id, customer_id, plan_id, username, status)
                VALUES ('\(world.one)', '\(service)', '\(customer)', '\(plan)', 'ann', 'active')
                """,
                """
                INSERT INTO plan_versions (tenant_id, id, plan_id, number, price, currency, cycle_unit, cycle_count, mode,
                    grace_seconds, suspension, reminders, promises, longest_promise_seconds)
                VALUES ('\(world.one)', '\(version)', '\(plan)', 1, 300000, 'EUR', 'month', 1, 'prepaid', 0, 'extend', '{}', 1, 1)
                """,
                """
                INSERT INTO subscriptions (tenant_id, id, customer_id, service_id, plan_version_id, state)
                VALUES ('\(world.one)', '\(subscription)', '\(customer)', '\(service)', '\(version)', 'active')
                """,
            ] { try await world.superuser.query(statement) }
        }

        func ask(_ days: Int = 3) async throws -> BoostRow {
            let price = try Boost.price(days: days, boost: world.euro(500_000), current: world.euro(300_000))
            return try await world.database.transaction(in: world.one) { transaction in
                let subscriptions = SubscriptionStore(transaction, ids: world.ids)
                let row = try #require(try await subscriptions.find(SubscriptionID(subscription)))
                return try await BoostStore(transaction, ids: world.ids).create(
                    Boost(days: days, price: price),
                    for: row,
                    plan: PlanID(fast),
                    notes: "for the final",
                    at: LedgerWorld.now
                )
            }
        }

        func tell(_ id: BoostID, _ event: Boost.Event) async throws -> BoostRow {
            try await world.database.transaction(in: world.one) { transaction in
                let store = BoostStore(transaction, ids: world.ids)
                let row = try #require(try await store.find(id, forUpdate: true))
                return try await store.step(row, event, at: LedgerWorld.now, calendar: BillingCalendar(.utc))
            }
        }

        func stored(_ id: BoostID) async throws -> BoostRow {
            try await world.database.transaction(in: world.one) { transaction in
                try #require(try await BoostStore(transaction, ids: world.ids).find(id))
            }
        }

        /// The plan that the service has for a time, and its version.
        func access() async throws -> (plan: UUID128?, until: Timestamp?, version: Int64) {
            let row = try #require(
                try await world.superuser.query(
                    "SELECT boost_plan_id, boosted_until, row_version FROM services WHERE id = '\(service)'"
                ).first
            )
            let plan: PlanID? = row["boost_plan_id"].id()
            return (plan?.value, row["boosted_until"].time, try #require(row["row_version"].int64))
        }

        /// What was told since the world was made, by the events' ids: the state of boosts, and effects on services.
        func told() async throws -> [String] {
            try await world.superuser.query(
                """
                SELECT data FROM outbox
                WHERE subject IN ('billing.boost_changed', 'access.changed') ORDER BY id
                """
            ).compactMap { row in
                let text = row["data"].text ?? ""
                let words = [
                    "pending", "approved", "active", "rejected", "expired", "cancelled", "BOOSTED", "RESTORED",
                ]
                return words.first { text.contains("\"\($0)\"") || text.contains("EFFECT_\($0)") }
            }
        }
    }

    @Test func `a commit's events are told in its order, though the clock stands still`() async throws {
        let world = try await LedgerWorld()
        let scene = try await Scene(world)
        let (now, ids) = (LedgerWorld.now, IDGenerator.descending(at: LedgerWorld.now))
        try await world.database.transaction(in: world.one) { transaction in
            let row = try #require(
                try await SubscriptionStore(transaction, ids: ids).find(SubscriptionID(scene.subscription))
            )
            let store = BoostStore(transaction, ids: ids)
            let asked = try await store.create(
                Boost(days: 3, price: try world.euro(20_000)),
                for: row,
                plan: PlanID(scene.fast),
                notes: "",
                at: now
            )
            _ = try await store.step(asked, .approve, at: now, calendar: BillingCalendar(.utc))
        }
        #expect(try await scene.told() == ["pending", "approved"])
        try await world.superuser.query("DELETE FROM outbox")
        let work = BoostWork(world.billing, ids: ids) { _ in .utc }
        let charge = try #require(try await work.advance(at: now, limit: 10).charges.first)
        _ = try await work.settle([BoostOutcome(charge, .paid(ids.next()))], at: now)
        #expect(try await scene.told() == ["active", "BOOSTED"])
        await world.close()
    }

    @Test func `asked for, approved, paid once, had, and given back, each step with its event`() async throws {
        let world = try await LedgerWorld()
        let scene = try await Scene(world)
        let now = LedgerWorld.now
        let asked = try await scene.ask()
        let price = try world.euro(20_000)
        #expect(asked.boost.state == .pending && asked.boost.price == price)
        #expect(asked.currentPlanID == PlanID(scene.plan) && asked.notes == "for the final")
        await #expect(throws: PersistenceError.alreadyExists(constraint: "boosts_open")) { try await scene.ask() }
        #expect(try await scene.work.advance(at: now, limit: 10).found == 0)
        _ = try await scene.tell(asked.id, .approve)
        // Killed before the answer, it asks for the same again; nobody else does meanwhile.
        let charge = try #require(try await scene.work.advance(at: now, limit: 10).charges.first)
        #expect(charge.key == "boost:\(asked.id):1" && charge.rootID == world.operatorID)
        #expect(try await scene.work.advance(at: now, limit: 10).found == 0)
        #expect(try await scene.work.advance(at: now + Boost.patience, limit: 10).charges == [charge])
        await #expect(throws: Boost.Refusal.collecting) { try await scene.tell(asked.id, .cancel) }
        let before = try await scene.access()
        #expect(before.plan == nil && before.until == nil)
        let transfer: TransferID = world.ids.next()
        for _ in 0..<2 { _ = try await scene.work.settle([BoostOutcome(charge, .paid(transfer))], at: now) }
        let end = now.day.adding(days: 3).start
        let during = try await scene.access()
        #expect(during.plan == scene.fast && during.until == end && during.version > before.version)
        let active = try await scene.stored(asked.id)
        #expect(active.boost.state == .active && active.transferID == transfer)
        #expect(active.boost.period == BillingPeriod(start: now.day.start, end: end))
        #expect(try await scene.work.advance(at: end - .seconds(1), limit: 10).found == 0)
        for _ in 0..<2 { _ = try await scene.work.advance(at: end, limit: 10) }
        let after = try await scene.access()
        #expect(after.plan == nil && after.until == nil && after.version > during.version)
        // Of several commits under a clock that stands still the ids tell no order.
        #expect(try await scene.told().sorted() == ["BOOSTED", "RESTORED", "active", "approved", "expired", "pending"])
        let service = try await world.superuser.query("SELECT plan_id FROM services WHERE id = '\(scene.service)'")
        let plan: PlanID? = service.first?["plan_id"].id()
        #expect(plan == PlanID(scene.plan), "its own plan was its own all the time")
        // What is over makes room.
        _ = try await scene.ask()
        await world.close()
    }

    @Test func `refused it waits, money has it asked for at once, and who is gone is not charged`() async throws {
        let world = try await LedgerWorld()
        let scene = try await Scene(world)
        let now = LedgerWorld.now
        let asked = try await scene.ask()
        _ = try await scene.tell(asked.id, .approve)
        let charge = try #require(try await scene.work.advance(at: now, limit: 10).charges.first)
        _ = try await scene.work.settle([BoostOutcome(charge, .refused("insufficient"))], at: now)
        let refused = try await scene.stored(asked.id)
        #expect(refused.boost.state == .approved && refused.boost.refusal == "insufficient")
        #expect(try await scene.work.advance(at: now, limit: 10).found == 0)
        let wallet = try await AccountOpener(world.billing, ids: world.ids).open([
            AccountWish(
                tenantID: world.one,
                rootID: world.operatorID,
                owner: .customer(CustomerID(scene.customer)),
                kind: .wallet,
                currency: .euro
            )
        ])[0]
        let subscriptions = SubscriptionWork(world.billing, ids: world.ids) { _ in .utc }
        #expect(try await subscriptions.fund([wallet.ref], at: now) == 0, "it is empty")
        let topUp = try world.command(
            "boosting",
            .transfer(from: world.till.ref, to: wallet.ref, amount: try world.euro(20_000))
        )
        _ = try await world.writing { try await $0.commit([topUp]) }
        #expect(try await subscriptions.fund([wallet.ref], at: now) == 1)
        let again = try #require(try await scene.work.advance(at: now, limit: 10).charges.first)
        #expect(again.key == "boost:\(asked.id):2")
        _ = try await scene.work.settle([BoostOutcome(again, .refused("insufficient"))], at: now)
        try await world.superuser.query("UPDATE services SET status = 'terminated' WHERE id = '\(scene.service)'")
        let last = try await scene.work.advance(at: now + Boost.retry, limit: 10)
        #expect(last.charges.isEmpty && last.entered == [.cancelled: 1])
        #expect(try await scene.access().plan == nil)
        await world.close()
    }

    @Test func `a rejection keeps its reason, what was priced stays, and lists are filtered`() async throws {
        let world = try await LedgerWorld()
        let scene = try await Scene(world)
        let first = try await scene.ask()
        let rejected = try await scene.tell(first.id, .reject(reason: "no capacity"))
        #expect(rejected.boost.reason == "no capacity" && rejected.version > first.version)
        let second = try await scene.ask(5)
        func listed(_ change: (inout BoostFilter) -> Void) async throws -> [BoostID] {
            var filter = BoostFilter()
            change(&filter)
            return try await world.database.transaction(in: world.one) { [filter] transaction in
                try await BoostStore(transaction, ids: world.ids).list(filter, after: nil, limit: 10).map(\.id)
            }
        }
        let newestFirst = [first.id, second.id].sorted { $0.value > $1.value }
        #expect(try await listed { _ in } == newestFirst)
        #expect(try await listed { $0.state = .rejected } == [first.id])
        #expect(try await listed { $0.customerID = CustomerID(scene.customer) } == newestFirst)
        #expect(try await listed { $0.serviceID = ServiceID(world.ids.uuid()) }.isEmpty)
        let other = try await world.database.transaction(in: world.two) { transaction in
            try await BoostStore(transaction, ids: world.ids).list(BoostFilter(), after: nil, limit: 10)
        }
        #expect(other.isEmpty)
        for column in ["price = 1", "days = 9", "boost_plan_id = uuid_v7()", "customer_id = uuid_v7()"] {
            await #expect(throws: PostgresError.self, "\(column)") {
                try await world.superuser.query("UPDATE boosts SET \(column) WHERE id = '\(second.id)'")
            }
        }
        await world.close()
    }
}
