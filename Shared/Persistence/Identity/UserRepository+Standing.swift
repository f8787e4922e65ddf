package import Domain
import Postgres

/// Whether somebody who proved who he is may act at all.
package struct UserStanding: Sendable {
    /// As he is now.
    package let user: User
    /// Whether people of his tenant, and of those above it, may sign in.
    package let isTenantOpen: Bool
    /// Whether the session that he proved himself by is not over; true where there is none to be over.
    package let isSessionLive: Bool

    package init(user: User, isTenantOpen: Bool, isSessionLive: Bool) {
        self.user = user
        self.isTenantOpen = isTenantOpen
        self.isSessionLive = isSessionLive
    }
}

extension UserRepository {
    /// How an account of that very tenant stands, in one statement; nil when there is none.
    package func standing(
        of id: UserID,
        in tenant: TenantID,
        session: LoginSessionID?,
        at now: Timestamp
    ) async throws -> UserStanding? {
        let row = try await transaction.query(
            """
            SELECT \(Self.columns), tenant_is_open($1) AS is_open,
                $3::uuid IS NULL OR EXISTS (
                    SELECT FROM login_sessions s WHERE s.tenant_id = $1 AND s.id = $3 AND s.user_id = $2
                        AND s.ended_at IS NULL AND s.expires_at > $4) AS is_live
            FROM users WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL
            """,
            [.id(tenant), .id(id), .id(session), .time(now)]
        ).first
        guard let row else { return nil }
        return UserStanding(
            user: try Self.user(row),
            isTenantOpen: try row.need("is_open", \.bool),
            isSessionLive: try row.need("is_live", \.bool)
        )
    }
}
