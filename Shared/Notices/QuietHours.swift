package import Domain

/// When somebody is not to be disturbed: minutes of the day by the clocks of his zone, half open.
package struct QuietHours: Hashable, Sendable {
    private let from: Int
    private let until: Int

    /// Minutes since midnight, 0 to 1439; across midnight where the end is the smaller, never quiet where both are equal.
    package init(from: Int, until: Int) {
        precondition((0..<1_440).contains(from) && (0..<1_440).contains(until))
        self.from = from
        self.until = until
    }

    /// When they end, later than `now`; nil when it is not quiet now. Without a zone the clocks are those of UTC.
    ///
    /// The answer is the first instant at which the clocks show a minute that is not quiet, however they change in between: an
    /// hour that clocks skip or repeat makes the wait shorter or longer.
    package func end(after now: Timestamp, zone: TimeZoneRules?) -> Timestamp? {
        let zone = zone ?? .utc
        guard isQuiet(zone.local(now).minute) else { return nil }
        var start = now
        // Clocks that are set back into the quiet hours begin them again, so each stretch between two changes is looked at.
        let changes = zone.changes(after: now, through: now + .seconds(2 * 86_400))
        for stretchEnd in changes.map(Optional.some) + [nil] {
            let end = endByTheClock(after: start, zone)
            guard let stretchEnd, stretchEnd <= end else { return end }
            guard isQuiet(zone.local(stretchEnd).minute) else { return stretchEnd }
            start = stretchEnd
        }
        return endByTheClock(after: start, zone)
    }

    private func isQuiet(_ minute: Int) -> Bool {
        from <= until ? minute >= from && minute < until : minute >= from || minute < until
    }

    /// When clocks that stand as they do at `start`, where it is quiet, show the end.
    private func endByTheClock(after start: Timestamp, _ zone: TimeZoneRules) -> Timestamp {
        let minuteLength: Int64 = 60_000_000
        let local = start.adding(microseconds: Int64(zone.offset(at: start)) * 1_000_000)
        let wait = (until - zone.local(start).minute + 1_440) % 1_440
        let intoMinute = (local.microseconds % minuteLength + minuteLength) % minuteLength
        return start.adding(microseconds: Int64(wait) * minuteLength - intoMinute)
    }
}
