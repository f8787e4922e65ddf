import CPlatform
import Domain
import SharedTesting
import Testing

@testable import RadiusServer

@Suite struct RejectWheelTests {
    private func waiting(_ index: Int) -> RejectWheel.Waiting {
        RejectWheel.Waiting(slot: .init(index: index, generation: 1), destination: cp_endpoint(), local: cp_local())
    }

    @Test("Nothing is sent before its time, everything is sent after it", .proves("RAD-13"))
    func timely() {
        var random = SeededRandom()
        for _ in 0..<100 {
            var now: UInt64 = UInt64.random(in: 0...1 << 40, using: &random)
            var wheel = RejectWheel(capacity: 1_000, now: now)
            var due: [Int: UInt64] = [:]
            var sent: [Int: UInt64] = [:]
            for index in 0..<300 {
                let delay = UInt64.random(in: 0...2_000_000_000, using: &random)
                let added = wheel.add(waiting(index), delay: delay, now: now)
                #expect(added)
                due[index] = now + delay
                now += UInt64.random(in: 0...20_000_000, using: &random)
                wheel.expire(now: now) { sent[$0.slot.index] = now }
            }
            for (index, moment) in sent { #expect(moment + 2 * RejectWheel.tick >= due[index] ?? .max) }
            now += 3_000_000_000
            wheel.expire(now: now) { sent[$0.slot.index] = now }
            #expect(sent.count == 300)
            #expect(wheel.count == 0)
        }
    }

    @Test("A full wheel refuses")
    func full() {
        var wheel = RejectWheel(capacity: 2, now: 0)
        let added = (0..<3).map { wheel.add(waiting($0), delay: 1, now: 0) }
        #expect(added == [true, true, false])
    }
}

@Suite struct PublishTrackerTests {
    private func place(_ offset: Int) -> JournalPosition { JournalPosition(segment: 1, offset: offset) }

    @Test("The floor is the end of the longest run of whole rounds, in any order of answers", .proves("ACC-01"))
    func floorFollowsRuns() {
        var random = SeededRandom()
        for _ in 0..<100 {
            var tracker = PublishTracker(floor: place(0))
            var open: [(token: UInt64, round: Int)] = []
            var remaining: [Int] = []
            for round in 0..<Int.random(in: 1...900, using: &random) {
                let messages = Int.random(in: 1...5, using: &random)
                let token = tracker.begin(messages: messages, after: place(round + 1))
                remaining.append(messages)
                for _ in 0..<messages { open.append((token, round)) }
            }
            open.shuffle(using: &random)
            var expected = 0
            for (token, round) in open {
                tracker.settle(token, arrived: true)
                remaining[round] -= 1
                while expected < remaining.count, remaining[expected] == 0 { expected += 1 }
                #expect(tracker.floor == place(expected))
            }
            #expect(tracker.outstanding == 0)
        }
    }

    @Test("An unknown answer rewinds to the floor; answers of the earlier attempt change nothing")
    func rewinds() {
        var tracker = PublishTracker(floor: place(0))
        let first = tracker.begin(messages: 1, after: place(1))
        let second = tracker.begin(messages: 2, after: place(2))
        tracker.settle(first, arrived: true)
        tracker.settle(second, arrived: true)
        tracker.settle(second, arrived: false)
        #expect(tracker.mustRewind && tracker.outstanding == 0)
        tracker.rewind()
        #expect(tracker.floor == place(1))
        let repeated = tracker.begin(messages: 2, after: place(2))
        tracker.settle(second, arrived: true)
        tracker.settle(repeated, arrived: true)
        #expect(tracker.floor == place(1))
        tracker.settle(repeated, arrived: true)
        #expect(tracker.floor == place(2))
    }
}

@Suite struct JournalRoundTests {
    private func journal(_ records: [(nas: UInt64, length: Int)], segment: UInt64) -> [UInt8] {
        var octets: [UInt8] = []
        for (number, entry) in records.enumerated() {
            let record = JournalRecord(
                sequence: 0,
                receivedAt: Int64(number),
                eventID: UUID128(high: 1, low: UInt64(number)),
                tenantID: UUID128(high: 2, low: 2),
                nasID: UUID128(high: 3, low: entry.nas),
                sourceHigh: 0,
                sourceLow: 0,
                sourcePort: 0,
                flags: 0
            )
            var slot = [UInt8](repeating: 0, count: JournalRecord.footprint(packet: entry.length))
            // No attributes: a NAS that names itself in no way; see JournalMessageTests for those that do.
            let packet = [UInt8](repeating: 0, count: entry.length)
            unsafe slot.withUnsafeMutableBytes { slot in
                guard let base = slot.baseAddress else { return }
                unsafe packet.withUnsafeBytes { unsafe record.write(packet: $0, to: base) }
                unsafe JournalRecord.seal(base, sequence: UInt64(number), segment: segment)
            }
            octets += slot
        }
        return octets
    }

    @Test("Every record is in one message of its NAS, in order, whatever the cut", .proves("ACC-01", "MSG-01"))
    func groups() {
        var random = SeededRandom()
        for _ in 0..<100 {
            let records = (0..<Int.random(in: 1...400, using: &random)).map { _ in
                (nas: UInt64.random(in: 0..<5, using: &random), length: Int.random(in: 20...300, using: &random))
            }
            let octets = journal(records, segment: 7)
            let cut = Int.random(in: 0...octets.count, using: &random)
            var seen: [UInt64: [UInt64]] = [:]
            var offset = 0
            for end in [cut, octets.count] where end > offset {
                let length = unsafe octets[offset..<end].withUnsafeBytes { bytes in
                    let round = unsafe JournalRound(bytes, segment: 7)
                    for message in round.messages {
                        #expect(message.count <= JournalRound.packetsPerMessage)
                        #expect(Set(message.map(\.record.nasID)).count == 1)
                        for packet in message {
                            seen[packet.record.nasID.low, default: []].append(packet.record.sequence)
                        }
                    }
                    return round.messages.isEmpty ? 0 : round.length
                }
                offset += length
            }
            #expect(offset == octets.count)
            for nas in UInt64(0)..<5 {
                let expected = records.indices.filter { records[$0].nas == nas }.map { UInt64($0) }
                #expect(seen[nas] ?? [] == expected)
            }
        }
    }

    @Test("A damaged record is stepped over and what follows is found")
    func damaged() {
        var octets = journal([(1, 40), (1, 40), (1, 40)], segment: 7)
        octets[100] ^= 1
        var found: [UInt64] = []
        var offset = 0
        while offset < octets.count {
            offset += unsafe octets[offset...].withUnsafeBytes { bytes in
                let round = unsafe JournalRound(bytes, segment: 7)
                found += round.messages.joined().map(\.record.sequence)
                return round.length
            }
        }
        #expect(found == [1, 2])
    }
}
