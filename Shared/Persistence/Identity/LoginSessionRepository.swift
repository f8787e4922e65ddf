package import Domain
import Events
import Postgres

/// The logins of one scope and their refresh tokens, of which only digests are stored.
package struct LoginSessionRepository {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    private static let columns = """
        tenant_id, id, user_id, host(source) AS source, user_agent, created_at, last_used_at, expires_at, ended_at, end_reason
        """

    /// Stores a login with its first refresh token, and tells of it. The account's failures are forgotten.
    package func open(
        _ session: LoginSession,
        method: String,
        token hash: [UInt8],
        lives lifetimes: TokenLifetimes,
        _ change: IdentityChange
    ) async throws {
        let rows = try await transaction.query(
            """
            UPDATE users SET failed_logins = 0, locked_until = NULL, last_login_at = $3
            WHERE tenant_id = $1 AND id = $2 AND is_active AND deleted_at IS NULL
            """,
            [.id(session.tenantID), .id(session.userID), .time(change.now)]
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
        _ = try await transaction.query(
            """
            INSERT INTO login_sessions (tenant_id, id, user_id, source, user_agent, created_at, last_used_at, expires_at)
            VALUES ($1, $2, $3, $4::text::inet, $5, $6, $6, $7)
            """,
            [
                .id(session.tenantID), .id(session.id), .id(session.userID),
                session.sourceAddress.isEmpty ? .null : .text(session.sourceAddress),
                .text(
                    String(session.userAgent.unicodeScalars.filter { $0.value != 0 }.prefix(400).map(Character.init))
                ),
                .time(session.createdAt), .time(session.expiresAt),
            ]
        )
        try await insert(hash, session, until: min(change.now + lifetimes.refresh, session.expiresAt), change.now)
        try await transaction.announce(
            LoginSucceeded(
                userID: session.userID,
                sessionID: session.id,
                method: method,
                sourceAddress: change.sourceAddress
            ),
            tenant: session.tenantID,
            about: session.userID.value,
            change
        )
    }

    /// What became of a refresh token that was shown.
    package enum Exchange: Sendable, Equatable {
        /// It was the current one, and its successor is stored in its place.
        case exchanged(LoginSession, tokenExpiresAt: Timestamp)
        /// It was exchanged before. Whoever holds it, or its successor, may be a stranger: the session is over from now on
        /// (RFC 9700 §4.14.2), which commits like anything else.
        case reused(LoginSession)
        /// It is too old, or its session is over.
        case over
        /// Nobody ever issued it.
        case unknown
    }

    /// Exchanges a refresh token for its successor. Of any number at once with one token exactly one is `exchanged`; the first
    /// that comes behind ends the session. A caller whose transaction ends in an error after `reused` would keep the session.
    package func exchange(
        _ hash: [UInt8],
        of id: LoginSessionID,
        in tenant: TenantID,
        for successor: [UInt8],
        lives lifetimes: TokenLifetimes,
        _ change: IdentityChange
    ) async throws -> Exchange {
        // The session's lock orders everyone who shows one of its tokens.
        guard let session = try await find(id, in: tenant, forUpdate: true) else { return .unknown }
        let token = try await transaction.query(
            """
            SELECT used_at, expires_at FROM refresh_tokens WHERE tenant_id = $1 AND session_id = $2 AND hash = $3
            """,
            [.id(tenant), .id(id), .bytea(hash)]
        ).first
        guard let token else { return .unknown }
        guard session.isLive(at: change.now) else { return .over }
        if token["used_at"].time != nil {
            try await end([session], because: .tokenReused, change)
            return .reused(session)
        }
        guard change.now < (try token.need("expires_at", \.time)) else { return .over }
        _ = try await transaction.query(
            "UPDATE refresh_tokens SET used_at = $4 WHERE tenant_id = $1 AND session_id = $2 AND hash = $3",
            [.id(tenant), .id(id), .bytea(hash), .time(change.now)]
        )
        let expiresAt = min(change.now + lifetimes.refresh, session.expiresAt)
        try await insert(successor, session, until: expiresAt, change.now)
        _ = try await transaction.query(
            "UPDATE login_sessions SET last_used_at = $3 WHERE tenant_id = $1 AND id = $2",
            [.id(tenant), .id(id), .time(change.now)]
        )
        return .exchanged(session, tokenExpiresAt: expiresAt)
    }

    /// A login of that very tenant.
    package func find(_ id: LoginSessionID, in tenant: TenantID, forUpdate: Bool = false) async throws -> LoginSession?
    {
        try await transaction.query(
            "SELECT \(Self.columns) FROM login_sessions WHERE tenant_id = $1 AND id = $2"
                + (forUpdate ? " FOR UPDATE" : ""),
            [.id(tenant), .id(id)]
        ).first.map(Self.session)
    }

    /// The login of that very tenant that the digest's token belongs to, locked; the newest token or one before it.
    package func find(_ id: LoginSessionID, in tenant: TenantID, holding hash: [UInt8]) async throws -> LoginSession? {
        let held = try await transaction.query(
            "SELECT 1 FROM refresh_tokens WHERE tenant_id = $1 AND session_id = $2 AND hash = $3",
            [.id(tenant), .id(id), .bytea(hash)]
        )
        return held.isEmpty ? nil : try await find(id, in: tenant, forUpdate: true)
    }

    /// Somebody's sessions that are not over, the newest first.
    package func live(of user: User, at now: Timestamp) async throws -> [LoginSession] {
        try await transaction.query(
            """
            SELECT \(Self.columns) FROM login_sessions
            WHERE tenant_id = $1 AND user_id = $2 AND ended_at IS NULL AND expires_at > $3 ORDER BY created_at DESC, id DESC
            """,
            [.id(user.tenantID), .id(user.id), .time(now)]
        ).map(Self.session)
    }

    /// Whether a login of that account, over or not, came from that address, or from within that network.
    package func began(of user: UserID, in tenant: TenantID, from source: String) async throws -> Bool {
        try await !transaction.query(
            "SELECT 1 FROM login_sessions WHERE tenant_id = $1 AND user_id = $2 AND source <<= $3::text::inet LIMIT 1",
            [.id(tenant), .id(user), .text(source)]
        ).isEmpty
    }

    /// Ends one session; false when it was over.
    @discardableResult
    package func end(_ session: LoginSession, because reason: LogoutReason, _ change: IdentityChange) async throws
        -> Bool
    {
        try await !end([session], because: reason, change).isEmpty
    }

    /// Ends somebody's sessions, but for the one that is to stay. Returns those that ended now.
    @discardableResult
    package func endAll(
        of user: User,
        because reason: LogoutReason,
        keeping kept: LoginSessionID? = nil,
        _ change: IdentityChange
    ) async throws -> [LoginSessionID] {
        let live = try await live(of: user, at: change.now).filter { $0.id != kept }
        return try await end(live, because: reason, change)
    }

    /// The sessions of the scope that ended since, for a list of denied tokens that lost its memory.
    package func ended(since time: Timestamp) async throws -> [LoginSession] {
        try await transaction.query(
            "SELECT \(Self.columns) FROM login_sessions WHERE ended_at > $1 ORDER BY ended_at",
            [.time(time)]
        ).map(Self.session)
    }

    /// Forgets sessions that have been over for so long that nobody asks for them any more, with their tokens.
    package func forget(before time: Timestamp) async throws -> Int {
        try await transaction.query(
            "DELETE FROM login_sessions WHERE coalesce(ended_at, expires_at) < $1",
            [.time(time)]
        ).affectedRows
    }

    @discardableResult
    private func end(
        _ sessions: [LoginSession],
        because reason: LogoutReason,
        _ change: IdentityChange
    ) async throws -> [LoginSessionID] {
        guard let first = sessions.first else { return [] }
        let rows = try await transaction.query(
            """
            UPDATE login_sessions SET ended_at = $3, end_reason = $4
            WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND ended_at IS NULL RETURNING id
            """,
            [
                .id(first.tenantID), .uuidArray(sessions.map { ($0.id.value.high, $0.id.value.low) }),
                .time(change.now), .text(reason.rawValue),
            ]
        )
        let ended = rows.compactMap { row in row["id"].id(LoginSessionID.self) }
        guard !ended.isEmpty else { return [] }
        try await transaction.announce(
            LoggedOut(
                userID: first.userID,
                sessionIDs: ended,
                reason: reason.rawValue,
                actorID: change.actorID == first.userID ? nil : change.actorID
            ),
            tenant: first.tenantID,
            about: first.userID.value,
            change
        )
        return ended
    }

    private func insert(_ hash: [UInt8], _ session: LoginSession, until: Timestamp, _ now: Timestamp) async throws {
        _ = try await transaction.query(
            """
            INSERT INTO refresh_tokens (tenant_id, session_id, hash, issued_at, expires_at) VALUES ($1, $2, $3, $4, $5)
            """,
            [.id(session.tenantID), .id(session.id), .bytea(hash), .time(now), .time(until)]
        )
    }

    private static func session(_ row: PGRow) throws -> LoginSession {
        var end: LoginSession.End?
        if let at = row["ended_at"].time { end = .init(at: at, reason: try row.choice("end_reason")) }
        return LoginSession(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            userID: try row.need("user_id") { $0.id() },
            createdAt: try row.need("created_at", \.time),
            lastUsedAt: try row.need("last_used_at", \.time),
            expiresAt: try row.need("expires_at", \.time),
            sourceAddress: row["source"].text ?? "",
            userAgent: try row.need("user_agent", \.text),
            end: end
        )
    }
}
