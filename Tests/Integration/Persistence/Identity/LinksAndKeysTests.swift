import Crypto
import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite struct LinksAndKeysTests {
    private func link(_ world: IdentityWorld, _ purpose: LinkPurpose = .resetPassword, _ user: User? = nil)
        -> OneTimeLink
    {
        let user = user ?? world.one.viewer
        return OneTimeLink(
            tenantID: user.tenantID,
            id: world.ids.next(),
            userID: user.id,
            purpose: purpose,
            createdAt: IdentityWorld.now,
            email: user.email
        )
    }

    @Test(.proves("IAM-10")) func `a link works once, for its purpose, in its time, however many follow it at once`()
        async throws
    {
        let world = try await IdentityWorld()
        let tenant = world.one.tenant
        let made = link(world)
        try await world.within(tenant) {
            try await OneTimeLinkRepository($0).issue(made, hash: digest(1), sealedToken: [9], world.change())
        }
        func follow(_ hash: Int, _ purposes: Set<LinkPurpose>, _ offset: Duration, in tenant: TenantID)
            -> @Sendable (ScopedTransaction) async throws -> Bool
        {
            { transaction in
                try await OneTimeLinkRepository(transaction).consume(
                    made.id,
                    in: tenant,
                    hash: digest(hash),
                    for: purposes,
                    at: IdentityWorld.now + offset
                ) != nil
            }
        }
        #expect(try await !world.within(tenant, follow(2, [.resetPassword], .zero, in: tenant)))
        #expect(try await !world.within(tenant, follow(1, [.verifyEmail, .bootstrap], .zero, in: tenant)))
        #expect(try await !world.within(tenant, follow(1, [.resetPassword], .seconds(3600), in: tenant)))
        #expect(try await !world.within(world.two.tenant, follow(1, [.resetPassword], .zero, in: tenant)))
        #expect(try await !world.within(tenant, follow(1, [.resetPassword], .zero, in: world.two.tenant)))
        let followed = try await world.race(
            6,
            in: tenant,
            follow(1, [.resetPassword, .bootstrap], .seconds(3599), in: tenant)
        )
        #expect(followed.filter { $0 }.count == 1)
        #expect(
            try await world.within(tenant) { try await OneTimeLinkRepository($0).sealedToken(of: made.id, in: tenant) }
                == nil
        )
        await world.close()
    }

    @Test(.proves("IAM-10")) func `a newer link voids the older of its purpose alone, and one is open after a race`()
        async throws
    {
        let world = try await IdentityWorld()
        let tenant = world.one.tenant
        let (reset, verify) = (link(world), link(world, .verifyEmail))
        try await world.within(tenant) { transaction in
            let links = OneTimeLinkRepository(transaction)
            try await links.issue(reset, hash: digest(1), sealedToken: [1], world.change())
            try await links.issue(verify, hash: digest(2), sealedToken: [2], world.change())
        }
        _ = try await world.race(5, in: tenant) { transaction in
            try await OneTimeLinkRepository(transaction).issue(
                link(world),
                hash: digest(3),
                sealedToken: [3],
                world.change()
            )
        }
        let facts = try await world.within(tenant) { transaction in
            let links = OneTimeLinkRepository(transaction)
            let open = try await transaction.query(
                "SELECT count(*) FROM one_time_links WHERE used_at IS NULL AND replaced_at IS NULL AND purpose = 'reset_password'"
            ).first?[0].int64
            let old = try await links.consume(
                reset.id,
                in: tenant,
                hash: digest(1),
                for: [.resetPassword],
                at: IdentityWorld.now
            )
            let other = try await links.consume(
                verify.id,
                in: tenant,
                hash: digest(2),
                for: [.verifyEmail],
                at: IdentityWorld.now
            )
            return (open, old == nil, other?.email, try await links.sealedToken(of: reset.id, in: tenant) == nil)
        }
        #expect(facts.0 == 1 && facts.1 && facts.2 == world.one.viewer.email && facts.3)
        await world.close()
    }

    @Test(.proves("SEC-01", "IAM-10"))
    func `no event and no dump holds a link's token, and its sealed form opens in its row alone`()
        async throws
    {
        let world = try await IdentityWorld()
        let tenant = world.one.tenant
        let secrets = IdentitySecrets(world.directory.keyring)
        let made = [link(world), link(world, .verifyEmail)]
        let token = "nxl_a-token-that-nobody-else-may-see"
        for link in made {
            let sealed = try secrets.seal(token: token, of: link.id, tenant: tenant)
            try await world.within(tenant) {
                try await OneTimeLinkRepository($0).issue(link, hash: digest(1), sealedToken: sealed, world.change())
            }
        }
        let events =
            try await world.events("identity.password_reset_requested")
            + world.events("identity.email_verification_requested")
        #expect(events.count == 2 && events.allSatisfy { !$0.contains("nxl_") && !$0.contains("@") })
        #expect(zip(events, made).allSatisfy { $0.contains("\($1.id)") })
        // Who delivers opens it, and erases it; he can put nothing in its place.
        try await world.directory.asRole("nexora_pipeline") { transaction in
            let row = try await transaction.query(
                "SELECT sealed_token FROM one_time_links WHERE id = $1",
                [.id(made[0].id)]
            ).first
            let sealed = row?["sealed_token"].bytes ?? []
            #expect(try secrets.open(token: sealed, of: made[0].id, tenant: tenant) == token)
            #expect(throws: KeyringError.self) { try secrets.open(token: sealed, of: made[1].id, tenant: tenant) }
            try await transaction.query(
                "UPDATE one_time_links SET sealed_token = NULL WHERE id = $1",
                [.id(made[0].id)]
            )
        }
        await #expect(throws: PostgresError.self) {
            try await world.directory.asRole("nexora_pipeline") {
                try await $0.query("UPDATE one_time_links SET sealed_token = '\\x01'")
            }
        }
        let server = try await RealPostgres.shared()
        let name = world.directory.url.split(separator: "?")[0].split(separator: "/").last.map(String.init) ?? ""
        let dump = try await server.dump(server.url(user: "postgres", database: name), schemaOnly: false)
        #expect(dump.contains("COPY public.one_time_links") && !dump.contains("nxl_"))
        await world.close()
    }

    @Test(.proves("IAM-11")) func `keys are stored by digest, found by prefix, used, and revoked once`() async throws {
        let world = try await IdentityWorld()
        let (tenant, admin) = (world.one.tenant, world.one.admin)
        let key = APIKey(
            tenantID: tenant,
            id: world.ids.next(),
            userID: admin.id,
            name: "billing",
            prefix: "abcdefgh",
            scopes: [.customersRead, .usageRead],
            addresses: [try #require(IPPrefix("192.0.2.0/24")), try #require(IPPrefix("2001:db8::/32"))],
            expiresAt: IdentityWorld.now + .seconds(60),
            createdAt: IdentityWorld.now
        )
        try await world.within(tenant) { transaction in
            let keys = APIKeyRepository(transaction)
            try await keys.insert(key, hash: digest(1), world.change(by: admin.id))
            let found = try #require(try await keys.find(prefix: "abcdefgh", in: tenant))
            #expect(found.key == key && found.hash == digest(1))
            #expect(try await keys.find(prefix: "abcdefgh", in: world.two.tenant) == nil)
            try await keys.touch(key, at: IdentityWorld.now)
            try await keys.touch(key, at: IdentityWorld.now + .seconds(30))
            #expect(try await keys.find(key.id)?.lastUsedAt == IdentityWorld.now)
            #expect(try await keys.list(limit: 5, user: admin.id).count == 1)
            #expect(try await keys.revoke(key, world.change(.seconds(1))))
            #expect(try await !keys.revoke(key, world.change(.seconds(2))))
            #expect(try await keys.find(key.id)?.revokedAt == IdentityWorld.now + .seconds(1))
        }
        #expect(try await world.events("identity.api_key_created").count == 1)
        #expect(try await world.events("identity.api_key_revoked").count == 1)
        await world.close()
    }

    @Test(.proves("IAM-12"))
    func `of several gateways that find a key due one makes it, and it opens in its row alone`() async throws {
        let world = try await IdentityWorld()
        let secrets = IdentitySecrets(world.directory.keyring)
        let op = world.directory.operatorID
        let made = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<5 {
                group.addTask {
                    try await world.apart(op) { transaction in
                        let keys = SigningKeyRepository(transaction)
                        try await keys.lockForRotation()
                        let terms = try await keys.all().map(\.term)
                        guard
                            let next = SigningKeyTerm.nextTerm(
                                among: terms,
                                at: IdentityWorld.now,
                                every: .seconds(86_400)
                            )
                        else { return false }
                        let keyID = "key-number-\(number)"
                        try await keys.insert(
                            StoredSigningKey(
                                term: SigningKeyTerm(keyID: keyID, notBefore: next),
                                sealedPrivateKey: try secrets.seal(signingKey: "PEM", keyID: keyID),
                                publicJWK: "{}"
                            )
                        )
                        return true
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(made.filter { $0 }.count == 1)
        try await world.within(world.one.tenant) { transaction in
            let keys = SigningKeyRepository(transaction)
            let first = try #require(try await keys.all().first)
            #expect(try secrets.open(signingKey: first.sealedPrivateKey, keyID: first.term.keyID) == "PEM")
            #expect(throws: KeyringError.self) {
                try secrets.open(signingKey: first.sealedPrivateKey, keyID: "another")
            }
            let next = SigningKeyTerm(keyID: "the-next-one", notBefore: IdentityWorld.now + .seconds(7200))
            try await keys.insert(StoredSigningKey(term: next, sealedPrivateKey: [1], publicJWK: "{}"))
            let terms = try await keys.all().map(\.term)
            #expect(terms.map(\.retiredAt) == [next.notBefore, nil])
            let third = SigningKeyTerm(keyID: "one-after-that", notBefore: IdentityWorld.now + .seconds(9999))
            try await keys.insert(
                StoredSigningKey(term: third, sealedPrivateKey: [1], publicJWK: "{}"),
                forgetting: [first.term.keyID]
            )
            #expect(try await keys.all().map(\.term.keyID) == [next.keyID, third.keyID])
        }
        await world.close()
    }
}
