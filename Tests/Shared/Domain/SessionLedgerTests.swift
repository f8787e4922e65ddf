import Domain
import SharedTesting
import Testing

/// One rule a test, in seconds since an arbitrary instant.
@Suite(.proves("ACC-02", "ACC-04", "ACC-07")) struct SessionLedgerTests {
    private var bench = LedgerBench()
    private let world = RecordMaker()

    private func record(
        _ status: AccountingStatus,
        at second: Double,
        age: UInt32 = 0,
        input: Int64 = 0,
        output: Int64 = 0,
        _ adjust: (inout AccountingRecord) -> Void = { _ in }
    ) -> AccountingRecord {
        world.record(status, at: second, age: age, input: input, output: output, adjust)
    }

    @Test mutating func `a session starts, grows and stops`() throws {
        let outcome = bench.fold([record(.start, at: 0)])
        #expect(outcome.rows.map(\.isNew) == [true])
        #expect(outcome.events == [.started(outcome.rows[0].state, reopened: false)])
        #expect(outcome.deltas.map(\.sessions) == [1])
        bench.fold([record(.interimUpdate, at: 300, age: 300, input: 10, output: 100) { $0.framedIPv4 = "100.64.0.7" }])
        let last = bench.fold([record(.stop, at: 450, age: 450, input: 15, output: 170) { $0.terminateCause = 1 }])
        let row = try #require(bench.sorted.first)
        #expect(bench.rows.count == 1)
        #expect(row.closedBy == .stop && row.terminateCause == 1 && row.endedAt == world.instant(450))
        #expect((row.inputOctets, row.outputOctets, row.sessionSeconds, row.recordCount) == (15, 170, 450, 3))
        #expect(row.framedIPv4 == "100.64.0.7" && row.startedAt == world.instant(0))
        #expect(last.deltas.map(\.outputOctets) == [70])
        #expect(bench.deltas.map(\.seconds) == [0, 300, 150])
        #expect(last.events == [.stopped(row, amended: false)])
        #expect(bench.faults == [])
    }

    @Test mutating func `any repeat adds nothing and writes nothing`() {
        let records = [
            record(.start, at: 0), record(.interimUpdate, at: 300, age: 300, output: 100),
            record(.stop, at: 450, age: 450, output: 170),
        ]
        bench.fold(records)
        for batch in [records, records.reversed(), [records[1], records[1]]] {
            let again = bench.fold(batch)
            #expect(again.rows.isEmpty && again.deltas.isEmpty && again.events.isEmpty)
        }
        let resent = bench.fold([record(.interimUpdate, at: 310, age: 300, output: 100) { $0.delaySeconds = 10 }])
        #expect(resent == SessionOutcome())
    }

    @Test mutating func `a late record adds nothing, but tells what was not known`() {
        bench.fold([record(.interimUpdate, at: 600, age: 600, output: 200)])
        let late = bench.fold([record(.interimUpdate, at: 601, age: 300, output: 100) { $0.delaySeconds = 301 }])
        #expect(late == SessionOutcome())
        let start = bench.fold([
            record(.start, at: 602) {
                $0.delaySeconds = 602; $0.nasPortID = "ether1"
            }
        ])
        #expect(start.deltas.isEmpty && start.rows.map(\.state.nasPortID) == ["ether1"])
        #expect(bench.rows.count == 1 && bench.faults == [])
    }

    @Test mutating func `a Stop is final`() {
        bench.fold([record(.stop, at: 600, age: 600, output: 200)])
        let after = bench.fold([
            record(.interimUpdate, at: 700, age: 700, output: 300), record(.stop, at: 700, age: 700, output: 300),
            record(.start, at: 0),
        ])
        #expect(after == SessionOutcome())
        #expect(bench.sorted.map(\.outputOctets) == [200])
    }

    @Test mutating func `starts more than 120 s apart are two sessions, and the later one replaces the open one`() {
        bench.fold([record(.start, at: 0), record(.interimUpdate, at: 300, age: 300, output: 100)])
        bench.fold([record(.start, at: 500)])
        #expect(bench.sorted.map(\.closedBy) == [.replaced, nil])
        #expect(bench.sorted[0].endedAt == world.instant(500))
        // The older one's last words still count, and its Stop amends it.
        bench.fold([record(.interimUpdate, at: 501, age: 480, output: 130) { $0.delaySeconds = 21 }])
        #expect(bench.sorted.map(\.closedBy) == [.replaced, nil])
        let stop = bench.fold([record(.stop, at: 510, age: 495, output: 140) { $0.delaySeconds = 15 }])
        #expect(bench.sorted.map(\.closedBy) == [.stop, nil])
        #expect(bench.sorted.map(\.outputOctets) == [140, 0])
        #expect(stop.events == [.stopped(bench.sorted[0], amended: true)])
        #expect(bench.faults == [])
    }

    @Test mutating func `starts up to 120 s apart are one session, however the clock drifts`() {
        bench.fold([record(.start, at: 0), record(.interimUpdate, at: 1100, age: 1000, output: 1)])
        #expect(bench.rows.count == 1)
        // By now the start seems 200 s later than at first, 100 s later than at the last report.
        bench.fold([record(.interimUpdate, at: 2200, age: 2000, output: 2)])
        #expect(bench.rows.count == 1)
        #expect(bench.sorted[0].outputOctets == 2)
        bench.fold([record(.interimUpdate, at: 3500, age: 3000, output: 3)])
        #expect(bench.rows.count == 2)
    }

    @Test mutating func `an earlier session that was never heard of is born closed`() {
        bench.fold([record(.start, at: 1000)])
        let late = bench.fold([record(.interimUpdate, at: 1010, age: 300, output: 50) { $0.delaySeconds = 410 }])
        #expect(bench.sorted.map(\.closedBy) == [.replaced, nil])
        #expect(bench.sorted[0].endedAt == world.instant(1000))
        #expect(late.deltas.map(\.outputOctets) == [50])
        #expect(late.events.count == 2)
    }

    @Test mutating func `who is back at once under the same id is a new session`() {
        bench.fold([record(.start, at: 0), record(.stop, at: 20, age: 20, output: 10)])
        bench.fold([record(.start, at: 25), record(.interimUpdate, at: 85, age: 60, output: 7)])
        #expect(bench.sorted.map(\.closedBy) == [.stop, nil])
        // Its Stop was lost, but it had lived when the next one began.
        bench.fold([record(.start, at: 100)])
        #expect(bench.sorted.map(\.closedBy) == [.stop, .replaced, nil])
        #expect(bench.sorted.map(\.outputOctets) == [10, 7, 0])
        #expect(bench.faults == [])
    }

    @Test mutating func `an admission wins over key and start`() {
        let admissions = [AdmissionID(UUID128(high: 9, low: 1)), AdmissionID(UUID128(high: 9, low: 2))]
        bench.fold([record(.start, at: 0) { $0.admissionID = admissions[0] }])
        bench.fold([record(.start, at: 30) { $0.admissionID = admissions[1] }])
        #expect(bench.sorted.map(\.closedBy) == [.replaced, nil])
        bench.fold([
            record(.interimUpdate, at: 60, age: 50, output: 9) { $0.admissionID = admissions[0] },
            record(.interimUpdate, at: 61, age: 31, output: 5) { $0.admissionID = admissions[1] },
        ])
        #expect(bench.sorted.map(\.outputOctets) == [9, 5])
        // A start far off, another key: still the same session while its Acct-Session-Id is.
        bench.fold([
            record(.interimUpdate, at: 2000, age: 100, output: 8) {
                $0.admissionID = admissions[1]
                $0.callingStationID = "other"
            }
        ])
        #expect(bench.sorted.map(\.outputOctets) == [9, 8])
        // A roaming client's old Class under a new Acct-Session-Id is a session of its own.
        bench.fold([
            record(.start, at: 2100) {
                $0.admissionID = admissions[1]
                $0.acctSessionID = "roamed"
            }
        ])
        #expect(bench.rows.count == 3 && bench.faults == [])
    }

    @Test(.proves("G-03")) mutating func `a restart ends what began before it and is silent since`() {
        bench.fold([record(.start, at: 0), record(.interimUpdate, at: 300, age: 300, output: 100)])
        let outcome = bench.fold([record(.accountingOn, at: 400) { $0.delaySeconds = 5 }])
        #expect(outcome.restarts.map(\.at) == [world.instant(395)])
        #expect(bench.sorted.map(\.closedBy) == [.nasReboot])
        #expect(bench.sorted[0].endedAt == world.instant(395))
        // Begun again at once with the same id.
        bench.fold([record(.start, at: 397)])
        #expect(bench.sorted.map(\.closedBy) == [.nasReboot, nil])
        // What was said before the restart counts and opens nothing; its Stop amends.
        bench.fold([record(.interimUpdate, at: 401, age: 390, output: 120) { $0.delaySeconds = 11 }])
        #expect(bench.sorted.map(\.closedBy) == [.nasReboot, nil])
        bench.fold([record(.stop, at: 402, age: 394, output: 125) { $0.delaySeconds = 8 }])
        #expect(bench.sorted.map(\.closedBy) == [.stop, nil])
        #expect(bench.sorted.map(\.outputOctets) == [125, 0])
        #expect(bench.faults == [])
    }

    @Test(.proves("G-03")) mutating func `a restart and the sessions around it may share a batch, in any order`() {
        let batch = [
            record(.start, at: 0), record(.interimUpdate, at: 60, age: 60, output: 10), record(.accountingOff, at: 70),
            record(.accountingOn, at: 90), record(.start, at: 100), record(.interimUpdate, at: 160, age: 60, output: 4),
        ]
        for order in [batch, batch.reversed()] {
            var bench = LedgerBench()
            bench.fold(order)
            #expect(bench.sorted.map(\.closedBy) == [.nasReboot, nil])
            #expect(bench.sorted.map(\.endedAt) == [world.instant(70), nil])
            #expect(bench.sorted.map(\.outputOctets) == [10, 4])
            #expect(bench.faults == [])
        }
    }

    @Test(.proves("G-03")) mutating func `a record from before a known restart opens nothing, one from after it does`()
    {
        bench.fold([record(.accountingOn, at: 1000)])
        bench.fold([record(.interimUpdate, at: 1005, age: 300, output: 50) { $0.delaySeconds = 60 }])
        #expect(bench.sorted.map(\.closedBy) == [.nasReboot])
        #expect(bench.sorted.map(\.outputOctets) == [50])
        // A NAS that restarts its accounting and keeps its subscribers.
        let alive = bench.fold([record(.interimUpdate, at: 1245, age: 600, output: 80) { $0.delaySeconds = 0 }])
        #expect(bench.sorted.map(\.closedBy) == [nil])
        #expect(alive.events == [.started(bench.sorted[0], reopened: true)])
        let other = bench.fold([record(.accountingOff, at: 2000) { $0.nasID = NASID(UUID128(high: 7, low: 7)) }])
        #expect(other.restarts.count == 1 && bench.open.count == 1)
        #expect(bench.faults == [])
    }

    @Test mutating func `a beginning tells the terms that its record told, and no row keeps them`() {
        let until = Timestamp(secondsSince1970: 1_800_000_000)
        let began = bench.fold([
            record(.start, at: 0) {
                $0.termsDigest = 7
                $0.grantedUntil = until
            }
        ])
        #expect(began.events == [.started(bench.sorted[0], reopened: false, termsDigest: 7, grantedUntil: until)])
        // A session that goes on tells nothing, whatever its reports say.
        #expect(bench.fold([record(.interimUpdate, at: 300, age: 300, output: 1) { $0.termsDigest = 8 }]).events == [])
        bench.reap()
        let again = bench.fold([record(.interimUpdate, at: 900, age: 900, output: 2) { $0.termsDigest = 9 }])
        #expect(again.events == [.started(bench.sorted[0], reopened: true, termsDigest: 9)])
        bench.reap()
        // Its NAS forgot Class, and what was told before is not remembered.
        let silent = bench.fold([record(.interimUpdate, at: 1500, age: 1500, output: 3)])
        #expect(silent.events == [.started(bench.sorted[0], reopened: true, termsDigest: nil)])
        #expect(bench.faults == [])
    }

    @Test mutating func `where a NAS behind a range is, is known by the newest record that tells it`() {
        bench.fold([record(.start, at: 0)])
        #expect(bench.sorted[0].nasAddress == nil)
        let sources: [(UInt32, String?, String?)] = [
            (300, "192.0.2.7", "192.0.2.7"), (600, nil, "192.0.2.7"), (900, "192.0.2.8", "192.0.2.8"),
        ]
        for (age, source, known) in sources {
            bench.fold([record(.interimUpdate, at: Double(age), age: age) { $0.sourceAddress = source }])
            #expect(bench.sorted[0].nasAddress == known)
        }
        // One that comes late says where its NAS was.
        bench.fold([
            record(.interimUpdate, at: 1_000, age: 450) {
                $0.delaySeconds = 550
                $0.sourceAddress = "192.0.2.9"
            }
        ])
        #expect(bench.sorted[0].nasAddress == "192.0.2.8" && bench.faults == [])
    }

    @Test mutating func `terms that the first record does not tell are those of the batch's next one that does`() {
        let began = bench.fold([
            record(.start, at: 0), record(.interimUpdate, at: 300, age: 300, output: 1) { $0.termsDigest = 7 },
        ])
        #expect(began.events == [.started(bench.sorted[0], reopened: false, termsDigest: 7)])
        #expect(bench.faults == [])
    }

    @Test(.proves("SES-08"))
    mutating func `a reaped session opens again when it proves alive, unless its key has another`() {
        bench.fold([record(.start, at: 0), record(.interimUpdate, at: 300, age: 300, output: 100)])
        bench.reap()
        bench.fold([record(.interimUpdate, at: 900, age: 300, output: 100) { $0.delaySeconds = 600 }])
        #expect(bench.open.isEmpty)
        bench.fold([record(.interimUpdate, at: 1500, age: 1500, output: 150)])
        #expect(bench.open.map(\.outputOctets) == [150])
        bench.fold([record(.start, at: 1600)])
        bench.fold([record(.interimUpdate, at: 1800, age: 1800, output: 180)])
        #expect(bench.sorted.map(\.closedBy) == [.replaced, nil])
        bench.fold([record(.stop, at: 1900, age: 300, output: 5)])
        bench.fold([record(.interimUpdate, at: 2100, age: 2100, output: 190)])
        #expect(bench.sorted.map(\.closedBy) == [nil, .stop])
        #expect(bench.sorted.map(\.outputOctets) == [190, 5])
        #expect(bench.faults == [])
    }

    @Test(.proves("ACC-08")) mutating func `a counter wraps or is reset`() {
        let wrapped: Int64 = 1 << 32
        bench.fold([record(.interimUpdate, at: 300, age: 300, input: 7, output: wrapped - 10)])
        bench.fold([record(.interimUpdate, at: 600, age: 600, input: 9, output: 5)])
        #expect(bench.sorted.map(\.outputOctets) == [wrapped + 5])
        #expect(bench.sorted.map(\.inputOctets) == [9])
        // With gigawords there is no wrap: the counter began again.
        bench.fold([record(.interimUpdate, at: 900, age: 900, input: 2, output: 3) { $0.hasGigawords = true }])
        #expect(bench.sorted.map(\.outputOctets) == [wrapped + 8])
        #expect(bench.sorted.map(\.inputOctets) == [11])
        #expect(bench.sorted.map(\.rawOutputOctets) == [3])
        #expect(bench.faults == [])
    }

    @Test(.proves("ACC-08"), arguments: [true, false])
    func `reports from before a fall of the counter count in any order of arrival`(isReset: Bool) {
        let wrapped: Int64 = 1 << 32
        // As the NAS counts; without gigawords the fourth has wrapped, with them it was reset.
        let octets: [Int64] = [wrapped - 1000, wrapped - 600, wrapped - 100, 50, 400]
        let total = octets[2] + (isReset ? 400 : 500)
        let records = octets.enumerated().map { index, octets in
            let age = UInt32(index + 1) * 300
            return record(index == 4 ? .stop : .interimUpdate, at: Double(age), age: age, output: octets) {
                $0.hasGigawords = isReset
            }
        }
        for order in permutations(of: records) {
            var bench = LedgerBench()
            for record in order { bench.fold([record]) }
            #expect(bench.sorted.map(\.outputOctets) == [total], "\(order.map(\.sessionSeconds))")
            for record in order { #expect(bench.fold([record]) == SessionOutcome()) }
            #expect(bench.faults == [])
        }
    }

    @Test(.proves("ACC-08")) mutating func `reports of nearly one age in the wrong order are no fall`() {
        bench.fold([record(.interimUpdate, at: 602, age: 602, output: 990) { $0.hasGigawords = true }])
        bench.fold([record(.interimUpdate, at: 603, age: 600, output: 1000) { $0.hasGigawords = true }])
        #expect(bench.sorted.map(\.outputOctets) == [990])
    }

    @Test mutating func `of two records of one age the higher counters hold, in either order`() {
        let records = [
            record(.interimUpdate, at: 300, age: 300, input: 5, output: 90),
            record(.stop, at: 300.5, age: 300, input: 6, output: 80),
        ]
        for order in [[records], records.map { [$0] }, records.reversed().map { [$0] }] {
            var bench = LedgerBench()
            for batch in order { bench.fold(batch) }
            let expected: [Int64] = order.first == [records[1]] ? [80] : [90]
            #expect(bench.sorted.map(\.outputOctets) == expected)
            #expect(bench.sorted.map(\.inputOctets) == [6])
            #expect(bench.faults == [])
        }
    }

    @Test mutating func `packets that fall too, or a counter beyond 32 bits, tell a reset`() {
        bench.fold([record(.interimUpdate, at: 300, age: 300, output: 1000) { $0.outputPackets = 10 }])
        bench.fold([record(.interimUpdate, at: 600, age: 600, output: 300) { $0.outputPackets = 3 }])
        #expect(bench.sorted.map(\.outputOctets) == [1300])
        var other = LedgerBench()
        other.fold([record(.interimUpdate, at: 300, age: 300, output: 1 << 33) { $0.hasGigawords = true }])
        other.fold([record(.interimUpdate, at: 600, age: 600, output: 300)])
        #expect(other.sorted.map(\.outputOctets) == [1 << 33 + 300])
    }

    @Test mutating func `a session whose records never tell their age is one session`() {
        bench.fold([record(.start, at: 0)])
        for step in 1...5 {
            bench.fold([record(.interimUpdate, at: Double(step) * 300, output: Int64(step) * 10)])
        }
        bench.fold([record(.interimUpdate, at: 900, output: 30)])
        bench.reap()
        bench.fold([record(.interimUpdate, at: 2000, output: 70)])
        bench.fold([record(.stop, at: 2100, age: 2099, output: 80)])
        #expect(bench.sorted.map(\.closedBy) == [.stop])
        #expect(bench.sorted.map(\.outputOctets) == [80])
        #expect(bench.faults == [])
    }

    @Test mutating func `octets are booked on the day they were received`() {
        let midnight = world.instant(0).day.adding(days: 1).start.microseconds(since: world.instant(0)) / 1_000_000
        let outcome = bench.fold([
            record(.start, at: Double(midnight - 400)),
            record(.interimUpdate, at: Double(midnight - 100), age: 300, output: 10),
            record(.interimUpdate, at: Double(midnight + 200), age: 600, output: 15),
        ])
        #expect(outcome.deltas.map(\.outputOctets) == [10, 5])
        #expect(outcome.deltas.map(\.sessions) == [1, 0])
        #expect(outcome.deltas.map(\.seconds) == [300, 300])
        #expect(Set(outcome.deltas.map(\.at.day)).count == 2)
    }

    @Test mutating func `the extremes of every field are survived`() {
        bench.fold([
            record(.interimUpdate, at: 0, age: .max, input: .max, output: .max) { $0.delaySeconds = .max },
            record(.interimUpdate, at: 0, age: .max, input: 5, output: 5) { $0.hasGigawords = true },
            record(.stop, at: 1, age: .max, input: .max, output: -5),
            record(.start, at: 0) { $0.receivedAt = Timestamp(microseconds: .min) },
            record(.start, at: 0) { $0.receivedAt = Timestamp(microseconds: .max) },
            record(.accountingOn, at: 0) { $0.receivedAt = Timestamp(microseconds: .min) },
        ])
        #expect(bench.faults == [])
    }
}

/// Makes records of one session of one NAS.
struct RecordMaker {
    private let origin = Timestamp(microseconds: 1_795_168_800_000_000)
    private let ids = IDGenerator(time: .fixed(Timestamp(microseconds: 1_795_168_800_000_000)))

    func instant(_ second: Double) -> Timestamp { origin.adding(microseconds: Int64(second * 1_000_000)) }

    func record(
        _ status: AccountingStatus,
        at second: Double,
        age: UInt32 = 0,
        input: Int64 = 0,
        output: Int64 = 0,
        _ adjust: (inout AccountingRecord) -> Void = { _ in }
    ) -> AccountingRecord {
        var record = AccountingRecord(
            id: ids.next(),
            tenantID: TenantID(UUID128(high: 1, low: 1)),
            nasID: NASID(UUID128(high: 1, low: 2)),
            statusType: status,
            receivedAt: instant(second),
            sessionSeconds: age,
            acctSessionID: "80000001",
            username: "alice",
            serviceID: ServiceID(UUID128(high: 1, low: 3)),
            callingStationID: "00:11:22:33:44:55",
            nasPort: 7,
            inputOctets: input,
            outputOctets: output
        )
        adjust(&record)
        return record
    }
}

private func permutations<Element>(of elements: [Element]) -> [[Element]] {
    guard elements.count > 1 else { return [elements] }
    return elements.indices.flatMap { index in
        var rest = elements
        let first = rest.remove(at: index)
        return permutations(of: rest).map { [first] + $0 }
    }
}
