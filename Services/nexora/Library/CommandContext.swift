import Crypto
package import Domain
import Persistence

/// What a command works with: where it writes, its settings, the servers, time and chance.
package struct CommandContext: Sendable {
    /// Where it writes and reads.
    package let console: Console
    /// The environment's variables.
    package let environment: [String: String]
    /// The servers that only the application names.
    package let backends: Backends
    /// The time.
    package let time: TimeSource
    /// New ids.
    package let ids: IDGenerator
    /// Whether JSON was asked for.
    package private(set) var isJSON = false

    /// A context over the given ends.
    package init(console: Console, environment: [String: String], backends: Backends, time: TimeSource) {
        self.console = console
        self.environment = environment
        self.backends = backends
        self.time = time
        self.ids = IDGenerator(time: time)
    }

    /// The same context for a command that was asked for JSON or not.
    func with(json: Bool) -> CommandContext {
        var copy = self
        copy.isJSON = json
        return copy
    }

    /// Where the servers are.
    var settings: Settings { Settings(environment: environment) }

    /// Where results go.
    package var report: Report { Report(console: console, isJSON: isJSON) }

    /// The console with its output turned to standard error.
    var errorConsole: Console {
        Console(
            output: console.errors,
            errors: console.errors,
            readLine: console.readLine,
            columns: console.columns,
            showsProgress: false
        )
    }

    /// Runs the body with the database and closes it behind it.
    func withDatabase<Success>(_ body: (Database) async throws -> Success) async throws -> Success {
        let database = Database(url: try settings.databaseURL(), applicationName: "nexora")
        do {
            let success = try await body(database)
            await database.close()
            return success
        } catch {
            await database.close()
            throw error
        }
    }

    /// Runs the body with the event streams and closes them behind it.
    func withEvents<Success>(_ body: (any EventStreams) async throws -> Success) async throws -> Success {
        let events = try backends.events(try settings.natsURL())
        do {
            let success = try await body(events)
            await events.close()
            return success
        } catch {
            await events.close()
            throw error
        }
    }

    /// The keyring from its file.
    func keyring() throws -> Keyring {
        let path = try settings.keyringPath()
        do throws(KeyringError) {
            return try Keyring(path: path)
        } catch {
            throw CommandFailure(
                .badSettings,
                "\(error); nexora key init makes one, NEXORA_KEYRING_PATH says where it is"
            )
        }
    }

    /// The keyring, checked against the database's canary, which is planted where there is none.
    func keyring(for database: Database) async throws -> Keyring {
        let keyring = try keyring()
        try await database.check(keyring, planting: true)
        return keyring
    }

    /// What an error means to the operator.
    func explain(_ error: any Error) -> CommandFailure {
        switch error {
        case let failure as CommandFailure: return failure
        case let problem as ValidationError: return CommandFailure(.badData, problem.description)
        case let refusal as PersistenceError: return CommandFailure(refusal)
        case let refusal as TenancyError: return CommandFailure(.conflict, refusal.description)
        case let refusal as MoneyLeft: return CommandFailure(.conflict, refusal.description)
        case let problem as KeyringError: return CommandFailure(.badSettings, problem.description)
        case let problem as ImportProblem: return CommandFailure(.badData, problem.text)
        case is CancellationError: return CommandFailure(.failed, "was interrupted")
        default: break
        }
        switch DatabaseProblem(error) {
        case .unavailable(let text):
            return CommandFailure(.unavailable, "\(text); is Postgres up? nexora doctor checks it")
        case .refused(let text): return CommandFailure(.failed, text)
        case nil: return CommandFailure(.failed, "\(error)")
        }
    }
}

extension CommandFailure {
    /// What a refusal of the database means.
    init(_ refusal: PersistenceError) {
        switch refusal {
        case .alreadyExists, .stillReferenced, .versionChanged: self.init(.conflict, refusal.description)
        case .refused: self.init(.badData, refusal.description)
        case .notFound: self.init(.notFound, refusal.description)
        case .notBootstrapped, .wrongKeyring: self.init(.badSettings, refusal.description)
        }
    }
}
