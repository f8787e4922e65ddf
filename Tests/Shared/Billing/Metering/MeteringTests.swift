import Billing
import Domain
import SharedTesting
import Testing

@Suite struct MeteringTests {
    @Test(.proves("FUP-12", "FUP-13", "FUP-15", "PLN-08")) func `plans allow what they say, and -1 is no limit`()
        throws
    {
        let (free, pro) = (MeteredPlan.free.limits, MeteredPlan.pro.limits)
        #expect(free.teams == 1 && free.members == 1 && free.projects == 2 && !free.hasCustomDomains)
        #expect(free.milliCPU == 300 && free.memoryOctets == 104_857_600)
        #expect(free.trafficOctets == 5_368_709_120 && free.storageOctets == 104_857_600)
        #expect(pro.teams == -1 && pro.members == -1 && pro.projects == -1 && pro.hasCustomDomains)
        #expect(pro.milliCPU == 4_000 && pro.memoryOctets == 6_442_450_944)
        #expect(pro.trafficOctets == 10_737_418_240 && pro.storageOctets == 10_737_418_240)
        #expect(MeteredPlan.free.monthlyPrice.tenThousandths == 0)
        #expect(MeteredPlan.pro.monthlyPrice == (try Money("3.00", currency: .euro)))
        #expect(MeteredLimits.allowsOneMore(beside: 1, limit: 2) && !MeteredLimits.allowsOneMore(beside: 2, limit: 2))
        #expect(MeteredLimits.allowsOneMore(beside: .max, limit: -1))
    }

    @Test(
        .proves("FUP-03", "FUP-10"),
        arguments: [
            (0, MeteredUse.Level.normal, []), (799, .normal, []), (800, .warning, [80]), (949, .warning, [80]),
            (950, .critical, [80, 95]), (999, .critical, [80, 95]), (1_000, .reached, [80, 95, 100]),
            (Int64.max, .reached, [80, 95, 100]),
        ] as [(Int64, MeteredUse.Level, [Int])]
    )
    func `thresholds are reached exactly`(_ used: Int64, _ level: MeteredUse.Level, _ reached: [Int]) {
        let use = MeteredUse(.traffic, used: used, limit: 1_000)
        #expect(use.level == level && use.reached == reached)
        #expect((use.error == nil) == (level != .reached))
        let unlimited = MeteredUse(.traffic, used: used, limit: MeteredLimits.unlimited)
        #expect(unlimited.level == .normal && unlimited.reached.isEmpty && unlimited.percent == nil)
        #expect(unlimited.error == nil)
    }

    @Test(.proves("FUP-03")) func `a percentage is that of a wider number`() {
        var random = SeededRandom("metered percent")
        let seed = random.seed
        for _ in 0..<200 {
            let limit = Int64.random(in: 1...(Int64.max >> Int64.random(in: 0...60, using: &random)), using: &random)
            let used = Int64.random(in: 0...(Int64.max >> Int64.random(in: 0...60, using: &random)), using: &random)
            let exact = UInt128(used) * 100 / UInt128(limit)
            let use = MeteredUse(.storage, used: used, limit: limit)
            #expect(use.percent == Int64(clamping: exact), "\(used) of \(limit), seed \(seed)")
            #expect(use.reached == [80, 95, 100].filter { exact >= UInt128($0) }, "\(used) of \(limit), seed \(seed)")
        }
    }

    @Test(
        .proves("FUP-08"),
        arguments: [
            (0, "0.00", "0.00", "0 bytes"), (1_023, "0.00", "0.00", "1023 bytes"),
            (1_048_575, "1.00", "0.00", "1048575 bytes"), (1_048_576, "1.00", "0.00", "1.00 MB"),
            (1_572_864, "1.50", "0.00", "1.50 MB"), (5_368_709_120, "5120.00", "5.00", "5.00 GB"),
            (Int64.max, "8796093022208.00", "8589934592.00", "8589934592.00 GB"),
        ] as [(Int64, String, String, String)]
    )
    func `octets read as people say them`(_ octets: Int64, _ mega: String, _ giga: String, _ readable: String) {
        let text = OctetText(octets)
        #expect(text.megabytes == mega && text.gigabytes == giga && text.readable == readable)
    }

    @Test(.proves("FUP-05")) func `a month is one of UTC`() throws {
        let last = try #require(Timestamp("2026-12-31T23:59:59.999999Z"))
        #expect(MeteredMonth(at: last) == MeteredMonth(year: 2026, month: 12))
        #expect(MeteredMonth(at: last.adding(microseconds: 1)) == MeteredMonth(year: 2027, month: 1))
        #expect(MeteredMonth(year: 2026, month: 0) == nil && MeteredMonth(year: 2026, month: 13) == nil)
    }

    @Test(.proves("FUP-04", "FUP-07")) func `daily work belongs to the day on which its hour has begun`() throws {
        let four = try #require(Timestamp("2026-11-22T04:00:00Z"))
        let day = CivilDate(year: 2026, month: 11, day: 22)
        #expect(MeteringSchedule.day(at: four, from: MeteringSchedule.storageHour) == day)
        let before = MeteringSchedule.day(at: four.adding(microseconds: -1), from: MeteringSchedule.storageHour)
        #expect(before == day?.adding(days: -1))
        #expect(MeteringSchedule.day(at: four, from: MeteringSchedule.checkHour) == day?.adding(days: -1))
    }

    @Test(.proves("FUP-08", "FUP-09", "FUP-14")) func `a summary says what is used up, and means`() throws {
        func summary(_ traffic: Int64, _ storage: Int64, own: Int64 = 0, projects: Int64 = 2) throws -> MeteringSummary
        {
            MeteringSummary(
                tenantID: TenantID(UUID128(high: 1, low: 2)),
                plan: .free,
                month: try #require(MeteredMonth(year: 2026, month: 11)),
                projects: projects,
                trafficOctets: traffic,
                projectStorageOctets: storage,
                ownStorageOctets: own
            )
        }
        let fits = try summary(7, 104_857_598, own: 1)
        #expect(fits.isOK && fits.mean(fits.trafficOctets) == 3 && fits.use(of: .storage).level == .critical)
        let full = try summary(5_368_709_120, 104_857_599, own: 1)
        #expect(
            full.errors == [
                "The month's traffic limit is reached: 5.00 GB of 5.00 GB.",
                "The storage limit is reached: 100.00 MB of 100.00 MB.",
            ]
        )
        #expect(try summary(0, .max, own: .max).storageOctets == .max)
        #expect(try summary(9, 9, projects: 0).mean(9) == 0)
    }
}
