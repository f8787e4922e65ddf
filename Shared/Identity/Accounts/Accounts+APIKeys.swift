package import Domain
package import Persistence

/// A key that somebody wants.
package struct NewAPIKey: Sendable {
    /// Nil is oneself.
    package var owner: UserID?
    package var name: String
    package var scopes: Set<Permission>
    /// Where it may be used from; empty is anywhere.
    package var addresses: [IPPrefix]
    package var expiresAt: Timestamp?

    package init(
        owner: UserID? = nil,
        name: String,
        scopes: Set<Permission>,
        addresses: [IPPrefix] = [],
        expiresAt: Timestamp? = nil
    ) {
        self.owner = owner
        self.name = name
        self.scopes = scopes
        self.addresses = addresses
        self.expiresAt = expiresAt
    }
}

/// A key with its text, which is told this once.
package struct IssuedAPIKey: Sendable {
    package let key: APIKey
    package let text: String
}

extension Accounts {
    /// Makes a key for oneself, or for somebody whom one manages (`api_keys.create`). Its scopes are among what both may.
    /// `alongside` commits with it. Throws `forbidden`, `invalid`, `tooMany`, and `sessionRequired` for a key: a lost one makes
    /// no others.
    package func createAPIKey(
        _ wanted: NewAPIKey,
        by principal: Principal,
        from origin: Origin,
        alongside: (ScopedTransaction, IssuedAPIKey) async throws -> Void = { _, _ in }
    ) async throws -> IssuedAPIKey {
        _ = try principal.requireSession()
        try principal.require(.apiKeysCreate)
        let change = change(origin, by: principal.userID)
        return try await write(in: principal.tenantID) { transaction in
            let owner = try await target(wanted.owner, principal, .apiKeysCreate, transaction)
            let issued = try await make(wanted, for: owner, replacing: nil, principal, change, transaction)
            try await alongside(transaction, issued)
            let made = AccountRecord.key(.create, issued.key, .created(issued.key.auditValue))
            try await record(made, principal.audit(from: origin), transaction)
            return issued
        }
    }

    /// Makes a key in another's place, with its scopes, addresses and end; the former works for `overlap` longer, at most a
    /// month, so that programs can be told (IAM-11). `alongside` commits with it. Throws `notFound` for one that works no more.
    package func rotateAPIKey(
        _ id: APIKeyID,
        overlap: Duration = .zero,
        by principal: Principal,
        from origin: Origin,
        alongside: (ScopedTransaction, IssuedAPIKey) async throws -> Void = { _, _ in }
    ) async throws -> IssuedAPIKey {
        _ = try principal.requireSession()
        try principal.require(.apiKeysCreate)
        let change = change(origin, by: principal.userID)
        let issued = try await write(in: principal.tenantID) { transaction in
            let repository = APIKeyRepository(transaction)
            guard let named = try await repository.find(id) else { throw IdentityRefusal.notFound }
            // The account before the key, as everyone takes them.
            let owner = try await target(named.userID, principal, .apiKeysCreate, transaction)
            guard let former = try await repository.find(id, forUpdate: true), former.revokedAt == nil,
                former.expiresAt.map({ change.now < $0 }) ?? true
            else { throw IdentityRefusal.notFound }
            let wanted = NewAPIKey(
                name: former.name,
                scopes: former.scopes,
                addresses: former.addresses,
                expiresAt: former.expiresAt
            )
            let issued = try await make(wanted, for: owner, replacing: former, principal, change, transaction)
            let end = try await end(former, within: overlap, repository, change)
            try await alongside(transaction, issued)
            var made = issued.key.auditValue
            if case .object(let members) = made {
                made = .object(members.merging(["replaces": .text(former.id.description)]) { _, new in new })
            }
            try await record(
                [.key(.create, issued.key, .created(made)), end],
                principal.audit(from: origin),
                transaction
            )
            return issued
        }
        cache.forget(issued.key.userID)
        return issued
    }

