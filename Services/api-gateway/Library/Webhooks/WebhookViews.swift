import Domain
import HTTPServer
import Identity
import Persistence
import WireFormat

extension Resource where Row == WebhookEndpoint {
    static let webhooks = Resource(
        .webhookEndpoints,
        path: "/api/v1/webhooks",
        noun: ("Webhook", "Webhooks"),
        tag: "webhooks",
        auditType: "webhook",
        read: .webhooksRead,
        own: .none,
        id: { $0.id.description },
        owner: { RecordOwner(tenantID: $0.tenantID) },
        version: { $0.stamp?.version },
        standing: { row in
            [row.standing.lastSuccessAt, row.standing.lastFailureAt].compactMap { $0?.microseconds }.max()
        },
        schemas: [
            "url": .text(maximum: 2_048), "description": .text(maximum: 200),
            "events": .list(.text(maximum: 64), maximum: WebhookEndpoint.mostEvents),
            "include_children": .boolean, "reveal_people": .boolean, "allow_private": .boolean,
            "rate_per_minute": .integer(1...60_000), "failures": .integer(0...Int64.max),
            "previous_secret_until": .nullable(.time), "paused_until": .nullable(.time),
            "failing_since": .nullable(.time), "created_by": .uuid,
        ],
        isExported: false
    ) { transaction, id, _ in try await WebhookRepository(transaction).find(WebhookEndpointID(id)) }
}

extension Resource where Row == WebhookDelivery {
    static let webhookDeliveries = Resource(
        .webhookDeliveries,
        path: "/api/v1/webhook-deliveries",
        noun: ("WebhookDelivery", "WebhookDeliveries"),
        tag: "webhooks",
        auditType: "webhook_delivery",
        read: .webhooksRead,
        own: .none,
        id: { $0.id.description },
        owner: { RecordOwner(tenantID: $0.tenantID) },
        schemas: [
            "endpoint_id": .uuid, "event_id": .uuid, "event_tenant_id": .uuid, "kind": .text(maximum: 64),
            "sequence": .integer(0...Int64.max), "is_test": .boolean,
            "state": .choice(WebhookDelivery.State.allCases.map(\.rawValue)), "attempts": .integer(0...Int64.max),
            "last_status": .nullable(.integer(100...599)), "latency_ms": .nullable(.integer(0...Int64.max)),
        ],
        isExported: false
    ) { transaction, id, _ in try await WebhookRepository(transaction).delivery(WebhookDeliveryID(id)) }
}

/// What else about webhooks goes out.
enum WebhookViews {
    static let attempt = View<WebhookAttempt>([
        .init("number", .integer(1...Int64.max)) { .integer($0.number) }, .init("at", .time) { .time($0.at) },
        .init("status", .nullable(.integer(100...599))) { .integer($0.status) },
        .init("latency_ms", .integer(0...Int64.max)) { .integer($0.latencyMilliseconds) },
        .init("error", .nullable(.text(maximum: 50))) { .text($0.error) },
        .init("excerpt", .nullable(.text(maximum: 1_024))) { .text($0.excerpt) },
    ])

    static let replay = View<WebhookReplay>([
        .init("id", .uuid) { .id($0.id) }, .init("tenant_id", .uuid) { .id($0.tenantID) },
        .init("endpoint_id", .uuid) { .id($0.endpointID) },
        .init("from_sequence", .nullable(.integer(0...Int64.max))) { replay in
            if case .sequence(let sequence) = replay.start { .integer(sequence) } else { .null }
        },
        .init("from_time", .nullable(.time)) { replay in
            if case .time(let time) = replay.start { .time(time) } else { .null }
        },
        .init("position", .nullable(.integer(0...Int64.max))) { .integer($0.position) },
        .init("until_sequence", .nullable(.integer(0...Int64.max))) { .integer($0.untilSequence) },
        .init("state", .choice(WebhookReplay.State.allCases.map(\.rawValue))) { .text($0.state.rawValue) },
        .init("reason", .nullable(.text(maximum: 50))) { .text($0.reason) },
        .init("found", .integer(0...Int64.max)) { .integer($0.found) },
        .init("requested_at", .time) { .time($0.requestedAt) },
        .init("ended_at", .nullable(.time)) { .time($0.endedAt) },
    ])

    /// An endpoint with what is told once.
    static let issued = Schema.object([
        .init("webhook", Resource<WebhookEndpoint>.webhooks.schema), .init("secret", .text(maximum: 128)),
    ])

    /// A delivery with its attempts.
    static let detail = Schema.object([
        .init("delivery", Resource<WebhookDelivery>.webhookDeliveries.schema),
        .init("attempts", .list(attempt.schema)),
    ])

    static func issued(_ endpoint: WebhookEndpoint, secret: String, status: HTTPStatus) -> Response {
        let webhooks = Resource<WebhookEndpoint>.webhooks
        var response = Response.data(status: status) { json in
            json.beginObject()
            json.key("webhook")
            webhooks.source.write(endpoint, fields: nil, to: &json)
            json.pair("secret", secret)
            json.endObject()
        }
        response.headers["location"] = HeaderValue(withoutControls: "\(webhooks.path)/\(endpoint.id)")
        response.headers["etag"] = webhooks.version(endpoint).map { EntityTag(version: $0).value }
        response.isCompressible = false
        return response
    }

    static func detail(_ delivery: WebhookDelivery, _ attempts: [WebhookAttempt]) -> Response {
        .data { json in
            json.beginObject()
            json.key("delivery")
            Resource<WebhookDelivery>.webhookDeliveries.source.write(delivery, fields: nil, to: &json)
            json.key("attempts")
            json.beginArray()
            for one in attempts { attempt.write(one, to: &json) }
            json.endArray()
            json.endObject()
        }
    }
}
