import Concurrency
import Configuration
import Persistence

/// What is made of what NASes send.
struct PostureSettings: Sendable {
    let ratchet: PostureStore.Ratchet
    /// The pause between two rounds of the ratchet.
    let interval: Duration
    /// 0 keeps it for ever.
    let retentionDays: Int

    init(_ config: ConfigReader) {
        ratchet = PostureStore.Ratchet(
            requests: config.int(
                "posture.ratchet_requests",
                default: 1_000,
                in: 1...1_000_000_000,
                doc: "Logins without EAP that all had a Message-Authenticator before an automatic NAS must send it."
            ),
            observation: config.duration(
                "posture.ratchet_after",
                default: .seconds(86_400),
                in: .zero...Duration.seconds(90 * 86_400),
                doc: "How long such a NAS is watched at the least."
            ),
            days: config.int(
                "posture.ratchet_days",
                default: 7,
                in: 1...90,
                doc: "How many days of what it sent count."
            )
        )
        interval = config.duration(
            "posture.interval",
            default: .seconds(60),
            in: .milliseconds(10)...Duration.seconds(3_600),
            doc: "The pause between two looks at NASes that may be tightened."
        )
        retentionDays = config.int(
            "posture.retention_days",
            default: 90,
            in: 0...3_650,
            doc: "Days of what NASes sent to keep; 0 keeps them for ever."
        )
    }
}
