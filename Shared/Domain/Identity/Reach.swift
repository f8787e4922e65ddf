/// Who acts, as far as rules about records need to know.
package struct Actor: Hashable, Sendable {
    package var userID: UserID
    package var tenantID: TenantID
    package var role: Role
    /// The customer that a person of role `customer` is; nil for everyone else.
    package var customerID: CustomerID?
    /// What he may do: his role's permissions with his own grants, or an API key's scopes.
    package var permissions: Set<Permission>

    package init(
        userID: UserID,
        tenantID: TenantID,
        role: Role,
        customerID: CustomerID? = nil,
        permissions: Set<Permission>? = nil
    ) {
        self.userID = userID
        self.tenantID = tenantID
        self.role = role
        self.customerID = customerID
        self.permissions = permissions ?? role.permissions
    }
}

/// Which records somebody may touch at all, before any permission is asked for (IAM-34).
package enum Reach: Hashable, Sendable {
    /// The tenant and everything below it.
    case subtree(TenantID)
    /// The tenant alone.
    case tenant(TenantID)
    /// What belongs to one customer of a tenant.
    case customer(TenantID, CustomerID)
    /// Nothing.
    case nothing

    /// The reach of an actor. A customer whose record is unknown reaches nothing.
    package init(of actor: Actor) {
        switch actor.role {
        case .customer: self = actor.customerID.map { .customer(actor.tenantID, $0) } ?? .nothing
        case .reseller: self = .tenant(actor.tenantID)
        case .superAdmin, .interceptOfficer, .tenantAdmin, .provider, .operator, .nocEngineer, .support, .technician,
            .viewer:
            self = .subtree(actor.tenantID)
        }
    }

    /// Whether a record of that owner lies within it. `tree` holds the owner's tenant with its ancestors.
    package func covers(_ owner: RecordOwner, in tree: TenantTree) -> Bool {
        switch self {
        case .subtree(let root): tree.stands(owner.tenantID, atOrBelow: root)
        case .tenant(let tenant): owner.tenantID == tenant
        case .customer(let tenant, let customer): owner.tenantID == tenant && owner.customerID == customer
        case .nothing: false
        }
    }
}

/// Whom a record belongs to.
package struct RecordOwner: Hashable, Sendable {
    package var tenantID: TenantID
    /// Nil for what belongs to the tenant itself.
    package var customerID: CustomerID?

    package init(tenantID: TenantID, customerID: CustomerID? = nil) {
        self.tenantID = tenantID
        self.customerID = customerID
    }
}

/// Who stands below whom. Nothing is found below a tenant that the tree does not know.
package struct TenantTree: Hashable, Sendable {
    private let parents: [TenantID: TenantID?]

    /// `parents` holds each tenant with its parent, the operator with none.
    package init(_ parents: [TenantID: TenantID?]) {
        self.parents = parents
    }

    /// The tree of these tenants.
    package init(_ tenants: [Tenant]) {
        parents = Dictionary(tenants.map { ($0.id, $0.parentID) }, uniquingKeysWith: { first, _ in first })
    }

    /// Whether `tenant` is `root` or below it. Ends even where parents point in a circle.
    package func stands(_ tenant: TenantID, atOrBelow root: TenantID) -> Bool {
        var current = tenant
        for _ in 0...parents.count {
            if current == root { return true }
            guard let parent = parents[current] ?? nil else { return false }
            current = parent
        }
        return false
    }
}

extension Actor {
    /// Whether he may do that to a record of that owner.
    package func may(_ permission: Permission, to owner: RecordOwner, in tree: TenantTree) -> Bool {
        permissions.contains(permission) && Reach(of: self).covers(owner, in: tree)
    }

    /// Why he may not change somebody's account; nil when he may. Nobody changes who does not stand below him, which he
    /// himself does not either: names and passwords of one's own go other ways. Nor who may what he may not: with another's
    /// mailbox or second factor in hand he could become him.
    package func refusal(toManage user: User, by permission: Permission, in tree: TenantTree) -> ManagementRefusal? {
        let owner = RecordOwner(tenantID: user.tenantID, customerID: user.customerID)
        guard Reach(of: self).covers(owner, in: tree) else { return .outOfReach }
        guard permissions.contains(permission) else { return .missingPermission }
        guard user.role.rank < role.rank else { return .notBelow }
        // An officer is shut or removed. Whoever could give him a password, or take his second factor, could become him.
        if role.isAboveInterception(user.role) {
            return [.usersUpdate, .usersDelete].contains(permission) ? nil : .beyondOwnPermissions
        }
        return user.permissions.isSubset(of: permissions) ? nil : .beyondOwnPermissions
    }

    /// Why he may not give somebody this role with these grants; nil when he may (IAM-33). Nobody gives what he has not.
    package func refusal(toAssign role: Role, _ grants: PermissionGrants) -> ManagementRefusal? {
        guard permissions.contains(.usersAssignRole) else { return .missingPermission }
        guard role.rank < self.role.rank else { return .notBelow }
        guard grants.granted.isSubset(of: permissions), !grants.granted.contains(where: \.belongsToInterception) else {
            return .beyondOwnPermissions
        }
        if self.role.isAboveInterception(role) { return nil }
        return grants.effective(for: role).isSubset(of: permissions) ? nil : .beyondOwnPermissions
    }
}

/// Why somebody may not manage an account.
package enum ManagementRefusal: String, Error, Hashable, Sendable {
    /// The account is, for him, not there.
    case outOfReach = "out_of_reach"
    case missingPermission = "missing_permission"
    /// The role does not stand below his own.
    case notBelow = "not_below"
    /// A permission that he does not hold himself.
    case beyondOwnPermissions = "beyond_own_permissions"
}
