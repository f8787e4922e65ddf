import Crypto
import Domain
import Identity
import Persistence
import Postgres
import SharedTesting
import Testing
import WireFormat

@Suite(.proves("IAM-07", "IAM-11", "IAM-12")) struct AuthenticationTests {
    @Test func `no token that was changed in any way is believed`() async throws {
        let world = try await AccountsWorld()
        let ann = try await world.person(.viewer, "ann")
        let token = try await world.signIn(ann).accessToken
        let parts = token.split(separator: ".").map(String.init)
        func header(_ json: String) -> String { Base64URL.encode(Array(json.utf8)) }
        let keyID = try #require(Base64URL.decode(Array(parts[0].utf8)).map { String(decoding: $0, as: UTF8.self) })
        #expect(keyID.contains("RS256"))
        var forged = [
            "", ".", "..", parts[0] + "." + parts[1] + ".", parts[0] + "." + parts[1],
            header(#"{"alg":"none","typ":"JWT"}"#) + "." + parts[1] + ".",
            header(keyID.replacing("RS256", with: "none")) + "." + parts[1] + "." + parts[2],
            header(keyID.replacing("RS256", with: "HS256")) + "." + parts[1] + "." + parts[2],
            header(#"{"alg":"RS256","typ":"JWT","kid":"../../dev/null"}"#) + "." + parts[1] + "." + parts[2],
            header(#"{"alg":"RS256","typ":"JWT","kid":"' OR 1=1 --"}"#) + "." + parts[1] + "." + parts[2],
            token + "A", " " + token, token + ".",
        ]
        // HMAC under the published key, the classic confusion.
        let confused = header(keyID.replacing("RS256", with: "HS256")) + "." + parts[1]
        let mac = HMAC.sha1(Array(confused.utf8), key: world.accounts.keys.jwks())
        forged.append(confused + "." + Base64URL.encode(mac))
        for text in forged {
            #expect(
                try await refusal { try await world.accounts.authenticate(accessToken: text) } == .invalidToken,
                "\(text)"
            )
        }
        var random = SeededRandom()
        for _ in 0..<150 {
            var octets = Array(token.utf8)
            let place = Int.random(in: 0..<octets.count, using: &random)
            let other = UInt8.random(in: 33...126, using: &random)
            if octets[place] == other { continue }
            octets[place] = other
            let text = String(decoding: octets, as: UTF8.self)
            let refused = try await refusal { try await world.accounts.authenticate(accessToken: text) }
            #expect(refused == .invalidToken, "seed \(random.seed)")
        }
        _ = try await world.accounts.authenticate(accessToken: token)
        try await world.close()
    }

    @Test func `a token of another issuer, audience or key, or of another time, is not believed`() async throws {
        let world = try await AccountsWorld()
        let ann = try await world.person(.viewer, "ann")
        let signed = try await world.signIn(ann)
        let key = try RSAPrivateKey.generate()
        let keyID = JSONWebKey.thumbprint(of: key.publicKey)
        for (issuer, audience) in [
            ("https://nexora.example", "nexora"), ("https://evil.example", "nexora"),
            ("https://nexora.example", "other"),
        ] {
            let authority = TokenAuthority(issuer: issuer, audience: audience)
            let strange = try AccessTokenSigner(authority, keyID: keyID, key: key).issue(
                ann.actor,
                session: signed.sessionID,
                id: world.ids.uuid(),
                at: world.clock.now
            ).text
            #expect(try await refusal { try await world.accounts.authenticate(accessToken: strange) } == .invalidToken)
        }
        world.clock.advance(.seconds(929))
        _ = try await world.accounts.authenticate(accessToken: signed.accessToken)
        world.clock.advance(.seconds(1))
        #expect(
            try await refusal { try await world.accounts.authenticate(accessToken: signed.accessToken) }
                == .invalidToken
        )
        try await world.close()
    }

    @Test(.proves("IAM-12"))
    func `keys rotate, one for all gateways, and tokens of the old one stay good for their time`() async throws {
        let world = try await AccountsWorld { $0.signingKeyPeriod = .seconds(86_400) }
        let gateways = [world.accounts, try await world.gateway(), try await world.gateway()]
        let ann = try await world.person(.viewer, "ann")
        func kid(_ token: String) throws -> String {
            let header = try #require(token.split(separator: ".").first.flatMap { Base64URL.decode(Array($0.utf8)) })
            return String(decoding: header, as: UTF8.self)
        }
        func published() -> Int {
            String(decoding: world.accounts.keys.jwks(), as: UTF8.self).split(separator: #""kid""#).count - 1
        }
        let first = try await world.signIn(ann)
        #expect(published() == 1)
        // An hour ahead the next key is published, and signs nothing.
        world.clock.advance(.seconds(86_400 - 3600))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for gateway in gateways { group.addTask { try await gateway.keys.refresh() } }
            try await group.waitForAll()
        }
        #expect(published() == 2)
        #expect(
            Set(gateways.map { String(decoding: $0.keys.jwks(), as: UTF8.self) }).count == 1,
            "of three one made it"
        )
        let second = try await world.signIn(ann)
        #expect(try kid(second.accessToken) == kid(first.accessToken))
        world.clock.advance(.seconds(3600 - 60))
        let last = try await world.signIn(ann)
        world.clock.advance(.seconds(60))
        let third = try await world.signIn(ann)
        #expect(try kid(third.accessToken) != kid(first.accessToken))
        for gateway in gateways {
            _ = try await gateway.authenticate(accessToken: last.accessToken)
            _ = try await gateway.authenticate(accessToken: third.accessToken)
        }
        world.clock.advance(.seconds(1300))
        #expect(published() == 1)
        try await world.close()
    }

    @Test func `a gateway that missed a key reads it when its first token comes, and not for every made-up one`()
        async throws
    {
        let world = try await AccountsWorld { $0.signingKeyPeriod = .seconds(86_400) }
        let late = try await world.gateway()
        let ann = try await world.person(.viewer, "ann")
        world.clock.advance(.seconds(86_400))
        try await world.accounts.keys.refresh()
        world.clock.advance(.seconds(3600))
        let signed = try await world.signIn(ann)
        _ = try await late.authenticate(accessToken: signed.accessToken)
        try await world.close()
    }

    @Test func `a key speaks for its owner within its scopes, its addresses and its time`() async throws {
        let world = try await AccountsWorld()
        let admin = try await world.person(.tenantAdmin, "admin")
        let me = try await world.principal(admin)
        let network = try #require(IPPrefix("198.51.100.0/24"))
        let wanted = NewAPIKey(
            name: "billing",
            scopes: [.customersRead, .usersRead],
            addresses: [network],
            expiresAt: world.clock.now + .seconds(3600)
        )
        let issued = try await world.accounts.createAPIKey(wanted, by: me, from: world.elsewhere())
        let (inside, outside) = (IPAddress(ipv4: 0xC633_6407), IPAddress(ipv4: 0xC633_6507))
        let principal = try await world.accounts.authenticate(apiKey: issued.text, from: inside)
        #expect(principal.permissions == [.customersRead, .usersRead] && principal.proof == .apiKey(issued.key.id))
        #expect(principal.userID == admin.id && principal.sessionID == nil)
        _ = try await world.accounts.authenticate(
            apiKey: issued.text,
            from: try #require(IPAddress("::ffff:198.51.100.9"))
        )
        #expect(
            try await refusal { try await world.accounts.authenticate(apiKey: issued.text, from: outside) }
                == .invalidToken
        )
        for bad in [String(issued.text.dropLast()), issued.text + "A", "nxk_", APIKeyToken(tenant: world.one).text] {
            #expect(
                try await refusal { try await world.accounts.authenticate(apiKey: bad, from: inside) } == .invalidToken
            )
        }
        // It changes nothing that its owner is proven by, and makes no other keys.
        for refused in [
            {
                _ = try await world.accounts.changePassword(
                    principal,
                    current: AccountsWorld.password,
                    to: "x",
                    from: world.elsewhere()
                )
            },
            { _ = try await world.accounts.createAPIKey(wanted, by: principal, from: world.elsewhere()) },
            { _ = try await world.accounts.rotateAPIKey(issued.key.id, by: principal, from: world.elsewhere()) },
            {
                _ = try await world.accounts.enrolTOTP(
                    principal,
                    password: AccountsWorld.password,
                    from: world.elsewhere()
                )
            },
            { _ = try await world.accounts.logOutEverywhere(principal, from: world.elsewhere()) },
            { try await world.accounts.logOut(principal, from: world.elsewhere()) },
            { _ = try await world.accounts.sessions(by: principal, from: world.elsewhere()) },
            { _ = try await world.accounts.rename(principal, to: "x", from: world.elsewhere()) },
        ] as [() async throws -> Void] {
            #expect(try await refusal { try await refused() } == .sessionRequired)
        }
        world.clock.advance(.seconds(3600))
        #expect(
            try await refusal { try await world.accounts.authenticate(apiKey: issued.text, from: inside) }
                == .invalidToken
        )
        try await world.close()
    }

    @Test func `a key loses what its owner loses, and ends with him`() async throws {
        let world = try await AccountsWorld()
        let boss = try await world.principal(try await world.person(.tenantAdmin, "admin"))
        let provider = try await world.person(.provider, "provider")
        let me = try await world.principal(provider)
        let wanted = NewAPIKey(name: "k", scopes: [.customersRead, .customersDelete])
        let issued = try await world.accounts.createAPIKey(wanted, by: me, from: world.elsewhere())
        func permissions() async throws -> Set<Permission> {
            try await world.accounts.authenticate(apiKey: issued.text, from: AccountsWorld.origin.address).permissions
        }
        #expect(try await permissions() == [.customersRead, .customersDelete])
        var version = try #require(try await world.stored(provider)?.stamp?.version)
        let less = UserChanges(grants: PermissionGrants(denied: [.customersDelete]))
        version = try #require(
            try await world.accounts.updateUser(
                provider.id,
                less,
                expecting: version,
                by: boss,
                from: world.elsewhere()
            ).stamp?.version
        )
        #expect(try await permissions() == [.customersRead])
        try await world.accounts.deleteUser(provider.id, expecting: version, by: boss, from: world.elsewhere())
        #expect(try await refusal { try await permissions() } == .invalidToken)
        #expect(try await world.events("identity.api_key_revoked").count == 1)
        try await world.close()
    }

    @Test func `keys are made within what both may, replaced with an overlap, listed and taken away`() async throws {
        let world = try await AccountsWorld { $0.keysPerUser = 2 }
        let admin = try await world.person(.tenantAdmin, "admin")
        let me = try await world.principal(admin)
        let viewer = try await world.person(.viewer, "viewer")
        let other = try await world.principal(try await world.person(.tenantAdmin, "admin", in: world.two))
        func create(_ scopes: Set<Permission>, owner: UserID? = nil, by: Principal) async throws -> IdentityRefusal? {
            try await refusal {
                let wanted = NewAPIKey(owner: owner, name: "k", scopes: scopes)
                return try await world.accounts.createAPIKey(wanted, by: by, from: world.elsewhere())
            }
        }
        #expect(try await create([.tenantsDelete], by: me) == .forbidden(.beyondOwnPermissions))
        #expect(try await create([.customersDelete], owner: viewer.id, by: me) == .forbidden(.beyondOwnPermissions))
        #expect(try await create([.usersRead], owner: viewer.id, by: other) == .notFound)
        #expect(try await create([], by: me) == .invalid(.single("scopes", .missing)))
        #expect(try await create([.usersRead], by: try await world.principal(viewer)) == .forbidden(.missingPermission))
        #expect(try await create([.usersRead], owner: viewer.id, by: me) == nil)
        let address = AccountsWorld.origin.address
        let wanted = NewAPIKey(name: "k", scopes: [.usersRead])
        let first = try await world.accounts.createAPIKey(wanted, by: me, from: world.elsewhere())
        world.clock.advance(.seconds(1))
        let second = try await world.accounts.rotateAPIKey(
            first.key.id,
            overlap: .seconds(600),
            by: me,
            from: world.elsewhere()
        )
        #expect(try await create([.usersRead], by: me) == .tooMany("api_keys"))
        for text in [first.text, second.text] { _ = try await world.accounts.authenticate(apiKey: text, from: address) }
        world.clock.advance(.seconds(600))
        #expect(
            try await refusal { try await world.accounts.authenticate(apiKey: first.text, from: address) }
                == .invalidToken
        )
        let third = try await world.accounts.rotateAPIKey(second.key.id, by: me, from: world.elsewhere())
        #expect(
            try await refusal { try await world.accounts.authenticate(apiKey: second.text, from: address) }
                == .invalidToken
        )
        #expect(
            try await world.accounts.apiKeys(of: admin.id, limit: 10, by: me).map(\.id)
                == [first, second, third].map(\.key.id)
        )
        #expect(try await world.accounts.apiKeys(limit: 10, by: me).count == 4)
        #expect(try await world.accounts.apiKeys(limit: 10, by: other).isEmpty)
        #expect(try await refusal { try await world.accounts.apiKey(third.key.id, by: other) } == .notFound)
        #expect(
            try await refusal {
                try await world.accounts.revokeAPIKey(third.key.id, by: other, from: world.elsewhere())
            } == .notFound
        )
        try await world.accounts.revokeAPIKey(third.key.id, by: me, from: world.elsewhere())
        #expect(
            try await refusal { try await world.accounts.revokeAPIKey(third.key.id, by: me, from: world.elsewhere()) }
                == .notFound
        )
        #expect(
            try await refusal { try await world.accounts.authenticate(apiKey: third.text, from: address) }
                == .invalidToken
        )
        let told = try await world.events("identity.api_key_created")
        #expect(told.count == 4 && told.filter { $0.contains("replacesId") }.count == 2)
        #expect(told.allSatisfy { !$0.contains("nxk_") })
        try await world.close()
    }
}
