import Domain
import SharedTesting
import Testing

@Suite(.proves("IAM-29")) struct LoginThrottleTests {
    private let limits = LoginLimits()
    private let start = Timestamp(secondsSince1970: 1_790_000_000)

    @Test func `five attempts a minute, over any minute`() {
        var random = SeededRandom()
        for _ in 0..<200 {
            var address = AddressAttempts()
            var admitted: [Timestamp] = []
            var now = start
            for _ in 0..<60 {
                now = now + .milliseconds(Int.random(in: 0...20_000, using: &random))
                if address.admit(at: now, limits) == .admitted {
                    admitted.append(now)
                    address.succeeded(at: now)
                }
            }
            for time in admitted {
                let within = admitted.filter { $0 > time - limits.window && $0 <= time }
                #expect(within.count <= limits.attempts, "seed \(random.seed)")
            }
        }
    }

    @Test func `who is refused is told when to come again, and gets in then`() {
        var address = AddressAttempts()
        for _ in 0..<5 { #expect(address.admit(at: start, limits) == .admitted) }
        #expect(address.admit(at: start + .seconds(1), limits) == .refused(until: start + .seconds(60)))
        #expect(address.admit(at: start + .seconds(60), limits) == .admitted)
    }

    @Test func `failures double the pause up to its longest, a success ends it`() {
        var address = AddressAttempts()
        let patient = LoginLimits(attempts: 1000)
        var now = start
        var pauses: [Duration] = []
        for _ in 0..<16 {
            guard case .admitted = address.admit(at: now, patient) else { break }
            address.failed(account: 1, at: now, patient)
            var wait = Duration.zero
            if case .refused(let until) = address.admit(at: now, patient) {
                wait = until - now
                now = until
            }
            pauses.append(wait)
        }
        #expect(pauses.prefix(6) == [.zero, .zero, .seconds(2), .seconds(4), .seconds(8), .seconds(16)])
        #expect(pauses.last == .seconds(900))
        #expect(address.admit(at: now, patient) == .admitted)
        address.succeeded(at: now)
        address.failed(account: 1, at: now, patient)
        #expect(address.admit(at: now, patient) == .admitted)
    }

    @Test func `an address that tries many accounts is blocked, also when it owns one of them`() {
        var address = AddressAttempts()
        let patient = LoginLimits(attempts: 1000, failuresBeforePause: 1000)
        for account in UInt64(1)...9 { address.failed(account: account, at: start, patient) }
        address.succeeded(at: start)
        #expect(address.admit(at: start, patient) == .admitted)
        address.failed(account: 10, at: start, patient)
        #expect(address.admit(at: start, patient) == .refused(until: start + .seconds(3600)))
        address.succeeded(at: start)
        #expect(address.admit(at: start + .seconds(3599), patient) == .refused(until: start + .seconds(3600)))
        #expect(address.admit(at: start + .seconds(3600), patient) == .admitted)
        #expect(!address.isForgettable(at: start + .seconds(3600), patient))
        #expect(address.isForgettable(at: start + .seconds(7200), patient))
    }

    @Test func `an account locks after ten failures in a row, and one now and then keeps it locked no longer`() {
        var lock = AccountLock()
        func fails(_ time: Timestamp) -> Bool { lock.failed(at: time, limits) }
        for _ in 0..<9 { #expect(!fails(start)) }
        #expect(!lock.isLocked(at: start))
        #expect(fails(start))
        #expect(lock.lockedUntil == start + .seconds(60))
        #expect(!fails(start + .seconds(59)) && lock.lockedUntil == start + .seconds(60))
        #expect(lock.wantsChallenge(limits))
        // Behind each lock it takes the failures between the challenge and the lock again.
        for round in 1...50 {
            let open = lock.lockedUntil ?? start
            for number in 1...6 {
                #expect(!fails(open) && !lock.isLocked(at: open), "round \(round), failure \(number)")
                #expect(lock.wantsChallenge(limits), "round \(round), failure \(number)")
            }
            #expect(fails(open) && lock.lockedUntil == open + .seconds(60), "round \(round)")
        }
        var unchallenged = limits
        unchallenged.failuresBeforeChallenge = .max
        let locked = lock.failed(at: lock.lockedUntil ?? start, unchallenged)
        #expect(!locked && lock.failures == 1)
        lock.succeeded()
        #expect(lock == AccountLock())
    }
}

@Suite(.proves("IAM-01")) struct PasswordPolicyTests {
    private let policy = PasswordPolicy()

    private func problems(_ password: String) -> [PasswordPolicy.Problem] {
        policy.problems(of: password, name: "Ann O'Leary-Smith", email: "annie.o@example.net")
    }

    @Test(arguments: ["viele kleine Fische im Teich", "xK9#mQ2$vL7!", "пароль от кота Барсика"])
    func `a long one that nobody guesses is taken`(password: String) {
        #expect(problems(password).isEmpty)
    }

    @Test func `what is short, long, common or one's own name is refused with its reason`() {
        #expect(problems("xK9#mQ2$") == [.tooShort(minimum: 12)])
        #expect(problems(String(repeating: "ab3dEf9h", count: 9) + "x") == [.tooLong(maximumOctets: 72)])
        #expect(problems("xK9#mQ2$vL7!\0") == [.unusable])
        for common in [
            "password1234", "P@ssw0rd!!!!", "administrator1", "Welcome2026!", "aaaaaaaaaaaa", "123456789012",
            "passwordpassword", "qwertyuiop123", "Mikrotik12345",
        ] { #expect(problems(common).contains(.common), "\(common)") }
        for own in ["my smith is 12 feet", "hello ANNIE hello", "0leary-was-here", "5mith and wesson"] {
            #expect(problems(own).contains(.containsName), "\(own)")
        }
        for problem in problems("password") { #expect(!problem.description.contains("password ")) }
    }

    @Test func `a password holding any part of the name is refused, however it is written`() {
        var random = SeededRandom()
        for _ in 0..<200 {
            let part = ["ann", "leary", "smith", "annie"].randomElement(using: &random) ?? "ann"
            let written = String(part.map { Bool.random(using: &random) ? Character($0.uppercased()) : $0 })
            let password = "kV7!" + written + "zQ2#pW9%"
            #expect(problems(password).contains(.containsName), "\(password), seed \(random.seed)")
        }
    }
}

@Suite struct IdentityAggregateTests {
    private let now = Timestamp(secondsSince1970: 1_790_000_000)

    @Test(.proves("IAM-11")) func `a key opens in its time, from its addresses, and for no more than its owner may`()
        throws
    {
        let office = try #require(IPPrefix("192.0.2.0/24"))
        var key = APIKey(
            tenantID: TenantID(.zero),
            id: APIKeyID(.zero),
            userID: UserID(.zero),
            name: "billing",
            prefix: "abcdefgh",
            scopes: [.customersRead, .usersDelete],
            addresses: [office],
            expiresAt: now + .seconds(10),
            createdAt: now
        )
        try key.validate()
        let inside = try #require(IPAddress("192.0.2.9"))
        #expect(key.refusal(from: inside, at: now) == nil)
        #expect(key.refusal(from: try #require(IPAddress("::ffff:192.0.2.9")), at: now) == nil)
        #expect(key.refusal(from: try #require(IPAddress("198.51.100.1")), at: now) == .foreignAddress)
        #expect(key.refusal(from: inside, at: now + .seconds(10)) == .expired)
        let owner = User(tenantID: TenantID(.zero), id: UserID(.zero), email: "a@b", name: "A", role: .viewer)
        #expect(key.actor(for: owner).permissions == [.customersRead])
        key.revokedAt = now
        #expect(key.refusal(from: inside, at: now) == .revoked)
        key.scopes = [.interceptRead]
        #expect(throws: ValidationError.self) { try key.validate() }
    }

    @Test(.proves("IAM-16")) func `a user knows what his row must hold`() {
        var user = User(tenantID: TenantID(.zero), id: UserID(.zero), email: "a@b", name: "A", role: .viewer)
        #expect(throws: Never.self) { try user.validate() }
        user.role = .customer
        #expect(throws: ValidationError.single("customer_id", .missing)) { try user.validate() }
        user.customerID = CustomerID(.zero)
        #expect(throws: Never.self) { try user.validate() }
        user.email = "nobody"
        user.grants = PermissionGrants(granted: [.interceptRead, .usersRead], denied: [.usersRead])
        #expect(throws: ValidationError.self) { try user.validate() }
        #expect(user.standing(at: now) == nil)
        user.lock.lockedUntil = now + .seconds(1)
        #expect(user.standing(at: now) == .locked && user.standing(at: now + .seconds(1)) == nil)
        user.isActive = false
        #expect(user.standing(at: now) == .disabled)
    }

    @Test(.proves("IAM-12")) func `one key signs at any time, and what it signed stays valid until it is over`() {
        var random = SeededRandom()
        for _ in 0..<100 {
            var terms: [SigningKeyTerm] = []
            var time = now
            let period = Duration.seconds(Int.random(in: 86_400...864_000, using: &random))
            for hour in 0..<(24 * 40) {
                time = now + .seconds(hour * 3600)
                if let next = SigningKeyTerm.nextTerm(among: terms, at: time, every: period) {
                    for index in terms.indices where terms[index].retiredAt == nil { terms[index].retiredAt = next }
                    terms.append(SigningKeyTerm(keyID: "k\(terms.count)", notBefore: next))
                }
                let signing = SigningKeyTerm.signing(among: terms, at: time)
                #expect(signing != nil, "seed \(random.seed), hour \(hour)")
                #expect(terms.filter { $0.maySign(at: time) }.count == 1)
                #expect(signing?.isPublished(at: time + .seconds(899), tokensLive: .seconds(900)) == true)
            }
            #expect(terms.count >= 4)
            // Each but the first stood in the set before it signed.
            for (earlier, later) in zip(terms, terms.dropFirst()) { #expect(earlier.retiredAt == later.notBefore) }
            #expect(!terms[0].isPublished(at: time, tokensLive: .seconds(900)))
        }
    }
}
