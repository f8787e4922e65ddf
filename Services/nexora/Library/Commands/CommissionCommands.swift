import Billing
import Domain
import Persistence

/// `commission set|show|statement`.
enum CommissionCommands {
    static let all: [CommandSpec] = [set, show, statement]

    private static let set = CommandSpec(
        "commission set",
        "Sets the rate of a tenant: what it has of its customers' payments together with those below it.",
        details: """
            Rates are cumulative: with 60 for a reseller and 80 for the provider above it, 100 EUR are 60 for the reseller, 20 for
            the provider and 20 for the operator. None may be above that of a tenant over it. What was paid before keeps the
            rates of its time.
            """,
        arguments: [TenancyCommands.reference, ArgumentSpec("PERCENT", "Such as 60 or 12.5.", required: false)],
        options: [
            .flag("none", "The tenant has no rate: its share is that of who stands above it."),
            .value("from", "TIME", "From when on; now without it."),
        ],
        examples: ["nexora commission set acme 80", "nexora commission set corner --none"]
    ) { invocation, context in
        let rate = try rate(invocation)
        let from = try SessionCommands.time(invocation, "from")
        let record = try await context.inDirectory(invocation) { directory in
            let tenant = try await directory.tenant(try invocation.requiredArgument("TENANT"))
            let (now, rates) = (context.time.now(), CommissionRates(directory.transaction))
            let stored: StoredCommissionRate
            do {
                stored = try await rates.set(
                    rate,
                    of: tenant.id,
                    from: from ?? now,
                    ifVersion: nil,
                    setter: directory.root,
                    by: UserID(AuditActor.system.id),
                    now: now
                )
            } catch let refusal as CommissionRefusal {
                throw failure(refusal)
            }
            try await AuditLog(directory.transaction).append(
                context.auditEntry(
                    tenant.id,
                    .update,
                    AuditResource("tenant_commission", tenant.id),
                    .created([
                        "rate_percent": .text(rate?.percent ?? "none"), "valid_from": .described(stored.validFrom),
                    ])
                )
            )
            return output(stored, tenant)
        }
        context.report.one(record)
    }

    private static func rate(_ invocation: Invocation) throws(UsageError) -> CommissionRate? {
        let text = invocation.argument("PERCENT")
        guard (text == nil) == invocation.has("none") else {
            throw UsageError("either PERCENT or --none", command: invocation.command.words)
        }
        guard let text else { return nil }
        guard let rate = CommissionRate(percent: text) else {
            throw invocation.invalid("PERCENT", "must be 0 to 100 with at most four decimals")
        }
        return rate
    }

    private static func failure(_ refusal: CommissionRefusal) -> CommandFailure {
        switch refusal {
        case .aboveLimit(let limit): CommandFailure(.conflict, "a tenant above has less: \(limit) at most")
        case .inThePast:
            CommandFailure(.conflict, "what was paid before keeps its rates: --from must not lie in the past")
        }
    }

    private static let show = CommandSpec(
        "commission show",
        "Shows what was set as a tenant's rate, the newest first.",
        arguments: [TenancyCommands.reference],
        options: [SharedOptions.limit],
        examples: ["nexora commission show acme"]
    ) { invocation, context in
        let limit = try SharedOptions.limit(invocation)
        let records = try await context.inDirectory(invocation) { directory in
            let tenant = try await directory.tenant(try invocation.requiredArgument("TENANT"))
            return try await CommissionRates(directory.transaction).history(of: tenant.id, before: nil, limit: limit)
                .map { output($0, tenant) }
        }
        context.report.list(records, none: "no rate was ever set")
    }

    private static func output(_ stored: StoredCommissionRate, _ tenant: Tenant) -> OutputRecord {
        var record = OutputRecord()
        record.add("tenant", .text(tenant.subdomain))
        record.add("ratePercent", .optional(stored.rate?.percent))
        record.add("validFrom", .text(stored.validFrom.description))
        record.add("setAt", .text(stored.setAt.description))
        return record
    }

    private static let statement = CommandSpec(
        "commission statement",
        "Shows what a tenant had of its customers' payments, by month (in UTC), by the tenant next below and by currency.",
        arguments: [TenancyCommands.reference],
        options: [.value("days", "N", "How far back, 0 to 1100; default 365.")],
        examples: ["nexora commission statement acme --days 90"]
    ) { invocation, context in
        let days = try invocation.integer("days", in: 0...1_100) ?? 365
        let today = context.time.now().day
        let records = try await context.inDirectory(invocation) { directory in
            let tenant = try await directory.tenant(try invocation.requiredArgument("TENANT"))
            let totals = try await CommissionStatements(directory.transaction).totals(
                of: tenant.id,
                since: today.adding(days: -days).start,
                until: today.adding(days: 1).start
            )
            return try totals.map(output)
        }
        context.report.list(records, none: "no commissions")
    }

    private static func output(_ total: CommissionTotal) throws -> OutputRecord {
        var record = OutputRecord()
        record.add("month", .text(total.month.description))
        record.add("child", .text(total.childName ?? total.childID.description))
        record.add("currency", .text(total.currency.code))
        record.add("payments", .integer(total.payments))
        record.add("earned", .text(total.earned.decimal))
        record.add("takenBack", .text(total.takenBack.decimal))
        record.add("net", .text(try total.net.decimal))
        return record
    }
}
