import Concurrency
import Glibc
import Postgres
import Synchronization

/// The program: makes a day, writes its directory, plays it, compares.
package enum Application {
    /// Runs with the process's own arguments; returns its exit status.
    package static func run(_ arguments: [String]) async -> Int32 {
        if arguments.contains("--help") || arguments.isEmpty {
            Speech.write(Invocation.usage + StormOptions.usage, to: STDOUT_FILENO)
            return arguments.isEmpty ? 2 : 0
        }
        do {
            if arguments.first == "storm" { return try await storm(Array(arguments.dropFirst())) }
            let database = unsafe getenv("DATABASE_URL").map { unsafe String(cString: $0) }
            return try await run(Invocation(arguments, environment: database))
        } catch let mistake as Invocation.Mistake {
            Speech.tell("nas-simulator: \(mistake)\n\(Invocation.usage)")
            return 2
        } catch {
            Speech.tell("nas-simulator: \(error)")
            return 69
        }
    }

    private static func run(_ line: Invocation) async throws -> Int32 {
        let world = World(line.wishes)
        if let path = line.directoryFile { try Files.write(DirectoryFiles.directory(world), to: path) }
        if let path = line.subscribersFile { try Files.write(DirectoryFiles.subscribers(world), to: path) }
        guard line.plays else { return 0 }
        let script = DayScript(world)
        let result = try await play(script, line.play)
        var discrepancies: [Comparison.Discrepancy]?
        if let database = line.database {
            discrepancies = try await compare(script, result, line, database)
        }
        let report = RunReport(script, result, discrepancies)
        Speech.write(report.text, to: STDOUT_FILENO)
        if let path = line.reportFile { try Files.write(report.json, to: path) }
        return report.holds ? 0 : 1
    }

    /// Plays on a thread of its own: the loop blocks.
    package static func play(_ script: DayScript, _ options: PlayOptions) async throws -> PlayResult {
        try await onThread("player") { try Player(script, options).run() }
    }

    static func onThread<Value: Sendable>(
        _ name: String,
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let outcome = Mutex<Result<Value, any Error>?>(nil)
        let thread = try PlatformThread.start(name: name) {
            let played = Result { try body() }
            outcome.withLock { $0 = played }
        }
        await thread.joined()
        guard let played = outcome.withLock({ $0 }) else { preconditionFailure("a finished thread has a result") }
        return try played.get()
    }

    /// Looks until the books are true or may no longer lag.
    private static func compare(
        _ script: DayScript,
        _ result: PlayResult,
        _ line: Invocation,
        _ database: String
    ) async throws -> [Comparison.Discrepancy] {
        // A restarted server is away for some seconds, in which packets age.
        let expected = ExpectedBooks(script, result, slackSeconds: line.play.serverRestarts ? 20 : 8)
        let session = PostgresSession(
            PostgresConfiguration(url: database, role: line.role, applicationName: "nas-simulator")
        )
        let deadline = Deadline.after(.seconds(line.settle))
        while true {
            let found = try await FoundBooks.read(session, tenant: script.world.tenant)
            // Sessions that go on after midnight are booked on the new day.
            let span = Comparison.Span(began: result.began, ended: result.ended)
            let wrong = Comparison.differences(expected, found, span)
            if wrong.isEmpty || deadline.hasPassed {
                await session.close()
                return wrong
            }
            try await pause(for: .seconds(1))
        }
    }
}
