package import Domain

/// How long what a price buys lasts: so many hours, days, months or years.
package struct BillingCycle: Hashable, Sendable {
    /// Its raw value is what the database keeps.
    package enum Unit: String, Hashable, Sendable, CaseIterable {
        /// Sixty minutes, whatever the clocks show.
        case hour
        /// From a time of day to the same of the next: 23, 24 or 25 hours.
        case day
        case month
        case year
    }

    package static let counts = 1...1000

    package let unit: Unit
    package let count: Int

    /// Nil unless the count is within ``counts``.
    package init?(_ unit: Unit, count: Int = 1) {
        guard Self.counts.contains(count) else { return nil }
        self.unit = unit
        self.count = count
    }

    private init(known unit: Unit) {
        self.unit = unit
        count = 1
    }

    package static let hourly = BillingCycle(known: .hour)
    package static let daily = BillingCycle(known: .day)
    package static let monthly = BillingCycle(known: .month)
    package static let yearly = BillingCycle(known: .year)
}

/// The calendar of a time zone, to the second: where periods end and bills fall due.
package struct BillingCalendar: Hashable, Sendable {
    private let zone: TimeZoneRules

    package init(_ zone: TimeZoneRules) {
        self.zone = zone
    }

    /// The `number`th end of a cycle counted from the anchor, which is number 0; negative ones lie before it.
    ///
    /// Each is counted from the anchor and not from the one before: of 31 January come 28 or 29 February and then 31 March. Days,
    /// months and years keep the anchor's time of day; one that the clocks leave out is the moment at which they leave it out, and of
    /// one that they show twice it is the first. Strictly ascending in the number.
    package func boundary(_ number: Int, of cycle: BillingCycle, anchor: Timestamp) -> Timestamp {
        let steps = number * cycle.count
        if cycle.unit == .hour { return anchor.adding(microseconds: Int64(steps) * 3_600_000_000) }
        let (date, second) = local(anchor)
        switch cycle.unit {
        case .hour, .day: return instant(date.adding(days: steps), second: second)
        case .month: return instant(Self.adding(months: steps, to: date), second: second)
        case .year: return instant(Self.adding(months: steps * 12, to: date), second: second)
        }
    }

    /// The day that the zone's clocks show, and the second of it by the clock's face.
    package func local(_ time: Timestamp) -> (date: CivilDate, second: Int64) {
        let local = Self.seconds(time) + Int64(zone.offset(at: time))
        let day = local.dividedDown(by: 86_400)
        return (CivilDate(daysSince1970: Int(day)), local - day * 86_400)
    }

    /// When the zone's clocks first show that, or leave it out.
    package func instant(_ date: CivilDate, second: Int64 = 0) -> Timestamp {
        let shown = Int64(date.daysSince1970) * 86_400 + second
        // No clock is further from UTC than 26 hours.
        let (from, to) = (shown - 172_800, shown + 172_800)
        var (begins, offset) = (from, Int64(zone.offset(at: Timestamp(secondsSince1970: from))))
        let changes = zone.changes(
            after: Timestamp(secondsSince1970: from),
            through: Timestamp(secondsSince1970: to)
        ).sorted()
        for change in changes {
            if shown - offset < Self.seconds(change) { break }
            begins = Self.seconds(change)
            offset = Int64(zone.offset(at: change))
        }
        return Timestamp(secondsSince1970: max(begins, shown - offset))
    }

    /// The end of the next day whose number in its month is `day`, or of the month's last where it has none such: what was due on
    /// that day is overdue from then on (INV-16). A bill that is issued on that day itself is due on it.
    package func endOfDay(_ day: Int, notBefore time: Timestamp) -> Timestamp {
        let today = local(time).date
        let (year, month, _) = today.components
        let thisMonth = Self.date(month: month, year: year, day: day)
        let date = thisMonth >= today ? thisMonth : Self.date(month: month + 1, year: year, day: day)
        return instant(date.adding(days: 1))
    }

    private static func adding(months: Int, to date: CivilDate) -> CivilDate {
        let (year, month, day) = date.components
        return Self.date(month: month + months, year: year, day: day)
    }

    /// The day of a month that may be counted on beyond December and back beyond January; the month's last where it has none such.
    private static func date(month: Int, year: Int, day: Int) -> CivilDate {
        let months = Int64(year * 12 + month - 1)
        let inYear = Int(months.dividedDown(by: 12))
        let inMonth = Int(months) - inYear * 12 + 1
        let length = CivilDate.length(ofMonth: inMonth, in: inYear)
        // No cycle leads out of the years of the calendar that began in its first eight thousand.
        return CivilDate(year: inYear, month: inMonth, day: min(day, length)) ?? CivilDate(daysSince1970: 0)
    }

    private static func seconds(_ time: Timestamp) -> Int64 { time.microseconds.dividedDown(by: 1_000_000) }
}

extension Timestamp {
    /// The second that it lies in.
    package var wholeSecond: Timestamp {
        Timestamp(secondsSince1970: microseconds.dividedDown(by: 1_000_000))
    }

    /// Whole seconds from the other on.
    package func seconds(since other: Timestamp) -> Int64 { microseconds(since: other).dividedDown(by: 1_000_000) }
}

extension Int64 {
    /// Division that rounds down, for what lies before 1970 as well.
    func dividedDown(by divisor: Int64) -> Int64 { self / divisor - (self % divisor < 0 ? 1 : 0) }
}
