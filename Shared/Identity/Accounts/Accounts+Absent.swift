package import Domain
import Persistence

extension Accounts {
    /// Who somebody is now who left work behind and proves himself no more: with the key that he gave it under, within that key's
    /// scopes. Nil where he, his tenant or the key may nothing any more, or he must choose another password first. Reads the database
    /// each time. That he has signed out since changes nothing.
    package func actor(_ user: UserID, in tenant: TenantID, key id: APIKeyID?) async throws -> Actor? {
        let now = time.now()
        return try await look(at: tenant) { transaction in
            guard
                let standing = try await UserRepository(transaction).standing(
                    of: user,
                    in: tenant,
                    session: nil,
                    at: now
                ), standing.isTenantOpen, standing.user.isActive, !standing.user.mustChangePassword
            else { return nil }
            guard let id else { return standing.user.actor }
            guard let key = try await APIKeyRepository(transaction).find(id), key.tenantID == tenant,
                key.userID == user, key.revokedAt == nil, key.expiresAt.map({ $0 > now }) ?? true
            else { return nil }
            return key.actor(for: standing.user)
        }
    }
}
