import Billing
import Domain
import SharedTesting
import Testing

@Suite(.proves("BST-01", "BST-02", "BST-03", "BST-04")) struct BoostTests {
    private let calendar = BillingCalendar(.utc)
    private let now = Timestamp(secondsSince1970: 1_790_000_123)

    private func euro(_ text: String) throws -> Money { try Money(text, currency: .euro) }

    @Test func `a day costs a thirtieth of the difference, rounded to the cent`() throws {
        let price = try Boost.price(days: 7, boost: try euro("50"), current: try euro("30"))
        #expect(try price == (euro("4.67")))
        #expect(try Boost.price(days: 30, boost: try euro("50"), current: try euro("30")) == euro("20"))
        // Half a cent goes up, and it costs a cent at least.
        #expect(try Boost.price(days: 1, boost: try euro("0.45"), current: try euro("0.30")) == euro("0.01"))
        #expect(try Boost.price(days: 1, boost: try euro("30.01"), current: try euro("30")) == euro("0.01"))
    }

    @Test func `the price is the nearest minor unit, halves up`() throws {
        var random = SeededRandom()
        for _ in 0..<300 {
            let current = Int64.random(in: 0...10_000_000, using: &random)
            let more = Int64.random(in: 1...10_000_000, using: &random)
            let days = Int.random(in: Boost.days, using: &random)
            let price = try Boost.price(
                days: days,
                boost: Money(tenThousandths: current + more, currency: .euro),
                current: Money(tenThousandths: current, currency: .euro)
            ).tenThousandths
            // The oracle: steps up by cents while the next is no further away.
            var cents: Int64 = more * Int64(days) / 30 / 100
            while 30 * (100 * cents + 50) <= more * Int64(days) { cents += 1 }
            #expect(price == max(1, cents) * 100)
        }
    }

    @Test func `a boost that costs no more than the plan is none`() throws {
        for (boost, current, days) in [("30", "30", 7), ("20", "30", 7), ("50", "30", 0), ("50", "30", 366)] {
            #expect(throws: Boost.Refusal.priceNotPositive) {
                try Boost.price(days: days, boost: euro(boost), current: euro(current))
            }
        }
    }

    @Test func `approved it is for whole days from today; paid it is active; then it is over`() throws {
        let boost = try Boost(days: 3, price: euro("2")).step(.approve, at: now, calendar: calendar)
        #expect(boost.state == .approved && boost.period?.start == now.day.start)
        #expect(boost.period?.end == now.day.adding(days: 3).start)
        let active = try boost.step(.paid, at: now, calendar: calendar)
        #expect(active.state == .active)
        #expect(try active.step(.paid, at: now, calendar: calendar) == active)
        let last = now.day.adding(days: 3).start
        #expect(try active.step(.time, at: last - .seconds(1), calendar: calendar) == active)
        #expect(try active.step(.time, at: last, calendar: calendar).state == .expired)
        #expect(try boost.step(.time, at: last, calendar: calendar).state == .expired)
    }

    @Test func `a rejection says why, and is for good`() throws {
        let boost = Boost(days: 3, price: try euro("2"))
        #expect(throws: Boost.Refusal.reasonMissing) {
            try boost.step(.reject(reason: ""), at: now, calendar: calendar)
        }
        let rejected = try boost.step(.reject(reason: "no capacity"), at: now, calendar: calendar)
        #expect(rejected.state == .rejected && rejected.reason == "no capacity" && rejected.state.isFinal)
        for event in [Boost.Event.approve, .paid, .reject(reason: "again"), .cancel, .withdraw] {
            #expect(throws: Boost.Refusal.wrongState) { try rejected.step(event, at: now, calendar: calendar) }
        }
        #expect(try rejected.step(.time, at: now, calendar: calendar) == rejected)
    }

    @Test func `each attempt has its number, silence none, and a refusal the reason`() throws {
        var boost = try Boost(days: 3, price: try euro("2")).step(.approve, at: now, calendar: calendar)
        #expect(boost.nextActionAt == now)
        boost = try boost.step(.time, at: now, calendar: calendar)
        #expect(boost.attempt == 1 && boost.isSent && boost.nextActionAt == now + Boost.patience)
        let again = try boost.step(.time, at: now + Boost.patience, calendar: calendar)
        #expect(again.attempt == 1 && again.isSent && again.state == .approved)
        // What may be paid is neither taken back nor over.
        #expect(throws: Boost.Refusal.collecting) { try boost.step(.cancel, at: now, calendar: calendar) }
        #expect(throws: Boost.Refusal.collecting) { try boost.step(.withdraw, at: now, calendar: calendar) }
        let late = now.day.adding(days: 4).start
        #expect(try boost.step(.time, at: late, calendar: calendar).state == .approved)
        // An answer to another attempt says nothing.
        #expect(try boost.step(.refused(attempt: 2, reason: "x"), at: now, calendar: calendar) == boost)
        #expect(try boost.step(.funds, at: now, calendar: calendar) == boost)
        boost = try boost.step(.refused(attempt: 1, reason: "insufficient"), at: now, calendar: calendar)
        #expect(boost.state == .approved && boost.refusal == "insufficient" && !boost.isSent)
        #expect(boost.nextActionAt == now + Boost.retry)
        #expect(try boost.step(.funds, at: now, calendar: calendar).nextActionAt == now)
        #expect(try boost.step(.time, at: now + Boost.retry, calendar: calendar).attempt == 2)
        #expect(try boost.step(.time, at: late, calendar: calendar).state == .expired)
        #expect(try boost.step(.cancel, at: now, calendar: calendar).state == .cancelled)
        #expect(try boost.step(.withdraw, at: now, calendar: calendar).nextActionAt == nil)
    }

    @Test func `who pays a day later has as many days`() throws {
        let boost = try Boost(days: 3, price: try euro("2")).step(.approve, at: now, calendar: calendar)
        let sent = try boost.step(.time, at: now, calendar: calendar)
        let next = now + .seconds(86_400)
        let paid = try sent.step(.paid, at: next, calendar: calendar)
        #expect(paid.period == BillingPeriod(start: next.day.start, end: next.day.adding(days: 3).start))
        #expect(paid.nextActionAt == paid.period?.end && paid.refusal == nil && !paid.isSent)
    }

    @Test(.proves("BST-05", "BST-06"))
    func `whatever it is told in whatever order, it is paid once, ends once, and never moves back`() throws {
        var random = SeededRandom()
        for _ in 0..<300 {
            var boost = Boost(days: Int.random(in: 1...5, using: &random), price: try euro("2"))
            var time = now
            var paid = 0
            for _ in 0..<60 {
                time = time + .seconds(Int64.random(in: 0...40_000, using: &random))
                let event =
                    [
                        Boost.Event.approve, .reject(reason: "no"), .cancel, .withdraw, .paid, .funds, .time, .time,
                        .refused(attempt: boost.attempt, reason: "insufficient"),
                    ].randomElement(using: &random) ?? .time
                // The ledger pays only what was asked for.
                if event == .paid, boost.state == .approved, !boost.isSent { continue }
                guard let next = try? boost.step(event, at: time, calendar: calendar) else { continue }
                if boost.state != .active, next.state == .active {
                    paid += 1
                    #expect(boost.isSent, "seed \(random.seed)")
                    let period = try #require(next.period)
                    #expect(period.start <= time && time < period.end, "seed \(random.seed)")
                    #expect(
                        period.end == period.start.day.adding(days: boost.days).start,
                        "seed \(random.seed)"
                    )
                }
                if boost.state.isFinal { #expect(next == boost, "seed \(random.seed)") }
                if next.state == .expired, boost.state == .active, let end = boost.period?.end {
                    #expect(end <= time, "seed \(random.seed)")
                }
                #expect(next.attempt >= boost.attempt, "seed \(random.seed)")
                // Whoever waits for something is looked at again, and nobody else.
                #expect((next.nextActionAt != nil) == (next.state == .approved || next.state == .active))
                boost = next
            }
            #expect(paid <= 1, "seed \(random.seed)")
        }
    }
}
