package import Domain
package import Notices
import Postgres
import WireFormat

/// A tenant's account with one provider, without what it is spoken to with: that is written and never read here.
package struct NoticeAccount: Hashable, Sendable {
    package var tenantID: TenantID
    package var id: NoticeAccountID
    package var channel: NoticeChannel
    package var kind: String
    package var name: String
    package var settings: [String: String] = [:]
    /// The smallest is asked first.
    package var position = 100
    package var isEnabled = true
    package var version: Int64 = 0
    package var createdAt: Timestamp?
    package var updatedAt: Timestamp?

    package init(tenantID: TenantID, id: NoticeAccountID, channel: NoticeChannel, kind: String, name: String) {
        (self.tenantID, self.id, self.channel, self.kind, self.name) = (tenantID, id, channel, kind, name)
    }

    /// Its settings as they are stored: ports are numbers, all else texts.
    package var settingsJSON: String {
        let form = ProviderForm.of(channel, kind)
        var json = JSONWriter()
        json.beginObject()
        for (name, value) in settings.sorted(by: { $0.key < $1.key }) {
            json.key(string: name)
            if form?.isNumber(name) == true, let number = Int64(value) { json.value(number) } else { json.value(value) }
        }
        json.endObject()
        return String(decoding: json.finish(), as: UTF8.self)
    }

    static func settings(_ json: String) throws(JSONError) -> [String: String] {
        var settings: [String: String] = [:]
        var reader = JSONReader(Array(json.utf8))
        try reader.readObject { reader, name throws(JSONError) in
            switch try reader.peek() {
            case .string: settings[name] = try reader.readString()
            default: settings[name] = String(decoding: try reader.rawValue(), as: UTF8.self)
            }
        }
        return settings
    }
}

/// The accounts of one scope.
package struct NoticeAccounts {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) { self.transaction = transaction }

    private static let columns = """
        tenant_id, id, channel, kind, name, settings::text AS settings, position, is_enabled, row_version, created_at, updated_at
        """

    /// A tenant's accounts, by channel in the order in which they are asked.
    package func list(of tenant: TenantID) async throws -> [NoticeAccount] {
        try await transaction.query(
            "SELECT \(Self.columns) FROM notice_providers WHERE tenant_id = $1 ORDER BY channel, position, id LIMIT 500",
            [.id(tenant)]
        ).map(Self.account)
    }

    /// The account of that id; nil where there is none in sight.
    package func find(_ id: NoticeAccountID, forUpdate: Bool = false) async throws -> NoticeAccount? {
        try await transaction.query(
            "SELECT \(Self.columns) FROM notice_providers WHERE id = $1" + (forUpdate ? " FOR UPDATE" : ""),
            [.id(id)]
        ).first.map(Self.account)
    }

    /// Throws `alreadyExists` (`notice_providers_name`).
    package func insert(_ account: NoticeAccount, sealed: [UInt8]?) async throws -> NoticeAccount {
        let rows = try await transaction.query(
            """
            INSERT INTO notice_providers (tenant_id, id, channel, kind, name, settings, sealed_secrets, position, is_enabled)
            VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8::integer, $9) RETURNING \(Self.columns)
            """,
            [
                .id(account.tenantID), .id(account.id), .text(account.channel.rawValue), .text(account.kind),
                .text(account.name), .jsonb(account.settingsJSON), sealed.map { .bytea($0) } ?? .null,
                .int8(Int64(account.position)), .bool(account.isEnabled),
            ]
        )
        return try rows.first.map(Self.account) ?? account
    }

    /// Stores what is changed of a row that was locked; its secrets stay where `sealed` is nil.
    package func update(_ account: NoticeAccount, sealed: [UInt8]?) async throws -> NoticeAccount {
        let secrets = sealed == nil ? "" : ", sealed_secrets = $7"
        var parameters: [PGValue] = [
            .id(account.tenantID), .id(account.id), .text(account.name), .jsonb(account.settingsJSON),
            .int8(Int64(account.position)), .bool(account.isEnabled),
        ]
        if let sealed { parameters.append(.bytea(sealed)) }
        let rows = try await transaction.query(
            """
            UPDATE notice_providers SET name = $3, settings = $4::jsonb, position = $5::integer, is_enabled = $6\(secrets)
            WHERE tenant_id = $1 AND id = $2 RETURNING \(Self.columns)
            """,
            parameters
        )
        guard let row = rows.first else { throw PersistenceError.notFound }
        return try Self.account(row)
    }

    package func remove(_ account: NoticeAccount) async throws {
        _ = try await transaction.query(
            "DELETE FROM notice_providers WHERE tenant_id = $1 AND id = $2",
            [.id(account.tenantID), .id(account.id)]
        )
    }

    private static func account(_ row: PGRow) throws -> NoticeAccount {
        var account = NoticeAccount(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            channel: try row.choice("channel"),
            kind: try row.need("kind", \.text),
            name: try row.need("name", \.text)
        )
        account.settings = try NoticeAccount.settings(try row.need("settings", \.text))
        account.position = try row.need("position", \.int)
        account.isEnabled = try row.need("is_enabled", \.bool)
        account.version = try row.need("row_version", \.int64)
        account.createdAt = row["created_at"].time
        account.updatedAt = row["updated_at"].time
        return account
    }
}
