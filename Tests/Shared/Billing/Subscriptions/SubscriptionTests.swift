import Billing
import Domain
import SharedTesting
import Testing

/// The life of a subscription, by examples.
@Suite(.proves("INV-12", "INV-15", "INV-18", "INV-20")) struct SubscriptionTests {
    @Test func `prepaid gives no access before the first bill is paid, and begins when it is`() throws {
        var scene = try SubscriptionScene(try SubscriptionScene.terms())
        try scene.tell(.activate)
        #expect(scene.state == .pending && scene.book.subscription.access == .none)
        try scene.tell(.time)
        #expect(try scene.effects.contains(.collect(scene.bill(1).id)))
        try scene.answer(1, paid: false)
        #expect(scene.state == .pending)
        scene.now = scene.now + .seconds(7200)
        try scene.tell(.funds)
        try scene.tell(.time)
        try scene.answer(1, paid: true)
        #expect(scene.state == .active && scene.effects.contains(.access(.granted)))
        let bill = try scene.bill(1)
        #expect(bill.status == .paid && bill.attempt == 2)
        #expect(bill.period.start == scene.now && scene.shown(bill.period.end) == "2026-02-28")
        #expect(scene.clock?.period == bill.period)
    }

    @Test func `each month has its bill, from the 31st to the 28th to the 31st`() throws {
        var scene = try SubscriptionScene.paid(try SubscriptionScene.terms())
        for (ordinal, end) in [(2, "2026-03-31"), (3, "2026-04-30"), (4, "2026-05-31")] {
            try scene.advance(to: try #require(scene.clock).period.end)
            let bill = try scene.bill(ordinal)
            #expect(try bill.period.start == (scene.bill(ordinal - 1).period.end))
            #expect(scene.shown(bill.period.end) == end && bill.dueAt == bill.period.start)
            try scene.answer(ordinal, paid: true)
            #expect(scene.state == .active)
        }
    }

    @Test(.proves("INV-16")) func `postpaid is billed at the end and due on the billing day`() throws {
        var scene = try SubscriptionScene.paid(try SubscriptionScene.terms(mode: .postpaid))
        #expect(scene.state == .active && scene.book.bills.isEmpty)
        try scene.advance(to: try #require(scene.clock).period.end)
        let bill = try scene.bill(1)
        #expect(bill.issuedAt == bill.period.end && scene.shown(bill.dueAt) == "2026-03-16")
        #expect(!scene.effects.contains(.collect(bill.id)), "not before it is due")
        try scene.advance(to: bill.dueAt)
        #expect(scene.effects.contains(.collect(bill.id)))
    }

    @Test(.proves("INV-06", "INV-13"))
    func `unpaid it is overdue, in grace for three days, then suspended; paid it goes on where it stood`() throws {
        var scene = try SubscriptionScene.paid(try SubscriptionScene.terms())
        let due = try #require(scene.clock).period.end
        try scene.advance(to: due)
        try scene.answer(2, paid: false)
        #expect(try scene.state == .grace && (scene.bill(2).status) == .overdue)
        for day in 1...2 {
            try scene.advance(to: due + SubscriptionScene.day * day)
            #expect(try scene.effects.contains(.remind(scene.bill(2).id, SubscriptionScene.day * day)))
            try scene.answer(2, paid: false)
            #expect(scene.state == .grace)
        }
        try scene.advance(to: try scene.bill(2).deadline)
        #expect(scene.state == .grace, "asked once more before anybody is suspended")
        try scene.answer(2, paid: false)
        #expect(scene.state == .suspended && scene.effects.contains(.access(.unpaid)))
        let end = try #require(scene.clock).period.end
        try scene.advance(SubscriptionScene.day * 10)
        #expect(scene.clock?.period.end == end && scene.book.bills.count == 2, "nothing is charged meanwhile")
        try scene.answer(2, paid: true)
        #expect(scene.state == .active && scene.effects.contains(.access(.granted)))
        #expect(scene.clock?.period.end == end + SubscriptionScene.day * 10)
        #expect(try scene.bill(2).period.end == scene.clock?.period.end)
    }

    @Test func `nobody is overdue while the ledger does not answer, and the same attempt is asked again`() throws {
        var scene = try SubscriptionScene.paid(try SubscriptionScene.terms())
        try scene.advance(to: try #require(scene.clock).period.end)
        for _ in 0..<20 {
            try scene.advance(SubscriptionScene.day)
            #expect(try scene.state == .active && (scene.bill(2).status) == .pending)
            #expect(try scene.effects == [.collect(scene.bill(2).id)])
            #expect(try scene.bill(2).attempt == 1)
        }
    }

    @Test func `postpaid contracts run on while suspended`() throws {
        var scene = try SubscriptionScene.paid(try SubscriptionScene.terms(mode: .postpaid))
        try scene.advance(to: try #require(scene.clock).period.end)
        try scene.advance(to: try scene.bill(1).dueAt)
        try scene.answer(1, paid: false)
        try scene.advance(to: try scene.bill(1).deadline)
        try scene.answer(1, paid: false)
        #expect(scene.state == .suspended && scene.book.subscription.stoppedAt == nil)
        try scene.advance(to: try #require(scene.clock).period.end)
        #expect(try scene.bill(2).period.start == scene.bill(1).period.end)
        try scene.tell(.funds)
        try scene.tell(.time)
        try scene.answer(1, paid: true)
        #expect(scene.state == .active, "what is not due suspends nobody")
    }

    @Test func `a promise holds the suspension off until its day, as often as the plan allows`() throws {
        var scene = try SubscriptionScene.paid(try SubscriptionScene.terms())
        let due = try #require(scene.clock).period.end
        try scene.advance(to: due)
        try scene.answer(2, paid: false)
        #expect(throws: SubscriptionRefusal.promiseOutOfRange) {
            try scene.tell(.promise(until: due + SubscriptionScene.day * 8))
        }
        try scene.advance(to: try scene.bill(2).deadline)
        try scene.answer(2, paid: false)
        #expect(scene.state == .suspended)
        let until = scene.now + SubscriptionScene.day * 5
        try scene.tell(.promise(until: until))
        #expect(scene.state == .grace && scene.effects.contains(.access(.granted)))
        #expect(throws: SubscriptionRefusal.promisesUsedUp) {
            try scene.tell(.promise(until: until + SubscriptionScene.day))
        }
        while scene.now < until {
            try scene.advance(to: try #require(scene.book.nextMoment))
            let bill = try scene.bill(2)
            if bill.isSent { try scene.answer(2, paid: false) }
        }
        #expect(scene.state == .suspended)
    }

    @Test func `a pause costs nothing: the period's end moves by as long as it lasted`() throws {
        var scene = try SubscriptionScene.paid(try SubscriptionScene.terms())
        let end = try #require(scene.clock).period.end
        try scene.advance(SubscriptionScene.day * 5)
        try scene.tell(.pause)
        #expect(scene.effects.contains(.access(.paused)))
        try scene.advance(SubscriptionScene.day * 60)
        #expect(scene.book.bills.count == 1)
        try scene.tell(.resume)
        #expect(scene.state == .active && scene.clock?.period.end == end + SubscriptionScene.day * 60)
        #expect(throws: SubscriptionRefusal.wrongState) { try scene.tell(.resume) }
    }

    @Test func `money that comes while the wallet is asked leads to another attempt`() throws {
        var scene = try SubscriptionScene.paid(try SubscriptionScene.terms())
        try scene.advance(to: try #require(scene.clock).period.end)
        try scene.tell(.funds)
        try scene.answer(2, paid: false)
        try scene.tell(.time)
        #expect(try scene.bill(2).attempt == 2 && scene.bill(2).isSent)
        // The late answer to the first says nothing.
        try scene.tell(.refused(ordinal: 2, attempt: 1))
        #expect(try scene.bill(2).isSent)
        try scene.answer(2, paid: true)
        #expect(scene.state == .active)
    }

    @Test(.proves("PLN-07")) func `a plan of so many periods ends by itself`() throws {
        let week = try #require(BillingCycle(.day, count: 7))
        var scene = try SubscriptionScene.paid(try SubscriptionScene.terms(cycle: week, periods: 1))
        try scene.advance(SubscriptionScene.day * 8)
        #expect(scene.state == .ended && scene.book.bills.count == 1 && scene.effects.contains(.access(.over)))
        #expect(scene.book.nextMoment == nil)
    }

    @Test func `reminders come once each, and after a standstill only the latest`() throws {
        var scene = try SubscriptionScene.paid(try SubscriptionScene.terms(mode: .postpaid))
        try scene.advance(to: try #require(scene.clock).period.end)
        let bill = try scene.bill(1)
        try scene.advance(to: bill.dueAt - SubscriptionScene.day * 3)
        #expect(scene.effects == [.remind(bill.id, .seconds(-3 * 86_400))])
        try scene.tell(.time)
        #expect(scene.effects.isEmpty)
        try scene.advance(to: bill.dueAt + SubscriptionScene.day * 2)
        #expect(scene.effects == [.collect(bill.id)], "not before the wallet was asked")
        try scene.answer(1, paid: false)
        #expect(scene.effects.contains(.remind(bill.id, .seconds(2 * 86_400))))
        #expect(!scene.effects.contains(.remind(bill.id, .seconds(86_400))))
    }

    @Test(.proves("INV-17")) func `a bill that was paid in cash is paid, but not while the wallet is being asked`()
        throws
    {
        var scene = try SubscriptionScene(try SubscriptionScene.terms())
        try scene.tell(.activate)
        try scene.tell(.time)
        #expect(throws: SubscriptionRefusal.collecting) { try scene.tell(.settled(ordinal: 1)) }
        try scene.answer(1, paid: false)
        try scene.tell(.settled(ordinal: 1))
        #expect(try scene.state == .active && (scene.bill(1).paidAt) == scene.now)
        #expect(throws: SubscriptionRefusal.notOwed) { try scene.tell(.settled(ordinal: 1)) }
    }
}
