package import Domain
import Postgres

/// A code that a notice carries, with where it goes.
package struct NoticeCode: Hashable, Sendable {
    package var userID: UserID
    package var way: CodeWay
    package var address: String
    package var expiresAt: Timestamp
    /// Nobody used it, and no newer one took its place.
    package var isOpen: Bool
    /// Gone once it was sent.
    package var sealedCode: [UInt8]?

    package init(
        userID: UserID,
        way: CodeWay,
        address: String,
        expiresAt: Timestamp,
        isOpen: Bool,
        sealedCode: [UInt8]?
    ) {
        (self.userID, self.way, self.address) = (userID, way, address)
        (self.expiresAt, self.isOpen, self.sealedCode) = (expiresAt, isOpen, sealedCode)
    }
}

extension NoticeSources {
    /// Nil where there is none any more.
    package func code(_ id: LoginCodeID, in tenant: TenantID) async throws(StorageFault) -> NoticeCode? {
        try await guardedRows {
            try await executor.query(
                """
                SELECT user_id, channel, address, expires_at, used_at IS NULL AND replaced_at IS NULL AS is_open, sealed_code
                FROM login_codes WHERE tenant_id = $1 AND id = $2
                """,
                [.id(tenant), .id(id)]
            ).first.map { row in
                NoticeCode(
                    userID: try row.need("user_id") { $0.id() },
                    way: try row.choice("channel"),
                    address: try row.need("address", \.text),
                    expiresAt: try row.need("expires_at", \.time),
                    isOpen: try row.need("is_open", \.bool),
                    sealedCode: row["sealed_code"].bytes
                )
            }
        }
    }
}
