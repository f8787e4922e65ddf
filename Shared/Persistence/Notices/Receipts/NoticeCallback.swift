package import Domain
import Postgres

/// A provider's request as it came, by which it tells of messages that it took.
package struct NoticeCallback: Hashable, Sendable {
    package var host: String
    /// The path with its query.
    package var target: String
    /// By their names in lower case.
    package var headers: [String: String]
    package var body: [UInt8]

    package init(host: String, target: String, headers: [String: String], body: [UInt8]) {
        (self.host, self.target, self.headers, self.body) = (host, target, headers, body)
    }
}

/// Where the gateway leaves what providers tell: whether it is theirs it cannot know.
package struct NoticeCallbackInbox {
    /// What may wait of one account. More is taken once the notifier has caught up.
    package static let most = 10_000

    private let transaction: ScopedTransaction

    /// Writes in that transaction.
    package init(_ transaction: ScopedTransaction) { self.transaction = transaction }

    /// Keeps a request for an account. False where too many of the account wait already.
    package func keep(
        _ callback: NoticeCallback,
        of provider: UUID128,
        in tenant: TenantID,
        at now: Timestamp
    ) async throws -> Bool {
        let rows = try await transaction.query(
            """
            INSERT INTO notice_callbacks (tenant_id, provider_id, host, target, headers, body, received_at, next_at)
            SELECT $1, $2, $3, $4, $5, $6, $7, $7 WHERE (
                SELECT count(*) FROM (SELECT FROM notice_callbacks WHERE tenant_id = $1 AND provider_id = $2 LIMIT $8) waiting
            ) < $8
            """,
            [
                .id(tenant), .uuid(high: provider.high, low: provider.low), .text(callback.host),
                .text(callback.target), .jsonb(String(decoding: NoticeTexts.write(callback.headers), as: UTF8.self)),
                .bytea(callback.body), .time(now),
                .int8(Int64(Self.most)),
            ]
        )
        return rows.affectedRows == 1
    }
}

extension TenantPool {
    /// Whose account with a provider that is; nil for what is nobody's.
    package func tenant(ofNoticeProvider id: UUID128) async throws -> TenantID? {
        try await lookUp("SELECT tenant_of_notice_provider($1) AS id", [.uuid(high: id.high, low: id.low)])
    }
}
