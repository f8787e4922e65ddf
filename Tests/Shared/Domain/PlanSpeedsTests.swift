import Domain
import SharedTesting
import Testing

@Suite(.proves("RAD-18", "FUP-01")) struct PlanSpeedsTests {
    private static let base = SpeedProfile(rate: SpeedPair(download: 50_000_000, upload: 10_000_000), priority: 3)
    private static let night = SpeedProfile(rate: SpeedPair(download: 100_000_000, upload: 20_000_000))
    private static let slow = SpeedPair(download: 1_000_000, upload: 500_000)
    private static let evening = SpeedWindow(days: .all, start: 22 * 60, end: 6 * 60, profile: night)

    private func time(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }

    private func speeds(zone: TimeZoneRules? = .utc) -> PlanSpeeds {
        PlanSpeeds(
            base: Self.base,
            windows: [Self.evening],
            zone: zone,
            throttles: [PlanSpeeds.Throttle(position: 2, rate: Self.slow, of: Self.base)]
        )
    }

    @Test func `a throttle goes before the hours, and one that the plan does not know counts as none`() throws {
        let speeds = speeds()
        let throttled = SpeedProfile(rate: Self.slow, priority: 3)
        #expect(speeds.profiles == [Self.base, Self.night, throttled])
        #expect(Array(speeds.unthrottled) == [Self.base, Self.night])
        let (day, night) = (try time("2026-11-21T12:00:00Z"), try time("2026-11-21T22:00:00Z"))
        #expect(speeds.place(at: day, throttle: 0) == 0 && speeds.place(at: night, throttle: 0) == 1)
        for at in [day, night] { #expect(speeds.profile(at: at, throttle: 2) == throttled) }
        #expect(speeds.profile(at: day, throttle: 1) == Self.base)
        #expect(speeds.profile(at: night, throttle: 1) == Self.night)
    }

    @Test func `hours need a clock, throttles do not`() throws {
        let speeds = speeds(zone: nil)
        let night = try time("2026-11-21T22:00:00Z")
        #expect(speeds.schedule == nil && speeds.profiles.count == 2 && speeds.unthrottled.count == 1)
        #expect(speeds.profile(at: night, throttle: 0) == Self.base)
        #expect(speeds.profile(at: night, throttle: 2).rate == Self.slow)
        #expect(speeds.nextChange(after: night) == nil)
    }

    @Test func `the next change is the next edge of the hours, and none under a throttle`() throws {
        let day = try time("2026-11-21T12:00:00Z")
        #expect(speeds().nextChange(after: day) == (try time("2026-11-21T22:00:00Z")))
        #expect(speeds().nextChange(after: day, throttle: 1) == (try time("2026-11-21T22:00:00Z")))
        #expect(speeds().nextChange(after: day, throttle: 2) == nil)
        #expect(PlanSpeeds(base: Self.base).nextChange(after: day) == nil)
    }

    @Test func `what holds is the throttle's speed, else the schedule's`() throws {
        var random = SeededRandom()
        let zones = try ["Europe/Rome", "Australia/Sydney"].map { name in
            try #require(TimeZoneRules(file: try TimeZoneSample.file(name)))
        }
        for round in 0..<150 {
            let base = SpeedProfile.any(&random)
            let windows = (0..<Int.random(in: 0...4, using: &random)).map { _ in
                SpeedWindow(
                    days: Weekdays(rawValue: UInt8.random(in: 1...127, using: &random)),
                    start: Int.random(in: 0..<1440, using: &random),
                    end: Int.random(in: 0..<1440, using: &random),
                    profile: .any(&random)
                )
            }
            let throttles = (0..<Int.random(in: 0...4, using: &random)).map { _ in
                PlanSpeeds.Throttle(position: UInt8.random(in: 1...6, using: &random), profile: .any(&random))
            }
            let zone = zones[round % zones.count]
            let speeds = PlanSpeeds(base: base, windows: windows, zone: zone, throttles: throttles)
            #expect(speeds.profiles.count == 1 + windows.count + throttles.count)
            let schedule = SpeedSchedule(base: base, windows: windows, zone: zone)
            for throttle in UInt8(0)...7 {
                let at = Timestamp(
                    microseconds: 1_795_262_400_000_000
                        + Int64.random(in: 0..<400 * Timestamp.microsecondsPerDay, using: &random)
                )
                let slower = throttles.first { $0.position == throttle }?.profile
                #expect(speeds.profile(at: at, throttle: throttle) == slower ?? schedule.profile(at: at))
                #expect(speeds.profiles[speeds.place(at: at, throttle: throttle)] == slower ?? schedule.profile(at: at))
            }
        }
    }
}
