package import Domain

/// The time in which a quota is used up, half open.
package struct QuotaWindow: Hashable, Sendable {
    package let start: Timestamp
    package let end: Timestamp

    package init(start: Timestamp, end: Timestamp) {
        self.start = start
        self.end = end
    }

    package func contains(_ time: Timestamp) -> Bool { time >= start && time < end }
}

/// Cuts time into windows by a tenant's clocks: every instant lies in exactly one window of a span, and each window begins where
/// the one before ends, also where clocks change.
package struct QuotaCalendar: Hashable, Sendable {
    package let zone: TimeZoneRules
    /// The local day on which the subscription began, for ``QuotaSpan/period``.
    package let anchor: CivilDate

    package init(zone: TimeZoneRules, anchor: CivilDate = CivilDate(daysSince1970: 0)) {
        self.zone = zone
        self.anchor = anchor
    }

    /// The window that holds an instant.
    package func window(_ span: QuotaSpan, at time: Timestamp) -> QuotaWindow {
        let first = firstDay(span, of: day(at: time))
        return QuotaWindow(start: start(of: first), end: start(of: next(span, after: first)))
    }

    /// The instant at which a local day begins: where its midnight is skipped the one to which the clocks are put, where it comes
    /// twice the first.
    package func start(of day: CivilDate) -> Timestamp {
        let midnight = Int64(day.daysSince1970) * 86_400
        let (from, to) = (
            Timestamp(secondsSince1970: midnight - Self.reach), Timestamp(secondsSince1970: midnight + Self.reach)
        )
        let changes = zone.changes(after: from, through: to).sorted()
        let offsets = Set([zone.offset(at: from)] + changes.map { zone.offset(at: $0) })
        let shown = offsets.map { Timestamp(secondsSince1970: midnight - Int64($0)) }.filter { time in
            zone.local(time) == (day.daysSince1970, 0)
        }
        if let first = shown.min() { return first }
        let jump = changes.first { change in
            zone.local(change).day >= day.daysSince1970
                && zone.local(change.adding(microseconds: -1)).day < day.daysSince1970
        }
        return jump ?? Timestamp(secondsSince1970: midnight - Int64(zone.offset(at: from)))
    }

    /// The local day that an instant belongs to, by ``start(of:)``.
    package func day(at time: Timestamp) -> CivilDate {
        var day = CivilDate(daysSince1970: zone.local(time).day)
        while start(of: day) > time { day = day.adding(days: -1) }
        while start(of: day.adding(days: 1)) <= time { day = day.adding(days: 1) }
        return day
    }

    /// Further than any clock is from UTC, with a change on the way.
    private static let reach: Int64 = 30 * 3600

    private func firstDay(_ span: QuotaSpan, of day: CivilDate) -> CivilDate {
        switch span {
        case .day: return day
        case .week: return day.adding(days: -(((day.daysSince1970 + 3) % 7 + 7) % 7))
        case .month: return day.adding(days: 1 - day.components.day)
        case .period:
            let here = periodStart(inMonthOf: day)
            return here <= day ? here : periodStart(inMonthOf: day.adding(days: -day.components.day))
        }
    }

    /// `first` is the first day of a window.
    private func next(_ span: QuotaSpan, after first: CivilDate) -> CivilDate {
        switch span {
        case .day: return first.adding(days: 1)
        case .week: return first.adding(days: 7)
        case .month, .period:
            let (year, month, day) = first.components
            let ahead = first.adding(days: CivilDate.length(ofMonth: month, in: year) - day + 1)
            return span == .month ? ahead : periodStart(inMonthOf: ahead)
        }
    }

    private func periodStart(inMonthOf day: CivilDate) -> CivilDate {
        let (year, month, number) = day.components
        let wanted = min(anchor.components.day, CivilDate.length(ofMonth: month, in: year))
        return day.adding(days: wanted - number)
    }
}
