import Domain
import NexoraCommand
import Persistence
import Postgres
import SharedTesting
import Testing

/// Orders, breakers and lessons at the command line.
@Suite struct EnforcementCommandTests {
    private static let session = "0197f0c2-0000-7000-8000-00000000000a"
    private static let order = "0197f0c2-0000-7000-8000-00000000000b"

    /// A tenant with a NAS, an open session there, an order that failed, and a lesson.
    private func furnished() async throws -> CommandRun {
        let run = try await CommandRun()
        try await run.expect(.success, "bootstrap")
        try await run.expect(.success, "tenant add 'Acme Net' --subdomain acme")
        let nas = try await run.expect(.success, "nas add edge --tenant acme --address 192.0.2.1 --json").json()
        let (id, tenant) = (try #require(nas["id"].text), "(SELECT id FROM tenants WHERE subdomain = 'acme')")
        let statements = [
            """
            INSERT INTO sessions (tenant_id, id, session_key, nas_id, username, acct_session_id, started_at, last_update_at)
            SELECT \(tenant), '\(Self.session)', '\(Self.session)', '\(id)', 'ann', 's1', now(), now()
            """,
            """
            INSERT INTO enforcements (tenant_id, id, kind, cause, nas_id, session_id, state, reason, error_cause, trials, attempts,
                requested_at, stored_at, answered_at, ended_at)
            SELECT \(tenant), '\(Self.order)', 'disconnect', 'requested', '\(id)', '\(Self.session)', 'failed', 'refused', 504,
                '[{"kind": "disconnect", "set": "user-name", "outcome": "refused_504"}]', 1, now(), now(), now(), now()
            """,
            "INSERT INTO nas_capabilities SELECT \(tenant), '\(id)', 'takes-no-change', now()",
        ]
        try await run.database.session.transaction { transaction in
            try await transaction.query("SET LOCAL ROLE nexora_pipeline")
            for statement in statements { try await transaction.query(statement) }
        }
        return run
    }

    @Test(.proves("COA-07")) func `orders are listed by what they are, and shown with each request`() async throws {
        let run = try await furnished()
        #expect(try await run.expect(.success, "enforcement list --json").list().count == 1)
        for filter in ["--state failed", "--nas edge", "--session \(Self.session)", "--cause requested"] {
            let found = try await run.expect(.success, "enforcement list \(filter) --json").list()
            #expect(found.count == 1, "\(filter)")
        }
        for filter in ["--open", "--kind change", "--until 2026-01-01"] {
            let found = try await run.expect(.success, "enforcement list \(filter) --json").list()
            #expect(found.isEmpty, "\(filter)")
        }
        let shown = try await run.expect(.success, "enforcement show \(Self.order)")
        #expect(shown.output.contains("Failed: the NAS refused (Error-Cause 504)."))
        #expect(shown.output.contains("refused_504"))
        try await run.expect(.notFound, "enforcement show \(Self.session)")
        try await run.expect(.usage, "enforcement list --state gone")
        await run.close()
    }

    @Test(.proves("COA-02", "SES-07"))
    func `a session's end, and what it should have, are asked for as the gateway asks`() async throws {
        let run = try await furnished()
        for (command, subject) in [
            ("disconnect", "session.disconnect_requested"), ("coa", "session.reconcile_requested"),
        ] {
            let asked = try await run.expect(.success, "\(command) \(Self.session) --json").json()
            let operation = try #require(asked["operation"].text)
            let told = "FROM outbox WHERE subject = '\(subject)' AND data::jsonb->>'operationId' = '\(operation)'"
            #expect(try await run.count("SELECT count(*) \(told)") == 1)
            #expect(try await run.count("SELECT count(*) FROM operations WHERE id = '\(operation)'") == 1)
        }
        let audited = try await run.database.transaction(in: run.database.operatorTenant()) { transaction in
            try await transaction.query("SELECT FROM audit_logs WHERE resource_id = $1", [.text(Self.session)]).count
        }
        #expect(audited == 2)
        try await run.expect(.notFound, "disconnect \(Self.order)")
        try await run.expect(.usage, "coa core")
        await run.close()
    }

    @Test(.proves("COA-05", "COA-08")) func `lessons are shown and forgotten; without NATS no breaker is known`()
        async throws
    {
        let run = try await furnished()
        let shown = try await run.expect(.success, "nas capabilities edge")
        #expect(shown.output.contains("It takes no CoA-Request."))
        try await run.expect(.success, "nas capabilities edge --forget")
        #expect(try await run.expect(.success, "nas capabilities edge --json").list().isEmpty)
        run.set("NATS_URL", "nats://127.0.0.1:1")
        try await run.expect(.unavailable, "nas breaker edge")
        try await run.expect(.usage, "nas breaker --reset")
        try await run.expect(.unavailable, "enforcement brake edge")
        try await run.expect(.usage, "enforcement brake --release")
        await run.close()
    }
}
