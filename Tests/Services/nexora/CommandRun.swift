import Concurrency
import Domain
import NexoraCommand
import Persistence
import Postgres
import SharedTesting
import Synchronization
import Testing

/// Runs commands in this process against a migrated database of their own, and hears what they say.
final class CommandRun: Sendable {
    /// What one command did.
    struct Result: Sendable {
        let code: ExitCode
        let output: String
        let errors: String

        /// Its output as JSON.
        func json(at location: SourceLocation = #_sourceLocation) throws -> OutputValue {
            try #require(try? OutputValue(json: Array(output.utf8)), "\(output)\(errors)", sourceLocation: location)
        }

        /// Its output as a JSON list.
        func list(at location: SourceLocation = #_sourceLocation) throws -> [OutputValue] {
            guard case .list(let values) = try json(at: location) else {
                Issue.record("no list: \(output)", sourceLocation: location)
                return []
            }
            return values
        }
    }

    let url: String
    let database: Database
    let directory: TemporaryDirectory
    private let settings: Mutex<[String: String]>

    init(migrated: Bool = true) async throws {
        let server = try await RealPostgres.shared()
        url = try await migrated ? server.createMigratedDatabase() : server.createDatabase()
        database = Database(url: url, applicationName: "tests")
        directory = try TemporaryDirectory()
        settings = Mutex([
            "DATABASE_URL": url, "NEXORA_KEYRING_PATH": directory.file("keyring"),
            "NEXORA_MIGRATIONS_PATH": RealPostgres.migrations,
            // Daemons' settings and an operator's own must not disturb a command.
            "NEXORA_RADIUS_AUTH_PORT": "1812", "PATH": "/bin",
        ])
        guard migrated else { return }
        try await expect(.success, "key init")
    }

    func set(_ name: String, _ value: String?) {
        settings.withLock { $0[name] = value }
    }

    /// Runs a command; `input` are the lines of its standard input.
    func run(_ arguments: [String], input: [String] = [], backends: Backends? = nil, console: Heard = Heard()) async
        -> Result
    {
        let lines = Mutex(input[...])
        let context = CommandContext(
            console: Console(
                output: { console.hear($0) },
                errors: { console.hearError($0) },
                readLine: { lines.withLock { $0.popFirst() } },
                columns: nil,
                showsProgress: false
            ),
            environment: settings.withLock { $0 },
            backends: backends ?? Self.backends { await never() },
            time: TimeSource { Timestamp(microseconds: SystemClock.microsecondsSince1970()) }
        )
        let code = await NexoraCommandLine(commands: allCommands, context: context).run(arguments)
        return Result(code: code, output: console.output, errors: console.errors)
    }

    /// Runs a command line, as it is typed, that is to end with that code.
    @discardableResult
    func expect(
        _ code: ExitCode,
        _ line: String,
        input: [String] = [],
        backends: Backends? = nil,
        at location: SourceLocation = #_sourceLocation
    ) async throws -> Result {
        let result = await run(Self.words(of: line), input: input, backends: backends)
        try #require(
            result.code == code,
            "\(line): \(result.output)\(result.errors)",
            sourceLocation: location
        )
        return result
    }

    /// Splits a line as a shell would, as far as blanks and quotes go.
    static func words(of line: String) -> [String] {
        var words: [String] = []
        var current: String?
        var quote: Character?
        for character in line {
            if let open = quote {
                if character == open { quote = nil } else { current?.append(character) }
            } else if character == "\"" || character == "'" {
                quote = character
                current = current ?? ""
            } else if character == " " || character == "\n" {
                if let word = current { words.append(word) }
                current = nil
            } else {
                current = (current ?? "") + String(character)
            }
        }
        return words + (current.map { [$0] } ?? [])
    }

    /// The real servers, with an interruption of the test's own.
    static func backends(interrupted: @escaping @Sendable () async -> Void) -> Backends {
        let real = Backends.real(interrupts: Interrupts())
        return Backends(events: real.events, redisFacts: real.redisFacts, interrupted: interrupted)
    }

    /// A number that a statement under the pipelines' role gives: it sees every tenant's rows.
    func count(_ sql: String) async throws -> Int64 {
        try await database.session.transaction { transaction in
            try await transaction.query("SET LOCAL ROLE nexora_pipeline")
            return try await transaction.query("SELECT (\(sql))::bigint").first?[0].int64 ?? -1
        }
    }

    func close() async { await database.close() }
}

/// Collects what a command writes.
final class Heard: Sendable {
    private let bytes = Mutex<(output: [UInt8], errors: [UInt8])>(([], []))

    func hear(_ more: [UInt8]) { bytes.withLock { $0.output += more } }
    func hearError(_ more: [UInt8]) { bytes.withLock { $0.errors += more } }
    var output: String { String(decoding: bytes.withLock { $0.output }, as: UTF8.self) }
    var errors: String { String(decoding: bytes.withLock { $0.errors }, as: UTF8.self) }
}

/// Completes only by cancellation.
func never() async {
    while !Task.isCancelled { try? await pause(for: .seconds(60)) }
}
