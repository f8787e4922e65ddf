package import Domain

extension QuotaMark {
    /// What a window holds of a quota, for whoever bounds sessions by it.
    package init(_ quota: QuotaDefinition, _ use: QuotaUse) {
        let (used, overflow) = use.used.subtractingReportingOverflow(use.bonus)
        self.init(
            key: QuotaCap.key(quota.id.value),
            used: overflow ? .min : used,
            until: use.window.end.microseconds / 1_000_000
        )
    }
}

extension QuotaDefinition {
    /// Whether sessions are bounded by what is left of it: where it slows down or keeps out, and has a limit.
    package var boundsSessions: Bool {
        guard allowance > 0 else { return false }
        switch policy {
        case .throttle, .block: return true
        case .tell, .bill: return false
        }
    }

    /// By how much use has to differ from what was told to be told again: a hundredth of the allowance.
    var markStep: Int64 { max(1, allowance / 100) }
}

/// What of a service's use is told to those who answer logins: seldom enough that they are not flooded, and so often that what they
/// know is never older than a hundredth of an allowance.
package enum QuotaHeadroom {
    /// The service's marks as they are to be told anew, in the order of their keys; nil where what was told is near enough. Windows that
    /// are over are left out then. `uses` are windows of the service as they stand now; of others what was told stays.
    package static func marks(
        told: [QuotaMark],
        uses: [(quota: QuotaDefinition, use: QuotaUse)],
        now: Timestamp
    ) -> [QuotaMark]? {
        var marks = told.filter { $0.holds(at: now) }
        var changes = false
        for (quota, use) in uses where quota.boundsSessions && use.window.contains(now) {
            let mark = QuotaMark(quota, use)
            let place = marks.firstIndex { $0.key == mark.key }
            guard isWorthTelling(mark, after: place.map { marks[$0].used } ?? 0, quota) else { continue }
            changes = true
            if let place { marks[place] = mark } else { marks.append(mark) }
        }
        return changes ? marks.sorted { $0.key < $1.key } : nil
    }

    private static func isWorthTelling(_ mark: QuotaMark, after told: Int64, _ quota: QuotaDefinition) -> Bool {
        let (difference, overflow) = mark.used.subtractingReportingOverflow(told)
        let isGone = mark.used >= quota.allowance
        return overflow || difference.magnitude >= UInt64(quota.markStep) || isGone != (told >= quota.allowance)
    }
}
