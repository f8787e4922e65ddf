import Billing
import Domain
import Lifecycle
import Messaging
import Observability
import Persistence

/// The services that quotas are made of.
enum Quotas {
    /// `store` has a session of its own, as nexora_billing.
    static func services(
        store: QuotaStore,
        tails: EventTails,
        stream: String,
        desk: ChargeDesk,
        clock: TimeSource,
        metrics registry: MetricsRegistry,
        health: HealthComponent,
        logger: Logger
    ) -> [NamedService] {
        let metrics = QuotaMetrics(registry)
        let counting = QuotaCounting(
            store: store,
            tails: tails,
            stream: stream,
            clock: clock,
            metrics: metrics,
            health: health,
            logger: logger
        )
        let isLeading = { @Sendable in counting.isLeading }
        return [
            NamedService("quotas", counting),
            NamedService(
                "quota-upkeep",
                QuotaUpkeep(store: store, isLeading: isLeading, clock: clock, metrics: metrics, logger: logger)
            ),
            NamedService(
                "quota-charges",
                QuotaCharges(
                    store: store,
                    desk: desk,
                    isLeading: isLeading,
                    clock: clock,
                    metrics: metrics,
                    logger: logger
                )
            ),
        ]
    }
}
