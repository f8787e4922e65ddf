import Domain
import Events

/// `explain did`.
enum ExplainDidCommand {
    static let spec = CommandSpec(
        "explain did",
        "Tells why logins got their answers: what was recorded, and what they would get now.",
        details: """
            Decisions are recorded in the stream DOMAIN, for 30 days, as a sample where more are made than radius.feed_rate
            lets through: what was left out in the time is told. The newest one found, or the one of --event, is explained
            as it would be decided now. What was sent as a password is recorded nowhere; what it was worth is.
            """,
        options: [
            ExplainCommands.tenant, .value("user", "NAME", "User name, or hardware address of a device."),
            .value(
                "since",
                "SPAN",
                "From so long ago, such as 30m, 1h, 2d, or from a time; default 1h, with --event 30d."
            ),
            .value("event", "ID", "The decision of this event."), .value("limit", "N", "How many to list; default 10."),
        ],
        examples: [
            "nexora explain did --tenant demo-net --user demo0001",
            "nexora explain did --tenant demo-net --user demo0001 --since 2d --limit 50",
            "nexora explain did --tenant demo-net --event 0197f0c2-0000-7000-8000-000000000001 --json",
        ],
        action: run
    )

    /// What was found.
    private struct Found {
        var decisions: [RecordedDecision] = []
        var older = 0
        var skipped = SkippedDecisions()
    }

    private static func run(_ invocation: Invocation, _ context: CommandContext) async throws {
        let user = invocation.string("user")
        let event = try invocation.string("event").map { text throws(UsageError) in
            guard let id = EventID(text) else { throw invocation.invalid("event", "must be an event's id") }
            return id
        }
        guard user != nil || event != nil else {
            throw UsageError("say --user or --event", command: invocation.command.words)
        }
        let limit = try invocation.integer("limit", in: 1...Int(ExplainQuery.mostLogins)) ?? 10
        let since = try ExplainCommands.since(
            invocation,
            usually: event == nil ? .seconds(3_600) : .seconds(30 * 86_400),
            now: context.time.now()
        )
        let tenant = try await context.explainedTenant(invocation)
        let output = ExplainOutput(names: await context.planNames(of: tenant))
        try await context.withConnectedEvents { events in
            let history = DecisionHistory(events: events, tenant: tenant) { context.console.note($0) }
            let found = try await find(history, since, limit) { decision in
                if let event { return decision.id == event }
                return user.map { isNamed($0, decision.decided.username) } ?? false
            }
            guard let newest = found.decisions.last else { throw nothing(found, user ?? "", since) }
            let asker = ExplainAsker(events: events, tenant: tenant)
            let now = try await asker.replay(found.decisions.map { $0.question(at: nil) })
            let told = try await Told(newest, asker)
            let rows = zip(found.decisions, now.verdicts).map { record($0, now: $1.now) }
            if context.isJSON {
                context.report.one(told.record(rows, found.skipped, found.older, output))
            } else {
                let table = TableText(columns: context.console.columns)
                context.console.write(table.table(of: rows) + "\n")
                told.write(output, context.console)
                if found.older > 0 {
                    context.console.note("\(found.older) older ones are not listed: --limit lists more")
                }
                if let text = found.skipped.text { context.console.note(text) }
            }
        }
    }

    private static func find(
        _ history: DecisionHistory,
        _ since: Timestamp,
        _ limit: Int,
        _ isWanted: (RecordedDecision) -> Bool
    ) async throws -> Found {
        var found = Found()
        try await history.each(since: since) { decision in
            guard isWanted(decision) else { return true }
            found.decisions.append(decision)
            if found.decisions.count > limit {
                found.decisions.removeFirst()
                found.older += 1
            }
            return true
        }
        found.skipped = try await history.skipped(since: since)
        return found
    }

    private static func nothing(_ found: Found, _ user: String, _ since: Timestamp) -> CommandFailure {
        let sample = found.skipped.text ?? "nothing was left out of the record in this time"
        return CommandFailure(
            .notFound,
            "no decision about \"\(user)\" since \(since): \(sample). Does the NAS reach us? "
                + "nexora tail --subject \"radius.refused.>\" --since \(since) shows packets without an answer"
        )
    }

