package import Domain

/// Something that a counter told.
package struct QuotaCrossing: Hashable, Sendable {
    package let window: QuotaWindow
    /// In percent: 80, 95 or 100.
    package let threshold: Int
    package let used: Int64
    package let allowance: Int64
}

/// One service's use of one quota over time: what the worker does with rows, as a value. Replays and previews use it as well.
///
/// Use counts in the window of its own time, whenever it comes, so that what a window holds is the same in any order and any parts.
/// A window is open until the clock passes its end; what comes later for it is recorded and nothing is done about it.
package struct QuotaCounter: Sendable {
    package let quota: QuotaDefinition
    package let calendar: QuotaCalendar
    /// By the windows' starts.
    package private(set) var uses: [Timestamp: QuotaUse] = [:]

    package init(quota: QuotaDefinition, calendar: QuotaCalendar) {
        self.quota = quota
        self.calendar = calendar
    }

    /// Counts what was used at `at`, as it is learned at `now`. Returns the thresholds that are to be told.
    package mutating func add(_ amount: Int64, at time: Timestamp, now: Timestamp) -> [QuotaCrossing] {
        let percent = quota.percent(at: time, zone: calendar.zone)
        return change(at: time, now: now) { $0.add(amount, percent: percent) }
    }

    /// Extends the window at `now` by what was bought or granted.
    package mutating func topUp(_ amount: Int64, now: Timestamp) -> [QuotaCrossing] {
        change(at: now, now: now) { $0.bonus = saturated($0.bonus, plus: max(0, amount)) }
    }

    /// What the service may at an instant, as far as this quota goes: all of it again from a window's end on.
    package func restriction(at now: Timestamp) -> QuotaRestriction {
        let window = calendar.window(quota.span, at: now)
        guard let use = uses[window.start] else { return .none }
        return .following(from: [(quota, use)], now: now)
    }

    private mutating func change(
        at time: Timestamp,
        now: Timestamp,
        _ body: (inout QuotaUse) -> Void
    ) -> [QuotaCrossing] {
        let window = calendar.window(quota.span, at: time)
        var use = uses[window.start] ?? QuotaUse(window: window)
        body(&use)
        let verdict = use.judge(quota, now: now)
        uses[window.start] = use
        let (used, allowance) = (use.used, use.allowance(quota) ?? QuotaDefinition.unlimited)
        return verdict.crossed.map {
            QuotaCrossing(window: window, threshold: $0, used: used, allowance: allowance)
        }
    }
}
