import Billing
import Domain
import HTTPServer
import Identity
import Persistence
import Profiles
import WireFormat

/// Quotas of plans, and how services stand with them (PLN-07, FUP-10, FUP-11).
struct QuotaRoutes {
    private let parts: Parts
    private let plans = Resource<Plan>.plans
    private let services = Resource<Service>.services

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { [ofPlan, setOfPlan, ofService, mine, topUp] }

    private struct Wish: Sendable {
        var quotas: [QuotaInput] = []
        static let shape = InputShape<Wish>([
            InputField("quotas", QuotaInput.kind.list(QuotaDefinition.most), \.quotas, isRequired: true)
        ])
    }

    // MARK: - Of a plan

    private var ofPlan: GatewayRoute {
        GatewayRoute(
            .get,
            "/api/v1/service-plans/{id:uuid}/quotas",
            operationID: "getServicePlanQuotas",
            metadata: Access(
                .permission(.plansRead),
                operation: Operation("plans", "A plan's quotas.", .data(.list(QuotaViews.quota.schema)))
            )
        ) { request in
            let id = try request.pathID()
            let quotas = try await parts.read(request) { transaction, caller in
                let plan = try await plans.found(id, transaction, caller)
                return try await PlanQuotaRepository(transaction).quotas(of: plan)
            }
            return Self.answer(quotas)
        }
    }

    private var setOfPlan: GatewayRoute {
        GatewayRoute(
            .put,
            "/api/v1/service-plans/{id:uuid}/quotas",
            operationID: "setServicePlanQuotas",
            metadata: Access(
                .permission(.plansUpdate),
                operation: Operation(
                    "plans",
                    "Replaces a plan's quotas. One that keeps its name keeps what was used of it.",
                    body: .json(Wish.shape.schema(isWhole: true)),
                    .data(.list(QuotaViews.quota.schema))
                )
            )
        ) { request in
            let id = try request.pathID()
            var wish = Wish()
            try Wish.shape.apply(try await request.payload(), to: &wish, isWhole: true)
            let inputs = wish.quotas
            return try await parts.change(request) { work in
                _ = try await plans.found(id, work.transaction, work.caller)
                guard let plan = try await PlanRepository(work.transaction).find(PlanID(id), forUpdate: true) else {
                    throw Problem.notFound
                }
                let repository = PlanQuotaRepository(work.transaction)
                let before = try await repository.quotas(of: plan)
                var wanted: [QuotaDefinition] = []
                for input in inputs {
                    wanted.append(try input.definition(parts.ids.next(), currency: plan.price.currency))
                }
                let after = try await repository.replace(wanted, of: plan)
                work.record(
                    .update,
                    AuditResource("plan_quotas", plan.id),
                    of: plan.tenantID,
                    .updated(Self.value(before), Self.value(after))
                )
                return Self.answer(after)
            }
        }
    }

    private static func value(_ quotas: [QuotaDefinition]) -> AuditValue {
        .object(["quotas": .list(quotas.map { QuotaViews.quota.auditValue($0) })])
    }

    private static func answer(_ quotas: [QuotaDefinition]) -> Response {
        Response.data { json in
            json.beginArray()
            for quota in quotas { QuotaViews.quota.write(quota, to: &json) }
            json.endArray()
        }
    }

    // MARK: - Of a service

    private var ofService: GatewayRoute {
        GatewayRoute(
            .get,
            "/api/v1/services/{id:uuid}/quota",
            operationID: "getServiceQuota",
            metadata: Access(
                .permission(.usageRead),
                operation: Operation(
                    "usage",
                    "How a service stands with its plan's quotas, and what it may not do for them.",
                    .data(.object(QuotaViews.standingOfService))
                )
            )
        ) { request in
            let id = try request.pathID()
            let standing = try await parts.read(request) { transaction, caller in
                try await self.standing(of: try await services.found(id, transaction, caller), transaction)
            }
            return Response.data { json in
                json.beginObject()
                QuotaViews.writeMembers(standing, to: &json)
                json.endObject()
            }
        }
    }

    private func standing(of service: Service, _ transaction: ScopedTransaction) async throws -> ServiceQuotaStanding {
        guard let plan = try await PlanRepository(transaction).find(service.planID) else { throw Problem.notFound }
        let (quotas, restriction) = try await PlanQuotaRepository(transaction).standing(
            of: service,
            plan: plan,
            now: parts.time.now()
        ) { name in name.flatMap { SystemFiles.timeZone($0) } ?? .utc }
        return ServiceQuotaStanding(quotas: quotas, restriction: restriction, plan: plan.name)
    }

