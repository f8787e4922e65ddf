package import Domain
package import Persistence

/// Which accounts somebody wants to see.
package struct UserQuery: Sendable {
    /// Nil is every tenant within reach.
    package var tenant: TenantID?
    package var role: Role?
    package var isActive: Bool?
    /// Looked for in name and address.
    package var search: String?
    /// Those made after that one.
    package var after: UserID?
    /// 1 to 200.
    package var limit: Int

    package init(
        tenant: TenantID? = nil,
        role: Role? = nil,
        isActive: Bool? = nil,
        search: String? = nil,
        after: UserID? = nil,
        limit: Int
    ) {
        self.tenant = tenant
        self.role = role
        self.isActive = isActive
        self.search = search
        self.after = after
        self.limit = limit
    }
}

/// An account that somebody wants for another.
package struct NewUser: Sendable {
    package var tenantID: TenantID
    package var email: String
    package var name: String
    package var role: Role
    package var grants: PermissionGrants
    /// Whom a person of role `customer` is.
    package var customerID: CustomerID?

    package init(
        tenantID: TenantID,
        email: String,
        name: String,
        role: Role,
        grants: PermissionGrants = PermissionGrants(),
        customerID: CustomerID? = nil
    ) {
        self.tenantID = tenantID
        self.email = email
        self.name = name
        self.role = role
        self.grants = grants
        self.customerID = customerID
    }
}

/// What is to be another about an account; nil stays as it is.
package struct UserChanges: Sendable {
    package var email: String?
    package var name: String?
    package var role: Role?
    package var grants: PermissionGrants?
    /// Goes with the role `customer`; any other role has none.
    package var customerID: CustomerID?
    package var isActive: Bool?
    package var mustChangePassword: Bool?

    package init(
        email: String? = nil,
        name: String? = nil,
        role: Role? = nil,
        grants: PermissionGrants? = nil,
        customerID: CustomerID? = nil,
        isActive: Bool? = nil,
        mustChangePassword: Bool? = nil
    ) {
        self.email = email
        self.name = name
        self.role = role
        self.grants = grants
        self.customerID = customerID
        self.isActive = isActive
        self.mustChangePassword = mustChangePassword
    }

    func applied(to user: User) -> User {
        var user = user
        if let email { user.email = email }
        if let name { user.name = name }
        if let role { user.role = role }
        if let grants { user.grants = grants }
        if let customerID { user.customerID = customerID }
        if user.role != .customer, customerID == nil { user.customerID = nil }
        if let isActive { user.isActive = isActive }
        if let mustChangePassword { user.mustChangePassword = mustChangePassword }
        return user
    }
}

extension Accounts {
    /// Accounts within reach, in the order they were made (`users.read`).
    package func users(_ query: UserQuery, by principal: Principal) async throws -> [User] {
        try principal.require(.usersRead)
        return try await write(in: principal.tenantID) { transaction in
            var tenant = query.tenant
            switch principal.reach {
            case .subtree(let root):
                if let wanted = tenant {
                    guard try await transaction.path(from: wanted, to: root).stands(wanted, atOrBelow: root) else {
                        return []
                    }
                }
            case .tenant(let own):
                guard tenant == nil || tenant == own else { return [] }
                tenant = own
            case .customer, .nothing: return []
            }
            return try await UserRepository(transaction).list(
                after: query.after,
                limit: min(max(query.limit, 1), 200),
                tenant: tenant,
                role: query.role,
                isActive: query.isActive,
                search: query.search.map { String($0.unicodeScalars.filter { $0.value != 0 }.map(Character.init)) }
            )
        }
    }

    /// One account: one's own, or within reach (`users.read`).
    package func user(_ id: UserID, by principal: Principal) async throws -> User {
        if id == principal.userID { return try await me(principal) }
        try principal.require(.usersRead)
        return try await write(in: principal.tenantID) { try await reached(id, by: principal, $0).0 }
    }

    /// Makes an account of a role below one's own (`users.create`, `users.assign_role`; IAM-33). It has no password: a link
    /// that lets its owner choose one is on its way to him. `alongside` commits with it. Throws `forbidden`, `notFound` for a
    /// tenant out of reach, `conflict("email")`, `invalid`, and `sessionRequired` where a key would make an intercept officer.
    package func createUser(
        _ wanted: NewUser,
        by principal: Principal,
        from origin: Origin,
        alongside: (ScopedTransaction, User) async throws -> Void = { _, _ in }
    ) async throws -> User {
        try principal.require(.usersCreate)
        if wanted.role == .interceptOfficer { _ = try principal.requireSession() }
        let change = change(origin, by: principal.userID)
        return try await write(in: principal.tenantID) { transaction in
            let tree = try await transaction.path(from: wanted.tenantID, to: principal.tenantID)
            let owner = RecordOwner(tenantID: wanted.tenantID, customerID: wanted.customerID)
            guard principal.reach.covers(owner, in: tree) else { throw IdentityRefusal.notFound }
            try await mayAssign(wanted.role, wanted.grants, in: wanted.tenantID, principal, transaction)
            let user = User(
                tenantID: wanted.tenantID,
                id: ids.next(),
                email: wanted.email,
                name: wanted.name,
                role: wanted.role,
                grants: wanted.grants,
                customerID: wanted.customerID
            )
            let users = UserRepository(transaction)
            try await users.insert(user, change)
            try await send(.invite, to: user, change, transaction)
            guard let stored = try await users.find(user.id) else { throw IdentityRefusal.notFound }
            try await alongside(transaction, stored)
            let made = AccountRecord.user(.userCreate, stored, .created(stored.auditValue))
            try await record(made, principal.audit(from: origin), transaction)
            return stored
        }
    }

