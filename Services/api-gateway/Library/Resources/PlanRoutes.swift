import Domain
import HTTPServer
import Persistence
import WireFormat

extension Resource where Row == Plan {
    static let plans = Resource(
        .plans,
        path: "/api/v1/service-plans",
        noun: ("ServicePlan", "ServicePlans"),
        tag: "plans",
        auditType: "plan",
        read: .plansRead,
        own: .all,
        id: { $0.id.description },
        owner: { RecordOwner(tenantID: $0.tenantID) },
        version: { $0.stamp?.version },
        schemas: [
            "name": .text(100), "description": .text(), "download_bps": .integer(1...Int64.max),
            "upload_bps": .integer(1...Int64.max), "price": .amount, "currency": .currency,
            "features": .list(.text()), "session_limit": .integer(1...5),
            "interim_interval_seconds": .integer(60...86_400),
        ],
        cached: .plan
    ) { transaction, id, _ in try await PlanRepository(transaction).find(PlanID(id)) }
}

/// What a body says about a plan.
struct PlanInput: Sendable {
    var tenant: TenantID?
    var plan: Plan
    var price: String
    var currency: Currency

    init(_ plan: Plan) {
        self.plan = plan
        price = plan.price.decimal
        currency = plan.price.currency
    }

    func complete() throws(Problem) -> Plan {
        var complete = plan
        if let price = try Money.of(price, currency, field: "price") { complete.price = price }
        return complete
    }

    private static let common: [InputField<PlanInput>] = [
        InputField("name", .text(100, minimum: 1), \.plan.name, isRequired: true),
        InputField("download_bps", .speed, \.plan.downloadBitsPerSecond, isRequired: true),
        InputField("upload_bps", .speed, \.plan.uploadBitsPerSecond, isRequired: true),
        InputField("price", .amount, \.price, isRequired: true),
        InputField("currency", .currency, \.currency),
        InputField("description", .text(10_000), \.plan.description),
        InputField("is_active", .flag, \.plan.isActive),
        InputField("features", InputKind.text(1_000, minimum: 1).list(100), \.plan.features),
        InputField("session_limit", .whole(1...5), \.plan.sessionLimit),
        InputField("session_timeout_seconds", .whole(1...Int(Int32.max)), clearable: \.plan.sessionTimeoutSeconds),
        InputField("idle_timeout_seconds", .whole(1...Int(Int32.max)), clearable: \.plan.idleTimeoutSeconds),
        InputField("interim_interval_seconds", .whole(60...86_400), \.plan.interimIntervalSeconds),
        InputField("bandwidth_profile_id", .id(), clearable: \.plan.bandwidthProfileID),
    ]

    static let creation = InputShape([InputField("tenant_id", .id(), clearable: \PlanInput.tenant)] + common)
    static let change = InputShape(common)
}

/// Plans and their advanced settings (PLN-01 to PLN-05).
struct PlanRoutes {
    private let parts: Parts
    private let plans = Resource<Plan>.plans

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] {
        get throws { try plans.reading(parts) + [create(), update(), delete(), advanced, setAdvanced] }
    }

    private func create() throws -> GatewayRoute {
        try plans.create(parts, .plansCreate, body: PlanInput.creation.schema(isWhole: true)) { body, work in
            var input = PlanInput(.blank)
            try PlanInput.creation.apply(body, to: &input, isWhole: true)
            let wanted = try input.complete()
            return try await PlanWriter(work.transaction, ids: work.parts.ids).create(
                tenant: try work.caller.principal.target(input.tenant),
                currency: wanted.price.currency
            ) { $0 = wanted }
        }
    }

    private func update() throws -> GatewayRoute {
        try plans.update(parts, .plansUpdate, body: PlanInput.change.schema(isWhole: false)) {
            id,
            version,
            body,
            work in
            try await PlanWriter(work.transaction, ids: work.parts.ids).update(PlanID(id), expecting: version) {
                var input = PlanInput($0)
                try PlanInput.change.apply(body, to: &input, isWhole: false)
                $0 = try input.complete()
            }
        }
    }

    private func delete() throws -> GatewayRoute {
        try plans.delete(parts, .plansDelete) { id, version, work in
            try await PlanWriter(work.transaction, ids: work.parts.ids).delete(PlanID(id), expecting: version)
        }
    }

    // MARK: - Advanced settings

    private var advanced: GatewayRoute {
        GatewayRoute(
            .get,
            "/api/v1/service-plans/{id:uuid}/advanced-settings",
            operationID: "getServicePlanAdvancedSettings",
            metadata: Access(
                .permission(.plansRead),
                operation: Operation(
                    "plans",
                    "A plan's advanced settings; the defaults where it has none.",
                    .data(AdvancedSettings.view.schema)
                )
            )
        ) { request in
            let id = try request.pathID()
            let settings = try await parts.read(request) { transaction, caller in
                let plan = try await plans.found(id, transaction, caller)
                return try await PlanWriter(transaction, ids: parts.ids).advancedSettings(plan.id)
                    ?? PlanAdvancedSettings(tenantID: plan.tenantID, planID: plan.id)
            }
            return AdvancedSettings.answer(settings)
        }
    }

    private var setAdvanced: GatewayRoute {
        GatewayRoute(
            .put,
            "/api/v1/service-plans/{id:uuid}/advanced-settings",
            operationID: "setServicePlanAdvancedSettings",
            metadata: Access(
                .permission(.plansUpdate),
                operation: Operation(
                    "plans",
                    "Replaces a plan's advanced settings; what is left out gets its default.",
                    parameters: [Operation.ifMatch],
                    body: .json(AdvancedSettings.shape.schema(isWhole: true)),
                    .data(AdvancedSettings.view.schema)
                )
            )
        ) { request in
            let (id, version) = (try request.pathID(), try request.expectedVersion())
            let body = try await request.payload()
            return try await parts.change(request) { work in
                let plan = try await plans.found(id, work.transaction, work.caller)
                let change = try await PlanWriter(work.transaction, ids: parts.ids)
                    .updateAdvancedSettings(plan.id, expecting: version) { settings in
                        settings = PlanAdvancedSettings(
                            tenantID: plan.tenantID,
                            planID: plan.id,
                            rowVersion: settings.rowVersion
                        )
                        try AdvancedSettings.shape.apply(body, to: &settings, isWhole: true)
                    }
                guard let settings = change.after else { throw Problem.notFound }
                work.record(
                    .update,
                    AuditResource("plan_advanced_settings", plan.id),
                    of: plan.tenantID,
                    change.before.map { .updated(AdvancedSettings.value($0), AdvancedSettings.value(settings)) }
                        ?? .created(AdvancedSettings.value(settings))
                )
                return AdvancedSettings.answer(settings)
            }
        }
    }
}

extension Plan {
    /// Before anything is said about it.
    static let blank = Plan(
        tenantID: TenantID(.zero),
        id: PlanID(.zero),
        name: "",
        downloadBitsPerSecond: 0,
        uploadBitsPerSecond: 0,
        price: .zero(.euro)
    )
}
