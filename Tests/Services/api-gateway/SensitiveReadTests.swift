import Domain
import HTTPServer
import Identity
import Persistence
import Postgres
import SharedTesting
import Testing

@testable import APIGateway

@Suite struct SensitiveReadTests {
    /// A message that failed, of the first provider.
    private func bury(_ world: GatewayWorld) async throws -> String {
        let id = world.parts.ids.uuid()
        try await asPipeline(
            world,
            """
            INSERT INTO dead_letters (tenant_id, id, stream, consumer, subject, message_id, reason, payload)
            VALUES ('\(world.one)', '\(id)', 'DOMAIN', 'c', 'session.started.\(world.one)', 'm', 'made up', '{}')
            """
        )
        return id.description
    }

    private func asPipeline(_ world: GatewayWorld, _ sql: String) async throws {
        _ = try await world.pool.withTransaction { transaction in
            try await transaction.pipeline([
                PGStatement("SET LOCAL ROLE nexora_pipeline"), PGStatement("SET LOCAL lock_timeout = '2s'"),
                PGStatement(sql),
            ])
        }
    }

    /// What the trail says of a kind of thing, the newest first.
    private func trail(_ world: GatewayWorld, _ type: String, as person: GatewayWorld.Person) async throws -> [String] {
        let path = "/api/v1/audit-logs?resource_type=\(type)&actor_id=\(person.user.id)&limit=100"
        return try await world.must(200, "GET", path, as: try await world.person(.tenantAdmin)).list("data").compactMap
        {
            guard case .object(let members) = $0 else { return nil }
            return members["action"]?.text
        }
    }

    @Test(.proves("AUD-12")) func `who looks at messages, leases, explanations and holders of addresses is on record`()
        async throws
    {
        let world = try await GatewayWorld()
        let noc = try await world.person(.nocEngineer)
        let letter = try await bury(world)
        for (path, type) in [
            ("/api/v1/dead-letters", "dead_letter"), ("/api/v1/dead-letters/\(letter)", "dead_letter"),
            ("/api/v1/network/ipam/leases", "lease"),
            ("/api/v1/radius/sessions?filter=framed_ipv4:eq:10.0.0.1", "session"),
        ] {
            let before = try await trail(world, type, as: noc).count
            _ = try await world.must(200, "GET", path, as: noc)
            #expect(try await trail(world, type, as: noc).first == "read", "\(path)")
            #expect(try await trail(world, type, as: noc).count == before + 1, "\(path)")
        }
        let before = try await trail(world, "session", as: noc).count
        _ = try await world.must(200, "GET", "/api/v1/radius/sessions", as: noc)
        #expect(try await trail(world, "session", as: noc).count == before)
        // Nobody answers here, but it was asked.
        let question = "{\"username\":\"alice\"}"
        #expect(try await world.send("POST", "/api/v1/explain", as: noc, question).status == 503)
        #expect(try await trail(world, "explanation", as: noc) == ["read"])
        let query = "filter=status:eq:active&q=ann&deleted=include&fields=id,name"
        _ = try await world.send("GET", "/api/v1/customers/export?\(query)", as: noc)
        let log = try await world.must(
            200,
            "GET",
            "/api/v1/audit-logs?resource_type=customer&limit=10",
            as: try await world.person(.tenantAdmin)
        )
        #expect(log.text.contains("id,name") && log.text.contains("\"q\"") && log.text.contains("\"deleted\""))
        try await world.close()
    }

    @Test(.proves("MSG-07"))
    func `a replay holds nothing while it is sent, and one that broke off is no second message`()
        async throws
    {
        let world = try await GatewayWorld()
        let noc = try await world.person(.nocEngineer)
        let letter = try await bury(world)
        let path = "/api/v1/dead-letters/\(letter)/replay"
        world.messages.afterwards {
            // Fails where the row is locked.
            try await asPipeline(world, "UPDATE dead_letters SET reason = reason WHERE id = '\(letter)'")
            throw Problem.unavailable("The answer was lost.")
        }
        #expect(try await world.send("POST", path, as: noc).status == 503)
        world.messages.afterwards(nil)
        #expect(try await world.send("POST", path, as: noc).status == 200)
        #expect(try await world.send("POST", path, as: noc).status == 200)
        let ids = world.messages.messageIDs
        #expect(ids.count == 3 && ids[0] == ids[1] && ids[1] != ids[2], "\(ids)")
        try await world.close()
    }

    @Test(.proves("IAM-06")) func `an export breaks off when who asked for it may not go on`() async throws {
        let needs: Set<Permission> = [.customersRead, .exportsCreate]
        let (home, elsewhere) = (LiveSample.tenant(1), LiveSample.tenant(2))
        let began = Principal.sample(.tenantAdmin, home)
        func chunks(_ answer: LiveStanding) async -> Int {
            let standing = ExportStanding(began, needs: needs) { answer }
            for sent in 0..<100 {
                do { try await standing.hold() } catch { return sent }
            }
            return 100
        }
        #expect(await chunks(.allowed(began)) == 100)
        for answer: LiveStanding in [
            .refused, .allowed(.sample(.technician, home)), .allowed(.sample(.tenantAdmin, elsewhere)),
        ] {
            #expect(await chunks(answer) == ExportStanding.chunks - 1)
        }
        #expect(await chunks(.unknown) == ExportStanding.chunks * ExportStanding.patience - 1)
        // The whole way: the file of somebody who may.
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        _ = try await world.must(200, "GET", "/api/v1/customers/export", as: admin)
    }
}
