/// Somebody who signs in (table users; IAM-16).
package struct User: Hashable, Sendable {
    package var tenantID: TenantID
    package var id: UserID
    /// Unique within the tenant, whatever the case of its letters.
    package var email: String
    package var name: String
    package var role: Role
    package var grants: PermissionGrants
    /// Whom a person of role `customer` is; nil for everyone else.
    package var customerID: CustomerID?
    package var isActive: Bool
    /// The next thing he does is choosing another password.
    package var mustChangePassword: Bool
    package var emailVerifiedAt: Timestamp?
    /// Whether a second factor is asked for.
    package var hasTOTP: Bool
    package var hasPassword: Bool
    package var lock: AccountLock
    package var lastLoginAt: Timestamp?
    package var deletedAt: Timestamp?
    /// Nil until stored.
    package var stamp: RowStamp?

    package init(
        tenantID: TenantID,
        id: UserID,
        email: String,
        name: String,
        role: Role,
        grants: PermissionGrants = PermissionGrants(),
        customerID: CustomerID? = nil,
        isActive: Bool = true,
        mustChangePassword: Bool = false,
        emailVerifiedAt: Timestamp? = nil,
        hasTOTP: Bool = false,
        hasPassword: Bool = false,
        lock: AccountLock = AccountLock(),
        lastLoginAt: Timestamp? = nil,
        deletedAt: Timestamp? = nil,
        stamp: RowStamp? = nil
    ) {
        self.tenantID = tenantID
        self.id = id
        self.email = email
        self.name = name
        self.role = role
        self.grants = grants
        self.customerID = customerID
        self.isActive = isActive
        self.mustChangePassword = mustChangePassword
        self.emailVerifiedAt = emailVerifiedAt
        self.hasTOTP = hasTOTP
        self.hasPassword = hasPassword
        self.lock = lock
        self.lastLoginAt = lastLoginAt
        self.deletedAt = deletedAt
        self.stamp = stamp
    }

    /// What he may do.
    package var permissions: Set<Permission> { grants.effective(for: role) }

    /// The same person as the rules about records see him.
    package var actor: Actor {
        Actor(userID: id, tenantID: tenantID, role: role, customerID: customerID, permissions: permissions)
    }

    /// Why he cannot sign in whatever he knows, nil when he can. Told to nobody who has not shown the password.
    package func standing(at now: Timestamp) -> LoginRefusal? {
        if deletedAt != nil { return .unknown }
        if !isActive { return .disabled }
        if lock.isLocked(at: now) { return .locked }
        return nil
    }
}

extension User: Validated {
    package func check(_ checks: inout FieldChecks) {
        checks.text("email", email, maximum: 254)
        if !Customer.looksLikeEmail(email) { checks.refuse("email", .malformed(expected: "an e-mail address")) }
        checks.text("name", name, maximum: 200)
        if role == .customer, customerID == nil { checks.refuse("customer_id", .missing) }
        if role != .customer, customerID != nil {
            checks.refuse("customer_id", .conflicts(reason: "belongs to the role customer alone"))
        }
        if grants.granted.contains(where: \.belongsToInterception) {
            checks.refuse("granted", .conflicts(reason: "may not hold interception, which only its role brings"))
        }
        if !grants.granted.isDisjoint(with: grants.denied) {
            checks.refuse("denied", .conflicts(reason: "names what is granted as well"))
        }
    }
}

/// Why a login was refused; a stable word for events and the audit. The person is only told that it failed, unless he has
/// shown the password.
package enum LoginRefusal: String, Error, Hashable, Sendable, CaseIterable {
    /// No such account in the tenant.
    case unknown
    case wrongPassword = "wrong_password"
    case wrongCode = "wrong_code"
    /// A second factor's step that was used before.
    case codeReplayed = "code_replayed"
    case disabled
    case locked
    case tenantInactive = "tenant_inactive"
    /// Too many attempts from the address.
    case throttled
    /// Nothing was checked: the password threads have no room.
    case busy
}
