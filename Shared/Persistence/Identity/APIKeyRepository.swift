package import Domain
import Events
import Postgres

/// The keys for programs of one scope, of which only digests are stored.
package struct APIKeyRepository {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    private static let columns = """
        tenant_id, id, user_id, name, prefix, scopes, addresses::text[] AS addresses, expires_at, last_used_at, revoked_at, \
        created_at
        """

    /// Stores a new key by its digest; `replaced` names the one in whose place it was made.
    package func insert(
        _ key: APIKey,
        hash: [UInt8],
        replacing replaced: APIKeyID? = nil,
        _ change: IdentityChange
    ) async throws {
        try key.validate()
        _ = try await transaction.query(
            """
            INSERT INTO api_keys (tenant_id, id, user_id, name, prefix, hash, scopes, addresses, expires_at, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text[]::cidr[], $9, $10)
            """,
            [
                .id(key.tenantID), .id(key.id), .id(key.userID), .text(key.name), .text(key.prefix), .bytea(hash),
                .permissions(key.scopes), .textArray(key.addresses.map(\.description)), .time(key.expiresAt),
                .time(key.createdAt),
            ]
        )
        try await transaction.announce(
            APIKeyCreated(
                keyID: key.id,
                userID: key.userID,
                prefix: key.prefix,
                scopes: key.scopes.map(\.rawValue).sorted(),
                expiresAt: key.expiresAt,
                actorID: change.actorID,
                replacesID: replaced
            ),
            tenant: key.tenantID,
            about: key.id.value,
            change
        )
    }

    /// Up to `limit` keys in the order they were made, after the one named; revoked ones too.
    package func list(
        after: APIKeyID? = nil,
        limit: Int,
        user: UserID? = nil,
        tenant: TenantID? = nil
    ) async throws -> [APIKey] {
        try await transaction.query(
            """
            SELECT \(Self.columns) FROM api_keys
            WHERE ($1::uuid IS NULL OR id > $1) AND ($3::uuid IS NULL OR user_id = $3)
                AND ($4::uuid IS NULL OR tenant_id = $4)
            ORDER BY id LIMIT $2
            """,
            [.id(after), .int8(Int64(limit)), .id(user), .id(tenant)]
        ).map(Self.key)
    }

    /// The key of that id, locked against other writers when asked for.
    package func find(_ id: APIKeyID, forUpdate: Bool = false) async throws -> APIKey? {
        try await transaction.query(
            "SELECT \(Self.columns) FROM api_keys WHERE id = $1" + (forUpdate ? " FOR UPDATE" : ""),
            [.id(id)]
        ).first.map(Self.key)
    }

    /// How many keys somebody has that still open something.
    package func live(of user: User, at now: Timestamp) async throws -> Int {
        try await transaction.query(
            """
            SELECT count(*)::integer FROM api_keys
            WHERE tenant_id = $1 AND user_id = $2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $3)
            """,
            [.id(user.tenantID), .id(user.id), .time(now)]
        ).first?[0].int ?? 0
    }

    /// The key opens nothing from then on, if it did for longer. Told by the event of the key that replaces it.
    package func shorten(_ key: APIKey, to end: Timestamp) async throws {
        _ = try await transaction.query(
            """
            UPDATE api_keys SET expires_at = least(coalesce(expires_at, $3), $3) WHERE tenant_id = $1 AND id = $2
            """,
            [.id(key.tenantID), .id(key.id), .time(end)]
        )
    }

    /// The key of that prefix in that very tenant, with its digest: to be compared in constant time.
    package func find(prefix: String, in tenant: TenantID) async throws -> (key: APIKey, hash: [UInt8])? {
        let row = try await transaction.query(
            "SELECT \(Self.columns), hash FROM api_keys WHERE tenant_id = $1 AND prefix = $2",
            [.id(tenant), .text(prefix)]
        ).first
        return try row.map { (try Self.key($0), try $0.need("hash", \.bytes)) }
    }

    /// Remembers that the key was used; at most one write a minute.
    package func touch(_ key: APIKey, at now: Timestamp) async throws {
        _ = try await transaction.query(
            """
            UPDATE api_keys SET last_used_at = $3
            WHERE tenant_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at < $3 - interval '1 minute')
            """,
            [.id(key.tenantID), .id(key.id), .time(now)]
        )
    }

    /// The key opens nothing any more; false when it did not before.
    @discardableResult
    package func revoke(_ key: APIKey, _ change: IdentityChange) async throws -> Bool {
        try await !revoke("id = $2", key.tenantID, .id(key.id), change).isEmpty
    }

    /// Revokes every key of somebody. Returns those that ended now.
    @discardableResult
    package func revokeAll(of user: User, _ change: IdentityChange) async throws -> [APIKey] {
        try await revoke("user_id = $2", user.tenantID, .id(user.id), change)
    }

    private func revoke(
        _ condition: String,
        _ tenant: TenantID,
        _ value: PGValue,
        _ change: IdentityChange
    ) async throws -> [APIKey] {
        let revoked = try await transaction.query(
            """
            UPDATE api_keys SET revoked_at = $3 WHERE tenant_id = $1 AND \(condition) AND revoked_at IS NULL
            RETURNING \(Self.columns)
            """,
            [.id(tenant), value, .time(change.now)]
        ).map(Self.key)
        for key in revoked {
            let event = APIKeyRevoked(keyID: key.id, userID: key.userID, actorID: change.actorID)
            try await transaction.announce(event, tenant: tenant, about: key.id.value, change)
        }
        return revoked
    }

    private static func key(_ row: PGRow) throws -> APIKey {
        APIKey(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            userID: try row.need("user_id") { $0.id() },
            name: try row.need("name", \.text),
            prefix: try row.need("prefix", \.text),
            scopes: try row.permissions("scopes"),
            // A range that cannot be read must not fall away: an empty list is anywhere.
            addresses: try row.need("addresses", \.textArray).map { text in
                guard let prefix = text.flatMap({ IPPrefix($0) }) else { throw UnexpectedRow(column: "addresses") }
                return prefix
            },
            expiresAt: row["expires_at"].time,
            lastUsedAt: row["last_used_at"].time,
            revokedAt: row["revoked_at"].time,
            createdAt: try row.need("created_at", \.time)
        )
    }
}
