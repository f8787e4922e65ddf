import Concurrency
import Domain
import Events
import Persistence

/// `tail`.
enum TailCommand {
    static let all: [CommandSpec] = [
        CommandSpec(
            "tail",
            "Shows events as they happen, until ctrl-C.",
            details: details,
            options: [
                .value(
                    "tenant",
                    "TENANT",
                    "Only this tenant's: id, or subdomain where the database can be reached.",
                    repeated: true
                ),
                .value("nas", "NAS", "Only about this NAS: id or name, as the event has it.", repeated: true),
                .value("user", "NAME", "Only about this user name.", repeated: true),
                .value(
                    "subject",
                    "SUBJECT",
                    "Only these subjects; * stands for one word, > for the rest.",
                    repeated: true
                ),
                .value("stream", "STREAM", "Only this stream; default both.", choices: ["accounting", "domain"]),
                .flag("from-start", "Begin with the first event that is kept."),
                .value(
                    "from-seq",
                    "N",
                    "Begin with this sequence of the stream (say which with --stream or --subject)."
                ),
                .value("since", "TIME", "Begin with the first event at or after this time."),
                .value("last", "N", "Begin with the last N events of each stream."),
            ],
            examples: [
                "nexora tail", "nexora tail --tenant demo-net --user demo0001",
                "nexora tail --subject \"radius.refused.>\" --last 20 --json",
                "nexora tail --stream accounting --from-seq 1000", "nexora tail --since 2026-11-20T10:00:00Z",
            ],
            action: run
        )
    ]

    private static let details = """
        Events come from the streams ACCOUNTING (every accounting record) and DOMAIN (everything else), in each stream's
        order. A lost connection is made again and the tail goes on behind the last event it showed; what the stream no longer
        has is told as skipped. Each accounting record is shown by itself, also where several came in one message. With --json
        each line is an object with sequence, subject and event.
        """

    private static func run(_ invocation: Invocation, _ context: CommandContext) async throws {
        let start = try start(invocation)
        var filter = EventFilter()
        filter.subjects = invocation.strings("subject")
        for subject in filter.subjects where !EventFilter.isValidSubject(subject) {
            throw UsageError("--subject \"\(subject)\": is no subject", command: invocation.command.words)
        }
        filter.users = Set(invocation.strings("user"))
        filter.nases = Set(invocation.strings("nas"))
        filter.tenants = try await tenants(invocation, context)
        let streams = try streams(invocation, filter, start)
        try await context.withEvents { events in
            if await !events.connected(within: .seconds(5)) {
                context.console.note("NATS cannot be reached yet; trying on")
            }
            let tails = try streams.map { stream, subjects in
                (stream.name, try events.tail(stream: stream.name, subjects: subjects, from: start))
            }
            let shower = EventShower(context: context, filter: filter)
            shower.begin()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (name, tail) in tails { group.addTask { try await shower.follow(name, tail) } }
                group.addTask {
                    await context.backends.interrupted()
                    throw CancellationError()
                }
                do {
                    try await group.next()
                } catch is CancellationError {}
                group.cancelAll()
                while let result = await group.nextResult() { _ = result }
            }
            for (_, tail) in tails { await tail.close() }
        }
    }

    private static func start(_ invocation: Invocation) throws -> TailStart {
        let given = ["from-start", "from-seq", "since", "last"].filter { invocation.has($0) }
        guard given.count <= 1 else {
            throw UsageError("--\(given[0]) and --\(given[1]) exclude each other", command: invocation.command.words)
        }
        if invocation.has("from-start") { return .beginning }
        if let sequence = try invocation.integer("from-seq", in: 1...Int.max) { return .sequence(UInt64(sequence)) }
        if let time = try SessionCommands.time(invocation, "since") { return .time(time.microseconds) }
        if let count = try invocation.integer("last", in: 1...100_000) { return .last(count) }
        return .now
    }

    /// The streams that can hold what is asked for, each with the subjects to ask it for.
    private static func streams(
        _ invocation: Invocation,
        _ filter: EventFilter,
        _ start: TailStart
    ) throws -> [(stream: Streams, subjects: [String])] {
        let wanted = invocation.string("stream")
        let candidates = [Streams.accounting, .domain].filter { wanted == nil || $0.name.lowercased() == wanted }
        let streams = candidates.map { ($0, filter.serverSubjects(prefixes: $0.subjects)) }.filter { !$0.1.isEmpty }
        if streams.isEmpty {
            throw UsageError(
                "no stream holds these subjects: \(filter.subjects.joined(separator: " "))",
                command: "tail"
            )
        }
        if case .sequence = start, streams.count > 1 {
            throw UsageError(
                "each stream has sequences of its own: say --stream accounting or --stream domain",
                command: "tail"
            )
        }
        return streams
    }

    /// Ids of the tenants asked for. Only a subdomain needs the database.
    private static func tenants(_ invocation: Invocation, _ context: CommandContext) async throws -> Set<String> {
        let references = invocation.strings("tenant")
        let ids = references.compactMap { TenantID($0) }
        guard ids.count < references.count else { return Set(ids.map(\.description)) }
        return try await context.withDatabase { database in
            try await context.inWholeDirectory(database) { directory in
                var found: Set<String> = []
                for reference in references { found.insert(try await directory.tenant(reference).id.description) }
                return found
            }
        }
    }
}

/// Shows what tails bring, each line at once, so that two streams never mix within one.
struct EventShower: Sendable {
    let context: CommandContext
    let filter: EventFilter

    /// Writes the heading on a screen.
    func begin() {
        if !context.isJSON && context.console.columns != nil { context.console.write(EventLine.heading) }
    }

    /// Shows one stream until the task is cancelled.
    func follow(_ name: String, _ tail: any EventTail) async throws {
        var told: String?
        while !Task.isCancelled {
            for item in try await tail.next(within: .milliseconds(500)) { show(item, name) }
            // Said once when it begins and once when it is over: a tail that stands still must not look like silence.
            let problem = tail.problem()
            if problem != told {
                context.console.note(problem.map { "\(name): \($0); trying on" } ?? "\(name): reading again")
                told = problem
            }
        }
    }

    private func show(_ item: TailItem, _ name: String) {
        switch item {
        case .gap(let text): context.console.note("\(name): \(text)")
        case .event(let sequence, let subject, let payload):
            for line in EventLine.all(sequence: sequence, subject: subject, payload: payload)
            where line.passes(filter) {
                if context.isJSON { context.report.line(line.record) } else { context.console.write(line.columns) }
            }
        }
    }
}
