import Crypto
import Domain
import Identity
import SharedTesting
import Testing

@Suite(.proves("IAM-05", "IAM-11")) struct OpaqueTokenTests {
    private let tenant = TenantID(UUID128(high: 1, low: 2))
    private let row = UUID128(high: 3, low: 4)

    @Test func `a token comes back from its text, and only from that`() throws {
        var random = SeededRandom()
        for kind in OpaqueToken.Kind.allCases {
            let token = OpaqueToken(kind, tenant: tenant, row: row)
            let read = try #require(OpaqueToken(token.text, kind))
            #expect(
                read.tenantID == tenant && read.row == row && read.digest == token.digest && token.digest.count == 32
            )
            #expect(!"\(token)".contains(token.text.suffix(20)))
            for other in OpaqueToken.Kind.allCases where other != kind {
                #expect(OpaqueToken(token.text, other) == nil)
            }
            for _ in 0..<200 {
                var octets = Array(token.text.utf8)
                octets[Int.random(in: 0..<octets.count, using: &random)] = UInt8.random(in: 33...126, using: &random)
                let text = String(decoding: octets, as: UTF8.self)
                if text == token.text { continue }
                if let changed = OpaqueToken(text, kind) {
                    #expect(
                        changed.digest != token.digest || changed.row != row || changed.tenantID != tenant,
                        "seed \(random.seed)"
                    )
                }
            }
            for bad in [
                "", "nxr_", token.text + "A", String(token.text.dropLast()), token.text + "=", " " + token.text,
            ] {
                #expect(OpaqueToken(bad, kind) == nil)
            }
        }
        #expect(
            OpaqueToken(.refresh, tenant: tenant, row: row).text != OpaqueToken(.refresh, tenant: tenant, row: row).text
        )
    }

    @Test func `a key comes back from its text, shows its prefix and hides the rest`() throws {
        for _ in 0..<200 {
            let key = APIKeyToken(tenant: tenant)
            let read = try #require(APIKeyToken(key.text))
            #expect(read.prefix == key.prefix && read.tenantID == tenant && read.matches(key.digest))
            #expect(key.text.hasPrefix("nxk_" + key.prefix + "_") && "\(key)" == "nxk_\(key.prefix)_…")
            #expect(!APIKeyToken(tenant: tenant).matches(key.digest))
            // The prefix is part of what is digested: a key under another's name is no key.
            let renamed = try #require(
                APIKeyToken(key.text.replacing(key.prefix, with: "abcdefgh", maxReplacements: 1))
            )
            #expect(!renamed.matches(key.digest) || key.prefix == "abcdefgh")
        }
        for bad in [
            "", "nxk_", "nxk_ABCDEFGH_" + String(repeating: "A", count: 64),
            "nxk_abcdefg1_" + String(repeating: "A", count: 64),
        ] {
            #expect(APIKeyToken(bad) == nil)
        }
    }
}

@Suite(.proves("IAM-03", "IAM-04")) struct AccessTokenTests {
    private static let key = Result { try RSAPrivateKey.generate() }
    private let now = Timestamp(microseconds: 1_790_000_000_999_999)
    private let authority = TokenAuthority(issuer: "nexora", audience: "api")

    @Test func `what a token says is what the actor is, for fifteen minutes`() throws {
        let key = try Self.key.get()
        let signer = AccessTokenSigner(authority, keyID: "one", key: key)
        let reader = AccessTokenReader(authority, keys: [JSONWebKey(keyID: "one", key: key.publicKey)])
        for role in Role.allCases {
            let actor = Actor(
                userID: UserID(UUID128(high: 1, low: 1)),
                tenantID: TenantID(UUID128(high: 1, low: 2)),
                role: role,
                customerID: role == .customer ? CustomerID(UUID128(high: 1, low: 3)) : nil
            )
            let issued = try signer.issue(
                actor,
                session: LoginSessionID(UUID128(high: 1, low: 4)),
                id: UUID128(high: 1, low: 5),
                at: now
            )
            #expect(issued.text.utf8.count < JWT.maximumLength / 2, "\(role): \(issued.text.utf8.count)")
            let read = try reader.read(issued.text, at: now)
            #expect(read == issued.token && read.actor == actor)
            #expect(read.expiresAt - read.issuedAt == .seconds(900))
            #expect(throws: JWTError.expired) { try reader.read(issued.text, at: now + .seconds(931)) }
        }
    }

    @Test func `a token whose words are none of ours is refused, unknown permissions allow nothing`() throws {
        let key = try Self.key.get()
        let reader = AccessTokenReader(authority, keys: [JSONWebKey(keyID: "one", key: key.publicKey)])
        let id = UUID128(high: 1, low: 5).description
        let good = JWTClaims(
            issuer: "nexora",
            audience: "api",
            subject: id,
            tokenID: id,
            issuedAt: now.wholeSeconds,
            expiresAt: now.wholeSeconds + 900,
            tenantID: id,
            sessionID: id,
            role: "viewer",
            permissions: ["users.read", "everything.always", "*"]
        )
        #expect(try reader.read(JWT.sign(good, keyID: "one", key: key), at: now).actor.permissions == [.usersRead])
        for change in [
            { $0.role = "root" }, { $0.tenantID = "1" }, { $0.subject = "x" }, { $0.sessionID = "' OR 1=1" },
            { $0.tokenID = "x" }, { $0.customerID = "x" },
        ] as [(inout JWTClaims) -> Void] {
            var bad = good
            change(&bad)
            #expect(throws: JWTError.malformed) { try reader.read(JWT.sign(bad, keyID: "one", key: key), at: now) }
        }
    }
}

