package import Domain
import Postgres

/// Why something cannot be done to an endpoint now.
package enum WebhookRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The tenant has as many as it may have.
    case tooMany
    /// It is not enabled: nothing is sent there.
    case disabled
    /// It waits or is on its way: it need not be asked for again.
    case underWay

    package var description: String {
        switch self {
        case .tooMany: "a tenant has \(WebhookEndpoint.most) endpoints at most"
        case .disabled: "the endpoint is disabled: enable it first"
        case .underWay: "it is under way already"
        }
    }
}

/// What an endpoint is signed for with, in clear.
package struct WebhookSigningKeys: Sendable {
    package var secret: [UInt8]
    /// Of Ed25519; nil where it is not signed so.
    package var privateKey: [UInt8]?
    package var publicKey: [UInt8]?

    package init(secret: [UInt8], privateKey: [UInt8]? = nil, publicKey: [UInt8]? = nil) {
        self.secret = secret
        self.privateKey = privateKey
        self.publicKey = publicKey
    }
}

/// Changes endpoints of one scope, and asks for what is sent again.
package struct WebhookWriter {
    private let transaction: ScopedTransaction
    private let repository: WebhookRepository
    private let ids: IDGenerator

    /// Writes in that transaction.
    package init(_ transaction: ScopedTransaction, ids: IDGenerator) {
        self.transaction = transaction
        repository = WebhookRepository(transaction)
        self.ids = ids
    }

    // MARK: - Endpoints

    /// Stores a new endpoint. It is told what happens from about a second later on.
    package func create(
        _ endpoint: WebhookEndpoint,
        tenant: TenantID,
        keys: WebhookSigningKeys,
        secrets: WebhookSecrets
    ) async throws -> Change<WebhookEndpoint> {
        var endpoint = endpoint
        endpoint.tenantID = tenant
        endpoint.id = ids.next()
        try endpoint.validate()
        // Of several that are made at once the bound may be passed by as many: it is against floods, not a licence.
        let count = try await transaction.query(
            "SELECT count(*) FROM webhook_endpoints WHERE tenant_id = $1",
            [.id(tenant)]
        ).first?[0].int
        guard (count ?? 0) < WebhookEndpoint.most else { throw WebhookRefusal.tooMany }
        _ = try await transaction.query(
            """
            INSERT INTO webhook_endpoints (tenant_id, id, url, description, events, includes_children, reveals_people, allow_private,
                rate, sealed_secret, sealed_key, public_key, created_by)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
            """,
            [
                .id(tenant), .id(endpoint.id), .text(endpoint.url), .text(endpoint.description),
                .textArray(endpoint.events), .bool(endpoint.includesChildren), .bool(endpoint.revealsPeople),
                .bool(endpoint.allowPrivate), .int4(Int32(clamping: endpoint.rate)),
                .bytea(try secrets.seal(secret: keys.secret, of: endpoint.id, tenant: tenant)),
                try keys.privateKey.map { .bytea(try secrets.seal(key: $0, of: endpoint.id, tenant: tenant)) } ?? .null,
                keys.publicKey.map { .bytea($0) } ?? .null,
                .uuid(high: endpoint.createdBy.high, low: endpoint.createdBy.low),
            ]
        )
        return Change(before: nil, after: try await repository.find(endpoint.id).found())
    }

    /// Changes what `edit` changes; what waits is held where that disables the endpoint, and goes on where it enables it. Throws
    /// `VersionConflict` where the endpoint has another version than expected.
    package func update(
        _ id: WebhookEndpointID,
        expecting version: Int64? = nil,
        at now: Timestamp,
        _ edit: (inout WebhookEndpoint) throws -> Void
    ) async throws -> Change<WebhookEndpoint> {
        let before = try await repository.find(id, forUpdate: true).found()
        try VersionConflict.check(version, before.stamp?.version)
        var endpoint = before
        try edit(&endpoint)
        endpoint.tenantID = before.tenantID
        endpoint.id = id
        try endpoint.validate()
        if endpoint.isEnabled {
            endpoint.disabledReason = nil
            endpoint.disabledAt = nil
        } else if before.isEnabled {
            endpoint.disabledReason = "manual"
            endpoint.disabledAt = now
        }
        _ = try await transaction.query(
            """
            UPDATE webhook_endpoints SET url = $3, description = $4, events = $5, includes_children = $6, reveals_people = $7,
                allow_private = $8, rate = $9, is_enabled = $10, disabled_reason = $11, disabled_at = $12
            WHERE tenant_id = $1 AND id = $2
            """,
            [
                .id(endpoint.tenantID), .id(id), .text(endpoint.url), .text(endpoint.description),
                .textArray(endpoint.events), .bool(endpoint.includesChildren), .bool(endpoint.revealsPeople),
                .bool(endpoint.allowPrivate), .int4(Int32(clamping: endpoint.rate)), .bool(endpoint.isEnabled),
                .text(endpoint.disabledReason), .time(endpoint.disabledAt),
            ]
        )
        if endpoint.isEnabled, !before.isEnabled || endpoint.url != before.url { try await resume(endpoint, at: now) }
        if !endpoint.isEnabled, before.isEnabled { try await hold(endpoint) }
        return Change(before: before, after: try await repository.find(id).found())
    }

    /// Removes an endpoint with everything that was sent there.
    package func delete(_ id: WebhookEndpointID, expecting version: Int64? = nil) async throws -> Change<
        WebhookEndpoint
    > {
        let before = try await repository.find(id, forUpdate: true).found()
        try VersionConflict.check(version, before.stamp?.version)
        _ = try await transaction.query(
            "DELETE FROM webhook_endpoints WHERE tenant_id = $1 AND id = $2",
            [.id(before.tenantID), .id(id)]
        )
        return Change(before: before, after: nil)
    }

    /// Gives an endpoint another secret; the one before it signs too until `overlap`, and no longer where that is nil. A key pair takes
    /// the present one's place, or is left as it is.
    package func rotate(
        _ id: WebhookEndpointID,
        keys: WebhookSigningKeys,
        overlap: Timestamp?,
        secrets: WebhookSecrets
    ) async throws -> Change<WebhookEndpoint> {
        let before = try await repository.find(id, forUpdate: true).found()
        _ = try await transaction.query(
            """
            UPDATE webhook_endpoints SET sealed_previous = CASE WHEN $3::timestamptz IS NOT NULL THEN sealed_secret END,
                previous_until = $3, sealed_secret = $4, secret_set_at = clock_timestamp(),
                sealed_key = coalesce($5, sealed_key), public_key = coalesce($6, public_key)
            WHERE tenant_id = $1 AND id = $2
            """,
            [
                .id(before.tenantID), .id(id), .time(overlap),
                .bytea(try secrets.seal(secret: keys.secret, of: id, tenant: before.tenantID)),
                try keys.privateKey.map { .bytea(try secrets.seal(key: $0, of: id, tenant: before.tenantID)) } ?? .null,
                keys.publicKey.map { .bytea($0) } ?? .null,
            ]
        )
        return Change(before: before, after: try await repository.find(id).found())
    }

    // MARK: - Deliveries

    /// Has something sent that says nothing, once, also where the endpoint is disabled or paused.
    package func test(_ endpoint: WebhookEndpoint, payload: (EventID) -> [UInt8], at now: Timestamp) async throws
        -> WebhookDelivery
    {
        let id: WebhookDeliveryID = ids.next()
        let event: EventID = ids.next()
        _ = try await transaction.query(
            """
            INSERT INTO webhook_deliveries (tenant_id, id, endpoint_id, event_id, event_tenant_id, kind, sequence, is_test, payload,
                state, next_at, created_at)
            VALUES ($1, $2, $3, $4, $1, $5, 0, true, $6, 'pending', $7, $7)
            """,
            [
                .id(endpoint.tenantID), .id(id), .id(endpoint.id), .id(event), .text(WebhookFilter.test),
                .text(String(decoding: payload(event), as: UTF8.self)), .time(now),
            ]
        )
        return try await repository.delivery(id).found()
    }

    /// Has a delivery sent again, under the same `webhook-id`, ahead of what stands behind it.
    package func redeliver(_ id: WebhookDeliveryID, at now: Timestamp) async throws -> Change<WebhookDelivery> {
        let before = try await repository.delivery(id, forUpdate: true).found()
        guard before.state.isFinal else { throw WebhookRefusal.underWay }
        let endpoint = try await repository.find(before.endpointID).found()
        guard endpoint.isEnabled || before.isTest else { throw WebhookRefusal.disabled }
        _ = try await transaction.query(
            """
            UPDATE webhook_deliveries SET state = 'pending', attempts = 0, first_at = NULL, next_at = $3, ended_at = NULL
            WHERE tenant_id = $1 AND id = $2
            """,
            [.id(before.tenantID), .id(id), .time(now)]
        )
        return Change(before: before, after: try await repository.delivery(id).found())
    }

    // MARK: - Replays

    /// Has the events of the past sent again. Throws `alreadyExists` of `webhook_replays_open` while another one is under way.
    package func replay(_ replay: WebhookReplay) async throws -> WebhookReplay {
        let (sequence, time): (Int64?, Timestamp?) =
            switch replay.start {
            case .sequence(let sequence): (sequence, nil)
            case .time(let time): (nil, time)
            }
        guard let endpoint = try await repository.find(replay.endpointID), endpoint.isEnabled else {
            throw WebhookRefusal.disabled
        }
        _ = try await transaction.query(
            """
            INSERT INTO webhook_replays (tenant_id, id, endpoint_id, from_sequence, from_time, requested_by, requested_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            [
                .id(endpoint.tenantID), .id(replay.id), .id(endpoint.id), .number(sequence), .time(time),
                .uuid(high: replay.requestedBy.high, low: replay.requestedBy.low), .time(replay.requestedAt),
            ]
        )
        return try await repository.replay(replay.id).found()
    }

    /// Ends a replay that is under way; what it wrote is sent all the same.
    package func cancel(_ id: WebhookReplayID, at now: Timestamp) async throws -> Change<WebhookReplay> {
        let before = try await repository.replay(id).found()
        _ = try await transaction.query(
            """
            UPDATE webhook_replays SET state = 'cancelled', ended_at = $3
            WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL
            """,
            [.id(before.tenantID), .id(id), .time(now)]
        )
        return Change(before: before, after: try await repository.replay(id).found())
    }

    // MARK: - Private

    /// What was held goes on at once, as if it had never been tried.
    private func resume(_ endpoint: WebhookEndpoint, at now: Timestamp) async throws {
        let values: [PGValue] = [.id(endpoint.tenantID), .id(endpoint.id)]
        _ = try await transaction.pipeline([
            PGStatement(
                """
                UPDATE webhook_standings SET paused_until = NULL, failing_since = NULL, failures = 0
                WHERE tenant_id = $1 AND endpoint_id = $2
                """,
                values
            ),
            PGStatement(
                """
                UPDATE webhook_deliveries SET state = 'pending', attempts = 0, first_at = NULL, next_at = $3
                WHERE tenant_id = $1 AND endpoint_id = $2 AND state IN ('held', 'pending')
                """,
                values + [.time(now)]
            ),
        ])
    }

    private func hold(_ endpoint: WebhookEndpoint) async throws {
        _ = try await transaction.query(
            """
            UPDATE webhook_deliveries SET state = 'held', next_at = NULL
            WHERE tenant_id = $1 AND endpoint_id = $2 AND state = 'pending' AND NOT is_test
            """,
            [.id(endpoint.tenantID), .id(endpoint.id)]
        )
    }
}
