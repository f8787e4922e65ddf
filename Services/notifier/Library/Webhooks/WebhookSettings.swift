package import Configuration
package import Domain

/// How events are sent to other systems; the README documents every key.
package struct WebhookSettings: Sendable {
    /// The pause between two looks at what is due.
    package var interval: Duration
    /// Endpoints that are sent to at a time.
    package var inFlight: Int
    /// Until the last octet of a receiver's answer.
    package var limit: Duration
    package var retries: WebhookRetries
    /// How long deliveries are kept.
    package var keep: Duration
    /// A file with the PEM certificates that are believed; empty: the system's.
    package var authorities: String

    /// Reads every key that begins with `webhooks.`; the caller finishes the reader.
    package static func read(_ config: ConfigReader) -> WebhookSettings {
        let day = Duration.seconds(86_400)
        return WebhookSettings(
            interval: config.duration(
                "webhooks.interval",
                default: .milliseconds(250),
                in: .milliseconds(10)...Duration.seconds(60),
                doc: "The pause between two looks at what is to be sent to other systems."
            ),
            inFlight: config.int("webhooks.in_flight", default: 64, in: 1...4_096, doc: "Endpoints sent to at a time."),
            limit: config.duration(
                "webhooks.limit",
                default: .seconds(15),
                in: .milliseconds(100)...Duration.seconds(60),
                doc: "How long a receiver may take to answer."
            ),
            retries: WebhookRetries(
                longestPause: config.duration(
                    "webhooks.longest_pause",
                    default: day,
                    in: .milliseconds(10)...day,
                    doc: "No pause before another attempt is longer."
                ),
                giveUpAfter: config.duration(
                    "webhooks.give_up_after",
                    default: .seconds(75 * 3_600),
                    in: .seconds(1)...Duration.seconds(30 * 86_400),
                    doc: "What was tried for so long is tried no more."
                ),
                disableAfter: config.duration(
                    "webhooks.disable_after",
                    default: .seconds(3 * 86_400),
                    in: .seconds(1)...Duration.seconds(30 * 86_400),
                    doc: "An endpoint at which nothing succeeded for so long is disabled."
                )
            ),
            keep: config.duration(
                "webhooks.keep",
                default: .seconds(30 * 86_400),
                in: .seconds(60)...Duration.seconds(365 * 86_400),
                doc: "How long deliveries and what they said are kept."
            ),
            authorities: config.string(
                "webhooks.authorities",
                default: "",
                doc: "A file with the PEM certificates that are believed; empty: the system's."
            )
        )
    }
}
