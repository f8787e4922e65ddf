import Domain
import Postgres
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

/// The trail: whole, and for ever.
@Suite struct AuditPropertyTests {
    private func members(_ value: JSONValue?) -> JSONRow {
        guard case .object(let members)? = value else { return [:] }
        return members
    }

    @Test(.proves("AUD-03", "AUD-07", "AUD-10", "E-45", "E-46"), arguments: EntityCase.written)
    func `properties 45 and 46: every change is on record with what, who, whence and when`(_ entity: EntityCase)
        async throws
    {
        let plot = try await Plot(try await GatewayWorld.shared(), customers: 2, plans: 2)
        let writing = try #require(entity.writing)
        let began = GatewayWorld.clock.now()
        // Three changes each.
        try await cases("properties 45 and 46, \(entity.name)", count: 40) { number, draw in
            let agent = ["User-Agent": "agent-\(number)"]
            let body = writing.body(plot, &draw)
            let made = try await plot.send("POST", entity.path(plot), body, headers: agent)
            try #require(made.status == 201, "\(made.text)")
            let id = try #require(made["data.id"]?.text)
            let target = "\(entity.path(plot))/\(id)"
            let change = writing.change(&draw)
            let tag = ["If-Match": try #require(made.headers["etag"])].merging(agent) { $1 }
            let changed = try await plot.send("PATCH", target, change, headers: tag)
            try #require(changed.status == 200, "\(changed.text)")
            let last = ["If-Match": try #require(changed.headers["etag"])].merging(agent) { $1 }
            try #require(try await plot.send("DELETE", target, headers: last).status == 204)

            let trail = try await plot.rows("/api/v1/audit-logs?resource_type=\(entity.name)&resource_id=\(id)")
            let actions = trail.map { $0["action"]?.text ?? "" }
            #expect(actions == [writing.actions.delete, "update", writing.actions.create], "\(actions)")
            guard trail.count == 3 else { return }
            for entry in trail {
                #expect(entry["actor_id"]?.text == plot.admin.user.id.description)
                #expect(entry["actor_kind"]?.text == "user")
                #expect(entry["tenant_id"]?.text == plot.tenant.description)
                #expect(entry["address"]?.text == "127.0.0.1")
                #expect(entry["user_agent"]?.text == "agent-\(number)")
                #expect(entry["outcome"]?.text == "success")
                let time = entry["time"]?.text.flatMap { Timestamp($0) }
                #expect(time.map { began <= $0 && $0 <= GatewayWorld.clock.now() } == true)
            }
            let whole = members(made["data"])
            for (name, value) in members(trail[2]["new"]) {
                // What is called after a secret is not told, whatever it says.
                #expect(whole[name] == value || value == .text("[redacted]"), "\(name)")
                #expect(body[name] == nil || value != .text("[redacted]"), "\(name)")
            }
            // What goes in and never comes out, such as a password, is on record by what it did.
            for name in body.keys where whole[name] != nil {
                #expect(members(trail[2]["new"])[name] != nil, "\(name)")
            }
            // An update tells what is another than before, and nothing else.
            let (old, new) = (members(trail[1]["old"]), members(trail[1]["new"]))
            let after = members(changed["data"])
            #expect(Set(old.keys) == Set(new.keys))
            for name in change.keys where whole[name] != after[name] {
                #expect(old[name] == whole[name] && new[name] == after[name], "\(name)")
            }
            for name in new.keys { #expect(old[name] != new[name], "\(name)") }
        }
    }

    @Test(.proves("AUD-01", "E-47")) func `property 47: no statement changes or takes away what is on record`()
        async throws
    {
        let plot = try await Plot(try await GatewayWorld.shared())
        for number in 0..<5 { _ = try await plot.world.customer(as: plot.admin, "Recorded \(number)") }
        let world = plot.world
        let owner = PostgresSession(PostgresConfiguration(url: world.url))
        let columns = try await plot.texts(
            "SELECT column_name::text FROM information_schema.columns WHERE table_name = 'audit_logs'"
        )
        let tables = try await plot.texts(
            """
            SELECT 'audit_logs' UNION SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_logs'::regclass
            """
        )
        let ids = try await plot.texts("SELECT id::text FROM audit_logs WHERE tenant_id = '\(plot.tenant)'")
        try #require(ids.count >= 5 && columns.count > 15 && tables.count > 1)
        let before = try await plot.tables()["audit_logs"]
        try await cases("property 47") { _, draw in
            let (table, column, id) = (draw.choice(tables), draw.choice(columns), draw.choice(ids))
            let condition = draw.choice(["", " WHERE id = '\(id)'", " WHERE tenant_id = '\(plot.tenant)'"])
            let statement = draw.choice([
                "UPDATE \(table) SET \(column) = \(column)\(condition)", "DELETE FROM \(table)\(condition)",
                "TRUNCATE \(table)", "UPDATE \(table) SET \(column) = NULL\(condition)",
            ])
            let role = draw.choice(["", "SET LOCAL ROLE nexora_gateway;", "SET LOCAL ROLE nexora_pipeline;"])
            let session = draw.chance(50) ? world.superuser : owner
            await #expect(throws: PostgresError.self, "\(role) \(statement)") {
                try await session.script("BEGIN; \(role) \(statement); COMMIT")
            }
            try? await session.script("ROLLBACK")
        }
        await owner.close()
        #expect(try await plot.tables()["audit_logs"]?.digest == before?.digest)
        let kept = try await plot.texts("SELECT id::text FROM audit_logs WHERE tenant_id = '\(plot.tenant)'")
        #expect(Set(kept) == Set(ids))
    }
}
