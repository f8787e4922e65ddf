package import Domain
import Postgres

extension UserRepository {
    /// What became of the wish for a first administrator.
    package enum Administrator: Sendable, Equatable {
        /// He is new, or had not chosen a password yet: the link is his, and any before it is void.
        case invited(UserID)
        /// Somebody rules here already, who makes further accounts.
        case present
    }

    /// Makes the first administrator, with no password and a link that lets him choose one (the only way in). Does nothing
    /// where there is an administrator, unless it is he who has not followed his link yet. Of two at once one makes him.
    package func plantAdministrator(
        email: String,
        name: String,
        in operatorID: TenantID,
        link id: OneTimeLinkID,
        hash: [UInt8],
        _ change: IdentityChange
    ) async throws -> Administrator {
        _ = try await transaction.query("SELECT pg_advisory_xact_lock(\(Self.bootstrapLock))")
        let rulers = try await list(limit: 2, tenant: operatorID, role: .superAdmin)
        var user = User(
            tenantID: operatorID,
            id: change.ids.next(),
            email: email,
            name: name,
            role: .superAdmin,
            mustChangePassword: true
        )
        if let ruler = rulers.first {
            guard rulers.count == 1, !ruler.hasPassword, ruler.email.lowercased() == email.lowercased() else {
                return .present
            }
            user = ruler
        } else {
            try await insert(user, change)
        }
        let link = OneTimeLink(
            tenantID: operatorID,
            id: id,
            userID: user.id,
            purpose: .bootstrap,
            createdAt: change.now,
            email: user.email
        )
        try await OneTimeLinkRepository(transaction).issue(link, hash: hash, sealedToken: nil, change)
        return .invited(user.id)
    }

    /// Any number that no other lock of the database has.
    private static let bootstrapLock = 0x4E58_4254
}
