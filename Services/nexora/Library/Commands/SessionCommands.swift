import Domain
import Persistence

/// `session list`.
enum SessionCommands {
    static let all: [CommandSpec] = [list]

    private static let list = CommandSpec(
        "session list",
        "Lists sessions, the newest first: live ones and closed ones.",
        options: [
            .flag("live", "Live ones only."), .flag("closed", "Closed ones only."),
            .value("user", "NAME", "Only this user name's."), .value("nas", "NAS", "Only on this NAS: id or name."),
            .value("since", "TIME", "Only those that began at or after this time."), SharedOptions.scope,
            SharedOptions.limit,
            .value("after", "CURSOR", "Show what comes after this cursor."),
        ],
        examples: [
            "nexora session list --live", "nexora session list --user demo0001 --limit 10",
            "nexora session list --nas core-1 --since 2026-11-20T00:00:00Z --json",
        ]
    ) { invocation, context in
        let limit = try SharedOptions.limit(invocation)
        var filter = SessionFilter(username: invocation.string("user"))
        switch (invocation.has("live"), invocation.has("closed")) {
        case (true, true): throw UsageError("--live and --closed exclude each other", command: invocation.command.words)
        case (true, false): filter.isLive = true
        case (false, true): filter.isLive = false
        case (false, false): break
        }
        filter.since = try time(invocation, "since")
        var cursor: SessionCursor?
        if let text = invocation.string("after") {
            cursor = SessionCursor(text)
            if cursor == nil { throw invocation.invalid("after", "must be a cursor as the list shows it") }
        }
        let records = try await context.inDirectory(invocation) { [filter, cursor] directory in
            var filter = filter
            if let nas = invocation.string("nas") { filter.nasID = try await directory.nas(nas).id }
            let names = try await directory.tenantNames()
            return try await SessionListing(directory.transaction).page(filter, after: cursor, limit: limit)
                .map { OutputRecord($0, names: names) }
        }
        context.report.page(records, limit: limit, none: "no sessions", cursor: "cursor")
    }

    /// A time, or the beginning of a day in UTC.
    static func time(_ invocation: Invocation, _ option: String) throws(UsageError) -> Timestamp? {
        guard let text = invocation.string(option) else { return nil }
        guard let time = Timestamp(text) ?? CivilDate(text)?.start else {
            throw invocation.invalid(option, "must be a time such as 2026-11-20T10:00:00Z, or a day")
        }
        return time
    }
}
