package import Domain
import Events
import Postgres

/// What an account is proven by. Never shown to anybody.
package struct UserCredentials: Sendable {
    package let passwordHash: String?
    /// Sealed; a key that was confirmed by a code.
    package let totpKey: [UInt8]?
    /// Sealed; a key that is still to be confirmed.
    package let unconfirmedTOTPKey: [UInt8]?
    /// The newest step whose code was used.
    package let totpLastStep: Int64?
    /// Whether codes may go to the account's address.
    package let takesCodesByEmail: Bool
    /// Where codes go by SMS; nil where none do.
    package let codePhone: String?

    /// The ways that codes may go.
    package var codeWays: [CodeWay] {
        (takesCodesByEmail ? [.email] : []) + (codePhone == nil ? [] : [.sms])
    }

    /// Whether more than the password is asked for.
    package var hasSecondFactor: Bool { totpKey != nil || !codeWays.isEmpty }

    static let columns =
        "password_hash, totp_secret, totp_confirmed_at, totp_last_step, code_email_at, code_phone"

    fileprivate init(_ row: PGRow) {
        let isConfirmed = row["totp_confirmed_at"].time != nil
        passwordHash = row["password_hash"].text
        totpKey = isConfirmed ? row["totp_secret"].bytes : nil
        unconfirmedTOTPKey = isConfirmed ? nil : row["totp_secret"].bytes
        totpLastStep = row["totp_last_step"].int64
        takesCodesByEmail = row["code_email_at"].time != nil
        codePhone = row["code_phone"].text
    }
}

extension UserRepository {
    /// What an account is proven by.
    package func credentials(of user: User) async throws -> UserCredentials {
        let row = try await transaction.query(
            """
            SELECT \(UserCredentials.columns) FROM users
            WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL
            """,
            [.id(user.tenantID), .id(user.id)]
        ).first
        guard let row else { throw PersistenceError.notFound }
        return UserCredentials(row)
    }

    /// The account of that address in that very tenant with what it is proven by, in one statement whether or not there is
    /// one.
    package func candidate(
        email: String,
        in tenant: TenantID
    ) async throws -> (user: User, credentials: UserCredentials)? {
        let row = try await transaction.query(
            """
            SELECT \(Self.columns), \(UserCredentials.columns) FROM users
            WHERE tenant_id = $1 AND lower(email) = lower($2) AND deleted_at IS NULL
            """,
            [.id(tenant), .text(email)]
        ).first
        return try row.map { (try Self.user($0), UserCredentials($0)) }
    }

    /// Gives an account another password: every other session of it ends, a lock with it, and links that choose one open
    /// nothing any more. Returns the sessions that ended.
    @discardableResult
    package func setPassword(
        of user: User,
        hash: String,
        mustChange: Bool = false,
        keeping session: LoginSessionID? = nil,
        _ change: IdentityChange
    ) async throws -> [LoginSessionID] {
        try await write(
            user,
            """
            password_hash = $3, password_changed_at = $4, must_change_password = $5, failed_logins = 0, locked_until = NULL
            """,
            [.text(hash), .time(change.now), .bool(mustChange)],
            telling: ["password"],
            change
        )
        // Who chooses his first one knows that he does.
        if user.hasPassword {
            try await transaction.announce(
                PasswordChanged(userID: user.id, sourceAddress: change.sourceAddress, actorID: change.actorID),
                tenant: user.tenantID,
                about: user.id.value,
                change
            )
        }
        try await OneTimeLinkRepository(transaction).void(of: user, LinkPurpose.choosingPassword, at: change.now)
        return try await LoginSessionRepository(transaction)
            .endAll(of: user, because: .passwordChanged, keeping: session, change)
    }

    /// Stores the same password's digest by the present scheme; nothing where another password was set meanwhile.
    package func rehash(_ user: User, from old: String, to new: String) async throws {
        _ = try await transaction.query(
            "UPDATE users SET password_hash = $4 WHERE tenant_id = $1 AND id = $2 AND password_hash = $3",
            [.id(user.tenantID), .id(user.id), .text(old), .text(new)]
        )
    }

    /// Counts a failed login against the account and tells of it. Returns the time until which it is locked now, if it is.
    /// Attempts at the same moment are counted one after the other. Without a user the same statements run and find nobody,
    /// so that how long it takes does not tell whether there is an account.
    package func recordFailure(
        of user: User?,
        in tenant: TenantID,
        _ reason: LoginRefusal,
        _ limits: LoginLimits,
        _ change: IdentityChange
    ) async throws -> Timestamp? {
        let id = user?.id ?? UserID(.zero)
        var lock = try await find(id, forUpdate: true)?.lock ?? AccountLock()
        let lockedNow = lock.failed(at: change.now, limits)
        _ = try await transaction.query(
            "UPDATE users SET failed_logins = $3, locked_until = $4 WHERE tenant_id = $1 AND id = $2",
            [.id(tenant), .id(id), .int4(Int32(clamping: lock.failures)), .time(lock.lockedUntil)]
        )
        try await announceFailure(of: user?.id, in: tenant, reason, change)
        if lockedNow, let user, let until = lock.lockedUntil {
            try await transaction.announce(
                AccountLocked(
                    userID: user.id,
                    until: until,
                    failures: UInt32(clamping: lock.failures),
                    sourceAddress: change.sourceAddress
                ),
                tenant: user.tenantID,
                about: user.id.value,
                change
            )
        }
        return user != nil && lock.isLocked(at: change.now) ? lock.lockedUntil : nil
    }

