/// A key for programs (table api_keys; IAM-11). Only its digest is stored.
package struct APIKey: Hashable, Sendable {
    package var tenantID: TenantID
    package var id: APIKeyID
    /// Whose rights bound the key's.
    package var userID: UserID
    package var name: String
    /// Eight characters that stand in the key in clear, so that people can tell keys apart.
    package var prefix: String
    /// What it may do, of what its owner may.
    package var scopes: Set<Permission>
    /// Where it may be used from; empty is anywhere.
    package var addresses: [IPPrefix]
    package var expiresAt: Timestamp?
    package var lastUsedAt: Timestamp?
    package var revokedAt: Timestamp?
    package var createdAt: Timestamp

    package init(
        tenantID: TenantID,
        id: APIKeyID,
        userID: UserID,
        name: String,
        prefix: String,
        scopes: Set<Permission>,
        addresses: [IPPrefix] = [],
        expiresAt: Timestamp? = nil,
        lastUsedAt: Timestamp? = nil,
        revokedAt: Timestamp? = nil,
        createdAt: Timestamp
    ) {
        self.tenantID = tenantID
        self.id = id
        self.userID = userID
        self.name = name
        self.prefix = prefix
        self.scopes = scopes
        self.addresses = addresses
        self.expiresAt = expiresAt
        self.lastUsedAt = lastUsedAt
        self.revokedAt = revokedAt
        self.createdAt = createdAt
    }

    /// Why the key opens nothing now, nil when it does.
    package func refusal(from source: IPAddress, at now: Timestamp) -> Refusal? {
        if revokedAt != nil { return .revoked }
        if let expiresAt, now >= expiresAt { return .expired }
        let plain = source.unmapped
        guard addresses.isEmpty || addresses.contains(where: { $0.contains(plain) }) else { return .foreignAddress }
        return nil
    }

    /// A stable word.
    package enum Refusal: String, Hashable, Sendable {
        case revoked, expired
        case foreignAddress = "foreign_address"
    }

    /// The key as an actor: never more than its owner may at the time.
    package func actor(for owner: User) -> Actor {
        var actor = owner.actor
        actor.permissions.formIntersection(scopes)
        return actor
    }
}

extension APIKey: Validated {
    package func check(_ checks: inout FieldChecks) {
        checks.text("name", name, maximum: 100)
        if prefix.utf8.count != 8 { checks.refuse("prefix", .malformed(expected: "eight characters")) }
        if scopes.isEmpty { checks.refuse("scopes", .missing) }
        if scopes.contains(where: \.belongsToInterception) {
            checks.refuse("scopes", .conflicts(reason: "may not hold interception"))
        }
        checks.number("addresses", addresses.count, in: 0...64)
        if let expiresAt, expiresAt <= createdAt { checks.refuse("expires_at", .conflicts(reason: "lies in the past")) }
    }
}
