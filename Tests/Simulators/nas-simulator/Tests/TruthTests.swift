import SharedTesting
import Testing

@testable import NASSimulator

/// What must hold in every day, over many seeds: else the truth would be none, or nobody could tell it from the packets.
@Suite struct TruthTests {
    static let seeds: [UInt64] = (0..<120).map { $0 * 7919 + 1 }

    @Test(.proves("TST-05")) func `reports tell of time that passes and octets that grow`() {
        for seed in Self.seeds {
            for session in ModelTests.script(seed).sessions {
                let records = session.records
                #expect(records.first?.kind == .start && records.first?.at == session.start, "seed \(seed)")
                #expect(records.dropFirst().dropLast().allSatisfy { $0.kind == .interim }, "seed \(seed)")
                for (one, next) in zip(records, records.dropFirst()) {
                    #expect(one.at < next.at && one.age < next.age, "seed \(seed), session \(session.number)")
                    #expect(one.input <= next.input && one.output <= next.output, "seed \(seed)")
                    #expect(!(one.isLost && next.isLost), "seed \(seed): two reports in a row are lost")
                }
                #expect(records.allSatisfy { $0.at <= session.end && $0.countedInput >= 0 && $0.countedOutput >= 0 })
                let hasStop = records.last?.kind == .stop
                if case .stop = session.ending { #expect(hasStop) } else { #expect(!hasStop) }
            }
        }
    }

    @Test(.proves("TST-05")) func `a subscriber is on once, and never while his NAS is away`() {
        for seed in Self.seeds {
            let script = ModelTests.script(seed)
            for (_, sessions) in Dictionary(grouping: script.sessions, by: \.subscriber) {
                let sorted = sessions.sorted { $0.start < $1.start }
                for (one, next) in zip(sorted, sorted.dropFirst()) { #expect(one.end < next.start, "seed \(seed)") }
            }
            for session in script.sessions {
                let outages = Outage.ofDay(script.world.nases[session.nas], script.world.wishes).filter { $0.down >= 0 }
                for outage in outages {
                    #expect(session.end <= outage.down || session.start > outage.up, "seed \(seed)")
                    if session.end == outage.down, !outage.isCrash { #expect(session.ending != .crash) }
                }
            }
        }
    }

    @Test(.proves("TST-05")) func `every report that leaves is played once, in order`() {
        for seed in Self.seeds {
            let script = ModelTests.script(seed)
            #expect(zip(script.events, script.events.dropFirst()).allSatisfy { $0.at <= $1.at }, "seed \(seed)")
            var seen: Set<[Int]> = []
            for case (let at, .record(let session, let index)) in script.events {
                let record = script.sessions[session].records[index]
                #expect(!record.isLost && record.at == at && seen.insert([session, index]).inserted, "seed \(seed)")
            }
            #expect(seen.count == script.reports)
        }
    }

    /// Counted back from what the packets show, as any server must: a lower count is a wrap where the NAS has 32 bits, else
    /// a reset.
    @Test(.proves("TST-05")) func `the counters that are sent lead back to the truth`() {
        for seed in Self.seeds {
            let script = ModelTests.script(seed)
            for session in script.sessions {
                let wraps = script.world.nases[session.nas].kind.counters == .wrapping
                var sums = (Int64(0), Int64(0))
                var last = (Int64(0), Int64(0))
                for record in session.records where !record.isLost {
                    let mask: Int64 = wraps ? 0xffff_ffff : .max
                    let shown = (record.countedInput & mask, record.countedOutput & mask)
                    sums.0 += Self.step(last.0, shown.0, wraps)
                    sums.1 += Self.step(last.1, shown.1, wraps)
                    last = shown
                    #expect(sums == (record.input, record.output), "seed \(seed), session \(session.number)")
                }
            }
        }
    }

    private static func step(_ last: Int64, _ shown: Int64, _ wraps: Bool) -> Int64 {
        if shown >= last { return shown - last }
        return wraps ? shown + 1 << 32 - last : shown
    }

    /// Reports of counters that wrap may be lost or overtaken: still less than 2^32 lies between any two of sixteen.
    @Test(.proves("TST-05")) func `no two of sixteen reports of wrapping counters lie a whole wrap apart`() {
        for seed in Self.seeds {
            let script = ModelTests.script(seed)
            for session in script.sessions where script.world.nases[session.nas].reportsInOrder {
                #expect(session.isOrderly)
                let records = session.records
                for index in records.indices {
                    let first = index < 16 ? (0, 0) : (records[index - 16].input, records[index - 16].output)
                    #expect(records[index].input - first.0 < 1 << 32, "seed \(seed)")
                    #expect(records[index].output - first.1 < 1 << 32, "seed \(seed)")
                }
            }
        }
    }

    @Test(.proves("TST-05")) func `a reset shows in octets and packets and misses no report beside it`() {
        var resets = 0
        for seed in Self.seeds {
            for session in ModelTests.script(seed, subscribers: 80).sessions {
                for (before, after) in zip(session.records, session.records.dropFirst()) where after.waitsForOthers {
                    resets += 1
                    #expect(session.isOrderly && !before.isLost && !after.isLost)
                    #expect(after.countedInput < before.countedInput && after.countedOutput < before.countedOutput)
                    #expect(after.countedInputPackets < before.countedInputPackets)
                    #expect(after.countedOutputPackets < before.countedOutputPackets)
                }
            }
        }
        #expect(resets > 50)
    }

    /// Sessions under one key are told apart by their starts.
    @Test
    func
        `sessions that share their names do not begin within the tolerance of starts unless something ended the first`()
    {
        for seed in Self.seeds {
            let script = ModelTests.script(seed)
            for (key, sessions) in Dictionary(grouping: script.sessions, by: { ExpectedBooks.key($0, script.world) }) {
                let sorted = sessions.sorted { $0.start < $1.start }
                for (one, next) in zip(sorted, sorted.dropFirst()) where next.start - one.start <= 120 {
                    let isOver = script.boots.contains { $0.nas == one.nas && $0.at > one.start && $0.at < next.start }
                    #expect(isOver || one.stop != nil, "seed \(seed): \(key)")
                }
            }
        }
    }
}
