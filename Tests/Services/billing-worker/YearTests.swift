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

    @Test(.proves("WAL-03", "WAL-04", "WAL-06", "WAL-11", "WAL-13", "INV-04", "INV-12", "INV-16", "INV-20"))
    func `a year of bills, top-ups, refunds and crashes comes out as predicted, row by row`() async throws {
        let asked = unsafe getenv("NEXORA_TEST_SUBSCRIBERS").flatMap { unsafe Int(String(cString: $0)) }
        let world = try await YearWorld(subscribers: max(80, asked ?? 200), SeededRandom())
        for day in 0..<YearScript.days { try await world.live(day: day) }
        let checks = try await YearChecks(world)
        checks.predictedBills()
        checks.periods()
        try await checks.wallets()
        try await checks.keys()
        try await checks.payments()
        try await checks.sums()
        try await world.money.verify()
        try await world.close()
    }
}