    private var mine: GatewayRoute {
        RouteGroup(tag: "usage", under: "/api/v1/me/quota").route(
            .get,
            "",
            "listMyQuota",
            .permission(.usageRead),
            "How a customer's own services stand with their plans' quotas, service by service.",
            parameters: [
                .init("limit", .integer(1...100), "Services a page, 10 unless said."),
                .init("cursor", .text(maximum: 1_400), "Where the page before ended: its meta.next."),
            ],
            answer: .page(
                .object(
                    [
                        .init("service_id", .uuid), .init("username", .text(253)), .init("plan", .text()),
                    ] + QuotaViews.standingOfService
                )
            )
        ) { request, caller in
            guard case .customer = caller.principal.reach else { throw Problem.notFound }
            let query = try services.query(request, caller)
            let (page, standings) = try await parts.read(request) {
                transaction,
                _ -> (ListPage<Service>, [(Service, ServiceQuotaStanding)]) in
                let page = try await Listing(transaction, scope: caller.principal.tenantID, cursors: parts.cursors)
                    .page(of: services.source, query)
                var standings: [(Service, ServiceQuotaStanding)] = []
                for service in page.rows { standings.append((service, try await standing(of: service, transaction))) }
                return (page, standings)
            }
            return Response.page(standings, perPage: query.limit, next: page.next, of: request) { json, one in
                json.beginObject()
                json.key("service_id")
                json.value(one.0.id.description)
                json.key("username")
                json.value(one.0.username)
                json.key("plan")
                json.value(one.1.plan)
                QuotaViews.writeMembers(one.1, to: &json)
                json.endObject()
            }
        }
    }

    private struct TopUp: Sendable {
        var quota = QuotaID(.zero)
        /// Given away; what is sold where there is none.
        var grant: Int64?
        static let shape = InputShape<TopUp>([
            InputField("quota_id", .id(), \.quota, isRequired: true),
            InputField(
                "grant",
                InputKind<Int64>(.integer(1...Int64.max), "a whole number of at least 1") { value in
                    value.integer.flatMap { $0 > 0 ? $0 : nil }
                },
                clearable: \.grant
            ),
        ])
    }

    private var topUp: GatewayRoute {
        GatewayRoute(
            .post,
            "/api/v1/services/{id:uuid}/quota-top-ups",
            operationID: "topUpServiceQuota",
            metadata: Access(
                .permission(.billingManage),
                repetition: .keyed,
                operation: Operation(
                    "usage",
                    "Extends the open window of a quota: by an amount that is granted, or by what the quota sells, which is charged first.",
                    body: .json(TopUp.shape.schema(isWhole: true)),
                    status: 202,
                    .data(.object([.init("order_id", .uuid), .init("kind", .choice(["grant", "top_up"]))]))
                )
            )
        ) { request in try await order(request) }
    }

    private func order(_ request: Request) async throws -> Response {
        let id = try request.pathID()
        var wish = TopUp()
        try TopUp.shape.apply(try await request.payload(), to: &wish, isWhole: true)
        let wanted = wish
        return try await parts.change(request) { work in
            let service = try await services.found(id, work.transaction, work.caller)
            let repository = PlanQuotaRepository(work.transaction)
            guard let plan = try await PlanRepository(work.transaction).find(service.planID),
                let quota = try await repository.quotas(of: plan).first(where: { $0.id == wanted.quota })
            else { throw Problem.invalid("/quota_id", "is no quota of the service's plan", code: "no_such_quota") }
            guard quota.allowance != QuotaDefinition.unlimited else {
                throw Problem.invalid("/quota_id", "has no limit", code: "unlimited")
            }
            let order: QuotaOrderID = parts.ids.next()
            let sold = quota.topUp
            guard let amount = wanted.grant ?? sold?.amount else {
                throw Problem.invalid("/quota_id", "sells nothing on top", code: "not_sold")
            }
            let kind = wanted.grant == nil ? QuotaOrder.Kind.topUp : .grant
            let price = kind == .grant ? nil : sold?.price
            try await repository.order(
                kind,
                amount,
                of: quota,
                for: service,
                price: price ?? .zero(plan.price.currency),
                id: order,
                actor: work.caller.principal.userID.value
            )
            work.record(
                .create,
                AuditResource("quota_order", order),
                of: service.tenantID,
                .created([
                    "service_id": .text(service.id.description), "kind": .text(kind.rawValue),
                    "amount": .integer(amount), "price": .text(price?.decimal ?? "0"),
                ])
            )
            return Response.data(status: .accepted) { json in
                json.beginObject()
                json.key("order_id")
                json.value(order.description)
                json.key("kind")
                json.value(kind.rawValue)
                json.endObject()
            }
        }
    }
}