    /// Changes an account below one's own (`users.update`; another role or other grants want `users.assign_role`). Who may do
    /// other things than before, or nothing, is signed out; another address is to be verified. Throws `versionChanged`.
    package func updateUser(
        _ id: UserID,
        _ changes: UserChanges,
        expecting version: Int64,
        by principal: Principal,
        from origin: Origin
    ) async throws -> User {
        let change = change(origin, by: principal.userID)
        let (user, ended) = try await write(in: principal.tenantID) { transaction in
            let stored = try await managed(id, by: principal, .usersUpdate, transaction)
            let wanted = changes.applied(to: stored)
            try Self.sparesInterception(stored, wanted)
            if wanted.role != stored.role || wanted.grants != stored.grants {
                try await mayAssign(wanted.role, wanted.grants, in: stored.tenantID, principal, transaction)
            }
            let (users, sessions) = (UserRepository(transaction), LoginSessionRepository(transaction))
            let live = try await sessions.live(of: stored, at: change.now).map(\.id)
            let updated = try await users.update(wanted, expecting: version, change)
            if updated.email.lowercased() != stored.email.lowercased() {
                try await OneTimeLinkRepository(transaction).void(
                    of: updated,
                    Set(LinkPurpose.allCases),
                    at: change.now
                )
                if updated.isActive {
                    try await send(updated.hasPassword ? .verifyEmail : .invite, to: updated, change, transaction)
                }
            }
            let left = Set(try await sessions.live(of: updated, at: change.now).map(\.id))
            let changed = AccountRecord.user(.update, updated, .updated(stored.auditValue, updated.auditValue))
            try await record(changed, principal.audit(from: origin), transaction)
            return (updated, live.filter { !left.contains($0) })
        }
        await announce(ended: ended, of: id)
        return user
    }

    /// Gives oneself another name; whatever else one is, others decide.
    package func rename(_ principal: Principal, to name: String, from origin: Origin) async throws -> User {
        let change = change(origin, by: principal.userID)
        let user = try await write(in: principal.tenantID) { transaction in
            var user = try await himself(principal, transaction)
            let (before, version) = (user.auditValue, user.stamp?.version ?? 0)
            user.name = name
            let renamed = try await UserRepository(transaction).update(user, expecting: version, change)
            let changed = AccountRecord.user(.update, renamed, .updated(before, renamed.auditValue))
            try await record(changed, principal.audit(from: origin), transaction)
            return renamed
        }
        cache.forget(principal.userID)
        return user
    }

    /// Removes an account below one's own (`users.delete`): its address is free, and nothing of it opens anything.
    package func deleteUser(
        _ id: UserID,
        expecting version: Int64,
        by principal: Principal,
        from origin: Origin
    ) async throws {
        let change = change(origin, by: principal.userID)
        let ended = try await write(in: principal.tenantID) { transaction in
            let user = try await managed(id, by: principal, .usersDelete, transaction)
            let live = try await LoginSessionRepository(transaction).live(of: user, at: change.now).map(\.id)
            let keys = try await UserRepository(transaction).remove(user, expecting: version, change)
            let revoked = keys.map { AccountRecord.key(.delete, $0, .deleted($0.auditValue)) }
            let removed = AccountRecord.user(.userDelete, user, .deleted(user.auditValue))
            try await record([removed] + revoked, principal.audit(from: origin), transaction)
            return live
        }
        await announce(ended: ended, of: id)
    }

    /// Sends somebody a fresh link to choose a password (`users.secure`), whether or not he has one.
    package func inviteAgain(_ id: UserID, by principal: Principal, from origin: Origin) async throws {
        let change = change(origin, by: principal.userID)
        try await write(in: principal.tenantID) { transaction in
            let user = try await managed(id, by: principal, .usersSecure, transaction)
            try await send(user.hasPassword ? .resetPassword : .invite, to: user, change, transaction)
            try await record(.user(.update, user, .act("invite")), principal.audit(from: origin), transaction)
        }
    }

    /// Lifts the lock that failures brought on (`users.secure`).
    package func unlock(_ id: UserID, by principal: Principal, from origin: Origin) async throws {
        let change = change(origin, by: principal.userID)
        try await write(in: principal.tenantID) { transaction in
            let user = try await managed(id, by: principal, .usersSecure, transaction)
            try await UserRepository(transaction).unlock(user, change)
            let lifted = AuditChange.updated(
                ["failures": .integer(Int64(user.lock.failures)), "locked_until": .described(user.lock.lockedUntil)],
                ["failures": 0, "locked_until": .null]
            )
            try await record(.user(.update, user, lifted), principal.audit(from: origin), transaction)
        }
    }

    /// Throws where somebody else than an intercept officer would get hold of an officer's account, or make one of another:
    /// officers are made, shut and removed (IAM-27).
    private static func sparesInterception(_ stored: User, _ wanted: User) throws(IdentityRefusal) {
        guard stored.role == .interceptOfficer || wanted.role == .interceptOfficer else { return }
        var shut = stored
        shut.isActive = false
        guard wanted == shut || wanted == stored else { throw .forbidden(.beyondOwnPermissions) }
    }

    /// Throws unless that role with those grants may be given to somebody of that tenant.
    private func mayAssign(
        _ role: Role,
        _ grants: PermissionGrants,
        in tenant: TenantID,
        _ principal: Principal,
        _ transaction: ScopedTransaction
    ) async throws {
        if let refusal = principal.actor.refusal(toAssign: role, grants) { throw IdentityRefusal(refusal) }
        guard let kind = try await TenantRepository(transaction).find(tenant)?.kind else {
            throw IdentityRefusal.notFound
        }
        guard role.fits(kind) else {
            let reason = "does not exist in a tenant of that kind"
            throw IdentityRefusal.invalid(.single("role", .conflicts(reason: reason)))
        }
    }
}
