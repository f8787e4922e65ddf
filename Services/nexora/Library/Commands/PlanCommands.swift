import Domain
import Persistence

/// `plan add|list|show|set|remove`.
enum PlanCommands {
    static let all: [CommandSpec] = [add, list, show, set, remove]

    private static let reference = ArgumentSpec("PLAN", "The plan's id or name.")
    private static let speedDetails = """
        Speeds are bit/s with a suffix k, M or G (powers of 1000): 50M. Advanced settings take an empty value to be cleared.
        """
    private static let fields: [OptionSpec] =
        [
            .value("description", "TEXT", "What it is, for people."),
            .value("currency", "CODE", "ISO 4217; default EUR."),
            .value(
                "feature",
                "TEXT",
                "A feature to list. Given once or more, they replace those there.",
                repeated: true
            ),
            .value("session-limit", "N", "Sessions of a service at once, 1 to 5; default 1."),
            .value("session-timeout", "SECONDS", "The longest session; empty for none."),
            .value("idle-timeout", "SECONDS", "Ends an idle session; empty for none."),
            .value("interim-interval", "SECONDS", "How often the NAS reports, 60 to 86400; default 300."),
            .value("profile", "PROFILE", "The bandwidth profile, by id or name, whose speeds count; empty for none."),
            .value("active", "yes|no", "An inactive plan is offered to nobody new; default yes."),
        ] + PlanAdvancedOptions.all

    private static let add = CommandSpec(
        "plan add",
        "Adds a plan.",
        details: speedDetails,
        arguments: [ArgumentSpec("NAME", "A name, unique within the tenant.")],
        options: [
            SharedOptions.owner, .value("download", "SPEED", "To the subscriber.", required: true),
            .value("upload", "SPEED", "From the subscriber.", required: true),
            .value("price", "AMOUNT", "A month's price, above 0: 19.90.", required: true),
        ] + fields,
        examples: [
            "nexora plan add \"Home 50\" --tenant acme --download 50M --upload 10M --price 19.90",
            "nexora plan add Boost --tenant acme --download 20M --upload 5M --price 12 --burst yes --burst-download 40M --burst-upload 10M --threshold-download 15M --threshold-upload 4M --burst-seconds 16",
        ]
    ) { invocation, context in
        let name = try invocation.requiredArgument("NAME")
        let record = try await context.inDirectory(invocation) { directory in
            guard let download = try invocation.bitRate("download"), let upload = try invocation.bitRate("upload")
            else {
                throw invocation.invalid("download", "is required")
            }
            var plan = Plan(
                tenantID: directory.root,
                id: context.ids.next(),
                name: name,
                downloadBitsPerSecond: download,
                uploadBitsPerSecond: upload,
                price: try price(invocation, nil)
            )
            try apply(invocation, to: &plan)
            try await setProfile(invocation, &plan, directory)
            try await directory.plans.insert(plan)
            try await setAdvanced(invocation, plan, directory)
            return try await output(of: plan.id, directory)
        }
        context.report.one(record)
    }

    private static let list = CommandSpec(
        "plan list",
        "Lists plans.",
        options: [
            SharedOptions.scope, .flag("active", "Active plans only."), SharedOptions.limit, SharedOptions.after,
        ],
        examples: ["nexora plan list --tenant acme", "nexora plan list --active --json"]
    ) { invocation, context in
        let limit = try SharedOptions.limit(invocation)
        let after: PlanID? = try SharedOptions.after(invocation)
        let records = try await context.inDirectory(invocation) { directory in
            let names = try await directory.tenantNames()
            return try await directory.plans.list(after: after, limit: limit, onlyActive: invocation.has("active"))
                .map { OutputRecord($0, names: names) }
        }
        context.report.page(records, limit: limit, none: "no plans")
    }

    private static let show = CommandSpec(
        "plan show",
        "Shows one plan with its advanced settings and windows.",
        arguments: [reference],
        options: [SharedOptions.scope],
        examples: ["nexora plan show \"Home 50\""]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("PLAN")
        context.report.one(
            try await context.inDirectory(invocation) { directory in
                try await output(of: try await directory.plan(reference).id, directory)
            }
        )
    }

