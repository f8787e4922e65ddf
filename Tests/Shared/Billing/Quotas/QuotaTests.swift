import Billing
import Domain
import SharedTesting
import Testing

@Suite(.proves("FUP-01", "FUP-03", "FUP-11")) struct QuotaTests {
    private func time(_ text: String) throws -> Timestamp { try QuotaSample.time(text) }

    @Test func `each threshold is told once, the cap restricts, and the window's end restores`() throws {
        var counter = try QuotaSample.counter(QuotaSample.quota(1000))
        let now = try time("2026-11-20T10:00:00Z")
        let end = try time("2026-12-01T00:00:00Z")
        #expect(counter.add(799, at: now, now: now).isEmpty)
        #expect(counter.add(1, at: now, now: now).map(\.threshold) == [80])
        #expect(counter.add(100, at: now, now: now).isEmpty)
        #expect(counter.restriction(at: now) == .none)
        #expect(counter.add(150, at: now, now: now).map(\.threshold) == [95, 100])
        #expect(counter.restriction(at: now) == .throttled(position: 1, until: end))
        #expect(counter.add(5000, at: now, now: now).isEmpty)
        #expect(counter.restriction(at: end.adding(microseconds: -1)) == .throttled(position: 1, until: end))
        #expect(counter.restriction(at: end) == .none)
        #expect(counter.add(800, at: end, now: end).map(\.threshold) == [80])
    }

    @Test func `what comes late counts in its own window, and does nothing there once that is over`() throws {
        var counter = try QuotaSample.counter(QuotaSample.quota(1000, .day, policy: .block))
        let evening = try time("2026-11-20T23:59:59Z")
        let midnight = try time("2026-11-21T00:00:00Z")
        #expect(counter.add(1000, at: evening, now: midnight).isEmpty)
        #expect(counter.uses[try time("2026-11-20T00:00:00Z")]?.used == 1000)
        #expect(counter.uses[midnight] == nil)
        #expect(counter.restriction(at: midnight) == .none)
        // Before the clock has passed the end it does.
        var prompt = try QuotaSample.counter(QuotaSample.quota(1000, .day, policy: .block))
        #expect(prompt.add(1000, at: evening, now: evening).map(\.threshold) == [80, 95, 100])
        #expect(prompt.restriction(at: evening) == .blocked(until: midnight))
    }

    @Test(.proves("FUP-15")) func `no limit is told of nothing and restricts nothing`() throws {
        for policy in [QuotaPolicy.block, .throttle(QuotaSample.slow), .bill(price: try euro("1"), unit: 1)] {
            var counter = try QuotaSample.counter(QuotaSample.quota(QuotaDefinition.unlimited, policy: policy))
            #expect(counter.add(.max, at: .epoch, now: .epoch).isEmpty)
            #expect(counter.add(.max, at: .epoch, now: .epoch).isEmpty)
            #expect(counter.restriction(at: .epoch) == .none)
            #expect(counter.uses[.epoch]?.billedUnits == 0)
        }
    }

    @Test(.proves("FUP-02")) func `free hours count nothing, others their percent, by the tenant's clocks`() throws {
        let nights = QuotaHours(days: .all, start: 23 * 60, end: 6 * 60, percent: 0)
        let lunch = QuotaHours(days: .all, start: 12 * 60, end: 13 * 60, percent: 50)
        let quota = QuotaSample.quota(1000, .month, hours: [nights, lunch])
        var counter = try QuotaSample.counter(quota, try QuotaSample.zone("Europe/Rome"))
        let now = try time("2026-11-20T10:00:00Z")
        // 22:30 and 05:59 UTC are 23:30 and 06:59 in Rome; 11:15 is 12:15.
        for (text, used) in [
            ("2026-11-19T22:30:00Z", Int64(0)), ("2026-11-20T04:59:59Z", 0), ("2026-11-20T05:00:00Z", 101),
            ("2026-11-20T11:15:00Z", 50),
        ] {
            let before = counter.uses.values.reduce(0) { $0 + $1.weighted }
            _ = counter.add(101, at: try time(text), now: now)
            let after = counter.uses.values.reduce(0) { $0 + $1.weighted }
            #expect((after - before) / 100 == used, "\(text)")
        }
    }

    @Test(.proves("FUP-11")) func `each unit that is begun beyond the allowance is charged once`() throws {
        let quota = QuotaSample.quota(1000, policy: .bill(price: try euro("0.5"), unit: 100))
        var use = QuotaUse(window: QuotaWindow(start: .epoch, end: .epoch + .seconds(10)))
        var told: [ClosedRange<Int64>?] = []
        for amount in [Int64(1000), 1, 98, 1, 1, 250] {
            use.add(amount, percent: 100)
            told.append(use.judge(quota, now: .epoch).units)
        }
        #expect(told == [nil, 1...1, nil, nil, 2...2, 3...4])
        #expect(use.isExhausted && QuotaRestriction.following(from: [(quota, use)], now: .epoch) == .none)
        use.isUnpaid = true
        #expect(
            QuotaRestriction.following(from: [(quota, use)], now: .epoch) == .blocked(until: use.window.end)
        )
    }

    @Test func `a top-up extends the window, frees the service, and tells nothing twice`() throws {
        var counter = try QuotaSample.counter(QuotaSample.quota(1000, policy: .block))
        let now = try time("2026-11-20T10:00:00Z")
        #expect(counter.add(1100, at: now, now: now).count == 3)
        #expect(counter.topUp(1000, now: now).isEmpty)
        #expect(counter.restriction(at: now) == .none)
        #expect(counter.add(899, at: now, now: now).isEmpty)
        #expect(counter.restriction(at: now) == .none)
        #expect(counter.add(1, at: now, now: now).isEmpty)
        #expect(counter.restriction(at: now) == .blocked(until: try time("2026-12-01T00:00:00Z")))
    }

    @Test func `of several quotas blocking goes first, then the slowest speed`() {
        func used(_ policy: QuotaPolicy, _ position: Int, seconds: Int) -> (quota: QuotaDefinition, use: QuotaUse) {
            var quota = QuotaSample.quota(1, policy: policy)
            quota.position = position
            let window = QuotaWindow(start: .epoch, end: .epoch + .seconds(seconds))
            return (quota, QuotaUse(window: window, isExhausted: true))
        }
        let fast = used(.throttle(SpeedPair(download: 9, upload: 9)), 1, seconds: 50)
        let slow = used(.throttle(SpeedPair(download: 3, upload: 3)), 2, seconds: 20)
        let block = used(.block, 3, seconds: 10)
        let longer = used(.block, 4, seconds: 15)
        #expect(
            QuotaRestriction.following(from: [fast, slow], now: .epoch)
                == .throttled(position: 2, until: .epoch + .seconds(20))
        )
        #expect(
            QuotaRestriction.following(from: [block, slow, longer], now: .epoch)
                == .blocked(until: .epoch + .seconds(15))
        )
        #expect(
            QuotaRestriction.following(from: [fast, slow, block], now: .epoch + .seconds(20))
                == .throttled(position: 1, until: .epoch + .seconds(50))
        )
        #expect(QuotaRestriction.following(from: [used(.tell, 1, seconds: 9)], now: .epoch) == .none)
    }

    @Test func `what a plan's quota may be is checked`() throws {
        try QuotaSample.quota(1).validateNamed()
        for wrong in [
            QuotaSample.quota(0), QuotaSample.quota(-2),
            QuotaSample.quota(1, policy: .throttle(SpeedPair(download: 0, upload: 1))),
            QuotaSample.quota(1, policy: .bill(price: .zero(.euro), unit: 1)),
            QuotaSample.quota(1, hours: [QuotaHours(days: [], start: 0, end: 0, percent: 0)]),
            QuotaSample.quota(1, hours: [QuotaHours(days: .all, start: 0, end: 0, percent: 1001)]),
        ] {
            #expect(throws: ValidationError.self) { try wrong.validateNamed() }
        }
    }

    private func euro(_ text: String) throws -> Money { try Money(text, currency: .euro) }
}

extension QuotaDefinition {
    fileprivate func validateNamed() throws(ValidationError) {
        var named = self
        named.name = "Fair use"
        try named.validate()
    }
}
