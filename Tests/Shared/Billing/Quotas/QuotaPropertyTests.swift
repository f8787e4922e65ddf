import Billing
import Domain
import SharedTesting
import Testing

/// Counters against a naive count, over many zones, spans, orders and parts.
@Suite(.proves("FUP-01", "FUP-03", "FUP-11", "FUP-15")) struct QuotaPropertyTests {
    private struct Delta {
        let amount: Int64
        let at: Timestamp
    }

    private static let zones = [
        "Europe/Rome", "America/Sao_Paulo", "Asia/Beirut", "Pacific/Apia", "Australia/Lord_Howe", "UTC",
    ]

    private func forManySeeds(
        _ property: String,
        _ body: (inout SeededRandom, TimeZoneRules) throws -> [String]
    ) throws {
        let zones = try Self.zones.map { $0 == "UTC" ? TimeZoneRules.utc : try QuotaSample.zone($0) }
        var seeds = SeededRandom(property)
        for number in 0..<120 {
            var random = SeededRandom(seed: seeds.next())
            let seed = random.seed
            let wrong = try body(&random, zones[number % zones.count])
            guard wrong.isEmpty else {
                Issue.record("\(property), seed \(seed): \(wrong.prefix(5))")
                return
            }
        }
    }

    /// Around a change of the clocks in most zones: a month from a random day of 2026 or 2011 (when Apia skipped a day).
    private func deltas(_ random: inout SeededRandom) -> [Delta] {
        let year = Bool.random(using: &random) ? 2026 : 2011
        let first = CivilDate(year: year, month: Int.random(in: 1...12, using: &random), day: 1)?.start ?? .epoch
        return (0..<Int.random(in: 1...60, using: &random)).map { _ in
            let step = Int64.random(in: 0..<40 * Timestamp.microsecondsPerDay, using: &random)
            return Delta(amount: .random(in: 0...400, using: &random), at: first.adding(microseconds: step))
        }
    }

    private func quota(_ random: inout SeededRandom) -> QuotaDefinition {
        let hours = (0..<Int.random(in: 0...3, using: &random)).map { _ in
            QuotaHours(
                days: Weekdays(rawValue: .random(in: 1...127, using: &random)),
                start: .random(in: 0...1439, using: &random),
                end: .random(in: 0...1439, using: &random),
                percent: [0, 33, 50, 200].randomElement(using: &random) ?? 0
            )
        }
        let span = QuotaSpan.allCases.randomElement(using: &random) ?? .month
        return QuotaSample.quota(.random(in: 1...5000, using: &random), span, policy: .block, hours: hours)
    }

    @Test func `windows are without gaps, and begin on the day that their span says`() throws {
        try forManySeeds("windows") { random, zone in
            let span = QuotaSpan.allCases.randomElement(using: &random) ?? .month
            let day = Int.random(in: 1...31, using: &random)
            let anchor = try #require(CivilDate(year: 2026, month: 1, day: day))
            let calendar = QuotaCalendar(zone: zone, anchor: anchor)
            var wrong: [String] = []
            for delta in deltas(&random) {
                let window = calendar.window(span, at: delta.at)
                if !window.contains(delta.at) { wrong.append("\(delta.at) is not in \(window)") }
                if calendar.window(span, at: window.start) != window { wrong.append("\(window) differs at its start") }
                let next = calendar.window(span, at: window.end)
                if next.start != window.end { wrong.append("a gap behind \(window)") }
                let last = calendar.window(span, at: window.end.adding(microseconds: -1))
                if last != window { wrong.append("\(window) differs at its end") }
                let local = zone.local(window.start)
                let first = CivilDate(daysSince1970: local.day)
                let expected =
                    switch span {
                    case .day: true
                    case .week: Weekdays.day(local.day) == Weekdays(rawValue: 1)
                    case .month: first.components.day == 1
                    case .period:
                        first.components.day
                            == min(day, CivilDate.length(ofMonth: first.components.month, in: first.components.year))
                    }
                // Where a day is skipped as a whole, as Apia did, the window begins with the day after it.
                if !expected,
                    local.minute != 0 || zone.local(window.start.adding(microseconds: -1)).day == local.day - 1
                {
                    wrong.append("\(span) begins on \(first)")
                }
            }
            return wrong
        }
    }

    @Test func `every octet counts once in its window, in any order and any parts`() throws {
        try forManySeeds("octets") { random, zone in
            let quota = quota(&random)
            let deltas = deltas(&random)
            // Nothing is over yet: each window is open to the end.
            let now = Timestamp.epoch
            var counter = try QuotaSample.counter(quota, zone, day: 31)
            var told: [Timestamp: [Int]] = [:]
            for delta in deltas.shuffled(using: &random) {
                var rest = delta.amount
                while rest > 0 {
                    let part = Int64.random(in: 1...rest, using: &random)
                    rest -= part
                    for crossing in counter.add(part, at: delta.at, now: now) {
                        told[crossing.window.start, default: []].append(crossing.threshold)
                    }
                }
            }
            var naive: [Timestamp: Int64] = [:]
            for delta in deltas {
                let start = counter.calendar.window(quota.span, at: delta.at).start
                let local = zone.local(delta.at)
                let percent = quota.hours.first { hours in
                    (0..<1440).contains { minute in
                        let length = hours.end > hours.start ? hours.end - hours.start : hours.end - hours.start + 1440
                        guard minute < length else { return false }
                        let at = hours.start + minute
                        return at % 1440 == local.minute && hours.days.contains(.day(local.day - at / 1440))
                    }
                }?.percent
                naive[start, default: 0] += delta.amount * Int64(percent ?? 100)
            }
            var wrong: [String] = []
            for (start, weighted) in naive where weighted > 0 {
                let use = counter.uses[start]
                if use?.weighted != weighted { wrong.append("\(use?.weighted ?? 0) instead of \(weighted)") }
                let due = [80, 95, 100].filter { Int64($0) * quota.allowance <= weighted }
                if told[start] ?? [] != due { wrong.append("told \(told[start] ?? []) instead of \(due)") }
                if use?.isExhausted != (weighted >= 100 * quota.allowance) { wrong.append("exhausted at \(weighted)") }
            }
            let total = counter.uses.values.reduce(0) { $0 + $1.weighted }
            if total != naive.values.reduce(0, +) { wrong.append("\(total) in all") }
            return wrong
        }
    }

    @Test func `units of overage are charged once each, whatever the parts, and access comes back with each window`()
        throws
    {
        try forManySeeds("overage") { random, zone in
            var quota = quota(&random)
            let unit = Int64.random(in: 1...300, using: &random)
            let deltas = deltas(&random)
            let calendar = try QuotaSample.counter(quota, zone).calendar
            var wrong: [String] = []
            let window = calendar.window(quota.span, at: deltas[0].at)
            var use = QuotaUse(window: window)
            quota.policy = .bill(price: try Money("1", currency: .euro), unit: unit)
            var charged: [Int64] = []
            for delta in deltas.shuffled(using: &random) {
                use.add(delta.amount, percent: 100)
                if let units = use.judge(quota, now: window.start).units { charged += Array(units) }
            }
            let beyond = max(0, deltas.reduce(0) { $0 + $1.amount } - quota.allowance)
            let expected = (beyond + unit - 1) / unit
            if charged != (expected == 0 ? [] : Array(1...expected)) { wrong.append("\(charged.count) of \(expected)") }
            if use.judge(quota, now: window.start) != QuotaVerdict() { wrong.append("judged twice") }
            quota.policy = .block
            let blocked = QuotaRestriction.following(from: [(quota, use)], now: window.end.adding(microseconds: -1))
            if blocked != (use.isExhausted ? .blocked(until: window.end) : .none) { wrong.append("\(blocked)") }
            if QuotaRestriction.following(from: [(quota, use)], now: window.end) != .none {
                wrong.append("not restored")
            }
            return wrong
        }
    }
}
