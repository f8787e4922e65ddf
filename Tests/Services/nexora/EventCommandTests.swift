import Concurrency
import Domain
import NATS
import NexoraCommand
import Observability
import Persistence
import Postgres
import SharedTesting
import Testing

/// `tail`, `dlq` and `doctor` against real servers.
@Suite struct EventCommandTests {
    /// A NATS server with Nexora's two streams and a publisher on it.
    private final class Wire: Sendable {
        let server: RealNATS
        let client: NATSClient

        init() async throws {
            server = try await RealNATS.start()
            client = try NATSClient(
                NATSConfiguration(url: server.url, name: "test", reconnectWait: .milliseconds(20)),
                logger: Logger(service: "test", level: .fatal, sink: Silence())
            )
            try await eventually { [client] in client.state == .connected }
            let admin = try JetStreamAdmin(client)
            try await admin.ensureStream(
                StreamConfiguration(
                    name: "ACCOUNTING",
                    subjects: ["accounting.sessions.>"],
                    maximumAge: .seconds(3_600)
                )
            )
            try await admin.ensureStream(
                StreamConfiguration(name: "DOMAIN", subjects: ["session.>", "radius.>"], maximumAge: .seconds(3_600))
            )
        }

        /// Publishes an event about a user and waits until its stream has it.
        func publish(_ subject: String, user: String, tenant: String = "t1") async throws {
            let payload =
                #"{"type":"nexora.x.v1.Happened","time":"2026-11-20T10:00:00Z","tenantid":"\#(tenant)","data":{"username":"\#(user)"}}"#
            let stream = subject.hasPrefix("accounting") ? "ACCOUNTING" : "DOMAIN"
            let admin = try JetStreamAdmin(client)
            let before = try await admin.streamInfo(stream)?.lastSequence ?? 0
            try client.publish(subject, Array(payload.utf8))
            try await eventually { try await admin.streamInfo(stream)?.lastSequence == before + 1 }
        }

        func close() async throws {
            await client.close()
            try await server.stop()
        }
    }

    private struct Silence: LogSink {
        func write(_ line: [UInt8]) {}
    }

    /// Runs a tail until the body has returned, then interrupts it.
    private func tailing(
        _ run: CommandRun,
        _ arguments: [String],
        _ body: @escaping @Sendable (Heard) async throws -> Void
    ) async throws -> CommandRun.Result {
        let heard = Heard()
        let interrupt = BoundedQueue<Int32>(capacity: 1)
        return try await withThrowingTaskGroup(of: CommandRun.Result?.self) { group in
            group.addTask {
                await run.run(
                    ["tail"] + arguments,
                    backends: CommandRun.backends { _ = await interrupt.next() },
                    console: heard
                )
            }
            group.addTask {
                defer { _ = interrupt.offer(2) }
                try await body(heard)
                return nil
            }
            var result: CommandRun.Result?
            for try await ended in group { result = ended ?? result }
            return try #require(result)
        }
    }

    @Test func `a tail shows what happens, filtered, and ends cleanly when it is interrupted`() async throws {
        let (run, wire) = (try await CommandRun(migrated: false), try await Wire())
        run.set("NATS_URL", wire.server.url)
        let tenant = "0197f0c2-0000-7000-8000-000000000001"
        try await wire.publish("session.started.\(tenant)", user: "old", tenant: tenant)
        let result = try await tailing(run, ["--tenant", tenant, "--user", "ann", "--user", "old", "--from-start"]) {
            heard in
            try await eventually { heard.output.contains(" old ") }
            try await wire.publish("session.started.\(tenant)", user: "ann", tenant: tenant)
            try await wire.publish("session.started.other", user: "ann", tenant: "other")
            try await wire.publish("accounting.sessions.\(tenant).n1", user: "bob", tenant: tenant)
            try await wire.publish("accounting.sessions.\(tenant).n1", user: "ann", tenant: tenant)
            try await eventually { heard.output.split(separator: "\n").count == 3 }
        }
        #expect(result.code == .success)
        #expect(result.output.split(separator: "\n").allSatisfy { $0.contains("Happened") })
        #expect(!result.output.contains("bob") && result.output.contains(" ann "))
        try await wire.close()
        await run.close()
    }

    @Test func `a tail begins where it is told and writes JSON by the line`() async throws {
        let (run, wire) = (try await CommandRun(migrated: false), try await Wire())
        run.set("NATS_URL", wire.server.url)
        for number in 1...5 { try await wire.publish("radius.refused.t1", user: "u\(number)") }
        for (arguments, first, count) in [
            (["--last", "2"], 4, 2), (["--stream", "domain", "--from-seq", "3"], 3, 3),
            (["--since", "2020-01-01", "--subject", "radius.refused.*"], 1, 5),
        ] {
            let result = try await tailing(run, arguments + ["--json"]) { heard in
                try await eventually { heard.output.split(separator: "\n").count == count }
            }
            let lines = try result.output.split(separator: "\n").map { try OutputValue(json: Array($0.utf8)) }
            #expect(lines.map { $0["sequence"] } == (first..<first + count).map { .integer(Int64($0)) }, "\(arguments)")
            #expect(lines.first?["event"]["data"]["username"] == .text("u\(first)"))
        }
        for wrong in [
            ["--from-start", "--last", "1"], ["--from-seq", "3"], ["--subject", "a..b"], ["--subject", "laundry.>"],
            ["--since", "yesterday"], ["--last", "0"], ["--stream", "commands"],
        ] {
            #expect(await run.run(["tail"] + wrong).code == .usage, "\(wrong)")
        }
        try await wire.close()
        await run.close()
    }

