import Domain
import SharedTesting
import Testing

/// True sessions are turned into records, the records suffer what records suffer, and the rows must be the truth again.
@Suite(.proves("ACC-02", "ACC-04", "ACC-14", "G-03")) struct SessionPropertyTests {
    /// Runs the property for many seeds and prints the seed of each; the first that fails is told with its faults.
    private func forManySeeds(
        _ property: String,
        count: Int = 120,
        _ body: (inout SeededRandom, inout LedgerBench) throws -> [String]
    ) rethrows {
        var seeds = SeededRandom(property)
        for _ in 0..<count {
            var random = SeededRandom(seed: seeds.next())
            var bench = LedgerBench()
            let seed = random.seed
            let wrong = try body(&random, &bench)
            guard bench.faults.isEmpty, wrong.isEmpty else {
                Issue.record("\(property), seed \(seed): \((bench.faults + wrong).prefix(5))")
                return
            }
        }
    }

    /// What is wrong with the row of a session, given the reports that arrived.
    private func judge(_ session: TrueSession, _ ages: [Double], stopped: Bool, in bench: LedgerBench) -> [String] {
        let key = session.record(.init(status: .start, age: 0), ids: Self.ids).sessionKey
        let rows = bench.sorted.filter { row in
            row.sessionKey == key && (row.admissionID ?? session.admission) == session.admission
                && abs(row.startedAt.microseconds(since: TrueSession.instant(session.start))) < 5_000_000
        }
        guard let age = ages.max() else {
            return rows.isEmpty ? [] : ["a row of a session that nobody reported"]
        }
        guard rows.count == 1, let row = rows.first else {
            return ["\(rows.count) rows for the session at \(session.start)"]
        }
        let truth = session.truth(at: age)
        var wrong: [String] = []
        if row.inputOctets != truth.input || row.outputOctets != truth.output {
            wrong.append("\(row.inputOctets), \(row.outputOctets) octets instead of \(truth) at \(session.start)")
        }
        if stopped != (row.closedBy == .stop) {
            wrong.append("closed by \(String(describing: row.closedBy)) at \(session.start)")
        }
        return wrong
    }

    /// Which of the reports arrived, by session.
    private func judge(
        _ sessions: [(TrueSession, [TrueSession.Report])],
        arrived: [AccountingRecord],
        in bench: LedgerBench
    ) -> [String] {
        var wrong: [String] = []
        for (session, reports) in sessions {
            let key = session.record(reports[0], ids: Self.ids).sessionKey
            let mine = arrived.filter { record in
                record.sessionKey == key && record.admissionID == session.admission
                    && abs(record.startedAt.microseconds(since: TrueSession.instant(session.start))) < 5_000_000
            }
            let ages = reports.filter { report in
                mine.contains { $0.statusType == report.status && $0.sessionSeconds == UInt32(report.age) }
            }.map(\.age)
            wrong += judge(session, ages, stopped: mine.contains { $0.statusType == .stop }, in: bench)
        }
        if bench.rows.count > sessions.count { wrong.append("\(bench.rows.count) rows for \(sessions.count) sessions") }
        return wrong
    }

    private func checkRepeats(_ arrived: [AccountingRecord], _ random: inout SeededRandom, _ bench: inout LedgerBench)
        -> [String]
    {
        let before = bench.deltas.count
        for batch in random.batches(arrived.shuffled(using: &random)) { bench.fold(batch) }
        return bench.deltas.count == before ? [] : ["repeats added octets"]
    }

    private static let ids = IDGenerator(time: .fixed(.epoch))

    /// Sessions of several NASes, the same ids used again later, at least `gap` seconds after the start and the end of the
    /// one before.
    private func sessions(
        _ random: inout SeededRandom,
        gap: ClosedRange<Double>,
        length: ClosedRange<Double> = 10...4000,
        admissions: Bool = false,
        fromStart: Double = 0,
        adjust: (inout TrueSession) -> Void = { _ in }
    ) -> [TrueSession] {
        var sessions: [TrueSession] = []
        for nas in 0..<Int.random(in: 1...3, using: &random) {
            for user in ["ann", "bernard"].prefix(.random(in: 1...2, using: &random)) {
                var time = Double.random(in: 0..<1000, using: &random)
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    let end = time + .random(in: length, using: &random)
                    var session = TrueSession(
                        tenant: TenantID(UUID128(high: 1, low: UInt64(nas % 2))),
                        nas: NASID(UUID128(high: 2, low: UInt64(nas))),
                        sessionID: random.chance(0.5) ? "" : "0000",
                        user: user,
                        admission: admissions ? AdmissionID(UUID128(high: 5, low: random.next())) : nil,
                        start: time,
                        end: end,
                        rates: (.random(in: 0..<1_000_000, using: &random), .random(in: 0..<20_000_000, using: &random))
                    )
                    adjust(&session)
                    sessions.append(session)
                    time = max(end, time + fromStart) + .random(in: gap, using: &random)
                }
            }
        }
        return sessions
    }

    @Test func `the rows are the truth, in any order, with losses, repeats and retransmissions`() {
        forManySeeds("any order") { random, bench in
            let interval = Double.random(in: 60..<600, using: &random)
            let sessions = sessions(&random, gap: 5...3000, fromStart: 130).map { session in
                (session, session.reports(every: interval, stopped: true))
            }
            let mishaps = Mishaps(loss: 0.2, redelivery: 0.2, resending: 0.2, disorder: random.chance(0.5) ? nil : 10)
            let arrived = mishaps.deliver(sessions, random: &random, ids: Self.ids)
            for batch in random.batches(arrived) { bench.fold(batch) }
            return judge(sessions, arrived: arrived, in: bench) + checkRepeats(arrived, &random, &bench)
        }
    }

    @Test func `ids that come again at once are told apart by their admissions, in any order`() {
        forManySeeds("admissions") { random, bench in
            let sessions = sessions(&random, gap: 0.5...100, length: 1...300, admissions: true).map {
                ($0, $0.reports(every: 20))
            }
            let mishaps = Mishaps(loss: 0.2, redelivery: 0.2, resending: 0.2, disorder: nil)
            let arrived = mishaps.deliver(sessions, random: &random, ids: Self.ids)
            for batch in random.batches(arrived) { bench.fold(batch) }
            return judge(sessions, arrived: arrived, in: bench) + checkRepeats(arrived, &random, &bench)
        }
    }

    @Test func `ids that come again at once are told apart by their Stops, in order`() {
        forManySeeds("flapping") { random, bench in
            let sessions = sessions(&random, gap: 4...100, length: 1...100).map { ($0, $0.reports(every: 20)) }
            let arrived = Mishaps(redelivery: 0.3).deliver(sessions, random: &random, ids: Self.ids)
            for batch in random.batches(arrived) { bench.fold(batch) }
            return judge(sessions, arrived: arrived, in: bench) + checkRepeats(arrived, &random, &bench)
        }
    }

    @Test(.proves("ACC-08")) func `counters that wrap or are reset lose nothing while the reports come in order`() {
        forManySeeds("wraps") { random, bench in
            // Below 2^32 octets between two reports that arrive: 20 MB/s for 200 s.
            let resets = random.chance(0.5)
            var sessions = sessions(&random, gap: 5...3000, fromStart: 130).map { session in
                var session = session
                session.wraps = !resets
                return (session, session.reports(every: 100))
            }
            if resets {
                // A reset shows when the counter is below the last report's: at once after a report, in a later half.
                for index in sessions.indices {
                    let ages = sessions[index].1.filter { $0.status == .interimUpdate && random.chance(0.1) }.map(\.age)
                    var spaced: [Double] = []
                    for age in ages
                    where age - (spaced.last ?? 0) > 250 && age + 2 < sessions[index].0.end - sessions[index].0.start {
                        spaced.append(age)
                    }
                    sessions[index].0.resets = spaced.map { $0 + 0.001 }
                }
            }
            let arrived = Mishaps(redelivery: 0.3, resending: 0.1, disorder: 0).deliver(
                sessions,
                random: &random,
                ids: Self.ids
            )
            for batch in random.batches(arrived) { bench.fold(batch) }
            let wrong = judgeCounters(sessions.map(\.0), resets: resets, bench)
            return wrong + checkRepeats(arrived, &random, &bench)
        }
    }

    @Test(.proves("ACC-08")) func `a counter that fell once loses nothing, in any order, with losses and repeats`() {
        forManySeeds("one fall") { random, bench in
            // Right after a report past the middle, so that everything from before that report is more than what follows.
            let sessions = sessions(&random, gap: 5...3000, length: 1000...4000, fromStart: 130).map { session in
                var session = session
                let reports = session.reports(every: 100)
                let last = reports.map(\.age).last { $0 < (session.end - session.start) * 0.8 } ?? 0
                session.resets = [last + 0.001]
                return (session, reports, last)
            }
            var arrived = Mishaps(redelivery: 0.2, resending: 0.2, disorder: random.chance(0.5) ? nil : 10)
                .deliver(sessions.map { ($0.0, $0.1) }, random: &random, ids: Self.ids)
            // All but the two that tell the fall, and the Stop, may be lost.
            arrived.removeAll { record in
                random.chance(0.2) && record.statusType == .interimUpdate
                    && !sessions.contains { record.sessionSeconds == UInt32($0.2) }
            }
            for batch in random.batches(arrived) { bench.fold(batch) }
            return judgeCounters(sessions.map(\.0), resets: true, bench) + checkRepeats(arrived, &random, &bench)
        }
    }

    private func judgeCounters(_ sessions: [TrueSession], resets: Bool, _ bench: LedgerBench) -> [String] {
        sessions.flatMap { session in
            // What passed between the last report before a reset and the reset itself is lost with the counter; here that
            // is a millisecond's.
            let slack = resets ? Int64(session.resets.count) * 20_100 : 0
            let key = session.record(.init(status: .start, age: 0), ids: Self.ids).sessionKey
            let truth = session.truth(at: session.end - session.start)
            return bench.sorted.filter {
                $0.sessionKey == key
                    && abs($0.startedAt.microseconds(since: TrueSession.instant(session.start))) < 5_000_000
                    && ($0.inputOctets > truth.input || truth.input - $0.inputOctets > slack
                        || $0.outputOctets > truth.output
                        || truth.output - $0.outputOctets > slack)
            }.map { "\($0.inputOctets), \($0.outputOctets) octets instead of \(truth), resets \(session.resets)" }
        }
    }

    @Test(.proves("SES-08")) func `the reaper may close at any time: every octet counts and the living open again`() {
        forManySeeds("reaper") { random, bench in
            let sessions = sessions(&random, gap: 5...3000, fromStart: 130).map { session in
                (session, session.reports(every: 120, stopped: random.chance(0.5)))
            }
            let arrived = Mishaps(redelivery: 0.2, resending: 0.2, disorder: random.chance(0.3) ? 5 : 0)
                .deliver(sessions, random: &random, ids: Self.ids)
            for batch in random.batches(arrived) {
                bench.fold(batch)
                if random.chance(0.3) { bench.reap { _ in random.chance(0.5) } }
            }
            var wrong = judge(sessions, arrived: arrived, in: bench) + checkRepeats(arrived, &random, &bench)
            // Whoever is alive after all is seen again at its next report, whatever was concluded before.
            bench.reap()
            let last = Dictionary(
                sessions.map { ($0.0.record($0.1[0], ids: Self.ids).sessionKey, $0.0) },
                uniquingKeysWith: { $1 }
            )
            for (key, session) in last
            where !bench.rows.values.contains(where: { row in
                row.sessionKey == key && row.closedBy == .stop && row.startedAt >= TrueSession.instant(session.start)
            }) {
                let age = session.end - session.start + 500
                bench.fold([session.record(.init(status: .interimUpdate, age: age), ids: Self.ids)])
                if !bench.open.contains(where: { $0.sessionKey == key }) { wrong.append("a living session is closed") }
            }
            return wrong
        }
    }

    @Test(.proves("G-03"))
    func `a rebooted NAS begins its ids again: nothing is lost, and nothing of before stays open`() {
        forManySeeds("reboot") { random, bench in
            let within = random.chance(0.5)
            let boot = Double.random(in: 600..<2000, using: &random)
            let nas = NASID(UUID128(high: 2, low: 1))
            let sessions = (0..<Int.random(in: 1...5, using: &random)).flatMap {
                user -> [(TrueSession, [TrueSession.Report])] in
                // Before: cut off by the boot. After: the same ids, soon again.
                let age = within ? Double.random(in: 30..<100, using: &random) : .random(in: 200..<600, using: &random)
                return [(boot - age, boot), (boot + .random(in: 3..<15, using: &random), boot + 500)].map {
                    start,
                    end in
                    let session = TrueSession(
                        tenant: TenantID(UUID128(high: 1, low: 1)),
                        nas: nas,
                        sessionID: "1",
                        user: "user-\(user)",
                        admission: nil,
                        start: start,
                        end: end,
                        rates: (1000, 9000)
                    )
                    return (session, session.reports(every: 25, stopped: false))
                }
            }
            var arrived = Mishaps(redelivery: 0.2, disorder: 0).deliver(sessions, random: &random, ids: Self.ids)
            let on = AccountingRecord(
                id: Self.ids.next(),
                tenantID: TenantID(UUID128(high: 1, low: 1)),
                nasID: nas,
                statusType: random.chance(0.5) ? .accountingOn : .accountingOff,
                receivedAt: TrueSession.instant(boot + 1),
                delaySeconds: 0
            )
            arrived.insert(on, at: arrived.firstIndex { $0.receivedAt > on.receivedAt } ?? arrived.count)
            // With starts far enough apart the order does not matter either.
            if !within { arrived = random.disordered(arrived, by: random.chance(0.5) ? nil : 8) }
            for batch in random.batches(arrived) { bench.fold(batch) }
            let stale = bench.open.filter { $0.startedAt < TrueSession.instant(boot) }
            return judge(sessions, arrived: arrived, in: bench)
                + (stale.isEmpty ? [] : ["a session from before is open"])
                + checkRepeats(arrived, &random, &bench)
        }
    }

    @Test func `junk breaks no invariant`() {
        forManySeeds("junk", count: 300) { random, bench in
            let records = (0..<120).map { _ in junk(&random) }
            for batch in random.batches(records) {
                bench.fold(batch)
                if random.chance(0.1) { bench.reap { _ in random.chance(0.3) } }
            }
            return []
        }
    }

    private func junk(_ random: inout SeededRandom) -> AccountingRecord {
        func small(_ values: UInt64) -> UInt64 { random.next() % values }
        let status: AccountingStatus = [.start, .interimUpdate, .interimUpdate, .stop, .accountingOn, .accountingOff][
            Int(small(random.chance(0.2) ? 6 : 4))
        ]
        let octets: [Int64] = [0, 1, 1000, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 40, .max]
        let ages: [UInt32] = [0, 0, 1, 60, 119, 120, 121, 300, 600, 100_000, .max]
        return AccountingRecord(
            id: Self.ids.next(),
            tenantID: TenantID(UUID128(high: 1, low: small(2))),
            nasID: NASID(UUID128(high: 2, low: small(2))),
            statusType: status,
            receivedAt: TrueSession.instant(Double(small(1200))),
            delaySeconds: random.chance(0.2) ? ages[Int(small(11))] : 0,
            sessionSeconds: ages[Int(small(11))],
            acctSessionID: ["", "1", "\u{0}ÿ"][Int(small(3))],
            username: ["", "a"][Int(small(2))],
            admissionID: random.chance(0.3) ? AdmissionID(UUID128(high: 5, low: small(4))) : nil,
            inputOctets: octets[Int(small(8))],
            outputOctets: octets[Int(small(8))],
            hasGigawords: random.chance(0.5),
            inputPackets: Int64(small(100)),
            terminateCause: random.chance(0.2) ? 1 : nil
        )
    }
}
