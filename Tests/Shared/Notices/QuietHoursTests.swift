import Domain
import Notices
import SharedTesting
import Testing

@Suite(.proves("NTF-07")) struct QuietHoursTests {
    private static let minute: Int64 = 60_000_000
    /// Whole and half hours of daylight saving time, none at all, both sides of the equator, and one that left a day out.
    private static let zones = [
        "Europe/Rome", "America/New_York", "America/St_Johns", "Australia/Sydney", "Australia/Lord_Howe",
        "America/Santiago",
        "Africa/Casablanca", "Asia/Kathmandu", "Asia/Jakarta", "Pacific/Apia",
    ]

    private static func zone(_ name: String) throws -> TimeZoneRules {
        try #require(TimeZoneRules(file: try TimeZoneSample.file(name)))
    }

    private static func end(_ hours: (from: Int, until: Int), _ zone: String, _ now: String) throws -> String? {
        QuietHours(from: hours.from, until: hours.until).end(
            after: try #require(Timestamp(now)),
            zone: try Self.zone(zone)
        )?
        .description
    }

    private static func end(_ hours: QuietHours, _ now: String) throws -> String? {
        hours.end(after: try #require(Timestamp(now)), zone: nil)?.description
    }

    @Test func `they begin with their first minute and end before their last, across midnight as well`() throws {
        let night = QuietHours(from: 22 * 60, until: 7 * 60)
        let day = QuietHours(from: 9 * 60, until: 17 * 60)
        #expect(try Self.end(night, "2026-05-10T21:59:59.999999Z") == nil)
        #expect(try Self.end(night, "2026-05-10T22:00:00Z") == "2026-05-11T07:00:00Z")
        #expect(try Self.end(night, "2026-05-11T00:00:00Z") == "2026-05-11T07:00:00Z")
        #expect(try Self.end(night, "2026-05-11T06:59:59.999999Z") == "2026-05-11T07:00:00Z")
        #expect(try Self.end(night, "2026-05-11T07:00:00Z") == nil)
        #expect(try Self.end(night, "1969-12-31T23:00:00.500Z") == "1970-01-01T07:00:00Z")
        #expect(try Self.end(day, "2026-05-10T08:59:59.999999Z") == nil)
        #expect(try Self.end(day, "2026-05-10T09:00:00.000001Z") == "2026-05-10T17:00:00Z")
        #expect(try Self.end(day, "2026-05-10T17:00:00Z") == nil)
    }

    @Test func `they are never where both ends are one, and all day but for a minute where they nearly are`() throws {
        let noon = try #require(Timestamp("2026-05-10T12:00:00Z"))
        #expect(QuietHours(from: 720, until: 720).end(after: noon, zone: nil) == nil)
        #expect(QuietHours(from: 0, until: 0).end(after: noon, zone: nil) == nil)
        let nearly = QuietHours(from: 720, until: 719)
        #expect(nearly.end(after: noon, zone: nil) == noon + .seconds(86_340))
        #expect(nearly.end(after: noon - .seconds(1), zone: nil) == nil)
        // Midnight as an end is the day's first minute.
        #expect(QuietHours(from: 720, until: 0).end(after: noon, zone: nil) == noon + .seconds(43_200))
    }

    @Test(
        arguments: [
            // Rome, 2026-03-29: 02:00 is followed by 03:00.
            (1320, 420, "Europe/Rome", "2026-03-28T22:00:00Z", "2026-03-29T05:00:00Z"),
            (90, 150, "Europe/Rome", "2026-03-29T00:45:00Z", "2026-03-29T01:00:00Z"),
            (120, 180, "Europe/Rome", "2026-03-29T00:59:59Z", nil),
            (120, 180, "Europe/Rome", "2026-03-29T01:00:00Z", nil),
            // What begins in the hour that is left out begins after it.
            (150, 240, "Europe/Rome", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"),
            // Rome, 2026-10-25: 03:00 is followed by 02:00.
            (1320, 420, "Europe/Rome", "2026-10-24T21:00:00Z", "2026-10-25T06:00:00Z"),
            (120, 150, "Europe/Rome", "2026-10-25T00:10:00Z", "2026-10-25T00:30:00Z"),
            (120, 150, "Europe/Rome", "2026-10-25T00:30:00Z", nil),
            (120, 150, "Europe/Rome", "2026-10-25T01:10:00Z", "2026-10-25T01:30:00Z"),
            (60, 180, "Europe/Rome", "2026-10-25T00:30:00Z", "2026-10-25T02:00:00Z"),
            (150, 200, "Europe/Rome", "2026-10-25T00:45:00Z", "2026-10-25T01:00:00Z"),
            // Sydney: clocks are set back on 5 April and forward on 4 October.
            (1320, 420, "Australia/Sydney", "2026-04-04T12:00:00Z", "2026-04-04T21:00:00Z"),
            (1320, 420, "Australia/Sydney", "2026-10-03T13:00:00Z", "2026-10-03T20:00:00Z"),
            (1320, 420, "Asia/Kathmandu", "2026-05-10T16:15:00Z", "2026-05-11T01:15:00Z"),
            // After 29 December 2011 came the 31st.
            (1320, 420, "Pacific/Apia", "2011-12-30T09:30:00Z", "2011-12-30T17:00:00Z"),
        ] as [(Int, Int, String, String, String?)]
    )
    func `clocks that are changed make them longer or shorter`(
        from: Int,
        until: Int,
        zone: String,
        now: String,
        end: String?
    ) throws {
        #expect(try Self.end((from, until), zone, now) == end)
    }

    @Test func `they end at the first minute that is not theirs, around every change of clocks`() throws {
        var random = SeededRandom()
        let zones = try Self.zones.map(Self.zone)
        let beginning = try #require(Timestamp("2009-01-01T00:00:00Z"))
        let ending = try #require(Timestamp("2050-01-01T00:00:00Z"))
        var found = (quiet: 0, awake: 0)
        for round in 0..<1000 {
            let zone = zones[round % zones.count]
            let near = Bool.random(using: &random)
            // Half of them end or begin within the hours in which clocks change.
            let from = Int.random(in: 0..<(near ? 300 : 1440), using: &random)
            let until = Int.random(in: 0..<(Bool.random(using: &random) ? 300 : 1440), using: &random)
            let changes = zone.changes(after: beginning, through: ending)
            let around = changes.randomElement(using: &random) ?? beginning
            var now = around.adding(microseconds: Int64.random(in: -1600...100, using: &random) * Self.minute)
            if Bool.random(using: &random) {
                now = now.adding(microseconds: Int64.random(in: 0..<Self.minute, using: &random))
            }
            let end = QuietHours(from: from, until: until).end(after: now, zone: zone)
            let expected = Self.firstAwake(now, zone, from, until)
            #expect(end == (expected == now ? nil : expected), "seed \(random.seed), \(from) to \(until) at \(now)")
            if end == nil { found.awake += 1 } else { found.quiet += 1 }
        }
        #expect(found.quiet > 100 && found.awake > 100)
    }

    @Test func `the end is no quiet instant, and asking on the way to it gives the same`() throws {
        var random = SeededRandom()
        let zones = try Self.zones.map(Self.zone)
        for round in 0..<400 {
            let zone = zones[round % zones.count]
            let hours = QuietHours(
                from: Int.random(in: 0..<1440, using: &random),
                until: Int.random(in: 0..<1440, using: &random)
            )
            let now = Timestamp(microseconds: Int64.random(in: 0..<2_500_000_000_000_000, using: &random))
            guard let end = hours.end(after: now, zone: zone) else { continue }
            let note: Comment = "seed \(random.seed), round \(round), \(now) to \(end)"
            #expect(end > now && end <= now + .seconds(50 * 3600), note)
            #expect(hours.end(after: end, zone: zone) == nil, note)
            #expect(hours.end(after: end.adding(microseconds: -1), zone: zone) == end, note)
            let between = Timestamp(microseconds: Int64.random(in: now.microseconds..<end.microseconds, using: &random))
            #expect(hours.end(after: between, zone: zone) == end, note)
        }
    }

    /// Minute by minute: these zones' clocks have been whole minutes ahead of UTC since 1972.
    private static func firstAwake(_ now: Timestamp, _ zone: TimeZoneRules, _ from: Int, _ until: Int) -> Timestamp {
        var time = now
        while isQuiet(zone.local(time).minute, from, until) {
            time = Timestamp(microseconds: (time.microseconds / minute + 1) * minute)
        }
        return time
    }

    /// Minutes since they began, as a clock's hand goes round.
    private static func isQuiet(_ minute: Int, _ from: Int, _ until: Int) -> Bool {
        (minute - from + 1440) % 1440 < (until - from + 1440) % 1440
    }
}
