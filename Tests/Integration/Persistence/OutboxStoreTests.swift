import Domain
import Events
import Persistence
import Postgres
import SharedTesting
import Testing

/// The relay's view of the outbox against a real server.
@Suite(.serialized, .proves("MSG-11")) struct OutboxStoreTests {
    @Test func `what is read does not grow with what was published, whatever the statistics say`() async throws {
        let world = try await DirectoryWorld()
        let superuser = try await world.superuser()
        let session = PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_pipeline"))
        // An outbox that is nearly always empty when somebody looks.
        _ = try await superuser.query("DELETE FROM outbox")
        _ = try await superuser.query("VACUUM ANALYZE outbox")
        let store = OutboxStore(session)
        let leadership = try #require(try await store.lead())
        // A deletion that is undone is published once more: it need not wait for the disk.
        #expect(try await session.query("SHOW synchronous_commit").first?[0].text == "off")
        // Each look at the whole table counts, also at one that is empty.
        func read() async throws -> Int64 {
            try await rowsRead("seq_tup_read + seq_scan", of: "outbox", by: session, superuser)
        }
        let before = try await read()
        var published = 0
        for _ in 0..<5 {
            _ = try await superuser.query(
                """
                INSERT INTO outbox (id, tenant_id, type, subject, data, created_at)
                SELECT uuid_v7(), '\(world.one.tenant)', 'nexora.events.v1.Nothing', 'nothing.happened', '{}', now()
                FROM generate_series(1, 250)
                """
            )
            while case let rows = try #require(try await store.oldest(100, under: leadership)), !rows.isEmpty {
                #expect(rows.map(\.id.value) == rows.map(\.id.value).sorted())
                try await store.delete(rows.map(\.id))
                published += rows.count
            }
            #expect(try await store.pending() == 0)
        }
        #expect(published == 1_250)
        #expect(try await read() == before, "the table was read from end to end")
        await session.close()
        await superuser.close()
        await world.close()
    }
}
