import Domain
import Events
import Persistence

/// `explain dry-run`.
enum DryRunCommand {
    static let spec = CommandSpec(
        "explain dry-run",
        "Tries a changed plan or policy on recorded logins: whose answer would change, and how.",
        details: """
            Each recorded login is decided twice by a running radius-server, without the change and with it, at the time it
            was recorded, over the directory as it is now; the change is written nowhere. Session limits and addresses are
            judged by what Redis has now. Keys of --set are the options of plan set; keys of --policy are session_policy,
            bind_device, walled_garden_plan and active. An empty value clears a setting.
            """,
        options: [
            ExplainCommands.tenant, .value("plan", "PLAN", "The plan to change: id or name."),
            .value("set", "KEY=VALUE", "A setting of the plan: download=60M.", repeated: true),
            .value("policy", "KEY=VALUE", "A setting of the tenant: session_policy=reject_new.", repeated: true),
            .value("since", "SPAN", "Logins from so long ago, such as 1h or 7d, or from a time; default 24h."),
            .value("limit", "N", "At most so many logins, the oldest first; default 100000."),
        ],
        examples: [
            "nexora explain dry-run --tenant demo-net --plan \"Home 50\" --set session-limit=2 --set download=60M",
            "nexora explain dry-run --tenant demo-net --policy session_policy=reject_new --since 7d",
            "nexora explain dry-run --tenant demo-net --policy walled_garden_plan=Garden --json",
        ],
        action: run
    )

    private static func run(_ invocation: Invocation, _ context: CommandContext) async throws {
        let limit = try invocation.integer("limit", in: 1...10_000_000) ?? 100_000
        let since = try ExplainCommands.since(invocation, usually: .seconds(86_400), now: context.time.now())
        let settings = invocation.strings("set")
        guard settings.isEmpty == (invocation.string("plan") == nil) else {
            throw UsageError("--plan and --set belong together", command: invocation.command.words)
        }
        guard !settings.isEmpty || invocation.has("policy") else {
            throw UsageError("say what changes: --plan with --set, or --policy", command: invocation.command.words)
        }
        let tenant = try await context.explainedTenant(invocation)
        let change = try await change(invocation, context, tenant)
        try await context.withConnectedEvents { events in
            let history = DecisionHistory(events: events, tenant: tenant) { context.console.note($0) }
            let asker = ExplainAsker(events: events, tenant: tenant, change: change)
            try await asker.checkChange()
            let tally = try await tally(history, asker, since, limit, context.console)
            let skipped = try await history.skipped(since: since)
            report(tally, skipped, context)
        }
    }

    /// Names become ids: a server knows plans by id.
    private static func change(
        _ invocation: Invocation,
        _ context: CommandContext,
        _ tenant: TenantID
    ) async throws -> ProposedChange {
        var change = ProposedChange(plan: invocation.strings("set"), policy: invocation.strings("policy"))
        if let plan = invocation.string("plan") { change.planID = try await planID(plan, context, tenant) }
        let key = "walled_garden_plan="
        for (index, setting) in change.policy.enumerated() where setting.hasPrefix(key) && setting != key {
            let id = try await planID(String(setting.dropFirst(key.count)), context, tenant)
            change.policy[index] = key + id.description
        }
        return change
    }

    private static func planID(_ reference: String, _ context: CommandContext, _ tenant: TenantID) async throws
        -> PlanID
    {
        if let id = PlanID(reference) { return id }
        return try await context.withDatabase { database in
            try await context.inWholeDirectory(database) { try await $0.plan(reference, of: tenant).id }
        }
    }

    private static func tally(
        _ history: DecisionHistory,
        _ asker: ExplainAsker,
        _ since: Timestamp,
        _ limit: Int,
        _ console: Console
    ) async throws -> DryRunTally {
        var tally = DryRunTally()
        var batch: [RecordedDecision] = []
        func decide() async throws {
            tally.add(batch, try await asker.replay(batch.map { $0.question(at: $0.time) }))
            batch.removeAll(keepingCapacity: true)
            console.progress("\(tally.total) logins decided again, \(tally.total - tally.same) would change")
        }
        var read = 0
        try await history.each(since: since) { decision in
            guard decision.decided.outcome != .challenge else { return true }
            batch.append(decision)
            read += 1
            if batch.count == ExplainQuery.mostLogins || read == limit { try await decide() }
            return read < limit
        }
        if !batch.isEmpty { try await decide() }
        console.endProgress()
        return tally
    }

    private static func report(_ tally: DryRunTally, _ skipped: SkippedDecisions, _ context: CommandContext) {
        var record = OutputRecord()
        record.add("logins", .integer(Int64(tally.total)))
        record.add("same", .integer(Int64(tally.same)))
        record.add("wouldChange", .integer(Int64(tally.total - tally.same)))
        record.add("from", .optional(tally.first?.description))
        record.add("through", .optional(tally.last?.description))
        let changes = DryRunTally.sorted(tally.changes).map(Self.record)
        let drift = DryRunTally.sorted(tally.drift).map(Self.record)
        let notes = tally.notes.sorted() + (skipped.text.map { [$0] } ?? [])
        if context.isJSON {
            record.add("changes", .list(changes.map(OutputValue.record)))
            record.add("differentAlready", .list(drift.map(OutputValue.record)))
            record.add("attributes", .list(tally.sortedDifferences.map { .record(Self.record($0)) }))
            record.add("notes", .list(notes.map(OutputValue.text)))
            return context.report.one(record)
        }
        let table = TableText(columns: context.console.columns)
        context.console.write(table.details(of: record))
        if !changes.isEmpty { context.console.write("\nThe change makes:\n" + table.table(of: changes)) }
        for difference in tally.sortedDifferences {
            let logins = difference.logins == 1 ? "1 login" : "\(difference.logins) logins"
            context.console.write("\nAttributes of \(logins) on \(difference.vendor):\n")
            for line in difference.lines { context.console.write("  \(line.displayable)\n") }
        }
        if !drift.isEmpty {
            context.console.write("\nAnswered otherwise by now, without the change:\n" + table.table(of: drift))
        }
        for note in notes { context.console.note(note) }
        if tally.total == 0 { context.console.note("no login of this tenant was recorded in this time") }
    }

    private static func record(_ change: DryRunTally.Change) -> OutputRecord {
        var record = OutputRecord()
        record.add("from", .text(change.from))
        record.add("to", .text(change.to))
        record.add("logins", .integer(Int64(change.logins)))
        record.add("examples", .list(change.examples.map(OutputValue.text)))
        return record
    }

    private static func record(_ difference: ReplayVerdicts.Difference) -> OutputRecord {
        var record = OutputRecord()
        record.add("vendor", .text(difference.vendor))
        record.add("logins", .integer(Int64(difference.logins)))
        record.add("lines", .list(difference.lines.map(OutputValue.text)))
        return record
    }
}
