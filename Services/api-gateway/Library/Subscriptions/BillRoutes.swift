import Billing
import Domain
import HTTPServer
import Identity
import Persistence
import WireFormat

/// What subscriptions' periods cost, and bills that were paid by hand (INV-15, INV-17).
struct BillRoutes {
    private let parts: Parts
    private let group = RouteGroup(tag: "subscriptions", under: "/api/v1/bills")
    private let view = SubscriptionViews.bill

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { [list, mine, one, settle] }

    // MARK: - Looking

    private static let parameters: [Operation.Parameter] =
        [
            .init("subscription_id", .uuid, "Of one subscription."),
            .init("status", .choice(Bill.Status.allCases.map(\.rawValue)), "Of one status."),
        ] + Operation.paging

    private var list: GatewayRoute {
        group.route(
            .get,
            "",
            "listBills",
            .permission(.billingRead),
            "A page of bills of one's tenant and those below, the newest first; a customer's own.",
            parameters: Operation.owners + Self.parameters,
            answer: .page(view.schema)
        ) { request, caller in try await page(BillFilter(request, by: caller.principal), request) }
    }

    private var mine: GatewayRoute {
        RouteGroup(tag: "subscriptions", under: "/api/v1/me/bills").route(
            .get,
            "",
            "listMyBills",
            .permission(.billingRead),
            "A page of a customer's own bills, the newest first.",
            parameters: Self.parameters,
            answer: .page(view.schema)
        ) { request, caller in try await page(BillFilter(ownOf: caller.principal), request) }
    }

    /// Without a filter nothing is his to see.
    private func page(_ filter: BillFilter?, _ request: Request) async throws -> Response {
        guard var filter else { return try view.emptyPage(request) }
        filter.subscriptionID = try request.queryID("subscription_id")
        filter.status = request.query["status"].flatMap { Bill.Status(rawValue: $0) }
        return try await view.page(request, cursor: \.bill.id) { [filter] after, limit in
            try await parts.read(request) { transaction, _ in
                try await SubscriptionStore(transaction, ids: parts.ids).bills(filter, after: after, limit: limit)
            }
        }
    }

    private var one: GatewayRoute {
        group.route(
            .get,
            "/{id:uuid}",
            "getBill",
            .permission(.billingRead),
            "One bill.",
            answer: .data(view.schema)
        ) { request, _ in
            let id = BillID(try request.pathID())
            let bill = try await parts.read(request) { transaction, caller in
                try caller.principal.seen(try await SubscriptionStore(transaction, ids: parts.ids).bill(id))
            }
            return view.answer(bill)
        }
    }

    // MARK: - Paid by hand

    private var settle: GatewayRoute {
        group.route(
            .post,
            "/{id:uuid}/settle",
            "settleBill",
            .permission(.billingManage),
            "Marks an open bill as paid in cash or by bank transfer; no wallet is charged.",
            body: SubscriptionInputs.Settlement.shape.schema(isWhole: true),
            answer: .data(view.schema),
            repetition: .keyed
        ) { request, _ in
            let id = BillID(try request.pathID())
            let body = try await request.payload()
            var service: ServiceID?
            let response = try await parts.change(request) { work in
                let store = SubscriptionStore(
                    work.transaction,
                    ids: parts.ids,
                    actor: work.caller.principal.userID.value
                )
                let seen = try work.caller.principal.seen(try await store.bill(id))
                var input = SubscriptionInputs.Settlement()
                try SubscriptionInputs.Settlement.shape.apply(body, to: &input, isWhole: true)
                guard let row = try await store.find(seen.subscriptionID, forUpdate: true) else {
                    throw Problem.notFound
                }
                // As it is under the lock: the worker may have settled it meanwhile.
                let before = try work.caller.principal.seen(try await store.bill(id))
                _ = try await store.step(
                    row,
                    .settled(ordinal: before.bill.ordinal),
                    at: parts.time.now(),
                    calendar: try SubscriptionRoutes.calendar(row),
                    method: input.method.rawValue
                )
                if !input.notes.isEmpty { try await store.note(input.notes, on: before) }
                let after = try work.caller.principal.seen(try await store.bill(id))
                work.record(
                    .payment,
                    AuditResource("bill", id),
                    of: after.tenantID,
                    .updated(view.auditValue(before), view.auditValue(after))
                )
                service = row.subscription.serviceID
                return view.answer(after)
            }
            // Its status may be another now.
            parts.rows.forget([AuditResource("service", service)])
            return response
        }
    }
}
