import CoA
import SharedTesting
import Testing

@Suite struct RetransmissionTests {
    private static let second: UInt64 = 1_000_000_000

    @Test(.proves("COA-04")) func `without chance a request is sent at 0, 2 and 6 seconds and given up at 14`() {
        var machine = Retransmission(.init(), now: 0, chance: 0.5)
        #expect(machine.step(now: 1, chance: 0.5) == .wait(until: 2 * Self.second))
        #expect(machine.step(now: 2 * Self.second, chance: 0.5) == .resend(until: 6 * Self.second))
        #expect(machine.step(now: 6 * Self.second, chance: 0.5) == .resend(until: 14 * Self.second))
        #expect(machine.step(now: 14 * Self.second - 1, chance: 0.5) == .wait(until: 14 * Self.second))
        #expect(machine.step(now: 14 * Self.second, chance: 0.5) == .giveUp)
        #expect(machine.tries == 3)
    }

    @Test(.proves("COA-04")) func `every schedule keeps to the bounds of RFC 5080`() {
        var random = SeededRandom()
        for _ in 0..<500 {
            let initial = Int.random(in: 1...5_000, using: &random)
            let settings = Retransmission.Settings(
                initial: .milliseconds(initial),
                longest: .milliseconds(Int.random(in: initial...20_000, using: &random)),
                tries: Int.random(in: 1...8, using: &random),
                total: .milliseconds(Int.random(in: 1...40_000, using: &random))
            )
            check(settings, start: UInt64.random(in: 0...(.max >> 8), using: &random), &random)
        }
    }

    /// Wakes as late as a busy machine may and looks at each wait.
    private func check(_ settings: Retransmission.Settings, start: UInt64, _ random: inout SeededRandom) {
        func nanoseconds(_ duration: Duration) -> Double { duration / .nanoseconds(1) }
        let end = start + UInt64(nanoseconds(settings.total))
        var now = start
        var previous = 0.0
        var sent = 1
        var machine = Retransmission(settings, now: now, chance: Double.random(in: 0..<1, using: &random))
        var due = machine.due
        while true {
            let wait = Double(due - now)
            let isCut = due == end
            let (initial, longest) = (nanoseconds(settings.initial), nanoseconds(settings.longest))
            let least = previous == 0 ? initial * 0.9 : min(previous * 1.9, longest * 0.9)
            let most = previous == 0 ? initial * 1.1 : min(previous * 2.1, longest) * 1.1
            #expect(wait <= most + 4 && (isCut || wait >= least - 4), "\(settings) \(wait)")
            #expect(due <= end)
            previous = wait
            now = due + UInt64.random(in: 0...1_000, using: &random)
            switch machine.step(now: now, chance: Double.random(in: 0..<1, using: &random)) {
            case .wait:
                Issue.record("it was due")
                return
            case .resend(let until):
                sent += 1
                due = until
            case .giveUp:
                #expect(sent == machine.tries && sent <= settings.tries)
                // Given up early only because its time was over.
                #expect(sent == settings.tries || now >= end)
                return
            }
            #expect(sent <= settings.tries)
        }
    }
}

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
