import Domain
import Identity
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite(.proves("IAM-16", "IAM-33", "IAM-34")) struct UserUseTests {
    @Test(.proves("IAM-10")) func `an account is made without a password, and its owner chooses one by his link`()
        async throws
    {
        let world = try await AccountsWorld()
        let boss = try await world.principal(try await world.person(.tenantAdmin, "admin"))
        let wanted = NewUser(tenantID: world.one, email: "new@example.net", name: "Neu", role: .support)
        let made = try await world.accounts.createUser(wanted, by: boss, from: world.elsewhere())
        #expect(!made.hasPassword && made.role == .support)
        let link = try #require(try await world.link(.invite, of: made))
        let told = try await world.events("identity.user_invited")
        #expect(told.count == 1 && told[0].contains("\(boss.userID)") && !told[0].contains(link))
        world.clock.advance(.seconds(6 * 86_400))
        try await world.accounts.completePasswordReset(link, password: AccountsWorld.password, from: world.elsewhere())
        #expect(try await world.signIn(made).user.emailVerifiedAt == world.clock.now)
        #expect(
            try await refusal { try await world.accounts.createUser(wanted, by: boss, from: world.elsewhere()) }
                == .conflict("email")
        )
        try await world.close()
    }

    @Test(.proves("IAM-10")) func `who was invited says what he is called, and a password cannot hold that name`()
        async throws
    {
        let world = try await AccountsWorld()
        let boss = try await world.principal(try await world.person(.tenantAdmin, "admin"))
        let wanted = NewUser(tenantID: world.one, email: "new@example.net", name: "Somebody", role: .support)
        let made = try await world.accounts.createUser(wanted, by: boss, from: world.elsewhere())
        let link = try #require(try await world.link(.invite, of: made))
        func accept(_ password: String, _ name: String) async throws -> IdentityRefusal? {
            try await refusal {
                try await world.accounts.completePasswordReset(
                    link,
                    password: password,
                    name: name,
                    from: world.elsewhere()
                )
            }
        }
        #expect(try await accept("about Marguerite herself", "Marguerite") == .weakPassword([.containsName]))
        #expect(try await accept(AccountsWorld.password, "Marguerite") == nil)
        #expect(try await world.stored(made)?.name == "Marguerite")
        // A reset's link gives nobody another name.
        try await world.accounts.requestPasswordReset(
            tenant: made.tenantID,
            email: made.email,
            from: world.elsewhere()
        )
        let reset = try #require(try await world.link(.resetPassword, of: made))
        try await world.accounts.completePasswordReset(
            reset,
            password: "noch ein langes passwort",
            name: "Eve",
            from: world.elsewhere()
        )
        #expect(try await world.stored(made)?.name == "Marguerite")
        try await world.close()
    }

    @Test(.proves("IAM-17", "IAM-19", "IAM-20"))
    func `whoever gives which role to whom, it is below his own or refused`()
        async throws
    {
        let world = try await AccountsWorld()
        var principals: [(Role, Principal)] = []
        for role in Role.allCases where role != .customer {
            let home = role == .superAdmin ? world.operatorID : role == .reseller ? world.reseller : world.one
            principals.append((role, try await world.principal(try await world.person(role, role.rawValue, in: home))))
        }
        var random = SeededRandom()
        for number in 0..<120 {
            let (role, principal) = principals[Int.random(in: 0..<principals.count, using: &random)]
            let given = Role.allCases[Int.random(in: 0..<Role.allCases.count, using: &random)]
            let tenant = [world.operatorID, world.one, world.two, world.reseller][Int.random(in: 0..<4, using: &random)]
            let wanted = NewUser(tenantID: tenant, email: "x\(number)@example.net", name: "X", role: given)
            let found = try await refusal {
                try await world.accounts.createUser(wanted, by: principal, from: world.elsewhere())
            }
            let isReached =
                role == .superAdmin || tenant == principal.tenantID
                || (tenant == world.reseller && principal.tenantID == world.one)
            let kind: TenantKind =
                tenant == world.operatorID ? .operator : tenant == world.reseller ? .reseller : .provider
            let note: Comment = "\(role) gives \(given) in \(kind): \(String(describing: found)), seed \(random.seed)"
            if !principal.permissions.contains(.usersCreate) {
                #expect(found == .forbidden(.missingPermission), note)
            } else if !isReached {
                #expect(found == .notFound, note)
            } else if !role.mayAssign(given) {
                guard case .forbidden = found else {
                    Issue.record(note)
                    continue
                }
            } else if !given.fits(kind) || given == .customer {
                guard case .invalid = found else {
                    Issue.record(note)
                    continue
                }
            } else {
                #expect(found == nil, note)
            }
        }
        try await world.close()
    }

    @Test func `nobody is changed from beside, from below, by himself or out of reach`() async throws {
        let world = try await AccountsWorld()
        let admin = try await world.person(.tenantAdmin, "admin")
        let boss = try await world.principal(admin)
        let peer = try await world.person(.tenantAdmin, "peer")
        let foreign = try await world.person(.viewer, "viewer", in: world.two)
        let above = try await world.person(.superAdmin, "root", in: world.operatorID)
        let strong = try await world.person(.support, "strong", granted: [.tenantsDelete])
        let below = try await world.person(.viewer, "below", in: world.reseller)
        func each(_ user: User, by principal: Principal) async throws -> [IdentityRefusal?] {
            let version = try #require(try await world.stored(user)?.stamp?.version)
            let name = UserChanges(name: "Other")
            let from = world.elsewhere()
            return [
                try await refusal {
                    try await world.accounts.updateUser(user.id, name, expecting: version, by: principal, from: from)
                },
                try await refusal { try await world.accounts.inviteAgain(user.id, by: principal, from: from) },
                try await refusal { try await world.accounts.unlock(user.id, by: principal, from: from) },
                try await refusal { try await world.accounts.removeTOTP(user.id, by: principal, from: from) },
                try await refusal { try await world.accounts.endSessions(of: user.id, by: principal, from: from) },
                try await refusal {
                    try await world.accounts.deleteUser(user.id, expecting: version, by: principal, from: from)
                },
            ]
        }
        for user in [peer, admin] {
            #expect(try await Set(each(user, by: boss)) == [.forbidden(.notBelow)], "\(user.name)")
        }
        for user in [foreign, above] { #expect(try await Set(each(user, by: boss)) == [.notFound], "\(user.name)") }
        #expect(try await Set(each(strong, by: boss)) == [.forbidden(.beyondOwnPermissions)])
        let reseller = try await world.principal(try await world.person(.reseller, "reseller", in: world.reseller))
        #expect(try await each(admin, by: reseller).allSatisfy { $0 == .notFound })
        #expect(try await each(below, by: boss) == [nil, nil, nil, .notFound, nil, .versionChanged])
        try await world.close()
    }

    @Test func `an account is changed at the version that was read, and who may do other things signs in anew`()
        async throws
    {
        let world = try await AccountsWorld()
        let boss = try await world.principal(try await world.person(.tenantAdmin, "admin"))
        let ann = try await world.person(.viewer, "ann")
        let signed = try await world.signIn(ann)
        var version = try #require(try await world.stored(ann)?.stamp?.version)
        func update(_ changes: UserChanges) async throws -> User {
            let user = try await world.accounts.updateUser(
                ann.id,
                changes,
                expecting: version,
                by: boss,
                from: world.elsewhere()
            )
            version = user.stamp?.version ?? 0
            return user
        }
        let stale = version
        #expect(try await update(UserChanges(name: "Anna")).name == "Anna")
        _ = try await world.accounts.authenticate(accessToken: signed.accessToken)
        let late = try await refusal {
            try await world.accounts.updateUser(
                ann.id,
                UserChanges(name: "X"),
                expecting: stale,
                by: boss,
                from: world.elsewhere()
            )
        }
        #expect(late == .versionChanged)
        #expect(try await refusal { try await update(UserChanges(role: .tenantAdmin)) } == .forbidden(.notBelow))
        #expect(
            try await refusal { try await update(UserChanges(role: .reseller)) }
                == .invalid(.single("role", .conflicts(reason: "does not exist in a tenant of that kind")))
        )
        #expect(
            try await refusal { try await update(UserChanges(grants: PermissionGrants(granted: [.tenantsDelete]))) }
                == .forbidden(.beyondOwnPermissions)
        )
        #expect(try await update(UserChanges(role: .support)).role == .support)
        #expect(
            try await refusal { try await world.accounts.authenticate(accessToken: signed.accessToken) }
                == .invalidToken
        )
        #expect(try await update(UserChanges(email: "anna@example.net")).emailVerifiedAt == nil)
        #expect(try await world.link(.verifyEmail, of: ann) != nil)
        let me = try await world.principal(try #require(try await world.stored(ann)))
        #expect(try await world.accounts.rename(me, to: "Ännchen", from: world.elsewhere()).name == "Ännchen")
        #expect(try await world.accounts.me(me).name == "Ännchen")
        try await world.close()
    }

    @Test(.proves("TEN-05", "TEN-07")) func `one sees the accounts within one's reach and no other`() async throws {
        let world = try await AccountsWorld()
        let people = [
            try await world.person(.superAdmin, "root", in: world.operatorID),
            try await world.person(.tenantAdmin, "admin"),
            try await world.person(.viewer, "viewer"), try await world.person(.tenantAdmin, "admin", in: world.two),
            try await world.person(.reseller, "reseller", in: world.reseller),
            try await world.person(.technician, "tech", in: world.reseller),
        ]
        func seen(_ index: Int, _ query: UserQuery = UserQuery(limit: 100)) async throws -> Set<UserID> {
            let principal = try await world.principal(people[index])
            return Set(try await world.accounts.users(query, by: principal).map(\.id))
        }
        func ids(_ indices: Int...) -> Set<UserID> { Set(indices.map { people[$0].id }) }
        #expect(try await seen(0) == ids(0, 1, 2, 3, 4, 5))
        #expect(try await seen(1) == ids(1, 2, 4, 5))
        #expect(try await seen(2) == ids(1, 2, 4, 5))
        #expect(try await seen(3) == ids(3))
        #expect(try await seen(4) == ids(4, 5))
        #expect(try await refusal { try await seen(5) } == .forbidden(.missingPermission))
        #expect(try await seen(1, UserQuery(tenant: world.two, limit: 10)).isEmpty)
        #expect(try await seen(4, UserQuery(tenant: world.one, limit: 10)).isEmpty)
        #expect(try await seen(1, UserQuery(tenant: world.reseller, limit: 10)) == ids(4, 5))
        #expect(try await seen(1, UserQuery(role: .viewer, search: "VIEW\0", limit: 10)) == ids(2))
        #expect(try await seen(1, UserQuery(search: "root", limit: 10)).isEmpty)
        let first = try await seen(1, UserQuery(limit: 1))
        #expect(try await seen(1, UserQuery(after: first.first, limit: 10)) == ids(1, 2, 4, 5).subtracting(first))
        let viewer = try await world.principal(people[2])
        #expect(try await world.accounts.user(people[5].id, by: viewer).id == people[5].id)
        for hidden in [0, 3] {
            #expect(try await refusal { try await world.accounts.user(people[hidden].id, by: viewer) } == .notFound)
        }
        try await world.close()
    }

    @Test func `who is removed is gone at once, and his address free`() async throws {
        let world = try await AccountsWorld()
        let other = try await world.gateway()
        let boss = try await world.principal(try await world.person(.tenantAdmin, "admin"))
        let ann = try await world.person(.viewer, "ann")
        let signed = try await world.signIn(ann)
        let version = try #require(try await world.stored(ann)?.stamp?.version)
        try await world.accounts.deleteUser(ann.id, expecting: version, by: boss, from: world.elsewhere())
        for gateway in [world.accounts, other] {
            #expect(
                try await refusal { try await gateway.authenticate(accessToken: signed.accessToken) } == .invalidToken
            )
            #expect(
                try await refusal { try await gateway.refresh(signed.refreshToken, from: world.elsewhere()) }
                    == .invalidToken
            )
        }
        #expect(try await refusal { try await world.signIn(ann) } == .badCredentials)
        #expect(try await refusal { try await world.accounts.user(ann.id, by: boss) } == .notFound)
        let again = NewUser(tenantID: world.one, email: ann.email, name: "Another", role: .viewer)
        #expect(try await world.accounts.createUser(again, by: boss, from: world.elsewhere()).id != ann.id)
        try await world.close()
    }

    @Test func `the first administrator gets in by the secret that bootstrap told, and by no other way`() async throws {
        let world = try await AccountsWorld()
        func plant() async throws -> String? {
            let link = OneTimeLinkID(world.ids.uuid())
            let token = OpaqueToken(.link, tenant: world.operatorID, row: link.value)
            let change = IdentityChange(now: world.clock.now, ids: world.ids)
            let planted = try await world.database.transaction(in: world.operatorID) { transaction in
                try await UserRepository(transaction).plantAdministrator(
                    email: "root@example.net",
                    name: "Root",
                    in: world.operatorID,
                    link: link,
                    hash: token.digest,
                    change
                )
            }
            return planted == .present ? nil : token.text
        }
        let (lost, secret) = (try #require(try await plant()), try #require(try await plant()))
        let attempt = SignIn(tenant: world.operatorID, email: "root@example.net", password: AccountsWorld.password)
        for password in ["", "admin", AccountsWorld.password] {
            var guess = attempt
            guess.password = password
            let refused = try await refusal { try await world.accounts.signIn(guess, from: world.elsewhere()) }
            #expect(refused == .badCredentials)
        }
        func follow(_ link: String) async throws -> IdentityRefusal? {
            try await refusal {
                try await world.accounts.completePasswordReset(
                    link,
                    password: AccountsWorld.password,
                    from: world.elsewhere()
                )
            }
        }
        #expect(try await follow(lost) == .invalidToken)
        #expect(try await follow(secret) == nil)
        #expect(try await follow(secret) == .invalidToken)
        let signed = try await world.accounts.signIn(attempt, from: world.elsewhere())
        let root = try await world.accounts.authenticate(accessToken: signed.accessToken)
        #expect(root.role == .superAdmin && !root.mustChangePassword && root.reach == .subtree(world.operatorID))
        try root.require(.superAdmin, .tenantAdmin)
        #expect(throws: IdentityRefusal.forbidden(.missingPermission)) { try root.require(Role.viewer) }
        #expect(throws: IdentityRefusal.forbidden(.missingPermission)) { try root.require(Permission.interceptRead) }
        #expect(try await plant() == nil)
        try await world.close()
    }

    @Test func `a lock is lifted from above`() async throws {
        let world = try await AccountsWorld { $0.limits.failuresBeforeLock = 1 }
        let boss = try await world.principal(try await world.person(.tenantAdmin, "admin"))
        let ann = try await world.person(.viewer, "ann")
        let guess = world.attempt(ann, "wrong")
        guard case .locked = try await refusal({ try await world.accounts.signIn(guess, from: world.elsewhere()) })
        else {
            Issue.record("not locked")
            return
        }
        try await world.accounts.unlock(ann.id, by: boss, from: world.elsewhere())
        _ = try await world.signIn(ann)
        try await world.close()
    }
}
