package import Crypto
package import Domain
import HTTPClient
package import Lifecycle
package import Messaging
import Observability
package import Persistence

/// The part of the daemon that tells other systems what happens, put together.
package enum Webhooks {
    /// Its services, in the order of their dependence. `keeping` has a session of its own; `events` reads the stream DOMAIN.
    package static func services(
        _ settings: WebhookSettings,
        _ context: DaemonContext,
        keeping: WebhookStore,
        events: EventTails,
        keyring: Keyring,
        time: TimeSource
    ) throws -> [NamedService] {
        var configuration = HTTPClientConfiguration()
        configuration.maximumRequests = settings.inFlight
        configuration.connectLimit = min(settings.limit, .seconds(5))
        configuration.authorities = settings.authorities.isEmpty ? nil : settings.authorities
        configuration.userAgent = "nexora-webhooks/1"
        let open = try HTTPClient(configuration, name: "webhooks-open")
        configuration.reaches = HTTPWebhookTransport.reaches
        let guarded = try HTTPClient(configuration, name: "webhooks")
        let metrics = WebhookMetrics(context.metrics)
        let service = WebhookService(
            keeping: keeping,
            events: events,
            sender: WebhookSender(
                keeping: keeping,
                transport: HTTPWebhookTransport(guarded: guarded, open: open, limit: settings.limit),
                secrets: WebhookSecrets(keyring),
                retries: settings.retries,
                claim: settings.limit + .seconds(15),
                time: time,
                jitter: { Double.random(in: 0...1) },
                metrics: metrics,
                logger: context.logger
            ),
            interval: settings.interval,
            inFlight: settings.inFlight,
            keep: settings.keep,
            time: time,
            metrics: metrics,
            health: context.health.component("webhooks"),
            logger: context.logger
        )
        return [
            // End behind who uses them.
            NamedService("webhook clients") {
                await waitForShutdown()
                await guarded.shutdown()
                await open.shutdown()
            },
            NamedService("webhooks", service),
        ]
    }
}
