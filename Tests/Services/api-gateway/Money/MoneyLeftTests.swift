import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

@testable import APIGateway

/// Nobody goes who has money with us or owes some.
@Suite(.proves("TEN-06", "WAL-03")) struct MoneyLeftTests {
    private func wallet(_ plot: Plot, balance: Int, held: Int) async throws {
        try await plot.sql(
            """
            INSERT INTO ledger_accounts (tenant_id, id, root_id, currency, owner_kind, owner_id, kind, balance, held, floor)
            VALUES ('\(plot.tenant)', uuid_v7(), '\(plot.world.operatorID)', 'EUR', 'customer', '\(plot.customers[0])', 'wallet',
                \(balance), \(held), 0)
            ON CONFLICT ON CONSTRAINT ledger_accounts_owner DO UPDATE SET balance = excluded.balance, held = excluded.held
            """
        )
    }

    private func bill(_ plot: Plot) async throws {
        try await plot.sql(
            """
            WITH version AS (
                INSERT INTO plan_versions (tenant_id, plan_id, number, price, currency, cycle_unit, cycle_count, mode,
                    grace_seconds, suspension, reminders, promises, longest_promise_seconds)
                VALUES ('\(plot.tenant)', '\(plot.plans[0])', 1, 1, 'EUR', 'month', 1, 'prepaid', 0, 'extend', '{}', 1, 1)
                RETURNING id),
            subscription AS (
                INSERT INTO subscriptions (tenant_id, customer_id, service_id, plan_version_id)
                SELECT '\(plot.tenant)', '\(plot.customers[0])', gen_random_uuid(), id FROM version
                RETURNING tenant_id, id, customer_id)
            INSERT INTO bills (tenant_id, subscription_id, customer_id, ordinal, period_start, period_end, currency, price,
                credit, amount, issued_at, due_at, deadline, status)
            SELECT tenant_id, id, customer_id, 1, now(), now(), 'EUR', 1, 0, 1, now(), now(), now(), 'overdue' FROM subscription
            """
        )
    }

    private func removeCustomer(_ plot: Plot) async throws -> Answer {
        let path = "/api/v1/customers/\(plot.customers[0])"
        let read = try await plot.world.must(200, "GET", path, as: plot.admin)
        let match = try #require(read.headers["etag"])
        return try await plot.world.send("DELETE", path, as: plot.admin, headers: ["If-Match": match])
    }

    private func endTenant(_ plot: Plot) async throws -> Answer {
        let path = "/api/v1/tenants/\(plot.tenant)/delete"
        return try await plot.world.send("POST", path, as: plot.above, "{\"waiting_days\":7}")
    }

    @Test func `neither a customer with money or a bill goes, nor his tenant`() async throws {
        let plot = try await Plot(try await GatewayWorld.shared(), customers: 1, plans: 1)
        func refused(_ code: String) async throws {
            for answer in [try await removeCustomer(plot), try await endTenant(plot)] {
                #expect(answer.status == 409 && answer["error.code"]?.text == code, "\(answer.text)")
            }
        }
        try await wallet(plot, balance: 1, held: 0)
        try await refused("WALLET_NOT_EMPTY")
        try await wallet(plot, balance: 1, held: 1)
        try await refused("WALLET_NOT_EMPTY")
        try await wallet(plot, balance: 0, held: 0)
        try await bill(plot)
        try await refused("UNPAID_BILLS")
        try await plot.sql("UPDATE bills SET status = 'paid', paid_at = now() WHERE tenant_id = '\(plot.tenant)'")
        let removed = try await removeCustomer(plot)
        #expect(removed.status == 204, "\(removed.text)")
        let ended = try await endTenant(plot)
        #expect((200...204).contains(ended.status), "\(ended.text)")
    }

    @Test func `money that came while a deletion waited keeps the tenant`() async throws {
        let world = try await GatewayWorld()
        let plot = try await Plot(world, customers: 1)
        let ended = try await endTenant(plot)
        try #require((200...204).contains(ended.status), "\(ended.text)")
        try await plot.sql(
            """
            UPDATE tenant_deletions SET requested_at = requested_at - interval '8 days', due_at = due_at - interval '8 days'
            WHERE tenant_id = '\(plot.tenant)'
            """
        )
        let owner = PostgresSession(PostgresConfiguration(url: world.url))
        let purge = TenantPurge(owner, keyring: world.keyring, ids: world.parts.ids, time: GatewayWorld.clock)
        try await wallet(plot, balance: 1, held: 0)
        await #expect(throws: MoneyLeft.inWallet) { _ = try await purge.purge(plot.tenant) }
        #expect(try await plot.texts("SELECT id::text FROM tenants WHERE id = '\(plot.tenant)'").count == 1)
        try await wallet(plot, balance: 0, held: 0)
        _ = try await purge.purge(plot.tenant)
        #expect(try await plot.texts("SELECT id::text FROM tenants WHERE id = '\(plot.tenant)'").isEmpty)
        await owner.close()
        try await world.close()
    }
}