    /// The keys of somebody, or of everyone within reach (`api_keys.read`; for one's own nothing), in the order they were made;
    /// at most 200.
    package func apiKeys(
        of id: UserID? = nil,
        after: APIKeyID? = nil,
        limit: Int,
        by principal: Principal
    ) async throws -> [APIKey] {
        if id != principal.userID { try principal.require(.apiKeysRead) }
        return try await write(in: principal.tenantID) { transaction in
            var tenant: TenantID?
            switch principal.reach {
            case .subtree: break
            case .tenant(let own): tenant = own
            case .customer, .nothing:
                guard id == principal.userID else { throw IdentityRefusal.notFound }
            }
            if let id { _ = try await reached(id, by: principal, transaction) }
            return try await APIKeyRepository(transaction).list(
                after: after,
                limit: min(max(limit, 1), 200),
                user: id,
                tenant: tenant
            )
        }
    }

    /// One key, one's own or within reach (`api_keys.read`).
    package func apiKey(_ id: APIKeyID, by principal: Principal) async throws -> APIKey {
        try await write(in: principal.tenantID) { transaction in
            guard let key = try await APIKeyRepository(transaction).find(id) else { throw IdentityRefusal.notFound }
            guard key.userID != principal.userID else { return key }
            try principal.require(.apiKeysRead)
            _ = try await reached(key.userID, by: principal, transaction)
            return key
        }
    }

    /// Takes a key away: one's own, or of somebody whom one manages (`api_keys.revoke`). Throws `notFound` for one that was
    /// taken away before.
    package func revokeAPIKey(_ id: APIKeyID, by principal: Principal, from origin: Origin) async throws {
        let change = change(origin, by: principal.userID)
        let owner = try await write(in: principal.tenantID) { transaction in
            let repository = APIKeyRepository(transaction)
            guard let key = try await repository.find(id) else { throw IdentityRefusal.notFound }
            if key.userID != principal.userID {
                _ = try await managed(key.userID, by: principal, .apiKeysRevoke, transaction)
            } else if principal.sessionID == nil {
                try principal.require(.apiKeysRevoke)
            }
            guard try await repository.revoke(key, change) else { throw IdentityRefusal.notFound }
            try await record(.key(.delete, key, .deleted(key.auditValue)), principal.audit(from: origin), transaction)
            return key.userID
        }
        cache.forget(owner)
    }

    /// Ends a key in whose place there is another, at once or after `overlap`. Returns what is to be on record.
    private func end(
        _ former: APIKey,
        within overlap: Duration,
        _ repository: APIKeyRepository,
        _ change: IdentityChange
    ) async throws -> AccountRecord {
        let overlap = min(overlap, .seconds(30 * 86_400))
        guard overlap > .zero else {
            try await repository.revoke(former, change)
            return .key(.delete, former, .deleted(former.auditValue))
        }
        try await repository.shorten(former, to: change.now + overlap)
        var ending = former
        ending.expiresAt = min(former.expiresAt ?? change.now + overlap, change.now + overlap)
        return .key(.update, former, .updated(former.auditValue, ending.auditValue))
    }

    private func make(
        _ wanted: NewAPIKey,
        for owner: User,
        replacing former: APIKey?,
        _ principal: Principal,
        _ change: IdentityChange,
        _ transaction: ScopedTransaction
    ) async throws -> IssuedAPIKey {
        guard wanted.scopes.isSubset(of: principal.permissions), wanted.scopes.isSubset(of: owner.permissions) else {
            throw IdentityRefusal.forbidden(.beyondOwnPermissions)
        }
        let repository = APIKeyRepository(transaction)
        guard try await repository.live(of: owner, at: change.now) < policy.keysPerUser + (former == nil ? 0 : 1) else {
            throw IdentityRefusal.tooMany("api_keys")
        }
        let token = APIKeyToken(tenant: owner.tenantID)
        let key = APIKey(
            tenantID: owner.tenantID,
            id: ids.next(),
            userID: owner.id,
            name: wanted.name,
            prefix: token.prefix,
            scopes: wanted.scopes,
            addresses: wanted.addresses,
            expiresAt: wanted.expiresAt,
            createdAt: change.now
        )
        try await repository.insert(key, hash: token.digest, replacing: former?.id, change)
        return IssuedAPIKey(key: key, text: token.text)
    }
}
