import Domain
import SharedTesting
import Testing

@Suite(.proves("RAD-18")) struct SpeedScheduleTests {
    private static let base = SpeedProfile(rate: SpeedPair(download: 50_000_000, upload: 10_000_000))
    private static let night = SpeedProfile(rate: SpeedPair(download: 100_000_000, upload: 20_000_000))
    private static let busy = SpeedProfile(rate: SpeedPair(download: 20_000_000, upload: 5_000_000))

    private func schedule(_ windows: [SpeedWindow], _ zone: TimeZoneRules = .utc) -> SpeedSchedule {
        SpeedSchedule(base: Self.base, windows: windows, zone: zone)
    }

    private func time(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }

    private func zone(_ name: String) throws -> TimeZoneRules {
        try #require(TimeZoneRules(file: try TimeZoneSample.file(name)))
    }

    @Test func `a window holds from its start to before its end`() throws {
        let schedule = schedule([SpeedWindow(days: .all, start: 18 * 60, end: 23 * 60, profile: Self.busy)])
        #expect(schedule.profile(at: try time("2026-11-21T17:59:59.999999Z")) == Self.base)
        #expect(schedule.profile(at: try time("2026-11-21T18:00:00Z")) == Self.busy)
        #expect(schedule.profile(at: try time("2026-11-21T22:59:59.999999Z")) == Self.busy)
        #expect(schedule.profile(at: try time("2026-11-21T23:00:00Z")) == Self.base)
        #expect(schedule.nextEdge(after: try time("2026-11-21T12:00:00Z")) == (try time("2026-11-21T18:00:00Z")))
        #expect(schedule.nextEdge(after: try time("2026-11-21T18:00:00Z")) == (try time("2026-11-21T23:00:00Z")))
    }

    @Test func `a window across midnight belongs to the day on which it begins`() throws {
        // 2026-11-21 is a Saturday.
        let days = try #require(Weekdays("sat"))
        let schedule = schedule([SpeedWindow(days: days, start: 22 * 60, end: 6 * 60, profile: Self.night)])
        #expect(schedule.profile(at: try time("2026-11-21T05:00:00Z")) == Self.base)
        #expect(schedule.profile(at: try time("2026-11-21T22:00:00Z")) == Self.night)
        #expect(schedule.profile(at: try time("2026-11-22T05:59:59Z")) == Self.night)
        #expect(schedule.profile(at: try time("2026-11-22T06:00:00Z")) == Self.base)
        #expect(schedule.profile(at: try time("2026-11-22T22:00:00Z")) == Self.base)
    }

    @Test func `a window whose ends are equal is a day long, and the first of two that overlap holds`() throws {
        let sunday = try #require(Weekdays("sun"))
        let schedule = schedule([
            SpeedWindow(days: sunday, start: 0, end: 0, profile: Self.night),
            SpeedWindow(days: .all, start: 8 * 60, end: 20 * 60, profile: Self.busy),
        ])
        #expect(schedule.profile(at: try time("2026-11-22T12:00:00Z")) == Self.night)
        #expect(schedule.profile(at: try time("2026-11-23T00:00:00Z")) == Self.base)
        #expect(schedule.profile(at: try time("2026-11-23T12:00:00Z")) == Self.busy)
        let always = SpeedSchedule(
            base: Self.base,
            windows: [SpeedWindow(days: .all, start: 60, end: 60, profile: Self.busy)],
            zone: .utc
        )
        #expect(always.nextEdge(after: .epoch) == nil)
    }

    @Test func `hours are the tenant's, and move with its daylight saving time`() throws {
        let schedule = schedule(
            [SpeedWindow(days: .all, start: 2 * 60, end: 4 * 60, profile: Self.night)],
            try zone("Europe/Rome")
        )
        // Winter: UTC+1. Summer: UTC+2.
        #expect(schedule.profile(at: try time("2026-01-10T01:00:00Z")) == Self.night)
        #expect(schedule.profile(at: try time("2026-07-10T00:00:00Z")) == Self.night)
        #expect(schedule.profile(at: try time("2026-07-10T02:00:00Z")) == Self.base)
        // 2026-03-29: the clocks skip from 02:00 to 03:00, so the window has one hour.
        #expect(schedule.nextEdge(after: try time("2026-03-28T23:00:00Z")) == (try time("2026-03-29T01:00:00Z")))
        #expect(schedule.nextEdge(after: try time("2026-03-29T01:00:00Z")) == (try time("2026-03-29T02:00:00Z")))
        // 2026-10-25: 02:00 to 03:00 comes twice, so it has three.
        #expect(schedule.nextEdge(after: try time("2026-10-24T23:00:00Z")) == (try time("2026-10-25T00:00:00Z")))
        #expect(schedule.nextEdge(after: try time("2026-10-25T00:00:00Z")) == (try time("2026-10-25T03:00:00Z")))
    }

    @Test func `zones follow their file, and after its end their rule, on both sides of the equator`() throws {
        let rome = try zone("Europe/Rome")
        #expect(rome.offset(at: try time("1970-01-01T00:00:00Z")) == 3600)
        #expect(rome.offset(at: try time("2060-01-15T12:00:00Z")) == 3600)
        #expect(rome.offset(at: try time("2060-07-15T12:00:00Z")) == 7200)
        // The last Sunday of March 2060 is the 28th.
        #expect(rome.offset(at: try time("2060-03-28T00:59:59Z")) == 3600)
        #expect(rome.offset(at: try time("2060-03-28T01:00:00Z")) == 7200)
        let sydney = try zone("Australia/Sydney")
        #expect(sydney.offset(at: try time("2060-01-15T12:00:00Z")) == 39_600)
        #expect(sydney.offset(at: try time("2060-07-15T12:00:00Z")) == 36_000)
        let kathmandu = try zone("Asia/Kathmandu")
        #expect(kathmandu.offset(at: try time("2060-01-15T12:00:00Z")) == 20_700)
        #expect(TimeZoneRules.utc.offset(at: try time("2026-07-15T12:00:00Z")) == 0)
    }

    @Test func `the next edge is the first minute at which another profile holds, around every clock change`() throws {
        var random = SeededRandom()
        let zones = try ["Europe/Rome", "America/New_York", "Australia/Sydney", "Asia/Kathmandu"].map(zone)
        let minute: Int64 = 60_000_000
        for round in 0..<120 {
            let windows = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                SpeedWindow(
                    days: Weekdays(rawValue: UInt8.random(in: 1...127, using: &random)),
                    // Half of them within the hours in which clocks change.
                    start: Int.random(in: 0..<(Bool.random(using: &random) ? 240 : 1440), using: &random),
                    end: Int.random(in: 0..<(Bool.random(using: &random) ? 240 : 1440), using: &random),
                    profile: [Self.night, Self.busy].randomElement(using: &random) ?? Self.night
                )
            }
            let schedule = SpeedSchedule(base: Self.base, windows: windows, zone: zones[round % zones.count])
            let changes = schedule.zone.changes(
                after: try time("2026-01-01T00:00:00Z"),
                through: try time("2045-01-01T00:00:00Z")
            )
            // Kathmandu's clocks never change.
            let quiet = try time("2026-05-01T00:00:00Z")
            let around = changes.randomElement(using: &random) ?? quiet
            var at = around.adding(microseconds: Int64.random(in: -3000...100, using: &random) * minute)
            let before = schedule.window(at: at)
            let told = schedule.nextEdge(after: at)
            let began = at
            // Minute by minute: every edge is a whole minute, because offsets of these zones are.
            at = Timestamp(microseconds: (at.microseconds / minute + 1) * minute)
            while schedule.window(at: at) == before, at.microseconds(since: began) < 9 * Timestamp.microsecondsPerDay {
                at = at.adding(microseconds: minute)
            }
            let found = schedule.window(at: at) == before ? nil : at
            #expect(told == found, "\(windows) after \(began)")
        }
    }

    @Test func `any octets are a zone or none`() throws {
        var random = SeededRandom()
        let rome = try TimeZoneSample.file("Europe/Rome")
        for _ in 0..<20_000 {
            var octets = rome
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                octets[Int.random(in: 0..<octets.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { octets.removeLast(Int.random(in: 0...octets.count, using: &random)) }
            guard let zone = TimeZoneRules(file: octets) else { continue }
            _ = zone.local(Timestamp(microseconds: Int64.random(in: .min ... .max, using: &random)))
        }
        #expect(TimeZoneRules(file: []) == nil)
        #expect(TimeZoneRules.isName("America/Argentina/Ushuaia") && TimeZoneRules.isName("Etc/GMT+5"))
        for name in ["", "../passwd", "/etc/passwd", "Europe/", "Europe//Rome", "Europe/..", "a\0b"] {
            #expect(!TimeZoneRules.isName(name))
        }
    }

    @Test func `days are read and written as people write them`() {
        #expect(Weekdays("mon-fri")?.text == "mon,tue,wed,thu,fri")
        #expect(Weekdays("fri-mon")?.text == "mon,fri,sat,sun")
        #expect(Weekdays("sat,sun")?.text == "sat,sun")
        #expect(Weekdays("mon-sun") == .all && Weekdays("all") == .all && Weekdays.all.text == "all")
        for text in ["", "mo", "mon-", "mon,,tue", "mon-tue-wed"] { #expect(Weekdays(text) == nil) }
        // 1970-01-01 was a Thursday.
        #expect(Weekdays.day(0).text == "thu" && Weekdays.day(-1).text == "wed" && Weekdays.day(4).text == "mon")
    }
}
