import Billing
import Domain
import HTTPServer
import Identity
import Persistence
import Profiles
import WireFormat

/// Customers' contracts for their services: taken, changed, paused and ended (INV-12). What they cost and when, the pure core decides;
/// billing-worker looks after the time.
struct SubscriptionRoutes {
    private let parts: Parts
    private let group = RouteGroup(tag: "subscriptions", under: "/api/v1/subscriptions")
    private let view = SubscriptionViews.subscription
    private let services = Resource<Service>.services
    private let plans = Resource<Plan>.plans

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] {
        [list, mine, create, one, quote, activate, change, keep, pause, resume, promise, cancel]
    }

    // MARK: - Looking

    private static let paging: [Operation.Parameter] = [
        .init("limit", .integer(1...100), "Rows a page, 10 unless said."),
        .init("cursor", .uuid, "Where the page before ended: its meta.next."),
    ]

    private static let states = Operation.Parameter(
        "state",
        .choice(Subscription.State.allCases.map(\.rawValue)),
        "In one state."
    )

    private var list: GatewayRoute {
        group.route(
            .get,
            "",
            "listSubscriptions",
            .permission(.billingRead),
            "A page of subscriptions of one's tenant and those below, the newest first; a customer's own.",
            parameters: [
                .init("tenant_id", .uuid, "Of one tenant."), .init("customer_id", .uuid, "Of one customer."),
                .init("service_id", .uuid, "For one service."), Self.states,
            ] + Self.paging,
            answer: .page(view.schema)
        ) { request, caller in
            var filter = SubscriptionFilter()
            filter.tenantID = try request.queryID("tenant_id")
            filter.customerID = try request.queryID("customer_id")
            filter.serviceID = try request.queryID("service_id")
            guard let (tenant, customer) = caller.principal.narrowed(filter.tenantID, filter.customerID) else {
                return try page([], request)
            }
            (filter.tenantID, filter.customerID) = (tenant, customer)
            return try await page(filter, request)
        }
    }

    private var mine: GatewayRoute {
        RouteGroup(tag: "subscriptions", under: "/api/v1/me/subscriptions").route(
            .get,
            "",
            "listMySubscriptions",
            .permission(.billingRead),
            "A page of a customer's own subscriptions, the newest first.",
            parameters: [Self.states] + Self.paging,
            answer: .page(view.schema)
        ) { request, caller in
            guard case .customer(let tenant, let customer) = caller.principal.reach else { throw Problem.notFound }
            var filter = SubscriptionFilter()
            (filter.tenantID, filter.customerID) = (tenant, customer)
            return try await page(filter, request)
        }
    }

    private func page(_ filter: SubscriptionFilter, _ request: Request) async throws -> Response {
        var wanted = filter
        wanted.state = request.query["state"].flatMap { Subscription.State(rawValue: $0) }
        let (limit, after): (Int, SubscriptionID?) = (try request.limit(), try request.queryID("cursor"))
        let rows = try await parts.read(request) { [wanted] transaction, _ in
            try await SubscriptionStore(transaction, ids: parts.ids).list(wanted, after: after, limit: limit + 1)
        }
        return try page(rows, request)
    }

    private func page(_ rows: [SubscriptionRow], _ request: Request) throws -> Response {
        let limit = try request.limit()
        return Response.page(of: rows, limit: limit, for: request, cursor: { $0.subscription.id.description }) {
            view.write($1, to: &$0)
        }
    }

    private var one: GatewayRoute {
        group.route(
            .get,
            "/{id:uuid}",
            "getSubscription",
            .permission(.billingRead),
            "One subscription.",
            answer: .data(view.schema)
        ) { request, _ in
            let id = SubscriptionID(try request.pathID())
            let row = try await parts.read(request) { transaction, caller in
                try await found(id, SubscriptionStore(transaction, ids: parts.ids), caller)
            }
            return view.answer(row, version: row.version)
        }
    }

    private func found(
        _ id: SubscriptionID,
        _ store: SubscriptionStore,
        _ caller: Caller,
        forUpdate: Bool = false
    ) async throws -> SubscriptionRow {
        guard let row = try await store.find(id, forUpdate: forUpdate) else { throw Problem.notFound }
        let subscription = row.subscription
        try caller.principal.see(RecordOwner(tenantID: subscription.tenantID, customerID: subscription.customerID))
        return row
    }

    // MARK: - Taking

    private var create: GatewayRoute {
        group.route(
            .post,
            "",
            "createSubscription",
            .permission(.billingManage),
            "Takes a service's plan on terms that stay as they are; nothing is charged before it is activated.",
            body: SubscriptionInputs.Creation.shape.schema(isWhole: true),
            status: 201,
            answer: .data(view.schema),
            repetition: .keyed
        ) { request, caller in
            var input = SubscriptionInputs.Creation()
            try SubscriptionInputs.Creation.shape.apply(try await request.payload(), to: &input, isWhole: true)
            let wanted = input
            do {
                return try await parts.change(request) { work in
                    let row = try await make(wanted, work)
                    let id = row.subscription.id
                    work.record(
                        .create,
                        AuditResource("subscription", id),
                        of: row.subscription.tenantID,
                        .created(view.auditValue(row))
                    )
                    var response = view.answer(row, status: .created, version: row.version)
                    response.headers["location"] = HeaderValue(withoutControls: "/api/v1/subscriptions/\(id)")
                    return response
                }
            } catch PersistenceError.alreadyExists("subscriptions_service") {
                throw SubscriptionProblems.exists
            }
        }
    }

    private func make(_ input: SubscriptionInputs.Creation, _ work: Work) async throws -> SubscriptionRow {
        let transaction = work.transaction
        let service = try await services.found(input.service.value, transaction, work.caller)
        guard service.status != .terminated else { throw SubscriptionProblems.terminated }
        let plan = try await plans.found(service.planID.value, transaction, work.caller)
        let settings = try await TenancyStore(transaction, ids: parts.ids, time: parts.time)
            .settings(of: service.tenantID).settings
        let store = store(work)
        let terms = try await store.pin(try input.terms(plan, parts.ids.next()), tenant: service.tenantID)
        return try await store.create(service: service.id, terms: terms, timeZone: settings.timeZone ?? "UTC")
    }

    /// The store, with who asked for its history.
    private func store(_ work: Work) -> SubscriptionStore {
        SubscriptionStore(work.transaction, ids: parts.ids, actor: work.caller.principal.userID.value)
    }

    // MARK: - Asking first

    private var quote: GatewayRoute {
        group.route(
            .post,
            "/{id:uuid}/quote",
            "quoteSubscriptionChange",
            .permission(.billingRead),
            "What another plan would cost from now on, with what is credited; nothing is changed.",
            body: SubscriptionInputs.Quote.shape.schema(isWhole: true),
            answer: .data(SubscriptionViews.quote.schema)
        ) { request, _ in
            let id = SubscriptionID(try request.pathID())
            let body = try await request.payload()
            let quote = try await parts.read(request) { transaction, caller in
                let row = try await found(id, SubscriptionStore(transaction, ids: parts.ids), caller)
                var input = SubscriptionInputs.Quote()
                try SubscriptionInputs.Quote.shape.apply(body, to: &input, isWhole: true)
                let plan = try await offered(input.plan, row, transaction, caller)
                let facts = SubscriptionFacts(calendar: try Self.calendar(row), billingDay: row.billingDay) {
                    [ids = parts.ids] _ in ids.next()
                }
                let terms = row.subscription.terms.with(plan, parts.ids.next())
                let quote = try row.book.quote(terms, at: parts.time.now(), facts: facts)
                return SubscriptionViews.Quote(planID: plan.id, quote: quote)
            }
            return SubscriptionViews.quote.answer(quote)
        }
    }

    /// A plan of the subscription's tenant that can be taken.
    private func offered(
        _ id: PlanID,
        _ row: SubscriptionRow,
        _ transaction: ScopedTransaction,
        _ caller: Caller
    ) async throws -> Plan {
        let plan = try await plans.found(id.value, transaction, caller)
        guard plan.tenantID == row.subscription.tenantID else { throw Problem.notFound }
        guard plan.isActive else { throw SubscriptionProblems.planInactive }
        return plan
    }

    static func calendar(_ row: SubscriptionRow) throws(Problem) -> BillingCalendar {
        guard let rules = SystemFiles.timeZone(row.timeZone) else { throw SubscriptionProblems.noZone }
        return BillingCalendar(rules)
    }

    // MARK: - Telling it something

    private static let ifMatch = Operation.Parameter(
        "If-Match",
        in: .header,
        Operation.ifMatch.schema,
        "The ETag that came with what was read; 412 where it has changed since."
    )

    /// A route that tells a subscription something; `event` reads the body under the subscription's lock.
    private func telling(
        _ name: String,
        _ operationID: String,
        _ summary: String,
        body: Schema? = nil,
        _ event: @escaping @Sendable (JSONValue?, SubscriptionRow, Work) async throws -> SubscriptionEvent
    ) -> GatewayRoute {
        group.route(
            .post,
            "/{id:uuid}/\(name)",
            operationID,
            .permission(.billingManage),
            summary,
            parameters: [Self.ifMatch],
            body: body,
            answer: .data(view.schema),
            repetition: .keyed
        ) { request, _ in
            let id = SubscriptionID(try request.pathID())
            let version = request.headers["if-match"] == nil ? nil : try request.expectedVersion()
            let payload = body == nil ? nil : try await request.payload()
            var service: ServiceID?
            let response = try await parts.change(request) { work in
                let store = store(work)
                let before = try await found(id, store, work.caller, forUpdate: true)
                if let version, version != before.version { throw Problem.versionChanged(before.version) }
                _ = try await store.step(
                    before,
                    try await event(payload, before, work),
                    at: parts.time.now(),
                    calendar: try Self.calendar(before)
                )
                let after = try await found(id, store, work.caller)
                work.record(
                    .update,
                    AuditResource("subscription", id),
                    of: after.subscription.tenantID,
                    .updated(view.auditValue(before), view.auditValue(after))
                )
                service = after.subscription.serviceID
                return view.answer(after, version: after.version)
            }
            // Its status or plan may be another now.
            parts.rows.forget([AuditResource("service", service)])
            return response
        }
    }

    private var activate: GatewayRoute {
        telling(
            "activate",
            "activateSubscription",
            "Begins it: prepaid, its first bill is issued and it is active once that is paid; postpaid at once."
        ) { _, _, _ in .activate }
    }

    private var change: GatewayRoute {
        telling(
            "change",
            "changeSubscription",
            "Another plan for its present price, now or at the period's end; cycle, mode and grace stay.",
            body: SubscriptionInputs.PlanChange.shape.schema(isWhole: true)
        ) { body, row, work in
            var input = SubscriptionInputs.PlanChange()
            try SubscriptionInputs.PlanChange.shape.apply(body ?? .null, to: &input, isWhole: true)
            let plan = try await offered(input.plan, row, work.transaction, work.caller)
            let terms = row.subscription.terms.with(plan, parts.ids.next())
            return .change(try await store(work).pin(terms, tenant: row.subscription.tenantID), input.when)
        }
    }

    private var keep: GatewayRoute {
        telling(
            "keep",
            "keepSubscription",
            "Forgets what was to become of it at the period's end."
        ) { _, _, _ in .keep }
    }

    private var pause: GatewayRoute {
        telling(
            "pause",
            "pauseSubscription",
            "Lets its period stand still, without access and charge, until it is resumed; only where nothing is overdue."
        ) { _, _, _ in .pause }
    }

    private var resume: GatewayRoute {
        telling(
            "resume",
            "resumeSubscription",
            "Ends a pause; the period's end moves by as long as it lasted."
        ) { _, _, _ in .resume }
    }

    private var promise: GatewayRoute {
        telling(
            "promise",
            "promiseSubscriptionPayment",
            "Takes a promise to pay what is overdue: nobody is suspended before.",
            body: SubscriptionInputs.Promise.shape.schema(isWhole: true)
        ) { body, _, _ in
            var input = SubscriptionInputs.Promise()
            try SubscriptionInputs.Promise.shape.apply(body ?? .null, to: &input, isWhole: true)
            return .promise(until: input.until)
        }
    }

    private var cancel: GatewayRoute {
        telling(
            "cancel",
            "cancelSubscription",
            "Ends it for good, now or at the period's end. What is owed is collected all the same.",
            body: SubscriptionInputs.Cancellation.shape.schema(isWhole: true)
        ) { body, _, _ in
            var input = SubscriptionInputs.Cancellation()
            try SubscriptionInputs.Cancellation.shape.apply(body ?? .null, to: &input, isWhole: true)
            return .cancel(input.when)
        }
    }
}

extension Principal {
    /// The tenant and the customer that a list is narrowed to, with what was asked for; nil where nothing of that is his to see.
    func narrowed(_ tenant: TenantID?, _ customer: CustomerID?) -> (tenant: TenantID?, customer: CustomerID?)? {
        switch reach {
        case .subtree: return (tenant, customer)
        case .tenant(let own): return (tenant ?? own) == own ? (own, customer) : nil
        case .customer(let own, let himself):
            guard (tenant ?? own) == own, (customer ?? himself) == himself else { return nil }
            return (own, himself)
        case .nothing: return nil
        }
    }
}
