import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite struct OperatorTests {
    @Test(.proves("TEN-01")) func `before somebody is planted there is no operator, and afterwards he is known`()
        async throws
    {
        let url = try await RealPostgres.shared().createMigratedDatabase()
        let owner = Database(url: url, applicationName: "tests")
        let pool = PostgresPool(PostgresConfiguration(url: url, maximumConnections: 1))
        let database = TenantPool(pool)
        #expect(try await database.operatorIfPlanted() == nil)
        await #expect(throws: PersistenceError.notBootstrapped) { try await database.operatorTenant() }
        let ids = IDGenerator(time: .fixed(DirectoryWorld.now))
        let planted = Tenant(id: ids.next(), parentID: nil, kind: .operator, name: "Op", subdomain: "op")
        let id = try await owner.plantOperator(planted)
        #expect(try await database.operatorIfPlanted() == id)
        #expect(try await database.operatorTenant() == id)
        await pool.close()
        await owner.close()
    }
}
