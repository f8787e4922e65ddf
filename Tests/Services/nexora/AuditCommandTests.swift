import Domain
import NexoraCommand
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite(.serialized) struct AuditCommandTests {
    /// A bootstrapped installation with some entries of the operator's.
    private func filled() async throws -> (CommandRun, TenantID) {
        let run = try await CommandRun()
        try await run.expect(.success, "bootstrap --name Op --subdomain op")
        let root = try await run.database.operatorTenant()
        let ids = IDGenerator(time: .fixed(Timestamp(secondsSince1970: 1_790_000_000)))
        let entries = (1...5).map { number in
            AuditEntry(
                id: ids.next(),
                tenantID: root,
                origin: .system(),
                action: .configChange,
                resource: AuditResource("setting", number),
                change: .updated(["secret": "a", "value": 1], ["secret": "b", "value": 2]),
                time: Timestamp(secondsSince1970: 1_790_000_000)
            )
        }
        try await run.database.transaction(in: root) { try await AuditLog($0).append(entries) }
        return (run, root)
    }

    @Test(.proves("AUD-15")) func `a trail is proved whole, and broken where somebody changed it`() async throws {
        let (run, root) = try await filled()
        let kept = run.directory.file("kept.jsonl")
        let signed = try await run.expect(.success, "audit checkpoint --out \(kept) --json").list()
        #expect(signed.map { $0["number"] } == [.integer(5)])
        try await run.expect(.success, "audit checkpoint --out \(kept)")
        let whole = try await run.expect(.success, "audit verify --with \(kept) --json").list()
        #expect(whole.map { $0["whole"] } == [.boolean(true)] && whole.first?["vouchedThrough"] == .integer(5))
        #expect(whole.first?["entries"] == .integer(5))
        // What somebody else signed before is kept as well.
        let later = run.directory.file("later.jsonl")
        try await run.expect(.success, "audit checkpoint --out \(later)")
        try await run.expect(.success, "audit verify --with \(later)")

        let name = String(run.url.split(separator: "@/")[1].prefix { $0 != "?" })
        let superuser = PostgresSession(
            PostgresConfiguration(url: try await RealPostgres.shared().url(user: "postgres", database: name))
        )
        try await superuser.transaction { transaction in
            try await transaction.query("SET LOCAL session_replication_role = replica")
            _ = try await transaction.query("UPDATE audit_logs SET reason = 'x' WHERE number = 3")
        }
        let broken = try await run.expect(.failed, "audit verify --json")
        let verdict = try #require(broken.list().first)
        #expect(verdict["whole"] == .boolean(false) && verdict["firstBroken"] == .integer(3))
        #expect(broken.errors.contains("1 of 1 chains are broken"))
        try await run.expect(.failed, "audit verify --unsigned --tenant op")
        run.set("NEXORA_KEYRING_PATH", run.directory.file("none"))
        try await run.expect(.badSettings, "audit verify")
        _ = root
        await superuser.close()
        await run.close()
    }

    @Test(.proves("AUD-11", "AUD-12")) func `a search shows entries without secrets, and is recorded itself`()
        async throws
    {
        let (run, _) = try await filled()
        let first = try await run.expect(.success, "audit search --type setting --limit 2 --json")
        #expect(!first.output.contains("\"a\"") && first.output.contains("[redacted]"))
        let entries = try first.list()
        #expect(entries.map { $0["resourceId"] } == [.text("5"), .text("4")])
        let cursor = try #require(entries.last?["cursor"].text)
        let next = try await run.expect(.success, "audit search --type setting --after \(cursor) --json").list()
        #expect(next.map { $0["resourceId"] } == [.text("3"), .text("2"), .text("1")])
        let searches = try await run.expect(.success, "audit search --action read --type audit --json").list()
        #expect(searches.count == 2)
        try await run.expect(.usage, "audit search --after nonsense")
        try await run.expect(.usage, "audit search --actor nobody")
        await run.close()
    }

    @Test func `the public keys are shown`() async throws {
        let run = try await CommandRun()
        let keys = try await run.expect(.success, "audit key --json").list()
        #expect(keys.count == 1 && keys.first?["publicKey"].text?.count == 64)
        await run.close()
    }
}
