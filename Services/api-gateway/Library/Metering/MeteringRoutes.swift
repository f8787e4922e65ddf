import Billing
import Domain
import HTTPServer
import Identity
import Persistence

/// What a tenant's projects use together, and what its plan allows (FUP-08, FUP-09, FUP-12, FUP-13).
struct MeteringRoutes {
    private let parts: Parts
    private let group = RouteGroup(tag: "metering", under: "/api/v1")

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { [summary, limits, plan, setPlan] }

    private static let tenant = Operation.Parameter("tenant_id", .uuid, "Of a tenant below, one's own unless said.")

    /// What the tenant that a request means used in a month.
    private func summary(of request: Request, in month: MeteredMonth?) async throws -> MeteringSummary {
        let (wanted, now): (TenantID?, Timestamp) = (try request.queryID("tenant_id"), parts.time.now())
        return try await parts.readOnce(request) { transaction, caller in
            let tenant = try caller.principal.target(wanted)
            try caller.principal.see(RecordOwner(tenantID: tenant))
            let summaries = try await MeteringUsage(transaction, ids: parts.ids)
                .summaries(of: [tenant], in: month ?? MeteredMonth(at: now), now: now)
            guard let summary = summaries.first else { throw Problem.notFound }
            return summary
        }
    }

    private var summary: GatewayRoute {
        group.route(
            .get,
            "/metering/summary",
            "getMeteringSummary",
            .permission(.usageRead),
            "What a tenant's projects moved in a month and keep, in all and on average.",
            parameters: [Self.tenant] + MeteringViews.monthParameters,
            answer: .data(MeteringViews.summary.schema)
        ) { request, _ in
            let month = try request.meteredMonth(now: parts.time.now())
            return MeteringViews.summary.answer(try await summary(of: request, in: month))
        }
    }

    private var limits: GatewayRoute {
        group.route(
            .get,
            "/metering/limits",
            "checkMeteringLimits",
            .permission(.usageRead),
            "Whether a tenant's projects stay within its plan now, why not, and how far each limit is used.",
            parameters: [Self.tenant],
            answer: .data(MeteringViews.checkSchema)
        ) { request, _ in MeteringViews.check(try await summary(of: request, in: nil)) }
    }

    private var plan: GatewayRoute {
        group.route(
            .get,
            "/metering/plan",
            "getMeteringPlan",
            .permission(.usageRead),
            "A tenant's platform plan with what it allows; -1 is no limit.",
            parameters: [Self.tenant],
            answer: .data(MeteringViews.plan.schema)
        ) { request, _ in
            let wanted: TenantID? = try request.queryID("tenant_id")
            let subscription = try await parts.readOnce(request) { transaction, caller in
                let tenant = try caller.principal.target(wanted)
                try caller.principal.see(RecordOwner(tenantID: tenant))
                return try await MeteredProjects(transaction).subscription(of: tenant)
            }
            return MeteringViews.plan.answer(subscription)
        }
    }

    private struct Input: Sendable {
        var plan = MeteredPlan.free
        static let shape = InputShape<Input>([InputField("plan", .choice(), \.plan, isRequired: true)])
    }

    private var setPlan: GatewayRoute {
        group.route(
            .put,
            "/tenants/{id:uuid}/metering-plan",
            "setMeteringPlan",
            .permission(.tenantsLicense),
            "Sets the platform plan of a tenant below one's own, without a payment.",
            body: Input.shape.schema(isWhole: true),
            answer: .data(MeteringViews.plan.schema)
        ) { request, _ in
            let id = TenantID(try request.pathID())
            let body = try await request.payload()
            return try await parts.change(request) { work in
                guard try await TenantRepository(work.transaction).find(id) != nil else { throw Problem.notFound }
                try work.caller.principal.see(RecordOwner(tenantID: id))
                var input = Input()
                try Input.shape.apply(body, to: &input, isWhole: true)
                guard id != work.caller.principal.tenantID else { throw TenancyError.notBelow }
                let projects = MeteredProjects(work.transaction)
                let before = try await projects.subscription(of: id)
                try await projects.set(input.plan, of: id)
                let after = try await projects.subscription(of: id)
                work.record(
                    .update,
                    AuditResource("metering_plan", id),
                    of: id,
                    .updated(["plan": .text(before.plan.rawValue)], ["plan": .text(after.plan.rawValue)])
                )
                return MeteringViews.plan.answer(after)
            }
        }
    }
}
