import Concurrency
import SharedTesting
import Testing

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

    @Test("After the wait that it tells there is a token, and not before")
    func waits() {
        var random = SeededRandom()
        for _ in 0..<100 {
            let rate = UInt32.random(in: 1...1_000, using: &random)
            var bucket = TokenBucket(rate: rate, burst: UInt32.random(in: 1...10, using: &random), now: 0)
            while bucket.take(now: 0) {}
            let wait = bucket.wait(now: 0)
            #expect(wait > 0)
            var early = bucket
            let isEarly = early.take(now: wait - 1)
            #expect(!isEarly)
            let passed = bucket.take(now: wait)
            #expect(passed)
        }
    }
}
