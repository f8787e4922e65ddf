import CPlatform
import SharedTesting
import Testing

@testable import RadiusServer

@Suite struct TokenBucketTests {
    @Test("A burst passes, then the rate", .proves("RAD-05"))
    func burstThenRate() {
        var bucket = TokenBucket(rate: 50, burst: 1_000, now: 0)
        let burst = (0..<2_000).count { _ in bucket.take(now: 0) }
        #expect(burst == 1_000)
        let second = (0..<1_000).count { _ in bucket.take(now: 1_000_000_000) }
        #expect(second == 50)
    }

    @Test("Rate 0 is no limit")
    func unlimited() {
        var bucket = TokenBucket(rate: 0, burst: 1, now: 0)
        let passed = (0..<10_000).count { _ in bucket.take(now: 0) }
        #expect(passed == 10_000)
    }

    @Test("Never more than rate times time plus burst, whatever the moments")
    func bounded() {
        var random = SeededRandom()
        for _ in 0..<100 {
            let rate = UInt32.random(in: 1...1_000, using: &random)
            let burst = UInt32.random(in: 1...100, using: &random)
            var bucket = TokenBucket(rate: rate, burst: burst, now: 0)
            var now: UInt64 = 0
            var taken: UInt64 = 0
            for _ in 0..<500 {
                now += UInt64.random(in: 0...5_000_000, using: &random)
                if bucket.take(now: now) { taken += 1 }
            }
            #expect(taken <= UInt64(burst) + now * UInt64(rate) / 1_000_000_000)
        }
    }
}

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

    @Test("The floor is the end of the longest acknowledged run, in any order of answers", .proves("ACC-01"))
    func floorFollowsRuns() {
        var random = SeededRandom()
        for _ in 0..<100 {
            var tracker = PublishTracker(floor: place(0))
            let count = Int.random(in: 1...9_000, using: &random)
            let tokens = (1...count).map { tracker.handOver(UInt64($0), after: place($0)) }
            var acknowledged = Set<Int>()
            var expected = 0
            for index in tokens.indices.shuffled(using: &random).prefix(2_000) {
                let sequence = tracker.settle(tokens[index], arrived: true)
                #expect(sequence == UInt64(index + 1))
                acknowledged.insert(index + 1)
                while acknowledged.contains(expected + 1) { expected += 1 }
                #expect(tracker.floor == place(expected))
            }
        }
    }

    @Test("An unknown answer rewinds to the floor; answers of the earlier attempt change nothing")
    func rewinds() {
        var tracker = PublishTracker(floor: place(0))
        let first = tracker.handOver(1, after: place(1))
        let second = tracker.handOver(2, after: place(2))
        tracker.settle(first, arrived: true)
        tracker.settle(second, arrived: false)
        #expect(tracker.mustRewind && tracker.outstanding == 0)
        tracker.rewind()
        #expect(tracker.floor == place(1))
        let repeated = tracker.handOver(2, after: place(2))
        let stale = tracker.settle(second, arrived: true)
        #expect(stale == nil)
        #expect(tracker.floor == place(1))
        tracker.settle(repeated, arrived: true)
        #expect(tracker.floor == place(2))
    }
}
