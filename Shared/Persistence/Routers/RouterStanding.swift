package import Domain
package import Postgres

/// How far a service's operations on routers are: for whoever waits for them before the next step. The database asks for operations in
/// the commit of the change that they follow from, so that after a change of a service its operations are there to be waited for.
///
/// A service that lives on no router never has one. Serves any role that may read router_operations:
/// `RouterStanding(try await transaction.query(RouterStanding.sql, RouterStanding.values(tenant, service)))`.
package struct RouterStanding: Hashable, Sendable {
    /// Operations that have not ended.
    package let unfinished: Int
    /// Why the first of them waits, where there is a reason: a stable word such as `unreachable`.
    package let waitsFor: String?
    /// Why the last of a kind failed, where it did and nobody tried again: a stable word, and the router's own words.
    package let failure: Failure?

    package struct Failure: Hashable, Sendable {
        package let kind: RouterOperationKind
        package let reason: String
        package let detail: String?
    }

    /// Of a service's operations those that have not ended, and the last of each kind that did.
    package static let sql = """
        SELECT r.kind, r.state, r.reason, r.detail FROM router_operations r
        WHERE r.tenant_id = $1 AND r.service_id = $2 AND (r.ended_at IS NULL OR r.number IN (
            SELECT max(l.number) FROM router_operations l
            WHERE l.tenant_id = $1 AND l.service_id = $2 AND (l.state IN ('done', 'failed')
                OR (l.state = 'superseded' AND l.reason = 'needless')) GROUP BY l.kind))
        ORDER BY r.number
        """

    package static func values(_ tenant: TenantID, _ service: ServiceID) -> [PGValue] { [.id(tenant), .id(service)] }

    package init(_ rows: some Sequence<PGRow>) throws {
        var unfinished = 0
        var waitsFor: String?
        var failure: Failure?
        for row in rows {
            let state: RouterOperationState = try row.choice("state")
            if !state.isFinal {
                unfinished += 1
                waitsFor = waitsFor ?? row["reason"].text
            } else if state == .failed {
                failure = Failure(
                    kind: try row.choice("kind"),
                    reason: try row.need("reason", \.text),
                    detail: row["detail"].text
                )
            }
        }
        (self.unfinished, self.waitsFor, self.failure) = (unfinished, waitsFor, failure)
    }
}
