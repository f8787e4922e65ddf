package import Domain
import Postgres

/// One account with one provider, as its tenant set it up. Of two of one id, the one of the higher version is the newer.
package struct NoticeProviderRow: Hashable, Sendable {
    /// Whose it is: the tenant that asks, or one above it.
    package var tenantID: TenantID
    package var id: NoticeProviderID
    package var channel: String
    package var kind: String
    /// What is no secret, as text by its names.
    package var settings: [String: String]
    package var sealedSecrets: [UInt8]?
    package var version: Int64
    /// Whether its tenant is the operator, above whom there is none.
    package var isOperators: Bool

    package init(
        tenantID: TenantID,
        id: NoticeProviderID,
        channel: String,
        kind: String,
        settings: [String: String],
        sealedSecrets: [UInt8]?,
        version: Int64,
        isOperators: Bool = false
    ) {
        self.tenantID = tenantID
        self.id = id
        self.channel = channel
        self.kind = kind
        self.settings = settings
        self.sealedSecrets = sealedSecrets
        self.version = version
        self.isOperators = isOperators
    }
}

extension NoticeProviderRow {
    /// As a statement reads it; not whether its tenant is the operator.
    init(_ row: PGRow) throws {
        self.init(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("provider_id") { $0.id() },
            channel: try row.need("channel", \.text),
            kind: try row.need("kind", \.text),
            settings: NoticeTexts.read(Array(try row.need("settings", \.text).utf8)),
            sealedSecrets: row["sealed_secrets"].bytes,
            version: try row.need("row_version", \.int64)
        )
    }

    /// As the roster has it.
    init(inRoster row: PGRow) throws {
        try self.init(row)
        isOperators = try row.need("is_operators", \.bool)
    }
}
