import Configuration
import Domain
import Lifecycle
import Notices

/// How people are told; the README documents every key.
package struct NoticeSettings: Sendable {
    /// The pause between two looks at what is due.
    var interval: Duration
    /// Notices that are with providers at a time.
    var inFlight: Int
    /// How long a provider may take.
    var limit: Duration
    /// How long notices that ended are kept.
    var keep: Duration
    /// Where the pages are, for links in words; without a slash at its end.
    var pages: String
    /// A file with the PEM certificates that are believed; empty: the system's.
    var authorities: String
    /// Vendors' addresses may be private ones: gateways of one's own.
    var reachesPrivate: Bool
    /// The pause between two steps of announcements.
    var campaigns: Duration
    /// When alarms of staff are told, and whether together.
    var gathering: Gathering

    /// Reads every key that begins with `notices.`; the caller finishes the reader.
    static func read(_ config: ConfigReader) -> NoticeSettings {
        let day = Duration.seconds(86_400)
        let pages = config.url(
            "notices.pages",
            default: "http://127.0.0.1:8080",
            schemes: ["http", "https"],
            doc: "Where the pages are that links in words lead to."
        ).revealed
        return NoticeSettings(
            interval: config.duration(
                "notices.interval",
                default: .milliseconds(250),
                in: .milliseconds(10)...Duration.seconds(60),
                doc: "The pause between two looks at notices that are due."
            ),
            inFlight: config.int("notices.in_flight", default: 256, in: 1...4_096, doc: "Notices sent at a time."),
            limit: config.duration(
                "notices.limit",
                default: .seconds(30),
                in: .seconds(1)...Duration.seconds(120),
                doc: "How long a provider may take for one message."
            ),
            keep: config.duration(
                "notices.keep",
                default: day * 400,
                in: day...(day * 4_000),
                doc: "How long notices that ended are kept."
            ),
            pages: pages.hasSuffix("/") ? String(pages.dropLast()) : pages,
            authorities: config.string(
                "notices.authorities",
                default: "",
                doc: "A file with the PEM certificates that providers' servers are believed by; empty: the system's."
            ),
            reachesPrivate: config.bool(
                "notices.private_addresses",
                default: false,
                doc: "Whether tenants' providers, too, may have private addresses, such as an SMS gateway of one's own."
            ),
            campaigns: config.duration(
                "notices.campaign_interval",
                default: .seconds(1),
                in: .milliseconds(50)...Duration.seconds(60),
                doc: "The pause between two steps of announcements to many customers."
            ),
            gathering: gathering(config)
        )
    }

    private static func gathering(_ config: ConfigReader) -> Gathering {
        Gathering(
            wait: config.duration(
                "notices.gather_wait",
                default: .seconds(20),
                in: .zero...Duration.seconds(3_600),
                doc: "How long the first alarm for one of staff waits for others."
            ),
            rest: config.duration(
                "notices.gather_rest",
                default: .seconds(900),
                in: .zero...Duration.seconds(86_400),
                doc: "How long it is quiet after alarms were told."
            ),
            budget: config.int(
                "notices.hourly_budget",
                default: 20,
                in: 1...10_000,
                doc: "Messages that one of staff gets by one channel in an hour; what is more is told together."
            )
        )
    }
}
