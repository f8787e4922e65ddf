/// Makes the reports of one session: ages, growing counters, resets, and what is lost.
struct ReportMaker {
    /// The most octets between two reports of counters that wrap. What lies between two reports that the server takes in
    /// one after the other must stay below 2^32, beyond which nobody could tell; so much leaves room for 16 in between that
    /// are lost or overtaken, which a busy machine with several consumers does within a second or two.
    static let mostBetweenWrappingReports: Int64 = 250_000_000

    private let session: SimSession
    private let nas: SimNAS
    private let interval: Int
    private let scenario: Scenario

    init(_ session: SimSession, _ nas: SimNAS, _ interval: Int, _ scenario: Scenario) {
        self.session = session
        self.nas = nas
        self.interval = interval
        self.scenario = scenario
    }

    func make(_ chance: inout Chance) -> (records: [SimRecord], isOrderly: Bool) {
        var records: [SimRecord] = []
        // Octets a second: from a telephone to a whole line.
        let most = chance.happens(3000) ? 9_000_000 : 400_000
        let (up, down) = (1 + chance.below(most / 4), 1 + chance.below(most))
        var (input, output) = (Int64(0), Int64(0))
        var previous = session.start
        var wasLost = false
        for (kind, at) in moments(&chance) {
            let seconds = at - previous
            if kind != .start {
                input += octets(up, seconds, &chance)
                output += octets(down, seconds, &chance)
            }
            previous = at
            let isLost =
                !wasLost && chance.happens(kind == .stop ? scenario.lostStops : scenario.lostRecords)
            wasLost = isLost
            let elapsed = at - session.start
            records.append(
                SimRecord(
                    kind: kind,
                    at: at,
                    age: elapsed + elapsed * nas.drift / 1_000_000,
                    input: input,
                    output: output,
                    countedInput: input,
                    countedOutput: output,
                    countedInputPackets: UInt32(clamping: input / 700),
                    countedOutputPackets: UInt32(clamping: output / 1100),
                    isLost: isLost,
                    misfortune: Misfortune(scenario, &chance)
                )
            )
        }
        let isReset = chance.happens(scenario.counterResets) && reset(&records, &chance)
        return (records, isReset || nas.reportsInOrder)
    }

    private func moments(_ chance: inout Chance) -> [(SimRecord.Kind, Int)] {
        var moments: [(SimRecord.Kind, Int)] = [(.start, session.start)]
        var at = session.start + interval
        while at < session.end - 3 {
            moments.append((.interim, at + chance.below(3)))
            at += interval
        }
        if case .stop = session.ending { moments.append((.stop, session.end)) }
        return moments
    }

    private func octets(_ rate: Int, _ seconds: Int, _ chance: inout Chance) -> Int64 {
        let octets = Int64(rate) * Int64(seconds) * Int64(chance.within(50...150)) / 100 + Int64(chance.below(1500))
        return nas.reportsInOrder ? min(octets, Self.mostBetweenWrappingReports) : octets
    }

    /// The counters begin again right after some report. Only where anybody could tell: both directions show less in the
    /// next report, and both reports arrive. Counters that wrap are left alone, because a reset of those looks like a wrap.
    private func reset(_ records: inout [SimRecord], _ chance: inout Chance) -> Bool {
        guard nas.kind.counters != .wrapping, records.count > 4 else { return false }
        let last = chance.within(1...records.count - 3)
        let (before, after) = (records[last], records[last + 1])
        // The packets, too, must show it: fewer octets with no fewer packets are a wrap.
        guard after.input - before.input < before.input, after.output - before.output < before.output,
            after.countedInputPackets - before.countedInputPackets < before.countedInputPackets,
            after.countedOutputPackets - before.countedOutputPackets < before.countedOutputPackets
        else { return false }
        // The one after may never be missing: its successor could show more than the reset took away.
        records[last].isLost = false
        records[last + 1].isLost = false
        records[last + 1].waitsForOthers = true
        for index in (last + 1)..<records.count {
            records[index].countedInput -= before.input
            records[index].countedOutput -= before.output
            records[index].countedInputPackets -= min(before.countedInputPackets, records[index].countedInputPackets)
            records[index].countedOutputPackets -= min(before.countedOutputPackets, records[index].countedOutputPackets)
        }
        return true
    }
}
