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
            parameters: Operation.owners + [.init("service_id", .uuid, "For one service."), Self.states]
                + Operation.paging,
            answer: .page(view.schema)
        ) { request, caller in try await page(SubscriptionFilter(request, by: caller.principal), request) }
    }

    private var mine: GatewayRoute {
        RouteGroup(tag: "subscriptions", under: "/api/v1/me/subscriptions").route(
            .get,
            "",
            "listMySubscriptions",
            .permission(.billingRead),
            "A page of a customer's own subscriptions, the newest first.",
            parameters: [Self.states] + Operation.paging,
            answer: .page(view.schema)
        ) { request, caller in try await page(SubscriptionFilter(ownOf: caller.principal), request) }
    }

    /// Without a filter nothing is his to see.
    private func page(_ filter: SubscriptionFilter?, _ request: Request) async throws -> Response {
        let service: ServiceID? = try request.queryID("service_id")
        guard var filter else { return try view.emptyPage(request) }
        filter.serviceID = service
        filter.state = request.query["state"].flatMap { Subscription.State(rawValue: $0) }
        return try await view.page(request, cursor: \.subscription.id) { [filter] after, limit in
            try await parts.read(request) { transaction, _ in
                try await SubscriptionStore(transaction, ids: parts.ids).list(filter, after: after, limit: limit)
            }
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
                try caller.principal.seen(try await SubscriptionStore(transaction, ids: parts.ids).find(id))
            }
            return view.answer(row, version: row.version)
        }
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
                let row = try caller.principal.seen(try await SubscriptionStore(transaction, ids: parts.ids).find(id))
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
            parameters: [Operation.ifMatchWhereRead],
            body: body,
            answer: .data(view.schema),
            repetition: .keyed
        ) { request, _ in
            let id = SubscriptionID(try request.pathID())
            let version = try request.namedVersion()
            let payload = body == nil ? nil : try await request.payload()
            var service: ServiceID?
            let response = try await parts.change(request) { work in
                let store = store(work)
                let before = try work.caller.principal.seen(try await store.find(id, forUpdate: true))
                if let version, version != before.version { throw Problem.versionChanged(before.version) }
                _ = try await store.step(
                    before,
                    try await event(payload, before, work),
                    at: parts.time.now(),
                    calendar: try Self.calendar(before)
                )
                let after = try work.caller.principal.seen(try await store.find(id))
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
