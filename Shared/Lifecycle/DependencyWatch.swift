import Concurrency
package import Observability

/// Makes the streams where they are missing, for ever: a server that comes back with an empty store gets them again.
package struct StreamSetup: Service {
    private let ensure: @Sendable () async throws -> Void
    private let health: HealthComponent
    private let logger: Logger

    /// `ensure` makes what is missing; harmless where nothing is.
    package init(ensure: @escaping @Sendable () async throws -> Void, health: HealthComponent, logger: Logger) {
        self.ensure = ensure
        self.health = health
        self.logger = logger
    }

    package func run() async throws {
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
package struct DatabaseProbe: Service {
    private let ask: @Sendable () async throws -> Void
    private let health: HealthComponent
    private static let interval = Duration.seconds(1)

    /// `ask` throws while the database does not answer.
    package init(ask: @escaping @Sendable () async throws -> Void, health: HealthComponent) {
        self.ask = ask
        self.health = health
    }

    package func run() async throws {
        while !GracefulShutdown.isShuttingDown {
            do {
                try await ask()
                health.set(.ready)
            } catch {
                try Task.checkCancellation()
                health.set(.notReady("database: \(error)"))
            }
            try await rest(for: Self.interval)
        }
    }
}
