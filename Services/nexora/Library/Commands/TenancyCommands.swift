import Domain
import Persistence

/// `tenant suspend|resume|licence`.
enum TenancyCommands {
    static let all: [CommandSpec] = [suspend, resume, licence]

    static let reference = ArgumentSpec("TENANT", "The tenant's id or subdomain.")

    private static let suspend = CommandSpec(
        "tenant suspend",
        "Stops serving a tenant and all below it: nobody logs in, no subscriber is let in.",
        arguments: [reference],
        options: [.value("note", "TEXT", "Why.")],
        examples: ["nexora tenant suspend acme --note \"unpaid since June\""]
    ) { invocation, context in
        try await changeStanding(invocation, context, "suspend") { tenancy, tenant in
            try await tenancy.suspend(
                tenant,
                reason: .manual,
                note: invocation.string("note") ?? "",
                by: AuditActor.system.id
            )
        }
    }

    private static let resume = CommandSpec(
        "tenant resume",
        "Serves a tenant again that was suspended, and those below it that nothing else holds back.",
        arguments: [reference],
        examples: ["nexora tenant resume acme"]
    ) { invocation, context in
        try await changeStanding(invocation, context, "resume") { tenancy, tenant in
            try await tenancy.resume(tenant, by: AuditActor.system.id)
        }
    }

    private static let licence = CommandSpec(
        "tenant licence",
        "Shows a tenant's licence and what it uses of it, or gives it another one.",
        details: """
            Limits hold for the tenant and all below it together; one that is not given is no limit. Creation beyond them is
            refused. Sessions are counted only. After the days of grace an overage suspends the tenant.
            """,
        arguments: [reference],
        options: [
            .value("plan", "NAME", "The subscription plan's name; sets the licence."),
            .value("max-subscribers", "N", "Customers that are neither deleted nor terminated."),
            .value("max-nases", "N", "NASes."), .value("max-tenants", "N", "Tenants below it."),
            .value("max-sessions", "N", "Live sessions."),
            .value("grace-days", "N", "Days from an overage to the suspension; default 7."),
            .value("ends", "TIME", "When the licence is over."), .flag("none", "Takes the licence away."),
        ],
        examples: [
            "nexora tenant licence acme",
            "nexora tenant licence acme --plan Small --max-subscribers 500 --max-nases 10",
        ]
    ) { invocation, context in
        let change = try licence(invocation)
        let record = try await context.inDirectory(invocation) { directory in
            let tenant = try await directory.tenant(try invocation.requiredArgument("TENANT"))
            let tenancy = TenancyStore(directory.transaction, ids: context.ids, time: context.time)
            if change != nil || invocation.has("none") {
                let old = try await tenancy.licence(of: tenant.id)
                var new = change
                new?.tenantID = tenant.id
                try await tenancy.setLicence(new, of: tenant.id, by: AuditActor.system.id)
                try await AuditLog(directory.transaction).append(
                    context.auditEntry(
                        tenant.id,
                        .update,
                        AuditResource("licence", tenant.id),
                        .updated(old?.auditValue ?? .null, new?.auditValue ?? .null)
                    )
                )
            }
            return try await output(tenant, tenancy)
        }
        context.report.one(record)
    }

    /// The licence that the options describe, of no tenant yet; nil when they describe none.
    private static func licence(_ invocation: Invocation) throws(UsageError) -> TenantLicence? {
        let options: [(LicensedResource, String)] = [
            (.subscribers, "max-subscribers"), (.nases, "max-nases"), (.tenants, "max-tenants"),
            (.sessions, "max-sessions"),
        ]
        var limits: [LicensedResource: Int] = [:]
        for (resource, option) in options { limits[resource] = try invocation.integer(option, in: 0...2_000_000_000) }
        let graceDays = try invocation.integer("grace-days", in: 0...365)
        let endsAt = try SessionCommands.time(invocation, "ends")
        guard let plan = invocation.string("plan") else {
            guard limits.isEmpty, graceDays == nil, endsAt == nil else {
                throw UsageError("limits need --plan", command: invocation.command.words)
            }
            return nil
        }
        guard !invocation.has("none") else {
            throw UsageError("--plan and --none exclude each other", command: invocation.command.words)
        }
        return TenantLicence(
            tenantID: ID(.zero),
            plan: plan,
            limits: limits,
            graceDays: graceDays ?? 7,
            endsAt: endsAt
        )
    }

    private static func output(_ tenant: Tenant, _ tenancy: TenancyStore) async throws -> OutputRecord {
        let licence = try await tenancy.licence(of: tenant.id)
        let usage = try await tenancy.usage(of: tenant.id)
        var record = OutputRecord()
        record.add("tenant", .text(tenant.subdomain))
        record.add("plan", .optional(licence?.plan))
        for resource in LicensedResource.allCases {
            record.add(resource.rawValue, .integer(Int64(usage.counts[resource, default: 0])))
            let name = resource.rawValue.prefix(1).uppercased() + resource.rawValue.dropFirst()
            record.add("max\(name)", .optional(licence?.limits[resource]))
        }
        record.add("graceDays", .optional(licence?.graceDays))
        record.add("endsAt", .optional(licence?.endsAt?.description))
        record.add("exceededSince", .optional(licence?.exceededSince?.description))
        return record
    }

    private static func changeStanding(
        _ invocation: Invocation,
        _ context: CommandContext,
        _ action: String,
        _ change: (TenancyStore, TenantID) async throws -> [TenantID]
    ) async throws {
        let records = try await context.inDirectory(invocation) { directory in
            let tenant = try await directory.tenant(try invocation.requiredArgument("TENANT"))
            let names = try await directory.tenantNames()
            let tenancy = TenancyStore(directory.transaction, ids: context.ids, time: context.time)
            let changed = try await change(tenancy, tenant.id)
            let isActive = try await tenancy.standing(of: tenant.id).isActive
            try await AuditLog(directory.transaction).append(
                context.auditEntry(
                    tenant.id,
                    .update,
                    AuditResource("tenant", tenant.id),
                    .updated(["active": .bool(tenant.isActive)], ["active": .bool(isActive), "action": .text(action)])
                )
            )
            return changed.map { id in
                var record = OutputRecord()
                record.add("tenant", .text(names[id] ?? id.description))
                record.add("active", .boolean(isActive))
                return record
            }
        }
        context.report.list(records, none: "nothing changed for anybody")
    }
}

extension CommandContext {
    /// An entry of something that was done at this command line.
    func auditEntry(
        _ tenant: TenantID,
        _ action: AuditAction,
        _ resource: AuditResource,
        _ change: AuditChange = .none
    ) -> AuditEntry {
        AuditEntry(
            id: ids.next(),
            tenantID: tenant,
            origin: .system(),
            action: action,
            resource: resource,
            change: change,
            time: time.now()
        )
    }
}

extension TenantLicence {
    /// What an audit entry keeps of it.
    fileprivate var auditValue: AuditValue {
        var members: [String: AuditValue] = [
            "plan": .text(plan), "grace_days": .integer(Int64(graceDays)), "ends_at": .described(endsAt),
        ]
        for (resource, limit) in limits { members["max_\(resource.rawValue)"] = .integer(Int64(limit)) }
        return .object(members)
    }
}
