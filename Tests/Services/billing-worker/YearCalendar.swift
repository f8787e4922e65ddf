/// A calendar by counting, for two zones, so that what the worker says of time is compared with something else than itself: it knows
/// nothing of Domain's dates, of the system's time zones or of Billing's cycles. Times are seconds since 1970.
enum YearZone: String, CaseIterable, Sendable {
    case rome = "Europe/Rome"
    case newYork = "America/New_York"

    private var standard: Int64 { self == .rome ? 3_600 : -18_000 }

    /// When summer time begins and ends in a year.
    private func summer(_ year: Int) -> (start: Int64, end: Int64) {
        switch self {
        // The last Sundays of March and October, 01:00 UTC.
        case .rome:
            (Self.sunday(year, 3, from: 25) + 3_600, Self.sunday(year, 10, from: 25) + 3_600)
        // The second Sunday of March and the first of November, 02:00 as the clocks show it before.
        case .newYork:
            (Self.sunday(year, 3, from: 8) + 7 * 3_600, Self.sunday(year, 11, from: 1) + 6 * 3_600)
        }
    }

    /// 00:00 UTC of the first Sunday from that day of the month on.
    private static func sunday(_ year: Int, _ month: Int, from day: Int) -> Int64 {
        var number = YearDate(year, month, day).number
        // 1 January 1970 was a Thursday.
        while (number + 4) % 7 != 0 { number += 1 }
        return Int64(number) * 86_400
    }

    func offset(at time: Int64) -> Int64 {
        let summer = summer(YearDate(number: Int(time / 86_400)).year)
        return time >= summer.start && time < summer.end ? standard + 3_600 : standard
    }

    /// The day and the second of it that the clocks show.
    func local(_ time: Int64) -> (date: YearDate, second: Int64) {
        let shown = time + offset(at: time)
        return (YearDate(number: Int(shown / 86_400)), shown % 86_400)
    }

    /// When the clocks first show that. What they leave out in spring is the moment at which they leave it out.
    func instant(_ date: YearDate, _ second: Int64 = 0) -> Int64 {
        let shown = Int64(date.number) * 86_400 + second
        // Summer time first: it shows the same an hour earlier.
        for offset in [standard + 3_600, standard] where self.offset(at: shown - offset) == offset {
            return shown - offset
        }
        return summer(date.year).start
    }

    /// The end of the next day with that number in its month, or of the month's last day where it has none such.
    func endOfBillingDay(_ day: Int, notBefore time: Int64) -> Int64 {
        var date = local(time).date
        while date.day != min(day, YearDate.length(date.year, date.month)) { date = YearDate(number: date.number + 1) }
        return instant(YearDate(number: date.number + 1))
    }
}

/// A day, by year, month and day.
struct YearDate: Equatable, Sendable {
    let year, month, day: Int

    init(_ year: Int, _ month: Int, _ day: Int) {
        (self.year, self.month, self.day) = (year, month, day)
    }

    /// The day so many days after 1 January 1970.
    init(number: Int) {
        var (year, month, left) = (1970, 1, number)
        while left >= (Self.isLeap(year) ? 366 : 365) {
            left -= Self.isLeap(year) ? 366 : 365
            year += 1
        }
        while left >= Self.length(year, month) {
            left -= Self.length(year, month)
            month += 1
        }
        self.init(year, month, left + 1)
    }

    /// Days since 1 January 1970.
    var number: Int {
        var days = day - 1
        for year in 1970..<year { days += Self.isLeap(year) ? 366 : 365 }
        for month in 1..<month { days += Self.length(year, month) }
        return days
    }

    /// The same day so many months later; the month's last where it has none such.
    func adding(months: Int) -> YearDate {
        var (year, month) = (year, month + months)
        while month > 12 {
            month -= 12
            year += 1
        }
        return YearDate(year, month, min(day, Self.length(year, month)))
    }

    static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    static func length(_ year: Int, _ month: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
