import Concurrency
package import Configuration
import Lifecycle

/// The settings of accounting-consumer; its README documents every key.
package struct Settings: Sendable {
    var databaseURL: Secret<String>
    var databaseRole: String
    var natsURL: Secret<String>
    var redisURL: Secret<String>
    /// Copies of each stream: 1 alone, 3 in a cluster.
    var replicas: Int
    var consumer: ConsumerSettings
    var reaper: ReaperSettings
    var history: HistorySettings
    var addresses: AddressSettings
    var posture: PostureSettings
    /// Whether sessions stand in the audit trail.
    var auditsSessions: Bool
    /// The pause between two folds of usage into the days.
    var usageInterval: Duration
    /// The wait between two looks at an empty outbox.
    var relayIdle: Duration
    /// The wait between two counts of the live sessions.
    var liveInterval: Duration

    struct ConsumerSettings: Sendable {
        /// Records a batch at most.
        var batch: Int
        /// How long a batch waits to fill up.
        var wait: Duration
        /// Workers of this process; each has a connection to the database.
        var workers: Int
        /// How long a delivery may stay unsettled before it is delivered again.
        var acknowledgementWait: Duration
        /// Batches in flight over all processes: what bounds the deliveries that are not settled.
        var batchesInFlight: Int
    }

    struct HistorySettings: Sendable {
        /// How long a closed session stays in the hot table.
        var after: Duration
        var interval: Duration
        /// 0 keeps the history for ever.
        var retentionMonths: Int
    }

    struct AddressSettings: Sendable {
        /// The wait between two looks at an empty log.
        var idle: Duration
        var reconciliation: Duration
        /// The wait between two counts of the pools.
        var watch: Duration
        /// How long servers get to replay their newest grants into a Redis that was empty.
        var replay: Duration
        /// A slot counts for so long without being heard of.
        var lease: Duration
    }

    struct ReaperSettings: Sendable {
        var after: Duration
        var interval: Duration
        /// How long the consumer must have been caught up.
        var settling: Duration
        /// The lag beyond which it is not.
        var maximumLag: Duration
    }

    /// Reads every key. The caller finishes the reader.
    package init(_ config: ConfigReader) {
        databaseURL = config.databaseURL("The database.")
        databaseRole = config.string(
            "database.role",
            default: "nexora_pipeline",
            doc: "The role to step down to after connecting."
        )
        natsURL = config.natsURL()
        redisURL = config.redisURL(
            "Redis with sessions' slots and addresses, or its sentinels as redis+sentinel://HOST,HOST/NAME."
        )
        replicas = config.streamReplicas()
        consumer = ConsumerSettings(config)
        reaper = ReaperSettings(config)
        history = HistorySettings(config)
        addresses = AddressSettings(config)
        posture = PostureSettings(config)
        auditsSessions = config.bool(
            "audit.sessions",
            default: true,
            doc: "Put the beginning and the end of every session on record in the audit trail."
        )
        usageInterval = config.duration(
            "usage.interval",
            default: .seconds(30),
            in: .milliseconds(10)...Duration.seconds(3_600),
            doc: "How far daily usage may be behind the sessions."
        )
        relayIdle = config.duration(
            "outbox.idle",
            default: .milliseconds(50),
            in: .milliseconds(1)...Duration.seconds(5),
            doc: "The wait between two looks at an empty outbox."
        )
        liveInterval = config.duration(
            "metrics.live_interval",
            default: .seconds(15),
            in: .milliseconds(10)...Duration.seconds(3_600),
            doc: "The wait between two counts of the live sessions."
        )
    }
}

extension Settings.ConsumerSettings {
    fileprivate init(_ config: ConfigReader) {
        batch = config.int("consumer.batch", default: 1_000, in: 1...5_000, doc: "Records a batch at most.")
        wait = config.duration(
            "consumer.wait",
            default: .milliseconds(20),
            in: .milliseconds(1)...Duration.seconds(5),
            doc: "How long a batch waits to fill up."
        )
        workers = config.int(
            "consumer.workers",
            default: 2,
            in: 1...32,
            doc: "Workers; each has a connection to the database."
        )
        acknowledgementWait = config.duration(
            "consumer.ack_wait",
            default: .seconds(30),
            in: .seconds(1)...Duration.seconds(600),
            doc: "An unsettled delivery comes again after this; the same in every process."
        )
        batchesInFlight = config.int(
            "consumer.batches_in_flight",
            default: 8,
            in: 1...256,
            doc: "Batches in flight over all processes; times consumer.batch, the consumer's max ack pending."
        )
    }
}

extension Settings.ReaperSettings {
    fileprivate init(_ config: ConfigReader) {
        after = config.duration(
            "reaper.after",
            default: .seconds(900),
            in: .milliseconds(10)...Duration.seconds(30 * 86_400),
            doc: "A session silent for this, and for three of its interim intervals, is closed."
        )
        interval = config.duration(
            "reaper.interval",
            default: .seconds(60),
            in: .milliseconds(10)...Duration.seconds(3_600),
            doc: "The pause between two rounds of the reaper."
        )
        settling = config.duration(
            "reaper.settling",
            default: .seconds(300),
            in: .zero...Duration.seconds(86_400),
            doc: "The reaper waits until the consumer has been caught up for this."
        )
        maximumLag = config.duration(
            "reaper.maximum_lag",
            default: .seconds(30),
            in: .milliseconds(1)...Duration.seconds(3_600),
            doc: "A consumer behind by more is not caught up."
        )
    }
}

extension Settings.AddressSettings {
    fileprivate init(_ config: ConfigReader) {
        idle = config.duration(
            "addresses.idle",
            default: .milliseconds(100),
            in: .milliseconds(1)...Duration.seconds(5),
            doc: "The wait between two looks at an empty address log."
        )
        reconciliation = config.duration(
            "addresses.reconcile_interval",
            default: .seconds(300),
            in: .milliseconds(10)...Duration.seconds(86_400),
            doc: "The pause between two comparisons of Redis with Postgres."
        )
        watch = config.duration(
            "addresses.watch_interval",
            default: .seconds(15),
            in: .milliseconds(10)...Duration.seconds(3_600),
            doc: "The wait between two counts of the address pools."
        )
        replay = config.duration(
            "addresses.replay",
            default: .seconds(2),
            in: .zero...Duration.seconds(60),
            doc: "How long servers get to replay their newest grants into an empty Redis."
        )
        lease = config.duration(
            "addresses.lease",
            default: .seconds(900),
            in: .seconds(60)...Duration.seconds(86_400),
            doc: "A session's slot counts for so long without being heard of."
        )
    }
}

extension Settings.HistorySettings {
    fileprivate init(_ config: ConfigReader) {
        after = config.duration(
            "history.after",
            default: .seconds(8 * 86_400),
            in: .seconds(60)...Duration.seconds(90 * 86_400),
            doc: "A closed session moves to its month's partition after this; longer than the stream keeps records."
        )
        interval = config.duration(
            "history.interval",
            default: .seconds(300),
            in: .milliseconds(10)...Duration.seconds(86_400),
            doc: "The pause between two rounds of moving."
        )
        retentionMonths = config.int(
            "history.retention_months",
            default: 24,
            in: 0...600,
            doc: "Months of session history to keep; 0 keeps it for ever."
        )
    }
}
