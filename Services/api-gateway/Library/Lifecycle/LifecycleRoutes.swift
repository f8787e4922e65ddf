import Billing
import Domain
import HTTPServer
import Identity
import Persistence
import WireFormat

/// Services activated, suspended, resumed, changed and terminated, and how far that is (LCY-05, LCY-13, LCY-14). What is asked for here the
/// provisioner carries out; the run has the operation's id.
struct LifecycleRoutes {
    private let parts: Parts
    private let group = RouteGroup(tag: "service-lifecycle", under: "/api/v1/service-lifecycle")
    private let view = LifecycleViews.run
    private let services = Resource<Service>.services

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] {
        [activate, suspend, resume, upgrade, downgrade, terminate, status, list, one]
    }

    // MARK: - Asking

    private var activate: GatewayRoute {
        asking(
            .activate,
            "activateService",
            "Makes a service ready: password, fixed address, contract and status.",
            LifecycleInputs.Activation.shape.schema(isWhole: true)
        ) { body in
            var input = LifecycleInputs.Activation()
            try LifecycleInputs.Activation.shape.apply(body, to: &input, isWhole: true)
            guard input.staticIPv4?.family != .ipv6 else {
                throw ValidationError.single("static_ipv4", .conflicts(reason: "must be an IPv4 address"))
            }
            var parameters = LifecycleParameters()
            parameters.access = input.access
            parameters.staticIPv4 = input.staticIPv4
            return (input.service, parameters)
        }
    }

    private var suspend: GatewayRoute {
        plain(
            .suspend,
            "suspendService",
            "Takes a service's access away for now: its contract is paused, its sessions end."
        )
    }

    private var resume: GatewayRoute {
        plain(
            .resume,
            "resumeService",
            "Gives a suspended service its access back; refused while its contract is unpaid."
        )
    }

    private var terminate: GatewayRoute {
        plain(
            .terminate,
            "terminateService",
            "Ends a service for good: its contract, its password, its address and its sessions."
        )
    }

    private var upgrade: GatewayRoute {
        change(.upgrade, "upgradeService", "Gives a service a plan of at least its present one's price.")
    }

    private var downgrade: GatewayRoute {
        change(.downgrade, "downgradeService", "Gives a service a plan of at most its present one's price.")
    }

    private func plain(_ kind: LifecycleKind, _ operationID: String, _ summary: String) -> GatewayRoute {
        asking(kind, operationID, summary, LifecycleInputs.Plain.shape.schema(isWhole: true)) { body in
            var input = LifecycleInputs.Plain()
            try LifecycleInputs.Plain.shape.apply(body, to: &input, isWhole: true)
            return (input.service, LifecycleParameters())
        }
    }

    private func change(_ kind: LifecycleKind, _ operationID: String, _ summary: String) -> GatewayRoute {
        asking(kind, operationID, summary, LifecycleInputs.Change.shape.schema(isWhole: true)) { body in
            var input = LifecycleInputs.Change()
            try LifecycleInputs.Change.shape.apply(body, to: &input, isWhole: true)
            var parameters = LifecycleParameters()
            parameters.planID = input.plan
            parameters.isLater = input.when == .periodEnd
            return (input.service, parameters)
        }
    }

    private func asking(
        _ kind: LifecycleKind,
        _ operationID: String,
        _ summary: String,
        _ body: Schema,
        _ read: @escaping @Sendable (JSONValue) throws -> (ServiceID, LifecycleParameters)
    ) -> GatewayRoute {
        group.route(
            .post,
            "/\(kind.rawValue)",
            operationID,
            .permission(.servicesUpdate),
            summary,
            body: body,
            status: 202,
            answer: .data(Resource<StoredOperation>.operations.schema),
            repetition: .keyed
        ) { request, _ in
            let (id, parameters) = try read(try await request.payload())
            do {
                return try await parts.change(request) { work in
                    let service = try await services.found(id.value, work.transaction, work.caller)
                    let operation = try await store(kind, parameters, service, work)
                    let operations = Resource<StoredOperation>.operations
                    var response = try operations.answer(operation, to: request, status: .accepted)
                    response.headers["location"] = HeaderValue(
                        withoutControls: "/api/v1/service-lifecycle/runs/\(operation.id)"
                    )
                    return response
                }
            } catch PersistenceError.alreadyExists("lifecycle_runs_open") {
                throw Problem.conflict("lifecycle_under_way", "Another run of the service is under way.")
            }
        }
    }

    private func store(
        _ kind: LifecycleKind,
        _ parameters: LifecycleParameters,
        _ service: Service,
        _ work: Work
    ) async throws -> StoredOperation {
        try await allow(service, parameters, work)
        let id = parts.ids.uuid()
        let run = LifecycleRun(
            tenantID: service.tenantID,
            id: LifecycleRunID(id),
            serviceID: service.id,
            customerID: service.customerID,
            kind: kind,
            parameters: parameters,
            operationID: id,
            correlationID: work.caller.origin.correlationID,
            requestedBy: work.caller.audit.actor.id,
            requestedAt: parts.time.now()
        )
        let operation = try await LifecycleStore(work.transaction).request(run)
        work.record(
            .update,
            AuditResource(services.auditType, service.id),
            of: service.tenantID,
            .created([
                "lifecycle_run_id": .described(run.id), "kind": .text(kind.rawValue),
                "plan_id": .described(parameters.planID),
                "static_ipv4": .optional(parameters.staticIPv4?.description),
            ])
        )
        return operation
    }

    /// What changes a contract, and so somebody's money, is for those who may.
    ///
    /// A plan and an address need what they need on the routes of services.
    private func allow(_ service: Service, _ parameters: LifecycleParameters, _ work: Work) async throws {
        let principal = work.caller.principal
        var needed: Set<Permission> = []
        if parameters.planID != nil { needed.insert(.radiusChangePlan) }
        if let address = parameters.staticIPv4, address != service.staticIPv4 {
            needed.insert(.ipamAllocate)
            if service.staticIPv4 != nil { needed.insert(.ipamRelease) }
        }
        guard needed.allSatisfy({ principal.permissions.contains($0) }) else { throw Problem.forbidden }
        guard !principal.permissions.contains(.billingManage) else { return }
        var filter = SubscriptionFilter()
        filter.tenantID = service.tenantID
        filter.serviceID = service.id
        let contracts = try await SubscriptionStore(work.transaction, ids: parts.ids)
            .list(filter, after: nil, limit: 1)
        guard contracts.allSatisfy(\.subscription.state.isFinal) else { throw Problem.forbidden }
    }

    // MARK: - Looking

    private var status: GatewayRoute {
        group.route(
            .get,
            "/status/{id:uuid}",
            "getServiceLifecycleStatus",
            .permission(.servicesRead),
            "A subscriber's first hundred services as they stand, each with what was done to it last.",
            answer: .data(.list(LifecycleViews.standing.schema))
        ) { request, _ in
            let id = try request.pathID()
            let standings = try await parts.read(request) { transaction, caller in
                let customer = try await Resource<Customer>.customers.found(id, transaction, caller)
                let services = try await ServiceRepository(transaction).list(limit: 100, customer: customer.id)
                let runs = try await LifecycleStore(transaction).newest(of: services.map(\.id))
                let last = Dictionary(runs.map { ($0.serviceID, $0) }, uniquingKeysWith: { $1 })
                return services.map { LifecycleViews.Standing(service: $0, run: last[$0.id]) }
            }
            return .data { json in
                json.beginArray()
                for standing in standings { LifecycleViews.standing.write(standing, to: &json) }
                json.endArray()
            }
        }
    }

    private var list: GatewayRoute {
        group.route(
            .get,
            "/runs",
            "listServiceLifecycleRuns",
            .permission(.servicesRead),
            "A page of runs of one's tenant and those below, the newest first; a customer's own.",
            parameters: Operation.owners + [
                .init("service_id", .uuid, "Of one service."),
                .init("kind", .choice(LifecycleKind.allCases.map(\.rawValue)), "Of one kind."),
                .init("state", .choice(LifecycleRun.State.allCases.map(\.rawValue)), "In one state."),
            ] + Operation.paging,
            answer: .page(view.schema)
        ) { request, caller in
            let service: ServiceID? = try request.queryID("service_id")
            guard var filter = try LifecycleFilter(request, by: caller.principal) else {
                return try view.emptyPage(request)
            }
            filter.serviceID = service
            filter.kind = request.query["kind"].flatMap { LifecycleKind(rawValue: $0) }
            filter.state = request.query["state"].flatMap { LifecycleRun.State(rawValue: $0) }
            return try await view.page(request, cursor: \.id) { [filter] after, limit in
                try await parts.read(request) { transaction, _ in
                    try await LifecycleStore(transaction).list(filter, after: after, limit: limit)
                }
            }
        }
    }

    private var one: GatewayRoute {
        group.route(
            .get,
            "/runs/{id:uuid}",
            "getServiceLifecycleRun",
            .permission(.servicesRead),
            "One run, with its steps.",
            answer: .data(view.schema)
        ) { request, _ in
            let id = LifecycleRunID(try request.pathID())
            let run = try await parts.read(request) { transaction, caller in
                try caller.principal.seen(try await LifecycleStore(transaction).find(id))
            }
            return view.answer(run)
        }
    }
}