    /// Devices have many spellings.
    static func isNamed(_ wanted: String, _ username: String) -> Bool {
        if wanted == username { return true }
        guard let device = MACAddress(wanted) else { return false }
        return device == MACAddress(username)
    }

    static func record(_ decision: RecordedDecision, now: String) -> OutputRecord {
        var record = OutputRecord()
        record.add("time", .text(decision.time.description))
        record.add("then", .text(decision.words))
        record.add("now", .text(now))
        record.add("differs", .boolean(decision.words != now))
        record.add("method", .text(decision.decided.method))
        record.add("nas", .text(decision.decided.nasName ?? decision.decided.nasID.description))
        record.add("device", .text(decision.decided.callingStationID))
        record.add("username", .text(decision.decided.username), detail: true)
        record.add("decisionVersion", .optional(decision.decided.decisionVersion))
        record.add("serviceId", .optional(decision.decided.serviceID?.description), detail: true)
        record.add("admissionId", .optional(decision.decided.admissionID?.description), detail: true)
        record.add("event", .text(decision.id.description))
        return record
    }

    /// The newest decision beside what it would be now.
    private struct Told {
        let decision: RecordedDecision
        /// Nil where it cannot be decided any more: its NAS is gone.
        private(set) var now: (server: String, explanation: LoginExplanation)?
        private(set) var problem: String?
        /// With the right password; nil where the recorded one was right, or was not looked at.
        var withRightPassword: LoginExplanation?

        init(_ decision: RecordedDecision, _ asker: ExplainAsker) async throws {
            self.decision = decision
            do {
                now = try await asker.explain(decision.question(at: nil))
            } catch let failure as CommandFailure where failure.code == .notFound {
                problem = failure.message
                return
            }
            guard ["wrong_password", "credential_missing"].contains(decision.decided.reason) else { return }
            var question = decision.question(at: nil)
            question.recorded = nil
            withRightPassword = try await asker.explain(question).explanation
        }

        private static func words(_ told: LoginExplanation) -> String {
            guard !told.reason.isEmpty else { return told.outcome }
            return told.outcome == "accept" ? "accept confined \(told.reason)" : "\(told.outcome) \(told.reason)"
        }

        /// What changed since, for a person.
        var differences: [String] {
            guard let now = now?.explanation else { return ["it cannot be decided any more: \(problem ?? "")"] }
            var differences: [String] = []
            let words = Self.words(now)
            if words != decision.words { differences.append("then \(decision.words), now \(words)") }
            if let version = decision.decided.decisionVersion, version != now.decisionVersion {
                differences.append(
                    "it was decided by rules of version \(version), now they are version \(now.decisionVersion)"
                )
            }
            if let right = withRightPassword {
                differences.append("with the right password it would now be: \(Self.words(right))")
            }
            return differences
        }

        func write(_ output: ExplainOutput, _ console: Console) {
            if let now {
                console.write("The login of \(decision.time), if it came now:\n")
                output.write(now.explanation, server: now.server, to: console)
            }
            for difference in differences { console.write("difference: \(difference.displayable)\n") }
        }

        func record(
            _ rows: [OutputRecord],
            _ skipped: SkippedDecisions,
            _ older: Int,
            _ output: ExplainOutput
        ) -> OutputRecord {
            var record = OutputRecord()
            record.add("decisions", .list(rows.map(OutputValue.record)))
            record.add("notListed", .integer(Int64(older)))
            var left = OutputRecord()
            left.add("accepts", .integer(Int64(clamping: skipped.accepts)))
            left.add("rejects", .integer(Int64(clamping: skipped.rejects)))
            left.add("from", .optional(skipped.from?.description))
            left.add("through", .optional(skipped.through?.description))
            record.add("skipped", .record(left))
            record.add("explained", .text(decision.id.description))
            record.add("now", now.map { .record(output.record($0.explanation, server: $0.server)) } ?? .null)
            record.add("differences", .list(differences.map(OutputValue.text)))
            return record
        }
    }
}
