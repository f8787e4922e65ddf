import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite(.proves("IAM-16", "IAM-33")) struct UserRepositoryTests {
    @Test func `an account is stored and read back whole, and its address is its own in its tenant alone`() async throws
    {
        let world = try await IdentityWorld()
        var user = User(
            tenantID: world.one.tenant,
            id: world.ids.next(),
            email: "Ann.Smith@Example.NET",
            name: "Ann",
            role: .nocEngineer,
            grants: PermissionGrants(granted: [.auditRead, .usersRead], denied: [.nasDelete]),
            isActive: false,
            mustChangePassword: true
        )
        try await world.within(world.one.tenant) { try await UserRepository($0).insert(user, world.change()) }
        let stored = try #require(
            try await world.within(world.one.tenant) {
                try await UserRepository($0).find(email: "ANN.smith@example.net", in: world.one.tenant)
            }
        )
        user.stamp = stored.stamp
        #expect(stored == user && stored.permissions.contains(.auditRead) && !stored.permissions.contains(.nasDelete))
        user.id = world.ids.next()
        user.email = "ann.smith@example.net"
        await #expect(throws: PersistenceError.alreadyExists(constraint: "users_email")) {
            try await world.within(world.one.tenant) { [user] in
                try await UserRepository($0).insert(user, world.change())
            }
        }
        user.tenantID = world.two.tenant
        try await world.within(world.two.tenant) { [user] in try await UserRepository($0).insert(user, world.change()) }
        let found = try await world.within(world.directory.operatorID) { transaction in
            let users = UserRepository(transaction)
            return (
                try await users.list(limit: 10, search: "SMITH").count,
                try await users.list(limit: 10, role: .customer).count,
                try await users.list(limit: 10, tenant: world.one.tenant, isActive: false).map(\.id)
            )
        }
        #expect(found == (2, 2, [stored.id]))
        #expect(try await world.events("identity.user_created").count == 8)
        await world.close()
    }

    @Test func `of two who change one version the second is told, and nothing of his is stored`() async throws {
        let world = try await IdentityWorld()
        let tenant = world.one.tenant
        let read = try #require(
            try await world.within(tenant) { try await UserRepository($0).find(world.one.viewer.id) }
        )
        let version = try #require(read.stamp?.version)
        let outcomes = try await withThrowingTaskGroup(of: String?.self) { group in
            for name in ["Bea", "Cleo", "Dora", "Eve"] {
                group.addTask {
                    var mine = read
                    mine.name = name
                    do {
                        return try await world.apart(tenant) { [mine] in
                            try await UserRepository($0).update(mine, expecting: version, world.change()).name
                        }
                    } catch PersistenceError.versionChanged {
                        return nil
                    }
                }
            }
            return try await group.reduce(into: [String?]()) { $0.append($1) }
        }
        let winner = outcomes.compactMap { $0 }
        #expect(winner.count == 1 && outcomes.count == 4)
        #expect(
            try await world.within(tenant) { try await UserRepository($0).find(read.id)?.name } == winner.first
        )
        #expect(try await world.events("identity.user_changed").count == 1)
        await world.close()
    }

    @Test(.proves("IAM-06")) func `who may do other things is signed out, who has another name is not`() async throws {
        let world = try await IdentityWorld()
        let tenant = world.one.tenant
        _ = try await world.login(world.one.viewer, token: digest(1))
        func update(_ change: (inout User) -> Void) async throws -> Int {
            var user = try #require(
                try await world.within(tenant) { try await UserRepository($0).find(world.one.viewer.id) }
            )
            change(&user)
            return try await world.within(tenant) { [user] transaction in
                let version = user.stamp?.version ?? 0
                let updated = try await UserRepository(transaction).update(
                    user,
                    expecting: version,
                    world.change(by: world.one.admin.id)
                )
                return try await LoginSessionRepository(transaction).live(of: updated, at: IdentityWorld.now).count
            }
        }
        #expect(try await update { $0.name = "Vera" } == 1)
        #expect(try await update { $0.role = .support } == 0)
        let ended = try await world.events("identity.logged_out")
        #expect(ended.count == 1 && ended[0].contains("account_changed") && ended[0].contains("\(world.one.admin.id)"))
        #expect(try await world.events("identity.user_changed").contains { $0.contains(#""changed":["role"]"#) })
        await world.close()
    }

    @Test func `who is removed leaves a free address, no proof of himself and no way in`() async throws {
        let world = try await IdentityWorld()
        let (tenant, user) = (world.one.tenant, world.one.viewer)
        let session = try await world.login(user, token: digest(1))
        try await world.within(tenant) { transaction in
            let users = UserRepository(transaction)
            try await users.beginTOTP(of: user, sealed: [1, 2, 3])
            try await users.confirmTOTP(of: user, step: 5, codes: [digest(1)], world.change())
            let stored = try await users.find(user.id)
            await #expect(throws: PersistenceError.versionChanged) {
                try await users.remove(user, expecting: 1, world.change())
            }
            try await users.remove(user, expecting: stored?.stamp?.version ?? 0, world.change())
            #expect(try await users.find(user.id) == nil)
            #expect(try await users.find(email: user.email, in: tenant) == nil)
            #expect(try await !users.useTOTPStep(9, of: user))
            #expect(try await !users.useRecoveryCode(digest(1), of: user, at: IdentityWorld.now))
            #expect(
                try await LoginSessionRepository(transaction).find(session.id, in: tenant)?.end?.reason
                    == .accountChanged
            )
            var again = user
            again.id = world.ids.next()
            try await users.insert(again, world.change())
        }
        let kept = try await world.within(tenant) {
            try await $0.query(
                "SELECT count(*) FROM users WHERE deleted_at IS NOT NULL AND password_hash IS NULL AND totp_secret IS NULL"
            ).first?[0].int64
        }
        #expect(kept == 1)
        #expect(try await world.events("identity.user_deleted").count == 1)
        await world.close()
    }

    @Test(.proves("IAM-29", "IAM-32")) func `failures at one moment are all counted, lock the account and are told`()
        async throws
    {
        let world = try await IdentityWorld()
        let (tenant, user) = (world.one.tenant, world.one.viewer)
        let limits = LoginLimits(failuresBeforeLock: 6)
        _ = try await world.race(6, in: tenant) { transaction in
            try await UserRepository(transaction).recordFailure(
                of: user,
                in: user.tenantID,
                .wrongPassword,
                limits,
                world.change()
            )
        }
        let locked = try #require(try await world.within(tenant) { try await UserRepository($0).find(user.id) })
        #expect(locked.lock.failures == 6 && locked.lock.lockedUntil == IdentityWorld.now + .seconds(60))
        #expect(locked.standing(at: IdentityWorld.now) == .locked)
        #expect(try await world.events("identity.login_failed").count == 6)
        let told = try await world.events("identity.locked")
        #expect(told.count == 1 && told[0].contains(#""failures":6"#) && told[0].contains("192.0.2.7"))
        try await world.within(tenant) { try await UserRepository($0).unlock(user, world.change()) }
        #expect(try await world.within(tenant) { try await UserRepository($0).find(user.id) }?.lock == AccountLock())
        await world.close()
    }

    @Test func `a password's digest is set, made anew only over the same one, and ends the other sessions`()
        async throws
    {
        let world = try await IdentityWorld()
        let (tenant, user) = (world.one.tenant, world.one.viewer)
        let kept = try await world.login(user, token: digest(1))
        let other = try await world.login(user, token: digest(2))
        let first = "$2b$04$" + String(repeating: "a", count: 53)
        let second = "$2b$12$" + String(repeating: "b", count: 53)
        try await world.within(tenant) { transaction in
            let users = UserRepository(transaction)
            try await users.setPassword(of: user, hash: first, keeping: kept.id, world.change())
            try await users.rehash(user, from: second, to: "never" + second)
            #expect(try await users.credentials(of: user).passwordHash == first)
            try await users.rehash(user, from: first, to: second)
            #expect(try await users.credentials(of: user).passwordHash == second)
            let sessions = LoginSessionRepository(transaction)
            #expect(try await sessions.live(of: user, at: IdentityWorld.now).map(\.id) == [kept.id])
            #expect(try await sessions.find(other.id, in: tenant)?.end?.reason == .passwordChanged)
        }
        await world.close()
    }

    @Test(.proves("IAM-10")) func `an address is verified by a link for that address`() async throws {
        let world = try await IdentityWorld()
        let (tenant, user) = (world.one.tenant, world.one.viewer)
        try await world.within(tenant) { transaction in
            let users = UserRepository(transaction)
            try await users.verify(email: "former@example.net", of: user, world.change())
            #expect(try await users.find(user.id)?.emailVerifiedAt == nil)
            try await users.verify(email: user.email.uppercased(), of: user, world.change())
            var stored = try #require(try await users.find(user.id))
            #expect(stored.emailVerifiedAt == IdentityWorld.now)
            stored.email = "new@example.net"
            let moved = try await users.update(stored, expecting: stored.stamp?.version ?? 0, world.change())
            #expect(moved.emailVerifiedAt == nil)
        }
        await world.close()
    }

    @Test(.proves("IAM-08")) func `a code's step and a recovery code each let one in, however many come at once`()
        async throws
    {
        let world = try await IdentityWorld()
        let (tenant, user) = (world.one.tenant, world.one.viewer)
        let secrets = IdentitySecrets(world.directory.keyring)
        let key = Array("12345678901234567890".utf8)
        let sealed = try secrets.seal(totpKey: key, of: user.id, tenant: tenant)
        try await world.within(tenant) { transaction in
            let users = UserRepository(transaction)
            try await users.beginTOTP(of: user, sealed: sealed)
            let begun = try await users.credentials(of: user)
            #expect(begun.totpKey == nil && begun.unconfirmedTOTPKey == sealed)
            #expect(try await users.find(user.id)?.hasTOTP == false)
            #expect(try await !users.useTOTPStep(1, of: user), "what is not confirmed proves nothing")
            try await users.confirmTOTP(of: user, step: 100, codes: [digest(1), digest(2)], world.change())
            await #expect(throws: PersistenceError.alreadyExists(constraint: "users_totp")) {
                try await users.beginTOTP(of: user, sealed: [1])
            }
            #expect(try await users.find(user.id)?.hasTOTP == true)
            let opened = try await users.credentials(of: user)
            #expect(try secrets.open(totpKey: opened.totpKey ?? [], of: user.id, tenant: tenant) == key)
            #expect(opened.totpLastStep == 100)
        }
        #expect(throws: (any Error).self) { try secrets.open(totpKey: sealed, of: world.one.admin.id, tenant: tenant) }
        for (step, count) in [(Int64(100), 0), (99, 0), (101, 1), (101, 0), (103, 1), (102, 0)] {
            let used = try await world.race(5, in: tenant) { try await UserRepository($0).useTOTPStep(step, of: user) }
            #expect(used.filter { $0 }.count == count, "step \(step)")
        }
        for (number, count) in [(1, 1), (1, 0), (3, 0), (2, 1)] {
            let used = try await world.race(5, in: tenant) {
                try await UserRepository($0).useRecoveryCode(digest(number), of: user, at: IdentityWorld.now)
            }
            #expect(used.filter { $0 }.count == count, "code \(number)")
        }
        try await world.within(tenant) { transaction in
            let users = UserRepository(transaction)
            #expect(try await users.recoveryCodesLeft(of: user) == 0)
            try await users.replaceRecoveryCodes(of: user, with: [digest(7)])
            #expect(try await users.recoveryCodesLeft(of: user) == 1)
            try await users.removeTOTP(of: user, world.change())
            #expect(try await users.recoveryCodesLeft(of: user) == 0)
            #expect(try await users.find(user.id)?.hasTOTP == false)
        }
        await world.close()
    }

    @Test
    func `the first administrator is made once, by whoever comes first, and asked again while he has no password`()
        async throws
    {
        let world = try await IdentityWorld()
        let op = world.directory.operatorID
        func plant(_ email: String, _ number: Int)
            -> @Sendable (ScopedTransaction) async throws -> UserRepository.Administrator
        {
            { transaction in
                try await UserRepository(transaction).plantAdministrator(
                    email: email,
                    name: "Root",
                    in: op,
                    link: OneTimeLinkID(UUID128(high: 9, low: UInt64(number))),
                    hash: digest(number),
                    world.change()
                )
            }
        }
        let outcomes = try await withThrowingTaskGroup(of: UserRepository.Administrator.self) { group in
            for number in 1...4 {
                group.addTask { try await world.apart(op, plant("root\(number)@example.net", number)) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.filter { $0 != .present }.count == 1)
        let made = try await world.within(op) { try await UserRepository($0).list(limit: 9, role: .superAdmin) }
        let root = try #require(made.first)
        #expect(made.count == 1 && root.mustChangePassword && !root.hasPassword && root.tenantID == op)
        #expect(try await world.within(op, plant(root.email.uppercased(), 10)) == .invited(root.id))
        #expect(try await world.within(op, plant("other@example.net", 11)) == .present)
        let first = Int(String(root.email.dropFirst(4).prefix(1))) ?? 0
        let used = try await world.within(op) { transaction in
            let links = OneTimeLinkRepository(transaction)
            var used: [Bool] = []
            for number in [first, 10, 10] {
                let link = try await links.consume(
                    OneTimeLinkID(UUID128(high: 9, low: UInt64(number))),
                    in: op,
                    hash: digest(number),
                    for: [.bootstrap],
                    at: IdentityWorld.now
                )
                used.append(link?.userID == root.id)
            }
            try await UserRepository(transaction).setPassword(
                of: root,
                hash: "$2b$04$" + String(repeating: "a", count: 53),
                world.change()
            )
            return used
        }
        #expect(used == [false, true, false])
        #expect(try await world.within(op, plant(root.email, 12)) == .present)
        await world.close()
    }
}
