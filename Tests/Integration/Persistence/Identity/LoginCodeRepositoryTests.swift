import Crypto
import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

/// Codes as they are stored: one open one, whose text nobody but who sends it can read.
@Suite(.proves("IAM-09")) struct LoginCodeRepositoryTests {
    private static let login = UUID128(high: 7, low: 7)

    private func code(_ world: IdentityWorld, _ offset: Duration = .zero, to address: String = "+491701234567")
        -> LoginCode
    {
        LoginCode(
            tenantID: world.one.tenant,
            id: world.ids.next(),
            userID: world.one.viewer.id,
            purpose: .signIn,
            way: .sms,
            address: address,
            pendingID: Self.login,
            createdAt: IdentityWorld.now + offset
        )
    }

    @Test func `a code is read as it was stored, counted, and gone once it was used`() async throws {
        let world = try await IdentityWorld()
        let (tenant, user) = (world.one.tenant, world.one.viewer)
        let made = code(world)
        try await world.within(tenant) {
            try await LoginCodeRepository($0).issue(made, digest: digest(1), sealedCode: [9], world.change())
        }
        try await world.within(tenant) { transaction in
            let codes = LoginCodeRepository(transaction)
            let found = try #require(try await codes.open(of: user, .signIn))
            #expect(found.code == made && found.digest == digest(1))
            #expect(try await codes.open(of: user, .enrol) == nil)
            #expect(try await codes.open(of: world.one.admin, .signIn) == nil)
            var shown = found.code
            #expect(shown.show(isRight: false, in: Self.login, at: IdentityWorld.now) == .wrong)
            try await codes.store(shown)
            #expect(try await codes.open(of: user, .signIn)?.code.failures == 1)
        }
        #expect(try await sealed(world, made.id) == [9], "a wrong one takes nothing away")
        try await world.within(tenant) { transaction in
            let codes = LoginCodeRepository(transaction)
            var shown = try #require(try await codes.open(of: user, .signIn)).code
            #expect(shown.show(isRight: true, in: Self.login, at: IdentityWorld.now) == .accepted)
            try await codes.store(shown)
            #expect(try await codes.open(of: user, .signIn) == nil)
        }
        #expect(try await sealed(world, made.id) == nil)
        await world.close()
    }

    /// The sealed text, as who sends it reads it.
    private func sealed(_ world: IdentityWorld, _ id: LoginCodeID) async throws -> [UInt8]? {
        try await world.directory.asRole("nexora_notifier") { transaction in
            try await transaction.query("SELECT sealed_code FROM login_codes WHERE id = $1", [.id(id)])
                .first?["sealed_code"].bytes
        }
    }

    @Test func `a newer code takes the older one's place, and each is told without its text or address`() async throws {
        let world = try await IdentityWorld()
        let tenant = world.one.tenant
        let made = (0..<3).map { code(world, .seconds($0)) }
        for (number, code) in made.enumerated() {
            try await world.within(tenant) {
                let change = world.change(.seconds(number))
                try await LoginCodeRepository($0).issue(code, digest: digest(number), sealedCode: [1], change)
            }
        }
        try await world.within(tenant) { transaction in
            let codes = LoginCodeRepository(transaction)
            #expect(try await codes.open(of: world.one.viewer, .signIn)?.code.id == made[2].id)
            let his = try await codes.made(for: world.one.viewer, since: IdentityWorld.now - .seconds(1))
            #expect(his.count == 3 && his.last == made[2].createdAt)
            let later = try await codes.made(for: world.one.viewer, since: IdentityWorld.now)
            #expect(later.count == 2)
            let there = try await codes.made(to: made[0].address, in: tenant, since: .epoch)
            #expect(there.count == 3)
            #expect(try await codes.made(to: "+491", in: tenant, since: .epoch).count == 0)
        }
        #expect(try await sealed(world, made[0].id) == nil)
        let events = try await world.events("identity.login_code_requested")
        #expect(events.count == 3 && made.allSatisfy { code in events.contains { $0.contains("\(code.id)") } })
        #expect(events.allSatisfy { !$0.contains("+49") && $0.contains("sms") })
        try await world.within(tenant) { transaction in
            let forgotten = try await LoginCodeRepository(transaction).forget(before: made[1].expiresAt)
            #expect(forgotten == 1)
        }
        await world.close()
    }

    @Test(.proves("TEN-03", "SEC-01"))
    func `who makes codes cannot read them again, and who sends them sees no digest`()
        async throws
    {
        let world = try await IdentityWorld()
        let made = code(world)
        try await world.within(world.one.tenant) {
            try await LoginCodeRepository($0).issue(made, digest: digest(1), sealedCode: [9], world.change())
        }
        for (role, statement) in [
            ("nexora_gateway", "SELECT sealed_code FROM login_codes"),
            ("nexora_gateway", "UPDATE login_codes SET digest = digest"),
            ("nexora_gateway", "UPDATE login_codes SET expires_at = expires_at"),
            ("nexora_notifier", "SELECT digest FROM login_codes"),
            ("nexora_notifier", "UPDATE login_codes SET used_at = now()"),
            ("nexora_notifier", "UPDATE login_codes SET sealed_code = '\\x01'"),
            ("nexora_notifier", "DELETE FROM login_codes"),
            ("nexora_notifier", "SELECT code_phone FROM users"),
            ("nexora_pipeline", "SELECT 1 FROM login_codes"),
        ] {
            await #expect(throws: PostgresError.self, "\(role): \(statement)") {
                try await world.directory.asRole(role) { _ = try await $0.query(statement) }
            }
        }
        // The other tenant sees none, and a user's end is his codes'.
        try await world.within(world.two.tenant) { transaction in
            let rows = try await transaction.query("SELECT count(*) FROM login_codes").first
            #expect(rows?[0].int == 0)
        }
        try await world.within(world.one.tenant) { transaction in
            let users = UserRepository(transaction)
            try await users.addCodes(of: world.one.viewer, .sms, to: made.address, world.change())
            let user = try #require(try await users.find(world.one.viewer.id))
            #expect(try await users.credentials(of: user).codePhone == made.address)
            try await users.remove(user, expecting: user.stamp?.version ?? 0, world.change())
            let left = try await transaction.query(
                "SELECT (SELECT count(*) FROM login_codes) + (SELECT count(*) FROM users WHERE code_phone IS NOT NULL)"
            ).first
            #expect(left?[0].int == 0)
        }
        await world.close()
    }

    @Test func `a code is sealed for its row, and its digest is keyed`() throws {
        let (one, two) = (IdentitySecrets(Keyring.ephemeral()), IdentitySecrets(Keyring.ephemeral()))
        let tenant = TenantID(UUID128(high: 1, low: 1))
        let (id, other) = (LoginCodeID(UUID128(high: 2, low: 2)), LoginCodeID(UUID128(high: 2, low: 3)))
        let sealed = try one.seal(code: "482913", of: id, tenant: tenant)
        #expect(try one.open(code: sealed, of: id, tenant: tenant) == "482913")
        #expect(throws: KeyringError.self) { try one.open(code: sealed, of: other, tenant: tenant) }
        let stored = one.digest(code: "482913", of: id, tenant: tenant)
        #expect(stored == one.digest(code: "482913", of: id, tenant: tenant) && stored.count == 32)
        #expect(stored != one.digest(code: "482914", of: id, tenant: tenant))
        #expect(stored != one.digest(code: "482913", of: other, tenant: tenant))
        #expect(stored != two.digest(code: "482913", of: id, tenant: tenant))
    }
}
