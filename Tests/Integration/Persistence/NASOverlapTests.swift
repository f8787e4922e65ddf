import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

/// Whose packets are whose, where addresses of several tenants lie within one another.
@Suite struct NASOverlapTests {
    private let taken = PersistenceError.alreadyExists(constraint: "nas_devices_address")

    private func create(
        _ world: DirectoryWorld,
        _ tenant: TenantID,
        _ range: String,
        _ identifier: String? = nil,
        on pool: TenantPool
    ) async throws {
        let address = try #require(IPPrefix(range))
        let secrets = DirectorySecrets(world.keyring)
        try await pool.transaction(in: tenant) { transaction in
            _ = try await NASWriter(transaction, ids: world.ids).create(
                tenant: tenant,
                name: "\(range) \(identifier ?? "")",
                address: address,
                secret: Array(DirectoryWorld.secret.utf8),
                secrets: secrets
            ) { $0.identifier = identifier }
        }
    }

    @Test(.proves("TEN-13", "RAD-02"))
    func `nobody takes an address out of another's range, nor puts a range around it`() async throws {
        let world = try await DirectoryWorld()
        let connections = PostgresPool(PostgresConfiguration(url: world.url, maximumConnections: 2))
        let pool = TenantPool(connections)
        let (victim, other) = (world.one.tenant, world.two.tenant)
        try await create(world, victim, "198.51.100.0/24", "edge", on: pool)
        for range in ["198.51.100.7/32", "198.51.100.0/25", "198.51.0.0/16", "0.0.0.0/0"] {
            for identifier in [nil, "own", "edge"] {
                await #expect(throws: taken, "\(range)") {
                    try await create(world, other, range, identifier, on: pool)
                }
            }
        }
        await #expect(throws: taken) { try await create(world, other, "198.51.100.0/24", on: pool) }
        await #expect(throws: taken) { try await create(world, other, "198.51.100.0/24", "edge", on: pool) }
        // One NAT, and each says whose he is.
        try await create(world, other, "198.51.100.0/24", "own", on: pool)
        // Another family, another range, and nesting at home.
        try await create(world, other, "2001:db8::/64", on: pool)
        try await create(world, other, "198.51.101.0/24", on: pool)
        try await create(world, other, "198.51.101.7/32", on: pool)
        await #expect(throws: taken) { try await create(world, victim, "2001:db8::7/128", on: pool) }
        await connections.close()
        await world.close()
    }

    @Test(.proves("TEN-13")) func `of twins at the same moment one is refused`() async throws {
        let world = try await DirectoryWorld()
        let connections = PostgresPool(PostgresConfiguration(url: world.url, maximumConnections: 2))
        let pool = TenantPool(connections)
        for round in 0..<10 {
            async let first: Void = create(world, world.one.tenant, "203.0.113.\(round)/32", on: pool)
            async let second: Void = create(world, world.two.tenant, "203.0.113.\(round)/32", on: pool)
            var made = 0
            do {
                try await first
                made += 1
            } catch {
                #expect(error as? PersistenceError == taken)
            }
            do {
                try await second
                made += 1
            } catch {
                #expect(error as? PersistenceError == taken)
            }
            #expect(made == 1, "round \(round)")
        }
        await connections.close()
        await world.close()
    }
}
