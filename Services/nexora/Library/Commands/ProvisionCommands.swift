import Domain
import Persistence

/// `provision activate|suspend|resume|upgrade|downgrade|terminate|status|runs`.
enum ProvisionCommands {
    static let all: [CommandSpec] = [
        activate,
        asking(.suspend, "Takes a service's access away for now: its contract is paused, its sessions end."),
        asking(.resume, "Gives a suspended service its access back; refused while its contract is unpaid."),
        changing(.upgrade, "Gives a service a plan of at least its present one's price."),
        changing(.downgrade, "Gives a service a plan of at most its present one's price."),
        asking(.terminate, "Ends a service for good: its contract, its password, its address and its sessions."),
        status, runs,
    ]

    private static let reference = ArgumentSpec("SERVICE", "The service's id or user name.")
    private static let details = """
        The provisioner carries it out, step by step; nexora provision status tells how far it is.
        """

    private static let activate = CommandSpec(
        "provision activate",
        "Makes a service ready: password, fixed address, contract and status.",
        details: details,
        arguments: [reference],
        options: [
            SharedOptions.scope,
            .value(
                "access",
                "KIND",
                "What the last mile is; default ethernet.",
                choices: LifecycleParameters.Access.allCases.map(\.rawValue)
            ),
            .value("static-ipv4", "ADDRESS", "A fixed IPv4 address."),
        ],
        examples: ["nexora provision activate ann --static-ipv4 192.0.2.10"]
    ) { invocation, context in
        var parameters = LifecycleParameters()
        parameters.access = invocation.string("access").flatMap(LifecycleParameters.Access.init(rawValue:)) ?? .ethernet
        if let text = invocation.string("static-ipv4") {
            guard let address = IPAddress(text), address.family == .ipv4 else {
                throw invocation.invalid("static-ipv4", "must be an IPv4 address")
            }
            parameters.staticIPv4 = address
        }
        try await ask(.activate, invocation, context) { [parameters] _, _ in parameters }
    }

    private static func asking(_ kind: LifecycleKind, _ summary: String) -> CommandSpec {
        CommandSpec(
            "provision \(kind.rawValue)",
            summary,
            details: details,
            arguments: [reference],
            options: [SharedOptions.scope],
            examples: ["nexora provision \(kind.rawValue) ann"]
        ) { invocation, context in
            try await ask(kind, invocation, context) { _, _ in LifecycleParameters() }
        }
    }

    private static func changing(_ kind: LifecycleKind, _ summary: String) -> CommandSpec {
        CommandSpec(
            "provision \(kind.rawValue)",
            summary,
            details: details,
            arguments: [reference],
            options: [
                SharedOptions.scope, .value("plan", "PLAN", "The plan's id or name.", required: true),
                .flag("later", "At the end of the period that is paid, instead of now."),
            ],
            examples: ["nexora provision \(kind.rawValue) ann --plan \"Home 100\""]
        ) { invocation, context in
            let plan = try invocation.required("plan")
            try await ask(kind, invocation, context) { directory, service in
                var parameters = LifecycleParameters()
                parameters.planID = try await directory.plan(plan, of: service.tenantID).id
                parameters.isLater = invocation.has("later")
                return parameters
            }
        }
    }

    private static func ask(
        _ kind: LifecycleKind,
        _ invocation: Invocation,
        _ context: CommandContext,
        _ parameters: @escaping @Sendable (DirectoryAccess, Service) async throws -> LifecycleParameters
    ) async throws {
        let reference = try invocation.requiredArgument("SERVICE")
        let record = try await context.inDirectory(invocation) { directory in
            let service = try await directory.service(reference)
            let id = context.ids.uuid()
            let run = LifecycleRun(
                tenantID: service.tenantID,
                id: LifecycleRunID(id),
                serviceID: service.id,
                customerID: service.customerID,
                kind: kind,
                parameters: try await parameters(directory, service),
                operationID: id,
                requestedBy: AuditActor.system.id,
                requestedAt: context.time.now()
            )
            do {
                _ = try await LifecycleStore(directory.transaction).request(run)
            } catch PersistenceError.alreadyExists("lifecycle_runs_open") {
                throw CommandFailure(
                    .conflict,
                    "another run of the service is under way; nexora provision status \(reference) shows it"
                )
            }
            try await AuditLog(directory.transaction).append(
                context.auditEntry(
                    service.tenantID,
                    .update,
                    AuditResource("service", service.id),
                    .created([
                        "lifecycle_run_id": .text(run.id.description), "kind": .text(kind.rawValue),
                        "plan_id": .optional(run.parameters.planID?.description),
                        "static_ipv4": .optional(run.parameters.staticIPv4?.description),
                    ])
                )
            )
            return OutputRecord(run)
        }
        context.report.one(record)
    }

    // MARK: - Looking

    private static let status = CommandSpec(
        "provision status",
        "Shows what was done to a service last, with its steps.",
        arguments: [reference],
        options: [SharedOptions.scope],
        examples: ["nexora provision status ann"]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("SERVICE")
        let records = try await context.inDirectory(invocation) { directory in
            let service = try await directory.service(reference)
            return try await LifecycleStore(directory.transaction).newest(of: [service.id]).map { OutputRecord($0) }
        }
        context.report.page(records, limit: 1, none: "nothing was done to it")
    }

    private static let runs = CommandSpec(
        "provision runs",
        "Lists what was done to services, the newest first.",
        options: [
            SharedOptions.scope, .value("service", "SERVICE", "Only to this one: id or user name."),
            .value("state", "STATE", "Only in this state.", choices: LifecycleRun.State.allCases.map(\.rawValue)),
            SharedOptions.limit, SharedOptions.after,
        ],
        examples: ["nexora provision runs --service ann", "nexora provision runs --state failed --json"]
    ) { invocation, context in
        let limit = try SharedOptions.limit(invocation)
        let after: LifecycleRunID? = try SharedOptions.after(invocation)
        let state = invocation.string("state").flatMap(LifecycleRun.State.init(rawValue:))
        let records = try await context.inDirectory(invocation) { directory in
            var filter = LifecycleFilter()
            filter.state = state
            if let reference = invocation.string("service") {
                filter.serviceID = try await directory.service(reference).id
            }
            return try await LifecycleStore(directory.transaction).list(filter, after: after, limit: limit)
                .map { OutputRecord($0) }
        }
        context.report.page(records, limit: limit, none: "no runs")
    }
}

extension OutputRecord {
    /// A run, with its steps.
    fileprivate init(_ run: LifecycleRun) {
        self.init()
        add("id", .text(run.id.description))
        add("kind", .text(run.kind.rawValue))
        add("state", .text(run.state.rawValue))
        add("reason", .optional(run.reason?.rawValue))
        add("serviceId", .text(run.serviceID.description))
        add("requestedAt", .text(run.requestedAt.description))
        add("endedAt", .optional(run.endedAt?.description))
        add(
            "steps",
            .list(
                run.steps.map { step in
                    let reason = step.reason.map { " (\($0.rawValue))" } ?? ""
                    return .text("\(step.name.rawValue) \(step.state.rawValue)\(reason)")
                }
            )
        )
    }
}
