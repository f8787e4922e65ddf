package import Domain
import Postgres

/// A device that a notice goes to, with its token sealed.
package struct PushTarget: Hashable, Sendable {
    package var id: PushTokenID
    package var digest: [UInt8]
    package var sealedToken: [UInt8]

    package init(id: PushTokenID, digest: [UInt8], sealedToken: [UInt8]) {
        (self.id, self.digest, self.sealedToken) = (id, digest, sealedToken)
    }
}

extension NoticeSources {
    /// The recipient's devices, the last seen first, at most `limit`: of a customer those of the people who sign in for him. Where the notice
    /// names one it is that one, as long as it is his.
    package func devices(of notice: ClaimedNotice, limit: Int) async throws(StorageFault) -> [PushTarget] {
        try await guardedRows {
            try await executor.query(
                """
                SELECT d.id, d.digest, d.sealed_token FROM push_tokens d JOIN users u ON u.tenant_id = d.tenant_id AND u.id = d.recipient_id
                    AND u.is_active AND u.deleted_at IS NULL
                WHERE d.tenant_id = $1 AND d.recipient_kind = 'user' AND ($4::text IS NULL OR d.id::text = $4)
                    AND CASE $2 WHEN 'customer' THEN u.customer_id = $3 ELSE u.id = $3 END
                ORDER BY d.last_seen_at DESC, d.id DESC LIMIT $5
                """,
                [
                    .id(notice.tenantID), .text(notice.recipientKind), Self.uuid(notice.recipientID),
                    .text(notice.address), .int8(Int64(limit)),
                ]
            ).map { row in
                PushTarget(
                    id: try row.need("id") { $0.id() },
                    digest: try row.need("digest", \.bytes),
                    sealedToken: try row.need("sealed_token", \.bytes)
                )
            }
        }
    }

    /// Forgets devices whose application was removed, or that were never ours.
    package func forget(_ devices: [PushTokenID], in tenant: TenantID) async throws(StorageFault) {
        try await guardedRows {
            _ = try await executor.query(
                "DELETE FROM push_tokens WHERE tenant_id = $1 AND id = ANY ($2::uuid[])",
                [.id(tenant), .uuids(devices.map(\.value))]
            )
        }
    }
}
