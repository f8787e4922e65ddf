import Billing
import Domain
import SharedTesting
import Testing

/// Changes of plan and cancellations: who owes what.
@Suite(.proves("INV-12")) struct PlanChangeTests {
    /// Thirty days for 30 euros: a euro a day.
    private func thirtyDays(_ price: String = "30", plan: Int = 1, mode: PlanTerms.Mode = .prepaid) throws -> PlanTerms
    {
        let cycle = try #require(BillingCycle(.day, count: 30))
        return try SubscriptionScene.terms(price, plan: plan, cycle: cycle, mode: mode)
    }

    @Test func `changed now, the unused rest pays for the new plan, as the quote said`() throws {
        var scene = try SubscriptionScene.paid(try thirtyDays())
        try scene.advance(SubscriptionScene.day * 10)
        let dearer = try thirtyDays("60", plan: 2)
        let quote = try scene.book.quote(dearer, at: scene.now, facts: scene.facts)
        #expect(try quote.used == (scene.euro("10")) && quote.rest == (scene.euro("20")))
        #expect(try quote.credit == (scene.euro("20")) && quote.dueNow == (scene.euro("40")))
        try scene.tell(.change(dearer, .now))
        let bill = try scene.bill(2)
        #expect(bill.amount == quote.dueNow && bill.credit == quote.credit && bill.period == quote.period)
        #expect(try bill.period.start == scene.now && (scene.bill(1).period.end) == scene.now)
        #expect(try scene.bill(1).credited == scene.euro("20"))
        #expect(scene.effects.contains(.plan(SubscriptionScene.id(2))))
    }

    @Test func `credit beyond the new price is kept for the next bill`() throws {
        var scene = try SubscriptionScene.paid(try thirtyDays("300"))
        try scene.advance(SubscriptionScene.day * 10)
        try scene.tell(.change(try thirtyDays("150", plan: 2), .now))
        #expect(try scene.bill(2).status == .paid && scene.bill(2).amount == scene.euro("0"))
        #expect(try scene.book.subscription.credit == (scene.euro("50")))
        try scene.advance(to: try #require(scene.clock).period.end)
        #expect(try scene.bill(3).amount == scene.euro("100"))
    }

    @Test func `a bill that was not paid becomes that of the part that was used`() throws {
        var scene = try SubscriptionScene.paid(try thirtyDays())
        try scene.advance(SubscriptionScene.day * 30)
        try scene.answer(2, paid: false)
        try scene.advance(SubscriptionScene.day)
        #expect(throws: SubscriptionRefusal.collecting) { try scene.tell(.cancel(.now)) }
        try scene.answer(2, paid: false)
        try scene.tell(.cancel(.now))
        #expect(try scene.state == .cancelled && (scene.bill(2).amount) == (scene.euro("1")))
        #expect(try scene.bill(2).isOpen && scene.bill(2).period.end == scene.now)
        // It is still collected.
        try scene.tell(.funds)
        try scene.tell(.time)
        try scene.answer(2, paid: true)
        #expect(try scene.bill(2).status == .paid)
    }

    @Test func `a bill that is lowered in grace is asked for at once, and in vain only once`() throws {
        var scene = try SubscriptionScene.paid(try thirtyDays())
        try scene.advance(SubscriptionScene.day * 30)
        try scene.answer(2, paid: false)
        let daily = try #require(try scene.bill(2).nextAttemptAt)
        scene.now = scene.now + .seconds(43_200)
        // What is to be at the period's end lowers nothing.
        try scene.tell(.change(try thirtyDays("10", plan: 2), .periodEnd))
        #expect(try scene.bill(2).nextAttemptAt == daily)
        try scene.tell(.change(try thirtyDays("10", plan: 2), .now))
        #expect(try scene.state == .grace && scene.bill(2).amount == scene.euro("0.50"))
        #expect(try scene.book.nextMoment == scene.now && scene.bill(2).attempt == 1)
        try scene.tell(.time)
        #expect(try scene.bill(2).attempt == 2 && scene.effects.contains(.collect(scene.bill(2).id)))
        try scene.tell(.time)
        #expect(scene.effects.isEmpty)
        try scene.answer(2, paid: false)
        #expect(try scene.state == .grace && scene.bill(2).nextAttemptAt == daily)
        #expect(try scene.bill(2).deadline == scene.bill(2).dueAt + SubscriptionScene.day * 3)
    }

    @Test func `a bill of which nothing is left is asked for no more`() throws {
        var scene = try SubscriptionScene.paid(try thirtyDays())
        try scene.advance(SubscriptionScene.day * 30)
        try scene.answer(2, paid: false)
        try scene.tell(.change(try thirtyDays("10", plan: 2), .now))
        #expect(try scene.bill(2).status == .void && scene.bill(2).nextAttemptAt == nil && scene.state == .active)
        try scene.tell(.time)
        #expect(try scene.effects.contains(.collect(scene.bill(3).id)))
        #expect(try !scene.effects.contains(.collect(scene.bill(2).id)))
    }

    @Test func `postpaid, what was used is billed`() throws {
        var scene = try SubscriptionScene.paid(try thirtyDays(mode: .postpaid))
        try scene.advance(SubscriptionScene.day * 7)
        try scene.tell(.change(try thirtyDays("60", plan: 2, mode: .postpaid), .now))
        #expect(try scene.bill(1).amount == scene.euro("7"))
        try scene.advance(SubscriptionScene.day * 3)
        try scene.tell(.cancel(.now))
        #expect(try scene.bill(2).amount == scene.euro("6"))
    }

    @Test func `at the period's end it is changed or cancelled then, unless that is taken back`() throws {
        var scene = try SubscriptionScene.paid(try thirtyDays())
        let end = try #require(scene.clock).period.end
        try scene.tell(.cancel(.periodEnd))
        try scene.tell(.keep)
        try scene.tell(.change(try thirtyDays("60", plan: 2), .periodEnd))
        #expect(scene.state == .active && scene.effects.isEmpty)
        try scene.advance(to: end)
        #expect(try scene.bill(2).price == scene.euro("60"))
        #expect(scene.effects.contains(.plan(SubscriptionScene.id(2))))
        try scene.answer(2, paid: true)
        try scene.tell(.cancel(.periodEnd))
        try scene.advance(to: try #require(scene.clock).period.end)
        #expect(scene.state == .cancelled && scene.book.bills.count == 2)
        for event in [SubscriptionEvent.pause, .resume, .activate, .cancel(.now), .change(try thirtyDays(), .now)] {
            #expect(throws: SubscriptionRefusal.wrongState) { try scene.tell(event) }
        }
    }

    @Test func `a subscription that nobody paid is cancelled without a debt`() throws {
        var scene = try SubscriptionScene(try thirtyDays())
        try scene.tell(.activate)
        try scene.advance(SubscriptionScene.day * 3)
        try scene.answer(1, paid: false)
        try scene.tell(.cancel(.now))
        #expect(try scene.state == .cancelled && (scene.bill(1).status) == .void)
    }

    @Test func `changed thrice on one day nothing is charged twice`() throws {
        var scene = try SubscriptionScene.paid(try thirtyDays())
        for number in 2...4 {
            try scene.tell(.change(try thirtyDays("30", plan: number), .now))
            #expect(try scene.bill(number).amount == scene.euro("0"))
        }
        #expect(try scene.book.subscription.credit == (scene.euro("0")))
    }

    @Test func `prices of two currencies are not set against each other`() throws {
        var scene = try SubscriptionScene.paid(try thirtyDays())
        let franc = PlanTerms(
            version: SubscriptionScene.id(9),
            planID: SubscriptionScene.id(9),
            price: try Money("100", currency: try Currency("XOF")),
            cycle: .monthly,
            mode: .prepaid
        )
        #expect(throws: SubscriptionRefusal.currencyMismatch) { try scene.tell(.change(franc, .now)) }
    }
}
