package import Domain

/// Who a request comes from, proven, and what he may.
package struct Principal: Hashable, Sendable {
    /// What he proved himself by.
    package enum Proof: Hashable, Sendable {
        case session(AccessToken)
        case apiKey(APIKeyID)
    }

    /// With what he may now: an API key's scopes bound it, and nothing is left to who must change his password first.
    package let actor: Actor
    package let proof: Proof
    /// He may nothing but choose another password.
    package let mustChangePassword: Bool

    package init(actor: Actor, proof: Proof, mustChangePassword: Bool = false) {
        var actor = actor
        if mustChangePassword { actor.permissions = [] }
        self.actor = actor
        self.proof = proof
        self.mustChangePassword = mustChangePassword
    }

    package var userID: UserID { actor.userID }
    package var tenantID: TenantID { actor.tenantID }
    package var role: Role { actor.role }
    /// The customer that a person of role `customer` is.
    package var customerID: CustomerID? { actor.customerID }
    package var permissions: Set<Permission> { actor.permissions }
    /// Whose records he may touch at all.
    package var reach: Reach { Reach(of: actor) }

    /// The session he signed in to; nil for a key.
    package var sessionID: LoginSessionID? {
        if case .session(let token) = proof { token.sessionID } else { nil }
    }

    /// Throws `forbidden` without the permission.
    package func require(_ permission: Permission) throws(IdentityRefusal) {
        guard permissions.contains(permission) else { throw .forbidden(.missingPermission) }
    }

    /// Throws `forbidden` for any other role. Ask for permissions where there is one: a role is the coarser question.
    package func require(_ roles: Role...) throws(IdentityRefusal) {
        guard roles.contains(role), !mustChangePassword else { throw .forbidden(.missingPermission) }
    }

    /// The session he signed in to. Throws `sessionRequired` for a key: it is lent to programs, and may not change what
    /// its owner is proven by.
    func requireSession() throws(IdentityRefusal) -> LoginSessionID {
        guard let sessionID else { throw .sessionRequired }
        return sessionID
    }
}
