import Billing
import Domain
import HTTPServer
import Identity
import Persistence
import Profiles
import WireFormat

/// More speed for some days: priced, asked for, approved or rejected, and taken back before it is paid (BST-01 to BST-04, BST-07).
/// billing-worker asks the wallet for what was approved, and begins and ends it.
struct BoostRoutes {
    private let parts: Parts
    private let group = RouteGroup(tag: "boosts", under: "/api/v1/boosts")
    private let view = BoostViews.boost

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { [list, mine, quote, request, one, approve, reject, cancel] }

    // MARK: - Looking

    private static let parameters: [Operation.Parameter] =
        [
            .init("service_id", .uuid, "For one service."),
            .init("subscription_id", .uuid, "Of one subscription."),
            .init("state", .choice(Boost.State.allCases.map(\.rawValue)), "In one state."),
        ] + Operation.paging

    private var list: GatewayRoute {
        group.route(
            .get,
            "",
            "listBoosts",
            .permission(.billingRead),
            "A page of boosts of one's tenant and those below, the newest first; a customer's own.",
            parameters: Operation.owners + Self.parameters,
            answer: .page(view.schema)
        ) { request, caller in try await page(BoostFilter(request, by: caller.principal), request) }
    }

    private var mine: GatewayRoute {
        RouteGroup(tag: "boosts", under: "/api/v1/me/boosts").route(
            .get,
            "",
            "listMyBoosts",
            .permission(.billingRead),
            "A page of a customer's own boosts, the newest first.",
            parameters: Self.parameters,
            answer: .page(view.schema)
        ) { request, caller in try await page(BoostFilter(ownOf: caller.principal), request) }
    }

    /// Without a filter nothing is his to see.
    private func page(_ filter: BoostFilter?, _ request: Request) async throws -> Response {
        guard var filter else { return try view.emptyPage(request) }
        filter.serviceID = try request.queryID("service_id")
        filter.subscriptionID = try request.queryID("subscription_id")
        filter.state = request.query["state"].flatMap { Boost.State(rawValue: $0) }
        return try await view.page(request, cursor: \.id) { [filter] after, limit in
            try await parts.read(request) { transaction, _ in
                try await BoostStore(transaction, ids: parts.ids).list(filter, after: after, limit: limit)
            }
        }
    }

    private var one: GatewayRoute {
        group.route(
            .get,
            "/{id:uuid}",
            "getBoost",
            .permission(.billingRead),
            "One boost.",
            answer: .data(view.schema)
        ) { request, _ in
            let id = BoostID(try request.pathID())
            let row = try await parts.read(request) { transaction, caller in
                try caller.principal.seen(try await BoostStore(transaction, ids: parts.ids).find(id))
            }
            return view.answer(row, version: row.version)
        }
    }

    // MARK: - Asking

    private var quote: GatewayRoute {
        group.route(
            .post,
            "/quote",
            "quoteBoost",
            .permission(.billingRead),
            "What a boost would cost: a thirtieth of what its plan costs more a month, for each day; nothing is changed.",
            body: BoostInputs.Wish.quote.schema(isWhole: true),
            answer: .data(BoostViews.quote.schema)
        ) { request, _ in
            var input = BoostInputs.Wish()
            try BoostInputs.Wish.quote.apply(try await request.payload(), to: &input, isWhole: true)
            let wish = input
            let quote = try await parts.read(request) { transaction, caller in
                try await priced(wish, transaction, caller).quote
            }
            return BoostViews.quote.answer(quote)
        }
    }

    /// What somebody wishes, with its price; only of a subscription that he sees, with access, and a plan of its tenant that can be taken.
    private func priced(
        _ wish: BoostInputs.Wish,
        _ transaction: ScopedTransaction,
        _ caller: Caller
    ) async throws -> (row: SubscriptionRow, quote: BoostViews.Quote) {
        let subscriptions = SubscriptionStore(transaction, ids: parts.ids)
        let row = try caller.principal.seen(try await subscriptions.find(wish.subscription))
        let subscription = row.subscription
        guard subscription.access == .granted, row.hasService else { throw BoostProblems.notActive }
        // A plan is its tenant's, whoever of that tenant asks.
        let plans = PlanRepository(transaction)
        guard let plan = try await plans.find(wish.plan), plan.tenantID == subscription.tenantID,
            let present = try await plans.find(subscription.terms.planID)
        else { throw Problem.notFound }
        guard plan.isActive else { throw SubscriptionProblems.planInactive }
        let current = Boost.current(subscription.terms, listed: present.price)
        let price = try Boost.price(days: wish.days, boost: plan.price, current: current)
        let quote = BoostViews.Quote(
            subscriptionID: subscription.id,
            planID: plan.id,
            current: current,
            boosted: plan.price,
            boost: Boost(days: wish.days, price: price)
        )
        return (row, quote)
    }

