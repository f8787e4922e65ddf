package import Domain
import Postgres
import WireFormat

extension ListSource where Row == WebhookEndpoint {
    /// Endpoints and how they fare, without what is signed with.
    package static let webhookEndpoints = ListSource(
        name: "webhook_endpoints",
        tables: ["webhook_endpoints"],
        selection: WebhookRows.endpoint,
        joins: WebhookRows.joins,
        fields: [
            ListField("id", .id, isSelective: true), ListField("tenant_id", .id, isSelective: true),
            ListField("url", .text), ListField("is_enabled", .boolean), ListField("created_at", .time),
        ],
        orders: [ListSort("id", .id)],
        defaultSort: "id",
        columns: [
            OutputColumn("id") { .id($0.id) }, OutputColumn("tenant_id") { .id($0.tenantID) },
            OutputColumn("url") { .text($0.url) }, OutputColumn("description") { .text($0.description) },
            OutputColumn("events") { .texts($0.events) },
            OutputColumn("include_children") { .boolean($0.includesChildren) },
            OutputColumn("reveal_people") { .boolean($0.revealsPeople) },
            OutputColumn("allow_private") { .boolean($0.allowPrivate) },
            OutputColumn("rate_per_minute") { .integer($0.rate) },
            OutputColumn("is_enabled") { .boolean($0.isEnabled) },
            OutputColumn("disabled_reason") { .text($0.disabledReason) },
            OutputColumn("disabled_at") { .time($0.disabledAt) },
            OutputColumn("public_key") { .text($0.publicKey.map { "whpk_" + Base64.encode($0) }) },
            OutputColumn("secret_set_at") { .time($0.secretSetAt) },
            OutputColumn("previous_secret_until") { .time($0.previousUntil) },
            OutputColumn("paused_until") { .time($0.standing.pausedUntil) },
            OutputColumn("failing_since") { .time($0.standing.failingSince) },
            OutputColumn("failures") { .integer($0.standing.failures) },
            OutputColumn("last_success_at") { .time($0.standing.lastSuccessAt) },
            OutputColumn("last_failure_at") { .time($0.standing.lastFailureAt) },
            OutputColumn("last_error") { .text($0.standing.lastError) },
            OutputColumn("created_by") { .text($0.createdBy.description) },
            OutputColumn("version") { .integer($0.stamp?.version) },
            OutputColumn("created_at") { .time($0.stamp?.createdAt) },
            OutputColumn("updated_at") { .time($0.stamp?.updatedAt) },
        ],
        decode: { try WebhookRows.endpoint($0) }
    )
}

extension ListSource where Row == WebhookDelivery {
    /// What was sent, or is to be, the newest first. What the events say is not told here: it went to the receiver.
    package static let webhookDeliveries = ListSource(
        name: "webhook_deliveries",
        tables: ["webhook_deliveries"],
        selection: WebhookRows.delivery,
        fields: [
            ListField("endpoint_id", .id, isSelective: true), ListField("event_id", .id, isSelective: true),
            ListField("tenant_id", .id), ListField("event_tenant_id", .id), ListField("kind", .text),
            ListField("state", .choice(WebhookDelivery.State.allCases.map(\.rawValue))),
            ListField("sequence", .integer), ListField("created_at", .time),
        ],
        orders: [ListSort("id", .id)],
        defaultSort: "-id",
        columns: [
            OutputColumn("id") { .id($0.id) }, OutputColumn("tenant_id") { .id($0.tenantID) },
            OutputColumn("endpoint_id") { .id($0.endpointID) }, OutputColumn("event_id") { .id($0.eventID) },
            OutputColumn("event_tenant_id") { .id($0.eventTenantID) }, OutputColumn("kind") { .text($0.kind) },
            OutputColumn("sequence") { .integer($0.sequence) }, OutputColumn("is_test") { .boolean($0.isTest) },
            OutputColumn("state") { .text($0.state.rawValue) }, OutputColumn("attempts") { .integer($0.attempts) },
            OutputColumn("next_at") { .time($0.nextAt) }, OutputColumn("last_status") { .integer($0.lastStatus) },
            OutputColumn("latency_ms") { .integer($0.latencyMilliseconds) },
            OutputColumn("last_error") { .text($0.lastError) }, OutputColumn("excerpt") { .text($0.excerpt) },
            OutputColumn("created_at") { .time($0.createdAt) }, OutputColumn("ended_at") { .time($0.endedAt) },
        ],
        decode: { try WebhookRows.delivery($0) }
    )
}