@Suite(.proves("IAM-12")) struct SigningKeyRingTests {
    private let start = Timestamp(secondsSince1970: 1_790_000_000)
    private let authority = TokenAuthority(issuer: "nexora", audience: "api")
    private let actor = Actor(userID: UserID(.zero), tenantID: TenantID(.zero), role: .viewer)

    @Test func `tokens hold across a change of keys, and no longer than they live`() throws {
        let takeover = start + .seconds(7200)
        var old = try SigningKeyRing.Key.make(notBefore: start)
        let new = try SigningKeyRing.Key.make(notBefore: takeover)
        var term = old.term
        term.retiredAt = takeover
        old = SigningKeyRing.Key(term: term, publicKey: old.publicKey, privateKey: old.privateKey)
        let ring = SigningKeyRing(authority, keys: [new, old])
        func token(at time: Timestamp) throws -> String {
            try #require(ring.signer(at: time)).issue(
                actor,
                session: LoginSessionID(.zero),
                id: .zero,
                at: time
            ).text
        }
        let last = try token(at: takeover - .seconds(1))
        let first = try token(at: takeover)
        for time in [takeover, takeover + .seconds(890)] {
            let reader = ring.reader(at: time)
            #expect(try reader.read(last, at: time).actor == actor)
            #expect(try reader.read(first, at: time).actor == actor)
        }
        #expect(last.split(separator: ".")[0] != first.split(separator: ".")[0], "another key signed")
        let before = String(decoding: ring.jwks(at: start), as: UTF8.self)
        #expect(before.contains(new.term.keyID) && before.contains(old.term.keyID) && ring.gone(at: start).isEmpty)
        let after = takeover + .seconds(900 + 300)
        #expect(!String(decoding: ring.jwks(at: after), as: UTF8.self).contains(old.term.keyID))
        #expect(ring.gone(at: after) == [old.term.keyID])
        #expect(throws: JWTError.unknownKey) { try ring.reader(at: after).read(last, at: takeover) }
        #expect(try JSONWebKey(json: Array(new.publicJWK.utf8)).keyID == new.term.keyID)
    }

    @Test func `a key that cannot be opened signs nothing and is still believed`() throws {
        let key = try SigningKeyRing.Key.make(notBefore: start)
        let text = try #require(SigningKeyRing(authority, keys: [key]).signer(at: start)).issue(
            actor,
            session: LoginSessionID(.zero),
            id: .zero,
            at: start
        ).text
        let closed = SigningKeyRing.Key(term: key.term, publicKey: key.publicKey, privateKey: nil)
        let ring = SigningKeyRing(authority, keys: [closed])
        #expect(ring.signer(at: start).map { _ in true } == nil)
        #expect(try ring.reader(at: start).read(text, at: start).actor == actor)
        #expect(SigningKeyRing(authority, keys: []).signer(at: start).map { _ in true } == nil)
        #expect(SigningKeyRing(authority, keys: []).nextTerm(at: start, every: .seconds(86_400)) == start)
    }
}

@Suite(.proves("IAM-29")) struct LoginGuardTests {
    private let time = TimeSource.fixed(Timestamp(secondsSince1970: 1_790_000_000))

    @Test func `an address is held to five a minute, its neighbour is not, one household counts as one`() throws {
        let keeper = LoginGuard(time: time)
        let household = try (0..<5).map { try #require(IPAddress("2001:db8::\($0)")) }
        for address in household { #expect(keeper.admit(address) == .admitted) }
        for address in household { #expect(keeper.admit(address) != .admitted) }
        #expect(keeper.admit(try #require(IPAddress("2001:db8:0:1::1"))) == .admitted)
        #expect(try #require(IPAddress("::ffff:192.0.2.1")).source == "192.0.2.1")
        #expect(keeper.count == 2)
    }

    @Test func `it remembers no more than it may, and those it saw last`() {
        let keeper = LoginGuard(capacity: 50, time: time)
        for number in UInt32(0)..<500 {
            #expect(keeper.admit(IPAddress(ipv4: number)) == .admitted)
            keeper.failed(IPAddress(ipv4: number), tenant: TenantID(.zero), email: "a@b")
        }
        #expect(keeper.count == 50)
    }
}
