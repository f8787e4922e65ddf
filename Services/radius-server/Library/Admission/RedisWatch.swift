import Lifecycle
import Observability

/// Keeps asking where Redis is, and says in `/ready` whether it is there. Without it logins go on.
struct RedisWatch: Lifecycle.Service {
    /// Connections that are open.
    let open: GaugeCell
    /// Where Redis is, when it is elsewhere than before.
    let locate: @Sendable () async throws -> (host: String, port: Int)?
    let health: HealthComponent
    let logger: Logger

    func run() async throws {
        var trouble: String?
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
            if let trouble {
                health.set(.degraded("sessions and addresses are decided by this server alone: \(trouble)"))
            } else if open.value > 0 {
                health.set(.ready)
            } else {
                health.set(.degraded("sessions and addresses are decided by this server alone: Redis does not answer"))
            }
            try await GracefulShutdown.pause(for: .milliseconds(500))
        }
    }
}
