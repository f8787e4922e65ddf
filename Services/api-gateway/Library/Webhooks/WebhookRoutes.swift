import Crypto
import Domain
import Events
import HTTPServer
import Identity
import Persistence
import WebhookSigning
import WireFormat

/// Where events are sent to other systems, what became of it, and having it sent again (PLT-25). Secrets are told once, when they are made.
struct WebhookRoutes {
    let parts: Parts
    let webhooks = Resource<WebhookEndpoint>.webhooks
    let deliveries = Resource<WebhookDelivery>.webhookDeliveries
    let group = RouteGroup(tag: "webhooks", under: "/api/v1")

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] {
        get throws {
            try webhooks.reading(parts) + [
                create, update(), delete(), rotate, enable(), test, list(), one, redeliver, beginReplay, listReplays,
                getReplay, cancelReplay,
            ]
        }
    }

    // MARK: - Endpoints

    private var create: GatewayRoute {
        group.route(
            .post,
            "/webhooks",
            "createWebhook",
            .permission(.webhooksManage),
            "Makes an endpoint; its secret is told in this answer and never again.",
            body: WebhookInputs.Endpoint.creation.schema(isWhole: true),
            status: 201,
            answer: .data(WebhookViews.issued),
            repetition: .keyedSecret
        ) { request, _ in
            let body = try await request.payload()
            return try await parts.change(request) { work in
                var input = WebhookInputs.Endpoint(
                    endpoint: WebhookEndpoint(
                        tenantID: TenantID(.zero),
                        id: WebhookEndpointID(.zero),
                        url: "",
                        events: [],
                        createdBy: work.caller.audit.actor.id
                    )
                )
                try WebhookInputs.Endpoint.creation.apply(body, to: &input, isWhole: true)
                try await allow(input.endpoint, instead: nil, work)
                let (secret, keys) = try Self.keys(withPair: input.usesKeyPair)
                let change = try await WebhookWriter(work.transaction, ids: parts.ids).create(
                    input.endpoint,
                    tenant: try work.caller.principal.target(input.tenant),
                    keys: keys,
                    secrets: parts.secrets.webhooks
                )
                work.record(.create, change, webhooks)
                guard let row = change.after else { throw Problem.notFound }
                return WebhookViews.issued(row, secret: secret.text, status: .created)
            }
        }
    }

    private func update() throws -> GatewayRoute {
        try webhooks.update(
            parts,
            .webhooksManage,
            body: WebhookInputs.Endpoint.change.schema(isWhole: false)
        ) { id, version, body, work in
            guard let before = try await WebhookRepository(work.transaction).find(WebhookEndpointID(id)) else {
                throw Problem.notFound
            }
            var wanted = WebhookInputs.Endpoint(endpoint: before)
            try WebhookInputs.Endpoint.change.apply(body, to: &wanted, isWhole: false)
            try await allow(wanted.endpoint, instead: before, work)
            return try await WebhookWriter(work.transaction, ids: parts.ids).update(
                WebhookEndpointID(id),
                expecting: version,
                at: parts.time.now()
            ) { endpoint in
                var input = WebhookInputs.Endpoint(endpoint: endpoint)
                try WebhookInputs.Endpoint.change.apply(body, to: &input, isWhole: false)
                endpoint = input.endpoint
            }
        }
    }

    private func delete() throws -> GatewayRoute {
        try webhooks.delete(parts, .webhooksManage) { id, version, work in
            try await WebhookWriter(work.transaction, ids: work.parts.ids)
                .delete(WebhookEndpointID(id), expecting: version)
        }
    }

    private func enable() throws -> GatewayRoute {
        try webhooks.action(
            parts,
            "enable",
            operationID: "enableWebhook",
            .webhooksManage,
            "Enables an endpoint again; what was held is sent, in its order, and what was missed may be replayed."
        ) { row, work in
            try await WebhookWriter(work.transaction, ids: work.parts.ids)
                .update(row.id, at: work.parts.time.now()) { $0.isEnabled = true }
        }
    }

    private var rotate: GatewayRoute {
        group.route(
            .post,
            "/webhooks/{id:uuid}/rotate",
            "rotateWebhookSecret",
            .permission(.webhooksManage),
            "Gives an endpoint another secret, told in this answer alone; the one before it signs too for overlap_seconds.",
            body: WebhookInputs.Rotation.shape.schema(isWhole: true),
            answer: .data(WebhookViews.issued),
            repetition: .keyedSecret
        ) { request, _ in
            let id = try request.pathID()
            var input = WebhookInputs.Rotation()
            try WebhookInputs.Rotation.shape.apply(try await request.payload(), to: &input, isWhole: true)
            return try await parts.change(request) { [input] work in
                let endpoint = try await webhooks.found(id, work.transaction, work.caller)
                let (secret, keys) = try Self.keys(withPair: input.usesKeyPair)
                let change = try await WebhookWriter(work.transaction, ids: parts.ids).rotate(
                    endpoint.id,
                    keys: keys,
                    overlap: input.overlap > 0 ? parts.time.now() + .seconds(input.overlap) : nil,
                    secrets: parts.secrets.webhooks
                )
                work.record(.update, change, webhooks)
                guard let row = change.after else { throw Problem.notFound }
                return WebhookViews.issued(row, secret: secret.text, status: .ok)
            }
        }
    }

    private var test: GatewayRoute {
        group.route(
            .post,
            "/webhooks/{id:uuid}/test",
            "testWebhook",
            .permission(.webhooksManage),
            "Has an event sent that says nothing, once, also to an endpoint that is disabled.",
            status: 202,
            answer: .data(deliveries.schema),
            repetition: .keyed
        ) { request, _ in
            let id = try request.pathID()
            return try await parts.change(request) { work in
                let endpoint = try await webhooks.found(id, work.transaction, work.caller)
                let now = parts.time.now()
                let delivery = try await WebhookWriter(work.transaction, ids: parts.ids).test(
                    endpoint,
                    payload: { Self.testPayload($0, endpoint.tenantID, now) },
                    at: now
                )
                work.record(
                    .update,
                    AuditResource(webhooks.auditType, endpoint.id),
                    of: endpoint.tenantID,
                    .created(["tested": .described(delivery.id)])
                )
                return try deliveries.answer(delivery, to: request, status: .accepted)
            }
        }
    }

    /// Nobody has sent to others what he may not see himself, nor to private addresses but the operator.
    private func allow(_ endpoint: WebhookEndpoint, instead before: WebhookEndpoint?, _ work: Work) async throws {
        let principal = work.caller.principal
        // Another place is another reader.
        let isElsewhere = endpoint.url != before?.url
        let isWider = endpoint.events != before?.events || endpoint.includesChildren != before?.includesChildren
        if before == nil || isWider || isElsewhere {
            for domain in WebhookFilter.domains(of: endpoint.events) where WebhookFilter.domains.contains(domain) {
                guard let needed = LiveScope.permission(for: domain + ".any"), principal.permissions.contains(needed)
                else { throw Problem.forbidden }
            }
        }
        if endpoint.revealsPeople, isElsewhere || before?.revealsPeople != true {
            guard principal.permissions.contains(.tailReveal) else { throw Problem.forbidden }
        }
        if endpoint.allowPrivate, isElsewhere || before?.allowPrivate != true {
            guard try await parts.database.operatorTenant() == principal.tenantID else { throw Problem.forbidden }
        }
    }

    private static func keys(withPair usesPair: Bool) throws -> (WebhookSecret, WebhookSigningKeys) {
        let secret = WebhookSecret()
        let pair = usesPair ? try WebhookKeyPair() : nil
        return (
            secret,
            WebhookSigningKeys(secret: secret.octets, privateKey: pair?.privateKey, publicKey: pair?.publicKey)
        )
    }

    private static func testPayload(_ id: EventID, _ tenant: TenantID, _ now: Timestamp) -> [UInt8] {
        var json = JSONWriter()
        EventEnvelope(
            id: id,
            source: "/api-gateway",
            type: "nexora.webhook.v1.Test",
            time: now,
            tenantID: tenant,
            data: Array("{}".utf8)
        ).encode(into: &json)
        return json.finish()
    }
}
