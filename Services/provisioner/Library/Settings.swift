import CoA
import Concurrency
package import Configuration
import Domain
import Lifecycle

/// The settings of provisioner; its README documents every key.
package struct Settings: Sendable {
    var databaseURL: Secret<String>
    var databaseRole: String
    var natsURL: Secret<String>
    /// Where the keyring is that opens the NASes' secrets.
    var keyringPath: String
    /// Copies of each stream: 1 alone, 3 in a cluster.
    var replicas: Int
    /// Where requests to NASes come from.
    var address: String
    var engine: ControlEngine.Settings
    var rules: EnforcementRules
    var pace: Enforcer.Pace
    var reconciling: Reconciling.Pace
    var brake: DisconnectBrake.Rules
    /// An intent that was not stored within this is read again.
    var acknowledgementWait: Duration
    var devices: Devices
    var routers: RouterSettings
    var lifecycle: Lifecycle

    /// How devices are checked.
    struct Devices: Sendable {
        var terms: DeviceHealthTerms
        /// How long a device may take to answer.
        var limit: Duration
        /// Addresses of this machine and its links are checked too: a tenant may name them.
        var reachesLocal: Bool

        init(_ config: ConfigReader) {
            let interval = config.duration(
                "devices.interval",
                default: .seconds(60),
                in: .seconds(1)...Duration.seconds(3_600),
                doc: "The pause between two checks of a device."
            )
            let retry = config.duration(
                "devices.retry",
                default: .seconds(10),
                in: .seconds(1)...Duration.seconds(3_600),
                doc: "The same while its status is in doubt."
            )
            terms = DeviceHealthTerms(
                failures: config.int(
                    "devices.failures",
                    default: 3,
                    in: 1...100,
                    doc: "Checks in a row without an answer after which a device is offline."
                ),
                successes: config.int(
                    "devices.successes",
                    default: 2,
                    in: 1...100,
                    doc: "Answers in a row after which one that was offline is online."
                ),
                interval: interval,
                retry: min(retry, interval)
            )
            limit = config.duration(
                "devices.limit",
                default: .seconds(3),
                in: .milliseconds(100)...Duration.seconds(30),
                doc: "How long a device may take to accept a connection."
            )
            reachesLocal = config.bool(
                "devices.local",
                default: false,
                doc: "Whether addresses of this machine and its links are tried too: tenants choose the hosts."
            )
        }
    }

    /// How services are activated, changed and ended.
    struct Lifecycle: Sendable {
        var rules: LifecycleRules
        var interval: Duration
        var inFlight: Int
        /// How long the end of sessions is waited for.
        var sessions: Duration
        /// How long runs that ended are kept.
        var keep: Duration

        init(_ config: ConfigReader) {
            rules = LifecycleRules(
                deadline: config.duration(
                    "lifecycle.deadline",
                    default: .seconds(300),
                    in: .seconds(1)...Duration.seconds(86_400),
                    doc: "A run that can still be undone by then is; one that has not ended is told as stuck."
                )
            )
            interval = config.duration(
                "lifecycle.interval",
                default: .milliseconds(250),
                in: .milliseconds(10)...Duration.seconds(60),
                doc: "The pause between two looks at runs that are due."
            )
            inFlight = config.int("lifecycle.in_flight", default: 8, in: 1...256, doc: "Runs at a time.")
            sessions = config.duration(
                "lifecycle.sessions",
                default: .seconds(60),
                in: .milliseconds(100)...Duration.seconds(3_600),
                doc: "How long the end of a suspended or terminated service's sessions is waited for."
            )
            keep = config.duration(
                "lifecycle.keep",
                default: .seconds(400 * 86_400),
                in: .seconds(86_400)...Duration.seconds(3_650 * 86_400),
                doc: "How long runs that ended are kept."
            )
            // A run waits so long for its router and then for its sessions. With less, a suspension that a NAS is slow to obey would be
            // taken back instead of being told as unproven.
            if rules.deadline <= sessions * 2 {
                config.refuse("lifecycle.deadline", "must be longer than twice lifecycle.sessions")
            }
        }
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
        keyringPath = config.string(
            "keyring.path",
            default: "./.run/keyring",
            doc: "The keyring that opens the NASes' secrets: a file of mode 0600."
        )
        replicas = config.streamReplicas()
        address = config.string(
            "coa.address",
            default: "0.0.0.0",
            doc: "The numeric address that requests to NASes come from; :: for NASes at IPv6 addresses too."
        )
        engine = Self.engine(config)
        rules = Self.rules(config)
        pace = Self.pace(config)
        reconciling = Self.reconciling(config)
        brake = DisconnectBrake.Rules(config, sweep: reconciling.sweep)
        acknowledgementWait = config.duration(
            "enforcement.ack_wait",
            default: .seconds(5),
            in: .seconds(1)...Duration.seconds(60),
            doc: "An intent that was not stored comes again after this; the same in every process."
        )
        devices = Devices(config)
        routers = RouterSettings(config)
        lifecycle = Lifecycle(config)
    }

    private static func engine(_ config: ConfigReader) -> ControlEngine.Settings {
        let wait = config.duration(
            "coa.wait",
            default: .seconds(2),
            in: .milliseconds(20)...Duration.seconds(30),
            doc: "How long the first answer is waited for before a request is sent again; it doubles with each try."
        )
        let tries = config.int("coa.tries", default: 3, in: 1...10, doc: "How often a request is sent in all.")
        let outstanding = config.int(
            "coa.outstanding",
            default: 64,
            in: 1...512,
            doc: "Requests under way towards one NAS; the others wait."
        )
        let rate = config.int(
            "coa.rate",
            default: 200,
            in: 0...100_000,
            doc: "Requests a second that are begun towards one NAS, as many at once; 0 is no limit."
        )
        let threshold = config.int(
            "coa.breaker_threshold",
            default: 3,
            in: 1...1_000,
            doc: "Timeouts in a row after which a NAS is left alone for a while."
        )
        let pause = config.duration(
            "coa.breaker_pause",
            default: .seconds(15),
            in: .milliseconds(100)...Duration.seconds(600),
            doc: "For how long, the first time; it doubles each time that the NAS still does not answer."
        )
        let longest = config.duration(
            "coa.breaker_longest_pause",
            default: .seconds(240),
            in: .milliseconds(100)...Duration.seconds(3_600),
            doc: "For how long at most."
        )
        return ControlEngine.Settings(
            outstandingPerNAS: outstanding,
            ratePerNAS: UInt32(rate),
            retransmission: .init(initial: wait, longest: max(wait, .seconds(16)), tries: tries),
            breaker: .init(threshold: threshold, pause: pause, longestPause: max(pause, longest))
        )
    }

    private static func rules(_ config: ConfigReader) -> EnforcementRules {
        let day = Duration.seconds(86_400)
        let deadline = config.duration(
            "enforcement.deadline",
            default: .seconds(900),
            in: .seconds(1)...day,
            doc: "An order that no NAS has answered by then fails."
        )
        let confirmation = config.duration(
            "enforcement.confirmation",
            default: .seconds(30),
            in: .milliseconds(100)...day,
            doc: "How long the session's end is waited for after the NAS's acknowledgement."
        )
        let proof = config.duration(
            "enforcement.proof",
            default: .seconds(900),
            in: .seconds(1)...day,
            doc: "How long a change is waited to show in what is carried: longer than two reports are apart."
        )
        let start = config.duration(
            "enforcement.start",
            default: .seconds(75),
            in: .seconds(1)...Duration.seconds(3_600),
            doc: "How long the beginning of a session that was admitted is waited for."
        )
        let attempts = config.int(
            "enforcement.attempts",
            default: 5,
            in: 1...20,
            doc: "How often a NAS that does not answer is asked, each time with its own tries."
        )
        let retry = config.duration(
            "enforcement.retry",
            default: .seconds(5),
            in: .milliseconds(100)...Duration.seconds(3_600),
            doc: "The pause after the first of them; it doubles with each."
        )
        let longest = config.duration(
            "enforcement.longest_retry",
            default: .seconds(60),
            in: .milliseconds(100)...Duration.seconds(3_600),
            doc: "The longest of these pauses."
        )
        return EnforcementRules(
            deadline: deadline,
            confirmation: confirmation,
            proof: proof,
            start: start,
            attempts: attempts,
            retry: retry,
            longestRetry: max(retry, longest)
        )
    }

    private static func reconciling(_ config: ConfigReader) -> Reconciling.Pace {
        Reconciling.Pace(
            sweep: config.duration(
                "enforcement.sweep",
                default: .seconds(60),
                in: .seconds(1)...Duration.seconds(86_400),
                doc: "Every live session is compared at each multiple of this; hours of a plan begin at a minute."
            ),
            again: config.duration(
                "enforcement.again",
                default: .seconds(3_600),
                in: .seconds(1)...Duration.seconds(86_400),
                doc: "What a NAS would not give a session is asked for again after this."
            )
        )
    }

    private static func pace(_ config: ConfigReader) -> Enforcer.Pace {
        Enforcer.Pace(
            interval: config.duration(
                "enforcement.interval",
                default: .milliseconds(250),
                in: .milliseconds(10)...Duration.seconds(60),
                doc: "The pause between two looks at orders that are due and sessions that ended."
            ),
            inFlight: config.int(
                "enforcement.in_flight",
                default: 4_096,
                in: 1...65_536,
                doc: "Orders that are with their NASes, or wait for them, at a time."
            ),
            retention: config.duration(
                "enforcement.retention",
                default: .seconds(90 * 86_400),
                in: .seconds(3_600)...Duration.seconds(3_650 * 86_400),
                doc: "How long orders that ended are kept."
            ),
            lessons: config.duration(
                "enforcement.lessons",
                default: .seconds(30 * 86_400),
                in: .seconds(3_600)...Duration.seconds(3_650 * 86_400),
                doc: "How long what a NAS taught is believed: NASes are upgraded."
            )
        )
    }
}
