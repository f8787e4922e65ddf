import Domain
import Persistence

/// `dlq list|show|replay`.
enum DeadLetterCommands {
    static let all: [CommandSpec] = [list, show, replay]

    private static let list = CommandSpec(
        "dlq list",
        "Lists the messages that failed for their own sake and wait for a decision.",
        options: [
            .flag("all", "Those that were sent again, too."), SharedOptions.scope, SharedOptions.limit,
            SharedOptions.after,
        ],
        examples: ["nexora dlq list", "nexora dlq list --all --json"]
    ) { invocation, context in
        let limit = try SharedOptions.limit(invocation)
        var after: UUID128?
        if let text = invocation.string("after") {
            after = UUID128(text)
            if after == nil { throw invocation.invalid("after", "must be an id as the list shows it") }
        }
        let records = try await context.inDirectory(invocation) { [after] directory in
            let names = try await directory.tenantNames()
            return try await DeadLetterRepository(directory.transaction)
                .list(after: after, limit: limit, onlyWaiting: !invocation.has("all"))
                .map { OutputRecord($0, names: names) }
        }
        context.report.page(records, limit: limit, none: "no dead letters")
    }

    private static let show = CommandSpec(
        "dlq show",
        "Shows one dead letter with its payload.",
        arguments: [ArgumentSpec("ID", "The letter's id.")],
        examples: ["nexora dlq show 0197f0c2-0000-7000-8000-000000000001"]
    ) { invocation, context in
        let id = try identifier(invocation)
        context.report.one(
            try await context.inDirectory(invocation) { directory in
                guard let letter = try await DeadLetterRepository(directory.transaction).find(id) else {
                    throw CommandFailure(.notFound, "no dead letter \(id)")
                }
                return OutputRecord(letter, names: try await directory.tenantNames(), withPayload: true)
            }
        )
    }

    private static let replay = CommandSpec(
        "dlq replay",
        "Sends dead letters again, to the subject they came from.",
        details: """
            Say it after the cause is mended: a letter that fails again is buried again. Whoever receives it writes it once,
            however often it is sent.
            """,
        arguments: [ArgumentSpec("ID", "The letter's id.", required: false)],
        options: [.flag("all", "Every letter that was not sent again yet."), SharedOptions.scope],
        examples: ["nexora dlq replay 0197f0c2-0000-7000-8000-000000000001", "nexora dlq replay --all --tenant acme"]
    ) { invocation, context in
        let id = invocation.argument("ID") == nil ? nil : try identifier(invocation)
        guard (id == nil) == invocation.has("all") else {
            throw UsageError("give an ID or --all", command: invocation.command.words)
        }
        let replayed = try await context.withEvents { events in
            guard await events.connected(within: .seconds(5)) else {
                throw CommandFailure(.unavailable, "NATS cannot be reached; nothing was sent")
            }
            return try await context.withDatabase { database in
                guard id == nil else { return [try await send(id, after: nil, invocation, context, database, events)] }
                var records: [OutputRecord?] = []
                var last: UUID128?
                while let record = try await send(nil, after: last, invocation, context, database, events) {
                    records.append(record)
                    last = record["id"].text.flatMap { UUID128($0) }
                }
                return records
            }
        }
        context.report.list(replayed.compactMap { $0 }, none: "no dead letters wait")
    }

    /// Sends one letter and notes it, in a transaction of its own: an interruption leaves every other as it was.
    private static func send(
        _ id: UUID128?,
        after: UUID128?,
        _ invocation: Invocation,
        _ context: CommandContext,
        _ database: Database,
        _ events: any EventStreams
    ) async throws -> OutputRecord? {
        try await context.inDirectory(database, invocation) { directory in
            let letters = DeadLetterRepository(directory.transaction)
            var next = id
            if next == nil { next = try await letters.list(after: after, limit: 1, onlyWaiting: true).first?.id }
            guard let next else { return nil }
            guard let letter = try await letters.find(next, forUpdate: true) else {
                throw CommandFailure(.notFound, "no dead letter \(next)")
            }
            // Its own message id would be dropped as a duplicate while the first one is remembered.
            try await events.publish(
                subject: letter.subject,
                payload: Array(letter.payload.utf8),
                messageID: "replay-\(letter.id)-\(context.time.now().microseconds)"
            )
            try await letters.markReplayed(letter)
            return OutputRecord(letter, names: try await directory.tenantNames())
        }
    }

    private static func identifier(_ invocation: Invocation) throws(UsageError) -> UUID128 {
        let text = try invocation.requiredArgument("ID")
        guard let id = UUID128(text) else {
            throw UsageError("ID \"\(text)\": must be an id as dlq list shows it", command: invocation.command.words)
        }
        return id
    }
}
