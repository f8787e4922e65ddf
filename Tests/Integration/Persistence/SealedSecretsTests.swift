import Crypto
import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite(.proves("SEC-01")) struct SealedSecretsTests {
    @Test func `secrets are sealed at rest and open only in their own row`() async throws {
        let world = try await DirectoryWorld()
        let secrets = DirectorySecrets(world.keyring)
        let (one, two) = (world.one, world.two)
        let (nasSecret, password, other) = try await world.within(world.operatorID) { transaction in
            (
                try await NASRepository(transaction).sealedSecret(of: one.nas),
                try await ServiceRepository(transaction).sealedPassword(of: one.service) ?? [],
                try await ServiceRepository(transaction).sealedPassword(of: two.service) ?? []
            )
        }
        #expect(
            try secrets.open(secret: nasSecret, of: one.nas.id, tenant: one.tenant) == Array(DirectoryWorld.secret.utf8)
        )
        #expect(
            try secrets.open(password: password, of: one.service.id, tenant: one.tenant)
                == Array(DirectoryWorld.password.utf8)
        )
        #expect(password != other, "the same password never seals the same twice")
        #expect(!holds(password, DirectoryWorld.password) && !holds(nasSecret, DirectoryWorld.secret))
        // Moved to another row, another tenant or another column, they do not open.
        #expect(throws: KeyringError.self) { try secrets.open(password: other, of: one.service.id, tenant: one.tenant) }
        #expect(throws: KeyringError.self) {
            try secrets.open(password: password, of: one.service.id, tenant: two.tenant)
        }
        #expect(throws: KeyringError.self) { try secrets.open(secret: password, of: one.nas.id, tenant: one.tenant) }
        #expect(throws: KeyringError.self) {
            try DirectorySecrets(.ephemeral()).open(password: password, of: one.service.id, tenant: one.tenant)
        }
        await world.close()
    }

    @Test func `no dump of the database holds a secret`() async throws {
        let world = try await DirectoryWorld()
        let server = try await RealPostgres.shared()
        let name = world.url.split(separator: "?")[0].split(separator: "/").last.map(String.init) ?? ""
        let dump = try await server.dump(server.url(user: "postgres", database: name), schemaOnly: false)
        #expect(dump.contains("COPY public.service_credentials"))
        #expect(!dump.contains(DirectoryWorld.secret) && !dump.contains(DirectoryWorld.password))
        await world.close()
    }

    @Test func `the canary accepts the keyring that planted it and refuses any other`() async throws {
        let world = try await DirectoryWorld()
        #expect(try await world.database.check(world.keyring, planting: false) == .absent)
        #expect(try await world.database.check(world.keyring, planting: true) == .accepted)
        #expect(try await world.database.check(world.keyring, planting: false) == .accepted)
        for planting in [true, false] {
            await #expect(throws: PersistenceError.wrongKeyring) {
                try await world.database.check(.ephemeral(), planting: planting)
            }
        }
        await world.close()
    }

    private func holds(_ bytes: [UInt8], _ text: String) -> Bool {
        let needle = Array(text.utf8.prefix(8))
        return bytes.indices.contains { bytes[$0...].starts(with: needle) }
    }
}
