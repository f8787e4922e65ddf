import Concurrency
import Configuration
import Domain
import RouterOS

/// How routers are spoken to; the README documents every key.
struct RouterSettings: Sendable {
    var pool: RouterPoolSettings
    var rules: RouterOperationRules
    var pace: RouterWorker.Pace
    /// Routers at a time.
    var inFlight: Int
    /// The pauses of a router that is away.
    var waits: Backoff

    init(_ config: ConfigReader) {
        let interval = config.duration(
            "routers.interval",
            default: .milliseconds(500),
            in: .milliseconds(10)...Duration.seconds(60),
            doc: "The pause between two looks at what is to be done on routers."
        )
        inFlight = config.int(
            "routers.in_flight",
            default: 64,
            in: 1...4_096,
            doc: "Routers that are spoken to at a time."
        )
        let retry = config.duration(
            "routers.retry",
            default: .seconds(1),
            in: .milliseconds(10)...Duration.seconds(600),
            doc: "The pause before a router that was away is tried again; it doubles each time."
        )
        let longest = config.duration(
            "routers.longest_retry",
            default: .seconds(60),
            in: .milliseconds(10)...Duration.seconds(3_600),
            doc: "The longest of these pauses."
        )
        waits = Backoff(initial: retry, maximum: max(retry, longest))
        let refusal = config.duration(
            "routers.refusal_retry",
            default: .seconds(5),
            in: .milliseconds(10)...Duration.seconds(3_600),
            doc: "The pause before an operation that a router refused is tried again; it doubles."
        )
        rules = RouterOperationRules(
            attempts: config.int(
                "routers.attempts",
                default: 3,
                in: 1...20,
                doc: "Refusals of a router after which an operation has failed."
            ),
            retry: refusal,
            longestRetry: max(refusal, .seconds(300))
        )
        pace = RouterWorker.Pace(
            interval: interval,
            retention: config.duration(
                "routers.retention",
                default: .seconds(90 * 86_400),
                // What services' ends are recognised by: a week of it is looked through.
                in: .seconds(8 * 86_400)...Duration.seconds(3_650 * 86_400),
                doc: "How long operations that ended are kept."
            )
        )
        pool = Self.pool(config)
    }

    private static func pool(_ config: ConfigReader) -> RouterPoolSettings {
        var pool = RouterPoolSettings()
        pool.connections = config.int(
            "routers.connections",
            default: 1,
            in: 1...16,
            doc: "Connections to one router."
        )
        pool.connectLimit = config.duration(
            "routers.connect_limit",
            default: .seconds(5),
            in: .milliseconds(100)...Duration.seconds(60),
            doc: "How long a connection to a router may take, TLS included."
        )
        pool.commandLimit = config.duration(
            "routers.command_limit",
            default: .seconds(10),
            in: .milliseconds(100)...Duration.seconds(300),
            doc: "How long a router may take for one command."
        )
        let threshold = config.int(
            "routers.breaker_threshold",
            default: 3,
            in: 1...1_000,
            doc: "Failures in a row after which nothing is sent to a router for a while."
        )
        let pause = config.duration(
            "routers.breaker_pause",
            default: .seconds(15),
            in: .milliseconds(10)...Duration.seconds(600),
            doc: "For how long, the first time; it doubles."
        )
        let longest = config.duration(
            "routers.breaker_longest_pause",
            default: .seconds(60),
            in: .milliseconds(10)...Duration.seconds(3_600),
            doc: "For how long at most."
        )
        pool.breaker = CircuitBreaker.Settings(threshold: threshold, pause: pause, longestPause: max(pause, longest))
        return pool
    }
}
