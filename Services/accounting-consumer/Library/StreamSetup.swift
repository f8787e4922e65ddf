import Concurrency
import Lifecycle
import Observability

/// Makes the streams where they are missing, for ever: a server that comes back with an empty store gets them again.
struct StreamSetup: Lifecycle.Service {
    let ensure: @Sendable () async throws -> Void
    let health: HealthComponent
    let logger: Logger

    func run() async throws {
        var waits = Backoff(initial: .milliseconds(100), maximum: .seconds(2))
        var told = ""
        while !GracefulShutdown.isShuttingDown {
            do {
                try await ensure()
                health.set(.ready)
                waits.reset()
                told = ""
                try await rest(for: .seconds(10))
            } catch let error as CancellationError {
                throw error
            } catch {
                let reason = String(describing: error)
                health.set(.notReady("streams: \(reason)"))
                if reason != told { logger.warn("streams cannot be set up", ["error": .string(reason)]) }
                told = reason
                try await rest(for: waits.next())
            }
        }
    }
}

/// Tells `/ready` whether the database answers.
struct DatabaseProbe: Lifecycle.Service {
    let ask: @Sendable () async throws -> Void
    let health: HealthComponent
    let interval: Duration = .seconds(1)

    func run() async throws {
        while !GracefulShutdown.isShuttingDown {
            do {
                try await ask()
                health.set(.ready)
            } catch {
                try Task.checkCancellation()
                health.set(.notReady("database: \(error)"))
            }
            try await rest(for: interval)
        }
    }
}
