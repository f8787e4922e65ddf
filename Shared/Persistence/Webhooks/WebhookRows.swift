import Domain
import Postgres

/// Columns and rows of webhooks.
enum WebhookRows {
    /// Of an endpoint `r` and its standing `s`; what is sealed stays where it is.
    static let endpoint = """
        r.tenant_id, r.id, r.url, r.description, r.events, r.includes_children, r.reveals_people, r.allow_private, r.rate, \
        r.is_enabled, r.disabled_reason, r.disabled_at, r.previous_until, r.public_key, r.secret_set_at, r.created_by, \
        r.row_version, r.created_at, r.updated_at, s.paused_until, s.failing_since, s.failures, s.last_success_at, \
        s.last_failure_at, s.last_error
        """
    static let joins = "JOIN webhook_standings s ON s.tenant_id = r.tenant_id AND s.endpoint_id = r.id"

    /// Of a delivery `r`, without its payload.
    static let delivery = """
        r.tenant_id, r.id, r.endpoint_id, r.event_id, r.event_tenant_id, r.kind, r.sequence, r.is_test, r.state, r.attempts, \
        r.first_at, r.next_at, r.last_status, r.latency_ms, r.last_error, r.excerpt, r.created_at, r.ended_at
        """

    /// Of a replay `r`.
    static let replay = """
        r.tenant_id, r.id, r.endpoint_id, r.from_sequence, r.from_time, r.position, r.until_sequence, r.state, r.reason, \
        r.found, r.requested_by, r.requested_at, r.ended_at
        """

    static func endpoint(_ row: PGRow) throws -> WebhookEndpoint {
        var endpoint = WebhookEndpoint(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            url: try row.need("url", \.text),
            events: try row.need("events", \.textArray).compactMap { $0 },
            createdBy: try uuid(row, "created_by")
        )
        endpoint.description = try row.need("description", \.text)
        endpoint.includesChildren = try row.need("includes_children", \.bool)
        endpoint.revealsPeople = try row.need("reveals_people", \.bool)
        endpoint.allowPrivate = try row.need("allow_private", \.bool)
        endpoint.rate = try row.need("rate", \.int)
        endpoint.isEnabled = try row.need("is_enabled", \.bool)
        endpoint.disabledReason = row["disabled_reason"].text
        endpoint.disabledAt = row["disabled_at"].time
        endpoint.previousUntil = row["previous_until"].time
        endpoint.publicKey = row["public_key"].bytes
        endpoint.secretSetAt = row["secret_set_at"].time
        endpoint.standing = try standing(row)
        endpoint.stamp = try row.stamp()
        return endpoint
    }

    /// `error` names the column of its word, where a delivery has one of that name.
    static func standing(_ row: PGRow, error: String = "last_error") throws -> WebhookStanding {
        WebhookStanding(
            pausedUntil: row["paused_until"].time,
            failingSince: row["failing_since"].time,
            failures: try row.need("failures", \.int),
            lastSuccessAt: row["last_success_at"].time,
            lastFailureAt: row["last_failure_at"].time,
            lastError: row[error].text
        )
    }

    static func delivery(_ row: PGRow) throws -> WebhookDelivery {
        var delivery = WebhookDelivery(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            endpointID: try row.need("endpoint_id") { $0.id() },
            eventID: try row.need("event_id") { $0.id() },
            eventTenantID: try row.need("event_tenant_id") { $0.id() },
            kind: try row.need("kind", \.text),
            sequence: try row.need("sequence", \.int64),
            isTest: try row.need("is_test", \.bool),
            state: try row.choice("state"),
            attempts: try row.need("attempts", \.int),
            createdAt: try row.need("created_at", \.time)
        )
        delivery.firstAt = row["first_at"].time
        delivery.nextAt = row["next_at"].time
        delivery.lastStatus = row["last_status"].int
        delivery.latencyMilliseconds = row["latency_ms"].int
        delivery.lastError = row["last_error"].text
        delivery.excerpt = row["excerpt"].text
        delivery.endedAt = row["ended_at"].time
        return delivery
    }

    static func attempt(_ row: PGRow) throws -> WebhookAttempt {
        WebhookAttempt(
            number: try row.need("number", \.int),
            at: try row.need("at", \.time),
            status: row["status"].int,
            latencyMilliseconds: try row.need("latency_ms", \.int),
            error: row["error"].text,
            excerpt: row["excerpt"].text
        )
    }

    static func replay(_ row: PGRow) throws -> WebhookReplay {
        let start: WebhookReplay.Start
        if let sequence = row["from_sequence"].int64 {
            start = .sequence(sequence)
        } else {
            start = .time(try row.need("from_time", \.time))
        }
        var replay = WebhookReplay(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            endpointID: try row.need("endpoint_id") { $0.id() },
            start: start,
            requestedBy: try uuid(row, "requested_by"),
            requestedAt: try row.need("requested_at", \.time)
        )
        replay.position = row["position"].int64
        replay.untilSequence = row["until_sequence"].int64
        replay.state = try row.choice("state")
        replay.reason = row["reason"].text
        replay.found = try row.need("found", \.int)
        replay.endedAt = row["ended_at"].time
        return replay
    }

    static func uuid(_ row: PGRow, _ column: String) throws -> UUID128 {
        try row.need(column) { $0.uuid.map { UUID128(high: $0.high, low: $0.low) } }
    }
}
