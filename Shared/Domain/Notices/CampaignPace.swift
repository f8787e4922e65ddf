/// How fast an announcement goes: so many customers a minute, evenly, whatever its steps are.
package struct CampaignPace: Hashable, Sendable {
    package var perMinute: Int

    package init(perMinute: Int) { self.perMinute = perMinute }

    /// What was not used while nobody looked is had afterwards for no longer than that: who tells them was away, or had much to do.
    package static let slack = Duration.seconds(5)

    /// Microseconds from one customer to the next, rounded up.
    private var spacing: Int64 {
        let perMinute = Int64(max(1, perMinute))
        return (60_000_000 + perMinute - 1) / perMinute
    }

    /// How many may be told now, and when the next one may be then: no more than the most, none before its time.
    package func step(from nextAt: Timestamp, at now: Timestamp, most: Int) -> (count: Int, nextAt: Timestamp) {
        guard now >= nextAt, most > 0 else { return (0, nextAt) }
        let from = max(nextAt, now - Self.slack)
        let count = min(Int64(most), 1 + now.microseconds(since: from) / spacing)
        return (Int(count), from.adding(microseconds: count * spacing))
    }
}
