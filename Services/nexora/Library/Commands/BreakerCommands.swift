import Domain
import Events
import Persistence
import WireFormat

/// `nas breaker`, `nas capabilities`, `enforcement brake`.
enum BreakerCommands {
    static let all: [CommandSpec] = [breaker, capabilities, brake]

    private static let limit = Duration.seconds(4)

    private static let breaker = CommandSpec(
        "nas breaker",
        "Shows which NASes are left alone because they did not answer CoA, and ends that for one.",
        details: """
            The provisioner that carries orders out is asked. A NAS whose address and CoA port another tenant's NAS has too shares
            its breaker: --reset leaves that alone unless --shared is given.
            """,
        arguments: [ArgumentSpec("NAS", "The NAS's id or name; without it, all.", required: false)],
        options: [
            .flag("reset", "Close it; what waits for it is sent now."),
            .flag("shared", "One that other tenants have too, as well."), SharedOptions.scope, SharedOptions.limit,
            SharedOptions.after,
        ],
        examples: ["nexora nas breaker", "nexora nas breaker core-1 --reset"]
    ) { invocation, context in
        let limit = min(try SharedOptions.limit(invocation), BreakerQuery.mostNASes)
        let after: NASID? = try SharedOptions.after(invocation)
        let reference = invocation.argument("NAS")
        let isReset = invocation.has("reset")
        guard reference != nil || !isReset else {
            throw UsageError("--reset wants one NAS", command: invocation.command.words)
        }
        let (nases, names) = try await context.inDirectory(invocation) { directory in
            var nases: [NAS] = []
            if let reference {
                nases = [try await directory.nas(reference)]
            } else {
                nases = try await directory.nases.list(after: after, limit: limit)
            }
            if isReset { try await record("nas_breaker", "reset", nases, directory, context) }
            return (nases, try await directory.tenantNames())
        }
        let query = BreakerQuery(
            nases.map { BreakerQuery.Subject(tenantID: $0.tenantID, nasID: $0.id) },
            includesShared: invocation.has("shared")
        )
        let breakers = nases.isEmpty ? [] : try await ask(query, isReset ? .reset : .look, context)
        if isReset, let first = breakers.first, !first.wasReset {
            throw CommandFailure(.conflict, "another tenant's NAS has the same address and CoA port; see --shared")
        }
        let byID = Dictionary(breakers.map { ($0.nasID, $0) }, uniquingKeysWith: { first, _ in first })
        let records = nases.compactMap { nas in byID[nas.id].map { OutputRecord(nas, $0, names: names) } }
        if reference == nil {
            context.report.page(records, limit: limit, none: "no NASes")
        } else if let record = records.first {
            context.report.one(record)
        } else {
            throw CommandFailure(.notFound, "the provisioner does not know the NAS")
        }
    }

    /// On record before it happens.
    private static func record(
        _ resource: String,
        _ state: String,
        _ nases: [NAS],
        _ directory: DirectoryAccess,
        _ context: CommandContext
    ) async throws {
        for nas in nases {
            try await AuditLog(directory.transaction).append(
                context.auditEntry(
                    nas.tenantID,
                    .update,
                    AuditResource(resource, nas.id),
                    .created(["state": .text(state)])
                )
            )
        }
    }

    private static func ask(
        _ query: BreakerQuery,
        _ action: BreakerQuery.Action,
        _ context: CommandContext
    ) async throws -> [NASBreaker] {
        try await context.withConnectedEvents { events in
            let octets = try await events.ask(subject: action.subject, payload: query.json, within: limit)
            let answer: BreakerAnswer
            do throws(JSONError) {
                answer = try BreakerAnswer(json: octets)
            } catch {
                throw CommandFailure(.failed, "the answer of a provisioner cannot be read: \(error)")
            }
            switch answer {
            case .breakers(let breakers): return breakers
            case .refusal(let refusal): throw CommandFailure(.unavailable, refusal.message)
            }
        }
    }

    // MARK: - The brake

