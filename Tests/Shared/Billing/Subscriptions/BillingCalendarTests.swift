import Billing
import Domain
import SharedTesting
import Testing

/// Boundaries of periods, by examples and against the clocks' faces minute by minute.
@Suite(.proves("INV-12", "INV-16", "PLN-07")) struct BillingCalendarTests {
    static let zones = [
        "Europe/Rome", "America/New_York", "Africa/Dakar", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu",
        "Africa/Cairo", "America/Sao_Paulo",
    ]

    static func calendar(_ zone: String) throws -> BillingCalendar {
        BillingCalendar(try #require(TimeZoneRules(file: try TimeZoneSample.file(zone))))
    }

    static func date(_ text: String) throws -> CivilDate { try #require(CivilDate(text)) }

    @Test(arguments: [2023, 2024])
    func `months are counted from the first day: of the 31st come 28 or 29 February and 31 March`(year: Int) throws {
        let calendar = try Self.calendar("Europe/Rome")
        let anchor = calendar.instant(try Self.date("\(year)-01-31"), second: 10 * 3600)
        let days = (1...4).map { number in
            calendar.local(calendar.boundary(number, of: .monthly, anchor: anchor)).date.description
        }
        #expect(
            days == [
                "\(year)-02-\(year == 2024 ? 29 : 28)", "\(year)-03-31", "\(year)-04-30", "\(year)-05-31",
            ]
        )
    }

    @Test func `a year from a leap day ends on 28 February, and four years on a leap day`() throws {
        let calendar = try Self.calendar("Europe/Rome")
        let anchor = calendar.instant(try Self.date("2024-02-29"))
        #expect(calendar.local(calendar.boundary(1, of: .yearly, anchor: anchor)).date.description == "2025-02-28")
        #expect(calendar.local(calendar.boundary(4, of: .yearly, anchor: anchor)).date.description == "2028-02-29")
    }

    @Test func `a day has 23 hours when clocks go forward and 25 when they go back`() throws {
        let calendar = try Self.calendar("Europe/Rome")
        for (day, hours) in [("2026-03-29", 23), ("2026-03-30", 24), ("2026-10-25", 25)] as [(String, Int64)] {
            let anchor = calendar.instant(try Self.date(day))
            let end = calendar.boundary(1, of: .daily, anchor: anchor)
            #expect(end.seconds(since: anchor) == hours * 3600, "\(day)")
        }
    }

    @Test func `an hour has sixty minutes, whatever the clocks do`() throws {
        let calendar = try Self.calendar("Europe/Rome")
        let anchor = calendar.instant(try Self.date("2026-03-28"), second: 5400)
        for number in 0..<48 {
            let start = calendar.boundary(number, of: .hourly, anchor: anchor)
            #expect(calendar.boundary(number + 1, of: .hourly, anchor: anchor).seconds(since: start) == 3600)
        }
    }

    @Test func `a time that the clocks leave out is the moment they do, one that they show twice is the first`() throws
    {
        let calendar = try Self.calendar("Europe/Rome")
        let forward = calendar.instant(try Self.date("2026-03-29"), second: 2 * 3600 + 1800)
        #expect(calendar.local(forward).second == 3 * 3600)
        let back = calendar.instant(try Self.date("2026-10-25"), second: 2 * 3600 + 1800)
        #expect(calendar.local(back.adding(microseconds: 3_600_000_000)).second == 2 * 3600 + 1800)
    }

    @Test func `midnight that the clocks leave out is when the day begins`() throws {
        // Santiago's clocks went from 23:59:59 to 01:00:00 there.
        let calendar = try Self.calendar("America/Santiago")
        let begins = calendar.instant(try Self.date("2026-09-06"))
        #expect(calendar.local(begins).second == 3600)
        #expect(try calendar.local(begins.adding(microseconds: -1_000_000)).date == (Self.date("2026-09-05")))
    }

    @Test func `a bill is due at the end of the billing day, or of the month's last where it has none such`() throws {
        let calendar = try Self.calendar("Europe/Rome")
        for (issued, day, due) in [
            ("2026-01-01", 15, "2026-01-16"), ("2026-01-15", 15, "2026-01-16"), ("2026-01-16", 15, "2026-02-16"),
            ("2026-02-01", 31, "2026-03-01"), ("2026-12-20", 15, "2027-01-16"), ("2024-02-10", 30, "2024-03-01"),
        ] {
            let time = calendar.instant(try Self.date(issued), second: 7200)
            #expect(try calendar.endOfDay(day, notBefore: time) == calendar.instant(Self.date(due)), "\(issued)")
        }
    }

    /// The oracle: goes through the time minute by minute and looks when the clocks first show a day and minute.
    @Test func `what the clocks first show is found by going through every minute`() throws {
        var random = SeededRandom()
        for case_ in 0..<160 {
            let name = Self.zones[case_ % Self.zones.count]
            let zone = try #require(TimeZoneRules(file: try TimeZoneSample.file(name)))
            let day = Int.random(in: 18_000...23_000, using: &random)
            let date = CivilDate(daysSince1970: day)
            let minute = Int.random(in: 0..<1440, using: &random)
            let found = BillingCalendar(zone).instant(date, second: Int64(minute) * 60)
            var time = Timestamp(secondsSince1970: Int64(day - 1) * 86_400 - 3 * 3600)
            // Past the wanted face for the first time: that is where it is shown, or left out.
            while zone.local(time) < (day, minute) { time = time.adding(microseconds: 60_000_000) }
            #expect(found == time, "\(name) \(date) minute \(minute)")
        }
    }

    @Test func `periods of 14 months follow one another without gap or overlap in every zone`() throws {
        var random = SeededRandom()
        let cycles: [BillingCycle] = [
            .hourly, .daily, .monthly, try #require(BillingCycle(.day, count: 7)),
            try #require(BillingCycle(.month, count: 3)), .yearly,
        ]
        for case_ in 0..<(Self.zones.count * cycles.count * 3) {
            let calendar = try Self.calendar(Self.zones[case_ % Self.zones.count])
            let cycle = cycles[case_ / Self.zones.count % cycles.count]
            let anchor = Timestamp(secondsSince1970: Int64.random(in: 1_600_000_000...1_900_000_000, using: &random))
            let end = anchor + .seconds(430 * 86_400)
            #expect(calendar.boundary(0, of: cycle, anchor: anchor) <= anchor)
            var (number, previous) = (0, anchor)
            while previous < end {
                number += 1
                let next = calendar.boundary(number, of: cycle, anchor: anchor)
                #expect(next > previous)
                let (shown, wanted) = (calendar.local(next).second, calendar.local(anchor).second)
                if cycle.unit != .hour {
                    let isShown = calendar.instant(calendar.local(next).date, second: wanted) == next
                    #expect(shown == wanted || isShown)
                }
                previous = next
            }
        }
    }

    @Test func `a count that no cycle has is none`() {
        #expect(BillingCycle(.day, count: 0) == nil)
        #expect(BillingCycle(.day, count: 1001) == nil)
    }
}
