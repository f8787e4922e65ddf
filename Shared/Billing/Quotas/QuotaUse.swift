package import Domain

/// How much of a window's quota is used, and what was done about it (a row of quota_usage).
package struct QuotaUse: Hashable, Sendable {
    package var window: QuotaWindow
    /// Octets or seconds, each times the percent at which its hour counts: whole numbers, so that the sum is the same in whatever
    /// parts and order they come.
    package var weighted: Int64
    /// What was bought or granted on top of the allowance.
    package var bonus: Int64
    /// The highest threshold that was told, in percent; 0 for none.
    package var told: Int
    /// Whether it was found used up: the policy holds.
    package var isExhausted: Bool
    /// Units beyond the allowance for which a charge was ordered.
    package var billedUnits: Int64
    /// A charge for it was refused: until it is paid the service is blocked.
    package var isUnpaid: Bool

    package init(
        window: QuotaWindow,
        weighted: Int64 = 0,
        bonus: Int64 = 0,
        told: Int = 0,
        isExhausted: Bool = false,
        billedUnits: Int64 = 0,
        isUnpaid: Bool = false
    ) {
        self.window = window
        self.weighted = weighted
        self.bonus = bonus
        self.told = told
        self.isExhausted = isExhausted
        self.billedUnits = billedUnits
        self.isUnpaid = isUnpaid
    }

    /// Octets or seconds, as they count; what is less than one is cut.
    package var used: Int64 { weighted / 100 }

    /// Takes in what was used.
    package mutating func add(_ amount: Int64, percent: Int) {
        weighted = saturated(weighted, plus: saturated(max(0, amount), times: Int64(percent)))
    }

    /// What the window holds under a quota, with what was bought; nil for no limit.
    package func allowance(_ quota: QuotaDefinition) -> Int64? {
        quota.allowance == QuotaDefinition.unlimited ? nil : saturated(quota.allowance, plus: bonus)
    }

    /// What is left; nil for no limit.
    package func left(_ quota: QuotaDefinition) -> Int64? {
        allowance(quota).map { max(0, $0 - used) }
    }
}

/// What became of a window when its use was looked at.
package struct QuotaVerdict: Hashable, Sendable {
    /// Thresholds that are to be told now, in percent, ascending.
    package var crossed: [Int] = []
    /// Units of the overage to be charged now: from the first, through the last.
    package var units: ClosedRange<Int64>?
    /// Whether the policy begins to hold, or holds no longer.
    package var changesAccess = false

    /// Nothing is to be done.
    package init() {}
}

extension QuotaUse {
    /// Looks at the use under a quota and notes what is to be done, once each. Nothing is done for a window that is over: what comes
    /// late is recorded, and no more.
    package mutating func judge(_ quota: QuotaDefinition, now: Timestamp) -> QuotaVerdict {
        var verdict = QuotaVerdict()
        guard window.end > now else { return verdict }
        let allowance = allowance(quota)
        if let allowance {
            verdict.crossed = QuotaDefinition.thresholds.filter { $0 > told && hasReached($0, of: allowance) }
            told = verdict.crossed.last ?? told
        }
        let exhausted = allowance.map { hasReached(100, of: $0) } ?? false
        if exhausted != isExhausted {
            isExhausted = exhausted
            verdict.changesAccess = true
        }
        if case .bill(_, let unit) = quota.policy, let allowance {
            let units = Self.units(beyond: allowance, weighted: weighted, unit: unit)
            if units > billedUnits {
                verdict.units = billedUnits + 1...units
                billedUnits = units
            }
        }
        return verdict
    }

    /// Exact: nothing is divided.
    private func hasReached(_ percent: Int, of allowance: Int64) -> Bool {
        let used = weighted.multipliedFullWidth(by: 1)
        let wanted = allowance.multipliedFullWidth(by: Int64(percent))
        return (used.high, used.low) >= (wanted.high, wanted.low)
    }

    /// How many units were begun beyond the allowance.
    static func units(beyond allowance: Int64, weighted: Int64, unit: Int64) -> Int64 {
        let limit = saturated(allowance, times: 100)
        guard weighted > limit, unit > 0 else { return 0 }
        let size = saturated(unit, times: 100)
        return (weighted - limit - 1) / size + 1
    }
}

/// What a service may not do for its quotas.
package enum QuotaRestriction: Hashable, Sendable {
    case none
    /// The speeds of the plan's quota at that position.
    case throttled(position: Int, until: Timestamp)
    case blocked(until: Timestamp)

    /// What follows from all windows of a service that are open: being blocked goes before being throttled, the slowest before
    /// others, and it lasts as long as the longest of those that ask for it.
    package static func following(from uses: [(quota: QuotaDefinition, use: QuotaUse)], now: Timestamp) -> Self {
        var blocked: Timestamp?
        var slowest: (speed: Int64, position: Int, until: Timestamp)?
        for (quota, use) in uses where use.window.contains(now) || use.window.start > now {
            if use.isUnpaid { blocked = max(blocked ?? .epoch, use.window.end) }
            guard use.isExhausted else { continue }
            switch quota.policy {
            case .block: blocked = max(blocked ?? .epoch, use.window.end)
            case .throttle(let speeds):
                let speed = saturated(speeds.download, plus: speeds.upload)
                let found = (speed, quota.position, use.window.end)
                if slowest.map({ (speed, quota.position) < ($0.speed, $0.position) }) ?? true { slowest = found }
            case .tell, .bill: break
            }
        }
        if let blocked { return .blocked(until: blocked) }
        return slowest.map { .throttled(position: $0.position, until: $0.until) } ?? .none
    }
}
