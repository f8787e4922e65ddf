package import Domain
import Events
import Postgres

/// The accounts of one scope. Removed ones stay stored for the audit and are shown to nobody here.
package struct UserRepository {
    let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    static let columns = """
        tenant_id, id, email, name, role, granted, denied, customer_id, is_active, must_change_password, \
        email_verified_at, totp_confirmed_at IS NOT NULL AS has_totp, password_hash IS NOT NULL AS has_password, \
        failed_logins, locked_until, last_login_at, deleted_at, row_version, created_at, updated_at
        """

    /// Up to `limit` accounts in the order they were made, after the one named; `search` looks into name and address.
    package func list(
        after: UserID? = nil,
        limit: Int,
        tenant: TenantID? = nil,
        role: Role? = nil,
        isActive: Bool? = nil,
        search: String? = nil
    ) async throws -> [User] {
        try await transaction.query(
            """
            SELECT \(Self.columns) FROM users
            WHERE deleted_at IS NULL AND ($1::uuid IS NULL OR id > $1) AND ($3::uuid IS NULL OR tenant_id = $3)
                AND ($4::text IS NULL OR role = $4) AND ($5::boolean IS NULL OR is_active = $5)
                AND ($6::text IS NULL OR strpos(lower(email), lower($6)) > 0 OR strpos(lower(name), lower($6)) > 0)
            ORDER BY id LIMIT $2
            """,
            [
                .id(after), .int8(Int64(limit)), .id(tenant), .text(role?.rawValue),
                .optional(isActive) { .bool($0) }, .text(search),
            ]
        ).map(Self.user)
    }

    /// The account of that id, locked against other writers when asked for.
    package func find(_ id: UserID, forUpdate: Bool = false) async throws -> User? {
        try await transaction.query(
            "SELECT \(Self.columns) FROM users WHERE id = $1 AND deleted_at IS NULL" + (forUpdate ? " FOR UPDATE" : ""),
            [.id(id)]
        ).first.map(Self.user)
    }

    /// The account of that address in that very tenant, whatever the case of its letters.
    package func find(email: String, in tenant: TenantID) async throws -> User? {
        try await transaction.query(
            "SELECT \(Self.columns) FROM users WHERE tenant_id = $1 AND lower(email) = lower($2) AND deleted_at IS NULL",
            [.id(tenant), .text(email)]
        ).first.map(Self.user)
    }

    /// Stores a new account without a password. Throws `alreadyExists` (users_email) where the address is taken.
    package func insert(_ user: User, _ change: IdentityChange) async throws {
        try user.validate()
        _ = try await transaction.query(
            """
            INSERT INTO users (tenant_id, id, email, name, role, granted, denied, customer_id, is_active,
                must_change_password)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            """,
            Self.values(user)
        )
        try await transaction.announce(
            UserCreated(userID: user.id, role: user.role.rawValue, actorID: change.actorID),
            tenant: user.tenantID,
            about: user.id.value,
            change
        )
    }

    /// Stores a changed account and returns it with its new version. Throws `versionChanged` when it is not the version it
    /// was read as any more, `notFound` when the scope has none of that id. Another address is unverified. Who may do other
    /// things than before, or nothing, is signed out everywhere: his tokens say what he might then.
    package func update(_ user: User, expecting version: Int64, _ change: IdentityChange) async throws -> User {
        try user.validate()
        guard let stored = try await find(user.id, forUpdate: true), stored.tenantID == user.tenantID else {
            throw PersistenceError.notFound
        }
        guard stored.stamp?.version == version else { throw PersistenceError.versionChanged }
        let changed = Self.differences(stored, user)
        guard !changed.isEmpty else { return stored }
        let row = try await transaction.query(
            """
            UPDATE users SET email = $3, name = $4, role = $5, granted = $6, denied = $7, customer_id = $8,
                is_active = $9, must_change_password = $10,
                email_verified_at = CASE WHEN lower(email) = lower($3) THEN email_verified_at END
            WHERE tenant_id = $1 AND id = $2 RETURNING \(Self.columns)
            """,
            Self.values(user)
        ).first
        guard let row else { throw PersistenceError.notFound }
        let updated = try Self.user(row)
        try await announceChange(updated, changed, change)
        if !Set(changed).isDisjoint(with: ["role", "granted", "denied", "customer_id", "is_active"]) {
            try await LoginSessionRepository(transaction).endAll(of: updated, because: .accountChanged, change)
        }
        return updated
    }

    /// Removes an account: its address is free again, its password, second factor, sessions, keys and links are gone. Returns
    /// the keys that ended with it.
    @discardableResult
    package func remove(_ user: User, expecting version: Int64, _ change: IdentityChange) async throws -> [APIKey] {
        guard let stored = try await find(user.id, forUpdate: true) else { throw PersistenceError.notFound }
        guard stored.stamp?.version == version else { throw PersistenceError.versionChanged }
        _ = try await transaction.query(
            """
            UPDATE users SET deleted_at = $3, is_active = false, password_hash = NULL, totp_secret = NULL,
                totp_confirmed_at = NULL, totp_last_step = NULL, code_email_at = NULL, code_phone = NULL,
                code_phone_at = NULL
            WHERE tenant_id = $1 AND id = $2
            """,
            [.id(stored.tenantID), .id(stored.id), .time(change.now)]
        )
        for table in ["user_recovery_codes", "one_time_links", "login_codes"] {
            _ = try await transaction.query(
                "DELETE FROM \(table) WHERE tenant_id = $1 AND user_id = $2",
                [.id(stored.tenantID), .id(stored.id)]
            )
        }
        try await LoginSessionRepository(transaction).endAll(of: stored, because: .accountChanged, change)
        let keys = try await APIKeyRepository(transaction).revokeAll(of: stored, change)
        try await transaction.announce(
            UserDeleted(userID: stored.id, actorID: change.actorID),
            tenant: stored.tenantID,
            about: stored.id.value,
            change
        )
        return keys
    }

    /// Tells that something about an account is another than before.
    package func announceChange(_ user: User, _ changed: [String], _ change: IdentityChange) async throws {
        try await transaction.announce(
            UserChanged(
                userID: user.id,
                version: user.stamp?.version ?? 0,
                changed: changed,
                actorID: change.actorID
            ),
            tenant: user.tenantID,
            about: user.id.value,
            change
        )
    }

    private static func differences(_ old: User, _ new: User) -> [String] {
        var changed: [String] = []
        if old.email != new.email { changed.append("email") }
        if old.name != new.name { changed.append("name") }
        if old.role != new.role { changed.append("role") }
        if old.grants.granted != new.grants.granted { changed.append("granted") }
        if old.grants.denied != new.grants.denied { changed.append("denied") }
        if old.customerID != new.customerID { changed.append("customer_id") }
        if old.isActive != new.isActive { changed.append("is_active") }
        if old.mustChangePassword != new.mustChangePassword { changed.append("must_change_password") }
        return changed
    }

    private static func values(_ user: User) -> [PGValue] {
        [
            .id(user.tenantID), .id(user.id), .text(user.email), .text(user.name), .text(user.role.rawValue),
            .permissions(user.grants.granted), .permissions(user.grants.denied), .id(user.customerID),
            .bool(user.isActive), .bool(user.mustChangePassword),
        ]
    }

    static func user(_ row: PGRow) throws -> User {
        User(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            email: try row.need("email", \.text),
            name: try row.need("name", \.text),
            role: try row.choice("role"),
            grants: PermissionGrants(granted: try row.permissions("granted"), denied: try row.permissions("denied")),
            customerID: row["customer_id"].id(),
            isActive: try row.need("is_active", \.bool),
            mustChangePassword: try row.need("must_change_password", \.bool),
            emailVerifiedAt: row["email_verified_at"].time,
            hasTOTP: try row.need("has_totp", \.bool),
            hasPassword: try row.need("has_password", \.bool),
            lock: AccountLock(
                failures: try row.need("failed_logins", \.int),
                lockedUntil: row["locked_until"].time
            ),
            lastLoginAt: row["last_login_at"].time,
            deletedAt: row["deleted_at"].time,
            stamp: try row.stamp()
        )
    }
}

extension PGValue {
    /// Permissions as text[], in an order of their own.
    static func permissions(_ permissions: Set<Permission>) -> PGValue {
        .textArray(permissions.map(\.rawValue).sorted())
    }
}

extension PGRow {
    /// A text[] of permissions. Names that this version does not know allow nothing.
    func permissions(_ column: String) throws -> Set<Permission> {
        Set(try need(column, \.textArray).compactMap { $0.flatMap(Permission.init(rawValue:)) })
    }
}
