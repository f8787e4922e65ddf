import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite struct AloneScopeTests {
    @Test(.proves("TEN-04")) func `a scope of one tenant alone sees none of those below`() async throws {
        let world = try await DirectoryWorld()
        let pool = PostgresPool(PostgresConfiguration(url: world.url, maximumConnections: 1))
        let database = TenantPool(pool)
        let top = try await database.operatorTenant()
        let all = try await database.transaction(in: top) { try await TenantRepository($0).all() }
        let alone = try await database.transaction(alone: top) { try await TenantRepository($0).all() }
        #expect(all.count > 1)
        #expect(alone.map(\.id) == [top])
        await pool.close()
        await world.close()
    }
}
