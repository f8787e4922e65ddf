import Domain
import NexoraCommand
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite(.serialized) struct ExposureCommandTests {
    @Test func `who paid and is kept out is listed, by kind and tenant, until it is mended`() async throws {
        let run = try await CommandRun()
        try await run.expect(.success, "bootstrap --name Op --subdomain op")
        try await run.expect(.success, "tenant add Acme --subdomain acme")
        try await run.expect(.success, "tenant add Beta --subdomain beta")
        #expect(try await run.expect(.success, "exposure list --json").list().isEmpty)
        try await run.paid("paid-1", of: "acme")
        let shown = try await run.expect(.success, "exposure list --json").list()
        #expect(shown.count == 1)
        let first = try #require(shown.first)
        #expect(first["kind"] == .text("paid_offline") && first["tenant"] == .text("acme"))
        #expect(first["username"] == .text("paid-1") && first["serviceStatus"] == .text("suspended"))
        #expect(first["subscriptionState"] == .text("active"))
        #expect(try await run.expect(.success, "exposure list --kind unpaid_online --json").list().isEmpty)
        #expect(try await run.expect(.success, "exposure list --kind paid_offline --limit 1 --json").list().count == 1)
        #expect(try await run.expect(.success, "exposure list --tenant beta --json").list().isEmpty)
        try await run.expect(.usage, "exposure list --kind nonsense")
        try await run.execute("UPDATE services SET status = 'active' WHERE username = 'paid-1'")
        #expect(try await run.expect(.success, "exposure list --json").list().isEmpty)
        await run.close()
    }
}

extension CommandRun {
    /// A statement by the gateway's role, which sees every tenant here.
    fileprivate func execute(_ sql: String) async throws {
        try await database.session.transaction { transaction in
            try await transaction.query(
                "SELECT set_config('nexora.tenants', (SELECT tenant_subtree(operator_tenant()))::text, true)"
            )
            try await transaction.query("SET LOCAL ROLE nexora_gateway")
            try await transaction.query(sql)
        }
    }

    /// A suspended service whose subscription is active.
    fileprivate func paid(_ username: String, of subdomain: String) async throws {
        for statement in [
            """
            INSERT INTO plans (tenant_id, name, download_bps, upload_bps, price)
            SELECT id, 'P', 1, 1, 30 FROM tenants WHERE subdomain = '\(subdomain)'
            """,
            """
            INSERT INTO customers (tenant_id, code, name, phone, address)
            SELECT id, 'C', 'A customer', '1', 'A street' FROM tenants WHERE subdomain = '\(subdomain)'
            """,
            """
            INSERT INTO services (tenant_id, customer_id, plan_id, username, status)
            SELECT p.tenant_id, c.id, p.id, '\(username)', 'suspended'
            FROM plans p JOIN customers c ON c.tenant_id = p.tenant_id AND c.code = 'C' WHERE p.name = 'P'
            """,
            """
            INSERT INTO plan_versions (tenant_id, plan_id, number, price, currency, cycle_unit, cycle_count, mode, grace_seconds,
                suspension, reminders, promises, longest_promise_seconds)
            SELECT tenant_id, id, 1, 300000, 'EUR', 'month', 1, 'prepaid', 259200, 'extend', '{}', 1, 604800 FROM plans WHERE name = 'P'
            """,
            """
            INSERT INTO subscriptions (tenant_id, customer_id, service_id, plan_version_id, state)
            SELECT s.tenant_id, s.customer_id, s.id, v.id, 'active'
            FROM services s JOIN plan_versions v ON v.tenant_id = s.tenant_id AND v.plan_id = s.plan_id WHERE s.username = '\(username)'
            """,
        ] { try await execute(statement) }
    }
}
