import Concurrency
import Domain
import Events
import NATS
import NexoraCommand
import Observability
import SharedTesting
import Synchronization
import Testing
import WireFormat

/// `explain` against a real NATS, with a radius-server of the test's own on it.
@Suite struct ExplainCommandTests {
    private static let tenant = TenantID(UUID128(high: 1, low: 1))
    private static let nas = NASID(UUID128(high: 3, low: 3))
    private static let service = UUID128(high: 4, low: 1)

    /// NATS with the stream DOMAIN, and who answers questions.
    private final class Wire: Sendable {
        let server: RealNATS
        let client: NATSClient
        let inbox: QuestionInbox
        private let asked = Mutex<[ExplainQuery]>([])

        init() async throws {
            server = try await RealNATS.start()
            let logger = Logger(service: "test", level: .fatal, sink: Silence())
            client = try NATSClient(NATSConfiguration(url: server.url, name: "test"), logger: logger)
            try await eventually { [client] in client.state == .connected }
            let stream = StreamConfiguration(name: "DOMAIN", subjects: ["radius.>"], maximumAge: .seconds(864_000))
            try await JetStreamAdmin(client).ensureStream(stream)
            inbox = try QuestionInbox(
                client,
                subject: ExplainQuery.subject,
                group: "radius-server",
                waiting: 8,
                longest: ExplainQuery.longest,
                refusal: []
            )
            try await client.flush()
        }

        var queries: [ExplainQuery] { asked.withLock { $0 } }

        /// Answers questions while the body runs.
        func answering<Success: Sendable>(
            _ answer: @escaping @Sendable (ExplainQuery) -> ExplainAnswer.Content,
            _ body: @escaping @Sendable () async throws -> Success
        ) async throws -> Success {
            try await withThrowingTaskGroup(of: Success?.self) { group in
                group.addTask { [self] in
                    while let question = await inbox.next() {
                        let query = try ExplainQuery(json: question.payload)
                        asked.withLock { $0.append(query) }
                        question.answer(ExplainAnswer(server: "edge-1", answer(query)).json)
                    }
                    return nil
                }
                group.addTask { try await body() }
                let result = try await group.next() ?? nil
                await inbox.close()
                try await group.waitForAll()
                return try #require(result)
            }
        }

        func publish<Payload: EventPayload>(_ payload: Payload, number: UInt64, at: Timestamp, tenant: TenantID)
            async throws
        {
            let event = Event(
                id: EventID(UUID128(high: 9, low: number)),
                source: "/radius-server/edge-1",
                time: at,
                tenantID: tenant,
                payload: payload
            )
            var writer = JSONWriter()
            event.encode(into: &writer)
            let admin = try JetStreamAdmin(client)
            let before = try await admin.streamInfo("DOMAIN")?.lastSequence ?? 0
            try client.publish(Subjects.event(Payload.self, tenant: tenant), writer.bytes)
            try await eventually { try await admin.streamInfo("DOMAIN")?.lastSequence == before + 1 }
        }

        func stop() async throws {
            await inbox.close()
            await client.close()
            try await server.stop()
        }
    }

    private struct Silence: LogSink {
        func write(_ line: [UInt8]) {}
    }

    private static func now() -> Timestamp { Timestamp(microseconds: SystemClock.microsecondsSince1970()) }

    private static func decided(
        _ user: String,
        _ reason: String,
        version: UInt32 = 2
    ) -> AccessDecided {
        AccessDecided(
            username: user,
            nasID: nas,
            nasName: "core-1",
            outcome: reason.isEmpty ? .accept : .reject,
            reason: reason,
            method: "pap",
            callingStationID: "02-00-00-00-00-01",
            decisionVersion: version,
            nasPort: 7
        )
    }

    private static func accepted(_ reason: String = "") -> LoginExplanation {
        var told = LoginExplanation(
            outcome: reason.isEmpty ? "accept" : "reject",
            reason: reason,
            decisionVersion: 2,
            at: now()
        )
        told.rules = [
            ExplainedRule(
                "service status",
                "active",
                .passed,
                [ValueSource("service", id: service, version: 31, name: "status")]
            )
        ]
        told.attributes = [
            ExplainedAttribute("Framed-IP-Address", "100.64.0.7", ValueSource("pool", version: 4, name: "homes"))
        ]
        told.notes = ["on core-1"]
        return told
    }

    private func run(_ wire: Wire, _ line: String) async throws -> CommandRun.Result {
        let run = try await CommandRun(migrated: false)
        run.set("NATS_URL", wire.server.url)
        // Ids need no database: a command must not need one either.
        run.set("DATABASE_URL", nil)
        let result = await run.run(CommandRun.words(of: line))
        await run.close()
        return result
    }

