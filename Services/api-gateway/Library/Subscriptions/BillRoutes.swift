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

    private static let parameters: [Operation.Parameter] = [
        .init("subscription_id", .uuid, "Of one subscription."),
        .init("status", .choice(Bill.Status.allCases.map(\.rawValue)), "Of one status."),
        .init("limit", .integer(1...100), "Rows a page, 10 unless said."),
        .init("cursor", .uuid, "Where the page before ended: its meta.next."),
    ]

    private var list: GatewayRoute {
        group.route(
            .get,
            "",
            "listBills",
            .permission(.billingRead),
            "A page of bills of one's tenant and those below, the newest first; a customer's own.",
            parameters: [
                .init("tenant_id", .uuid, "Of one tenant."), .init("customer_id", .uuid, "Of one customer."),
            ] + Self.parameters,
            answer: .page(view.schema)
        ) { request, caller in
            var filter = BillFilter()
            filter.tenantID = try request.queryID("tenant_id")
            filter.customerID = try request.queryID("customer_id")
            guard let (tenant, customer) = caller.principal.narrowed(filter.tenantID, filter.customerID) else {
                return try page([], request)
            }
            (filter.tenantID, filter.customerID) = (tenant, customer)
            return try await page(filter, request)
        }
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
        ) { request, caller in
            guard case .customer(let tenant, let customer) = caller.principal.reach else { throw Problem.notFound }
            var filter = BillFilter()
            (filter.tenantID, filter.customerID) = (tenant, customer)
            return try await page(filter, request)
        }
    }

    private func page(_ filter: BillFilter, _ request: Request) async throws -> Response {
        var wanted = filter
        wanted.subscriptionID = try request.queryID("subscription_id")
        wanted.status = request.query["status"].flatMap { Bill.Status(rawValue: $0) }
        let (limit, after): (Int, BillID?) = (try request.limit(), try request.queryID("cursor"))
        let bills = try await parts.read(request) { [wanted] transaction, _ in
            try await SubscriptionStore(transaction, ids: parts.ids).bills(wanted, after: after, limit: limit + 1)
        }
        return try page(bills, request)
    }

    private func page(_ bills: [StoredBill], _ request: Request) throws -> Response {
        let limit = try request.limit()
        return Response.page(of: bills, limit: limit, for: request, cursor: { $0.bill.id.description }) {
            view.write($1, to: &$0)
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
                try await found(id, SubscriptionStore(transaction, ids: parts.ids), caller)
            }
            return view.answer(bill)
        }
    }

    private func found(_ id: BillID, _ store: SubscriptionStore, _ caller: Caller) async throws -> StoredBill {
        guard let bill = try await store.bill(id) else { throw Problem.notFound }
        try caller.principal.see(RecordOwner(tenantID: bill.tenantID, customerID: bill.customerID))
        return bill
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
                let seen = try await found(id, store, work.caller)
                var input = SubscriptionInputs.Settlement()
                try SubscriptionInputs.Settlement.shape.apply(body, to: &input, isWhole: true)
                guard let row = try await store.find(seen.subscriptionID, forUpdate: true) else {
                    throw Problem.notFound
                }
                // As it is under the lock: the worker may have settled it meanwhile.
                let before = try await found(id, store, work.caller)
                _ = try await store.step(
                    row,
                    .settled(ordinal: before.bill.ordinal),
                    at: parts.time.now(),
                    calendar: try SubscriptionRoutes.calendar(row),
                    method: input.method.rawValue
                )
                if !input.notes.isEmpty { try await store.note(input.notes, on: before) }
                let after = try await found(id, store, work.caller)
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
