import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

/// What follows from events stands in the trail once, however often and in whatever company it comes.
@Suite(.serialized, .proves("AUD-06", "AUD-15")) struct AuditPipelineTests {
    private static func pipeline(_ world: AuditWorld) -> (PostgresSession, AuditPipeline) {
        let session = PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_pipeline"))
        return (session, AuditPipeline(session))
    }

    @Test func `two pipelines that are given the same events in any batches record each once`() async throws {
        let world = try await AuditWorld()
        var random = SeededRandom()
        let entries = (0..<300).map { number in
            world.entry(number % 3 == 0 ? world.two : number % 3 == 1 ? world.one : world.below, number)
        }
        // A hundred batches for each, so that every entry comes several times, some of them twice within one batch.
        let deals = (0..<2).map { _ in
            (0..<100).map { _ in (0..<9).map { _ in entries[Int.random(in: 0..<entries.count, using: &random)] } }
                + [Array(entries[..<150]), Array(entries[100...])]
        }
        let recorded = try await withThrowingTaskGroup(of: Int.self) { group in
            for deal in deals {
                group.addTask {
                    let (session, pipeline) = Self.pipeline(world)
                    var count = 0
                    for batch in deal { count += try await pipeline.append(batch) }
                    await session.close()
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(recorded == entries.count)
        let found = try await world.records(in: world.operatorID).map(\.entry.id)
        #expect(found.count == entries.count && Set(found) == Set(entries.map(\.id)), "\(random)")
        for tenant in [world.one, world.two, world.below] {
            #expect(try await world.verify(tenant).flaw == nil)
        }
        await world.close()
    }

    @Test func `of a tenant that is gone nothing is recorded, and the others are not held up`() async throws {
        let world = try await AuditWorld()
        let (session, pipeline) = Self.pipeline(world)
        let gone: TenantID = world.ids.next()
        #expect(try await pipeline.append([world.entry(gone), world.entry(world.one)]) == 1)
        #expect(try await world.records(in: world.operatorID).map(\.entry.tenantID) == [world.one])
        await session.close()
        await world.close()
    }
}