    @Test func `login asks a server and shows rules, attributes and sources`() async throws {
        let wire = try await Wire()
        let line =
            "explain login --tenant \(Self.tenant) --user bob --nas core-1 --calling-station 02-00-00-00-00-01 --method eap"
        let (text, json) = try await wire.answering({ _ in .explanation(Self.accepted()) }) {
            (try await run(wire, line), try await run(wire, line + " --at 2026-11-20 --json"))
        }
        #expect(text.code == .success)
        #expect(text.output.hasPrefix("accept, as edge-1 decides at "))
        #expect(text.output.contains("service \(Self.service) v31 status"))
        #expect(
            text.output.contains("Framed-IP-Address  100.64.0.7  pool v4 homes")
                && text.output.contains("note: on core-1")
        )
        let told = try json.json()
        #expect(told["server"] == .text("edge-1") && told["outcome"] == .text("accept"))
        guard case .list(let rules) = told["rules"], case .list(let sources) = rules[0]["sources"] else {
            return #expect(Bool(false))
        }
        #expect(sources[0]["version"] == .integer(31) && sources[0]["kind"] == .text("service"))
        let login = try #require(wire.queries.last?.logins.first)
        #expect((login.username, login.nas, login.method) == ("bob", "core-1", "eap"))
        #expect(login.at == CivilDate("2026-11-20")?.start && login.recorded == nil)
        try await wire.stop()
    }

    @Test func `refusals have their exit codes`() async throws {
        let wire = try await Wire()
        let line = "explain login --tenant \(Self.tenant) --user bob"
        let cases: [(QueryRefusal.Code, ExitCode)] = [
            (.notFound, .notFound), (.invalid, .usage), (.notReady, .unavailable), (.busy, .unavailable),
        ]
        let queue = Mutex(0)
        let results = try await wire.answering({ _ in
            .refusal(QueryRefusal(cases[min(queue.withLock { $0 }, cases.count - 1)].0, "no NAS \"x\""))
        }) {
            var results: [CommandRun.Result] = []
            for _ in cases {
                results.append(try await run(wire, line))
                queue.withLock { $0 += 1 }
            }
            return results
        }
        #expect(results.map(\.code) == cases.map(\.1))
        #expect(results[0].errors.contains("no NAS \"x\"") && results.allSatisfy { $0.output.isEmpty })
        // Nobody listens any more.
        let nobody = try await run(wire, line)
        #expect(nobody.code == .unavailable && nobody.errors.contains("does a radius-server run"))
        for wrong in [
            "explain login --tenant \(Self.tenant)", "explain did --tenant \(Self.tenant)",
            "explain dry-run --tenant \(Self.tenant)", "explain dry-run --tenant \(Self.tenant) --plan x",
            "explain dry-run --tenant \(Self.tenant) --set download=5M",
            "explain did --tenant \(Self.tenant) --user bob --since soon",
            "explain login --tenant \(Self.tenant) --user bob --method kerberos",
        ] {
            #expect(try await run(wire, wrong).code == .usage, "\(wrong)")
        }
        try await wire.stop()
    }

    @Test func `did finds what was decided, shows what it would be now and tells what was left out`() async throws {
        let wire = try await Wire()
        let now = Self.now()
        let reasons = ["session_limit", "", "wrong_password"]
        for (number, reason) in reasons.enumerated() {
            let at = now - .seconds(Int64(60 - number))
            try await wire.publish(
                Self.decided("bob", reason, version: 1),
                number: UInt64(number),
                at: at,
                tenant: Self.tenant
            )
            try await wire.publish(Self.decided("eve", ""), number: UInt64(number + 50), at: at, tenant: Self.tenant)
        }
        try await wire.publish(
            DecisionsSkipped(accepts: 5, rejects: 3, since: now - .seconds(59), server: "edge-1"),
            number: 99,
            at: now,
            tenant: TenantID(.zero)
        )
        let answer: @Sendable (ExplainQuery) -> ExplainAnswer.Content = { query in
            if query.kind == .explain {
                return .explanation(Self.accepted(query.logins[0].recorded == nil ? "" : "wrong_password"))
            }
            return .verdicts(
                ReplayVerdicts(
                    verdicts: query.logins.map { login in
                        let words = login.recorded == "wrong_password" ? "reject wrong_password" : "accept"
                        return .init(now: words, changed: words)
                    }
                )
            )
        }
        let line = "explain did --tenant \(Self.tenant) --user bob"
        let event = "explain did --tenant \(Self.tenant) --event \(EventID(UUID128(high: 9, low: 0))) --json"
        let (json, text, one, none) = try await wire.answering(answer) {
            (
                try await run(wire, line + " --json"), try await run(wire, line + " --limit 2"),
                try await run(wire, event),
                try await run(wire, "explain did --tenant \(Self.tenant) --user nobody --since 1d")
            )
        }
        let told = try json.json()
        guard case .list(let decisions) = told["decisions"] else { return #expect(Bool(false)) }
        #expect(decisions.map { $0["then"].text } == ["reject session_limit", "accept", "reject wrong_password"])
        #expect(decisions.map { $0["now"].text } == ["accept", "accept", "reject wrong_password"])
        #expect(decisions.map { $0["differs"] } == [.boolean(true), .boolean(false), .boolean(false)])
        #expect(told["skipped"]["rejects"] == .integer(3) && told["skipped"]["accepts"] == .integer(5))
        guard case .list(let differences) = told["differences"] else { return #expect(Bool(false)) }
        #expect(differences.contains(.text("with the right password it would now be: accept")))
        #expect(differences.contains { $0.text?.contains("rules of version 1") == true })
        let replayed = try #require(wire.queries.first { $0.kind == .replay })
        #expect(replayed.logins.map(\.recorded) == ["session_limit", "accept", "wrong_password"])
        #expect(replayed.logins.allSatisfy { $0.nas == Self.nas.description && $0.nasPort == 7 && $0.at == nil })
        #expect(text.code == .success && text.errors.contains("1 older ones are not listed"))
        #expect(text.errors.contains("3 rejects and 5 accepts of all tenants were left out"))
        guard case .list(let single) = try one.json()["decisions"] else { return #expect(Bool(false)) }
        #expect(single.map { $0["then"].text } == ["reject session_limit"])
        #expect(
            none.code == .notFound && none.errors.contains("were left out") && none.errors.contains("radius.refused")
        )
        try await wire.stop()
    }

    @Test func `dry-run decides every recorded login again and groups what would change`() async throws {
        let wire = try await Wire()
        let now = Self.now()
        for number in 0..<7 {
            try await wire.publish(
                Self.decided("u\(number)", number % 2 == 0 ? "" : "session_limit"),
                number: UInt64(number),
                at: now - .seconds(Int64(60 - number)),
                tenant: Self.tenant
            )
        }
        let plan = PlanID(UUID128(high: 2, low: 2))
        let answer: @Sendable (ExplainQuery) -> ExplainAnswer.Content = { query in
            var verdicts = ReplayVerdicts(
                verdicts: query.logins.map { login in
                    let isFull = login.recorded == "session_limit"
                    return .init(now: isFull ? "reject session_limit" : "accept", changed: "accept")
                }
            )
            let lines = ["- Mikrotik-Rate-Limit = 10M/50M", "+ Mikrotik-Rate-Limit = 10M/60M"]
            verdicts.differences = [.init(vendor: "mikrotik", lines: lines, logins: 4)]
            return .verdicts(verdicts)
        }
        let line =
            "explain dry-run --tenant \(Self.tenant) --plan \(plan) --set session-limit=2 --policy bind_device=yes"
        let (json, text, few) = try await wire.answering(answer) {
            (
                try await run(wire, line + " --json"), try await run(wire, line),
                try await run(wire, line + " --limit 2 --json")
            )
        }
        let told = try json.json()
        #expect(told["logins"] == .integer(7) && told["same"] == .integer(4) && told["wouldChange"] == .integer(3))
        guard case .list(let changes) = told["changes"], let change = changes.first else { return #expect(Bool(false)) }
        #expect(change["from"] == .text("reject session_limit") && change["to"] == .text("accept"))
        #expect(change["logins"] == .integer(3))
        guard case .list(let examples) = change["examples"] else { return #expect(Bool(false)) }
        #expect(examples.count == 3 && examples[0].text?.hasPrefix("u1 ") == true)
        #expect(told["differentAlready"] == .list([]))
        #expect(text.output.contains("  + Mikrotik-Rate-Limit = 10M/60M\n"))
        #expect(try few.json()["logins"] == .integer(2))
        let query = try #require(wire.queries.last)
        #expect(query.change == ProposedChange(planID: plan, plan: ["session-limit=2"], policy: ["bind_device=yes"]))
        #expect(wire.queries[1].logins.map(\.at).allSatisfy { $0 != nil })
        try await wire.stop()
    }
}
