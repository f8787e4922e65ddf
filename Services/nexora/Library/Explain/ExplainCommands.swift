import Domain
import Events

/// `explain login|did|dry-run`.
enum ExplainCommands {
    static let all: [CommandSpec] = [login, ExplainDidCommand.spec, DryRunCommand.spec]

    static let tenant = OptionSpec.value(
        "tenant",
        "TENANT",
        "The tenant: id, or subdomain where the database can be reached.",
        required: true
    )
    static let methods = ["pap", "chap", "mschap", "mschapv2", "mac", "eap", "eap-md5", "eap-mschapv2"]

    private static let login = CommandSpec(
        "explain login",
        "Tells why a login would get its answer: each rule, the value it looks at and where that stands.",
        details: """
            A running radius-server decides, from its own memory and by the code that answers NASes; nothing is changed,
            counted or given away by asking. The password counts as right. What the sources say: kind of row, id, version,
            setting. Values that prove something are not shown.
            """,
        options: [
            tenant, .value("user", "NAME", "User name, or hardware address of a device.", required: true),
            .value("nas", "NAS", "On this NAS: id, name or address; without it the tenant's first by name."),
            .value("calling-station", "MAC", "Calling-Station-Id, as the NAS sends it."),
            .value("port", "N", "NAS-Port."), .value("at", "TIME", "At this time; default now."),
            .value("method", "METHOD", "How it logs on; default pap.", choices: methods),
        ],
        examples: [
            "nexora explain login --tenant demo-net --user demo0001",
            "nexora explain login --tenant demo-net --user demo0001 --nas core-1 --calling-station 02-00-00-00-00-01 --json",
            "nexora explain login --tenant demo-net --user ann --at 2026-12-01 --method mschapv2",
        ]
    ) { invocation, context in
        let question = LoginQuestion(
            username: try invocation.required("user"),
            nas: invocation.string("nas") ?? "",
            callingStationID: invocation.string("calling-station") ?? "",
            nasPort: try invocation.integer("port", in: 0...Int(UInt32.max)).map { UInt32($0) },
            method: invocation.string("method") ?? "",
            at: try SessionCommands.time(invocation, "at")
        )
        let tenant = try await context.explainedTenant(invocation)
        let (server, explanation) = try await context.withConnectedEvents { events in
            try await ExplainAsker(events: events, tenant: tenant).explain(question)
        }
        let output = ExplainOutput(names: await context.planNames(of: tenant))
        if context.isJSON {
            context.report.one(output.record(explanation, server: server))
        } else {
            output.write(explanation, server: server, to: context.console)
        }
    }

    /// How long ago, such as `90s`, `30m`, `1h`, `2d`, or a time.
    static func since(
        _ invocation: Invocation,
        usually: Duration,
        now: Timestamp
    ) throws(UsageError) -> Timestamp {
        guard let text = invocation.string("since") else { return now - usually }
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        if let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()), count > 0, count <= 100_000
        {
            return now - .seconds(count * unit)
        }
        guard let time = Timestamp(text) ?? CivilDate(text)?.start else {
            throw invocation.invalid("since", "must be a span such as 30m, 1h or 2d, a time, or a day")
        }
        return time
    }
}