    private static let set = CommandSpec(
        "plan set",
        "Changes a plan: only what is given.",
        details: speedDetails,
        arguments: [reference],
        options: [
            SharedOptions.scope, .value("name", "NAME", "Its name."), .value("download", "SPEED", "To the subscriber."),
            .value("upload", "SPEED", "From the subscriber."), .value("price", "AMOUNT", "A month's price."),
        ] + fields,
        examples: ["nexora plan set \"Home 50\" --download 60M", "nexora plan set \"Home 50\" --burst no --active no"]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("PLAN")
        context.report.one(
            try await context.inDirectory(invocation) { directory in
                var plan = try await directory.plan(reference)
                plan.name = invocation.string("name") ?? plan.name
                plan.downloadBitsPerSecond = try invocation.bitRate("download") ?? plan.downloadBitsPerSecond
                plan.uploadBitsPerSecond = try invocation.bitRate("upload") ?? plan.uploadBitsPerSecond
                plan.price = try price(invocation, plan.price)
                try apply(invocation, to: &plan)
                try await setProfile(invocation, &plan, directory)
                try await directory.plans.update(plan)
                try await setAdvanced(invocation, plan, directory)
                return try await output(of: plan.id, directory)
            }
        )
    }

    private static let remove = CommandSpec(
        "plan remove",
        "Removes a plan that no service uses (exit code 4 while one does).",
        arguments: [reference],
        options: [SharedOptions.scope],
        examples: ["nexora plan remove \"Home 50\""]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("PLAN")
        context.report.one(
            try await context.inDirectory(invocation) { directory in
                let plan = try await directory.plan(reference)
                try await directory.plans.remove(plan)
                return OutputRecord(plan, names: try await directory.tenantNames())
            }
        )
    }

    // MARK: - Parts

    private static func output(of id: PlanID, _ directory: DirectoryAccess) async throws -> OutputRecord {
        guard let plan = try await directory.plans.find(id) else { throw PersistenceError.notFound }
        var record = OutputRecord(
            plan,
            names: try await directory.tenantNames(),
            advanced: try await directory.plans.advanced(of: plan)
        )
        let windows = try await directory.plans.windows(of: plan)
        record.add("windows", .list(windows.map { .record(OutputRecord($0.window, position: $0.position)) }))
        return record
    }

    private static func setAdvanced(_ invocation: Invocation, _ plan: Plan, _ directory: DirectoryAccess) async throws {
        guard PlanAdvancedOptions.all.contains(where: { invocation.has($0.name) }) else { return }
        var settings =
            try await directory.plans.advanced(of: plan)
            ?? PlanAdvancedSettings(tenantID: plan.tenantID, planID: plan.id)
        try PlanAdvancedOptions.apply(invocation, to: &settings)
        try await directory.plans.setAdvanced(settings)
    }

    private static func setProfile(
        _ invocation: Invocation,
        _ plan: inout Plan,
        _ directory: DirectoryAccess
    ) async throws {
        guard let reference = invocation.clearable("profile") else { return }
        let profile: BandwidthProfile? =
            if let reference { try await directory.profile(reference, of: plan.tenantID) } else { nil }
        plan.bandwidthProfileID = profile?.id
    }

    private static func price(_ invocation: Invocation, _ old: Money?) throws(UsageError) -> Money {
        let code = invocation.string("currency") ?? old?.currency.code ?? "EUR"
        guard let currency = try? Currency(code) else {
            throw invocation.invalid("currency", "must be three capital letters such as EUR")
        }
        let amount = invocation.string("price") ?? old?.decimal ?? ""
        guard let price = try? Money(amount, currency: currency), price.isPositive else {
            throw invocation.invalid("price", "must be an amount above 0 with at most four decimals, such as 19.90")
        }
        return price
    }

    private static func apply(_ invocation: Invocation, to plan: inout Plan) throws(UsageError) {
        plan.description = invocation.string("description") ?? plan.description
        if invocation.has("feature") { plan.features = invocation.strings("feature").filter { !$0.isEmpty } }
        if let limit = try invocation.integer("session-limit", in: 1...5) { plan.sessionLimit = limit }
        if let seconds = try invocation.clearableInteger("session-timeout", in: 1...31_536_000) {
            plan.sessionTimeoutSeconds = seconds
        }
        if let seconds = try invocation.clearableInteger("idle-timeout", in: 1...31_536_000) {
            plan.idleTimeoutSeconds = seconds
        }
        if let seconds = try invocation.integer("interim-interval", in: 60...86_400) {
            plan.interimIntervalSeconds = seconds
        }
        if let flag = try invocation.boolean("active") { plan.isActive = flag }
    }
}
