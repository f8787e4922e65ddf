import Concurrency
import SharedTesting
import Testing

@Suite struct CircuitBreakerTests {
    private static let second: UInt64 = 1_000_000_000

    @Test(.proves("COA-05")) func `it opens after three timeouts in a row, probes once, and closes with an answer`() {
        var breaker = CircuitBreaker(.init(threshold: 3, pause: .seconds(10), longestPause: .seconds(25)))
        func timesOut(_ second: UInt64, probing isProbe: Bool = false) -> Bool {
            breaker.timedOut(now: second * Self.second, wasProbe: isProbe)
        }
        let early = [timesOut(0), timesOut(0)]
        breaker.answered()
        let later = [timesOut(0), timesOut(0), timesOut(0)]
        #expect(early == [false, false] && later == [false, false, true] && breaker.state(now: 0) == .open)
        #expect(breaker.admit(now: 10 * Self.second - 1) == .refused(until: 10 * Self.second))
        #expect(breaker.admit(now: 10 * Self.second) == .probe)
        #expect(breaker.admit(now: 11 * Self.second) == .refused(until: nil))
        // Twice as long, then no longer than the longest.
        let again = timesOut(20, probing: true)
        #expect(again)
        #expect(breaker.admit(now: 39 * Self.second) == .refused(until: 40 * Self.second))
        #expect(breaker.admit(now: 40 * Self.second) == .probe)
        let third = timesOut(50, probing: true)
        #expect(third)
        #expect(breaker.admit(now: 60 * Self.second) == .refused(until: 75 * Self.second))
        #expect(breaker.state(now: 75 * Self.second) == .halfOpen && breaker.openings == 3)
        #expect(breaker.admit(now: 75 * Self.second) == .probe)
        breaker.answered()
        #expect(breaker.admit(now: 76 * Self.second) == .go)
    }

    @Test(.proves("COA-05")) func `whatever happens, nothing goes to an open one and one alone to a half-open one`() {
        var random = SeededRandom()
        for _ in 0..<200 {
            var breaker = CircuitBreaker(.init(threshold: 2, pause: .seconds(4), longestPause: .seconds(9)))
            var now: UInt64 = 0
            var probes = 0
            var usual = 0
            for _ in 0..<200 {
                now += UInt64.random(in: 0...2, using: &random) * Self.second
                let before = breaker.state(now: now)
                switch random.next() % 6 {
                case 0, 1:
                    let would = breaker.wouldAdmit(now: now)
                    let admission = breaker.admit(now: now)
                    #expect(would == (admission == .go || admission == .probe))
                    switch admission {
                    case .go:
                        #expect(before == .closed)
                        usual += 1
                    case .probe:
                        #expect(before == .halfOpen && probes == 0)
                        probes += 1
                    case .refused(let until?): #expect(before == .open && until > now && until <= now + 9 * Self.second)
                    case .refused(nil): #expect(before == .halfOpen && probes == 1)
                    }
                case 2 where probes > 0:
                    probes = 0
                    let opened = breaker.timedOut(now: now, wasProbe: true)
                    #expect(opened == (before == .halfOpen))
                case 2, 3:
                    guard usual > 0 else { continue }
                    usual -= 1
                    let opened = breaker.timedOut(now: now, wasProbe: false)
                    #expect(opened == (before == .closed && breaker.state(now: now) == .open))
                case 4 where probes > 0 && before == .halfOpen:
                    probes = 0
                    breaker.probeVanished(now: now)
                    #expect(breaker.wouldAdmit(now: now))
                default:
                    guard usual + probes > 0, random.next() % 3 == 0 else { continue }
                    breaker.answered()
                    probes = 0
                    #expect(breaker.state(now: now) == .closed)
                }
            }
        }
    }

    @Test(.proves("COA-05")) func `somebody may close it`() {
        var breaker = CircuitBreaker(.init(threshold: 1))
        let opened = breaker.timedOut(now: 0, wasProbe: false)
        breaker.reset()
        let admission = breaker.admit(now: 0)
        #expect(opened && breaker.state(now: 0) == .closed && admission == .go)
    }
}
