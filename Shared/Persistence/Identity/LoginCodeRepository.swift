package import Domain
import Events
import Postgres

/// The codes of one scope that were sent as a second factor.
package struct LoginCodeRepository {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// Stores a new code in place of the user's open one for the same purpose, and tells whoever delivers it. Lock the user's row before:
    /// of two at once one open code is left. The event names the code and never holds it.
    package func issue(
        _ code: LoginCode,
        digest: [UInt8],
        sealedCode: [UInt8],
        _ change: IdentityChange
    ) async throws {
        try await void(of: code.userID, in: code.tenantID, code.purpose, at: change.now)
        _ = try await transaction.query(
            """
            INSERT INTO login_codes (tenant_id, id, user_id, purpose, channel, address, pending_id, digest, sealed_code, created_at,
                expires_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """,
            [
                .id(code.tenantID), .id(code.id), .id(code.userID), .text(code.purpose.rawValue),
                .text(code.way.rawValue), .text(code.address),
                .optional(code.pendingID) { .uuid(high: $0.high, low: $0.low) }, .bytea(digest), .bytea(sealedCode),
                .time(code.createdAt), .time(code.expiresAt),
            ]
        )
        let event = LoginCodeRequested(
            userID: code.userID,
            codeID: code.id,
            channel: code.way.rawValue,
            expiresAt: code.expiresAt
        )
        try await transaction.announce(event, tenant: code.tenantID, about: code.userID.value, change)
    }

    /// The user's open code for a purpose, however old it is, with what is stored of it; locked until the transaction ends.
    package func open(of user: User, _ purpose: LoginCode.Purpose) async throws -> (code: LoginCode, digest: [UInt8])? {
        let row = try await transaction.query(
            """
            SELECT tenant_id, id, user_id, purpose, channel, address, pending_id, digest, failures::bigint AS failures, created_at,
                expires_at, used_at, replaced_at
            FROM login_codes
            WHERE tenant_id = $1 AND user_id = $2 AND purpose = $3 AND used_at IS NULL AND replaced_at IS NULL FOR UPDATE
            """,
            [.id(user.tenantID), .id(user.id), .text(purpose.rawValue)]
        ).first
        guard let row else { return nil }
        return (try Self.code(row), try row.need("digest", \.bytes))
    }

    /// Stores what became of a code that was shown. One that is over is told to nobody any more.
    package func store(_ code: LoginCode) async throws {
        let isOver = code.usedAt != nil || code.replacedAt != nil
        _ = try await transaction.query(
            """
            UPDATE login_codes SET failures = $3::bigint, used_at = $4, replaced_at = $5\(isOver ? ", sealed_code = NULL" : "")
            WHERE tenant_id = $1 AND id = $2
            """,
            [
                .id(code.tenantID), .id(code.id), .int8(Int64(code.failures)), .optional(code.usedAt) { .time($0) },
                .optional(code.replacedAt) { .time($0) },
            ]
        )
    }

    /// The open code of a user for a purpose, if there is one, opens nothing any more.
    package func void(
        of user: UserID,
        in tenant: TenantID,
        _ purpose: LoginCode.Purpose,
        at now: Timestamp
    ) async throws {
        _ = try await transaction.query(
            """
            UPDATE login_codes SET replaced_at = $4, sealed_code = NULL
            WHERE tenant_id = $1 AND user_id = $2 AND purpose = $3 AND used_at IS NULL AND replaced_at IS NULL
            """,
            [.id(tenant), .id(user), .text(purpose.rawValue), .time(now)]
        )
    }

    /// How many codes were made for somebody since, and when the last was.
    package func made(for user: User, since time: Timestamp) async throws -> (count: Int, last: Timestamp?) {
        let row = try await transaction.query(
            """
            SELECT count(*)::integer AS count, max(created_at) AS last FROM login_codes
            WHERE tenant_id = $1 AND user_id = $2 AND created_at > $3
            """,
            [.id(user.tenantID), .id(user.id), .time(time)]
        ).first
        return (row?["count"].int ?? 0, row?["last"].time)
    }

    /// The same to an address or number, whoever they were for.
    package func made(
        to address: String,
        in tenant: TenantID,
        since time: Timestamp
    ) async throws -> (count: Int, last: Timestamp?) {
        let row = try await transaction.query(
            """
            SELECT count(*)::integer AS count, max(created_at) AS last FROM login_codes
            WHERE tenant_id = $1 AND lower(address) = lower($2) AND created_at > $3
            """,
            [.id(tenant), .text(address), .time(time)]
        ).first
        return (row?["count"].int ?? 0, row?["last"].time)
    }

    /// Forgets codes that are too old to be of use.
    package func forget(before time: Timestamp) async throws -> Int {
        try await transaction.query("DELETE FROM login_codes WHERE expires_at < $1", [.time(time)]).affectedRows
    }

    private static func code(_ row: PGRow) throws -> LoginCode {
        var code = LoginCode(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            userID: try row.need("user_id") { $0.id() },
            purpose: try row.choice("purpose"),
            way: try row.choice("channel"),
            address: try row.need("address", \.text),
            pendingID: row["pending_id"].uuid.map { UUID128(high: $0.high, low: $0.low) },
            createdAt: try row.need("created_at", \.time),
            expiresAt: try row.need("expires_at", \.time)
        )
        code.failures = try row.need("failures", \.int)
        code.usedAt = row["used_at"].time
        code.replacedAt = row["replaced_at"].time
        return code
    }
}

extension UserRepository {
    /// A code that was sent there was shown: from now on one is asked for.
    package func addCodes(of user: User, _ way: CodeWay, to address: String, _ change: IdentityChange) async throws {
        switch way {
        case .email:
            try await write(user, "code_email_at = $3", [.time(change.now)], telling: ["email_codes"], change)
        case .sms:
            let values: [PGValue] = [.text(address), .time(change.now)]
            try await write(user, "code_phone = $3, code_phone_at = $4", values, telling: ["sms_codes"], change)
        }
    }

    /// Codes go there no more, and one that is on its way opens nothing.
    package func removeCodes(of user: User, _ way: CodeWay, _ change: IdentityChange) async throws {
        switch way {
        case .email: try await write(user, "code_email_at = NULL", [], telling: ["email_codes"], change)
        case .sms:
            let none = "code_phone = NULL, code_phone_at = NULL"
            try await write(user, none, [], telling: ["sms_codes"], change)
        }
        try await LoginCodeRepository(transaction).void(of: user.id, in: user.tenantID, .signIn, at: change.now)
    }
}
