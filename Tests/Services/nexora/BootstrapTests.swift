import Glibc
import Identity
import NexoraCommand
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite struct BootstrapTests {
    @Test func `a demo is made once; running it again changes nothing and writes the env file anew`() async throws {
        let run = try await CommandRun()
        let path = run.directory.file("demo.env")
        let first = try await run.expect(.success, "bootstrap --demo --env-file \(path) --json").json()
        #expect(
            first["tenantsMade"] == .integer(3) && first["plansMade"] == .integer(4)
                && first["nasesMade"] == .integer(5)
        )
        #expect(first["subscribersMade"] == .integer(1_000))
        let written = try values(path)
        #expect(written["RADIUS_SECRET"].map { $0.utf8.count >= 24 } == true)
        #expect(written["DEMO_USER"] == "demo0001" && written["DEMO_PASSWORD"].map { $0.count >= 12 } == true)
        var facts = stat()
        #expect(unsafe stat(path, &facts) == 0 && facts.st_mode & 0o777 == 0o600)
        let before = try await state(run)
        unsafe unlink(path)

        let second = try await run.expect(.success, "bootstrap --demo --env-file \(path) --json").json()
        for name in ["tenantsMade", "plansMade", "nasesMade", "subscribersMade"] {
            #expect(second[name] == .integer(0))
        }
        #expect(try await state(run) == before, "no row, version or event is new")
        #expect(try values(path) == written)
        #expect(
            try await run.count(
                "SELECT count(*) FROM nas_devices WHERE address = '127.0.0.0/8' AND vendor = 'mikrotik' AND is_active"
            ) == 1
        )
        #expect(try await run.count("SELECT count(*) FROM plan_advanced_settings WHERE burst_enabled") == 1)
        #expect(try await run.count("SELECT count(DISTINCT password) FROM service_credentials") == 1_000)
        await run.close()
    }

    @Test func `without a schema, a keyring or the right one it says what to do and leaves nothing behind`()
        async throws
    {
        let run = try await CommandRun(migrated: false)
        let noKeyring = try await run.expect(.badSettings, "bootstrap")
        #expect(noKeyring.errors.contains("nexora key init"))
        try await run.expect(.success, "key init")
        try await run.expect(.conflict, "key init")
        try await run.expect(.failed, "bootstrap")
        try await run.expect(.success, "migrate up")
        let early = try await run.expect(.badSettings, "tenant list")
        #expect(early.errors.contains("nexora bootstrap"))
        try await run.expect(.success, "bootstrap --name Acme --subdomain acme")
        run.set("NEXORA_KEYRING_PATH", run.directory.file("other"))
        try await run.expect(.success, "key init")
        let wrong = try await run.expect(.badSettings, "bootstrap --demo")
        #expect(wrong.errors.contains("not the one that sealed"))
        #expect(try await run.count("SELECT count(*) FROM tenants") == 1)
        try await run.expect(.usage, "bootstrap --env-file x")
        await run.close()
    }

    @Test(.proves("IAM-17")) func `the first administrator has no password but a secret that is told once`()
        async throws
    {
        let run = try await CommandRun()
        try await run.expect(.usage, "bootstrap --admin-name Ann")
        try await run.expect(.success, "bootstrap")
        #expect(try await run.count("SELECT count(*) FROM tenants") == 1)
        try await run.expect(.badData, "bootstrap --admin nobody")
        let first = try await run.expect(.success, "bootstrap --admin ann@example.net --admin-name Ann --json")
        guard case .text(let secret) = try first.json()["adminSecret"] else {
            Issue.record("no secret was told")
            return
        }
        let token = try #require(OpaqueToken(secret, .link))
        #expect(first.errors.contains("once"))
        // Another run voids it and tells another; a stranger's address gets nothing.
        let second = try await run.expect(.success, "bootstrap --admin ANN@example.net --json").json()
        #expect(second["adminSecret"] != .text(secret) && second["adminSecret"] != .null)
        #expect(
            try await run.expect(.success, "bootstrap --admin eve@example.net --json").json()["adminSecret"] == .null
        )
        #expect(try await run.expect(.success, "bootstrap --json").json()["adminSecret"] == .null)
        let facts = """
            SELECT count(*) FROM users u JOIN one_time_links l ON (l.tenant_id, l.user_id) = (u.tenant_id, u.id)
            WHERE u.role = 'super_admin' AND u.password_hash IS NULL AND l.purpose = 'bootstrap' AND l.sealed_token IS NULL
            """
        #expect(try await count(run, facts) == 2)
        #expect(try await count(run, facts + " AND l.replaced_at IS NULL") == 1)
        #expect(try await count(run, facts + " AND l.id = '\(token.row)' AND l.replaced_at IS NOT NULL") == 1)
        await run.close()
    }

    @Test(.proves("MIG-01")) func `migrations go up, are told and come down when it is said twice`() async throws {
        let run = try await CommandRun(migrated: false)
        #expect(
            try await run.expect(.failed, "migrate status --json").list().allSatisfy {
                $0["state"] == .text("pending")
            }
        )
        try await run.expect(.success, "migrate up --to 2")
        try await run.expect(.success, "migrate up")
        let status = try await run.expect(.success, "migrate status --json").list()
        #expect(status.count >= 5 && status.allSatisfy { $0["state"] == .text("applied") })
        try await run.expect(.usage, "migrate down --to 4")
        try await run.expect(.success, "migrate down --to 4 --yes")
        #expect(try await run.expect(.failed, "migrate status --json").list().last?["state"] == .text("pending"))
        try await run.expect(.success, "migrate up")
        await run.close()
    }

    /// A number that a statement gives to the operator's own people.
    private func count(_ run: CommandRun, _ sql: String) async throws -> Int64? {
        try await run.database.transaction(in: run.database.operatorTenant()) {
            try await $0.query(sql).first?[0].int64
        }
    }

    private func values(_ path: String) throws -> [String: String] {
        let bytes = try #require(try? readFile(path))
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        return Dictionary(
            uniqueKeysWithValues: lines.map { line in
                let parts = line.split(separator: "=", maxSplits: 1)
                return (String(parts[0]), parts.count == 2 ? String(parts[1]) : "")
            }
        )
    }

    private func state(_ run: CommandRun) async throws -> [Int64] {
        var state: [Int64] = []
        for table in [
            "tenants", "plans", "plan_advanced_settings", "nas_devices", "customers", "services", "service_credentials",
        ] {
            state.append(try await run.count("SELECT count(*) FROM \(table)"))
            state.append(try await run.count("SELECT max(row_version) FROM \(table)"))
        }
        state.append(try await run.count("SELECT count(*) FROM outbox"))
        return state
    }
}
