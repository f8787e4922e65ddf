import Billing
import Domain
import Lifecycle
import Messaging
import Observability
import Persistence

/// The subscriptions' part of the daemon, put together.
enum SubscriptionServices {
    /// `work` and `watching` are on sessions of their own; `consumer` hears of the ledger's batches.
    static func make(
        _ settings: Settings.SubscriptionSettings,
        _ context: DaemonContext,
        work: SubscriptionWork,
        watching: SubscriptionWork,
        consumer: EventConsumer,
        desk: any MoneyDesk,
        clock: TimeSource
    ) -> [NamedService] {
        let metrics = SubscriptionMetrics(context.metrics)
        let engine = SubscriptionEngine(
            keeping: work,
            collector: BillCollector(
                desk: desk,
                ids: IDGenerator(time: clock),
                metrics: metrics,
                logger: context.logger,
                wait: .seconds(5)
            ),
            time: clock,
            metrics: metrics,
            logger: context.logger,
            batch: settings.batch,
            mostInFlight: settings.inFlight,
            interval: settings.interval
        )
        let watch = PaymentWatch(
            consumer: consumer,
            keeping: watching,
            time: clock,
            funded: context.metrics.counter(
                "subscriptions_funded_total",
                "Subscriptions whose bills were asked for because of money that came."
            ).with()
        )
        return [NamedService("subscriptions", engine), NamedService("payments", watch)]
    }
}
