/// When a time zone's clocks stand how far ahead of UTC: what a file of the system's time zone database says (RFC 8536), as a
/// value. Looking an instant up allocates nothing and asks no clock.
package struct TimeZoneRules: Hashable, Sendable {
    /// When clocks change, in seconds since 1970, ascending, and how many seconds they are ahead of UTC from then on.
    private let changes: [Int64]
    private let offsets: [Int32]
    /// Before the first change.
    private let first: Int32
    /// After the last change.
    private let rule: TimeZoneRule?

    /// No daylight saving time, no offset.
    package static let utc = TimeZoneRules(changes: [], offsets: [], first: 0, rule: nil)

    init(changes: [Int64], offsets: [Int32], first: Int32, rule: TimeZoneRule?) {
        self.changes = changes
        self.offsets = offsets
        self.first = first
        self.rule = rule
    }

    /// Seconds that the zone's clocks are ahead of UTC.
    package func offset(at time: Timestamp) -> Int {
        let seconds = Self.seconds(time)
        if let rule, seconds >= changes.last ?? .min { return Int(rule.offset(at: seconds)) }
        var (low, high) = (0, changes.count)
        while low < high {
            let middle = (low + high) / 2
            if changes[middle] <= seconds { low = middle + 1 } else { high = middle }
        }
        return Int(low == 0 ? first : offsets[low - 1])
    }

    /// What the clocks show: days since 1970-01-01 and minutes since midnight.
    package func local(_ time: Timestamp) -> (day: Int, minute: Int) {
        let local = Self.seconds(time) + Int64(offset(at: time))
        let day = local.quotientDown(86_400)
        return (Int(day), Int((local - day * 86_400) / 60))
    }

    /// When the clocks change, after one instant and at latest at the other.
    package func changes(after time: Timestamp, through end: Timestamp) -> [Timestamp] {
        let (from, to) = (Self.seconds(time), Self.seconds(end))
        var found = changes.filter { $0 > from && $0 <= to }
        let last = changes.last ?? .min
        if let rule { found += rule.changes(after: max(from, last), through: to) }
        return found.map { Timestamp(secondsSince1970: $0) }
    }

    private static func seconds(_ time: Timestamp) -> Int64 { time.microseconds.quotientDown(1_000_000) }
}

/// Daylight saving time by a yearly rule, as POSIX writes it: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct TimeZoneRule: Hashable, Sendable {
    /// A day of every year and a second of it, counted from local midnight; may lie in the days around.
    enum Day: Hashable, Sendable {
        /// Month, week (5 is the last) and day of the week (0 is Sunday).
        case weekday(month: Int, week: Int, day: Int)
        /// 1 to 365, 29 February never counted.
        case julian(Int)
        /// 0 to 365, 29 February counted.
        case ordinal(Int)
    }

    struct Change: Hashable, Sendable {
        var day: Day
        var second: Int64
    }

    /// Seconds ahead of UTC.
    var standard: Int32
    /// Nil where the zone has no daylight saving time.
    var saving: (offset: Int32, begins: Change, ends: Change)?

    static func == (left: Self, right: Self) -> Bool {
        left.standard == right.standard && left.saving?.offset == right.saving?.offset
            && left.saving?.begins == right.saving?.begins && left.saving?.ends == right.saving?.ends
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(standard)
        hasher.combine(saving?.offset)
    }

    func offset(at seconds: Int64) -> Int32 {
        guard let saving else { return standard }
        let year = CivilDate(daysSince1970: Int((seconds + Int64(standard)).quotientDown(86_400))).components.year
        let begins = instant(saving.begins, year, standard)
        let ends = instant(saving.ends, year, saving.offset)
        // South of the equator it goes on over the end of the year.
        let isSaving = begins < ends ? seconds >= begins && seconds < ends : seconds >= begins || seconds < ends
        return isSaving ? saving.offset : standard
    }

    func changes(after start: Int64, through end: Int64) -> [Int64] {
        guard let saving, start < end else { return [] }
        let first = CivilDate(daysSince1970: Int(max(start, -62_135_596_800).quotientDown(86_400))).components.year
        let last = CivilDate(daysSince1970: Int(end.quotientDown(86_400))).components.year
        return (first - 1...last + 1).flatMap { year in
            [instant(saving.begins, year, standard), instant(saving.ends, year, saving.offset)]
        }.filter { $0 > start && $0 <= end }
    }

    /// When the change comes in a year, by the clocks as they stood before it.
    private func instant(_ change: Change, _ year: Int, _ offset: Int32) -> Int64 {
        let january = CivilDate(year: year, month: 1, day: 1)?.daysSince1970 ?? 0
        let isLeap = CivilDate.length(ofMonth: 2, in: year) == 29
        let day: Int
        switch change.day {
        case .ordinal(let number): day = january + number
        case .julian(let number): day = january + number - (isLeap && number >= 60 ? 0 : 1)
        case .weekday(let month, let week, let wanted):
            let first = CivilDate(year: year, month: month, day: 1)?.daysSince1970 ?? january
            let weekday = ((first + 4) % 7 + 7) % 7
            let found = (wanted - weekday + 7) % 7 + (week - 1) * 7
            day = first + (found >= CivilDate.length(ofMonth: month, in: year) ? found - 7 : found)
        }
        return Int64(day) * 86_400 + change.second - Int64(offset)
    }
}

extension Int64 {
    /// Division that rounds down, for instants before 1970 as well.
    fileprivate func quotientDown(_ divisor: Int64) -> Int64 {
        self / divisor - (self % divisor < 0 ? 1 : 0)
    }
}
