/// How fast a subscriber may be, as every vendor is told it in its own words. Speeds in bit/s, named as the subscriber sees
/// them; 0 is no limit, or no guarantee, in that direction.
package struct SpeedProfile: Hashable, Sendable {
    /// More than the rate for a while: up to `rate` until the average over `seconds` exceeds `threshold`.
    package struct Burst: Hashable, Sendable {
        package var rate: SpeedPair
        package var threshold: SpeedPair
        package var seconds: Int

        package init(rate: SpeedPair, threshold: SpeedPair, seconds: Int) {
            self.rate = rate
            self.threshold = threshold
            self.seconds = seconds
        }
    }

    package var rate: SpeedPair
    package var burst: Burst?
    /// 1 is served first, 8 last.
    package var priority: Int
    package var guaranteed: SpeedPair

    package init(
        rate: SpeedPair,
        burst: Burst? = nil,
        priority: Int = 8,
        guaranteed: SpeedPair = SpeedPair(download: 0, upload: 0)
    ) {
        self.rate = rate
        self.burst = burst
        self.priority = priority
        self.guaranteed = guaranteed
    }

    /// No limit, no guarantee, no precedence: no vendor is told anything.
    package static let unlimited = SpeedProfile(rate: SpeedPair(download: 0, upload: 0))
}

extension SpeedProfile {
    /// What a plan's columns say. A threshold that is not there is the plan's own speed; a time that is not there is a second,
    /// as RouterOS has it; a guarantee given for one direction alone holds for that one.
    package init(_ plan: Plan, _ settings: PlanAdvancedSettings?) {
        let rate = SpeedPair(download: plan.downloadBitsPerSecond, upload: plan.uploadBitsPerSecond)
        self.init(
            rate: rate,
            burst: settings.flatMap { settings in
                settings.burst.map { burst in
                    Burst(
                        rate: burst,
                        threshold: SpeedPair(
                            download: settings.thresholdDownload ?? rate.download,
                            upload: settings.thresholdUpload ?? rate.upload
                        ),
                        seconds: settings.burstSeconds ?? 1
                    )
                }
            },
            priority: settings?.priority ?? 8,
            guaranteed: SpeedPair(
                download: settings?.guaranteedDownload ?? 0,
                upload: settings?.guaranteedUpload ?? 0
            )
        )
    }
}
