import Domain
import Postgres

/// The statements of ``WebhookStore``.
enum WebhookSQL {
    /// The first half of the two-number lock of whoever sends webhooks.
    static let lockClass: Int32 = 0x5748

    static let roster = """
        SELECT tenant_id, id, events, includes_children, reveals_people FROM webhook_endpoints WHERE is_enabled
        """
    static let parents = "SELECT id, parent_id FROM tenants WHERE parent_id IS NOT NULL"

    static let begin = """
        INSERT INTO webhook_position (sequence, stream_created) VALUES ($1, $2)
        ON CONFLICT (is_only) DO UPDATE SET sequence = $1, stream_created = $2, updated_at = clock_timestamp()
        """
    static let advance = """
        UPDATE webhook_position SET sequence = $3, updated_at = clock_timestamp() WHERE sequence = $1 AND stream_created = $2
        """

    /// What is written already stays as it is. The row of an endpoint that went in between is not there to be joined.
    static let plan = """
        INSERT INTO webhook_deliveries (tenant_id, endpoint_id, event_id, event_tenant_id, kind, sequence, payload, next_at, created_at)
        \(planned)
        ON CONFLICT ON CONSTRAINT webhook_deliveries_once DO NOTHING
        """

    /// The same for events of the past: what had ended is to be sent again.
    static let replan = """
        INSERT INTO webhook_deliveries AS d (tenant_id, endpoint_id, event_id, event_tenant_id, kind, sequence, payload, next_at,
            created_at)
        \(planned)
        ON CONFLICT ON CONSTRAINT webhook_deliveries_once DO UPDATE
            SET state = 'pending', attempts = 0, first_at = NULL, next_at = excluded.next_at, ended_at = NULL
        WHERE d.state IN ('delivered', 'failed', 'held')
        """

    private static let planned = """
        SELECT k.tenant_id, k.endpoint_id, k.event_id, k.event_tenant_id, k.kind, k.sequence, k.payload, $8, $8
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::bigint[], $7::text[])
            WITH ORDINALITY AS k (tenant_id, endpoint_id, event_id, event_tenant_id, kind, sequence, payload, place)
        JOIN webhook_endpoints e ON e.tenant_id = k.tenant_id AND e.id = k.endpoint_id AND e.is_enabled
        ORDER BY k.place
        """

    static func values(_ deliveries: [PlannedDelivery], _ now: Timestamp) -> [PGValue] {
        [
            .uuids(deliveries.map(\.tenantID.value)), .uuids(deliveries.map(\.endpointID.value)),
            .uuids(deliveries.map(\.eventID.value)), .uuids(deliveries.map(\.eventTenantID.value)),
            .textArray(deliveries.map(\.kind)), .int8Array(deliveries.map { Int64(clamping: $0.sequence) }),
            .textArray(deliveries.map { String(decoding: $0.payload, as: UTF8.self) }), .time(now),
        ]
    }

    /// An endpoint whose first delivery is on its way, or may not be sent yet, is not due, whatever waits behind it. Tenants take turns.
    static let due = """
        SELECT e.tenant_id, e.id AS endpoint_id FROM webhook_endpoints e
        JOIN webhook_standings s ON s.tenant_id = e.tenant_id AND s.endpoint_id = e.id
        CROSS JOIN LATERAL (
            SELECT d.state, d.next_at, d.claimed_until, d.is_test, d.created_at FROM webhook_deliveries d
            WHERE d.tenant_id = e.tenant_id AND d.endpoint_id = e.id AND d.state IN ('pending', 'sending')
            ORDER BY d.sequence, d.id LIMIT 1) h
        WHERE (h.is_test OR e.is_enabled AND (s.paused_until IS NULL OR s.paused_until <= $1))
            AND (h.next_at <= $1 OR h.claimed_until <= $1)
        ORDER BY row_number() OVER (PARTITION BY e.tenant_id ORDER BY h.created_at), h.created_at LIMIT $2
        """

    static let claim = """
        WITH head AS (
            SELECT d.tenant_id, d.id, e.url, e.allow_private, e.rate, e.sealed_secret, e.sealed_key,
                CASE WHEN e.previous_until > $3 THEN e.sealed_previous END AS sealed_previous,
                s.paused_until, s.failing_since, s.failures, s.last_success_at, s.last_failure_at, s.last_error AS standing_error
            FROM (
                SELECT * FROM webhook_deliveries
                WHERE tenant_id = $1 AND endpoint_id = $2 AND state IN ('pending', 'sending') ORDER BY sequence, id LIMIT 1) d
            JOIN webhook_endpoints e ON e.tenant_id = d.tenant_id AND e.id = d.endpoint_id
            JOIN webhook_standings s ON s.tenant_id = d.tenant_id AND s.endpoint_id = d.endpoint_id
            WHERE (d.is_test OR e.is_enabled AND (s.paused_until IS NULL OR s.paused_until <= $3))
                AND (d.next_at <= $3 OR d.claimed_until <= $3))
        UPDATE webhook_deliveries r SET state = 'sending', next_at = NULL, claimed_until = $4, attempts = r.attempts + 1,
            first_at = coalesce(r.first_at, $3)
        FROM head h
        WHERE r.tenant_id = h.tenant_id AND r.id = h.id AND (r.next_at <= $3 OR r.claimed_until <= $3)
        RETURNING \(WebhookRows.delivery), r.payload, h.url, h.allow_private, h.rate, h.sealed_secret, h.sealed_previous,
            h.sealed_key, h.paused_until, h.failing_since, h.failures, h.last_success_at, h.last_failure_at, h.standing_error
        """

