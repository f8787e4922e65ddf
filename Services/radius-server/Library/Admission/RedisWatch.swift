import Concurrency
import Lifecycle
import Observability

/// Keeps asking where Redis is, and says in `/ready` whether it is there. Without it logins go on; a server that starts is not
/// ready before each of its threads may ask Redis, or gave it up: the first login of a ready server is answered.
struct RedisWatch: Lifecycle.Service {
    /// Connections that serve.
    let open: GaugeCell
    /// How many there are to be.
    let connections: Int
    /// How long logins wait for Redis before this server decides alone.
    let patience: Duration
    /// Where Redis is, when it is elsewhere than before.
    let locate: @Sendable () async throws -> (host: String, port: Int)?
    let health: HealthComponent
    let logger: Logger

    func run() async throws {
        var trouble: String?
        let patient = Deadline.after(patience)
        var wasOpen = false
        while !GracefulShutdown.isShuttingDown {
            do {
                if let found = try await locate() {
                    logger.info("redis is found", ["redis.host": .string(found.host), "redis.port": .int(found.port)])
                }
                trouble = nil
            } catch {
                if trouble == nil { logger.warn("redis is not found", ["error": .error(error)]) }
                trouble = "\(error)"
            }
            wasOpen = wasOpen || open.value >= Double(connections)
            let isStarting = !wasOpen && !patient.hasPassed
            if isStarting {
                health.set(.notReady("looking for Redis"))
            } else if let trouble {
                health.set(.degraded("sessions and addresses are decided by this server alone: \(trouble)"))
            } else if open.value > 0 {
                health.set(.ready)
            } else {
                health.set(.degraded("sessions and addresses are decided by this server alone: Redis does not answer"))
            }
            try await GracefulShutdown.pause(for: .milliseconds(isStarting ? 20 : 500))
        }
    }
}
