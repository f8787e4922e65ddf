import Configuration
import Domain

extension DisconnectBrake.Rules {
    /// Reads `enforcement.brake.*`. What is held back may ask again after four windows (``SessionBrake/pause(_:on:)``), and is compared
    /// in each sweep: the brake holds longer than both.
    init(_ config: ConfigReader, sweep: Duration) {
        let floor = config.int(
            "enforcement.brake.floor",
            default: 50,
            in: 1...10_000_000,
            doc:
                "Sessions of a NAS or a tenant that may be ended by comparison within the window, however few are live."
        )
        let share = config.int(
            "enforcement.brake.share",
            default: 10,
            in: 0...100,
            doc: "Percent of the live sessions of a NAS or a tenant that may be; 100 is no limit."
        )
        let window = config.duration(
            "enforcement.brake.window",
            default: .seconds(60),
            in: .seconds(1)...Duration.seconds(86_400),
            doc: "The window in which they are counted."
        )
        let trickle = config.int(
            "enforcement.brake.trickle",
            default: 1,
            in: 0...100,
            doc: "Percent that is ended within the window while the rest is held back; 0 is none until a release."
        )
        let release = config.duration(
            "enforcement.brake.release",
            default: .seconds(900),
            in: .seconds(60)...Duration.seconds(86_400),
            doc: "How long nothing is held back after somebody released it."
        )
        self.init(
            floor: floor,
            share: share,
            window: window,
            trickle: trickle,
            quiet: window * 5 + sweep * 2,
            release: release
        )
    }
}
