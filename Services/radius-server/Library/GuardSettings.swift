import Configuration

/// What protects the server, and the network behind it, from too much.
struct GuardSettings: Sendable {
    let rate: NASLives.Rate
    let staleAfter: Duration
    let unknownMemory: Duration
    let failureAlarm: Int
    let postureInterval: Duration
    let shortestInterim: Duration

    init(_ config: ConfigReader) {
        rate = NASLives.Rate(
            rate: UInt32(
                config.int(
                    "radius.auth.rate",
                    default: 50,
                    in: 0...1_000_000,
                    doc: "Access-Requests a second of each NAS whose row names no rate; 0 is no limit."
                )
            ),
            burst: UInt32(
                config.int(
                    "radius.auth.burst",
                    default: 1_000,
                    in: 1...10_000_000,
                    doc: "How many may come at once, of each NAS whose row names no burst."
                )
            )
        )
        staleAfter = config.duration(
            "radius.stale_after",
            default: .seconds(2),
            in: .zero ... .seconds(30),
            doc: "An Access-Request that waited longer in the kernel is dropped: its NAS has given it up; 0 drops none."
        )
        unknownMemory = config.duration(
            "radius.unknown_memory",
            default: .seconds(30),
            in: .zero ... .seconds(600),
            doc:
                "A source that no NAS has is dropped unseen for so long, or until a NAS is added; 0 looks at each packet."
        )
        failureAlarm = config.int(
            "radius.failure_alarm",
            default: 50,
            in: 0...1_000_000,
            doc: "More refused logins a minute, of a tenant or a NAS, are an alarm; 0 is none."
        )
        postureInterval = config.duration(
            "radius.posture_interval",
            default: .seconds(60),
            in: .seconds(1) ... .seconds(3_600),
            doc: "How often it is told what each NAS sends."
        )
        shortestInterim = config.duration(
            "radius.shortest_interim",
            default: .seconds(60),
            in: .seconds(60) ... .seconds(3_600),
            doc: "Where a quota nears its end NASes are told to report more often, but no more often than this."
        )
    }
}
