package import Domain
import Postgres

/// The endpoints, deliveries and replays of one scope, as people look at them.
package struct WebhookRepository {
    private let transaction: ScopedTransaction

    /// Reads in that transaction.
    package init(_ transaction: ScopedTransaction) { self.transaction = transaction }

    /// The endpoint of that id, locked against other writers when asked for.
    package func find(_ id: WebhookEndpointID, forUpdate: Bool = false) async throws -> WebhookEndpoint? {
        try await transaction.query(
            "SELECT \(WebhookRows.endpoint) FROM webhook_endpoints r \(WebhookRows.joins) WHERE r.id = $1"
                + (forUpdate ? " FOR UPDATE OF r" : ""),
            [.id(id)]
        ).first.map(WebhookRows.endpoint)
    }

    /// Up to `limit` endpoints in the order they were made, after the one named.
    package func list(after: WebhookEndpointID? = nil, limit: Int) async throws -> [WebhookEndpoint] {
        try await transaction.query(
            """
            SELECT \(WebhookRows.endpoint) FROM webhook_endpoints r \(WebhookRows.joins)
            WHERE ($1::uuid IS NULL OR r.id > $1) ORDER BY r.id LIMIT $2
            """,
            [.id(after), .int8(Int64(limit))]
        ).map(WebhookRows.endpoint)
    }

    /// The delivery of that id.
    package func delivery(_ id: WebhookDeliveryID, forUpdate: Bool = false) async throws -> WebhookDelivery? {
        try await transaction.query(
            "SELECT \(WebhookRows.delivery) FROM webhook_deliveries r WHERE r.id = $1"
                + (forUpdate ? " FOR UPDATE" : ""),
            [.id(id)]
        ).first.map(WebhookRows.delivery)
    }

    /// Up to `limit` deliveries of an endpoint, the newest first, behind the one named.
    package func deliveries(
        of endpoint: WebhookEndpoint,
        state: WebhookDelivery.State? = nil,
        after: WebhookDeliveryID? = nil,
        limit: Int
    ) async throws -> [WebhookDelivery] {
        try await transaction.query(
            """
            SELECT \(WebhookRows.delivery) FROM webhook_deliveries r
            WHERE r.tenant_id = $1 AND r.endpoint_id = $2 AND ($3::text IS NULL OR r.state = $3)
                AND ($4::uuid IS NULL OR r.id < $4)
            ORDER BY r.id DESC LIMIT $5
            """,
            [
                .id(endpoint.tenantID), .id(endpoint.id), .text(state?.rawValue), .id(after), .int8(Int64(limit)),
            ]
        ).map(WebhookRows.delivery)
    }

    /// Each time that a delivery was sent, the newest hundred in their order.
    package func attempts(of delivery: WebhookDelivery) async throws -> [WebhookAttempt] {
        try await transaction.query(
            """
            SELECT number, at, status, latency_ms, error, excerpt FROM webhook_attempts
            WHERE tenant_id = $1 AND delivery_id = $2 ORDER BY number DESC LIMIT 100
            """,
            [.id(delivery.tenantID), .id(delivery.id)]
        ).map(WebhookRows.attempt).reversed()
    }

    /// The replay of that id.
    package func replay(_ id: WebhookReplayID) async throws -> WebhookReplay? {
        try await transaction.query(
            "SELECT \(WebhookRows.replay) FROM webhook_replays r WHERE r.id = $1",
            [.id(id)]
        ).first.map(WebhookRows.replay)
    }

    /// Up to `limit` replays of an endpoint, the newest first, behind the one named.
    package func replays(of endpoint: WebhookEndpoint, after: WebhookReplayID?, limit: Int) async throws
        -> [WebhookReplay]
    {
        try await transaction.query(
            """
            SELECT \(WebhookRows.replay) FROM webhook_replays r
            WHERE r.tenant_id = $1 AND r.endpoint_id = $2 AND ($3::uuid IS NULL OR r.id < $3)
            ORDER BY r.id DESC LIMIT $4
            """,
            [.id(endpoint.tenantID), .id(endpoint.id), .id(after), .int8(Int64(limit))]
        ).map(WebhookRows.replay)
    }
}
