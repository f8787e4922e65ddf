import Domain
import Glibc
import Postgres
import SharedTesting
import Testing

/// More than a year of money in a minute, through the real processes, against books that the test keeps by itself.
///
/// `NEXORA_TEST_SUBSCRIBERS` says for how many subscribers (80 at least), `NEXORA_TEST_SEED` repeats a run's draws.
@Suite(.serialized) struct YearTests {
    @Test func `the oracle's calendar knows leap years, months' ends and both zones' changes`() {
        #expect(YearDate(number: YearDate(2028, 2, 29).number) == YearDate(2028, 2, 29))
        #expect(YearDate(2028, 3, 1).number - YearDate(2027, 3, 1).number == 366)
        #expect(YearDate(2027, 10, 31).adding(months: 4) == YearDate(2028, 2, 29))
        func utc(_ date: YearDate, _ second: Int64) -> Int64 { Int64(date.number) * 86_400 + second }
        // Left out: 02:30 is when the clocks go from 02:00 to 03:00. Shown twice: the first.
        #expect(YearZone.rome.instant(YearDate(2028, 3, 26), 9_000) == utc(YearDate(2028, 3, 26), 3_600))
        #expect(YearZone.rome.instant(YearDate(2027, 10, 31), 9_000) == utc(YearDate(2027, 10, 31), 1_800))
        #expect(YearZone.newYork.instant(YearDate(2028, 3, 12), 9_000) == utc(YearDate(2028, 3, 12), 25_200))
        #expect(YearZone.newYork.instant(YearDate(2027, 11, 7), 5_400) == utc(YearDate(2027, 11, 7), 19_800))
        #expect(YearZone.rome.instant(YearDate(2028, 7, 1)) == utc(YearDate(2028, 6, 30), 79_200))
        #expect(YearZone.newYork.instant(YearDate(2028, 1, 1)) == utc(YearDate(2028, 1, 1), 18_000))
    }

    @Test func `the oracle's shares are whole cents that sum to the price, and its contracts are the documented ones`()
    {
        // 30 days for 30.00, 10 of them used; and a third of 10.00, of which the cent that is left goes to the larger loss.
        #expect(YearAccount.shares(of: 300_000, used: 10, left: 20) == (100_000, 200_000))
        #expect(YearAccount.shares(of: 100_000, used: 1, left: 2) == (33_300, 66_700))
        #expect(YearAccount.shares(of: 100_100, used: 1, left: 1) == (50_100, 50_000))
        #expect(YearAccount.shares(of: 300_000, used: 0, left: 9) == (0, 300_000))
        func account(_ plan: Int) -> YearAccount {
            let start = YearZone.rome.instant(YearDate(2028, 6, 1))
            return YearAccount(
                YearSubscriber(
                    plan: plan,
                    zone: .rome,
                    billingDay: 15,
                    isRich: true,
                    day: 0,
                    start: start,
                    isChanging: true
                )
            )
        }
        // June's 30 days for 30.00, changed after 10 to 44.99: 20.00 come back, 24.99 are due.
        var prepaid = account(2)
        prepaid.pay(to: prepaid.begins)
        let changed = YearZone.rome.instant(YearDate(2028, 6, 11))
        let quote = prepaid.ask(.now(8), at: changed)
        #expect(quote?.used == 100_000 && quote?.credited == 200_000 && quote?.due == 249_900 && quote?.left == 0)
        #expect(quote?.end == YearZone.rome.instant(YearDate(2028, 7, 11)))
        // At once again, before anybody was asked: nothing is owed for no time, and its credit is there again.
        let second = prepaid.ask(.now(14), at: changed)
        #expect(second?.credited == 200_000 && second?.due == 0 && second?.left == 100)
        #expect(prepaid.bills.map(\.status) == ["paid", "void", "paid"])
        // Paid afterwards, the part that was used is billed, due on the billing day.
        var postpaid = account(3)
        #expect(postpaid.ask(.now(9), at: changed)?.due == 0)
        #expect(postpaid.bills.map(\.price) == [83_300] && postpaid.bills[0].due == changed + 5 * 86_400)
    }

    @Test(.proves("WAL-03", "WAL-04", "WAL-06", "WAL-11", "WAL-13", "INV-04", "INV-12", "INV-16", "INV-20"))
    func `a year of bills, top-ups, refunds, changed plans and crashes comes out as predicted, row by row`()
        async throws
    {
        let asked = unsafe getenv("NEXORA_TEST_SUBSCRIBERS").flatMap { unsafe Int(String(cString: $0)) }
        let world = try await YearWorld(subscribers: max(80, asked ?? 200), SeededRandom())
        for day in 0..<YearScript.days { try await world.live(day: day) }
        let checks = try await YearChecks(world)
        checks.predictedBills()
        try await checks.periods()
        try await checks.contracts()
        try await checks.histories()
        try await checks.wallets()
        try await checks.keys()
        try await checks.payments()
        try await checks.sums()
        try await world.money.verify()
        try await world.close()
    }
}