    private static let brake = CommandSpec(
        "enforcement brake",
        "Shows where sessions are not ended since too many were to end at once, and lets them go.",
        details: """
            The provisioner that carries orders out holds back what only comparing asks for (a plan, a quota, an expiry), never what
            somebody asked for. See first why so many are to end: `nexora enforcement list`. --release lets the NAS's sessions
            go, and what its tenant's limit holds back.
            """,
        arguments: [ArgumentSpec("NAS", "The NAS's id or name; without it, all.", required: false)],
        options: [
            .flag("release", "Let them go."), SharedOptions.scope, SharedOptions.limit, SharedOptions.after,
        ],
        examples: ["nexora enforcement brake", "nexora enforcement brake core-1 --release"]
    ) { invocation, context in
        let limit = min(try SharedOptions.limit(invocation), BreakerQuery.mostNASes)
        let after: NASID? = try SharedOptions.after(invocation)
        let reference = invocation.argument("NAS")
        let isReleased = invocation.has("release")
        guard reference != nil || !isReleased else {
            throw UsageError("--release wants one NAS", command: invocation.command.words)
        }
        let (nases, names) = try await context.inDirectory(invocation) { directory in
            var nases: [NAS] = []
            if let reference {
                nases = [try await directory.nas(reference)]
            } else {
                nases = try await directory.nases.list(after: after, limit: limit)
            }
            if isReleased { try await record("nas_brake", "released", nases, directory, context) }
            return (nases, try await directory.tenantNames())
        }
        let query = BreakerQuery(nases.map { BreakerQuery.Subject(tenantID: $0.tenantID, nasID: $0.id) })
        let answers = nases.isEmpty ? [] : try await ask(query, isReleased ? .release : .look, context)
        let byID = Dictionary(answers.map { ($0.nasID, $0) }, uniquingKeysWith: { first, _ in first })
        let records = nases.compactMap { nas in
            byID[nas.id].map { OutputRecord(nas, $0.brake ?? NASBreaker.Brake(), names: names) }
        }
        if reference == nil {
            context.report.page(records, limit: limit, none: "no NASes")
        } else if let record = records.first {
            context.report.one(record)
        } else {
            throw CommandFailure(.notFound, "the provisioner does not know the NAS")
        }
    }

    // MARK: - What it taught

    private static let capabilities = CommandSpec(
        "nas capabilities",
        "Shows what a NAS taught by what it acknowledged and refused, or forgets it.",
        details: """
            Forgotten, it is learned anew: after an upgrade of the NAS's software, or where a lesson was wrong.
            """,
        arguments: [ArgumentSpec("NAS", "The NAS's id or name.")],
        options: [.flag("forget", "Forget everything."), SharedOptions.scope],
        examples: ["nexora nas capabilities core-1", "nexora nas capabilities core-1 --forget"]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("NAS")
        let records = try await context.inDirectory(invocation) { directory in
            let nas = try await directory.nas(reference)
            let repository = NASLessonRepository(directory.transaction)
            guard invocation.has("forget") else {
                return try await repository.list(of: nas).map { OutputRecord($0) }
            }
            let forgotten = try await repository.forget(of: nas)
            if !forgotten.isEmpty {
                try await AuditLog(directory.transaction).append(
                    context.auditEntry(
                        nas.tenantID,
                        .delete,
                        AuditResource("nas_capabilities", nas.id),
                        .deleted(["lessons": .list(forgotten.map { .text($0.text) })])
                    )
                )
            }
            return []
        }
        context.report.list(records, none: "it taught nothing")
    }
}

extension OutputRecord {
    /// How the breaker before a NAS stands.
    init(_ nas: NAS, _ breaker: NASBreaker, names: [TenantID: String]) {
        self.init()
        add("id", .text(nas.id.description))
        add("tenant", .text(names[nas.tenantID] ?? nas.tenantID.description))
        add("name", .text(nas.name))
        add("endpoint", .optional(breaker.endpoint))
        add("state", .text(breaker.state))
        add("failures", .integer(Int64(breaker.failures)))
        add("opensUntil", .optional(breaker.until?.description))
        add("outstanding", .optional(breaker.outstanding))
        add("waiting", .optional(breaker.waiting))
        add("openings", .integer(Int64(breaker.openings)), detail: true)
        add("isShared", .boolean(breaker.isShared), detail: true)
    }

    /// How the brake before a NAS's sessions stands.
    init(_ nas: NAS, _ brake: NASBreaker.Brake, names: [TenantID: String]) {
        self.init()
        add("id", .text(nas.id.description))
        add("tenant", .text(names[nas.tenantID] ?? nas.tenantID.description))
        add("name", .text(nas.name))
        add("state", .text(brake.state))
        add("held", .integer(Int64(brake.held)))
        add("holdsSince", .optional(brake.holdsSince?.description))
        add("releasedUntil", .optional(brake.releasedUntil?.description))
    }

    /// What a NAS taught.
    init(_ lesson: NASLesson) {
        self.init()
        add("lesson", .text(lesson.text))
        add("summary", .text(lesson.summary))
        add("learnedAt", .text(lesson.learnedAt.description))
    }
}
