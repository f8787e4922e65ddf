import NexoraCommand
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite struct CommandLineTests {
    @Test(arguments: allCommands.map(\.words)) func `every command explains itself, and its examples parse`(
        _ words: String
    ) throws {
        let command = try #require(allCommands.first { $0.words == words })
        #expect(!command.examples.isEmpty)
        let help = HelpText(commands: allCommands).text(for: command.path)
        for option in command.options { #expect(help.contains("--\(option.name)")) }
        for example in command.examples {
            let words = Self.words(of: example)
            guard case .run(let parsed, _) = try ArgumentParser(commands: allCommands).parse(words) else {
                Issue.record("\(example) is no command")
                continue
            }
            #expect(parsed.words == command.words, "\(example)")
        }
    }

    @Test func `no command takes a secret from the command line`() {
        for command in allCommands {
            for option in command.options {
                let name = option.name
                #expect(!["secret", "password", "key", "token"].contains(name), "\(command.words) --\(name)")
            }
        }
    }

    @Test func `names of commands and of options are not given twice`() {
        #expect(Set(allCommands.map(\.words)).count == allCommands.count)
        for command in allCommands {
            let names = (command.options + CommandSpec.globalOptions).map(\.name)
            #expect(Set(names).count == names.count, "\(command.words)")
        }
    }

    @Test func `errors say what is wrong, in JSON too, and settings are named`() async throws {
        let run = try await CommandRun(migrated: false)
        let usage = try await run.expect(.usage, "tenant ad")
        #expect(usage.errors.contains("did you mean \"add\"?") && usage.errors.contains("Try: nexora tenant --help"))
        let json = try await run.expect(.usage, "nas list --limit 0 --json")
        let told = try OutputValue(json: Array(json.errors.utf8.dropLast()))
        #expect(told["exitCode"] == .integer(2) && told["error"].text?.contains("--limit \"0\"") == true)
        #expect(json.output.isEmpty)
        run.set("DATABASE_URL", nil)
        #expect(try await run.expect(.badSettings, "tenant list").errors.contains("DATABASE_URL is not set"))
        run.set("DATABASE_URL", "mysql://user:hunter2@host/db")
        let wrong = try await run.expect(.badSettings, "tenant list")
        #expect(wrong.errors.contains("postgresql://") && !wrong.errors.contains("hunter2"))
        run.set("DATABASE_URL", "postgresql://nobody:hunter2@127.0.0.1:1/none")
        let away = try await run.expect(.unavailable, "tenant list")
        #expect(!away.errors.contains("hunter2"))
        #expect(try await run.expect(.success, "--help").output.contains("Exit codes:"))
        #expect(try await run.expect(.success, "--version").output.hasPrefix("nexora "))
        await run.close()
    }

    @Test func `sessions are listed with filters and a cursor`() async throws {
        let run = try await CommandRun()
        try await run.expect(.success, "bootstrap --demo")
        try await run.database.session.script(
            """
            BEGIN; SET LOCAL ROLE nexora_pipeline;
            INSERT INTO sessions (tenant_id, session_key, nas_id, username, acct_session_id, started_at, last_update_at)
            SELECT n.tenant_id, gen_random_uuid(), n.id, 'demo000' || i, 's' || i,
                '2026-11-20'::timestamptz + i * interval '1 s', now()
            FROM nas_devices n, generate_series(1, 5) i WHERE n.name = 'local';
            COMMIT;
            """
        )
        let all = try await run.expect(.success, "session list --live --nas local --json").list()
        #expect(all.map { $0["username"] } == (1...5).reversed().map { .text("demo000\($0)") })
        let first = try await run.expect(.success, "session list --limit 2 --json")
        let cursor = try #require(try first.list().last?["cursor"].text)
        #expect(first.errors.contains("--after \(cursor)"))
        let second = try await run.expect(.success, "session list --limit 2 --after \(cursor) --json")
            .list()
        #expect(second.map { $0["username"] } == [.text("demo0003"), .text("demo0002")])
        #expect(try await run.expect(.success, "session list --user demo0004 --json").list().count == 1)
        #expect(try await run.expect(.success, "session list --closed --json").list().isEmpty)
        #expect(try await run.expect(.success, "session list --tenant demo-shop --json").list().isEmpty)
        try await run.expect(.usage, "session list --live --closed")
        try await run.expect(.usage, "session list --after nonsense")
        try await run.expect(.notFound, "session list --nas nowhere")
        await run.close()
    }

    /// An example's words after the program's name; what is piped into it is left out.
    private static func words(of example: String) -> [String] {
        let line = example.split(separator: "|").last.map(String.init) ?? example
        return Array(CommandRun.words(of: line).drop { $0 != "nexora" }.dropFirst())
    }
}
