import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

/// Where money and the network disagree, counted by the worker's role.
@Suite struct ExposureTests {
    @Test func `a hundred mismatches of each kind are counted, and none once they are mended`() async throws {
        let world = try await LedgerWorld()
        try await plant(world)
        let exposure = BillingExposure(world.billing)
        #expect(try await exposure.counts().isEmpty)
        for statement in [
            // Paid for, and kept out.
            "UPDATE services SET status = 'suspended' WHERE username LIKE 'paid-%'",
            // Not paid for, and still online.
            """
            INSERT INTO sessions (tenant_id, session_key, nas_id, acct_session_id, username, service_id, customer_id, started_at,
                last_update_at)
            SELECT tenant_id, uuid_v7(), uuid_v7(), 'x', username, id, customer_id, now(), now() FROM services WHERE username LIKE 'unpaid-%'
            """,
        ] { _ = try await world.superuser.query(statement) }
        let counts = try await exposure.counts()
        #expect(counts.map(\.kind) == [.paidOffline, .unpaidOnline] && counts.allSatisfy { $0.services == 100 })
        #expect(counts.allSatisfy { $0.tenantID == world.one })
        let own = try await world.database.transaction(in: world.two) { try await BillingExposure($0).counts() }
        #expect(own.isEmpty, "another tenant's are nobody else's")
        let cases = try await world.database.transaction(in: world.one) {
            try await BillingExposure($0).cases(limit: 500)
        }
        #expect(cases.count == 200 && Set(cases.map(\.serviceID)).count == 200)
        #expect(cases.allSatisfy { $0.username?.hasPrefix($0.kind == .paidOffline ? "paid-" : "unpaid-") == true })
        #expect(cases.allSatisfy { $0.subscriptionState == ($0.kind == .paidOffline ? "active" : "suspended") })
        let unpaid = try await world.database.transaction(in: world.operatorID) {
            try await BillingExposure($0).cases(.unpaidOnline, limit: 30)
        }
        #expect(unpaid.count == 30 && unpaid.allSatisfy { $0.kind == .unpaidOnline })
        for statement in [
            "UPDATE services SET status = 'active' WHERE username LIKE 'paid-%'",
            "UPDATE sessions SET ended_at = now(), closed_by = 'stop'",
        ] { _ = try await world.superuser.query(statement) }
        #expect(try await exposure.counts().isEmpty)
        await world.close()
    }

    /// A hundred services that are paid for, and a hundred whose subscriptions are suspended.
    private func plant(_ world: LedgerWorld) async throws {
        let (tenant, plan, version, customer) = (world.one, world.ids.uuid(), world.ids.uuid(), world.ids.uuid())
        for statement in [
            "INSERT INTO plans (tenant_id, id, name, download_bps, upload_bps, price) VALUES ('\(tenant)', '\(plan)', 'P', 1, 1, 30)",
            """
            INSERT INTO customers (tenant_id, id, code, name, phone, address)
            VALUES ('\(tenant)', '\(customer)', 'C', 'A customer', '1', 'A street')
            """,
            """
            INSERT INTO services (tenant_id, customer_id, plan_id, username)
            SELECT '\(tenant)', '\(customer)', '\(plan)', kind || n
            FROM unnest(ARRAY['paid-', 'unpaid-']) kind, generate_series(1, 100) n
            """,
            """
            INSERT INTO plan_versions (tenant_id, id, plan_id, number, price, currency, cycle_unit, cycle_count, mode,
                grace_seconds, suspension, reminders, promises, longest_promise_seconds)
            VALUES ('\(tenant)', '\(version)', '\(plan)', 1, 300000, 'EUR', 'month', 1, 'prepaid', 259200, 'extend', '{}', 1, 604800)
            """,
            """
            INSERT INTO subscriptions (tenant_id, customer_id, service_id, plan_version_id, state)
            SELECT tenant_id, customer_id, id, '\(version)', CASE WHEN username LIKE 'paid-%' THEN 'active' ELSE 'suspended' END
            FROM services
            """,
        ] { _ = try await world.superuser.query(statement) }
    }
}
