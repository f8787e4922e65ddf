import Domain
import NexoraCommand
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite struct PostureCommandTests {
    private func start() async throws -> CommandRun {
        let run = try await CommandRun()
        for line in [
            "bootstrap", "tenant add 'Acme Net' --subdomain acme", "tenant add Other --subdomain other",
            "nas add core --tenant acme --address 192.0.2.1 --require-message-authenticator no --limit-proxy-state no",
        ] { try await run.expect(.success, line) }
        return run
    }

    /// Stores what a NAS sent today, as accounting-consumer does.
    private func see(_ run: CommandRun, _ nas: String, _ columns: [String: Int], daysAgo: Int = 0) async throws {
        let known = [
            "logins", "signed", "proxied", "proxied_unsigned", "pap", "chap", "mschap", "eap", "refused_unsigned",
            "refused_proxied", "reports", "timestamped",
        ]
        let values = known.map { "\(columns[$0] ?? 0)" }.joined(separator: ", ")
        try await run.database.session.transaction { transaction in
            try await transaction.query("SET LOCAL ROLE nexora_pipeline")
            try await transaction.query(
                """
                INSERT INTO nas_posture (tenant_id, nas_id, day, run_id, \(known.joined(separator: ", ")), secret_octets, source,
                    first_seen_at, last_seen_at)
                SELECT tenant_id, id, (now() AT TIME ZONE 'UTC')::date - \(daysAgo), gen_random_uuid(), \(values),
                    \(columns["secret_octets"] ?? 32), '192.0.2.1', now(), now()
                FROM nas_devices WHERE name = '\(nas)'
                """
            )
        }
    }

    @Test(.proves("RAD-07", "G-02")) func `what a NAS always sends may be asked for, and is`() async throws {
        let run = try await start()
        try await see(
            run,
            "core",
            ["logins": 12_345, "signed": 12_345, "pap": 12_000, "eap": 45, "mschap": 300, "reports": 9]
        )
        let seen = try await run.expect(.success, "nas posture --nas core --json").json()
        #expect(seen["logins"] == .integer(12_345) && seen["messageAuthenticator"] == .text("always"))
        #expect(seen["proxyState"] == .text("never") && seen["eventTimestamp"] == .text("never"))
        #expect(seen["secret"] == .text("strong") && seen["source"] == .text("192.0.2.1"))
        #expect(seen["methods"] == .list([.text("pap 12000"), .text("mschap 300"), .text("eap 45")]))
        let advice = seen["advice"].cell
        #expect(advice.contains("Message-Authenticator seen in all 12300 requests of 7 days"))
        #expect(advice.contains("limit-proxy-state") && advice.contains("MS-CHAP in 300 logins"))
        #expect(try await run.expect(.success, "nas posture").output.contains("always"))
        #expect(try await run.expect(.success, "nas posture --tenant other --json").list().isEmpty)
        let done = try await run.expect(.success, "nas tighten core require-message-authenticator --json").json()
        #expect(done["requireMessageAuthenticator"] == .text("yes"))
        try await run.expect(.success, "nas tighten core limit-proxy-state")
        try await run.expect(.success, "nas tighten core limit-proxy-state")
        let shown = try await run.expect(.success, "nas show core --json").json()
        #expect(shown["requireMessageAuthenticator"] == .boolean(true) && shown["limitProxyState"] == .boolean(true))
        let kept = try await run.expect(.success, "nas posture --nas core").output
        #expect(kept.contains("require-message-authenticator (operator)"))
        #expect(
            try await run.count("SELECT count(*) FROM nas_tightenings") == 2,
            "what is done already is not done again"
        )
        #expect(try await run.count("SELECT count(*) FROM outbox WHERE subject = 'radius.tightened'") == 2)
        await run.close()
    }

    @Test(.proves("RAD-07", "G-02")) func `what would lock a NAS out is refused unless forced`() async throws {
        let run = try await start()
        let unseen = try await run.expect(.conflict, "nas tighten core require-message-authenticator")
        #expect(unseen.errors.contains("--force"))
        try await see(run, "core", ["logins": 50, "signed": 50, "eap": 50])
        try await run.expect(.conflict, "nas tighten core require-message-authenticator")
        let onlyEAP = try await run.expect(.success, "nas posture --nas core --json").json()["advice"].cell
        #expect(onlyEAP.contains("only EAP was seen"))
        try await see(run, "core", ["logins": 10, "signed": 7, "pap": 10, "secret_octets": 10], daysAgo: 10)
        try await see(run, "core", ["logins": 10, "signed": 10, "pap": 10, "secret_octets": 10])
        let older = try await run.expect(.conflict, "nas tighten core require-message-authenticator --days 30")
        #expect(older.errors.contains("3 requests of \"core\" in 30 days would have been refused"))
        #expect(try await run.count("SELECT count(*) FROM nas_tightenings") == 0)
        try await run.expect(.success, "nas tighten core require-message-authenticator --days 30 --force")
        let kept = try await run.expect(.success, "nas posture --nas core").output
        #expect(kept.contains("(operator, forced)"))
        try await see(run, "core", ["logins": 1, "signed": 1, "pap": 1, "refused_unsigned": 4])
        let advice = try await run.expect(.success, "nas posture --nas core --json").json()["advice"].cell
        #expect(advice.contains("4 requests without Message-Authenticator were refused"))
        try await run.expect(.usage, "nas tighten core everything")
        try await run.expect(.notFound, "nas tighten nobody limit-proxy-state")
        await run.close()
    }

    @Test(.proves("RAD-05", "RAD-07"))
    func `rates follow the server's setting unless given, and a single address may ratchet`()
        async throws
    {
        let run = try await start()
        let core = try await run.expect(.success, "nas show core --json").json()
        #expect(core["authRate"] == .null && core["authBurst"] == .null)
        let given = try await run.expect(.success, "nas set core --auth-rate 7 --auth-burst 20 --json").json()
        #expect(given["authRate"] == .integer(7) && given["authBurst"] == .integer(20))
        let cleared = try await run.expect(.success, "nas set core --auth-rate '' --auth-burst '' --json").json()
        #expect(cleared["authRate"] == .null && cleared["authBurst"] == .null)
        let auto = try await run.expect(.success, "nas set core --require-message-authenticator auto --json").json()
        #expect(auto["requireMessageAuthenticator"] == .boolean(false))
        #expect(auto["ratchetsMessageAuthenticator"] == .boolean(true))
        try await run.expect(.badData, "nas set core --address 192.0.2.0/24")
        let strict = try await run.expect(.success, "nas set core --require-message-authenticator yes --json").json()
        #expect(strict["ratchetsMessageAuthenticator"] == .boolean(false))
        await run.close()
    }

    @Test(.proves("G-20")) func `a tenant's walled garden is a plan of its own, beside its other settings`()
        async throws
    {
        let run = try await start()
        try await run.expect(
            .success,
            "plan add 'Pay First' --tenant acme --download 1M --upload 1M --price 1 --address-pool garden"
        )
        let other = try await run.expect(
            .success,
            "plan add Elsewhere --tenant other --download 1M --upload 1M --price 1 --json"
        ).json()
        try await run.expect(
            .success,
            "tenant set acme --settings '{\"session_policy\": \"reject_new\", \"ratio\": 1.50}'"
        )
        let plan = try await run.expect(.success, "plan show 'Pay First' --json").json()["id"]
        let set = try await run.expect(.success, "tenant set acme --walled-garden 'Pay First' --json").json()[
            "settings"
        ]
        #expect(set["walled_garden_plan"] == plan && set["session_policy"] == .text("reject_new"))
        #expect(set["ratio"] == .text("1.50"), "a number, as it was written")
        try await run.expect(.conflict, "tenant set acme --walled-garden \(other["id"].cell)")
        try await run.expect(.notFound, "tenant set acme --walled-garden Elsewhere")
        let cleared = try await run.expect(.success, "tenant set acme --walled-garden '' --json").json()["settings"]
        #expect(cleared["walled_garden_plan"] == .null && cleared["session_policy"] == .text("reject_new"))
        await run.close()
    }
}
