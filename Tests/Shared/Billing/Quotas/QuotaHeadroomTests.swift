import Billing
import Domain
import SharedTesting
import Testing

/// What of use is told to those who answer logins.
@Suite(.proves("FUP-01", "FUP-03")) struct QuotaHeadroomTests {
    @Test func `what was told is never a hundredth of an allowance behind, and is told a hundred times at most`() throws
    {
        var random = SeededRandom()
        let calendar = try QuotaSample.counter(QuotaSample.quota(1)).calendar
        let now = try QuotaSample.time("2026-03-10T12:00:00Z")
        for _ in 0..<300 {
            let allowance = Int64.random(in: 1...(Int64(1) << Int64.random(in: 0...45, using: &random)), using: &random)
            let quota = QuotaSample.quota(
                allowance,
                policy: Bool.random(using: &random) ? .block : .throttle(QuotaSample.slow)
            )
            var use = QuotaUse(window: calendar.window(quota.span, at: now))
            var (told, tellings) = ([QuotaMark](), 0)
            let most = max(1, allowance / ([7, 100, 700].randomElement(using: &random) ?? 7))
            while use.used < allowance {
                use.add(.random(in: 1...most, using: &random), percent: 100)
                if let marks = QuotaHeadroom.marks(told: told, uses: [(quota: quota, use: use)], now: now) {
                    (told, tellings) = (marks, tellings + 1)
                }
                let known = told.first?.left(of: allowance) ?? allowance
                let left = use.left(quota) ?? 0
                #expect(known - left < max(1, allowance / 100) && known >= left, "\(allowance), \(use.used) used")
                // That nothing is left is known at once.
                #expect((known == 0) == (left == 0), "\(allowance), \(use.used) used")
            }
            #expect(tellings <= allowance / max(1, allowance / 100) + 1, "\(allowance)")
            // More was bought.
            use.bonus = allowance
            let marks = try #require(QuotaHeadroom.marks(told: told, uses: [(quota: quota, use: use)], now: now))
            #expect(marks.first?.left(of: allowance) == use.left(quota))
        }
    }

    @Test func `only open windows of quotas that slow down or keep out are told, and those that are over are let go`()
        throws
    {
        let now = try QuotaSample.time("2026-03-10T12:00:00Z")
        let calendar = try QuotaSample.counter(QuotaSample.quota(1)).calendar
        let window = calendar.window(.month, at: now)
        let spent = QuotaUse(window: window, weighted: 90_000)
        for policy in [
            QuotaPolicy.tell, .bill(price: try Money(tenThousandths: 1, currency: Currency("EUR")), unit: 1),
        ] {
            let quota = QuotaSample.quota(1000, policy: policy)
            #expect(QuotaHeadroom.marks(told: [], uses: [(quota: quota, use: spent)], now: now) == nil)
        }
        let quota = QuotaSample.quota(1000, policy: .block)
        let unlimited = QuotaSample.quota(QuotaDefinition.unlimited, policy: .block)
        #expect(QuotaHeadroom.marks(told: [], uses: [(quota: unlimited, use: spent)], now: now) == nil)
        let late = QuotaUse(
            window: calendar.window(.month, at: window.start.adding(microseconds: -1)),
            weighted: 90_000
        )
        #expect(QuotaHeadroom.marks(told: [], uses: [(quota: quota, use: late)], now: now) == nil)
        let over = QuotaMark(key: 5, used: 3, until: window.start.microseconds / 1_000_000)
        let other = QuotaMark(key: 6, used: 3, until: window.end.microseconds / 1_000_000)
        let mark = QuotaMark(quota, spent)
        #expect(mark.used == 900 && mark.until == window.end.microseconds / 1_000_000)
        let told = QuotaHeadroom.marks(told: [over, other], uses: [(quota: quota, use: spent)], now: now)
        #expect(told == [other, mark].sorted { $0.key < $1.key })
    }
}