    private var request: GatewayRoute {
        group.route(
            .post,
            "",
            "requestBoost",
            .permission(.paymentsCreate),
            "Asks for a boost at its present price; nothing is charged before it is approved.",
            body: BoostInputs.Wish.request.schema(isWhole: true),
            status: 201,
            answer: .data(view.schema),
            repetition: .keyed
        ) { request, _ in
            var input = BoostInputs.Wish()
            try BoostInputs.Wish.request.apply(try await request.payload(), to: &input, isWhole: true)
            let wish = input
            do {
                return try await parts.change(request) { work in
                    let (row, quote) = try await priced(wish, work.transaction, work.caller)
                    let boost = try await BoostStore(work.transaction, ids: parts.ids).create(
                        quote.boost,
                        for: row,
                        plan: quote.planID,
                        notes: wish.notes,
                        at: parts.time.now()
                    )
                    work.record(
                        .create,
                        AuditResource("boost", boost.id),
                        of: boost.tenantID,
                        .created(view.auditValue(boost))
                    )
                    var response = view.answer(boost, status: .created, version: boost.version)
                    response.headers["location"] = HeaderValue(withoutControls: "/api/v1/boosts/\(boost.id)")
                    return response
                }
            } catch PersistenceError.alreadyExists("boosts_open") {
                throw BoostProblems.exists
            }
        }
    }

    // MARK: - Deciding

    /// A route that tells a boost something; `event` reads the body under the boost's lock.
    private func telling(
        _ name: String,
        _ operationID: String,
        _ permission: Permission,
        _ summary: String,
        body: Schema? = nil,
        _ event: @escaping @Sendable (JSONValue?, BoostRow) throws -> Boost.Event
    ) -> GatewayRoute {
        group.route(
            .post,
            "/{id:uuid}/\(name)",
            operationID,
            .permission(permission),
            summary,
            parameters: [Operation.ifMatchWhereRead],
            body: body,
            answer: .data(view.schema),
            repetition: .keyed
        ) { request, _ in
            let id = BoostID(try request.pathID())
            let version = try request.namedVersion()
            let payload = body == nil ? nil : try await request.payload()
            return try await parts.change(request) { work in
                let store = BoostStore(work.transaction, ids: parts.ids)
                let before = try work.caller.principal.seen(try await store.find(id, forUpdate: true))
                if let version, version != before.version { throw Problem.versionChanged(before.version) }
                guard let rules = SystemFiles.timeZone(before.timeZone) else { throw SubscriptionProblems.noZone }
                let after = try await store.step(
                    before,
                    try event(payload, before),
                    at: parts.time.now(),
                    calendar: BillingCalendar(rules)
                )
                work.record(
                    .update,
                    AuditResource("boost", id),
                    of: after.tenantID,
                    .updated(view.auditValue(before), view.auditValue(after))
                )
                return view.answer(after, version: after.version)
            }
        }
    }

    private var approve: GatewayRoute {
        telling(
            "approve",
            "approveBoost",
            .billingManage,
            "Approves it for whole days from today by the tenant's calendar; it begins once the wallet has paid."
        ) { _, row in
            // What is not to be approved any more says so first.
            guard row.boost.state == .pending else { return .approve }
            let contract = row.contract
            guard contract.hasService, contract.state == .active || contract.state == .grace else {
                throw BoostProblems.notActive
            }
            guard contract.planID == row.currentPlanID else { throw BoostProblems.planChanged }
            return .approve
        }
    }

    private var reject: GatewayRoute {
        telling(
            "reject",
            "rejectBoost",
            .billingManage,
            "Rejects it for good, and says why.",
            body: BoostInputs.Rejection.shape.schema(isWhole: true)
        ) { body, _ in
            var input = BoostInputs.Rejection()
            try BoostInputs.Rejection.shape.apply(body ?? .null, to: &input, isWhole: true)
            return .reject(reason: input.reason)
        }
    }

    private var cancel: GatewayRoute {
        telling(
            "cancel",
            "cancelBoost",
            .paymentsCreate,
            "Takes it back before it is paid; a boost that has begun runs to its end."
        ) { _, _ in .cancel }
    }
}
