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
