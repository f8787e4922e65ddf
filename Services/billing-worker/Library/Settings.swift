import Concurrency
package import Configuration
import Lifecycle

/// The settings of billing-worker; its README documents every key.
package struct Settings: Sendable {
    var databaseURL: Secret<String>
    var databaseRole: String
    var natsURL: Secret<String>
    var redisURL: Secret<String>
    /// Where the keyring is that signs checkpoints.
    var keyringPath: String
    /// Copies of each stream: 1 alone, 3 in a cluster.
    var replicas: Int
    /// Where the time stands in a rehearsal; empty for the clock.
    var clockFile: String
    /// The wait between two readings of the ledger's figures.
    var figuresInterval: Duration
    /// Wallets that have a series of their own at most; 0 for none.
    var walletSeries: Int
    /// The wait between two counts of who is paid for and offline, or online and not paid for.
    var exposureInterval: Duration
    var lanes: LaneSettings
    var subscriptions: SubscriptionSettings

    struct SubscriptionSettings: Sendable {
        /// Subscriptions of one transaction at most.
        var batch: Int
        /// Wallets that are asked at a time.
        var inFlight: Int
        /// The pause while nothing is due.
        var interval: Duration
    }

    struct LaneSettings: Sendable {
        /// Who holds the lanes, for people and for the next start: another of the same name takes them over at once.
        var holder: String
        var lease: Duration
        /// Commands a batch at most.
        var batch: Int
        /// How long a batch waits to fill up.
        var wait: Duration
        /// A command that is not answered within this is read again.
        var acknowledgementWait: Duration
        /// The wait between two looks for new lanes.
        var discovery: Duration
        /// The wait between two looks at what was written, and for holds whose time is over.
        var care: Duration
    }

    /// Reads every key. The caller finishes the reader.
    package init(_ config: ConfigReader) {
        databaseURL = config.databaseURL("The database.")
        databaseRole = config.string(
            "database.role",
            default: "nexora_billing",
            doc: "The role to step down to after connecting."
        )
        natsURL = config.natsURL()
        redisURL = config.redisURL(
            "Redis with the wallets' balances, or its sentinels as redis+sentinel://HOST,HOST/NAME."
        )
        keyringPath = config.string(
            "keyring.path",
            default: "./.run/keyring",
            doc: "The keyring that signs the ledger's checkpoints: a file of mode 0600."
        )
        replicas = config.streamReplicas()
        clockFile = config.string(
            "clock.file",
            default: "",
            doc: "Rehearsals only: the time is what this file says, as RFC 3339 writes it, and not the clock's."
        )
        figuresInterval = config.duration(
            "metrics.figures_interval",
            default: .seconds(5),
            in: .milliseconds(10)...Duration.seconds(3_600),
            doc: "The wait between two readings of the ledger's figures."
        )
        walletSeries = config.int(
            "metrics.wallet_series",
            default: 200,
            in: 0...10_000,
            doc: "Wallets at most that have a series of their own, the lowest of those that are low; 0 for none."
        )
        exposureInterval = config.duration(
            "metrics.exposure_interval",
            default: .milliseconds(500),
            in: .milliseconds(10)...Duration.seconds(3_600),
            doc: "The wait between two counts of who is paid for and offline, or online and not paid for."
        )
        lanes = LaneSettings(config)
        subscriptions = SubscriptionSettings(config)
    }
}

extension Settings.LaneSettings {
    fileprivate init(_ config: ConfigReader) {
        holder = config.string(
            "lanes.holder",
            default: "",
            doc:
                "The name under which this process holds lanes; empty makes one of the host's name and the process's number."
        )
        lease = config.duration(
            "lanes.lease",
            default: .seconds(5),
            in: .seconds(1)...Duration.seconds(60),
            doc: "A lane whose writer is silent for this goes to another process."
        )
        batch = config.int("lanes.batch", default: 250, in: 1...500, doc: "Commands a batch at most.")
        wait = config.duration(
            "lanes.wait",
            default: .milliseconds(3),
            in: .milliseconds(1)...Duration.milliseconds(100),
            doc: "How long a batch waits to fill up after its first command."
        )
        acknowledgementWait = config.duration(
            "lanes.ack_wait",
            default: .seconds(5),
            in: .seconds(1)...Duration.seconds(60),
            doc: "A command that was not answered comes again after this; the same in every process."
        )
        discovery = config.duration(
            "lanes.discovery",
            default: .milliseconds(500),
            in: .milliseconds(10)...Duration.seconds(60),
            doc: "The wait between two looks for lanes that are new."
        )
        care = config.duration(
            "lanes.care",
            default: .seconds(1),
            in: .milliseconds(10)...Duration.seconds(3_600),
            doc: "The wait between two proofs of what was written, and between two looks for holds whose time is over."
        )
    }
}

extension Settings.SubscriptionSettings {
    fileprivate init(_ config: ConfigReader) {
        batch = config.int(
            "subscriptions.batch",
            default: 100,
            in: 1...1000,
            doc: "Subscriptions that one transaction looks after at most."
        )
        inFlight = config.int(
            "subscriptions.in_flight",
            default: 500,
            in: 1...5000,
            doc: "Wallets that are asked for a bill at a time."
        )
        interval = config.duration(
            "subscriptions.interval",
            default: .milliseconds(500),
            in: .milliseconds(10)...Duration.seconds(60),
            doc: "The pause while no subscription is due."
        )
    }
}
