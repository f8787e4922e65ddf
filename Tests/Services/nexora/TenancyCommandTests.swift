import Domain
import NexoraCommand
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite(.serialized) struct TenancyCommandTests {
    private func installed() async throws -> CommandRun {
        let run = try await CommandRun()
        try await run.expect(.success, "bootstrap --name Op --subdomain op")
        try await run.expect(.success, "tenant add Acme --subdomain acme")
        try await run.expect(.success, "tenant add Corner --subdomain corner --kind reseller --parent acme")
        return run
    }

    @Test(.proves("TEN-16", "AUD-07"))
    func `a tenant is suspended with those below it and served again, on the record`()
        async throws
    {
        let run = try await installed()
        let stopped = try await run.expect(.success, "tenant suspend acme --note unpaid --json").list()
        #expect(Set(stopped.compactMap { $0["tenant"].text }) == ["acme", "corner"])
        #expect(try await run.expect(.success, "tenant show corner --json").json()["isActive"] == .boolean(false))
        try await run.expect(.badData, "tenant set corner --active yes")
        let served = try await run.expect(.success, "tenant resume acme --json").list()
        #expect(served.count == 2)
        try await run.expect(.conflict, "tenant suspend op")
        try await run.expect(.notFound, "tenant suspend nobody")
        let trail = try await run.expect(.success, "audit search --type tenant --json").list()
        #expect(trail.count == 2)
        try await run.expect(.success, "audit verify")
        await run.close()
    }

    @Test(.proves("TEN-09")) func `a licence is set, shown with what is used, and taken away`() async throws {
        let run = try await installed()
        try await run.expect(.success, "tenant licence acme --plan Small --max-tenants 1 --grace-days 3")
        let shown = try await run.expect(.success, "tenant licence acme --json").json()
        #expect(
            shown["plan"] == .text("Small") && shown["maxTenants"] == .integer(1) && shown["tenants"] == .integer(1)
        )
        try await run.expect(.badData, "tenant add Second --subdomain second --kind reseller --parent acme")
        try await run.expect(.usage, "tenant licence acme --max-nases 1")
        try await run.expect(.success, "tenant licence acme --none")
        #expect(try await run.expect(.success, "tenant licence acme --json").json()["plan"] == .null)
        try await run.expect(.success, "tenant add Second --subdomain second --kind reseller --parent acme")
        await run.close()
    }

    @Test(.proves("TEN-06")) func `a deletion waits, is taken back or carried out, and leaves an archive`() async throws
    {
        let run = try await installed()
        try await run.expect(.conflict, "tenant deletion request acme")
        try await run.expect(.usage, "tenant deletion request corner --days 1")
        try await run.expect(.success, "tenant deletion request corner --days 7")
        #expect(try await run.expect(.success, "tenant deletion list --json").list().count == 1)
        try await run.expect(.conflict, "tenant deletion carry-out corner --confirm corner")
        try await run.expect(.success, "tenant deletion cancel corner")
        #expect(try await run.expect(.success, "tenant show corner --json").json()["isActive"] == .boolean(true))
        try await run.expect(.success, "tenant deletion request corner --days 7")
        let name = String(run.url.split(separator: "@/")[1].prefix { $0 != "?" })
        let superuser = PostgresSession(
            PostgresConfiguration(url: try await RealPostgres.shared().url(user: "postgres", database: name))
        )
        try await superuser.query(
            "UPDATE tenant_deletions SET requested_at = requested_at - interval '8 days', due_at = due_at - interval '8 days'"
        )
        await superuser.close()
        try await run.expect(.usage, "tenant deletion carry-out corner --confirm acme")
        let done = try await run.expect(.success, "tenant deletion carry-out corner --confirm corner --json").json()
        #expect(done["tenant"] == .text("corner"))
        try await run.expect(.notFound, "tenant show corner")
        let archives = try await run.expect(.success, "archive list --json").list()
        #expect(archives.count == 2)
        let audit = try #require(archives.first { $0["purpose"] == .text("audit") }?["id"].text)
        let path = run.directory.file("corner.jsonl")
        let exported = try await run.expect(.success, "archive export \(audit) --out \(path) --json").json()
        guard case .integer(let rows) = exported["rows"] else {
            Issue.record("no rows")
            return
        }
        #expect(rows > 3)
        try await run.expect(.success, "archive shred --expired")
        try await run.expect(.success, "archive shred \(audit)")
        try await run.expect(.notFound, "archive export \(audit) --out \(path)2")
        try await run.expect(.success, "audit verify")
        await run.close()
    }
}
