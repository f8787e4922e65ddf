package import Domain
import Postgres

/// Rows of one kind about somebody, and whether they are all that there is.
package struct PersonalPart<Row: Sendable>: Sendable {
    package let rows: [Row]
    /// The most that are given.
    package let limit: Int
    /// There are more than are given.
    package let isTruncated: Bool

    init(_ found: [Row], limit: Int) {
        rows = Array(found.prefix(limit))
        self.limit = limit
        isTruncated = found.count > limit
    }
}

/// Somebody's login to the pages, without its secrets.
package struct PersonalAccount: Sendable, Hashable {
    package let id: UserID
    package let email: String
    package let name: String
    package let isActive: Bool
    package let hasTOTP: Bool
    package let emailVerifiedAt: Timestamp?
    package let lastLoginAt: Timestamp?
    package let createdAt: Timestamp
    package let deletedAt: Timestamp?
    /// Names of his keys for programs.
    package let keys: [String]
}

/// A sign-in of his: from where and with what.
package struct PersonalLogin: Sendable, Hashable {
    package let id: LoginSessionID
    package let userID: UserID
    package let source: String?
    package let userAgent: String
    package let createdAt: Timestamp
    package let lastUsedAt: Timestamp
    package let endedAt: Timestamp?
}

/// All that is held about a customer (GDPR articles 15 and 20), without passwords, digests and sealed secrets.
package struct PersonalData: Sendable {
    package let contacts: PersonalPart<CustomerContact>
    package let services: PersonalPart<Service>
    /// The newest first, as everything below.
    package let serviceHistory: PersonalPart<ServiceChange>
    package let accounts: PersonalPart<PersonalAccount>
    package let logins: PersonalPart<PersonalLogin>
    package let sessions: PersonalPart<SessionDetail>
    /// By day and service, without what the last half minute added.
    package let usage: PersonalPart<UsageDay>
    package let notices: PersonalPart<PersonalNotice>
    package let preferences: PersonalPart<PersonalPreference>
    /// Nil where they were not asked for.
    package let notes: PersonalPart<CustomerNote>?
    /// What names him or is by him; nil where it was not asked for.
    package let audit: PersonalPart<AuditRecord>?
}

