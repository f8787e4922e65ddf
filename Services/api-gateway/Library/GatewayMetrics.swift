package import Observability
package import RateLimits

/// What the gateway counts beside the HTTP server's own metrics.
package struct GatewayMetrics: Sendable {
    private let refusals: Counter
    private let replays: CounterCell
    private let failures: CounterCell

    package init(_ registry: MetricsRegistry) {
        refusals = registry.counter(
            "gateway_limited_total",
            "Requests refused by a limit, by its name.",
            labels: ["limit"]
        )
        replays = registry.counter(
            "gateway_replayed_total",
            "Answers that were given again under an Idempotency-Key."
        ).with()
        failures = registry.counter(
            "gateway_failed_logins_total",
            "Passwords, codes and links that were wrong or came too often."
        ).with()
    }

    /// Whether limits are this process's own because Redis does not answer.
    package static func watch(_ limiter: RateLimiter, in registry: MetricsRegistry) {
        registry.gauge("gateway_limits_local", "1 while Redis does not answer and limits are this process's own.") {
            limiter.isLocal ? 1 : 0
        }
    }

    func limited(_ name: String) { refusals.with(name).add(1) }
    func replayed() { replays.add(1) }
    func failedLogin() { failures.add(1) }
}
