package import Domain
import Postgres

extension NoticePlans {
    /// Staff who are told of a kind, by their places in what is asked: users of the tenant itself who may sign in and whose roles its rule
    /// names, or those that are named here where it has none. Those of its ancestors are not told of its devices.
    package func staff(
        _ asked: [(tenant: TenantID, kind: String, roles: [String])]
    ) async throws(StorageFault) -> [Int: [UserID]] {
        guard !asked.isEmpty else { return [:] }
        return try await guarded {
            var found: [Int: [UserID]] = [:]
            for row in try await self.session.query(
                """
                SELECT k.place, u.id
                FROM unnest($1::uuid[], $2::text[], $3::text[]) WITH ORDINALITY AS k (tenant_id, kind, roles, place)
                LEFT JOIN notice_rules r ON r.tenant_id = k.tenant_id AND r.kind = k.kind
                JOIN users u ON u.tenant_id = k.tenant_id AND u.role = ANY (coalesce(r.roles, string_to_array(k.roles, ',')))
                    AND u.is_active AND u.deleted_at IS NULL AND u.customer_id IS NULL
                ORDER BY k.place, u.id
                """,
                [
                    .uuids(asked.map(\.tenant.value)), .textArray(asked.map(\.kind)),
                    .textArray(asked.map { $0.roles.joined(separator: ",") }),
                ]
            ) {
                found[try row.need("place", \.int) - 1, default: []].append(try row.need("id") { $0.id() })
            }
            return found
        }
    }
}
