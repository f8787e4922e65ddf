import Domain
import SharedTesting
import Testing

@Suite(.proves("ACC-05")) struct CounterWatchTests {
    private static let plan = SpeedPair(download: 50_000_000, upload: 10_000_000)

    /// An update of 300 s at those mean rates.
    private func observation(
        upload: Int64 = 1_000_000,
        download: Int64 = 8_000_000,
        session: UInt64 = 1,
        seconds: Int64 = 300,
        ranBackwards: Bool = false,
        isLast: Bool = false
    ) -> CounterObservation {
        CounterObservation(
            tenantID: TenantID(UUID128(high: 1, low: 1)),
            nasID: NASID(UUID128(high: 2, low: 2)),
            sessionID: SessionID(UUID128(high: 3, low: session)),
            serviceID: nil,
            seconds: seconds,
            inputOctets: upload / 8 * (seconds + 1),
            outputOctets: download / 8 * (seconds + 1),
            ranBackwards: ranBackwards,
            isLast: isLast
        )
    }

    @Test func `what no line carries is told at once, and once in a session`() {
        var watch = CounterWatch()
        let wild = observation(download: 400_000_000_008)
        #expect(watch.judge(wild, plan: nil) == [.impossibleRate])
        #expect(watch.judge(wild, plan: nil).isEmpty && watch.suspects == 1)
        #expect(watch.judge(observation(upload: 400_000_000_008, session: 2), plan: nil) == [.impossibleRate])
        #expect(watch.judge(observation(download: 399_999_999_992, session: 3), plan: nil).isEmpty)
    }

    @Test func `far more than the plan is told after three updates in a row`() {
        var watch = CounterWatch()
        let fast = observation(download: 600_000_000)
        #expect(watch.judge(fast, plan: Self.plan).isEmpty && watch.judge(fast, plan: Self.plan).isEmpty)
        #expect(watch.judge(fast, plan: Self.plan) == [.abovePlan])
        // One that fits begins the count anew, and is forgotten.
        var other = CounterWatch()
        for _ in 0..<5 {
            #expect(other.judge(fast, plan: Self.plan).isEmpty && other.judge(fast, plan: Self.plan).isEmpty)
            #expect(other.judge(observation(), plan: Self.plan).isEmpty && other.suspects == 0)
        }
        // Ten times the plan's speed is what a burst at the start of a short interval may look like.
        for _ in 0..<5 { #expect(other.judge(observation(download: 490_000_000), plan: Self.plan).isEmpty) }
        for _ in 0..<5 { #expect(other.judge(observation(download: 600_000_000, seconds: 5), plan: Self.plan).isEmpty) }
        for _ in 0..<5 { #expect(other.judge(fast, plan: nil).isEmpty, "without a plan nobody can say") }
    }

    @Test(.proves("PLT-09")) func `directions that are swapped are suspected after three updates with traffic`() {
        var watch = CounterWatch()
        let swapped = observation(upload: 40_000_000, download: 2_000_000)
        let quiet = observation(upload: 8, download: 8)
        #expect(watch.judge(swapped, plan: Self.plan).isEmpty && watch.judge(swapped, plan: Self.plan).isEmpty)
        #expect(watch.judge(quiet, plan: Self.plan).isEmpty)
        #expect(watch.judge(swapped, plan: Self.plan) == [.swappedDirections])
        // Somebody who uploads as fast as he may is none; nor is anybody on a plan with equal speeds.
        var honest = CounterWatch()
        for _ in 0..<5 {
            #expect(honest.judge(observation(upload: 10_000_000, download: 100_000), plan: Self.plan).isEmpty)
            let equal = SpeedPair(download: 10_000_000, upload: 10_000_000)
            #expect(honest.judge(swapped, plan: equal).isEmpty)
        }
        #expect(honest.suspects == 0)
    }

    @Test func `a counter that fell is told at once`() {
        var watch = CounterWatch()
        #expect(watch.judge(observation(ranBackwards: true), plan: Self.plan) == [.ranBackwards])
        #expect(watch.judge(observation(ranBackwards: true), plan: Self.plan).isEmpty)
    }

    @Test func `ended sessions are forgotten, and no flood of suspects is remembered`() {
        var watch = CounterWatch()
        let fast = observation(download: 600_000_000)
        for _ in 0..<2 { _ = watch.judge(fast, plan: Self.plan) }
        #expect(watch.judge(observation(download: 600_000_000, isLast: true), plan: Self.plan) == [.abovePlan])
        #expect(watch.suspects == 0)
        for session in 0..<UInt64(CounterWatch.capacity + 500) {
            _ = watch.judge(observation(download: 600_000_000, session: session), plan: Self.plan)
        }
        #expect(watch.suspects == CounterWatch.capacity)
    }

    @Test func `any observation is judged`() {
        var random = SeededRandom()
        var watch = CounterWatch()
        for _ in 0..<10_000 {
            func any() -> Int64 {
                Int64.random(in: 0...(.max >> Int64.random(in: 0...62, using: &random)), using: &random)
            }
            let observation = CounterObservation(
                tenantID: TenantID(UUID128(high: 1, low: 1)),
                nasID: NASID(UUID128(high: 2, low: 2)),
                sessionID: SessionID(UUID128(high: 3, low: UInt64.random(in: 0...50, using: &random))),
                serviceID: nil,
                seconds: any() - 5,
                inputOctets: any(),
                outputOctets: any()
            )
            _ = watch.judge(observation, plan: SpeedPair(download: any(), upload: any()))
        }
        #expect(watch.suspects <= 51)
    }

    @Test(.proves("ACC-02", "ACC-05")) func `the fold says when a counter fell, and not when it wrapped`() {
        func record(_ status: AccountingStatus, age: UInt32, input: Int64, gigawords: Bool) -> AccountingRecord {
            AccountingRecord(
                id: EventID(UUID128(high: 9, low: UInt64(age))),
                tenantID: TenantID(UUID128(high: 1, low: 1)),
                nasID: NASID(UUID128(high: 2, low: 2)),
                statusType: status,
                receivedAt: Timestamp(secondsSince1970: 1_790_000_000 + Int64(age)),
                sessionSeconds: age,
                acctSessionID: "a",
                username: "ann",
                inputOctets: input,
                hasGigawords: gigawords,
                inputPackets: Int64(age)
            )
        }
        func fell(_ inputs: [Int64], gigawords: Bool) -> Bool {
            var rows: [SessionState] = []
            var found = false
            for (index, input) in inputs.enumerated() {
                let status: AccountingStatus = index == 0 ? .start : .interimUpdate
                let outcome = SessionLedger.fold(
                    records: [record(status, age: UInt32(index * 300), input: input, gigawords: gigawords)],
                    existing: rows
                )
                rows = outcome.rows.map(\.state)
                found = found || outcome.rows.contains(where: \.ranBackwards)
            }
            return found
        }
        #expect(!fell([0, 1_000, 2_000], gigawords: true))
        #expect(fell([0, 1_000, 500], gigawords: true))
        #expect(!fell([0, 4_000_000_000, 500], gigawords: false), "wrapped at 2^32")
        // All in one batch.
        let batch = [0, 1_000, 500, 2_000].enumerated().map { index, input in
            record(index == 0 ? .start : .interimUpdate, age: UInt32(index * 300), input: Int64(input), gigawords: true)
        }
        let outcome = SessionLedger.fold(records: batch, existing: [])
        #expect(outcome.rows.map(\.ranBackwards) == [true] && outcome.rows.first?.state.inputOctets == 3_000)
    }
}
