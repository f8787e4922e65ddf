import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite(.proves("TEN-03", "TEN-05")) struct IdentityIsolationTests {
    private static let tables = [
        "users", "user_recovery_codes", "login_sessions", "refresh_tokens", "api_keys", "one_time_links",
    ]

    /// Both tenants with a row in every table.
    private func filled() async throws -> IdentityWorld {
        let world = try await IdentityWorld()
        for people in [world.one, world.two] {
            _ = try await world.login(people.viewer, token: digest(1))
            try await world.within(people.tenant) { transaction in
                try await UserRepository(transaction).replaceRecoveryCodes(of: people.viewer, with: [digest(1)])
                try await APIKeyRepository(transaction).insert(
                    APIKey(
                        tenantID: people.tenant,
                        id: world.ids.next(),
                        userID: people.admin.id,
                        name: "k",
                        prefix: "abcdefgh",
                        scopes: [.usersRead],
                        createdAt: IdentityWorld.now
                    ),
                    hash: digest(1),
                    world.change()
                )
                try await OneTimeLinkRepository(transaction).issue(
                    OneTimeLink(
                        tenantID: people.tenant,
                        id: world.ids.next(),
                        userID: people.viewer.id,
                        purpose: .verifyEmail,
                        createdAt: IdentityWorld.now,
                        email: people.viewer.email
                    ),
                    hash: digest(1),
                    sealedToken: [1],
                    world.change()
                )
            }
        }
        return world
    }

    @Test func `each tenant sees, changes and removes its own rows alone`() async throws {
        let world = try await filled()
        for (mine, other) in [(world.one, world.two), (world.two, world.one)] {
            try await world.within(mine.tenant) { transaction in
                for table in Self.tables {
                    let rows = try await transaction.query(
                        "SELECT count(*) FILTER (WHERE tenant_id = $1), count(*) FROM \(table)",
                        [.id(mine.tenant)]
                    ).first
                    #expect(rows?[0].int64 ?? 0 > 0 && rows?[0].int64 == rows?[1].int64, "\(table)")
                    let foreign = try await transaction.query(
                        "DELETE FROM \(table) WHERE tenant_id = $1",
                        [.id(other.tenant)]
                    )
                    #expect(foreign.affectedRows == 0, "\(table)")
                }
                let users = UserRepository(transaction)
                #expect(try await users.find(other.admin.id) == nil)
                #expect(try await users.find(email: other.admin.email, in: other.tenant) == nil)
                #expect(try await users.list(limit: 100).allSatisfy { $0.tenantID == mine.tenant })
                #expect(
                    try await LoginSessionRepository(transaction).live(of: other.viewer, at: IdentityWorld.now).isEmpty
                )
                #expect(try await APIKeyRepository(transaction).find(prefix: "abcdefgh", in: other.tenant) == nil)
                for refused in [
                    { _ = try await users.update(other.admin, expecting: 1, world.change()) },
                    { try await users.remove(other.admin, expecting: 1, world.change()) },
                    {
                        try await users.setPassword(
                            of: other.admin,
                            hash: String(repeating: "x", count: 60),
                            world.change()
                        )
                    },
                    { _ = try await users.credentials(of: other.admin) },
                    { try await users.unlock(other.admin, world.change()) },
                ] as [() async throws -> Void] {
                    await #expect(throws: PersistenceError.notFound) { try await refused() }
                }
            }
        }
        await world.close()
    }

    @Test func `without a setting nothing is seen, and from below nothing above`() async throws {
        let world = try await filled()
        for settings in [[], [("nexora.tenants", "")], [("nexora.tenants", "{}")]] {
            try await world.directory.asRole("nexora_gateway", settings: settings) { transaction in
                for table in Self.tables {
                    let count = try await transaction.query("SELECT count(*) FROM \(table)").first?[0].int64
                    #expect(count == 0, "\(table)")
                }
            }
        }
        try await world.within(world.directory.reseller) { transaction in
            for table in Self.tables {
                let count = try await transaction.query("SELECT count(*) FROM \(table)").first?[0].int64
                #expect(count == 0, "\(table)")
            }
        }
        await world.close()
    }

    @Test func `nothing is stored for another tenant, nor moved to one, nor told in its name`() async throws {
        let world = try await filled()
        let (mine, other) = (world.one, world.two)
        var user = mine.viewer
        user.id = world.ids.next()
        user.email = "new@example.net"
        user.tenantID = other.tenant
        await #expect(throws: PersistenceError.notFound) {
            try await world.within(mine.tenant) { [user] in try await UserRepository($0).insert(user, world.change()) }
        }
        for table in Self.tables {
            await #expect(throws: (any Error).self, "\(table)") {
                try await world.within(mine.tenant) {
                    _ = try await $0.query("UPDATE \(table) SET tenant_id = $1", [.id(other.tenant)])
                }
            }
        }
        // Not even inside one scope does anything refer from one tenant to another's.
        for statement in [
            "INSERT INTO login_sessions (tenant_id, user_id, created_at, last_used_at, expires_at) VALUES ('\(mine.tenant)', '\(other.viewer.id)', now(), now(), now())",
            "INSERT INTO user_recovery_codes (tenant_id, user_id, hash) VALUES ('\(mine.tenant)', '\(other.viewer.id)', decode(repeat('00', 32), 'hex'))",
            "INSERT INTO users (tenant_id, email, name, role, customer_id) VALUES ('\(mine.tenant)', 'x@y', 'x', 'customer', '\(world.directory.two.customer.id)')",
        ] {
            await #expect(throws: PersistenceError.self, "\(statement)") {
                try await world.within(world.directory.operatorID) { _ = try await $0.query(statement) }
            }
        }
        await world.close()
    }

    @Test func `the pipelines see whom to write to and no proof of anybody, and the gateway keeps to its columns`()
        async throws
    {
        let world = try await filled()
        let refusals: [(role: String, statement: String)] = [
            ("nexora_pipeline", "SELECT password_hash FROM users"),
            ("nexora_pipeline", "SELECT totp_secret FROM users"),
            ("nexora_pipeline", "SELECT * FROM users"), ("nexora_pipeline", "UPDATE users SET role = 'super_admin'"),
            ("nexora_pipeline", "SELECT hash FROM one_time_links"), ("nexora_pipeline", "SELECT 1 FROM refresh_tokens"),
            ("nexora_pipeline", "SELECT 1 FROM login_sessions"), ("nexora_pipeline", "SELECT 1 FROM api_keys"),
            ("nexora_pipeline", "SELECT 1 FROM user_recovery_codes"), ("nexora_pipeline", "SELECT 1 FROM signing_keys"),
            ("nexora_pipeline", "UPDATE one_time_links SET used_at = now()"),
            ("nexora_gateway", "UPDATE users SET tenant_id = tenant_id"),
            ("nexora_gateway", "UPDATE users SET id = id"),
            ("nexora_gateway", "UPDATE refresh_tokens SET hash = hash"),
            ("nexora_gateway", "UPDATE api_keys SET hash = hash"),
            ("nexora_gateway", "UPDATE one_time_links SET hash = hash"),
            ("nexora_gateway", "UPDATE api_keys SET user_id = user_id"),
            ("nexora_gateway", "UPDATE signing_keys SET public_jwk = ''"),
            ("nexora_gateway", "UPDATE login_sessions SET user_id = user_id"),
        ]
        for (role, statement) in refusals {
            do {
                try await world.directory.asRole(role) { _ = try await $0.query(statement) }
                Issue.record("not refused: \(statement)")
            } catch let error as PostgresError {
                #expect(error.sqlState == "42501", "\(statement): \(error)")
            }
        }
        let seen = try await world.directory.asRole("nexora_pipeline") {
            try await $0.query("SELECT count(DISTINCT tenant_id) FROM users WHERE email LIKE 'viewer@%'").first?[0]
                .int64
        }
        #expect(seen == 2)
        await world.close()
    }

    @Test(.proves("TEN-02", "TEN-16"))
    func `a host's label leads to its tenant, and a tenant is open when all above it are`() async throws {
        let world = try await IdentityWorld()
        func facts(_ label: String) async throws -> (TenantID?, Bool) {
            try await world.within(world.directory.reseller) { transaction in
                let id = try await transaction.tenant(ofSubdomain: label)
                return (id, try await transaction.isOpen(world.directory.reseller))
            }
        }
        #expect(try await facts("TWO") == (world.two.tenant, true))
        #expect(try await facts("nobody").0 == nil)
        try await world.within(world.directory.operatorID) { transaction in
            _ = try await transaction.query("UPDATE tenants SET is_active = false WHERE subdomain = 'one'")
        }
        #expect(try await facts("one") == (world.one.tenant, false))
        await world.close()
    }

    @Test(.proves("IAM-27")) func `the database itself keeps interception out of grants and keys`() async throws {
        let world = try await filled()
        for statement in [
            "UPDATE users SET granted = '{users.read,intercept.read}'",
            "UPDATE api_keys SET scopes = '{intercept.manage}'",
            "UPDATE users SET role = 'root'", "UPDATE users SET role = 'customer' WHERE role = 'viewer'",
        ] {
            await #expect(throws: PersistenceError.self, "\(statement)") {
                try await world.within(world.one.tenant) { _ = try await $0.query(statement) }
            }
        }
        await world.close()
    }
}