    /// Tells of a failed login that counts against no account, as where there is none.
    package func announceFailure(
        of user: UserID?,
        in tenant: TenantID,
        _ reason: LoginRefusal,
        _ change: IdentityChange
    ) async throws {
        try await transaction.announce(
            LoginFailed(userID: user, reason: reason.rawValue, sourceAddress: change.sourceAddress),
            tenant: tenant,
            about: user?.value,
            change
        )
    }

    /// Somebody else lifts a lock.
    package func unlock(_ user: User, _ change: IdentityChange) async throws {
        try await write(user, "failed_logins = 0, locked_until = NULL", [], telling: ["locked_until"], change)
    }

    /// A link showed that mail arrives at `email`; nothing where that is the account's address no more.
    package func verify(email: String, of user: User, _ change: IdentityChange) async throws {
        guard user.email.lowercased() == email.lowercased() else { return }
        try await write(user, "email_verified_at = $3", [.time(change.now)], telling: ["email_verified_at"], change)
    }

    // MARK: - Second factor

    /// Keeps a key that counts once a code of it was shown. Throws `alreadyExists` where a confirmed one is in use.
    package func beginTOTP(of user: User, sealed: [UInt8]) async throws {
        let rows = try await transaction.query(
            """
            UPDATE users SET totp_secret = $3, totp_last_step = NULL
            WHERE tenant_id = $1 AND id = $2 AND totp_confirmed_at IS NULL AND deleted_at IS NULL
            """,
            [.id(user.tenantID), .id(user.id), .bytea(sealed)]
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.alreadyExists(constraint: "users_totp") }
    }

    /// A code of the key was shown: from now on it is asked for. `codes` are the digests of the recovery codes that come with it.
    package func confirmTOTP(of user: User, step: Int64, codes: [[UInt8]], _ change: IdentityChange) async throws {
        try await write(
            user,
            "totp_confirmed_at = $3, totp_last_step = $4",
            [.time(change.now), .int8(step)],
            telling: ["totp"],
            change
        )
        try await replaceRecoveryCodes(of: user, with: codes)
    }

    /// Takes the second factor away, with its recovery codes.
    package func removeTOTP(of user: User, _ change: IdentityChange) async throws {
        try await write(
            user,
            "totp_secret = NULL, totp_confirmed_at = NULL, totp_last_step = NULL",
            [],
            telling: ["totp"],
            change
        )
        try await replaceRecoveryCodes(of: user, with: [])
    }

    /// Uses a step up. False when it, or a later one, was used already: of two that show one code at once, one gets in.
    package func useTOTPStep(_ step: Int64, of user: User) async throws -> Bool {
        try await transaction.query(
            """
            UPDATE users SET totp_last_step = $3
            WHERE tenant_id = $1 AND id = $2 AND totp_confirmed_at IS NOT NULL AND coalesce(totp_last_step, -1) < $3
            """,
            [.id(user.tenantID), .id(user.id), .int8(step)]
        ).affectedRows == 1
    }

    /// Gives an account other recovery codes; the former ones open nothing.
    package func replaceRecoveryCodes(of user: User, with hashes: [[UInt8]]) async throws {
        _ = try await transaction.query(
            "DELETE FROM user_recovery_codes WHERE tenant_id = $1 AND user_id = $2",
            [.id(user.tenantID), .id(user.id)]
        )
        guard !hashes.isEmpty else { return }
        _ = try await transaction.query(
            "INSERT INTO user_recovery_codes (tenant_id, user_id, hash) SELECT $1, $2, unnest($3::bytea[])",
            [.id(user.tenantID), .id(user.id), .byteaArray(hashes)]
        )
    }

    /// Uses a recovery code up. False when there is none of that digest, or it was used: of two at once, one gets in.
    package func useRecoveryCode(_ hash: [UInt8], of user: User, at now: Timestamp) async throws -> Bool {
        try await transaction.query(
            """
            UPDATE user_recovery_codes SET used_at = $4
            WHERE tenant_id = $1 AND user_id = $2 AND hash = $3 AND used_at IS NULL
            """,
            [.id(user.tenantID), .id(user.id), .bytea(hash), .time(now)]
        ).affectedRows == 1
    }

    /// How many recovery codes are left.
    package func recoveryCodesLeft(of user: User) async throws -> Int {
        try await transaction.query(
            "SELECT count(*) FROM user_recovery_codes WHERE tenant_id = $1 AND user_id = $2 AND used_at IS NULL",
            [.id(user.tenantID), .id(user.id)]
        ).first?[0].int ?? 0
    }

    /// Sets columns of a row that is there, from parameter 3 on, and tells which.
    func write(
        _ user: User,
        _ assignments: String,
        _ values: [PGValue],
        telling changed: [String],
        _ change: IdentityChange
    ) async throws {
        let row = try await transaction.query(
            """
            UPDATE users SET \(assignments) WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL
            RETURNING \(Self.columns)
            """,
            [.id(user.tenantID), .id(user.id)] + values
        ).first
        guard let row else { throw PersistenceError.notFound }
        try await announceChange(try Self.user(row), changed, change)
    }
}