    @Test func `a tail goes on behind the last event after its server was killed`() async throws {
        let (run, wire) = (try await CommandRun(migrated: false), try await Wire())
        run.set("NATS_URL", wire.server.url)
        try await wire.publish("session.started.t1", user: "before")
        let result = try await tailing(run, ["--from-start", "--json"]) { heard in
            try await eventually { heard.output.contains("before") }
            try await wire.server.kill()
            try await eventually(within: .seconds(20)) { heard.errors.contains("trying on") }
            try await wire.server.start()
            try await eventually(within: .seconds(20)) { wire.client.state == .connected }
            try await eventually(within: .seconds(20)) {
                try await JetStreamAdmin(wire.client).streamInfo("DOMAIN") != nil
            }
            try await wire.publish("session.started.t1", user: "after")
            try await eventually(within: .seconds(20)) { heard.output.contains("after") }
        }
        #expect(result.code == .success)
        #expect(result.output.split(separator: "\n").count == 2, "none twice: \(result.output)")
        #expect(result.errors.contains("reading again"))
        try await wire.close()
        await run.close()
    }

    @Test(.proves("MSG-07")) func `dead letters are listed, shown and sent again once`() async throws {
        let (run, wire) = (try await CommandRun(), try await Wire())
        run.set("NATS_URL", wire.server.url)
        try await run.expect(.success, "bootstrap")
        let tenant = try await run.database.operatorTenant()
        try await run.database.session.transaction { transaction in
            try await transaction.query("SET LOCAL ROLE nexora_pipeline")
            for number in 1...3 {
                try await transaction.query(
                    """
                    INSERT INTO dead_letters (tenant_id, stream, consumer, subject, message_id, reason, payload)
                    VALUES ($1, 'DOMAIN', 'c', 'session.started.t', $2, 'made up', $3)
                    """,
                    [.id(tenant), .text("m\(number)"), .text(#"{"n":\#(number)}"#)]
                )
            }
        }
        let listed = try await run.expect(.success, "dlq list --json").list()
        #expect(listed.count == 3 && listed[0]["reason"] == .text("made up"))
        let id = try #require(listed[0]["id"].text)
        #expect(try await run.expect(.success, "dlq show \(id) --json").json()["payload"]["n"] != .null)
        try await run.expect(.success, "dlq replay \(id)")
        #expect(try await run.expect(.success, "dlq list --json").list().count == 2)
        #expect(try await run.expect(.success, "dlq replay --all --json").list().count == 2)
        #expect(try await run.expect(.success, "dlq replay --all --json").list().isEmpty)
        #expect(try await JetStreamAdmin(wire.client).streamInfo("DOMAIN")?.messages == 3)
        #expect(
            try await run.expect(.success, "dlq list --all --json").list().allSatisfy {
                $0["replayedAt"] != .null
            }
        )
        try await run.expect(.usage, "dlq replay")
        try await run.expect(.usage, "dlq replay not-an-id")
        try await run.expect(.notFound, "dlq replay 00000000-0000-7000-8000-000000000000")
        try await wire.server.stop()
        try await run.expect(.unavailable, "dlq replay \(id)")
        await wire.client.close()
        await run.close()
    }

    @Test func `the doctor finds everything well, and says what to do when it is not`() async throws {
        let (run, wire, redis) = (try await CommandRun(), try await Wire(), try await RealRedis.start())
        try await run.expect(.success, "bootstrap")
        run.set("NATS_URL", wire.server.url)
        run.set("REDIS_URL", redis.url)
        let well = await run.run(["doctor", "--json"])
        let checks = try well.list()
        let failed = checks.filter { $0["verdict"] == .text("fail") }
        #expect(failed.isEmpty, "\(well.output)")
        for name in [
            "keyring", "Postgres", "row-level security", "migrations", "durability", "NATS", "stream DOMAIN", "Redis",
            "net.core.rmem_max", "disk space", "clock",
        ] {
            #expect(checks.contains { $0["check"] == .text(name) }, "\(name)")
        }
        try await run.database.session.script("CREATE TABLE careless (tenant_id uuid)")
        run.set("NATS_URL", "nats://127.0.0.1:1")
        run.set("REDIS_URL", nil)
        let ill = try await run.expect(.failed, "doctor")
        #expect(ill.output.contains("not forced on: careless") && ill.output.contains("-> ALTER TABLE"))
        #expect(ill.output.contains("fail  NATS") && ill.output.contains("warn  Redis"))
        try await redis.stop()
        try await wire.close()
        await run.close()
    }
}
