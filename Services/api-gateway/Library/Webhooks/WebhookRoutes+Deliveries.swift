import Domain
import HTTPServer
import Identity
import Persistence

/// What was sent, and having it sent again.
extension WebhookRoutes {
    func list() throws -> GatewayRoute {
        GatewayRoute(
            .get,
            "/api/v1/webhooks/{id:uuid}/deliveries",
            operationID: "listWebhookDeliveries",
            metadata: Access(
                .permission(.webhooksRead),
                operation: Operation(
                    "webhooks",
                    "A page of what was sent to an endpoint or is to be, the newest first.",
                    parameters: ListDescription.parameters(deliveries.source),
                    .page(deliveries.schema)
                )
            )
        ) { request in
            let id = try request.pathID()
            let filter = try ListFilter.equal("endpoint_id", WebhookEndpointID(id), of: deliveries.source)
            let query = try deliveries.query(request, try request.caller, adding: [filter])
            let page = try await parts.read(request) { transaction, caller in
                _ = try await webhooks.found(id, transaction, caller)
                return try await Listing(transaction, scope: caller.principal.tenantID, cursors: parts.cursors)
                    .page(of: deliveries.source, query)
            }
            return try deliveries.answer(page, query, to: request)
        }
    }

    var one: GatewayRoute {
        group.route(
            .get,
            "/webhook-deliveries/{id:uuid}",
            "getWebhookDelivery",
            .permission(.webhooksRead),
            "One delivery, with each time that it was sent.",
            answer: .data(WebhookViews.detail)
        ) { request, _ in
            let id = try request.pathID()
            let (delivery, attempts) = try await parts.read(request) { transaction, caller in
                let delivery = try await deliveries.found(id, transaction, caller)
                return (delivery, try await WebhookRepository(transaction).attempts(of: delivery))
            }
            return WebhookViews.detail(delivery, attempts)
        }
    }

    var redeliver: GatewayRoute {
        group.route(
            .post,
            "/webhook-deliveries/{id:uuid}/redeliver",
            "redeliverWebhook",
            .permission(.webhooksManage),
            "Has a delivery that has ended sent again, under the same webhook-id.",
            status: 202,
            answer: .data(deliveries.schema),
            repetition: .keyed
        ) { request, _ in
            let id = try request.pathID()
            return try await parts.change(request) { work in
                _ = try await deliveries.found(id, work.transaction, work.caller)
                let change = try await WebhookWriter(work.transaction, ids: parts.ids)
                    .redeliver(WebhookDeliveryID(id), at: parts.time.now())
                work.record(.update, change, deliveries)
                guard let row = change.after else { throw Problem.notFound }
                return try deliveries.answer(row, to: request, status: .accepted)
            }
        }
    }

    // MARK: - Replays

    var beginReplay: GatewayRoute {
        group.route(
            .post,
            "/webhooks/{id:uuid}/replays",
            "replayWebhook",
            .permission(.webhooksManage),
            "Has the events from a place of the stream or a time on sent again, 100,000 at most and as far as the stream keeps them.",
            body: WebhookInputs.Replay.shape.schema(isWhole: true),
            status: 202,
            answer: .data(WebhookViews.replay.schema),
            repetition: .keyed
        ) { request, _ in
            let id = try request.pathID()
            var input = WebhookInputs.Replay()
            try WebhookInputs.Replay.shape.apply(try await request.payload(), to: &input, isWhole: true)
            do {
                return try await parts.change(request) { [input] work in
                    let endpoint = try await webhooks.found(id, work.transaction, work.caller)
                    let start = try input.start()
                    let replay = try await WebhookWriter(work.transaction, ids: parts.ids).replay(
                        WebhookReplay(
                            tenantID: endpoint.tenantID,
                            id: parts.ids.next(),
                            endpointID: endpoint.id,
                            start: start,
                            requestedBy: work.caller.audit.actor.id,
                            requestedAt: parts.time.now()
                        )
                    )
                    work.record(
                        .create,
                        AuditResource("webhook_replay", replay.id),
                        of: replay.tenantID,
                        .created(WebhookViews.replay.auditValue(replay))
                    )
                    return WebhookViews.replay.answer(replay, status: .accepted)
                }
            } catch PersistenceError.alreadyExists("webhook_replays_open") {
                throw Problem.conflict("replay_under_way", "Another replay of the endpoint is under way.")
            }
        }
    }

    var listReplays: GatewayRoute {
        group.route(
            .get,
            "/webhooks/{id:uuid}/replays",
            "listWebhookReplays",
            .permission(.webhooksRead),
            "A page of an endpoint's replays, the newest first.",
            parameters: Operation.paging,
            answer: .page(WebhookViews.replay.schema)
        ) { request, _ in
            let id = try request.pathID()
            return try await WebhookViews.replay.page(request, cursor: \.id) { after, limit in
                try await parts.read(request) { transaction, caller in
                    let endpoint = try await webhooks.found(id, transaction, caller)
                    return try await WebhookRepository(transaction).replays(of: endpoint, after: after, limit: limit)
                }
            }
        }
    }

    var getReplay: GatewayRoute {
        group.route(
            .get,
            "/webhook-replays/{id:uuid}",
            "getWebhookReplay",
            .permission(.webhooksRead),
            "One replay and how far it is.",
            answer: .data(WebhookViews.replay.schema)
        ) { request, _ in
            let id = WebhookReplayID(try request.pathID())
            let replay = try await parts.read(request) { try await seen(id, $0, $1) }
            return WebhookViews.replay.answer(replay)
        }
    }

    var cancelReplay: GatewayRoute {
        group.route(
            .post,
            "/webhook-replays/{id:uuid}/cancel",
            "cancelWebhookReplay",
            .permission(.webhooksManage),
            "Ends a replay that is under way; what it wrote is sent all the same.",
            answer: .data(WebhookViews.replay.schema),
            repetition: .keyed
        ) { request, _ in
            let id = WebhookReplayID(try request.pathID())
            return try await parts.change(request) { work in
                _ = try await seen(id, work.transaction, work.caller)
                let change = try await WebhookWriter(work.transaction, ids: parts.ids).cancel(id, at: parts.time.now())
                guard let before = change.before, let after = change.after else { throw Problem.notFound }
                work.record(
                    .update,
                    AuditResource("webhook_replay", after.id),
                    of: after.tenantID,
                    .updated(WebhookViews.replay.auditValue(before), WebhookViews.replay.auditValue(after))
                )
                return WebhookViews.replay.answer(after)
            }
        }
    }

    private func seen(_ id: WebhookReplayID, _ transaction: ScopedTransaction, _ caller: Caller) async throws
        -> WebhookReplay
    {
        guard let replay = try await WebhookRepository(transaction).replay(id) else { throw Problem.notFound }
        try caller.principal.see(RecordOwner(tenantID: replay.tenantID))
        return replay
    }
}
