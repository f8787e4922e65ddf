/// Days of the week.
package struct Weekdays: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let all = Weekdays(rawValue: 0x7F)
    /// Monday first, the lowest bit.
    package static let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

    /// The day of that many days since 1970-01-01, a Thursday.
    package static func day(_ daysSince1970: Int) -> Weekdays {
        Weekdays(rawValue: 1 << UInt8(((daysSince1970 + 3) % 7 + 7) % 7))
    }

    /// Reads days and spans of days with commas between them: `mon-fri`, `sat,sun`, `fri-mon`, `all`; nil for anything
    /// else.
    package init?(_ text: String) {
        if text == "all" {
            self = .all
            return
        }
        var days: Weekdays = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            let numbers = ends.compactMap { end in Self.names.firstIndex { $0 == end } }
            guard numbers.count == ends.count, let first = numbers.first, let last = numbers.last else { return nil }
            var day = first
            days.insert(Weekdays(rawValue: 1 << UInt8(day)))
            while day != last {
                day = (day + 1) % 7
                days.insert(Weekdays(rawValue: 1 << UInt8(day)))
            }
        }
        self = days
    }

    /// `all`, or the days with commas between them.
    package var text: String {
        self == .all
            ? "all"
            : Self.names.enumerated().filter { contains(Weekdays(rawValue: 1 << UInt8($0.offset))) }.map(\.element)
                .joined(separator: ",")
    }
}

/// Hours of a week in which a plan has another speed (table plan_speed_windows).
package struct SpeedWindow: Hashable, Sendable {
    /// The days on which it begins.
    package var days: Weekdays
    /// Minutes after local midnight, 0 to 1439; part of the window.
    package var start: Int
    /// Minutes after local midnight, 0 to 1439; no part of the window. At most `start` means on the day after; equal to it,
    /// a whole day.
    package var end: Int
    package var profile: SpeedProfile

    package init(days: Weekdays, start: Int, end: Int, profile: SpeedProfile) {
        self.days = days
        self.start = start
        self.end = end
        self.profile = profile
    }

    /// Of thirteen numbers, as queries put a window into one text: days, start and end minute, the speed to the subscriber and
    /// from him, of the burst, of the threshold, the burst's seconds, priority, guarantees. 0 is what is not there: a threshold
    /// then is the speed itself, and a time a second. Nil for any other count.
    package init?(numbers: [Int64]) {
        guard numbers.count == 13 else { return nil }
        let rate = SpeedPair(download: numbers[3], upload: numbers[4])
        var profile = SpeedProfile(rate: rate, priority: Int(numbers[10]))
        profile.guaranteed = SpeedPair(download: numbers[11], upload: numbers[12])
        if numbers[5] > 0 {
            profile.burst = SpeedProfile.Burst(
                rate: SpeedPair(download: numbers[5], upload: numbers[6]),
                threshold: SpeedPair(
                    download: numbers[7] > 0 ? numbers[7] : rate.download,
                    upload: numbers[8] > 0 ? numbers[8] : rate.upload
                ),
                seconds: Int(max(numbers[9], 1))
            )
        }
        self.init(
            days: Weekdays(rawValue: UInt8(clamping: numbers[0])),
            start: Int(numbers[1]),
            end: Int(numbers[2]),
            profile: profile
        )
    }

    /// Whether it holds at a minute of a local day; the minute as a clock on the wall shows it.
    package func holds(day: Int, minute: Int) -> Bool {
        let today = days.contains(.day(day))
        guard end <= start else { return today && minute >= start && minute < end }
        return today && minute >= start || days.contains(.day(day - 1)) && minute < end
    }
}

/// A plan's speeds over the week.
///
/// Clocks on the wall decide: an hour that the clocks skip belongs to no window, one that they show twice belongs to its
/// window both times. Of windows that overlap the first one holds.
package struct SpeedSchedule: Hashable, Sendable {
    /// What holds outside of all windows.
    package var base: SpeedProfile
    package var windows: [SpeedWindow]
    /// The tenant's.
    package var zone: TimeZoneRules

    package init(base: SpeedProfile, windows: [SpeedWindow], zone: TimeZoneRules) {
        self.base = base
        self.windows = windows
        self.zone = zone
    }

    /// The speeds that hold at an instant.
    package func profile(at time: Timestamp) -> SpeedProfile {
        window(at: time).map { windows[$0].profile } ?? base
    }

    /// The window that holds at an instant, by its place; nil outside of all. Allocates nothing.
    package func window(at time: Timestamp) -> Int? {
        guard !windows.isEmpty else { return nil }
        let (day, minute) = zone.local(time)
        return windows.firstIndex { $0.holds(day: day, minute: minute) }
    }

    /// The first instant after this one at which another window holds, or none does; nil when it stays as it is. Looks nine
    /// days ahead: a week, and the days around it that a clock change may touch.
    package func nextEdge(after time: Timestamp) -> Timestamp? {
        let now = window(at: time)
        let horizon = time.adding(microseconds: 9 * Timestamp.microsecondsPerDay)
        let today = zone.local(time).day
        let changes = zone.changes(after: time, through: horizon)
        let offsets = Set([zone.offset(at: time)] + changes.map { zone.offset(at: $0) })
        var candidates = changes
        for minute in Set(windows.flatMap { [$0.start, $0.end] }) {
            for day in today - 1...today + 9 {
                for offset in offsets {
                    let seconds = Int64(day) * 86_400 + Int64(minute) * 60 - Int64(offset)
                    candidates.append(Timestamp(secondsSince1970: seconds))
                }
            }
        }
        return candidates.sorted().first { $0 > time && $0 <= horizon && window(at: $0) != now }
    }
}

extension SpeedWindow: Validated {
    /// Windows that one plan may have.
    package static let most = 32

    package func check(_ checks: inout FieldChecks) {
        checks.number("days", days.rawValue, in: 1...127)
        checks.number("start_minute", start, in: 0...1439)
        checks.number("end_minute", end, in: 0...1439)
        profile.check(&checks)
    }
}

extension SpeedProfile: Validated {
    package func check(_ checks: inout FieldChecks) {
        checks.positive("download_bps", rate.download)
        checks.positive("upload_bps", rate.upload)
        if let burst {
            checks.positive("burst_download_bps", burst.rate.download)
            checks.positive("burst_upload_bps", burst.rate.upload)
            checks.positive("threshold_download_bps", burst.threshold.download)
            checks.positive("threshold_upload_bps", burst.threshold.upload)
            checks.positive32("burst_seconds", burst.seconds)
        }
        checks.number("priority", priority, in: 1...8)
        checks.number("guaranteed_download_bps", guaranteed.download, in: 0...Int64.max)
        checks.number("guaranteed_upload_bps", guaranteed.upload, in: 0...Int64.max)
    }
}
