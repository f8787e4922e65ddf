import Billing
import Domain
import SharedTesting
import Testing

/// What holds of every subscription, whatever happens in whatever order.
@Suite(.proves("INV-12", "INV-13", "INV-15", "INV-20")) struct SubscriptionPropertyTests {
    private static func terms(_ mode: PlanTerms.Mode) throws -> [PlanTerms] {
        let cycles: [BillingCycle] = [.monthly, .daily, try #require(BillingCycle(.day, count: 7)), .yearly]
        return try cycles.enumerated().map { index, cycle in
            try SubscriptionScene.terms("\(10 + 7 * index).99", plan: index + 1, cycle: cycle, mode: mode)
        }
    }

    @Test func `no gap, no overlap, one bill a period, no second charge, no credit lost, in 14 months of anything`()
        throws
    {
        var random = SeededRandom()
        for case_ in 0..<120 {
            let mode: PlanTerms.Mode = case_ % 2 == 0 ? .prepaid : .postpaid
            let terms = try Self.terms(mode)
            let zone = BillingCalendarTests.zones[case_ % BillingCalendarTests.zones.count]
            var world = try SubscriptionWorld(terms[case_ / 2 % terms.count], zone: zone, losses: case_ % 4)
            let end = SubscriptionScene.start + SubscriptionScene.day * 430
            while world.scene.now < end {
                if Int.random(in: 0..<3, using: &random) == 0 {
                    world.wallet += Int64.random(in: 0...600_000, using: &random)
                    try world.tell(.funds)
                }
                try world.round(&random)
                if Int.random(in: 0..<4, using: &random) == 0 { try world.request(terms, &random) }
                try world.check()
                world.scene.now = Self.next(world.scene, &random)
            }
        }
    }

    /// The next moment that matters, or late by up to three weeks.
    private static func next(_ scene: SubscriptionScene, _ random: inout SeededRandom) -> Timestamp {
        let late = Int.random(in: 0..<5, using: &random) == 0
        let some = scene.now + .seconds(Int64.random(in: 1...(late ? 1_800_000 : 90_000), using: &random))
        guard !late, let moment = scene.book.nextMoment, moment > scene.now else { return some }
        return Int.random(in: 0..<2, using: &random) == 0 ? max(moment, scene.now + .seconds(1)) : some
    }

    @Test func `a worker that comes late by months decides what a prompt one does`() throws {
        var random = SeededRandom()
        for case_ in 0..<100 {
            let mode: PlanTerms.Mode = case_ % 2 == 0 ? .prepaid : .postpaid
            let terms = try Self.terms(mode)[case_ / 2 % 4]
            let zone = BillingCalendarTests.zones[case_ % BillingCalendarTests.zones.count]
            var prompt = try SubscriptionScene(terms, zone: zone)
            try prompt.tell(.activate)
            if mode == .prepaid { try prompt.tell(.settled(ordinal: 1)) }
            var late = prompt
            let end = SubscriptionScene.start + SubscriptionScene.day * Int64.random(in: 30...420, using: &random)
            while prompt.now < end {
                try prompt.advance(to: min(end, try #require(prompt.clock).period.end))
            }
            try late.advance(to: end)
            #expect(prompt.clock == late.clock && prompt.state == late.state)
            #expect(prompt.book.bills.map(Issued.init) == late.book.bills.map(Issued.init))
        }
    }

    @Test func `lowered in grace, a bill is asked for in that second, and if in vain all is as it was`() throws {
        var random = SeededRandom()
        var asked = 0
        for _ in 0..<150 {
            let plans = try Self.terms(.prepaid)
            var scene = try SubscriptionScene.paid(plans[[0, 2, 3].randomElement(using: &random) ?? 0])
            try scene.advance(to: try #require(scene.clock).period.end)
            try scene.answer(2, paid: false)
            let moment = scene.now + .seconds(Int64.random(in: 1..<3 * 86_400, using: &random))
            while let next = scene.book.nextMoment, next <= moment {
                try scene.advance(to: next)
                if try scene.bill(2).isSent { try scene.answer(2, paid: false) }
            }
            scene.now = moment
            let before = try scene.bill(2)
            let plan = plans.randomElement(using: &random) ?? plans[0]
            try scene.tell(Bool.random(using: &random) ? .cancel(.now) : .change(plan, .now))
            let bill = try scene.bill(2)
            guard bill.isOpen, bill.amount != before.amount else { continue }
            asked += 1
            #expect(bill.nextAttemptAt == moment && bill.attempt == before.attempt && !bill.isSent)
            try scene.tell(.time)
            #expect(scene.effects.contains(.collect(bill.id)))
            #expect(try scene.bill(2).attempt == before.attempt + 1)
            let isEnough = Bool.random(using: &random)
            try scene.answer(2, paid: isEnough)
            #expect(scene.state != .suspended)
            #expect(try (scene.bill(2).status == .paid) == isEnough)
            #expect(try scene.bill(2).nextAttemptAt == (isEnough ? nil : before.nextAttemptAt))
            #expect(try scene.bill(2).deadline == before.deadline)
        }
        #expect(asked > 100)
    }

    /// What a bill is issued as.
    private struct Issued: Equatable {
        let ordinal: Int
        let period: BillingPeriod
        let price, amount: Money
        let issuedAt, dueAt, deadline: Timestamp

        init(_ bill: Bill) {
            (ordinal, period, price, amount) = (bill.ordinal, bill.period, bill.price, bill.amount)
            (issuedAt, dueAt, deadline) = (bill.issuedAt, bill.dueAt, bill.deadline)
        }
    }

    /// The oracle goes through the period second by second and counts those in which the service was there.
    @Test func `what is credited is the seconds that were left, to the cent, whatever was paused`() throws {
        var random = SeededRandom()
        for _ in 0..<120 {
            let price = try Money(tenThousandths: Int64.random(in: 1...99_999, using: &random) * 100, currency: .euro)
            let terms = PlanTerms(
                version: SubscriptionScene.id(1),
                planID: SubscriptionScene.id(1),
                price: price,
                cycle: .hourly,
                mode: .prepaid
            )
            var scene = try SubscriptionScene.paid(terms)
            var served: Int64 = 0
            let wanted = Int64.random(in: 0..<3600, using: &random)
            while served < wanted || scene.state == .paused {
                switch Int.random(in: 0..<400, using: &random) {
                case 0 where scene.state == .active: try scene.tell(.pause)
                case 1...40 where scene.state == .paused: try scene.tell(.resume)
                default: break
                }
                if scene.state == .active, served >= wanted { break }
                scene.now = scene.now + .seconds(1)
                if scene.state == .active { served += 1 }
            }
            let quote = try scene.book.quote(terms, at: scene.now, facts: scene.facts)
            let exact = Int128(price.tenThousandths) * Int128(served)
            #expect((Int128(quote.used.tenThousandths) * 3600 - exact).magnitude <= 3600 * 100)
            #expect(try quote.used.adding(quote.rest) == price && quote.credit == quote.rest)
        }
    }
}
