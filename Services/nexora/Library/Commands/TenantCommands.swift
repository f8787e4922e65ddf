import Domain
import Persistence
import Profiles

/// `tenant add|list|show|set|remove`.
enum TenantCommands {
    static let all: [CommandSpec] = [add, list, show, set, remove]

    private static let active = OptionSpec.value("active", "yes|no", "An inactive tenant's subscribers cannot log in.")
    private static let settings = OptionSpec.value("settings", "JSON", "The tenant's settings, one JSON object.")
    private static let reference = ArgumentSpec("TENANT", "The tenant's id or subdomain.")

    private static let add = CommandSpec(
        "tenant add",
        "Adds a provider, a reseller or a festival to the tree.",
        arguments: [ArgumentSpec("NAME", "The company's or event's name.")],
        options: [
            .value("subdomain", "LABEL", "Its own DNS label, a-z, 0-9 and hyphen.", required: true),
            .value(
                "kind",
                "KIND",
                "What it is; default provider.",
                choices: ["provider", "reseller", "festival"]
            ),
            .value("parent", "TENANT", "The tenant above it; default the operator."), active, settings,
        ],
        examples: [
            "nexora tenant add \"Acme Net\" --subdomain acme",
            "nexora tenant add \"Corner Shop\" --subdomain corner --kind reseller --parent acme",
        ]
    ) { invocation, context in
        let id: TenantID = context.ids.next()
        let tenant = Tenant(
            id: id,
            parentID: nil,
            kind: TenantKind(rawValue: invocation.string("kind") ?? "provider") ?? .provider,
            name: try invocation.requiredArgument("NAME"),
            subdomain: try invocation.required("subdomain"),
            isActive: try invocation.boolean("active") ?? true,
            settings: try settings(invocation) ?? "{}"
        )
        let record = try await context.withDatabase { database in
            try await context.inDirectory(database, invocation, joining: [id]) { directory in
                var tenant = tenant
                tenant.parentID = try await parent(invocation, directory)
                try await directory.tenants.insert(tenant)
                return try await output(of: id, directory)
            }
        }
        context.report.one(record)
    }

    private static let list = CommandSpec(
        "tenant list",
        "Lists the tenants of the tree.",
        options: [SharedOptions.scope],
        examples: ["nexora tenant list", "nexora tenant list --tenant acme --json"]
    ) { invocation, context in
        let records = try await context.inDirectory(invocation) { directory in
            let names = try await directory.tenantNames()
            return try await directory.tenants.all().map { OutputRecord($0, names: names) }
        }
        context.report.list(records, none: "no tenants")
    }

    private static let show = CommandSpec(
        "tenant show",
        "Shows one tenant.",
        arguments: [reference],
        examples: ["nexora tenant show acme"]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("TENANT")
        context.report.one(
            try await context.inDirectory(invocation) { directory in
                try await output(of: try await directory.tenant(reference).id, directory)
            }
        )
    }

    private static let set = CommandSpec(
        "tenant set",
        "Changes a tenant: only what is given.",
        arguments: [reference],
        options: [
            .value("name", "NAME", "Its name."), .value("subdomain", "LABEL", "Its DNS label."), active, settings,
            .value(
                "walled-garden",
                "PLAN",
                "The plan that suspended and expired services come in under, to pay: its id or name; empty for none."
            ),
        ],
        examples: ["nexora tenant set acme --active no", "nexora tenant set acme --walled-garden \"Pay First\""]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("TENANT")
        let isActive = try invocation.boolean("active")
        let settings = try settings(invocation)
        context.report.one(
            try await context.inDirectory(invocation) { directory in
                let id = try await directory.tenant(reference).id
                guard var tenant = try await directory.tenants.find(id, forUpdate: true) else {
                    throw PersistenceError.notFound
                }
                tenant.name = invocation.string("name") ?? tenant.name
                tenant.subdomain = invocation.string("subdomain") ?? tenant.subdomain
                tenant.isActive = isActive ?? tenant.isActive
                tenant.settings = settings ?? tenant.settings
                try await directory.tenants.update(tenant)
                if let reference = invocation.clearable("walled-garden") {
                    try await setWalledGarden(of: tenant, to: reference, directory)
                }
                return try await output(of: id, directory)
            }
        )
    }

    private static let remove = CommandSpec(
        "tenant remove",
        "Removes a tenant that nothing belongs to any more.",
        details:
            "Refused (exit code 4) while it has NASes, plans, customers, tenants below it, sessions or events to send.",
        arguments: [reference],
        examples: ["nexora tenant remove corner"]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("TENANT")
        let removed = try await context.inDirectory(invocation) { directory in
            let tenant = try await directory.tenant(reference)
            guard tenant.kind != .operator else { throw CommandFailure(.conflict, "the operator cannot be removed") }
            try await directory.tenants.remove(tenant.id)
            return OutputRecord(tenant, names: [:])
        }
        context.report.one(removed)
    }

    private static func parent(_ invocation: Invocation, _ directory: DirectoryAccess) async throws -> TenantID {
        guard let reference = invocation.string("parent") else { return directory.root }
        return try await directory.tenant(reference).id
    }

    private static func output(of id: TenantID, _ directory: DirectoryAccess) async throws -> OutputRecord {
        guard let tenant = try await directory.tenants.find(id) else { throw PersistenceError.notFound }
        return OutputRecord(tenant, names: try await directory.tenantNames())
    }

    /// The garden's plan must be the tenant's own: radius-server looks for it there.
    private static func setWalledGarden(
        of tenant: Tenant,
        to reference: String?,
        _ directory: DirectoryAccess
    ) async throws {
        guard let reference else { return try await directory.tenants.setWalledGarden(of: tenant.id, to: nil) }
        let plan = try await directory.plan(reference, of: tenant.id)
        guard plan.tenantID == tenant.id else {
            throw CommandFailure(
                .conflict,
                "plan \"\(plan.name)\" is another tenant's: add one of \"\(tenant.subdomain)\"'s own"
            )
        }
        try await directory.tenants.setWalledGarden(of: tenant.id, to: plan.id)
    }

    private static func settings(_ invocation: Invocation) throws(UsageError) -> String? {
        guard let text = invocation.string("settings") else { return nil }
        guard let value = try? OutputValue(json: Array(text.utf8)), case .record = value else {
            throw invocation.invalid("settings", "must be one JSON object")
        }
        switch value["time_zone"] {
        case .null: break
        case .text(let name) where SystemFiles.timeZone(name) != nil: break
        default:
            throw invocation.invalid("settings", "time_zone must be in the time zone database, such as Europe/Rome")
        }
        return text
    }
}