/// Collects what is held about customers of one scope.
package struct PersonalDataReader {
    /// Rows of each kind that are given: what is more is for the lists and their files.
    package static let limit = 1_000

    private let transaction: ScopedTransaction
    private let customer: Customer

    /// Reads in that transaction; for a view of one moment one of repeatable read.
    package init(_ transaction: ScopedTransaction, of customer: Customer) {
        self.transaction = transaction
        self.customer = customer
    }

    /// Everything; notes and the audit trail where they are asked for.
    package func read(notes: Bool, audit: Bool) async throws -> PersonalData {
        PersonalData(
            contacts: try await rows(of: "customer_contacts", CustomerContact.columns, "id", CustomerContact.init),
            services: try await rows(of: "services", ServiceRepository.columns, "id", ServiceRepository.service),
            serviceHistory: try await rows(of: "service_history", ServiceChange.columns, "id DESC", ServiceChange.init),
            accounts: try await part(Self.accounts, Self.account),
            logins: try await part(Self.logins, Self.login),
            sessions: try await part(Self.sessions, SessionDetail.init),
            usage: try await part(Self.usage, UsageDay.init),
            notices: try await part(PersonalNotice.statement, PersonalNotice.init),
            preferences: try await part(PersonalPreference.statement, PersonalPreference.init),
            notes: notes
                ? try await rows(of: "customer_notes", CustomerNote.columns, "id DESC", CustomerNote.init) : nil,
            audit: audit ? try await trail() : nil
        )
    }

    private func rows<Row: Sendable>(
        of table: String,
        _ columns: String,
        _ order: String,
        _ decode: (PGRow) throws -> Row
    ) async throws -> PersonalPart<Row> {
        try await part(
            "SELECT \(columns) FROM \(table) WHERE tenant_id = $1 AND customer_id = $2 ORDER BY \(order) LIMIT $3",
            decode
        )
    }

    private func part<Row: Sendable>(
        _ sql: String,
        _ decode: (PGRow) throws -> Row
    ) async throws -> PersonalPart<Row> {
        let parameters: [PGValue] = [.id(customer.tenantID), .id(customer.id), .int8(Int64(Self.limit + 1))]
        return PersonalPart(try await transaction.query(sql, parameters).map(decode), limit: Self.limit)
    }

    private func trail() async throws -> PersonalPart<AuditRecord> {
        let places = try await part("SELECT entry, recorded FROM personal_audit($1, $2, $3)") { row in
            (number: try row.need("entry", \.int64), recordedAt: try row.need("recorded", \.timestamptz))
        }
        let records = try await transaction.query(
            AuditSQL.places,
            [
                .id(customer.tenantID), .int8Array(places.rows.map(\.number)),
                .timestamptzArray(places.rows.map(\.recordedAt)),
            ]
        ).map(AuditSQL.record)
        return PersonalPart(records, limit: Self.limit, isTruncated: places.isTruncated)
    }

    // MARK: - Statements

    private static let accounts = """
        SELECT u.id, u.email, u.name, u.is_active, u.totp_confirmed_at IS NOT NULL AS has_totp, u.email_verified_at,
            u.last_login_at, u.created_at, u.deleted_at,
            ARRAY(SELECT k.name FROM api_keys k WHERE k.tenant_id = u.tenant_id AND k.user_id = u.id ORDER BY k.id) AS keys
        FROM users u WHERE u.tenant_id = $1 AND u.customer_id = $2 ORDER BY u.id LIMIT $3
        """

    private static func account(_ row: PGRow) throws -> PersonalAccount {
        PersonalAccount(
            id: try row.need("id") { $0.id() },
            email: try row.need("email", \.text),
            name: try row.need("name", \.text),
            isActive: try row.need("is_active", \.bool),
            hasTOTP: try row.need("has_totp", \.bool),
            emailVerifiedAt: row["email_verified_at"].time,
            lastLoginAt: row["last_login_at"].time,
            createdAt: try row.need("created_at", \.time),
            deletedAt: row["deleted_at"].time,
            keys: try row.need("keys", \.textArray).compactMap { $0 }
        )
    }

    private static let logins = """
        SELECT s.id, s.user_id, host(s.source) AS source, s.user_agent, s.created_at, s.last_used_at, s.ended_at
        FROM users u JOIN login_sessions s ON s.tenant_id = u.tenant_id AND s.user_id = u.id
        WHERE u.tenant_id = $1 AND u.customer_id = $2 ORDER BY s.created_at DESC, s.id DESC LIMIT $3
        """

    private static func login(_ row: PGRow) throws -> PersonalLogin {
        PersonalLogin(
            id: try row.need("id") { $0.id() },
            userID: try row.need("user_id") { $0.id() },
            source: row["source"].text,
            userAgent: try row.need("user_agent", \.text),
            createdAt: try row.need("created_at", \.time),
            lastUsedAt: try row.need("last_used_at", \.time),
            endedAt: row["ended_at"].time
        )
    }

    /// Of either table as many as are wanted, through its index by customer.
    private static let sessions: String = {
        let parts = ["sessions", "sessions_history"].map { table in
            "(SELECT \(SessionDetail.reads) FROM \(table) r WHERE r.tenant_id = $1 AND r.customer_id = $2 "
                + "ORDER BY r.started_at DESC, r.id DESC LIMIT $3)"
        }
        return """
            SELECT \(SessionDetail.selection) FROM (\(parts.joined(separator: " UNION ALL "))) r \(SessionDetail.joins)
            ORDER BY r.started_at DESC, r.id DESC LIMIT $3
            """
    }()

    private static let usage = """
        SELECT u.tenant_id, u.service_id, v.username, u.day, u.input_octets, u.output_octets, u.sessions
        FROM services v JOIN usage_daily u ON u.tenant_id = v.tenant_id AND u.service_id = v.id
        WHERE v.tenant_id = $1 AND v.customer_id = $2 ORDER BY u.day DESC, u.service_id LIMIT $3
        """
}

extension PersonalPart {
    fileprivate init(_ rows: [Row], limit: Int, isTruncated: Bool) {
        self.rows = rows
        self.limit = limit
        self.isTruncated = isTruncated
    }
}
