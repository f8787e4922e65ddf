import Domain

/// The options for a speed, of a window as of a bandwidth profile.
enum SpeedOptions {
    /// Beside `download` and `upload`.
    static let shaping: [OptionSpec] = [
        .value("burst-download", "SPEED", "The burst to the subscriber; needs the other one."),
        .value("burst-upload", "SPEED", "The burst from the subscriber."),
        .value("threshold-download", "SPEED", "The average above which a burst ends; default the speed."),
        .value("threshold-upload", "SPEED", "The same from the subscriber."),
        .value("burst-seconds", "SECONDS", "Over how long the average is taken; default 1."),
        .value("priority", "N", "1 is served first, 8 last; default 8."),
        .value("guaranteed-download", "SPEED", "What is always there to the subscriber."),
        .value("guaranteed-upload", "SPEED", "What is always there from the subscriber."),
    ]

    /// The speed that is said; what is not said is as it was. An empty burst speed ends the burst.
    static func speed(_ invocation: Invocation, from before: SpeedProfile?) throws(UsageError) -> SpeedProfile {
        func wrong(_ text: String) -> UsageError { UsageError(text, command: invocation.command.words) }
        guard let download = try invocation.bitRate("download") ?? before?.rate.download,
            let upload = try invocation.bitRate("upload") ?? before?.rate.upload
        else { throw wrong("--download and --upload are required") }
        let rate = SpeedPair(download: download, upload: upload)
        var speed = SpeedProfile(
            rate: rate,
            priority: try invocation.integer("priority", in: 1...8) ?? before?.priority ?? 8
        )
        speed.guaranteed = SpeedPair(
            download: try invocation.bitRate("guaranteed-download") ?? before?.guaranteed.download ?? 0,
            upload: try invocation.bitRate("guaranteed-upload") ?? before?.guaranteed.upload ?? 0
        )
        let ends = invocation.string("burst-download") == "" || invocation.string("burst-upload") == ""
        let known = ends ? nil : before?.burst
        let burst =
            ends
            ? (nil, nil)
            : (
                try invocation.bitRate("burst-download") ?? known?.rate.download,
                try invocation.bitRate("burst-upload") ?? known?.rate.upload
            )
        guard (burst.0 == nil) == (burst.1 == nil) else { throw wrong("a burst needs both of its speeds") }
        guard let down = burst.0, let up = burst.1 else { return speed }
        speed.burst = SpeedProfile.Burst(
            rate: SpeedPair(download: down, upload: up),
            threshold: SpeedPair(
                download: try invocation.bitRate("threshold-download") ?? known?.threshold.download ?? rate.download,
                upload: try invocation.bitRate("threshold-upload") ?? known?.threshold.upload ?? rate.upload
            ),
            seconds: try invocation.integer("burst-seconds", in: 1...86_400) ?? known?.seconds ?? 1
        )
        return speed
    }
}
