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
        try await repeating(
            every: interval,
            logger,
            "checkpoints wait",
            failed: { health.set(.degraded("checkpoints: \($0)")) }
        ) {
            signed.add(try await sign())
            health.set(.ready)
        }
    }
}
