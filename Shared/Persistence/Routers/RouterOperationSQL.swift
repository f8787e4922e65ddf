import Domain
import Postgres

/// The statements of ``RouterOperationStore``. Those that write take arrays, one element per row.
enum RouterOperationSQL {
    /// The first half of the two-number lock of whoever speaks to routers.
    static let lockClass: Int32 = 0x5254

    /// The columns of an operation under the alias `r`.
    static let columns = """
        r.tenant_id, r.id, r.number, r.device_id, r.kind, r.service_id, r.plan_id, r.username, r.correlation_id, r.operation_id, \
        r.requested_at, r.state, r.attempts, r.reason, r.detail, r.started_at, r.ended_at, r.next_at
        """

    /// Those that a process was at which is no more.
    static let recover = "UPDATE router_operations SET state = 'pending' WHERE ended_at IS NULL AND state = 'running'"

    /// Routers that have something to do, those that wait longest first.
    static let routers = """
        SELECT r.tenant_id, r.device_id FROM router_operations r WHERE r.ended_at IS NULL AND r.next_at <= $1
        GROUP BY r.tenant_id, r.device_id ORDER BY min(r.number) LIMIT $2
        """

    /// The first of a router's open operations.
    static let open = """
        SELECT \(columns) FROM router_operations r
        WHERE r.tenant_id = $1 AND r.device_id = $2 AND r.ended_at IS NULL ORDER BY r.number LIMIT $3
        """

    static let target = """
        SELECT d.tenant_id, d.id, d.row_version, d.kind, d.vendor, d.host, d.port, d.uses_tls, d.certificate_fingerprint, d.username,
            d.password, d.is_active
        FROM devices d WHERE d.tenant_id = $1 AND d.id = $2
        """

    /// Services as they are now, with the plan whose speeds they have.
    static let services = """
        SELECT s.id, s.router_id, s.username, s.status, host(s.static_ipv4) AS static_ipv4, s.expires_at,
            CASE s.restriction WHEN 'blocked' THEN s.restricted_until END AS blocked_until,
            CASE WHEN c.deleted_at IS NULL THEN c.status ELSE 'terminated' END AS customer_status, t.is_active, k.password,
            coalesce(CASE WHEN s.boosted_until > $3 THEN s.boost_plan_id END, s.plan_id) AS plan_id
        FROM services s JOIN customers c ON c.tenant_id = s.tenant_id AND c.id = s.customer_id
        JOIN tenants t ON t.id = s.tenant_id
        LEFT JOIN service_credentials k ON k.tenant_id = s.tenant_id AND k.service_id = s.id
        WHERE s.tenant_id = $1 AND s.id = ANY ($2::uuid[])
        """

    /// Of those names the ones that a service of the router has now.
    static let held = """
        SELECT s.username FROM services s
        WHERE s.tenant_id = $1 AND s.router_id = $2 AND s.username = ANY ($3::text[]) AND s.status IN ('active', 'suspended')
        """

    static let plans = "SELECT \(PlanRepository.columns) FROM plans WHERE tenant_id = $1 AND id = ANY ($2::uuid[])"
    static let settings = """
        SELECT \(PlanRepository.advancedColumns) FROM plan_advanced_settings WHERE tenant_id = $1 AND plan_id = ANY ($2::uuid[])
        """
    static let profiles = """
        SELECT \(BandwidthProfileRepository.columns) FROM bandwidth_profiles r WHERE r.tenant_id = $1 AND r.id IN (
            SELECT p.bandwidth_profile_id FROM plans p WHERE p.tenant_id = $1 AND p.id = ANY ($2::uuid[]))
        """

    /// The name of somebody who is gone from the router is kept no longer than it takes.
    static let write = """
        UPDATE router_operations r SET state = k.state, attempts = k.attempts, reason = k.reason, detail = k.detail,
            started_at = k.started_at, ended_at = k.ended_at, next_at = k.next_at,
            username = CASE WHEN k.state IN ('done', 'superseded') THEN NULL ELSE r.username END
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::timestamptz[],
                $8::timestamptz[], $9::timestamptz[])
            AS k (tenant_id, id, state, attempts, reason, detail, started_at, ended_at, next_at)
        WHERE r.tenant_id = k.tenant_id AND r.id = k.id AND r.ended_at IS NULL
        RETURNING r.tenant_id, r.id
        """

    /// Everything that waits for a router says why.
    static let away = """
        UPDATE router_operations SET reason = $3, state = 'pending'
        WHERE tenant_id = $1 AND device_id = $2 AND ended_at IS NULL AND (reason IS DISTINCT FROM $3 OR state <> 'pending')
        """

    /// Services whose time came: that changes no row, and nothing else asks for them. Looked for a week back, which is less than
    /// operations are kept.
    static let expire = """
        INSERT INTO router_operations (tenant_id, device_id, kind, service_id, requested_at, next_at)
        SELECT s.tenant_id, s.router_id, 'sync_service', s.id, $1, $1 FROM services s
        WHERE s.router_id IS NOT NULL AND s.status = 'active' AND EXISTS (
            SELECT FROM (VALUES (s.expires_at), (s.boosted_until),
                (CASE s.restriction WHEN 'blocked' THEN s.restricted_until END)) AS k (at)
            WHERE k.at <= $1 AND k.at > $1 - interval '7 days' AND NOT EXISTS (
                SELECT FROM router_operations r WHERE r.tenant_id = s.tenant_id AND r.service_id = s.id
                    AND r.kind = 'sync_service' AND r.device_id = s.router_id AND r.requested_at >= k.at))
        """

    /// How many wait, and since when the oldest of them.
    static let figures = """
        SELECT count(*) AS waiting, min(requested_at) AS oldest FROM router_operations WHERE ended_at IS NULL
        """

    static let forget = """
        DELETE FROM router_operations WHERE (tenant_id, id) IN (
            SELECT tenant_id, id FROM router_operations WHERE ended_at < $1 ORDER BY ended_at LIMIT $2)
        """

    /// An operation as a row of `columns` holds it.
    static func operation(_ row: PGRow) throws -> RouterOperation {
        let operation = RouterOperation(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            number: try row.need("number", \.int64),
            deviceID: try row.need("device_id") { $0.id() },
            kind: try row.choice("kind"),
            serviceID: row["service_id"].id(),
            planID: row["plan_id"].id(),
            username: row["username"].text,
            correlationID: row["correlation_id"].text,
            operationID: row["operation_id"].uuid.map { UUID128(high: $0.high, low: $0.low) },
            requestedAt: try row.need("requested_at", \.time)
        )
        return operation.standing(
            RouterOperation.Standing(
                state: try row.choice("state"),
                attempts: try row.need("attempts", \.int),
                reason: row["reason"].text,
                detail: row["detail"].text,
                startedAt: row["started_at"].time,
                endedAt: row["ended_at"].time,
                nextAt: row["next_at"].time
            )
        )
    }
}
