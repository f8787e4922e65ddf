import Synchronization

/// The limits as one process keeps them, for as long as Redis is away: never open, never shut. Bounded: where more subjects come
/// than it can hold, those not heard of longest are forgotten.
package final class LocalLimiter: Sendable {
    private struct Count {
        /// Of a window: the moments, oldest first. Of a bucket: none.
        var moments: [Int64] = []
        var left: Double = 0
        var at: Int64 = 0
    }

    private let mostSubjects: Int
    private let counts = Mutex<[RateRule: Count]>([:])

    package init(mostSubjects: Int = 20_000) {
        self.mostSubjects = mostSubjects
    }

    /// Counts a request at `now`, in microseconds, if every rule allows it.
    package func take(_ rules: [RateRule], at now: Int64) -> RateVerdict {
        counts.withLock { counts in
            var standings: [RateStanding] = []
            var updated: [Count] = []
            for rule in rules {
                let (count, left, reset) = Self.look(counts[rule.counted], rule, now)
                updated.append(count)
                standings.append(
                    RateStanding(rule: rule, remaining: max(0, Int(left)), resetMilliseconds: max(1, reset))
                )
            }
            let refused = standings.filter { $0.remaining < 1 }
            guard refused.isEmpty else {
                return RateVerdict(
                    standings: standings,
                    refusedBy: refused.max { $0.resetMilliseconds < $1.resetMilliseconds }
                )
            }
            for (rule, count) in zip(rules, updated) where rule.isCounted {
                counts[rule] = Self.taken(count, rule, now)
            }
            if counts.count > mostSubjects { Self.forget(&counts, mostSubjects * 3 / 4) }
            return RateVerdict(
                standings: standings.map {
                    RateStanding(
                        rule: $0.rule,
                        remaining: $0.remaining - ($0.rule.isCounted ? 1 : 0),
                        resetMilliseconds: $0.resetMilliseconds
                    )
                },
                refusedBy: nil
            )
        }
    }

    private static func look(_ known: Count?, _ rule: RateRule, _ now: Int64) -> (Count, left: Double, reset: Int) {
        var count = known ?? Count()
        switch rule.kind {
        case .window(let limit, let seconds), .watch(let limit, let seconds):
            let span = Int64(seconds) * 1_000_000
            count.moments.removeAll { $0 <= now - span }
            let left = limit - count.moments.count
            let waited = left <= 0 ? count.moments[count.moments.count - limit] : count.moments.first
            return (count, Double(left), Int(((waited ?? now) + span - now + 999) / 1_000))
        case .bucket(let capacity, let perSecond):
            if known == nil { (count.left, count.at) = (Double(capacity), now) }
            let refilled = Double(max(0, now - count.at)) * Double(perSecond) / 1_000_000
            count.left = min(Double(capacity), count.left + refilled)
            count.at = now
            let missing = count.left >= 1 ? Double(capacity) - count.left : 1 - count.left
            return (count, count.left, Int((missing * 1_000 / Double(max(1, perSecond))).rounded(.up)))
        }
    }

    private static func taken(_ count: Count, _ rule: RateRule, _ now: Int64) -> Count {
        var count = count
        count.at = now
        if case .window = rule.kind { count.moments.append(now) } else { count.left -= 1 }
        return count
    }

    private static func forget(_ counts: inout [RateRule: Count], _ kept: Int) {
        let oldest = counts.sorted { $0.value.at < $1.value.at }.prefix(counts.count - kept)
        for (rule, _) in oldest { counts[rule] = nil }
    }
}