    /// Only by whoever has the claim.
    static let finish = """
        UPDATE webhook_deliveries SET state = $4, next_at = $5, ended_at = $6, claimed_until = NULL, last_status = $7,
            latency_ms = $8, last_error = $9, excerpt = $10
        WHERE tenant_id = $1 AND id = $2 AND state = 'sending' AND claimed_until = $3
        """

    static func values(_ claimed: ClaimedDelivery, _ outcome: WebhookOutcome, _ now: Timestamp) -> [PGValue] {
        let (state, next): (WebhookDelivery.State, Timestamp?) =
            switch outcome.end {
            case .delivered: (.delivered, nil)
            case .failed: (.failed, nil)
            case .again(let at): (.pending, at)
            case .held: (.held, nil)
            }
        let attempt = outcome.attempt
        return [
            .id(claimed.delivery.tenantID), .id(claimed.delivery.id), .time(claimed.claimedUntil),
            .text(state.rawValue), .time(next), .time(state.isFinal ? now : nil), int4(attempt.status),
            int4(attempt.latencyMilliseconds), .text(attempt.error), .text(attempt.excerpt),
        ]
    }

    /// Numbered in the log and not by the delivery: that begins anew where somebody has it sent again.
    static let attempt = """
        INSERT INTO webhook_attempts (tenant_id, delivery_id, number, at, status, latency_ms, error, excerpt)
        SELECT $1, $2, coalesce(max(a.number), 0) + 1, $3, $4, $5, $6, $7 FROM webhook_attempts a
        WHERE a.tenant_id = $1 AND a.delivery_id = $2
        """

    static func values(_ delivery: WebhookDelivery, _ attempt: WebhookAttempt) -> [PGValue] {
        [
            .id(delivery.tenantID), .id(delivery.id), .time(attempt.at), int4(attempt.status),
            int4(attempt.latencyMilliseconds), .text(attempt.error), .text(attempt.excerpt),
        ]
    }

    static let standing = """
        UPDATE webhook_standings SET paused_until = $3, failing_since = $4, failures = $5, last_success_at = $6,
            last_failure_at = $7, last_error = $8
        WHERE tenant_id = $1 AND endpoint_id = $2
        """

    static func values(_ ref: WebhookRef, _ standing: WebhookStanding) -> [PGValue] {
        [
            .id(ref.tenantID), .id(ref.id), .time(standing.pausedUntil), .time(standing.failingSince),
            .int4(Int32(clamping: standing.failures)), .time(standing.lastSuccessAt), .time(standing.lastFailureAt),
            .text(standing.lastError),
        ]
    }

    static let figures = """
        SELECT p.pending, p.oldest, (SELECT count(*) FROM webhook_deliveries WHERE state = 'held') AS held, e.enabled, e.disabled,
            e.failing
        FROM (SELECT count(*) AS pending, min(created_at) AS oldest FROM webhook_deliveries
            WHERE state IN ('pending', 'sending')) p,
        (SELECT count(*) FILTER (WHERE r.is_enabled) AS enabled, count(*) FILTER (WHERE NOT r.is_enabled) AS disabled,
            count(*) FILTER (WHERE r.is_enabled AND s.failing_since IS NOT NULL) AS failing
            FROM webhook_endpoints r \(WebhookRows.joins)) e
        """

    static let forgetDeliveries = """
        DELETE FROM webhook_deliveries WHERE (tenant_id, id) IN (
            SELECT tenant_id, id FROM webhook_deliveries WHERE created_at < $1 AND state IN ('delivered', 'failed', 'held')
            ORDER BY created_at LIMIT $2)
        """
    static let forgetReplays = """
        DELETE FROM webhook_replays WHERE (tenant_id, id) IN (
            SELECT tenant_id, id FROM webhook_replays WHERE ended_at < $1 LIMIT $2)
        """

    private static func int4(_ number: Int?) -> PGValue { number.map { .int4(Int32(clamping: $0)) } ?? .null }
}
