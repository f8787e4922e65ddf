import Concurrency
import Lifecycle
import Observability
import Persistence

/// Signs where the lanes stand, once a second. Several processes may do so; a lane that did not move is signed by none.
struct CheckpointSigner: Lifecycle.Service {
    /// Signs what is due and says how many lanes that were.
    let sign: @Sendable () async throws -> Int
    let signed: CounterCell
    let health: HealthComponent
    let logger: Logger
    let interval = Duration.seconds(1)

    func run() async throws {
        var told = ""
        while !GracefulShutdown.isShuttingDown {
            do {
                signed.add(try await sign())
                health.set(.ready)
                told = ""
            } catch let error as CancellationError {
                throw error
            } catch {
                health.set(.degraded("checkpoints: \(error)"))
                if "\(error)" != told { logger.warn("checkpoints wait", ["error": .string("\(error)")]) }
                told = "\(error)"
            }
            try await rest(for: interval)
        }
    }
}
